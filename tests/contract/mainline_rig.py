"""Test adapters of hal/mainline.py: an ESP32 and an RP2 with a Wio-E5 on the simulated air, and two variants of the first."""
import contextlib

import config
import pytest
from sim.boards.mainline import Chip
from sim.boards.mainline_flash import PowerFails
from sim.lorawan.network import Network
from sim.boards.pycom import BoardReset
from sim.modems.wio_e5 import WioE5

from tests.contract.rig import KEYS, Rig, load

MODULES = ["hal.mainline", "hal.mainline_ports", "hal.mainline_store", "hal.mainline_light"]

# From power to main.py; what the modem says meanwhile nobody hears.
BOOT_US = 1500000
# What docs/hardware.md gives for a Raspberry Pi Pico or Pico 2.
PICO = {"WATCHDOG_S": 8, "BUS_UART": 0, "BUS_TX_PIN": 0, "BUS_RX_PIN": 1, "BUS_DE_PIN": 2, "RADIO_UART": 1, "RADIO_TX_PIN": 4,
        "RADIO_RX_PIN": 5, "LIGHT": "led", "LIGHT_PIN": 25}


def load_mainline(chip):
    """The board module over the chip's modules."""
    return load(MODULES, chip.modules())


class MainlineRig(Rig):
    """hal/mainline.py on the fake ESP32 or RP2; its modem stays on when the board restarts, and goes off with the supply."""

    platform = "esp32"
    overrides = {}
    head_start_us = 0

    def __init__(self, path):
        self.settings = config.Settings({"REGION": "AU915", "LORAWAN_CLASS": "C", **self.overrides})
        settings = self.settings
        # Something has left a high level in the latch of the enable pin: an earlier program, a soft reset.
        latches = {} if settings.BUS_DE_PIN is None else {settings.BUS_DE_PIN: 1}
        self.chip = Chip(self.platform, None, settings.BUS_UART, settings.BUS_DE_PIN, self.head_start_us, latches=latches)
        self.records = []
        self.network = Network(self.chip.kernel, lambda kind, t_us=None, **fields: self.records.append((kind, fields)))
        self.modem = WioE5(self.chip.kernel, self.network)
        self.chip.peers[settings.RADIO_UART] = self.modem
        self.cuts = self.chip.flash.cuts
        self._boot()

    def _boot(self):
        self._seen = 0
        self.records.clear()
        self.chip.spend(BOOT_US)
        self.board = load_mainline(self.chip).open(self.settings, KEYS)
        self._driven_at_open = self.driven()
        self.board.open_radio(self.settings)

    def close(self):
        assert self.modem.violations == []

    def settle(self, ms):
        self.chip.spend(ms * 1000)

    def feed(self, data, after_ms=0):
        self.chip.kernel.after(after_ms * 1000, self.chip.arrive, data)

    def heard(self):
        new = self.chip.wire[self._seen:]
        self._seen += len(new)
        return bytes(byte for _, _, byte in new)

    def driven(self):
        return self.chip.driving()

    def was_driven_at_open(self):
        return self._driven_at_open

    def light(self):
        if self.chip.pixels is None:
            return None
        red, green, blue = self.chip.pixels[0]
        return red << 16 | green << 8 | blue

    def power_cycle(self):
        self.chip.power_on()
        self.modem.power_cycle()
        self._boot()

    def reset(self, reason):
        with contextlib.suppress(BoardReset):
            self.board.system.reset(reason)
            raise AssertionError("reset() returned")
        self.chip.reboot(self.chip.reset_reads_as())
        self._boot()

    def break_bus(self, after):
        self.chip.bus.fails_after = after

    def mend_bus(self):
        self.chip.bus.fails_after = None

    def starve(self, on):
        self.chip.flash.starved = on

    def put_in_power_cut(self, cut, name, value):
        self.chip.flash.cut = cut
        with pytest.raises(PowerFails):
            self.board.store.put(name, value)
        self.power_cycle()

    def gateway(self, on):
        self.network.gateway_down(self.chip.kernel.now_us if on else self.chip.kernel.now_us + 10**12)

    def push(self, port, payload):
        self.network.push([{"f_port": port, "payload": payload, "confirmed": False}])

    def mac_only(self):
        self.modem.mac_only = True

    def uplinks(self):
        return [(fields["f_port"], bytes.fromhex(fields["hex"])) for kind, fields in self.records if kind == "uplink"]


class Rp2Rig(MainlineRig):
    """A Pico, with its files."""

    platform = "rp2"
    overrides = PICO


class WrapRig(MainlineRig):
    """Booted so that ticks_us() wraps a second after the board is up."""

    head_start_us = (1 << 30) - BOOT_US - 1000000


class AutoRig(MainlineRig):
    """A transceiver that switches itself, and a light with colours."""

    overrides = {"BUS_DE_PIN": None, "LIGHT": "neopixel", "LIGHT_PIN": 48}


MAINLINE_RIGS = {"esp32": MainlineRig, "esp32 wraps": WrapRig, "esp32 switches itself": AutoRig, "rp2": Rp2Rig}
