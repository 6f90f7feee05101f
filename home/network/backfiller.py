"""Asks a network's memory for what was missed, in a thread of its own; when, says home/network/backfill_schedule.py."""
import dataclasses
import logging
import threading

from home.network import backfill_schedule, storage_integration
from home.network.json_values import instant_ms
from home.store import memory
from home.store.database import StoreFailed, reading, writing

logger = logging.getLogger("home")
LOOK_S = 1


class Backfiller:
    """One network with a storage_url. store(network name, messages, backfilled) writes and says how many were new; clock(): UTC seconds."""

    def __init__(self, network, device_ids, writer, store, notices, clock):
        self._network, self._device_ids, self._writer, self._store = network, device_ids, writer, store
        self._notices, self._clock = notices, clock
        self._name = f"backfill/{network.name}"
        with reading(writer.engine) as connection:
            self._state = backfill_schedule.Backfill(complete_ms=memory.get(connection, self._name, 0))
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)

    def start(self):
        self._state = dataclasses.replace(self._state, due_ms=self._now_ms())
        self._thread.start()

    def stop(self):
        self._stopping.set()
        self._thread.join(2 * LOOK_S)   # a pass on its way is cut off with the process, and made again

    def line(self, is_up):
        """The line of this network came up, or went."""
        with self._lock:
            self._state = backfill_schedule.connected(self._state, self._now_ms()) if is_up else backfill_schedule.lost(self._state)

    def _now_ms(self):
        return int(1000 * self._clock())

    def _run(self):
        while not self._stopping.wait(LOOK_S):
            if self.is_due():
                self.look()

    def is_due(self):
        return backfill_schedule.is_due(self._state, self._now_ms())

    def look(self):
        """One pass, now."""
        began_ms = self._now_ms()
        new = total = newest_ms = 0
        try:
            after_ms = backfill_schedule.after_ms(self._state, began_ms)
            for messages in storage_integration.messages(self._network, self._device_ids, after_ms, wait=self._stopping.wait):
                new += self._store(self._network.name, messages, True)
                total += len(messages)
                newest_ms = max(newest_ms, *(instant_ms(message.get("received_at")) or 0 for message in messages))
                if self._stopping.is_set():
                    return
            self._pass(began_ms, newest_ms)
        except (storage_integration.Refused, StoreFailed) as problem:
            self._notices.say(self._name, str(problem.args[0]))
            with self._lock:
                self._state = backfill_schedule.failed(self._state, self._now_ms(), problem.args[1] if len(problem.args) > 1 else None)
            return
        finally:
            if new:
                logger.info("%s: %d of %d uplinks that it had kept were new", self._network.name, new, total)
        self._notices.over(self._name)

    def _pass(self, began_ms, newest_ms):
        with self._lock:
            self._state = state = backfill_schedule.passed(self._state, began_ms, newest_ms)
        with writing(self._writer.engine) as connection:
            memory.put(connection, self._writer.insert, self._name, state.complete_ms)
