"""Records in the flash of a board with mainline MicroPython: NVS where there is an ESP32, files on littlefs elsewhere."""

import io
import os

from micropython import const

from hal.contract import HalError, STORE
from hal.store_rules import MAX_VALUE, check, check_name

_NOT_FOUND = const(-0x1102)     # -ESP_ERR_NVS_NOT_FOUND, as esp32.NVS puts it
_NAMESPACE = 'monitor'
_ENOENT = const(2)
_DIRECTORY = '/store'
# An opened file takes more than a kilobyte of the heap in one piece, a record up to one: on a small board there may be none.
_ERRORS = (OSError, MemoryError)


def _failure(error):
    """The error of a flash call as the contract's HalError."""
    return HalError(STORE, str(error))


class Nvs:
    """Key and value in the ESP32's own partition, where a new value counts before the old one is given up."""

    def __init__(self, make):
        """make(namespace): esp32.NVS."""
        self._make = make
        self._nvs = None
        self._buffer = bytearray(MAX_VALUE + 1)

    def get(self, name):
        """The record's bytes, or None."""
        check_name(name)
        try:
            length = self._open().get_blob(name, self._buffer)
            return bytes(self._buffer[1:length])
        except _ERRORS as error:
            if error.args[:1] == (_NOT_FOUND,):
                return None
            raise _failure(error) from None

    def put(self, name, value):
        """Write, unless it is there already: flash wears."""
        check(name, value)
        if self.get(name) == value:
            return
        try:
            nvs = self._open()
            # Nothing promises that an empty blob is one, hence a byte before each.
            nvs.set_blob(name, b'\x00' + value)
            nvs.commit()
        except _ERRORS as error:
            raise _failure(error) from None

    def _open(self):
        """Late, because it may fail: a board with broken flash is to start all the same."""
        if self._nvs is None:
            self._nvs = self._make(_NAMESPACE)
        return self._nvs


class Files:
    """One file a record. A new value is complete before it gets its name: littlefs renames in one commit, over the old file too."""

    def get(self, name):
        """The record's bytes, or None."""
        check_name(name)
        try:
            with io.open(_DIRECTORY + '/' + name, 'rb') as record:
                return record.read()
        except _ERRORS as error:
            if error.args[:1] == (_ENOENT,):
                return None
            raise _failure(error) from None

    def put(self, name, value):
        """Write aside and rename, unless it is there already: flash wears."""
        check(name, value)
        if self.get(name) == value:
            return
        aside = _DIRECTORY + '/.' + name
        try:
            self._write(aside, value)
            os.rename(aside, _DIRECTORY + '/' + name)
        except _ERRORS as error:
            raise _failure(error) from None

    def _write(self, path, value):
        try:
            record = io.open(path, 'wb')
        except OSError as error:
            if error.args[0] != _ENOENT:
                raise
            os.mkdir(_DIRECTORY)    # the first record of all
            record = io.open(path, 'wb')
        with record:
            record.write(value)
