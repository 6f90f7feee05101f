"""Stand-in for MicroPython's own module, so that umodbus and the firmware import on CPython. Never flashed."""


def const(value):
    """The value itself; MicroPython's compiler folds it."""
    return value
