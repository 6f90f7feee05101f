"""The register map and what its numbers mean, held to the printed frames and to the document's limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus import registers
from modbus.registers import CODE, DUTY, FLAG, decode, find


def data(text):
    """The register bytes of a printed answer to a read: without id, function, byte count and LRC."""
    return bytes.fromhex(text)[3:-1]


def status(code, ev, limit_duty, currents, reduced=False):
    return {'code': code, 'ev_connected': ev, 'reduced': reduced, 'enable_input2': False, 'enable_input': True, 'limit_duty': limit_duty,
            'current1_da': currents[0], 'current2_da': currents[1], 'current3_da': currents[2]}


NO_METER = (None, None, None)
PRINTED_STATUS = [
    ('01030A2EA1106403E803E803E8EE', status(0xA1, False, 100, NO_METER)),
    ('01030A2EA1108503E803E803E8CD', status(0xA1, False, 133, NO_METER)),
    ('01030A2EA1110B03E803E803E846', status(0xA1, False, 267, NO_METER)),
    ('01030A2EB2910B03E803E803E8B5', status(0xB2, True, 267, NO_METER)),
    ('01030A2EB2D06403E803E803E81D', status(0xB2, True, 100, NO_METER, reduced=True)),
    ('01030A2EC29100000100010096D9', status(0xC2, True, 256, (0, 0, 150))),
    ('01030A2EE0106403E803E803E8AF', status(0xE0, False, 100, NO_METER)),
    ('01030A2EF4106403E803E803E89B', status(0xF4, False, 100, NO_METER)),
]


@pytest.mark.parametrize('text, expected', PRINTED_STATUS)
def test_a_printed_status_means_what_its_source_says(text, expected):
    assert decode(find(registers.STATUS), data(text)) == expected


def reading_of(words, **options):
    reading = registers.Reading(**options)
    reading.update(b''.join(word.to_bytes(2, 'big') for word in words), 7)
    return reading


@pytest.mark.parametrize('text, expected', PRINTED_STATUS)
def test_the_quick_decoding_agrees_with_the_table(text, expected):
    agree(data(text), expected)


def agree(raw, expected):
    reading = registers.Reading('L1 L2 L3')
    reading.update(raw, 1234)
    for name in ('code', 'reduced', 'enable_input', 'enable_input2', 'limit_duty'):
        assert getattr(reading, name) == expected[name], name
    assert reading.ev_connected is (expected['ev_connected'] if expected['code'] < 0xE0 else None)
    for index, name in enumerate(('current1_da', 'current2_da', 'current3_da')):
        value = expected[name]
        assert reading.currents_da[index] == (None if value is None or value > 800 else value)
    assert reading.at_ms == 1234


@given(st.binary(min_size=10, max_size=10))
def test_any_ten_bytes_decode_alike_by_hand_and_by_table(raw):
    agree(raw, decode(find(registers.STATUS), raw))


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


@pytest.mark.parametrize('text, expected', [
    ('01030401011237AD', ('141215', 1, 1, 2, 'invalid', True, False)),
    ('010304014150BEA8', ('160307', 1, 5, 0, 'closed_to_enable', True, False)),
    ('010304018113BEA5', ('170725', 1, 1, 3, 'closed_to_enable', True, False)),
])
def test_a_printed_identity_means_what_its_source_says(text, expected):
    fields = decode(find(registers.DEVICE), data(text))
    names = ('hardware', 'device_id', 'firmware_major', 'firmware_minor', 'enable_mode', 'meter', 'upstream_timeout')
    assert tuple(fields[name] for name in names) == expected


def test_the_panel_block_is_the_state_alone():
    assert decode(find(registers.PANEL), data('01030204F402')) == {'code': 0xF4}


@pytest.mark.parametrize('text, expected', [
    ('01030A0F3F010B010B00E900E9BA', (267, 267, 233, 233)),
    ('01030A0F3F010B010B00E90000A3', (267, 267, 233, 0)),
])
def test_the_limits_are_box_default_icmax_and_effective(text, expected):
    assert registers.limits_of(data(text)) == expected
    assert tuple(decode(find(registers.LIMITS), data(text)).values()) == expected


@pytest.mark.parametrize('length', [0, 1, 9, 11, 20])
def test_a_block_of_the_wrong_length_decodes_to_nothing(length):
    assert decode(find(registers.STATUS), bytes(length)) is None


# ABL's own examples are rounded down (10 A = 0xA6, 16 A = 0x10A); the rest of the column was computed the same way.
@pytest.mark.parametrize('amps, duty', [
    (6, 0x64), (8, 0x85), (10, 0xA6), (12, 0xC8), (13, 0xD8), (14, 0xE9), (15, 0xFA), (16, 0x10A), (20, 0x14D), (32, 0x215), (51, 850),
    (52, 848), (53, 852), (63, 892), (80, 960),
])
def test_amperes_become_a_duty_cycle_rounded_down(amps, duty):
    assert registers.duty_of_amps(amps) == duty


@pytest.mark.parametrize('amps', [-1, 0, 5, 81, 1000, 16.0, '16', None])
def test_amperes_out_of_range_are_an_error_and_never_clamped(amps):
    with pytest.raises(ValueError):
        registers.duty_of_amps(amps)


@given(st.integers(6, 80))
def test_never_more_is_offered_than_was_asked_for(amps):
    duty = registers.duty_of_amps(amps)
    # In milliamperes: 0.6 A per % below the knee, (duty - 64 %) * 2.5 A above.
    exact_ma = duty * 60 if duty <= 850 else (duty - 640) * 250
    assert amps * 1000 - 1200 < exact_ma <= amps * 1000
    assert registers.may_write(registers.ICMAX, duty)
    if amps != 52:   # between the two lines of the standard
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
        assert access in (registers.READ, registers.WRITE) and broadcast in (True, False)
        assert source in ('ABL', 'forum', 'orig')
        taken = set()
        for _, word, high, low, unit, special in fields:
            assert 0 <= word < words and 15 >= high >= low >= 0
            assert unit in (DUTY, registers.CURRENT, CODE, FLAG, registers.NUMBER)
            bits = {(word, bit) for bit in range(low, high + 1)}
            assert not bits & taken
            taken |= bits
            assert all(0 <= raw < 1 << (high - low + 1) for raw, _ in special)
            # The high byte of the first word is the echo of the address, no field.
            assert word > 0 or high < 8


def test_an_unknown_address_is_a_key_error():
    with pytest.raises(KeyError):
        find(0x0099)
