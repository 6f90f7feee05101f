"""What the conformance suite needs of a board and its surroundings; the boards are in tests/contract/adapters.py and mainline_rig.py."""
import importlib
import sys
import types

KEYS = types.SimpleNamespace(DEV_EUI="70B3D549000000AA", JOIN_EUI="00" * 8, APP_KEY="01" * 16)


class PowerCut(BaseException):
    """The supply fails; no handler of the firmware sees it."""


class Rig:
    """One board, running, in its surroundings.

    board: its parts, as open() gave them. slack_ms: how late things may be on a busy machine, 0 in virtual time.
    """

    slack_ms = 0

    def settle(self, ms):
        """Time passes; the board does nothing."""

    def feed(self, data, after_ms=0):
        """Somebody else begins to send on the bus, after_ms from now."""

    def heard(self):
        """What somebody else has heard from the board on the bus since the last call."""

    def driven(self):
        """True while the board's RS485 driver is on."""

    def was_driven_at_open(self):
        """True if its driver was on at any time before the first transmission."""

    def light(self):
        """The colour that a person sees, None where there is no light."""

    def power_cycle(self):
        """Power off and on: board is a new one, with what a power cut leaves."""

    def reset(self, reason):
        """board.system.reset(reason), which must not return, and the boot that follows."""

    # Only of those in BREAKABLE.

    def break_bus(self, after):
        """The port fails in the next transmission, after that many bytes."""

    def mend_bus(self):
        """It works again."""

    # Only of those in CUTTABLE.

    cuts = ()

    def put_in_power_cut(self, cut, name, value):
        """board.store.put(name, value), while power fails at the instant `cut` (one of cuts); then a boot."""

    # Only of those in STARVABLE.

    def starve(self, on):
        """The heap has no piece that is long enough for what the store needs."""

    # Only of those in WITH_RADIO.

    def gateway(self, on):
        """Whether anybody hears the radio and answers."""

    def push(self, port, payload):
        """A downlink from the application."""

    def mac_only(self):
        """The network has something to tell the modem only, at the next occasion."""

    def uplinks(self):
        """(port, payload) of every uplink on the air since boot."""


def load(names, modules):
    """The first of the modules `names`, all imported afresh over the fakes `modules` (None: missing), which leave sys.modules again."""
    touched = [*names, *modules]
    before = {name: sys.modules.pop(name) for name in touched if name in sys.modules}
    sys.modules.update(modules)
    try:
        return importlib.import_module(names[0])
    finally:
        for name in touched:
            sys.modules.pop(name, None)
        sys.modules.update(before)
