"""The console's actions on a box: each write follows a fresh reading, is sent once, and counts only when read back."""
import collections
import time

from app.evse import states
from modbus import write_map, registers

from tools.charger import explain
from tools.charger.client import ACKED, REFUSED, SILENT
from tools.charger.ports import ChargerError

# Design decisions (docs/protocol.md, "What we send for a command").
LEAVE_C_S = 10
CONFIRM_S = 10
RESET_S = 15
LOOK_EVERY_S = 0.5
# The box needs a moment before it is gone; what it says earlier is old.
RESET_SETTLES_S = 0.5
# A1 with a car becomes B1 within a second or two (traces).
PASSES_S = 2

LOCKED, SETUP = 0xE0, 0xE2
_SERVICE = (0xE1, 0xE2, 0xE3)
_SAID = {ACKED: "The box acknowledged it", REFUSED: "The box refused it (function 90)", SILENT: "The box did not acknowledge it"}

# done: what was asked for was read back. text: what was sent and seen.
Outcome = collections.namedtuple("Outcome", "done text")


def await_reading(client, wanted, timeout_s):
    """Read until wanted(reading) is true; the last reading (None if the box is silent) and whether it was as wanted."""
    ends = time.monotonic() + timeout_s
    while True:
        reading = client.try_reading()
        if reading is not None and wanted(reading):
            return reading, True
        if time.monotonic() >= ends:
            return reading, False
        client.sleep(LOOK_EVERY_S)


def _seen(reading):
    return "The box is silent." if reading is None else f"It reads {reading.code:02X}: {explain.CODE_TEXTS.get(reading.code, 'unknown')}."


def _refuse_fault(reading):
    """Some faults are for a person at the box."""
    if reading.code in states.NEVER_CLEARED:
        raise ChargerError("not_allowed", explain.why(explain.Facts(reading, (), None, None))[1])


def lock(client):
    """E0E0; from C the current is taken away first, and given back to the box once it is locked."""
    reading = client.reading()
    _refuse_fault(reading)
    if reading.code == LOCKED:
        return Outcome(True, "Nothing sent: it is locked already (E0).")
    if reading.code in _SERVICE:
        return Outcome(False, f"Nothing sent. {_seen(reading)} unlock first.")
    if not states.is_charging(reading.code):
        return _lock(client)
    before = client.limits()
    try:
        _pause_car(client)
        locked = _lock(client)
    except BaseException:
        client.write(registers.ICMAX, before[2] if before else _shown(reading))
        raise
    back = _set(client, before[2] if before else _shown(reading), "Its limit was given back")
    return Outcome(locked.done and back.done, f"{locked.text} {back.text}")


def _lock(client):
    outcome = client.write(registers.STATE, registers.JUMP_E0)
    reading, locked = await_reading(client, lambda reading: reading.code == LOCKED, CONFIRM_S)
    return Outcome(locked, f"Locked. {_SAID[outcome]}, and it reads E0." if locked else f"Not locked. {_SAID[outcome]}. {_seen(reading)}")


def _shown(reading):
    """The limit that 0x002E shows, if it may be written, else the least that is certain to be allowed."""
    return reading.limit_duty if registers.may_write(registers.ICMAX, reading.limit_duty) else registers.duty_of_amps(write_map.AMPS_MIN)


def unlock(client):
    """A1A1, from E0 and E2 alone."""
    reading = client.reading()
    _refuse_fault(reading)
    if reading.code not in (LOCKED, SETUP):
        return Outcome(not states.is_fault(reading.code) and reading.code not in _SERVICE, f"Nothing sent: it is not locked. {_seen(reading)}")
    outcome = client.write(registers.STATE, registers.JUMP_A1)
    reading, left = await_reading(client, lambda reading: reading.code not in (LOCKED, SETUP), CONFIRM_S)
    return Outcome(left, f"{'Unlocked' if left else 'Not unlocked'}. {_SAID[outcome]}. {_seen(reading)}")


def reset(client):
    """5A5A, once; done when it charges, offers current, or stays in A1, and there was a sign of the reset itself."""
    _refuse_fault(client.reading())
    outcome = client.write(registers.STATE, registers.RESET)
    gone = False
    client.sleep(RESET_SETTLES_S)
    ends = time.monotonic() + RESET_S
    reading, done = None, False
    while not done and time.monotonic() < ends:
        reading = client.try_reading()
        gone |= reading is None
        if reading is not None and (gone or outcome == ACKED) and _is_ready(client, reading):
            reading, done = _still(client, reading)
        elif reading is not None:
            client.sleep(LOOK_EVERY_S)
    was_away = " It was silent meanwhile, as after a reset." if gone else ""
    verdict = "Reset" if done else "Not as it should be after a reset" if gone or outcome == ACKED else "No sign of a reset"
    return Outcome(done, f"{verdict}. {_SAID[outcome]}.{was_away} {_seen(reading)}{_advice(client, reading) if not done else ''}")


def _is_ready(client, reading):
    code = reading.code
    if code == 0xB2:
        limits = client.limits()
        return not limits or limits[2] != registers.DUTY_PAUSE
    return code == 0xA1 or states.is_charging(code)


def _still(client, reading):
    """(reading, True) if it lasts: on its way up the box passes through A1 with a car as well."""
    if reading.code != 0xA1:
        return reading, True
    client.sleep(PASSES_S)
    again = client.try_reading() or reading
    return again, again.code == 0xA1


def _advice(client, reading):
    if reading is None:
        return ""
    return " " + explain.why(client_facts(client, reading))[1]


def client_facts(client, reading=None):
    """Facts for tools.charger.explain, read now."""
    reading = reading or client.reading()
    return explain.Facts(reading, client.limits(), client.device(), client.system())


def limit(client, amperes):
    """Icmax in whole amperes; refused below 6 and above the box's own limit."""
    try:
        duty = registers.duty_of_amps(amperes)
    except ValueError:
        span = f"{write_map.AMPS_MIN} to {write_map.AMPS_MAX}"
        raise ChargerError("argument", f"A limit is {span} whole amperes, not {amperes}; for none at all: pause") from None
    client.reading()
    limits = client.limits()
    if limits and duty > limits[0]:
        return Outcome(False, f"Nothing sent: this box can do {explain.amps(limits[0]):.1f} A at most.")
    outcome = _set(client, duty, f"{amperes} A allowed")
    if outcome.done and limits and duty > limits[1]:
        return Outcome(True, outcome.text + f" But it is installed for {explain.amps(limits[1]):.1f} A and gives no more.")
    return outcome


def _set(client, duty, words):
    """Write Icmax and read it back from 0x000F; where the box does not tell that, its acknowledgement has to do."""
    outcome = client.write(registers.ICMAX, duty)
    limits = client.limits()
    if not limits:
        return Outcome(outcome == ACKED, f"{words}. {_SAID[outcome]}; this box does not tell its limit (0x000F), so it was not read back.")
    done = limits[2] == duty
    seen = f"its limit reads {limits[2]} ({duty} was sent)"
    return Outcome(done, f"{words}. {_SAID[outcome]}, and {seen}." if done else f"Not done. {_SAID[outcome]}; {seen}.")


def _pause_car(client):
    """Icmax 1000, and up to 10 s for the car to let go."""
    outcome = _set(client, registers.DUTY_PAUSE, "Paused: no current allowed")
    if not outcome.done:
        return outcome
    reading, left = await_reading(client, lambda reading: not states.is_charging(reading.code), LEAVE_C_S)
    if not left:
        return Outcome(False, f"{outcome.text} But the car goes on charging after {LEAVE_C_S} s. {_seen(reading)}")
    return Outcome(True, f"{outcome.text} {_seen(reading)}")


def pause(client):
    """Icmax 1000; done when the box left C."""
    client.reading()
    return _pause_car(client)


def resume(client):
    """Icmax back: what the box still shows from before the pause, else the limit it was installed with."""
    reading = client.reading()
    limits = client.limits()
    if not limits:
        return Outcome(False, "Nothing sent: this box does not tell its limit (0x000F). Say which one you want, as: limit 16")
    if limits[2] != registers.DUTY_PAUSE:
        return Outcome(True, f"Nothing sent: it is not paused ({explain.amps(limits[2]) or 0:.1f} A allowed).")
    fits = registers.DUTY_MIN <= reading.limit_duty <= limits[1] and not reading.reduced
    duty = reading.limit_duty if fits else limits[1]
    return _set(client, duty, f"Resumed: {explain.amps(duty):.1f} A allowed")
