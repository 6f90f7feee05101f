"""Test adapters of the boards: a peer on the bus, a network for the radio, a power switch.

A Rig is one board in its surroundings. The suite in this folder speaks of Rigs only, so that a simulated board, Linux over a
pseudo-terminal, a fake LoPy4 and (tests/hil) a real one run the same tests. To add a board: subclass Rig, add it to RIGS and to
the lists of what it can show.
"""
import contextlib
import errno
import io
import os
import pathlib
import pty
import threading
import time
import tty
import types

import config
import hal.posix
import hal.posix_ports
import hal.rak3172
import hal.wio_e5
import pytest
import serial
import sim.modems.rak3172
import sim.modems.wio_e5
from sim.modems.at_modem import VirtualSerial
from sim.boards.flash import remains, with_value
from sim.boards.simulated_board import Flash, MonitorStopped, SimBoard
from sim.kernel import Kernel
from sim.bus.rs485_line import Rs485Line
from sim.lorawan.network import Network
from sim.boards.pycom import PWRON_RESET, WDT_RESET, BoardReset, LoPy4

from tests.contract.mainline_rig import MAINLINE_RIGS
from tests.contract.rig import KEYS, PowerCut, Rig, load


class SimRig(Rig):
    """sim/boards/simulated_board.py on the simulated line and network."""

    def __init__(self, path):
        self.kernel = Kernel()
        self.line = Rs485Line(self.kernel, 1)
        self.records = []
        self.network = Network(self.kernel, self._record)
        self.halted = None
        self.settings = config.Settings({"LORAWAN_CLASS": "C"})
        self.flash = Flash()
        self._heard = bytearray()
        self.line.attach(self)
        self.log = lambda text: None
        self._boot()

    def _record(self, kind, t_us=None, **fields):
        self.records.append((kind, fields))

    def _boot(self):
        self.records.clear()
        self.board = SimBoard(self, self.settings, self.flash)
        self.board.open_radio(self.settings)
        self._driven_at_open = self.driven()

    def on_line(self, data, end_us):
        self._heard += data

    def settle(self, ms):
        self.kernel.run_until(self.kernel.now_us + ms * 1000)

    def feed(self, data, after_ms=0):
        self.kernel.after(after_ms * 1000, self.line.transmit, self, data)

    def heard(self):
        data, self._heard = bytes(self._heard), bytearray()
        return data

    def driven(self):
        return self.line.driven_us(self.board.bus) is not None

    def was_driven_at_open(self):
        return self._driven_at_open

    def light(self):
        return self.board.indicator.colour

    def power_cycle(self):
        self._boot()

    def reset(self, reason):
        with contextlib.suppress(MonitorStopped):
            self.board.system.reset(reason)
            raise AssertionError("reset() returned")
        self._boot()

    cuts = ("before", "after")

    def put_in_power_cut(self, cut, name, value):
        def strike(name, old, new):
            self.flash.records = with_value(self.flash.records, name, dict(remains("nvs", old, new))[cut])
            raise PowerCut
        self.flash.on_put = strike
        with pytest.raises(PowerCut):
            self.board.store.put(name, value)
        self.flash.on_put = None
        self.power_cycle()

    def gateway(self, on):
        self.network.gateway_down(self.kernel.now_us if on else self.kernel.now_us + 10**12)

    def push(self, port, payload):
        self.network.push([{"f_port": port, "payload": payload, "confirmed": False}])

    def mac_only(self):
        # It has not reported its status for long: the network asks for it.
        self.network.mac.status_us = -(10**12)

    def uplinks(self):
        return [(fields["f_port"], bytes.fromhex(fields["hex"])) for kind, fields in self.records if kind == "uplink"]


class WioE5Rig(SimRig):
    """hal/wio_e5.py on the fake modem, beside the simulated rest of a board; a power cut takes the modem's supply too."""

    driver, fake = hal.wio_e5, sim.modems.wio_e5.WioE5

    def __init__(self, path):
        self.modem = None
        super().__init__(path)

    def _boot(self):
        super()._boot()
        if self.modem is None:
            self.modem = self.fake(self.kernel, self.network)
        else:
            self.modem.power_cycle()
        self.board.radio = self.driver.Radio(VirtualSerial(self.modem), self.settings, KEYS)
        self.board.radio.start(self.board.clock.now_ms, self.board.system.log)

    def mac_only(self):
        self.modem.mac_only = True

    def close(self):
        assert self.modem.violations == []


class Rak3172Rig(WioE5Rig):
    """hal/rak3172.py likewise; it tells nothing of frames for the modem only."""

    driver, fake = hal.rak3172, sim.modems.rak3172.Rak3172


class Lopy4Rig(Rig):
    """hal/lopy4.py on the fake LoPy4."""

    cuts = ("before", "after")
    head_start_us = 0

    def __init__(self, path):
        # Something has left a high level in the latch of the pin: an earlier program, a soft reset.
        self.fake = LoPy4(ticks_us=self.head_start_us, latches={"P8": 1})
        self.settings = config.Settings({"REGION": "AU915", "LORAWAN_CLASS": "C"})
        self._boot()

    def _boot(self):
        self._seen = 0
        self.board = load_lopy4(self.fake).open(self.settings, KEYS)
        self.board.open_radio(self.settings)
        self._driven_at_open = self.driven()

    def settle(self, ms):
        self.fake.spend(ms * 1000)

    def feed(self, data, after_ms=0):
        self.fake.kernel.after(after_ms * 1000, self.fake.arrive, data)

    def heard(self):
        new = self.fake.wire[self._seen :]
        self._seen += len(new)
        return bytes(byte for _, _, byte in new)

    def driven(self):
        return bool(self.fake.level("P8"))

    def was_driven_at_open(self):
        return self._driven_at_open

    def light(self):
        return self.fake.led

    def power_cycle(self):
        self.fake.reboot(PWRON_RESET)
        self._boot()

    def reset(self, reason):
        with contextlib.suppress(BoardReset):
            self.board.system.reset(reason)
            raise AssertionError("reset() returned")
        self.fake.reboot(WDT_RESET)
        self._boot()

    def break_bus(self, after):
        self.fake.uart.fails_after = after

    def mend_bus(self):
        self.fake.uart.fails_after = None

    def starve(self, on):
        self.fake.nvs_starved = on

    def put_in_power_cut(self, cut, name, value):
        self.fake.cut_in_nvs = cut
        with pytest.raises(BoardReset):
            self.board.store.put(name, value)
        self.fake.cut_in_nvs = None
        self.power_cycle()

    def gateway(self, on):
        self.fake.air.deaf = not on

    def push(self, port, payload):
        self.fake.lora_task.push(port, payload)

    def mac_only(self):
        self.fake.air.mac_commands = True

    def uplinks(self):
        return [(port, payload) for _, port, payload, _, _ in self.fake.air.uplinks]


class Lopy4WrapRig(Lopy4Rig):
    """The same, booted so that the microsecond counter wraps a second after the board is up."""

    head_start_us = (1 << 32) - 1200000


def load_lopy4(fake):
    """The board module over the fake's vendor modules."""
    return load(["hal.lopy4", "hal.lopy4_radio"], fake.modules())


class PtySerial(serial.Serial):
    """pyserial on a pseudo-terminal, which has no modem lines: RTS is a trace here, as a wire to the driver would show it."""

    trace = []
    fails_after = None

    def _update_rts_state(self):
        self.trace.append(self._rts_state)

    def _update_dtr_state(self):
        pass

    def write(self, data):
        if self.fails_after is not None:
            super().write(data[: self.fails_after])
            raise OSError(errno.EIO, "the adapter is gone")
        return super().write(data)


class PosixRig(Rig):
    """hal/posix.py over a pseudo-terminal, RS485 direction by RTS (the kernel's RS485 mode is refused there)."""

    slack_ms = 2000
    cuts = ("open", "fsync", "rename", "after rename", "fsync directory")

    def __init__(self, path):
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        os.set_blocking(self.master, False)
        self.settings = config.Settings(
            {"BUS_PORT": os.ttyname(slave), "BUS_DIRECTION": "rts", "STORE_DIR": str(pathlib.Path(path) / "store")}
        )
        self._slave = slave     # held open, so that the master survives a reboot of the board
        self._port_class = type("PtySerial", (PtySerial,), {"trace": []})
        self.board = None
        self._boot()

    def _boot(self):
        self._close()
        real, hal.posix_ports.serial.Serial = hal.posix_ports.serial.Serial, self._port_class
        try:
            self.board = hal.posix.open(self.settings, KEYS)
            self.board.open_radio(self.settings)
        finally:
            hal.posix_ports.serial.Serial = real
        self._driven_at_open = any(self._port_class.trace)

    def _close(self):
        if self.board is not None:
            self.board.bus.lose()
        self._port_class.trace.clear()

    def close(self):
        self._close()
        os.close(self.master)
        os.close(self._slave)

    def settle(self, ms):
        time.sleep(ms / 1000)

    def feed(self, data, after_ms=0):
        if after_ms:
            threading.Timer(after_ms / 1000, os.write, (self.master, data)).start()
        else:
            os.write(self.master, data)

    def heard(self):
        data = b""
        with contextlib.suppress(BlockingIOError):
            while True:
                data += os.read(self.master, 4096)
        return data

    def driven(self):
        return self._port_class.trace[-1]

    def was_driven_at_open(self):
        return self._driven_at_open

    def light(self):
        return None

    def power_cycle(self):
        self._boot()

    def reset(self, reason):
        with contextlib.suppress(SystemExit):
            self.board.system.reset(reason)
            raise AssertionError("reset() returned")
        self._boot()

    def break_bus(self, after):
        self._port_class.fails_after = after

    def mend_bus(self):
        self._port_class.fails_after = None
        time.sleep(1.05)    # it is tried again once a second

    def starve(self, on):
        def no_room(path, mode):
            raise MemoryError
        hal.posix.io = types.SimpleNamespace(open=no_room) if on else io

    def put_in_power_cut(self, cut, name, value):
        real, hal.posix.os = hal.posix.os, CuttingOs(cut)
        try:
            with pytest.raises(PowerCut):
                self.board.store.put(name, value)
        finally:
            hal.posix.os = real
        self.power_cycle()


class CuttingOs:
    """The os module of a machine whose power fails; what was not synced is lost from the file under way."""

    def __init__(self, cut):
        self._cut = cut
        self._syncs = 0

    def __getattr__(self, name):
        return getattr(os, name)

    def makedirs(self, path, exist_ok):
        os.makedirs(path, exist_ok=exist_ok)
        if self._cut == "open":
            raise PowerCut

    def fsync(self, descriptor):
        self._syncs += 1
        if self._syncs == 1 and self._cut == "fsync":
            os.ftruncate(descriptor, 1)
            raise PowerCut
        if self._syncs == 2 and self._cut == "fsync directory":
            raise PowerCut
        os.fsync(descriptor)

    def rename(self, source, target):
        if self._cut == "rename":
            raise PowerCut
        if not self._syncs:
            os.truncate(source, 0)      # a name that is safe before its contents
        os.rename(source, target)
        if self._cut == "after rename":
            raise PowerCut


RIGS = {"sim": SimRig, "lopy4": Lopy4Rig, "lopy4 wraps": Lopy4WrapRig, "posix": PosixRig, "wio_e5": WioE5Rig, "rak3172": Rak3172Rig}
RIGS.update(MAINLINE_RIGS)
BREAKABLE = ("lopy4", "lopy4 wraps", "posix", "esp32", "rp2")
STARVABLE = ("lopy4", "posix", "esp32", "rp2")
CUTTABLE = ("sim", "lopy4", "posix", "esp32", "rp2")
WITH_RADIO = ("sim", "lopy4", "lopy4 wraps", "wio_e5", "rak3172", "esp32", "rp2")
WITH_MAC_ONLY = ("sim", "lopy4", "lopy4 wraps", "wio_e5", "esp32", "rp2")
