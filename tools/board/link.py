"""A board on a serial port, by mpremote: its prompt, its files, its log."""
import ast
import base64
import contextlib
import hashlib
import io
import os
import re
import termios
import time
from typing import NamedTuple

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

# A board that restarts is back within this: the boot of a chip, and of its USB port where it has its own.
RESTART_S = 15
# machine.reset() takes a moment (2 ms on an RP2), in which a Ctrl-C would end it: nothing is sent during this time.
RESET_S = 0.5
# What a reset forgets.
RESET = "import machine\n_before_reset = 1\nmachine.reset()"
# One attempt at its prompt.
PROMPT_S = 2
# While a board is being written to, its own watchdog restarts it after this time without a command: the RP2 allows no more.
WATCHDOG_MS = 8000
ARM = f"import machine\n_wdt = machine.WDT(timeout={WATCHDOG_MS})\n"
FEED = "_wdt.feed()\n"
# Bytes of a file in one command, which mpremote sends in pieces of 256.
CHUNK = 512
# Lists the flash, line by line: `free block bytes`, then `path size sha256` of every file of the firmware, and `path` of every folder.
LOOK = """
import os, hashlib, binascii
def _look(path):
    if os.stat(path)[0] & 0x4000:
        for entry in os.listdir(path):
            _look(path + '/' + entry)
        print(path)
        return
    if '_wdt' in globals():
        _wdt.feed()
    h = hashlib.sha256()
    n = 0
    with open(path, 'rb') as f:
        while True:
            b = f.read(512)
            if not b:
                break
            n += len(b)
            h.update(b)
    print(path, n, binascii.hexlify(h.digest()).decode())
v = os.statvfs(os.getcwd())
print('free', v[0], v[0] * v[3])
for path in %r:
    try:
        _look(path)
    except OSError as e:
        if e.args[0] != 2:
            raise
"""
COPY = """
with open(%r, 'rb') as f:
    with open(%r, 'wb') as g:
        while True:
            b = f.read(512)
            if not b:
                break
            g.write(b)
"""
IDENTIFY = """
import sys
i = sys.implementation
print(repr((sys.platform, tuple(i.version)[:2], getattr(i, '_mpy', getattr(i, 'mpy', 0)) & 255, getattr(i, '_machine', ''))))
"""
SYNC = "import os\nif hasattr(os, 'sync'): os.sync()"


class LinkLost(Exception):
    """The board does not answer any more, or never did."""


class Flash(NamedTuple):
    """What is on a board: files {path: (size, SHA-256 as 64 digits)}, folders, those inside first, bytes free, bytes of a block."""

    files: dict
    folders: list
    free: int
    block: int


class Kind(NamedTuple):
    """What a board says it is; mpy: the version of .mpy files that it loads; machine: board and chip in words, '' where it does not say."""

    platform: str
    version: tuple
    mpy: int
    machine: str


def _mpy_of(version):
    """Of a MicroPython that does not say so itself (MicroPython 1.11, 1.12, 1.19 changed it)."""
    return 6 if version >= (1, 19) else 5 if version >= (1, 12) else 4


class Link:
    """The board at the port `path`. LinkLost from any call when it is gone, OSError with the board's error number when its flash refuses."""

    def __init__(self, path):
        self.path = path
        self._port = None
        self._feed = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Give the port back."""
        if self._port is not None:
            with contextlib.suppress(OSError, termios.error):
                self._port.close()
            self._port = None

    def _open(self):
        if self._port is None:
            # mpremote knows a pseudo-terminal by its own name only.
            self._port = SerialTransport(os.path.realpath(self.path), timeout=1)

    @contextlib.contextmanager
    def _words(self):
        try:
            with contextlib.redirect_stdout(io.StringIO()):    # mpremote prints what it did not understand
                yield
        except TransportExecError as error:
            number = re.search(r"OSError: (?:\[Errno )?(\d+)", error.error_output)
            if number:
                raise OSError(int(number[1]), "on the board") from None
            raise LinkLost(error.error_output.strip().splitlines()[-1]) from None
        except (TransportError, OSError, termios.error, ValueError) as error:
            raise LinkLost(str(error)) from None

    def prompt(self, within_s, soft_reset):
        """Stop what runs and get the prompt for programs; soft_reset: with fresh memory. main.py is not run."""
        end = time.monotonic() + within_s
        while True:
            try:
                with self._words():
                    self._open()
                    self._port.serial.write(b"\r\x03\x03")
                    self._port.enter_raw_repl(soft_reset=soft_reset, timeout_overall=PROMPT_S)
                return
            except LinkLost:
                # The port of a board with its own USB goes away with a reset.
                self.close()
                if time.monotonic() >= end:
                    raise
                time.sleep(0.1)

    def run(self, source):
        """Run source on the board; what it printed."""
        with self._words():
            return self._port.exec(self._feed + source).decode()

    def arm(self):
        """From now on a board that is left alone restarts. Only after a reset: a watchdog that runs cannot be had a second time."""
        self.run(ARM)
        self._feed = FEED

    def identify(self):
        """Its Kind."""
        try:
            platform, version, mpy, machine = ast.literal_eval(self.run(IDENTIFY).strip())
        except (SyntaxError, TypeError, ValueError):
            raise LinkLost("it does not answer as MicroPython") from None
        return Kind(platform, version, mpy or _mpy_of(version), machine)

    def look(self, paths):
        """What is on its Flash under `paths`."""
        lines = [line.split() for line in self.run(LOOK % (tuple(paths),)).splitlines()]
        files = {words[0]: (int(words[1]), words[2]) for words in lines[1:] if len(words) == 3}
        return Flash(files, [words[0] for words in lines[1:] if len(words) == 1], int(lines[0][2]), int(lines[0][1]))

    def write(self, path, data):
        """A whole file. mpremote's own way does not feed the watchdog, and takes twice as long."""
        self.run("from binascii import a2b_base64\n_f = open(%r, 'wb')" % path)
        for at in range(0, len(data), CHUNK):
            self.run("_f.write(a2b_base64(%r))" % base64.b64encode(data[at:at + CHUNK]))
        self.run("_f.close()")

    def copy(self, source, target):
        """A file, from there to there on the board."""
        self.run(COPY % (source, target))

    def read(self, path):
        """A small file's text, '' where there is none or it is none."""
        text = self.run("try:\n print(repr(open(%r, 'rb').read()))\nexcept OSError: print(repr(b''))" % path)
        return ast.literal_eval(text.strip()).decode("ascii", "replace")

    def make_folder(self, path):
        """A folder; nothing if it is there."""
        self.run("import os\ntry: os.mkdir(%r)\nexcept OSError as e:\n if e.args[0] != 17: raise" % path)

    def remove(self, path):
        """A file."""
        self.run("import os\nos.remove(%r)" % path)

    def remove_folder(self, path):
        """A folder that is empty."""
        self.run("import os\nos.rmdir(%r)" % path)

    def rename(self, old, new):
        """A file, over the one that has that name."""
        self.run("import os\nos.rename(%r, %r)" % (old, new))

    def sync(self):
        """Everything that was written is on the flash (the LoPy4's FAT keeps some of it back)."""
        self.run(SYNC)

    def reset(self):
        """Restart the board. Its port may be gone before the last byte is sent; the next call notices, has_reset() too."""
        try:
            with self._words():
                self._port.exec_raw_no_follow(RESET)
        except LinkLost:
            self.close()
        self._feed = ""
        time.sleep(RESET_S)

    def has_reset(self):
        """Did the latest reset() happen? To be asked before a soft reset, which forgets as much."""
        return self.run("print('_before_reset' in globals())").strip() == "False"

    def lines(self, within_s):
        """Lines that the board prints during that time; its port may vanish and come back meanwhile."""
        end = time.monotonic() + within_s
        line = b""
        while time.monotonic() < end:
            try:
                self._open()
                data = self._port.serial.read(1)
                data += self._port.serial.read(self._port.serial.in_waiting) if data else b""
            except (OSError, TransportError, termios.error):
                self.close()
                time.sleep(0.1)
                continue
            *whole, line = (line + data).split(b"\n")
            for one in whole:
                yield one.decode("utf-8", "replace").rstrip("\r")


def entry(data):
    """(size, SHA-256) of bytes, as Flash.files has them."""
    return len(data), hashlib.sha256(data).hexdigest()
