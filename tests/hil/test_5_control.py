"""With CONTROL=1: limits, pause, lock, unlock and reset, each read back, and each undone even if a test fails."""
import time

import pytest
from modbus import registers
from tools.charger import actions
from tools.charger.client import ACKED, REFUSED, SILENT
from tools.charger.ports import ChargerError

pytestmark = pytest.mark.control

SAID = {ACKED: "acknowledged", REFUSED: "refused (9004)", SILENT: "silence"}
LOCKED = 0xE0
LIMITS_A = (6, 8)
CONFIRM_S = 10
STAYS_S = 2
RESET_S = 30
GOES_S = 3


@pytest.fixture(scope="module")
def baseline(site):
    """How the box was. Nothing is written where it could not be given back."""
    if site.baseline is None:
        try:
            site.begin_control()
        except ChargerError as error:
            pytest.fail(str(error))
    return site.baseline


@pytest.fixture
def control(site, baseline):
    """control(step, address, value) writes and notes what the box said; afterwards the box is as it was before the test."""

    def write(step, address, value, seen=lambda: ""):
        site.capture.note(step)
        outcome = site.client.write(address, value)
        site.found.setdefault("steps", []).append((step, SAID[outcome], seen()))
        return outcome

    yield write
    assert site.restore(), "the box was not brought back to where it was"


def _icmax(client):
    limits = client.limits()
    return limits[2] if limits else None


def _code(client):
    reading = client.try_reading()
    return "silent" if reading is None else f"reads {reading.code:02X}"


def _limit(client, control, step, duty):
    """Write Icmax and read it back."""
    read = []

    def seen():
        read.append(_icmax(client))
        return f"0x000F word 3 reads {read[-1]}, 0x002E shows {client.reading().limit_duty}"

    control(step, registers.ICMAX, duty, seen)
    assert read == [duty]


def test_a1a1_outside_e0_and_e2_changes_nothing(client, control, found):
    if client.reading().code != 0xA1:
        found["wrong_state"] = "Open: not tried with a car plugged in. Run again without one."
        return
    outcome = control("A1A1 in A1", registers.STATE, registers.JUMP_A1, lambda: _code(client))
    found["wrong_state"] = f"In A1: {SAID[outcome]}."
    assert client.reading().code == 0xA1


@pytest.mark.parametrize("amperes", LIMITS_A)
def test_a_limit_is_taken(client, control, amperes):
    _limit(client, control, f"{amperes} A", registers.duty_of_amps(amperes))


def test_a_pause_is_taken_and_a_charging_car_lets_go(client, control):
    _limit(client, control, "pause", registers.DUTY_PAUSE)
    reading, ended = actions.await_reading(client, lambda reading: reading.code not in (0xC2, 0xC3, 0xC4), CONFIRM_S)
    assert ended, f"still {reading.code:02X}"


def test_lock_and_unlock_are_obeyed(client, control, baseline, found):
    # Opening the contactor under load wears it: the current is taken away first.
    _limit(client, control, "pause before the lock", registers.DUTY_PAUSE)
    actions.await_reading(client, lambda reading: reading.code not in (0xC2, 0xC3, 0xC4), CONFIRM_S)

    assert control("lock", registers.STATE, registers.JUMP_E0, lambda: _code(client)) != REFUSED
    reading, locked = actions.await_reading(client, lambda reading: reading.code == LOCKED, CONFIRM_S)
    assert locked, f"E0E0 leads to {reading.code:02X}"
    client.sleep(STAYS_S)
    assert client.reading().code == LOCKED, "it does not stay locked"
    bit = client.read(registers.STATUS).data[2] >> 7
    found["lock"] = {"car": baseline["code"] != 0xA1, "bit": bit}

    assert control("unlock", registers.STATE, registers.JUMP_A1, lambda: _code(client)) != REFUSED
    reading, unlocked = actions.await_reading(client, lambda reading: reading.code != LOCKED, CONFIRM_S)
    assert unlocked, "A1A1 does not lead out of E0"


def test_a_reset_is_obeyed_and_the_box_comes_back(client, control, baseline, found):
    before = next(duty for duty in map(registers.duty_of_amps, LIMITS_A) if duty != baseline["icmax"])
    _limit(client, control, "limit before the reset", before)
    outcome = control("reset", registers.STATE, registers.RESET)
    began = time.monotonic()
    gone = back = False
    while not back and time.monotonic() - began < RESET_S:
        client.sleep(0.5)
        answers = client.try_reading() is not None
        gone |= not answers
        # It may take a moment before the box goes.
        back = answers and (gone or time.monotonic() - began > GOES_S)
    assert back, f"silent for {RESET_S} s after 5A5A"
    back_s = time.monotonic() - began
    after = _icmax(client)
    found["reset"] = {"icmax_before": before, "icmax_after": after}
    found["steps"].append(("after the reset", SAID[outcome], f"answers again {back_s:.1f} s later, Icmax {after}, {_code(client)}"))
