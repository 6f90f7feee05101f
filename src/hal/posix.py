"""Linux with a USB-RS485 adapter: the same application on a Raspberry Pi, in tests, or at a real charger."""

import hashlib
import io
import os
import select
import socket
import sys
import time
import uuid

from hal import last_word, posix_clock, rak3172, wio_e5
from hal.board import Board
from hal.contract import HalError, PLANNED, POWER_ON, STORE
from hal.posix_ports import Bus, Serial
from hal.store_rules import check, check_name
from hal.ticks import Utc

# Levels of syslog(3) by the beginning of a line, which systemd reads from <N> before it.
_ERROR, _WARNING, _INFO = 3, 4, 6
_LEVELS = (
    (_ERROR, ('settings:', 'crashed', 'in: ', 'stalled', 'store:')),
    (_WARNING, ('reset: ', 'backs off', 'bus: no ', 'bus: lost', 'modem: no ', 'modem: lost', 'modem: silent', 'light: red', 'network: not joined',
                'box: unreachable', 'box: F', 'brown-out: ', 'request: unknown')),
)

_EXIT_USAGE = 2
_EXIT_RESET = 75              # EX_TEMPFAIL: the service manager starts us again (Restart=on-failure or always)
_NOTIFY_MS = 1000
# When we left, by the clock of the machine since its start: who is back later than this was not just started again.
_LEFT = 'sys_left'
_LEFT_BYTES = 8
_BACK_S = 60


def _now_ms():
    return time.monotonic_ns() // 1000000


def _up_s():
    """Seconds since the machine was started, sleep included."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME))


class Clock:
    """The monotonic clock; wall time from set_utc(), else from a synchronised OS clock. Never sets the OS clock."""

    def __init__(self, ports):
        self._ports = ports
        self._utc = Utc()
        self.now_ms = _now_ms

    def sleep_ms(self, ms):
        """Wakes immediately for a byte on any of the ports."""
        ready = [fd for fd in (port.fileno() for port in self._ports) if fd is not None]
        select.select(ready, (), (), ms / 1000 if ms > 0 else 0)

    def utc_s(self):
        """UTC seconds, or None."""
        utc_s = self._utc.at(_now_ms())
        if utc_s is not None:
            return utc_s
        return posix_clock.believed(int(time.time()), posix_clock.is_synchronised)

    def set_utc(self, utc_s):
        """Keep an offset to the monotonic clock."""
        self._utc.set(utc_s, _now_ms())


class Store:
    """One file a record. A new value is complete on the disk before its name is: rename is atomic."""

    def __init__(self, directory):
        self._directory = directory

    def get(self, name):
        """The record's bytes, or None."""
        check_name(name)
        try:
            with io.open(os.path.join(self._directory, name), 'rb') as record:
                return record.read()
        except FileNotFoundError:
            return None
        except (OSError, MemoryError) as error:
            raise HalError(STORE, str(error)) from None

    def put(self, name, value):
        """Write aside, sync, rename, sync the directory."""
        check(name, value)
        path = os.path.join(self._directory, name)
        aside = os.path.join(self._directory, '.' + name)
        try:
            os.makedirs(self._directory, exist_ok=True)
            with io.open(aside, 'wb') as record:
                record.write(value)
                record.flush()
                os.fsync(record.fileno())
            os.rename(aside, path)
            _sync_directory(self._directory)
        except (OSError, MemoryError) as error:
            raise HalError(STORE, str(error)) from None


def _sync_directory(path):
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


class NoRadio:
    """No modem: it never joins, refuses every frame and has no events."""

    def join(self, data_rate):
        """Refused."""
        return False

    def send(self, port, payload, confirmed, data_rate):
        """Refused."""
        return False

    def poll(self):
        """Nothing."""

    def max_payload(self, data_rate):
        """Nothing fits."""
        return 0

    def data_rate(self):
        """None is set."""

    def ask_time(self):
        """Refused."""
        return False

    def utc_s(self):
        """Unknown."""


class Watchdog:
    """systemd's (WatchdogSec=), if it supervises this process; else without effect."""

    def __init__(self):
        address = os.environ.get('NOTIFY_SOCKET')
        self._address = None
        if address:
            self._address = '\0' + address[1:] if address[0] == '@' else address
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)
        self._fed_ms = None

    def feed(self):
        """Notify systemd, at most once a second: the loop is faster than that."""
        now_ms = _now_ms()
        if self._address is None or (self._fed_ms is not None and now_ms - self._fed_ms < _NOTIFY_MS):
            return
        message = b'WATCHDOG=1' if self._fed_ms is not None else b'READY=1\nWATCHDOG=1'
        self._fed_ms = now_ms
        try:
            self._socket.sendto(message, self._address)
        except OSError:
            pass    # systemd will notice by itself


class Indicator:
    """No light: what it would show is in the log."""

    def show(self, colour):
        """Nobody to see it."""

    def activity(self, on):
        """Nobody to see it."""


class System:
    """The process: reset() ends it, the service manager starts it again."""

    def __init__(self, store):
        self._store = store
        self._cause = last_word.take(store, self.log) or POWER_ON
        if self._cause == PLANNED and not self._is_back():
            self._cause = POWER_ON    # the machine went down after it, and nobody knows for how long

    def reset(self, reason):
        """Exit with a status of its own, having left word."""
        self.log('reset: ' + reason)
        try:
            self._store.put(_LEFT, _up_s().to_bytes(_LEFT_BYTES, 'big'))
            last_word.leave(self._store, reason)
        finally:
            raise SystemExit(_EXIT_RESET)

    def _is_back(self):
        try:
            left = self._store.get(_LEFT)
        except HalError:
            return False
        return left is not None and 0 <= _up_s() - int.from_bytes(left, 'big') <= _BACK_S

    def reset_cause(self):
        """A process that was killed, systemd's watchdog included, counts as POWER_ON: it could not leave word."""
        return self._cause

    def browned_out(self):
        """The kernel may know, a process does not."""
        return False

    def unique_id(self):
        """8 bytes from the machine id, which must not leave the machine itself; without one the MAC, 6 bytes."""
        try:
            with io.open('/etc/machine-id', 'rb') as machine_id:
                return hashlib.sha256(b'ev-charger-monitor' + machine_id.read()).digest()[:8]
        except OSError:
            return uuid.getnode().to_bytes(6, 'big')

    def log(self, text):
        """One line on standard error: with its level for the journal, which knows the time; else with the time."""
        head = '<%d>' % _level(text) if 'JOURNAL_STREAM' in os.environ else time.strftime('%Y-%m-%dT%H:%M:%SZ ', time.gmtime())
        try:
            sys.stderr.write(head + text + '\n')
            sys.stderr.flush()
        except (OSError, ValueError):
            pass    # nobody listens


def _level(text):
    """That of a line by what it begins with, as syslog(3) counts them."""
    for level, beginnings in _LEVELS:
        if text.startswith(beginnings):
            return level
    return _INFO


_MODEMS = {'wio_e5': wio_e5, 'rak3172': rak3172}


def cannot_do(settings, wrong):
    """Nothing."""
    return []


def needs_keys(settings):
    """True if there is a modem to give them to."""
    return settings.RADIO_PORT is not None


def refuse(lines, settings):
    """Log the errors and exit: neither bus nor radio was touched."""
    for line in lines:
        sys.stderr.write(('<%d>' % _ERROR if 'JOURNAL_STREAM' in os.environ else '') + line + '\n')
    raise SystemExit(_EXIT_USAGE)


def open(settings, keys):
    """Build the board from the settings, all but the radio; the keys are the modem's, and may be None without one."""
    store = Store(settings.STORE_DIR)
    system = System(store)
    bus = Bus(settings.BUS_PORT, settings.BUS_DIRECTION, system.log)
    ports = [bus]

    def make_radio(in_force):
        if in_force.RADIO_PORT is None:
            system.log('modem: no RADIO_PORT in the settings')
            return NoRadio()
        modem = _MODEMS[in_force.RADIO_MODEM]
        port = Serial(in_force.RADIO_PORT, modem.BAUD, system.log, in_force.RADIO_RESET_LINE)
        ports.append(port)
        radio = modem.Radio(port, in_force, keys)
        radio.start(_now_ms, system.log)
        return radio

    return Board(Clock(ports), bus, make_radio, store, Watchdog(), Indicator(), system)
