"""The register map and the meaning of its numbers, against printed frames and the document's limits."""

import pathlib
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vectors import frames
from tests.vectors.frames import data, status

from modbus import registers
from modbus.registers import CODE, DUTY, FLAG, decode, find

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.mark.parametrize('text, expected', frames.STATUS)
def test_a_printed_status_means_what_its_source_says(text, expected):
    assert decode(find(registers.STATUS), data(text)) == expected


def reading_of(words, **options):
    reading = registers.Reading(**options)
    reading.update(b''.join(word.to_bytes(2, 'big') for word in words), 7)
    return reading


@pytest.mark.parametrize('text, expected', frames.STATUS)
def test_the_quick_decoding_agrees_with_the_table(text, expected):
    agree(data(text), expected)


def agree(raw, expected):
    reading = registers.Reading('L1 L2 L3')
    reading.update(raw, 1234)
    for name in ('code', 'reduced', 'enable_input', 'enable_input2'):
        assert getattr(reading, name) == expected[name], name
    # The loop compares it with Icmax and keeps it unchanged.
    assert expected['limit_duty'] == (reading.limit_duty if reading.limit_duty <= 1000 else None)
    assert reading.ev_connected is (expected['ev_connected'] if expected['code'] < 0xE0 else None)
    for index, name in enumerate(('current1_da', 'current2_da', 'current3_da')):
        assert reading.currents_da[index] == expected[name]
    assert reading.at_ms == 1234


@given(st.binary(min_size=10, max_size=10))
def test_any_ten_bytes_decode_alike_by_hand_and_by_table(raw):
    agree(raw, decode(find(registers.STATUS), raw))


blocks = st.lists(st.tuples(st.sampled_from([0xA1, 0xB2, 0xC2, 0xE0, 0xF9]), st.sampled_from([0x1064, 0x9064, 0xD10B, 0x3000]),
                            st.integers(0, 1000), st.integers(0, 2)), max_size=8)


@given(blocks)
def test_a_reading_that_was_used_before_shows_nothing_old(rows):
    used = registers.Reading()
    for code, flags, current, quiet in rows:
        words = (0x2E00 | code, flags, quiet, 1000, current)
        used.update(b''.join(word.to_bytes(2, 'big') for word in words), 7)
        fresh = reading_of(words)
        for name in ('code', 'ev_connected', 'reduced', 'enable_input', 'enable_input2', 'limit_duty', 'currents_da', 'at_ms'):
            assert getattr(used, name) == getattr(fresh, name), name


@pytest.mark.parametrize('code, flags, expected', [
    (0xA1, 0x1064, False), (0xB2, 0x9064, True), (0xC4, 0x9064, True), (0xE0, 0x9064, None), (0xE0, 0x1064, None),
    (0xF9, 0x9064, None), (0xFF, 0, None),
])
def test_a_car_is_neither_there_nor_away_in_e_and_f(code, flags, expected):
    assert reading_of((0x2E00 | code, flags, 0, 0, 0)).ev_connected is expected


@pytest.mark.parametrize('raw, expected', [(0, 0), (1, 0), (2, 2), (150, 150), (800, 800), (801, None), (1000, None), (0xFFFF, None)])
def test_a_current_is_none_without_a_meter_and_nothing_for_its_residue(raw, expected):
    assert reading_of((0x2EC2, 0x9100, raw, raw, raw)).currents_da == [expected] * 3


@pytest.mark.parametrize('order, expected', [('L3 L2 L1', [30, 20, 10]), ('L1 L2 L3', [10, 20, 30]), ('L2 L3 L1', [30, 10, 20])])
def test_phase_order_names_the_conductor_of_each_word(order, expected):
    assert reading_of((0x2EC2, 0x9100, 10, 20, 30), phase_order=order).currents_da == expected


def test_the_third_word_is_l1_unless_said_otherwise():
    # One-phase cars load the third word on every traced box (evcc issue 2715).
    assert reading_of((0x2EC2, 0x9100, 1, 1, 150)).currents_da == [150, 0, 0]


@pytest.mark.parametrize('order', ['', 'L1 L2', 'L1 L2 L2', 'L1 L2 L3 L1', 'L4 L2 L1'])
def test_a_phase_order_that_is_none_is_an_error(order):
    with pytest.raises(ValueError):
        registers.Reading(order)


@pytest.mark.parametrize('text, expected', frames.DEVICE)
def test_a_printed_identity_means_what_its_source_says(text, expected):
    fields = decode(find(registers.DEVICE), data(text))
    assert tuple(fields[name] for name in frames.DEVICE_NAMES) == expected


def test_the_panel_block_is_the_state_alone():
    assert decode(find(registers.PANEL), data('01030204F402')) == {'code': 0xF4}


@pytest.mark.parametrize('text, expected', frames.LIMITS)
def test_the_limits_are_box_default_icmax_and_effective(text, expected):
    assert registers.limits_of(data(text)) == expected
    fields = decode(find(registers.LIMITS), data(text))
    assert tuple(fields[name] for name in ('box_duty', 'default_duty', 'icmax_duty', 'effective_duty')) == expected


@pytest.mark.parametrize('length', [0, 1, 9, 11, 20])
def test_a_block_of_the_wrong_length_decodes_to_nothing(length):
    assert decode(find(registers.STATUS), bytes(length)) is None


# ABL's own examples are rounded down (10 A = 0xA6, 16 A = 0x10A); the rest of the column was computed the same way.
@pytest.mark.parametrize('amps, duty', [
    (6, 0x64), (8, 0x85), (10, 0xA6), (12, 0xC8), (13, 0xD8), (14, 0xE9), (15, 0xFA), (16, 0x10A), (20, 0x14D), (32, 0x215), (50, 833), (51, 844),
    (52, 848), (53, 852), (63, 892), (80, 960),
])
def test_amperes_become_a_duty_cycle_rounded_down(amps, duty):
    assert registers.duty_of_amps(amps) == duty


@pytest.mark.parametrize('amps', [-1, 0, 5, 81, 1000, 16.0, '16', None])
def test_amperes_out_of_range_are_an_error_and_never_clamped(amps):
    with pytest.raises(ValueError):
        registers.duty_of_amps(amps)


@pytest.mark.parametrize('amps, box_duty, allowed', [
    (16, 267, True), (16, 266, True), (17, 267, False), (16, 0x100, False), (32, 0x215, True), (33, 0x215, False), (51, 850, True), (52, 850, False),
    (6, 80, True), (7, 80, False), (6, 0, False), (6, 1000, False), (6, 50, False),
])
def test_amperes_above_the_box_s_own_limit_are_an_error(amps, box_duty, allowed):
    # 267 is what an 11 kW box says of itself: 16.02 A.
    if allowed:
        assert registers.duty_of_amps(amps, box_duty) == registers.duty_of_amps(amps)
    else:
        with pytest.raises(ValueError):
            registers.duty_of_amps(amps, box_duty)


@given(st.integers(6, 80))
def test_never_more_is_offered_than_was_asked_for(amps):
    duty = registers.duty_of_amps(amps)
    # In milliamperes: 0.6 A per % below the knee, (duty - 64 %) * 2.5 A above.
    exact_ma = duty * 60 if duty <= 850 else (duty - 640) * 250
    assert amps * 1000 - 1200 < exact_ma <= amps * 1000
    assert registers.may_write(registers.ICMAX, duty)
    if amps not in (51, 52):   # between the two lines of the standard
        assert registers.da_of_duty(duty) == amps * 10


@pytest.mark.parametrize('duty, da', [
    (0, 0), (1000, 0), (50, None), (79, None), (80, 60), (100, 60), (267, 160), (850, 510), (851, 527), (960, 800), (961, None), (999, None),
    (4095, None),
])
def test_a_duty_cycle_offers_current_or_none_or_says_nothing(duty, da):
    assert registers.da_of_duty(duty) == da


@pytest.mark.parametrize('address, value, allowed', [
    (0x0005, 0x5A5A, True), (0x0005, 0xA1A1, True), (0x0005, 0xE0E0, True),
    (0x0005, 0xF1F1, False), (0x0005, 0x3838, False), (0x0005, 0xE2E2, False), (0x0005, 0, False),
    (0x0014, 1000, True), (0x0014, 80, True), (0x0014, 960, True),
    (0x0014, 0, False), (0x0014, 79, False), (0x0014, 961, False), (0x0014, 999, False), (0x0014, 1001, False), (0x0014, 0x10000 + 100, False),
    (0x002C, 0xF001, False), (0x0013, 0x010B, False), (0x002E, 100, False),
])
def test_only_the_writes_of_normal_operation_are_allowed(address, value, allowed):
    assert registers.may_write(address, value) is allowed


def test_the_map_is_consistent():
    addresses = [register[registers.ADDRESS] for register in registers.REGISTERS]
    assert addresses == sorted(set(addresses))
    titles = [register[registers.TITLE] for register in registers.REGISTERS]
    assert len(set(titles)) == len(titles)
    for _, words, access, broadcast, _, source, fields in registers.REGISTERS:
        assert access in (registers.READ, registers.WRITE) and broadcast in (True, False) and fields
        assert source in ('ABL', 'forum', 'orig')
        assert len({field[registers.NAME] for field in fields}) == len(fields)
        taken = set()
        for _, word, high, low, unit, limits, special in fields:
            assert 0 <= word < words and high >= low >= 0 and (high < 16 or unit == registers.TEXT)
            assert unit in (DUTY, registers.CURRENT, registers.AMPS, registers.PILOT_VOLTS, CODE, FLAG, registers.CHOICE, registers.TEXT,
                            registers.NUMBER)
            # Counted from the end of the last word that the field reaches into.
            end = 16 * (word + high // 16 + 1) - 1
            bits = {end - bit for bit in range(low, high + 1)}
            assert not bits & taken and max(bits) < 16 * words
            taken |= bits
            most = (1 << (high - low + 1)) - 1
            assert all(0 <= raw <= most for raw, _ in special) and (limits is None or 0 <= limits[0] <= limits[1] <= most)
            assert bool(special) >= (unit == registers.CHOICE)
            # The high byte of the first word of an answer is the echo of the address, no field.
            assert access == registers.WRITE or min(bits) >= 8
        assert words == 1 or access == registers.READ


def test_an_unknown_address_is_a_key_error():
    with pytest.raises(KeyError):
        find(0x0099)


# What the sources print of the other registers, and what they say of it.
@pytest.mark.parametrize('address, text, expected', [
    (0x0003, '0103020327D0', {'stop_bits': 1, 'parity': 'even', 'baud': 38400}),
    (0x0015, '01030A15A10ADA000000000ACB83',
     {'code': 0xA1, 'pilot_high': 0x0ADA, 'pilot_low': 0, 'proximity': 0, 'temperature': 0x0ACB}),
    (0x0033, '0103063300A1646464F6', {'ev_connected': False, 'code': 0xA1, 'current1_a': None, 'current2_a': None, 'current3_a': None}),
    # The misprint's meaning, its LRC put right.
    (0x0033, '0103063380C30A0A006C', {'ev_connected': True, 'code': 0xC3, 'current1_a': 10, 'current2_a': 10, 'current3_a': 0}),
    (0x0050, '0103105000325732327879303132333435363722', {'model': '2W22xy', 'serial': '01234567'}),
])
def test_a_printed_block_means_what_its_source_says(address, text, expected):
    assert decode(find(address), data(text)) == expected


def test_the_misprinted_status_means_what_its_source_meant():
    fields = decode(find(registers.STATUS), data('01030A2EC3810A006400640000AE'))
    assert fields == dict(status(0xC3, True, 266, (100, 100, 0)), enable_input=False)


@pytest.mark.parametrize('characters, expected', [
    (b'2W22xy01234567', ('2W22xy', '01234567')),
    (b'1W11  1234    ', ('1W11', '1234')),
    (b'2W22M1\0\0\0\0\0\0\0\0', ('2W22M1', None)),
    (b'\xff' * 14, (None, None)), (b'\0' * 14, (None, None)), (b' ' * 14, (None, None)),
    (b'2W\x0722\xe401234567', ('2W?22?', '01234567')),
])
def test_model_and_serial_number_are_told_apart_and_never_raise(characters, expected):
    fields = decode(find(registers.SERIAL), b'\x50\0' + characters)
    assert (fields['model'], fields['serial']) == expected


@pytest.mark.parametrize('word, expected', [
    (0x0000, {'upstream_fault': 'F14', 'after_power_cycle': 'start', 'pilot_limits': 'default', 'overcurrent': 'to 100 %'}),
    (0xC000, {'upstream_fault': 'F4', 'after_power_cycle': 'wait'}),
    (0x2007, {'pilot_limits': 'china', 'overcurrent': 'above 120 %'}),
    (0x1002, {'pilot_limits': None, 'overcurrent': None}),
    (0x03F8, {'upstream_lost': True, 'imbalance': True, 'hot': True, 'metering_failed': True, 'e0_to_a1_disabled': True,
              'b1_to_b2_disabled': True, 'a1_to_b1_disabled': True}),
    (0x0010, {'b1_to_b2_disabled': True, 'a1_to_b1_disabled': False, 'e0_to_a1_disabled': False}),
])
def test_the_flags_of_the_state_machine_are_told(word, expected):
    fields = decode(find(registers.SYSTEM), b'\x06\x12' + word.to_bytes(2, 'big'))
    assert fields['state_pointer'] == 0x12 and {name: fields[name] for name in expected} == expected


@pytest.mark.parametrize('address, values, word', [
    (0x002C, {'upstream_timeout': 'unchanged', 'after_power_cycle': 'unchanged', 'device_id': 2}, 0xF002),
    (0x002C, {'upstream_timeout': False, 'after_power_cycle': 'unchanged', 'device_id': 1}, 0x7001),
    (0x002C, {'upstream_timeout': True, 'after_power_cycle': 'unchanged', 'device_id': 1}, 0xB001),
    (0x002C, {'upstream_timeout': 'unchanged', 'after_power_cycle': 'start', 'device_id': 1}, 0xD001),
    (0x002C, {'upstream_timeout': 'unchanged', 'after_power_cycle': 'wait', 'device_id': 16}, 0xE010),
    (0x0014, {'icmax_duty': 266}, 0x010A), (0x0014, {'icmax_duty': 'pause'}, 1000),
    (0x0005, {'command': 'lock'}, 0xE0E0), (0x0005, {'command': 'unlock'}, 0xA1A1), (0x0005, {'command': 'reset'}, 0x5A5A),
    (0x0005, {'command': 'setup'}, 0xE2E2),
])
def test_what_is_to_be_written_becomes_its_word_and_is_read_back(address, values, word):
    assert registers.encode(find(address), values) == word
    assert decode(find(address), word.to_bytes(2, 'big')) == values


@pytest.mark.parametrize('address, values, name', [
    (0x002C, {'upstream_timeout': 1, 'after_power_cycle': 'start', 'device_id': 1}, 'upstream_timeout'),
    (0x002C, {'upstream_timeout': True, 'after_power_cycle': 'start', 'device_id': 0}, 'device_id'),
    (0x002C, {'upstream_timeout': True, 'after_power_cycle': 'start', 'device_id': 17}, 'device_id'),
    (0x002C, {'upstream_timeout': True, 'after_power_cycle': 'start', 'device_id': True}, 'device_id'),
    (0x002C, {'upstream_timeout': True, 'device_id': 1}, 'after_power_cycle'),
    (0x0014, {'icmax_duty': 79}, 'icmax_duty'), (0x0014, {'icmax_duty': 961}, 'icmax_duty'), (0x0014, {'icmax_duty': 100.0}, 'icmax_duty'),
    (0x0005, {'command': 'open'}, 'command'), (0x0005, {'command': 0xF1F1}, 'command'), (0x0005, {}, 'command'),
])
def test_what_does_not_fit_is_an_error_that_names_the_field(address, values, name):
    with pytest.raises(ValueError, match='^%s$' % name):
        registers.encode(find(address), values)


def test_every_command_has_its_rule_and_normal_operation_knows_just_the_normal_ones():
    field = find(registers.STATE)[registers.FIELDS][0]
    assert [raw for raw, _, _ in registers.COMMANDS] == [raw for raw, _ in field[registers.SPECIAL]]
    for raw, _, use in registers.COMMANDS:
        assert use in (registers.NORMAL, registers.COMMISSIONING, registers.NEVER)
        assert registers.may_write(registers.STATE, raw) is (use == registers.NORMAL)


@given(st.sampled_from(registers.REGISTERS), st.binary(min_size=16, max_size=16))
def test_any_bytes_of_any_register_decode_without_an_error(register, raw):
    fields = decode(register, raw[:2 * register[registers.WORDS]])
    assert set(fields) == {field[registers.NAME] for field in register[registers.FIELDS]}


def test_the_loop_does_without_the_map():
    # Some 80 fields are memory that a board lacks elsewhere.
    script = 'import sys; sys.path.insert(0, "src"); import main; print("modbus.charger" in sys.modules, "modbus.registers" in sys.modules)'
    result = subprocess.run([sys.executable, '-c', script], cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert result.stdout == 'True False\n', result.stderr
