"""The names and values that a Store accepts, the same on every board."""

from hal.contract import HalError, STORE

MAX_NAME = 12
MAX_VALUE = 1024
_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789_'


def check_name(name):
    """Raise HalError(STORE) for a name that hal.contract does not allow."""
    if not 1 <= len(name) <= MAX_NAME:
        raise HalError(STORE, 'name %r has not 1 to %d characters' % (name, MAX_NAME))
    for character in name:
        if character not in _ALPHABET:
            raise HalError(STORE, 'name %r is not of a-z 0-9 _' % (name,))


def check(name, value):
    """Raise HalError(STORE) for a record that hal.contract does not allow."""
    check_name(name)
    if not isinstance(value, (bytes, bytearray)):
        raise HalError(STORE, '%s: not bytes' % name)
    if len(value) > MAX_VALUE:
        raise HalError(STORE, '%s: %d bytes, at most %d' % (name, len(value), MAX_VALUE))
