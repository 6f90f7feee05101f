"""Marks a planned reset in the store for the next boot: few boards can tell a planned reset from a hang by themselves."""

from hal.contract import CRASH, HalError, PLANNED

_NAME = 'sys_reset'
_CAUSES = {b'planned': PLANNED, b'crash': CRASH}


def leave(store, reason):
    """Before a reset; 'crash' is kept apart. HalError(STORE) if it cannot be kept."""
    store.put(_NAME, b'crash' if reason == 'crash' else b'planned')


def take(store, log):
    """PLANNED, CRASH or None, and clear it. A monitor without a working store is better than none."""
    try:
        word = store.get(_NAME)
        if word:
            store.put(_NAME, b'')
    except HalError as error:
        log('store: ' + str(error.args[1]))
        return None
    return _CAUSES.get(word)
