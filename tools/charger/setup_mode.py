"""Setup mode (E2) of the box: its settings, how they are changed, and how everything is restored.

ABL 05 0015 20 Rev. B: E2E2 to 0x0005 only from A1 or E0; 0x002C in E2 only; the change counts from the reset on.
"""
import collections
import time

from modbus import registers, transaction

from tools.charger import actions, explain
from tools.charger.client import ACKED, REFUSED
from tools.charger.ports import ChargerError

CONFIRM_S = 5
START_S = 20    # from a reset to an answer; the simulated box takes 3 s, other programs allow for the LEDs' long blinking
RESTORE_S = 60
RETRY_S = 1

# device_id: 1 to 16. upstream_timeout: bool. start_after_power_cycle: bool, None where 0x0006 does not answer.
Settings = collections.namedtuple("Settings", "device_id upstream_timeout start_after_power_cycle")


def settings(client):
    """The present settings."""
    device = client.read(registers.DEVICE).values
    return Settings(device["device_id"], device["upstream_timeout"], explain.starts_after_power_cycle(client.system()))


def option_word(old, new):
    """The value of 0x002C that turns `old` into `new`; equal options stay unchanged."""
    start = "start" if new.start_after_power_cycle else "wait"
    return registers.encode(registers.find(registers.OPTIONS), {
        "device_id": new.device_id,
        "upstream_timeout": registers.UNCHANGED if new.upstream_timeout == old.upstream_timeout else new.upstream_timeout,
        "after_power_cycle": registers.UNCHANGED if new.start_after_power_cycle == old.start_after_power_cycle else start,
    })


def answers(client, device_id):
    """True if a box has that id."""
    own, client.device_id = client.device_id, device_id
    try:
        return client.try_read(registers.DEVICE) is not None
    finally:
        client.device_id = own


def change(client, old, new, locked, say, interrupts):
    """Apply new settings; returns the Settings read back. On failure everything is put back before the error is raised.

    locked: lock the box (E0) at the end. interrupts.deaf is set before anything is put back.
    """
    touched = []
    try:
        _enter(client, say)
        say(f"Writing the settings (0x{option_word(old, new):04X} to 0x002C).")
        touched.append(True)
        _write_options(client, option_word(old, new))
        _restart(client, (old.device_id, new.device_id), say)
        seen = settings(client)
        if seen != new:
            raise ChargerError("refused", f"The box did not take the change: it reads {_in_words(seen)}.")
        _relock(client, locked)
        return seen
    except BaseException as error:
        interrupts.deaf = True
        say(f"{str(error) or 'Interrupted.'}\nPutting everything back.")
        if not restore(client, old, new, locked, bool(touched), say):
            raise ChargerError("refused", _NOT_RESTORED) from None
        say("Put back: the box is out of setup mode, and set as before.")
        raise


_NOT_RESTORED = ("COULD NOT PUT EVERYTHING BACK: the box may be in setup mode (E2), where no car charges, or set differently. Switch its supply off "
                 "for 10 s and on again, then look at it:  .venv/bin/python -m tools.charger.commission --port PORT")


def _in_words(seen):
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in seen._asdict().items())


def _send(client, address, value):
    """One write that the firmware may not make."""
    return client.send_write(transaction.write_request(client.device_id, address, value))


def _enter(client, say=lambda text: None):
    """Enter E2, and see it."""
    if client.reading().code == actions.SETUP:
        return
    say("Entering setup mode (E2).")
    outcome = _send(client, registers.STATE, registers.JUMP_E2)
    reading, entered = actions.await_reading(client, lambda reading: reading.code == actions.SETUP, CONFIRM_S)
    if not entered:
        seen = "silent" if reading is None else f"in {reading.code:02X}"
        raise ChargerError("refused", f"The box does not enter setup mode: it {'refused and ' if outcome == REFUSED else ''}is {seen}.")


def _write_options(client, word):
    outcome = _send(client, registers.OPTIONS, word)
    if outcome != ACKED:
        raise ChargerError("refused", f"The box {'refused' if outcome == REFUSED else 'did not acknowledge'} the settings (0x{word:04X} to 0x002C).")


def _restart(client, ids, say=lambda text: None):
    """Reset, and wait until a box with one of these ids answers outside of setup mode."""
    if not _whereabouts(client, ids):
        raise ChargerError("no_answer", "The box has fallen silent in setup mode.")
    say("Restarting the box.")
    _send(client, registers.STATE, registers.RESET)
    client.sleep(actions.RESET_SETTLES_S)
    ends = time.monotonic() + START_S
    while time.monotonic() < ends:
        if _whereabouts(client, ids) and client.reading().code != actions.SETUP:
            return
        client.sleep(RETRY_S)
    raise ChargerError("no_answer", f"The box does not come back within {START_S} s of its reset.")


def _whereabouts(client, ids):
    """Find the id under which the box answers now, and use it."""
    for device_id in dict.fromkeys(ids):
        if answers(client, device_id):
            client.device_id = device_id
            return True
    return False


def _relock(client, locked):
    """A box that was locked before is so again."""
    if not locked:
        return
    ends = time.monotonic() + CONFIRM_S
    while not actions.lock(client).done:
        if time.monotonic() >= ends:
            raise ChargerError("refused", "The box was locked before, and does not lock again.")


def restore(client, old, new, locked, touched, say):
    """Out of setup mode, set as `old`, for as long as it takes up to RESTORE_S; True if that was seen. touched: 0x002C was written."""
    ends = time.monotonic() + RESTORE_S
    while time.monotonic() < ends:
        try:
            if _step_back(client, old, new, touched):
                _relock(client, locked)
                return True
            touched = False
        except (ChargerError, OSError) as error:
            say(f"... {error}")
            client.rest(RETRY_S)
    return False


def _step_back(client, old, new, touched):
    """One attempt. True if there was nothing to put back any more; False if something was done that has to be looked at."""
    ids = (old.device_id, new.device_id)
    if not _whereabouts(client, ids):
        raise ChargerError("no_answer", "The box does not answer.")
    code = client.reading().code
    now = settings(client)
    if now == old and not (touched and code == actions.SETUP):
        if code != actions.SETUP:
            return True
        _leave(client, ids)
        return False
    _enter(client)
    # Written out even where it reads the same: what was written before counts only from the reset on.
    _write_options(client, option_word(new, old))
    _restart(client, ids)
    return False


def _leave(client, ids):
    """From E2 to A1; by a reset where A1A1 does not help."""
    _send(client, registers.STATE, registers.JUMP_A1)
    _, left = actions.await_reading(client, lambda reading: reading.code != actions.SETUP, CONFIRM_S)
    if not left:
        _restart(client, ids)
