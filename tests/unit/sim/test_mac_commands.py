"""MAC commands between the simulated network and modem: status, data rate, time; their cost in room and airtime."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.contract import ACKED, HEARD, SENT
from sim.lorawan.time_on_air import REGIONS, DataRate, time_on_air_us
from sim.lorawan.mac_commands import ADR_ACK_DELAY, ADR_ACK_LIMIT, DEVICE_TIME, DOWN_BYTES, LINK_ADR, LINK_ADR_NO_RATE, UP_BYTES, DeviceMac, split
from sim.lorawan.end_device import RX2, Downlink
from tests.support.air import START_UTC_S, Air, joined

COMMAND = {'f_port': 1, 'payload': b'\x03'}
DAY_S = 86_400
TIMED = {'device_time': True}
NEAR = 110.0
FOREVER_US = 10 ** 15


def asked(klass='C', **options):
    """An Air whose device has just been asked for its status; the answer waits."""
    air = joined(klass, **options).run(DAY_S)
    air.up()
    return air


def test_the_status_is_asked_for_a_day_after_the_last_time_and_then_once_a_day():
    air = joined('A')
    for _ in range(3 * 26):
        air.run(3590)
        air.up()
    assert [entry['t_us'] // (DAY_S * 1_000_000) for entry in air.of('downlink')] == [1, 2, 3]
    assert all(entry['f_port'] == 0 and entry['hex'] == '' and entry['received'] for entry in air.of('downlink'))
    assert air.kinds().count(HEARD) == 3


def test_the_status_is_asked_for_after_two_hundred_uplinks():
    air = joined('A', dr=5)
    for _ in range(410):
        air.up(dr=5)
    assert len(air.of('downlink')) == 2


def test_the_request_is_one_byte_and_the_answer_three():
    air = asked()
    request, uplink = air.of('downlink')[0], air.of('uplink')[0]
    assert request['t_us'] == uplink['t_us'] + 5_000_000 + time_on_air_us(12 + 1, DataRate(10, 500), crc=False)
    air.forget().up(bytes(8))
    assert air.of('uplink')[0]['airtime_ms'] == time_on_air_us(13 + 8 + 3, DataRate(10, 125)) / 1000
    battery, margin = air.network.mac.status
    assert battery == 0 and 3 <= margin <= 15      # external power; 26 dBm over 128 dB at 500 kHz are 9 dB, and the fading


def test_an_answer_that_waits_takes_its_room_and_a_longer_frame_is_refused():
    air = asked()
    assert [air.radio.max_payload(dr) for dr in (2, 3, 5)] == [8, 50, 239]
    assert not air.radio.send(1, bytes(9), False, 2)
    air.up(bytes(8))
    assert air.radio.max_payload(2) == 11
    assert air.radio.send(1, bytes(11), False, 2)


def test_a_lost_answer_is_asked_for_again():
    air = asked()
    air.network.uplink_loss = 1.0
    air.up()
    air.network.uplink_loss = 0.0
    air.forget().up()
    assert len(air.of('downlink')) == 1 and air.network.mac.status is None
    air.up()
    assert air.network.mac.status is not None
    assert len(air.forget().up().of('downlink')) == 0


def test_a_repeated_frame_carries_its_answer_again_and_keeps_to_its_room():
    air = asked(modem={'trials': 3})
    air.forget().network.gateway_down(FOREVER_US)
    air.up(bytes(50), confirmed=True, dr=3, seconds=60)
    assert [(entry['sf'], entry['airtime_ms']) for entry in air.of('uplink')] == [(9, time_on_air_us(66, DataRate(9, 125)) / 1000)] * 3


def test_a_repeated_frame_goes_slower_only_where_its_answer_fits_too():
    air = asked(modem={'trials': 3})
    air.forget().network.gateway_down(FOREVER_US)
    air.up(bytes(9), confirmed=True, dr=3, seconds=60)      # 9 and 3 are more than the 11 of SF10
    assert [entry['sf'] for entry in air.of('uplink')] == [9, 9, 9]


def test_a_request_rides_on_an_acknowledgement():
    air = joined('C').run(DAY_S).up(confirmed=True)
    assert air.kinds() == [ACKED] and len(air.of('downlink')) == 1 and air.radio.max_payload(2) == 8


def test_a_request_rides_on_a_command():
    air = joined('A').run(DAY_S)
    air.network.push([COMMAND])
    air.up()
    assert [entry['hex'] for entry in air.of('downlink')] == ['03'] and air.radio.max_payload(2) == 8
    assert air.of('downlink')[0]['t_us'] - air.of('uplink')[0]['t_us'] - 5_000_000 == time_on_air_us(15, DataRate(10, 500), crc=False)


def test_a_request_waits_where_the_command_leaves_no_room():
    air = joined('A', region='EU868', dr=0).run(DAY_S)
    air.network.push([{'f_port': 1, 'payload': bytes(51)}])
    air.up(dr=0, seconds=20)
    assert len(air.of('downlink')[0]['hex']) == 102 and air.radio.max_payload(0) == 51
    air.forget().up(dr=0, seconds=20)
    assert [entry['hex'] for entry in air.of('downlink')] == [''] and air.radio.max_payload(0) == 48


def test_a_new_session_forgets_answers_that_wait():
    air = asked()
    air.join()
    assert air.radio.max_payload(2) == 11


# --- adaptive data rate


def test_without_adr_frames_go_out_as_asked():
    air = joined()
    assert air.radio.data_rate() is None
    air.up(dr=2).up(dr=5)
    assert [entry['sf'] for entry in air.of('uplink')] == [10, 7] and air.of('downlink') == []


def test_adr_begins_with_the_rate_of_the_join():
    air = Air(adr=True)
    assert air.radio.data_rate() is None
    air.join(6)
    assert air.radio.data_rate() == 6
    air.network.gateway_down(FOREVER_US)
    air.join(6)
    assert air.radio.data_rate() is None


@pytest.mark.parametrize('region, join_dr, loss, first, final', (
    ('EU868', 0, NEAR, 5, 5), ('AU915', 6, NEAR, 5, 5), ('US915', 0, NEAR, 3, 3),
    ('EU868', 0, 14 + 117 - 7.0, 3, 4),     # 7 - 15 - 2.5 = -10.5: SF9 (-12.5), with 20 uplinks -8: SF8 (-10)
    ('EU868', 0, 14 + 117 + 6.0, 0, 0), ('AU915', 0, 20 + 117 + 1.0, 0, 1)))
def test_a_near_device_is_told_to_go_faster_and_does(region, join_dr, loss, first, final):
    air = Air('A', adr=True, region=region, path_loss_db=(loss,), fading_db=0.0)
    air.join(join_dr).up(dr=0, seconds=20)
    air.up(dr=0, seconds=20)
    assert air.radio.data_rate() == first
    for _ in range(45):
        air.up(dr=0, seconds=20)
    assert air.radio.data_rate() == final
    wanted = REGIONS[region].uplink[final].sf
    assert air.of('uplink')[-1]['sf'] == wanted
    told = [entry for entry in air.of('downlink')]
    assert len(told) == (first != join_dr) + (final != first)


def test_what_was_heard_at_another_rate_says_nothing():
    air = Air('A', adr=True, region='EU868', path_loss_db=(14 + 117 - 7.0,), fading_db=0.0).join(0).up(dr=0, seconds=20)
    air.network.link.gateways[0].path_loss_db += 16
    for _ in range(30):
        air.up()
    assert air.radio.data_rate() == 3


def test_a_rate_that_was_refused_is_not_asked_for_again():
    air = Air('A', adr=True, region='EU868', path_loss_db=(NEAR,)).join(0)
    air.radio.mac._set_rate = lambda data_rate: LINK_ADR_NO_RATE
    for _ in range(30):
        air.up(dr=0, seconds=20)
    assert len(air.of('downlink')) == 5 and air.radio.data_rate() == 0


def test_the_rate_that_is_set_comes_before_the_one_asked_for():
    air = Air(adr=True).join(6)
    air.radio.mac.data_rate = 2
    assert not air.radio.send(1, bytes(12), False, 5)
    air.up(dr=5)
    assert air.of('uplink')[0]['sf'] == 10


def test_the_answer_to_a_new_rate_takes_two_bytes():
    air = Air('A', adr=True, region='EU868', path_loss_db=(NEAR,)).join(0).up(dr=0, seconds=20)
    assert air.radio.data_rate() == 5 and air.radio.max_payload(5) == 240
    air.forget().up(bytes(10))
    assert air.of('uplink')[0]['airtime_ms'] == time_on_air_us(25, DataRate(7, 125)) / 1000
    assert air.of('downlink') == []


def test_unheard_a_device_asks_after_64_uplinks_and_goes_slower_after_96_and_every_32():
    air = Air('A', adr=True, region='EU868', path_loss_db=(NEAR,)).join(5).up(dr=5)
    air.forget().network.gateway_down(FOREVER_US)
    asked_at = []
    for number in range(ADR_ACK_LIMIT + 6 * ADR_ACK_DELAY):
        asked_at += [number] if air.up().radio._frame.adr_ack_req else []
    rates = [entry['sf'] for entry in air.of('uplink')]
    first = ADR_ACK_LIMIT + ADR_ACK_DELAY - 1    # one uplink without an answer went before
    assert rates[:first] == [7] * first
    assert rates[first::ADR_ACK_DELAY] == [8, 9, 10, 11, 12, 12]
    assert asked_at[0] == ADR_ACK_LIMIT - 1
    assert asked_at[-1] == first + 4 * ADR_ACK_DELAY - 1     # the slowest asks no more


def test_who_asks_whether_he_is_heard_is_answered_and_keeps_his_rate():
    air = Air('A', adr=True, region='EU868', path_loss_db=(NEAR,)).join(5)
    for _ in range(120):
        air.up()
    assert {entry['sf'] for entry in air.of('uplink')} == {7}
    assert len(air.of('downlink')) == 1 and air.kinds().count(HEARD) == 1


def test_back_off_ends_where_the_dwell_limit_leaves_no_room():
    air = Air('A', adr=True).join(6)
    air.radio.mac.data_rate = 3
    air.network.gateway_down(FOREVER_US)
    for _ in range(200):
        air.up()
    assert air.radio.data_rate() == 2


def test_a_rate_that_does_not_exist_is_refused():
    air = Air(adr=True).join(6).up()
    mac = air.radio.mac
    rate = air.radio.data_rate()
    frame = Downlink(air.radio.session, RX2, f_opts=bytes((LINK_ADR, 0xF0, 0, 0xFF, 1)))
    mac.uplink()
    mac.downlink(frame)
    assert mac.data_rate == rate
    assert mac.uplink()[0] == b'\x03\x05'


# --- time


def test_a_modem_without_device_time_cannot_ask():
    air = joined()
    assert air.radio.ask_time() is False and air.radio.max_payload(2) == 11
    assert air.up().of('downlink') == [] and air.radio.utc_s() is None


@pytest.mark.parametrize('klass', 'AC')
def test_the_time_is_that_of_the_end_of_the_uplink(klass):
    air = joined(klass, modem=TIMED).run(1234.5)
    assert air.radio.ask_time() is True and air.radio.ask_time() is True
    assert air.radio.utc_s() is None and air.radio.max_payload(2) == 10
    air.up(bytes(10))
    assert air.of('uplink')[0]['airtime_ms'] == time_on_air_us(24, DataRate(10, 125)) / 1000
    assert air.of('downlink')[0]['t_us'] == air.of('uplink')[0]['t_us'] + 5_000_000 + time_on_air_us(18, DataRate(10, 500), crc=False)
    assert sorted(air.kinds()) == [SENT, HEARD]
    for _ in range(20):
        air.run(0.31)
        exact = START_UTC_S + air.kernel.now_us / 1e6
        assert -1 - 1 / 256 < air.radio.utc_s() - exact <= 0
    assert air.radio.max_payload(2) == 11


def test_a_time_request_that_is_not_answered_must_be_made_again():
    air = joined('A', modem=TIMED)
    air.radio.ask_time()
    air.network.downlink_loss = 1.0
    air.up()
    air.network.downlink_loss = 0.0
    air.up()
    assert air.radio.utc_s() is None
    air.radio.ask_time()
    assert isinstance(air.up().radio.utc_s(), int)


def test_the_time_outlives_a_join_but_no_reboot():
    air = joined('A', modem=TIMED)
    air.radio.ask_time()
    air.up().join()
    assert air.radio.utc_s() is not None
    air.radio = air.network.radio('A')
    assert air.radio.utc_s() is None


# --- the wire


def test_commands_are_read_up_to_the_first_unknown_or_broken_one():
    assert list(split(b'\x06\x03\x50\x00\xff\x01', DOWN_BYTES)) == [(6, b''), (3, b'\x50\x00\xff\x01')]
    assert list(split(b'\x06\x70\x06', DOWN_BYTES)) == [(6, b'')]
    assert list(split(b'\x06\x03\x50', DOWN_BYTES)) == [(6, b'')]
    assert list(split(b'', UP_BYTES)) == []


@given(st.binary(max_size=15))
def test_any_options_are_survived(options):
    mac = DeviceMac(REGIONS['EU868'], True, True)
    mac.new_session(3)
    mac.downlink(Downlink(None, RX2, f_opts=options))
    answer, _, _ = mac.uplink()
    assert len(answer) <= 45 and mac.data_rate in REGIONS['EU868'].uplink
    assert sum(1 + len(body) for _, body in split(answer, UP_BYTES)) == len(answer)
    assert DEVICE_TIME not in [cid for cid, _ in split(answer, UP_BYTES)]
