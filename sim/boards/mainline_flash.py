"""Persistent storage of a board with mainline MicroPython: esp32.NVS, or files on littlefs behind `os` and `io.open`.

Both with the semantics of their source, and with a supply that can be cut at every step.
"""

import types

from sim.boards import flash

NVS_KEY = 15
NOT_FOUND, NOT_ENOUGH_SPACE, KEY_TOO_LONG, INVALID_LENGTH, FAIL = 0x1102, 0x1105, 0x1109, 0x110C, 0x1101
_NAMES = {NOT_FOUND: 'ESP_ERR_NVS_NOT_FOUND', NOT_ENOUGH_SPACE: 'ESP_ERR_NVS_NOT_ENOUGH_SPACE', KEY_TOO_LONG: 'ESP_ERR_NVS_KEY_TOO_LONG',
          INVALID_LENGTH: 'ESP_ERR_NVS_INVALID_LENGTH', FAIL: 'ESP_ERR_NVS_NOT_INITIALIZED'}
EIO, ENOENT, EEXIST, ENOSPC = 5, 2, 17, 28


class PowerFails(BaseException):
    """The supply is cut; no handler of the firmware's sees it."""


class Flash:
    """cut: None, or the step at which power fails next. full: nothing more can be written. fails: every call does. writes: counted.
    starved: the heap has no piece that is long enough for an opened file, or for the bytes of a record. chip: None, or who needs time for it.
    """

    def __init__(self, times):
        self.chip = None
        self._times = times
        self.cut = None
        self.full = False
        self.fails = False
        self.starved = False
        self.writes = 0

    def take(self, name, length):
        """The time that a record takes."""
        us, deaf_us = self._times.put_us(name, length)
        if self.chip is not None:
            self.chip.spend(us - deaf_us)
            self.chip.deafen(deaf_us)

    def starve(self, size):
        """Raise the interpreter's error."""
        if self.starved:
            raise MemoryError('memory allocation failed, allocating %d bytes' % size)

    def step(self, name):
        if self.cut == name:
            self.cut = None
            raise PowerFails(name)


class NvsFlash(Flash):
    """The partition of an ESP32. Writing is one step: an entry counts with its last byte, the old one is given up after that."""

    cuts = ('before', 'after')

    def __init__(self):
        super().__init__(flash.TIMES['esp32']())
        self.values = {}


def _esp_error(code):
    return OSError(-code, _NAMES[code])


class Nvs:
    """esp32.NVS(namespace). No empty blobs: their fate differs between versions of ESP-IDF."""

    flash = None

    def __init__(self, namespace):
        if not 0 < len(namespace) <= NVS_KEY:
            raise _esp_error(KEY_TOO_LONG)
        self._namespace = namespace
        self._check()

    def set_blob(self, key, value):
        self._check(key)
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise TypeError('object with buffer protocol required')
        if not len(value):
            raise _esp_error(INVALID_LENGTH)
        if self.flash.full:
            raise _esp_error(NOT_ENOUGH_SPACE)
        self.flash.step('before')
        self.flash.take(key, len(value) - 1)
        self.flash.values[self._namespace, key] = bytes(value)
        self.flash.writes += 1
        self.flash.step('after')

    def get_blob(self, key, buffer):
        """The length; the rest of buffer stays as it was."""
        self._check(key)
        value = self.flash.values.get((self._namespace, key))
        if value is None:
            raise _esp_error(NOT_FOUND)
        if len(buffer) < len(value):
            raise _esp_error(INVALID_LENGTH)
        buffer[:len(value)] = value
        self.flash.starve(len(value))   # the copy that is made of it
        return len(value)

    def commit(self):
        self._check()

    def _check(self, key='-'):
        if self.flash.fails:
            raise _esp_error(FAIL)
        if not 0 < len(key) <= NVS_KEY:
            raise _esp_error(KEY_TOO_LONG)


OPEN_BYTES = 1148   # of an opened file, in one piece [measured on an emulated RP2040]


class Littlefs(Flash):
    """The file system of an RP2. Contents are stored when the file is closed, a new file's name immediately; a rename is one step."""

    cuts = ('open', 'write', 'close', 'rename', 'renamed')

    def __init__(self):
        super().__init__(flash.TIMES['rp2']())
        self.files = {}
        self.folders = {'', '/lib'}

    def modules(self):
        """os and io of MicroPython, as far as a store may use them."""
        return {'os': types.SimpleNamespace(mkdir=self._mkdir, rename=self._rename, remove=self._remove),
                'io': types.SimpleNamespace(open=self._open)}

    def _check(self, path):
        if self.fails:
            raise OSError(EIO)
        if path[:path.rfind('/')] not in self.folders:
            raise OSError(ENOENT)

    def _open(self, path, mode='r'):
        self._check(path)
        self.starve(OPEN_BYTES)
        if mode == 'rb':
            if path not in self.files:
                raise OSError(ENOENT)
            return _Reader(self.files[path])
        if mode != 'wb':
            raise ValueError(mode)
        if self.full:
            raise OSError(ENOSPC)
        self.files.setdefault(path, b'')
        self.step('open')
        return _Writer(self, path)

    def _mkdir(self, path):
        self._check(path)
        if path in self.folders:
            raise OSError(EEXIST)
        self.folders.add(path)

    def _rename(self, old, new):
        self._check(old)
        self._check(new)
        if old not in self.files:
            raise OSError(ENOENT)
        self.step('rename')
        self.take(new, len(self.files[old]))    # of all the steps; when within them it passes nobody sees
        self.files[new] = self.files.pop(old)
        self.step('renamed')

    def _remove(self, path):
        self._check(path)
        if path not in self.files:
            raise OSError(ENOENT)
        del self.files[path]


class _Reader:
    def __init__(self, data):
        self._data = data

    def read(self, count=-1):
        data = self._data if count < 0 else self._data[:count]
        self._data = self._data[len(data):]
        return data

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass


class _Writer:
    def __init__(self, flash, path):
        self._flash = flash
        self._path = path
        self._data = b''

    def write(self, data):
        self._flash.step('write')
        self._data += bytes(data)
        return len(data)

    def __enter__(self):
        return self

    def __exit__(self, kind, *error):
        if kind is PowerFails:
            return
        self._flash.step('close')
        self._flash.files[self._path] = self._data
        self._flash.writes += 1
