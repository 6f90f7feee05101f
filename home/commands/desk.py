"""Where requests are handed in: checked by the formatter, counted, kept, published at once, repeated while they are not answered, withdrawn."""
import base64
import contextlib
import dataclasses
import json
import threading

from home import time_zones
from home.commands import fate, hearing
from home.commands.fate import Command
from home.network import kinds
from home.network.uplink import NotUnderstood
from home.store import commands, queries
from home.store.database import RowRefused, reading, writing
from ttn.formatter import Formatter

DOUBLE_MS = 3000
LOOK_S = 5
_CORRELATION = "home:command:"
_HEADER = ("id", "issued_at", "expires_in_s")


class Refused(Exception):
    """The request is not taken; args[0] says why in one sentence.

    why: "argument" (with the formatter's `text`), "budget" (with `spent`, and `again_ms`: when there is room again), "unknown", "over" (with its
    `fate`) or "line".
    """

    def __init__(self, sentence, why, **values):
        super().__init__(sentence)
        self.why, self.values = why, values


class Desk:
    """Any thread. key(device): its key in the store; publish(device, topic, body): False if the line is down; tell(device name): it changed.

    clock(): UTC seconds. settings: of the house. StoreFailed from every method.
    """

    def __init__(self, engine, settings, key, publish, tell, clock):
        self._engine, self._settings, self._key, self._publish, self._tell, self._clock = engine, settings, key, publish, tell, clock
        self._formatter = Formatter()
        self._lock = threading.RLock()      # the formatter's engine, and the order of what is done to a command
        self._unheard = []                  # answers that the store did not take yet
        self._line_up_ms = {}               # network: since when its line is up

    def ask(self, device, request, who, anyway=False):
        """The Command made of a request in the formatter's words, published already where the line is up. Refused if it cannot be.

        The same within 3 s, or with the id and issued_at of an earlier one, is that one. anyway: beyond the downlinks of a day, too.
        """
        with self._lock:
            now_ms, key = self._now_ms(), self._key(device)
            with reading(self._engine) as connection:
                known = self._known(connection, key, request, now_ms)
                made = known or self._made(connection, key, request, who, now_ms)
                times_ms = commands.downlink_times(connection, key, now_ms)
                times_ms += [one.tried_ms for one in commands.pending(connection, key) if _is_on_its_way(one, now_ms)]
            if known:
                return known
            if not anyway:
                self._check_room(device, request, times_ms, now_ms)
            made = self._send(device, made, now_ms)
        self._tell(device.name)
        return made

    def withdraw(self, device, command_key, who):
        """The Command, withdrawn: it is not sent again, and taken out of the network's queue. Refused if it is over, or the line is down.

        What was on the air already may be obeyed all the same: its detail is sent_already then. So may what a network keeps: left_there.
        """
        with self._lock:
            now_ms, key = self._now_ms(), self._key(device)
            with reading(self._engine) as connection:
                found, waiting = commands.one(connection, key, command_key), commands.waiting(connection, key, now_ms)
            if found is None:
                raise Refused("There is no such command.", "unknown")
            if not found.is_pending:
                raise Refused(f"It is over already: {found.fate}.", "over", fate=found.fate)
            is_at_network = found.sends and found.fate != "sent"
            is_left_there = is_at_network and self._network(device).replace is None
            if is_at_network and not is_left_there:
                self._take_out(device, found, waiting)
            before, found = found.fate, fate.step(found, fate.Heard("withdrawn", detail=fate.LEFT_THERE if is_left_there else None), now_ms)
            with writing(self._engine) as connection:
                commands.save(connection, found)
                commands.note_withdrawal(connection, now_ms, found, before, who)
                if is_at_network and not is_left_there:
                    # The network says on down/queued what waits from now on.
                    commands.forget_downlinks(connection, [row.id for row in waiting])
        self._tell(device.name)
        return found

    def line_up(self, network_name):
        """The line to that network is up again, or for the first time: what the network said before nobody heard."""
        self._line_up_ms[network_name] = self._now_ms()

    def look(self):
        """What time brings: repetitions, ends. Seconds until it is to be called again."""
        now_ms = self._now_ms()
        self.hear_uplinks("", ())
        for device in self._settings.devices:
            key = self._key(device)
            with reading(self._engine) as connection:
                if not commands.pending(connection, key):
                    continue
            with self._lock:
                changed = self._look_at(device, key, now_ms)
            if changed:
                self._tell(device.name)
        return LOOK_S

    def hear(self, network_name, device_id, suffix, message):
        """A message about a downlink, on a topic that ends so."""
        device = self._device(network_name, device_id)
        if device is None:
            return
        try:
            what, found = self._network(device).told(suffix, message) or (None, None)
        except NotUnderstood:
            return
        if what not in hearing.WORDS:
            return
        with self._lock:
            words = self._words(found)
            with writing(self._engine) as connection:
                hearing.downlink(connection, self._key(device), what, found, words, _own_key(found.correlation_ids), self._now_ms())
        self._tell(device.name)

    def hear_uplinks(self, network_name, uplinks):
        """New uplinks: the answers among them. Where the store fails they are kept, and heard at the next look."""
        with self._lock:
            self._unheard += [(network_name, uplink) for uplink in uplinks if (uplink.decoded or {}).get("type") == "result"]
            while self._unheard:
                name, uplink = self._unheard[0]
                device = self._device(name, uplink.device_id)
                # One that the store never takes does not keep the others out.
                with contextlib.suppress(RowRefused), writing(self._engine) as connection:
                    if device is not None:
                        hearing.answer(connection, self._key(device), uplink)
                del self._unheard[0]

    # --- one thing each

    def _network(self, device):
        """The module of its network's kind."""
        return kinds.of(self._settings.network(device.network))

    def _words(self, found):
        """A Downlink in the formatter's words, or None where it is none of its own."""
        if found.words is None:
            return self._formatter.decode_downlink(found.f_port, found.payload).get("data")
        return None if self._formatter.encode_downlink(found.words, utc_s=self._now_ms() // 1000).get("errors") else found.words

    def _now_ms(self):
        return int(1000 * self._clock())

    def _device(self, network_name, device_id):
        return next((one for one in self._settings.devices if (one.network, one.id) == (network_name, device_id)), None)

    def _known(self, connection, key, request, now_ms):
        """The Command that this request is already, or None."""
        if not isinstance(request, dict):
            return None
        name, command_id, issued_at = hearing.identity(request)
        if command_id is not None and issued_at is not None:
            return commands.identified(connection, key, name, command_id, issued_at)
        words = _without_header(request)
        latest = [one for one in commands.pending(connection, key) if one.is_ours and abs(now_ms - one.at_ms) < DOUBLE_MS]
        return next((one for one in latest if _without_header(one.request) == words), None)

    def _made(self, connection, key, request, who, now_ms):
        """The Command with all that makes its identity, checked by the formatter."""
        if not isinstance(request, dict):
            raise Refused("The request must be an object, as {\"command\": \"start\"}.", "argument", text="data: must be an object")
        name, now_s = fate.name_of(request), now_ms // 1000
        words = dict(request)
        if name and name not in fate.WITHOUT_IDENTITY:
            words = {**words, "id": words.get("id", _fresh_id(commands.ids_since(connection, key, now_ms - fate.DAY_MS))),
                     "issued_at": words.get("issued_at", now_s), "expires_in_s": words.get("expires_in_s", fate.expires_in_s(name))}
        problems = self._formatter.encode_downlink(words, utc_s=now_s).get("errors")
        if problems:
            text = "; ".join(map(str, problems))
            raise Refused(f"The request cannot be sent: {text}.", "argument", text=text)
        issued_at = words.get("issued_at")
        expires_at = (now_s if issued_at is None else issued_at) + words.get("expires_in_s", fate.EXPIRES_OTHERWISE_S)
        return Command(0, key, now_ms, who[:80], words, name, words.get("id"), issued_at, expires_at, changed_ms=now_ms)

    def _check_room(self, device, request, times_ms, now_ms):
        limits = self._network(device).LIMITS
        again_ms = fate.room_ms(limits, times_ms, fate.is_urgent(request), now_ms)
        if again_ms > now_ms:
            kept = "" if fate.is_urgent(request) else f" The last {limits.downlinks - limits.ordinary} are kept for stop, lock and unlock."
            raise Refused(f"{len(times_ms)} downlinks of the {limits.downlinks} that a day allows are spent.{kept} There is room again at"
                          f" {time_zones.iso(-(-again_ms // 1000), device.timezone)}.", "budget", spent=len(times_ms), again_ms=again_ms)

    def _send(self, device, command, now_ms):
        """The command after it was published, or as it was where the line is down. It is kept before it is published."""
        its = self._network(device)
        pushed = fate.step(command, fate.PUSHED if its.SAYS_QUEUED else fate.Heard("pushed", detail=fate.HANDED_OVER), now_ms)
        with writing(self._engine) as connection:
            if command.key:
                commands.save(connection, pushed)
            else:
                pushed = commands.add(connection, pushed)
        network = self._settings.network(device.network)
        if self._publish(device, *its.push(network, device.id, command.request, f"{_CORRELATION}{pushed.key}", command.expires_at)):
            return pushed
        command = dataclasses.replace(command, key=pushed.key)
        with writing(self._engine) as connection:
            commands.save(connection, command)
        return command

    def _take_out(self, device, command, waiting):
        """The network's queue without the command's downlink; what else waits there stays."""
        rest = [item for row in waiting if not self._is_of(command, row, item := json.loads(row.message))]
        if not self._publish(device, *self._network(device).replace(self._settings.network(device.network), device.id, rest)):
            raise Refused("The line to the network is down: it cannot be taken back now.", "line")

    def _is_of(self, command, row, item):
        own = _own_key(item["correlation_ids"])
        if own is not None:
            return own == command.key
        words = self._formatter.decode_downlink(row.f_port, base64.b64decode(row.payload)).get("data") or {}
        return hearing.identity(words) == (command.name, command.command_id, command.issued_at)

    def _look_at(self, device, key, now_ms):
        """Whether anything changed."""
        with reading(self._engine) as connection:
            is_class_a, uplink_ms = _is_class_a(connection, key), queries.last_heard_ms(connection, key)
            times_ms = commands.downlink_times(connection, key, now_ms)
            before = commands.pending(connection, key)
            status_ms, status = queries.newest(connection, key).get("status", (0, {}))
        line_up_ms = self._line_up_ms.get(device.network)
        after = [fate.step(one, fate.GAP, now_ms) if fate.is_in_doubt(one, is_class_a, uplink_ms, line_up_ms, now_ms) else one for one in before]
        after = [fate.step(one, fate.TIME, now_ms) for one in after]
        changed = after != before
        if changed:
            with writing(self._engine) as connection:
                for one in after:
                    commands.save(connection, one)
        for one in after:
            has_room = not one.sends or fate.room_ms(self._network(device).LIMITS, times_ms, fate.is_urgent(one.request), now_ms) <= now_ms
            is_answer_near = fate.is_answer_near(one, status.get("reason"), status_ms, now_ms)
            if has_room and not is_answer_near and fate.is_due(one, is_class_a, uplink_ms, now_ms):
                changed = self._send(device, one, now_ms) != one or changed
                times_ms = [*times_ms, now_ms]
        return changed


def _is_class_a(connection, key):
    """Whether the device said so when its settings were read back; what it has by itself is class C."""
    settings = queries.newest(connection, key).get("readback.settings", (0, {}))[1].get("settings")
    return isinstance(settings, dict) and settings.get("lorawan_class") == "A"


def _fresh_id(used):
    """The one after the latest that nobody used; where all were, the one that was used longest ago."""
    start = used[0] if used else 0
    taken = set(used)
    order = [(start + step) % 256 for step in range(1, 257)]
    return next((one for one in order if one and one not in taken), used[-1] if used else 1)


def _own_key(correlation_ids):
    """The key of the command that these name, or None."""
    for one in correlation_ids:
        number = one.removeprefix(_CORRELATION)
        if number != one and number.isascii() and number.isdigit() and len(number) < 18:
            return int(number)
    return None


def _without_header(request):
    return {name: value for name, value in request.items() if name not in _HEADER}


def _is_on_its_way(command, now_ms):
    """Published, and the network has not said yet that it took it."""
    return command.fate == "asked" and command.tried_ms is not None and abs(now_ms - command.tried_ms) < fate.AGAIN_MS
