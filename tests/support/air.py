"""A device and a network in virtual time, for the tests of either."""

from sim.kernel import Kernel
from sim.lorawan.network import Network

START_UTC_S = 1_775_286_000     # 2026-04-04T07:00:00Z


class Air:
    """Network plus one radio; keeps the timeline, the messages and the radio's events with their times."""

    def __init__(self, klass='C', adr=False, **options):
        self.kernel = Kernel()
        self.timeline = []
        self.messages = []
        self.events = []
        self.network = Network(self.kernel, self._record, publish=self._publish, start_utc_s=START_UTC_S, **options)
        self.radio = self.network.radio(klass, adr)

    def _record(self, kind, t_us=None, **fields):
        self.timeline.append(dict(fields, kind=kind, t_us=self.kernel.now_us if t_us is None else t_us))

    def _publish(self, suffix, message):
        self.messages.append((suffix, self.kernel.now_us, message))

    def run(self, seconds):
        """Let the world live that long, as the firmware does: asleep until woken, then taking every event."""
        end_us = self.kernel.now_us + int(seconds * 1_000_000)
        while self.kernel.now_us < end_us:
            self.kernel.sleep_until(end_us)
            self.take()
        return self

    def take(self):
        event = self.radio.poll()
        while event is not None:
            self.events.append((self.kernel.now_us, event))
            event = self.radio.poll()

    def join(self, dr=6):
        assert self.radio.join(dr)
        return self.run(10)

    def up(self, payload=b'\xa1', port=1, confirmed=False, dr=2, seconds=10):
        assert self.radio.send(port, payload, confirmed, dr)
        return self.run(seconds)

    def kinds(self):
        return [event[0] for _, event in self.events]

    def of(self, kind):
        return [entry for entry in self.timeline if entry['kind'] == kind]

    def suffixes(self):
        return [suffix for suffix, _, _ in self.messages]

    def message(self, suffix, index=-1):
        return [message for name, _, message in self.messages if name == suffix][index]

    def forget(self):
        """Start looking from here."""
        del self.timeline[:], self.messages[:], self.events[:]
        return self


def joined(klass='C', dr=None, first_uplink=True, **options):
    """An Air whose device has joined and, by default, been heard once."""
    air = Air(klass, **options)
    region = air.network.region
    air.join(dr if dr is not None else region.wide_dr or 2)
    if first_uplink:
        air.up()
    return air.forget()
