"""src/app/codec/status_frames.py against ttn/vectors.json and docs/payload.md."""

import json
import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vectors.payload import NO_REASON, Result, Status, commands, ours, result_of, status_of

from app.codec import status_frames, downlink, vocabulary

VECTORS = json.loads((pathlib.Path(__file__).parents[4] / 'ttn' / 'vectors.json').read_text())
STATUS_VECTORS = ours(VECTORS, 10)
RESULT_VECTORS = ours(VECTORS, 11)


def named(vectors):
    return [pytest.param(data, packed, id=description) for description, data, packed in vectors]


def original(port, payload):
    """(operation, id) of a downlink on the original's ports, None if it is none."""
    told = downlink.read(port, payload) if port != downlink.PORT else None
    return None if told is None else (told.op, told.command_id)


def test_the_vectors_are_enough_to_mean_something():
    assert len(STATUS_VECTORS) >= 15 and len(RESULT_VECTORS) >= 8 and len(commands(VECTORS)) >= 3


@pytest.mark.parametrize('data, packed', named(STATUS_VECTORS))
def test_a_status_is_packed_as_the_vectors_say(data, packed):
    assert status_frames.encode_status(status_of(data), len(packed)) == packed


@pytest.mark.parametrize('data, packed', named(RESULT_VECTORS))
def test_a_result_is_packed_as_the_vectors_say(data, packed):
    result, status = result_of(data, packed)
    assert status_frames.encode_result(result, status, len(packed), result.count, result.possible_wh) == packed


@pytest.mark.parametrize('word, port, packed', commands(VECTORS))
def test_a_downlink_of_the_vectors_is_the_command_its_mode_names(word, port, packed):
    command, command_id = original(port, packed)
    assert vocabulary.COMMANDS[command] == word
    assert command_id is None


@pytest.mark.parametrize('limit, length', [(0, None), (4, None), (5, 5), (10, 5), (11, 11), (242, 11)])
def test_a_status_takes_the_room_there_is(limit, length):
    full = status_frames.encode_status(Status(), 11)
    packed = status_frames.encode_status(Status(), limit)
    assert packed is None if length is None else packed == full[:length]


@pytest.mark.parametrize('limit, length', [(-1, None), (4, None), (5, 5), (7, 5), (8, 8), (242, 8)])
def test_a_result_takes_the_room_there_is(limit, length):
    full = status_frames.encode_result(Result(), Status(), 11)
    packed = status_frames.encode_result(Result(), Status(), limit)
    assert packed is None if length is None else packed == full[:length]


@pytest.mark.parametrize('limit_da, half_amperes', [
    (-5, 0), (0, 0), (1, 1), (60, 12), (62, 12), (63, 13), (159, 32), (160, 32), (630, 126), (800, 126), (None, 127),
])
def test_a_limit_is_rounded_to_half_amperes_and_a_small_one_is_not_none(limit_da, half_amperes):
    assert status_frames.encode_status(Status(limit_da=limit_da), 5)[4] == half_amperes
    assert status_frames.encode_result(Result(), Status(limit_da=limit_da), 8)[7] == half_amperes


@pytest.mark.parametrize('current_da, quarter_amperes', [
    (-3, 0), (0, 0), (1, 0), (2, 1), (155, 62), (157, 63), (160, 64), (635, 254), (800, 254), (None, 255),
])
def test_a_current_is_rounded_to_quarter_amperes(current_da, quarter_amperes):
    packed = status_frames.encode_status(Status(currents_da=(current_da, 10, 20)), 11)
    assert tuple(packed[5:8]) == (quarter_amperes, 4, 8)


@pytest.mark.parametrize('energy_wh, units', [
    (-1, 0), (9, 0), (10, 1), (12345, 1234), (655340, 0xFFFE), (655350, 0xFFFE), (10**9, 0xFFFE), (None, 0xFFFF),
])
def test_energy_never_claims_more_than_was_counted_and_never_wraps(energy_wh, units):
    packed = status_frames.encode_status(Status(energy_wh=energy_wh), 11)
    assert packed[8] << 8 | packed[9] == units


any_int = st.integers(-(2**40), 2**40)
maybe_int = st.none() | any_int
maybe_bool = st.sampled_from([None, False, True])
any_status = st.builds(
    Status, code=any_int, state=any_int, reason=any_int, ev_connected=maybe_bool, enable_input=maybe_bool,
    time_known=st.booleans(), override=any_int, limit_da=maybe_int,
    currents_da=st.none() | st.lists(maybe_int, min_size=3, max_size=3), energy_wh=maybe_int,
    energy_estimated=st.booleans(), plan_hash=any_int,
)
any_result = st.builds(Result, command=any_int, command_id=maybe_int, result=any_int, detail=any_int)


@given(any_result, any_status, st.integers(-1, 300))
def test_no_value_is_too_wild_to_be_packed(result, status, limit):
    status_bytes = status_frames.encode_status(status, limit)
    result_bytes = status_frames.encode_result(result, status, limit, result.count)
    if limit < 5:
        assert status_bytes is None and result_bytes is None
    else:
        assert status_bytes[0] == 0x10 and len(status_bytes) <= min(limit, 11)
        assert result_bytes[0] == 0x11 and len(result_bytes) <= min(limit, 11)


@pytest.mark.parametrize('name, shift, mask, table', [
    ('state', 5, 7, vocabulary.STATES), ('reason', 0, 31, vocabulary.REASONS),
])
def test_an_index_that_does_not_exist_goes_out_as_all_ones(name, shift, mask, table):
    def sent(index):
        return status_frames.encode_status(Status(**{name: index}), 5)[2] >> shift & mask

    assert [sent(index) for index in range(len(table))] == list(range(len(table)))
    assert {sent(index) for index in (-1, len(table), 1000)} == {mask}


def test_no_override_result_command_or_detail_is_invented_either():
    assert status_frames.encode_status(Status(override=6), 5)[3] & 7 == 7
    packed = status_frames.encode_result(Result(command=17, result=5, detail=len(vocabulary.DETAILS)), Status(), 5)
    assert (packed[1], packed[3] >> 5, packed[4]) == (255, 7, 255)


@pytest.mark.parametrize('port', [1, 2])
def test_the_bytes_of_the_original_are_three_commands(port):
    commands = [original(port, bytes([byte])) for byte in range(256)]
    assert [vocabulary.COMMANDS[found[0]] for found in commands if found] == ['lock', 'unlock', 'reset']
    assert [byte for byte, found in enumerate(commands) if found] == [1, 2, 3]


@given(st.integers(0, 255), st.binary(max_size=60))
def test_every_other_downlink_is_none(port, payload):
    ours = port in (1, 2) and payload in (b'\x01', b'\x02', b'\x03')
    assert (original(port, payload) is not None) == ours


@pytest.mark.parametrize('payload', [b'', b'\x01\x01', b'\x03' * 36, b'\x02\x00'])
def test_a_command_of_the_original_is_one_byte_and_no_more(payload):
    assert original(1, payload) is None


def test_downlinks_may_come_in_a_bytearray():
    assert original(1, bytearray(b'\x03')) == (3, None)


@pytest.mark.parametrize('table, places', [
    (vocabulary.STATES, 7), (vocabulary.REASONS, NO_REASON), (vocabulary.OVERRIDES, 7), (vocabulary.RESULTS, 7), (vocabulary.COMMANDS, 255),
    (vocabulary.HOLDERS, 255), (vocabulary.EVENTS, 31), (vocabulary.DEVICE_PARTS, 31), (vocabulary.READBACK_PARTS, 31), (vocabulary.CAUSES, 15),
    (vocabulary.DETAILS, vocabulary.BAD_SETTING), (vocabulary.SETTINGS, 127),
])
def test_each_vocabulary_fits_its_bits_and_leaves_all_ones_free(table, places):
    assert len(table) <= places
    assert len(set(table)) == len(table)
