"""The simulated clock server against TS003 and the stack's package, and its path to the device."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.contract import RECEIVED
from sim.lorawan.clock_server import answers, gps_us
from tests.support.air import START_UTC_S, joined

# 2024-01-01T00:00:00Z
UTC_S = 1_704_067_200
GPS_S = 1_388_102_418
SECOND_US = 1_000_000


def request(device_s, token=0, wants=True, state=0):
    return bytes((1,)) + (device_s % 2 ** 32).to_bytes(4, 'little') + bytes((state << 5 | wants << 4 | token,))


def corrections(payload):
    """(seconds, token) of each answer."""
    found = [payload[at:at + 6] for at in range(0, len(payload), 6)]
    assert all(len(one) == 6 and one[0] == 1 and one[5] < 16 for one in found)
    return [(int.from_bytes(one[1:5], 'little', signed=True), one[5]) for one in found]


def test_gps_time_is_ahead_by_the_leap_seconds():
    assert gps_us(UTC_S * SECOND_US) == GPS_S * SECOND_US


def test_the_standards_own_frames():
    # 01 01 02 04 08 15 is 0x08040201 with token 5; the answer 01 ff fd fb f7 05 is -134480385 s.
    received_us = UTC_S * SECOND_US + (0x08040201 - 134480385 - GPS_S) * SECOND_US
    assert answers(bytes.fromhex('010102040815'), received_us) == bytes.fromhex('01fffdfbf705')


@pytest.mark.parametrize('ahead_us, correction', ((0, 0), (999_999, 0), (1_000_000, 1), (-999_999, 0), (-1_000_000, -1), (-1_500_000, -1),
                                                  (3600 * SECOND_US, 3600)))
def test_the_correction_is_whole_seconds_towards_zero(ahead_us, correction):
    assert corrections(answers(request(GPS_S), UTC_S * SECOND_US + ahead_us)) == [(correction, 0)]


@pytest.mark.parametrize('ahead_us, answered', ((4_000_000, False), (-4_000_000, False), (4_000_001, True), (-4_000_001, True), (0, False)))
def test_who_wants_no_answer_gets_one_when_more_than_four_seconds_off(ahead_us, answered):
    assert bool(answers(request(GPS_S, wants=False), UTC_S * SECOND_US + ahead_us)) == answered


@pytest.mark.parametrize('payload, count', (
    (b'', 0), (b'\x00', 0), (b'\x02\x00' + bytes(4), 0), (b'\x03\x01', 0), (request(GPS_S)[:5], 0),
    (request(1) + request(2), 2), (request(1) + b'\x00' + request(2), 1), (b'\x00' + request(1), 0), (request(1) + b'\x01', 1)))
def test_parsing_stops_at_what_is_no_request(payload, count):
    assert len(corrections(answers(payload, UTC_S * SECOND_US))) == count


@given(st.integers(0, 2 ** 32 - 1), st.integers(0, 15), st.integers(0, 7), st.integers(0, 4 * 10 ** 15))
def test_a_corrected_clock_is_right_whatever_it_said(device_s, token, state, utc_us):
    (correction, echoed), = corrections(answers(request(device_s, token, True, state), utc_us))
    assert echoed == token
    error_s = (gps_us(utc_us) / SECOND_US - device_s - correction + 2 ** 31) % 2 ** 32 - 2 ** 31
    assert abs(error_s) < 1.001


@given(st.binary(max_size=40), st.integers(0, 4 * 10 ** 15))
def test_any_payload_is_survived(payload, utc_us):
    assert len(answers(payload, utc_us)) % 6 == 0


@pytest.mark.parametrize('klass', 'AC')
def test_the_answer_comes_in_the_first_window_and_the_request_is_told_as_any_uplink(klass):
    air = joined(klass, decode=lambda f_port, payload: None).run(500)
    start_us = air.kernel.now_us
    air.up(request(0, 7), port=202)
    end_us = air.of('uplink')[0]['t_us']
    assert air.suffixes() == ['up', 'down/queued', 'down/sent'] and 'decoded_payload' not in air.message('up')['uplink_message']
    assert air.message('down/queued')['downlink_queued']['f_port'] == 202 and 'confirmed' not in air.message('down/queued')['downlink_queued']
    port, payload = next(event[1:] for _, event in air.events if event[0] == RECEIVED)
    expected_s = (gps_us(START_UTC_S * SECOND_US + end_us) // SECOND_US + 2 ** 31) % 2 ** 32 - 2 ** 31
    assert port == 202 and corrections(payload) == [(expected_s, 7)]
    assert start_us + 5_000_000 < air.of('downlink')[0]['t_us'] < start_us + 6_000_000


def test_a_repeated_or_lost_request_is_answered_once_or_never():
    air = joined(modem={'trials': 3})
    air.network.downlink_loss = 1.0
    air.up(request(0), port=202, confirmed=True, seconds=60)
    assert len(air.of('uplink')) == 3 and len(air.of('downlink_queued')) == 1
    air.network.uplink_loss = 1.0
    air.forget().up(request(0), port=202)
    assert air.of('downlink_queued') == []


def test_other_ports_and_a_server_switched_off_answer_nothing():
    air = joined().up(request(0), port=20)
    air.network.clock_sync = False
    air.up(request(0), port=202)
    assert air.of('downlink_queued') == []
