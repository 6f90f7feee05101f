"""A modem's driver and its fake in virtual time, for the tests of both."""

import types

import config
from sim.modems.at_modem import VirtualSerial
from sim.kernel import Kernel
from sim.lorawan.network import Network

KEYS = types.SimpleNamespace(DEV_EUI="1" * 16, JOIN_EUI="2" * 16, APP_KEY="3" * 32)
START_UTC_S = 1_793_434_800


class ModemBench:
    """radio: the driver; modem: the fake; events: (ms, event). make_modem(kernel, network); module: the driver's."""

    def __init__(self, module, make_modem, overrides=None, keys=KEYS, klass="C"):
        self.kernel = Kernel()
        self.settings = config.Settings({"LORAWAN_CLASS": klass, **(overrides or {})})
        self.timeline = []
        self.network = Network(self.kernel, self._record, region=self.settings.REGION, start_utc_s=START_UTC_S)
        self.modem = make_modem(self.kernel, self.network)
        self.module = module
        self.events = []
        self.boot(keys)

    def boot(self, keys=KEYS):
        """The board restarts; the modem does not notice."""
        self.serial = VirtualSerial(self.modem)
        self.radio = self.module.Radio(self.serial, self.settings, keys)
        self.lines = []
        self.radio.start(self.now_ms, self.lines.append)

    def now_ms(self):
        return self.kernel.now_us // 1000

    def _record(self, kind, t_us=None, **fields):
        self.timeline.append(dict(fields, kind=kind))

    def run(self, seconds):
        """Live that long, as the main loop does; the events of it."""
        until_us = self.kernel.now_us + int(seconds * 1_000_000)
        seen = len(self.events)
        while self.kernel.now_us < until_us:
            event = self.radio.poll()
            if event is None:
                self.kernel.sleep_until(min(until_us, self.kernel.now_us + 500_000))
            else:
                self.events.append((self.now_ms(), event))
        return [event for _, event in self.events[seen:]]

    def joined(self):
        """Join, and forget how."""
        self.radio.join(2)
        self.run(20)
        del self.modem.commands[:], self.modem.said[:], self.timeline[:], self.events[:], self.serial.writes[:]
        return self

    def sent(self, payload=b"hello", port=10, confirmed=False, data_rate=2, seconds=20):
        """The events that follow an uplink."""
        assert self.radio.send(port, payload, confirmed, data_rate) is True
        return self.run(seconds)

    def on_air(self, kind="uplink"):
        """What the modem emitted."""
        return [entry for entry in self.timeline if entry["kind"] == kind]
