"""The state table is total, unique and never takes an unknown box for a healthy one."""

from app.codec import vocabulary
from app.evse import states
from app.evse.states import NEVER_CLEARED, TABLE, colour_of, is_charging, is_fault, is_locked, reason_of, state_of
from hal.contract import BLUE, GREEN, PURPLE, RED, WHITE, YELLOW

# ABL 05 0015 20 Rev. B, 3.4, all 21.
CODES = (0xA1, 0xB1, 0xB2, 0xC2, 0xC3, 0xC4, 0xE0, 0xE1, 0xE2, 0xE3) + tuple(range(0xF1, 0xFC))


def test_every_code_of_the_document_has_exactly_one_row():
    assert len(CODES) == 21
    assert sorted(row[0] for row in TABLE) == sorted(CODES)


def test_home_managers_words_for_every_byte_there_is():
    expected = {0xA1: 'Not Connected', 0xB1: 'Connected and Locked', 0xB2: 'Charged', 0xC2: 'Charging', 0xC3: 'Charging', 0xC4: 'Charging'}
    for code in range(256):
        assert vocabulary.STATES[state_of(code)] == expected.get(code, 'Disabled'), hex(code)


def test_the_colours_are_the_originals():
    expected = {0xA1: BLUE, 0xB1: YELLOW, 0xB2: WHITE, 0xC2: GREEN, 0xC3: GREEN, 0xC4: GREEN, 0xE0: PURPLE, 0xE1: PURPLE, 0xE2: PURPLE, 0xE3: PURPLE}
    for code in range(256):
        assert colour_of(code) == expected.get(code, RED), hex(code)


def test_reduced_current_is_charging_too():
    assert [code for code in range(256) if is_charging(code)] == [0xC2, 0xC3, 0xC4]


def test_every_fx_is_a_fault_and_says_so():
    assert [code for code in range(256) if is_fault(code)] == list(range(0xF0, 0x100))
    for code in range(0xF0, 0x100):
        assert vocabulary.REASONS[reason_of(code)] == 'fault'


def test_an_unknown_code_is_never_taken_for_ok():
    for code in range(1, 0x100):
        if code not in CODES:
            assert (vocabulary.STATES[state_of(code)], vocabulary.REASONS[reason_of(code)], colour_of(code)) == ('Disabled', 'fault', RED)


def test_only_e0_is_the_lock():
    assert [code for code in range(256) if is_locked(code)] == [0xE0]


def test_the_faults_that_a_person_must_clear():
    assert NEVER_CLEARED == (0xF1, 0xF2, 0xF3, 0xF9, 0xFA, 0xFB)


def test_a_code_has_the_name_that_it_is_printed_as():
    named = {name: getattr(states, name) for name in dir(states) if name.startswith("CODE_")}
    assert named == {f"CODE_{row[0]:02X}": row[0] for row in states.TABLE}
