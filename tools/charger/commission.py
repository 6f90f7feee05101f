"""`python -m tools.charger.commission --port PORT`: the settings stored in the box itself: id, F4 watch, start after a power cycle.

Shows the settings and their meaning for this box; before a change it asks for a word, then sets it in setup mode (E2), reads it
back, and puts everything back if that fails. The firmware cannot do this: these writes are made here, past its list of allowed ones.
Exit status: 0 done (or shown), 1 failed or not confirmed, 2 usage.
"""
import argparse
import signal
import sys

from app.evse import states

from tools.charger import actions, explain, setup_mode
from tools.charger.client import Client, check_id
from tools.charger.console import DONE, FAILED, USAGE, check_port, port_arguments
from tools.charger.ports import ChargerError
from tools.charger.setup_mode import Settings

CONFIRMATION = "setup"
_MAY_BEGIN = (0xA1, 0xE0, 0xE2)  # ABL 05 0015 20 Rev. B: E2E2 only from A1 or E0

_ID = """\
Device id
  What the box is called on this bus. 1 is right unless several boxes share it; the monitor's setting CHARGER_ID must be the same."""

_TIMEOUT = """\
Upstream timeout (F4)
  On: when nobody has polled the box for a while (how long, no document says), it stops charging and shows F4.
  A dead monitor then means an empty car, and so may a monitor that takes long to start.
  Off: a dead monitor leaves a working box with the limit it had last; a pause it had ordered lasts until the power is cut.
  Recommended: off, unless the timeout was measured and exceeds three times the slowest start of the monitor."""

_START = """\
Start after power cycle
  On: after a blackout or a reset, a car that is connected may charge at once.{on}
  The monitor, where it holds the car, does so again within 10 s. If the monitor is dead, the car charges: in the morning it is full.
  Off: the car waits in B1 for permission.{off} The monitor cannot start a car that the box has forgotten.
  Recommended: on."""
_START_KEY = (" The key is not asked: whoever can cut the power starts the car.",
              " Somebody has to turn the key after every blackout, also at night.")


def explanation(device):
    """What the three settings mean for the box with these fields of 0x0001."""
    on, off = _START_KEY if device["enable_mode"] == "closed_to_start" else ("", "")
    return "\n\n".join((_ID, _TIMEOUT, _START.format(on=on, off=off)))


def _word(value):
    return {None: "not told by this box", True: "on", False: "off"}.get(value, value) if not _is_number(value) else str(value)


def _is_number(value):
    return isinstance(value, int) and not isinstance(value, bool)


def table(before, after):
    """Settings beside each other; `after` None: nothing is to change."""
    rows = [f"  {'':<26}{'now':<22}{'then' if after else ''}".rstrip()]
    for name, old in before._asdict().items():
        new = getattr(after, name) if after else old
        rows.append(f"  {name.replace('_', ' '):<26}{_word(old):<22}{_word(new) if new != old else ''}".rstrip())
    return rows


def wanted(before, given):
    """The Settings asked for, from the options given."""
    timeout, start = given.upstream_timeout, given.start_after_power_cycle
    if given.recommended:
        timeout, start = timeout or "off", start or "on"
    return Settings(
        before.device_id if given.set_id is None else given.set_id,
        before.upstream_timeout if timeout is None else timeout == "on",
        before.start_after_power_cycle if start is None else start == "on",
    )


def refuse(client, before, after):
    """Raises ChargerError where it must not begin; returns the state code."""
    code = client.reading().code
    if states.is_charging(code):
        raise ChargerError("not_allowed", "A car is charging. Nothing was changed: stop it, unplug it, and try again.")
    if code in (0xB1, 0xB2):
        raise ChargerError("not_allowed", "A car is connected. Nothing was changed: unplug it first, setup mode is entered from A1 and E0 only.")
    if code not in _MAY_BEGIN:
        raise ChargerError("not_allowed", f"The box is in {code:02X} ({explain.CODE_TEXTS.get(code, 'unknown')}). Nothing was changed.")
    if before.start_after_power_cycle is None and after.start_after_power_cycle is not None:
        raise ChargerError("not_allowed", "This box does not tell whether it starts after a power cycle (0x0006): a change could not be checked.")
    if before.device_id != client.device_id:
        raise ChargerError("not_allowed", f"The box answers to id {client.device_id}, but says it is {before.device_id}. Nothing was changed.")
    if after.device_id != before.device_id and setup_mode.answers(client, after.device_id):
        raise ChargerError("not_allowed", f"There is a box with id {after.device_id} on this bus already. Nothing was changed.")
    return code


class Interrupts:
    """Within it Ctrl-C, SIGTERM and a closed terminal raise KeyboardInterrupt, once, and no more when `deaf`: undoing is not interrupted."""

    NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self):
        self.deaf = False
        self._old = ()

    def __enter__(self):
        self._old = [signal.signal(number, self._interrupt) for number in self.NUMBERS]
        return self

    def __exit__(self, *error):
        for number, handler in zip(self.NUMBERS, self._old, strict=True):
            signal.signal(number, handler)

    def _interrupt(self, number, frame):
        if not self.deaf:
            self.deaf = True
            raise KeyboardInterrupt


def commission(client, given, say, ask):
    """The whole conversation; returns the exit status."""
    device = client.read(0x0001).values
    before = setup_mode.settings(client)
    after = wanted(before, given)
    code = client.reading().code
    say(f"Box {client.device_id}, {client.serial() or 'without a readable serial number'}, firmware "
        f"{device['firmware_major']}.{device['firmware_minor']}, in {code:02X}: {explain.CODE_TEXTS.get(code, 'unknown')}.")
    say("\n" + explanation(device) + "\n")
    say("\n".join(table(before, after if after != before else None)))
    if after == before:
        say(_nothing_to_do(given, code))
        return DONE
    refuse(client, before, after)
    if client.heard_master:
        say("\nAnother master asks questions on this bus. Better switch it off first: it will find the box in setup mode.")
    say("\nThe box goes to setup mode, takes the change, and starts anew: about 10 s in which no car charges. Do not unplug the adapter.")
    if ask(f"Type {CONFIRMATION} to do it: ").strip() != CONFIRMATION:
        say("Not confirmed: nothing was changed.")
        return FAILED
    code = refuse(client, before, after)  # a car may have come meanwhile
    with Interrupts() as interrupts:
        seen = setup_mode.change(client, before, after, code == actions.LOCKED, say, interrupts)
    say("\n".join(["\nDone, and read back:"] + table(seen, None)))
    if after.device_id != before.device_id:
        say(f"From now on: --id {after.device_id}, and CHARGER_ID = {after.device_id} in the monitor's settings.")
    return DONE


def _nothing_to_do(given, code):
    chosen = given.recommended or given.set_id is not None or given.upstream_timeout or given.start_after_power_cycle
    if code == actions.SETUP:
        return ("\nThe box stands in setup mode (E2), in which no car charges:"
                "  .venv/bin/python -m tools.charger.console --port PORT unlock  ends that.")
    if chosen:
        return "\nThat is how it is set: nothing to change."
    return "\nTo change something: --recommended, --upstream-timeout on|off, --start-after-power-cycle on|off, --set-id N."


def _parser():
    parser = argparse.ArgumentParser(prog="python -m tools.charger.commission", description="Show and change what is set in the box itself.",
                                     parents=[port_arguments()], epilog="Without anything to change it only shows and explains.")
    parser.add_argument("--recommended", action="store_true", help="start after power cycle on, upstream timeout off")
    parser.add_argument("--upstream-timeout", choices=("on", "off"), help="F4 when nobody polls")
    parser.add_argument("--start-after-power-cycle", choices=("on", "off"), help="a connected car needs no permission then")
    parser.add_argument("--set-id", type=int, metavar="N", help="new device id, 1 to 16")
    return parser


def _say(text):
    """A closed terminal must not interrupt a change under way."""
    try:
        print(text, flush=True)
    except OSError:
        pass


def _ask(question):
    try:
        return input(question)
    except EOFError:
        return ""


def main(arguments=None, ask=_ask):
    """Run it; returns the exit status."""
    try:
        given = _parser().parse_args(arguments)
    except SystemExit as ended:
        return ended.code
    try:
        check_port(given)
        if given.set_id is not None:
            check_id(given.set_id)
        with Client(given.port, given.id, given.direction) as client:
            return commission(client, given, _say, ask)
    except ChargerError as error:
        print(error, file=sys.stderr)
        return USAGE if error.kind == "argument" else FAILED
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
