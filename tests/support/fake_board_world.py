"""A fake board connected to the simulated wallbox: the whole firmware, started by main.run() as on a board."""
import sys
import types

import config
import main
from ttn.formatter import Formatter
from sim.kernel import Kernel
from sim.bus.rs485_line import Rs485Line
from sim.boards.mainline import Chip
from sim.lorawan.network import Network
from sim.boards.pycom import BROWN_OUT_RESET, WDT_RESET, BoardReset, LoPy4
from sim.vehicle import make_vehicle
from sim.evse.wallbox import Wallbox
from sim.modems.wio_e5 import WioE5
from tests.contract.mainline_rig import PICO, load_mainline
from tests.contract.rig import KEYS, load

SECOND_US = 1000000
START_UTC_S = 1793434800
DIP = "brown-out"


class Over(BaseException):
    """The time is up."""


class FakeBoardWorld:
    """One garage. platform: the board's sys.platform; box: options of the wallbox; overrides: of config.py."""

    def __init__(self, platform, box=None, **overrides):
        self.platform = platform
        self.overrides = {**(PICO if platform == "rp2" else {}), "REGION": "AU915", **overrides}
        self.kernel = Kernel()
        self.line = Rs485Line(self.kernel, 1)
        self.records = []
        self.resets = []
        self.box = Wallbox(self.kernel, self.line, self._record, **box or {})
        self._formatter = Formatter()
        self._push = None
        self.modem = None
        self.board = self._make()
        self.board.on_wire = lambda byte: self.line.transmit(self, bytes([byte]))
        self.line.attach(self)

    def _record(self, kind, t_us=None, **fields):
        self.records.append((kind, self.kernel.now_us / SECOND_US, fields))

    def _make(self):
        if self.platform == "LoPy4":
            lopy4 = LoPy4(self.kernel)
            self._push = lambda port, payload: lopy4.lora_task.push(port, payload)
            self._module, self._load = "hal.lopy4", lambda board: load(["hal.lopy4", "hal.lopy4_radio"], board.modules())
            return lopy4
        settings = config.Settings(self.overrides)
        network = Network(self.kernel, self._record, start_utc_s=START_UTC_S)
        self.modem = WioE5(self.kernel, network)
        self._push = lambda port, payload: network.push([{"f_port": port, "payload": payload, "confirmed": False}])
        self._module, self._load = "hal.mainline", load_mainline
        return Chip(self.platform, self.kernel, settings.BUS_UART, settings.BUS_DE_PIN, peers={settings.RADIO_UART: self.modem})

    def on_line(self, data, end_us):
        """Line: the box has said something."""
        for byte in data:
            self.board.hear(byte)

    # --- what happens

    def at(self, t_s, act, *arguments):
        """act(*arguments) at that second."""
        self.kernel.at(int(t_s * SECOND_US), act, *arguments)

    def plug(self):
        """A car comes."""
        self.box.plug(make_vehicle(self.kernel, seed=1, model="eager"))

    def dip_in_frame(self, number):
        """The supply of board and modem gives way during the uplink of that number, once."""
        sender, name = (self.board.lora_task, "transmit") if self.modem is None else (self.modem.mac, "send")
        begin, begun = getattr(sender, name), []

        def send(*arguments):
            begun.append(arguments)
            if len(begun) == number:
                self.kernel.after(SECOND_US // 10, self._dip)
            return begin(*arguments)

        setattr(sender, name, send)

    def _dip(self):
        raise BoardReset(DIP)

    def push(self, port, payload):
        """A downlink from the application."""
        self._push(port, payload)

    def send(self, data):
        """The same, as the formatter packs it."""
        packed = self._formatter.encode_downlink(data, utc_s=START_UTC_S + self.kernel.now_us // SECOND_US)
        self.push(packed["fPort"], bytes(packed["bytes"]))

    def run(self, monkeypatch, until_s):
        """Live until then, or until main.run() returns, which is False; resets: how the board ended each boot but the last."""
        for name, value in self.overrides.items():
            monkeypatch.setattr(config, name, value)
        monkeypatch.setattr(main, "sys", types.SimpleNamespace(platform=self.platform))
        monkeypatch.setitem(sys.modules, "keys", KEYS)
        monkeypatch.setitem(sys.modules, "local_config", types.ModuleType("local_config"))
        self.at(until_s, self._end)
        while True:
            monkeypatch.setitem(sys.modules, self._module, self._load(self.board))
            try:
                main.run()
                return False
            except BoardReset as reset:
                self.resets.append(str(reset))
                assert len(self.resets) < 10, self.resets
                self._restart(str(reset) == DIP)
            except Over:
                return True

    def _restart(self, is_dip):
        """Out of its reset, or out of a dip of the supply."""
        if self.modem is None:
            self.board.reboot(BROWN_OUT_RESET if is_dip else WDT_RESET)
        elif is_dip:
            self.modem.power_cycle()
            self.board.brown_out()
        else:
            self.board.reboot(self.board.reset_reads_as())

    def _end(self):
        raise Over

    # --- what was received

    def uplinks(self):
        """(port, what the formatter makes of it) of each uplink."""
        if self.modem is None:
            sent = [(port, payload) for _, port, payload, _, _ in self.board.air.uplinks]
        else:
            sent = [(fields["f_port"], bytes.fromhex(fields["hex"])) for kind, _, fields in self.records if kind == "uplink"]
        return [(port, self._formatter.decode_uplink(port, payload)["data"]) for port, payload in sent]

    def joins(self):
        """How many requests were on the air."""
        if self.modem is None:
            return len(self.board.air.joins)
        return sum(kind == "join" for kind, _, _ in self.records)
