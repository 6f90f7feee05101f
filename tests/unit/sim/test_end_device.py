"""The simulated modem: timing of windows, classes, repetitions, refusals and power cuts, with the real network at the other end."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hal.contract import ACKED, FAILED, HEARD, JOIN_FAILED, JOINED, RECEIVED, SENT
from sim.lorawan.time_on_air import REGIONS, DataRate, preamble_us, time_on_air_us
from sim.lorawan.end_device import RX1, RX2, Downlink
from tests.support.air import Air, joined

SF10 = DataRate(10, 125)
ONE_BYTE_SF10_US = 288_768
RX2_WIDE = DataRate(12, 500)
ANSWER_DELAY_US = 530_000
THRICE = {'trials': 3}


def test_join_is_reported_when_the_accept_has_been_heard():
    air = Air().join(6)
    request_us = time_on_air_us(23, DataRate(8, 500))
    accept_us = time_on_air_us(17, DataRate(7, 500), crc=False)
    assert air.events == [(request_us + 5_000_000 + accept_us, (JOINED, 0, None))]
    assert air.of('join') == [{'kind': 'join', 't_us': 28_288, 'accepted': True, 'airtime_ms': 28.288}]


def test_join_accept_with_channel_list_where_the_region_has_one():
    air = Air(region='EU868').join(5)
    accept_us = time_on_air_us(33, DataRate(7, 125), crc=False)
    assert air.events[0][0] == 61_696 + 5_000_000 + accept_us


def test_join_that_nobody_hears_fails_after_the_second_window():
    air = Air()
    air.network.gateway_down(3600_000_000)
    air.join(0)
    request_us = time_on_air_us(23, DataRate(12, 125))
    assert air.events == [(request_us + 6_000_000 + preamble_us(RX2_WIDE), (JOIN_FAILED, 0, None))]
    assert air.of('join')[0]['accepted'] is False


def test_lost_accept_is_a_failed_attempt():
    air = Air(downlink_loss=1.0).join()
    assert air.kinds() == [JOIN_FAILED]
    assert not air.radio.send(1, b'\xa1', False, 2)


def test_join_ends_the_session_at_once():
    air = joined()
    air.network.gateway_down(3600_000_000)
    air.join()
    assert air.kinds() == [JOIN_FAILED]
    assert not air.radio.send(1, b'\xa1', False, 2)


def test_unconfirmed_uplink_is_sent_when_both_windows_stayed_empty():
    air = joined()
    start_us = air.kernel.now_us
    air.up()
    assert air.events == [(start_us + ONE_BYTE_SF10_US + 6_000_000 + preamble_us(RX2_WIDE), (SENT, 1, None))]
    entry = air.of('uplink')[0]
    assert entry == {'kind': 'uplink', 't_us': start_us + ONE_BYTE_SF10_US, 'f_port': 1, 'hex': 'A1', 'decoded': None, 'sf': 10,
                     'airtime_ms': 288.768, 'received': True}


@pytest.mark.parametrize('region, dr, first, second', (
    ('EU868', 5, (7, 125), (9, 125)), ('AU915', 2, (10, 500), (12, 500)), ('US915', 0, (10, 500), (12, 500)), ('AS923', 3, (9, 125), (10, 125))))
def test_class_a_hears_in_the_first_window_on_its_data_rate(region, dr, first, second):
    air = joined('A', region=region, dr=2 if region == 'AS923' else None, first_uplink=False)
    air.network.push([{'f_port': 1, 'payload': b'\x03'}])
    start_us = air.kernel.now_us
    air.up(dr=dr)
    uplink_us = time_on_air_us(14, REGIONS[region].uplink[dr])
    end_us = start_us + uplink_us + 5_000_000 + time_on_air_us(14, DataRate(*first), crc=False)
    assert air.events == [(end_us, (SENT, 1, None)), (end_us, (RECEIVED, 1, b'\x03'))]
    assert air.of('downlink') == [{'kind': 'downlink', 't_us': end_us, 'f_port': 1, 'hex': '03', 'received': True}]
    assert air.network.region.downlink[air.network.region.rx2_dr] == DataRate(*second)


def test_rx1_delay_is_the_sessions():
    air = joined('A', rx1_delay_s=1)
    air.network.push([{'f_port': 1, 'payload': b'\x03'}])
    start_us = air.kernel.now_us
    air.up()
    assert air.events[0][0] == start_us + ONE_BYTE_SF10_US + 1_000_000 + time_on_air_us(14, DataRate(10, 500), crc=False)


def test_class_a_hears_in_the_second_window_what_missed_the_first():
    air = joined('A')
    start_us = air.kernel.now_us
    air.up(seconds=5)
    air.network.push([{'f_port': 1, 'payload': b'\x03'}])
    air.run(5)
    end_us = start_us + ONE_BYTE_SF10_US + 6_000_000 + time_on_air_us(14, RX2_WIDE, crc=False)
    assert air.events == [(end_us, (SENT, 1, None)), (end_us, (RECEIVED, 1, b'\x03'))]


def test_class_a_is_deaf_between_uplinks():
    air = joined('A')
    air.network.push([{'f_port': 1, 'payload': b'\x03'}])
    air.run(3600)
    assert air.events == [] and air.of('downlink') == []


def test_class_c_hears_at_any_time():
    air = joined('C').run(1000)
    start_us = air.kernel.now_us
    air.network.push([{'f_port': 20, 'payload': b'\x01\x02'}])
    air.run(5)
    end_us = start_us + ANSWER_DELAY_US + time_on_air_us(15, RX2_WIDE, crc=False)
    assert air.events == [(end_us, (RECEIVED, 20, b'\x01\x02'))]


def test_class_c_hears_between_its_uplink_and_the_first_window():
    air = joined('C').run(1000)
    air.network.push([{'f_port': 20, 'payload': b'\x01'}])
    air.run(0.1)
    air.up()
    assert air.kinds() == [RECEIVED, SENT]
    assert air.of('downlink')[0]['received'] and air.of('uplink')[0]['received']


def test_nothing_is_heard_while_transmitting_nor_by_the_gateway_while_it_transmits():
    air = joined('C').run(1000)
    air.network.push([{'f_port': 20, 'payload': b'\x01'}])
    air.run(0.4)
    air.up()
    assert [entry['received'] for entry in air.of('downlink') + air.of('uplink')] == [False, False]
    assert air.kinds() == [SENT]


def test_an_uplink_breaks_off_a_reception():
    air = joined('C').run(1000)
    air.network.push([{'f_port': 20, 'payload': b'\x01'}])
    air.run(0.6)
    air.up()
    assert [entry['received'] for entry in air.of('downlink') + air.of('uplink')] == [False, False]
    assert air.kinds() == [SENT]


def test_busy_until_the_windows_are_over():
    air = joined()
    assert air.radio.send(1, b'\xa1', False, 2)
    assert not air.radio.send(1, b'\xa1', False, 2)
    assert not air.radio.join(6)
    air.run(6)
    assert not air.radio.send(1, b'\xa1', False, 2)
    air.run(1)
    assert air.radio.send(1, b'\xa1', False, 2)


@pytest.mark.parametrize('port, payload, dr', ((1, bytes(12), 2), (1, b'', 7), (1, b'\xa1', -1), (0, b'\xa1', 2), (224, b'\xa1', 2),
                                               (1, bytes(243), 5)))
def test_a_frame_that_cannot_be_is_refused(port, payload, dr):
    air = joined()
    assert not air.radio.send(port, payload, False, dr)
    assert air.run(30).events == [] and air.of('uplink') == []


def test_unknown_join_data_rate_is_refused():
    assert not Air().radio.join(7)
    assert not Air(region='US915').radio.join(5)


def test_max_payload_is_the_dwell_limits_or_the_plans():
    radio = Air().radio
    assert [radio.max_payload(dr) for dr in range(8)] == [51, 51, 11, 53, 125, 242, 242, 0]


def test_confirmed_uplink_is_acknowledged_in_the_first_window():
    air = joined()
    start_us = air.kernel.now_us
    air.up(confirmed=True, dr=4)
    end_us = start_us + time_on_air_us(14, DataRate(8, 125)) + 5_000_000 + time_on_air_us(12, DataRate(8, 500), crc=False)
    assert air.events == [(end_us, (ACKED, 1, None))]
    assert air.of('downlink') == [{'kind': 'downlink', 't_us': end_us, 'f_port': 0, 'hex': '', 'received': True}]


def test_acknowledgement_and_payload_come_in_one_frame():
    air = joined('A')
    air.network.push([{'f_port': 1, 'payload': b'\x03'}])
    air.up(confirmed=True)
    assert air.kinds() == [ACKED, RECEIVED] and len(air.of('downlink')) == 1


def test_confirmed_uplink_is_repeated_three_times_slower_at_last_and_every_emission_counts():
    air = joined(modem=THRICE)
    air.network.gateway_down(3600_000_000)
    air.up(confirmed=True, dr=5, seconds=60)
    assert [event for _, event in air.events] == [(FAILED, 3, 'no_ack')]
    uplinks = air.of('uplink')
    assert [entry['sf'] for entry in uplinks] == [7, 7, 8]
    for before, after in zip(uplinks, uplinks[1:]):
        gap_us = after['t_us'] - int(after['airtime_ms'] * 1000) - before['t_us'] - 6_000_000 - preamble_us(RX2_WIDE)
        assert 1_000_000 <= gap_us <= 3_000_000


def test_unless_told_otherwise_a_modem_emits_a_confirmed_frame_once():
    air = joined()
    air.network.gateway_down(3600_000_000)
    air.up(confirmed=True, seconds=60)
    assert [event for _, event in air.events] == [(FAILED, 1, 'no_ack')]


def test_a_repetition_stays_at_the_rate_its_payload_needs():
    air = joined(modem=THRICE)
    air.network.gateway_down(3600_000_000)
    air.up(payload=bytes(53), confirmed=True, dr=3, seconds=60)
    assert [entry['sf'] for entry in air.of('uplink')] == [9, 9, 9]


def test_a_repetition_that_comes_through_is_acknowledged_with_its_count():
    air = joined(modem=THRICE)
    air.network.gateway_down(air.kernel.now_us + 3_000_000)
    air.up(confirmed=True, seconds=30)
    assert [event for _, event in air.events] == [(ACKED, 2, None)]
    assert [entry['received'] for entry in air.of('uplink')] == [False, True]


def test_lost_acknowledgements_make_repetitions_that_are_told_once():
    air = joined(modem=THRICE)
    air.network.downlink_loss = 1.0
    air.up(confirmed=True, seconds=60)
    assert air.kinds() == [FAILED]
    assert [entry['received'] for entry in air.of('uplink')] == [True] * 3 and len(air.of('downlink')) == 3
    assert air.suffixes() == ['up']


def test_confirmed_downlink_is_acknowledged_by_the_next_uplink_only():
    air = joined('C')
    air.network.push([{'f_port': 1, 'payload': b'\x03', 'confirmed': True}])
    air.run(5)
    air.up()
    air.up()
    air.network.downlink_loss = 1.0
    air.network.push([{'f_port': 1, 'payload': b'\x03', 'confirmed': True}])
    air.run(5)
    air.up()
    assert air.suffixes() == ['down/queued', 'down/sent', 'down/ack', 'up', 'up', 'down/queued', 'down/sent', 'down/nack', 'up', 'down/sent']


def test_an_empty_frame_with_a_port_is_heard_but_delivers_nothing():
    air = joined('C')
    air.network.push([{'f_port': 5, 'payload': b''}])
    assert air.run(5).kinds() == [HEARD]


def test_an_empty_uplink_is_a_byte_shorter_for_want_of_a_port():
    air = joined()
    air.up(payload=b'', dr=5)
    assert air.of('uplink')[0]['airtime_ms'] == time_on_air_us(12, DataRate(7, 125)) / 1000


def test_an_event_wakes_the_firmware():
    air = joined('C').run(100)
    air.network.push([{'f_port': 1, 'payload': b'\x03'}])
    air.kernel.sleep_until(air.kernel.now_us + 3600_000_000)
    assert air.radio.poll() == (RECEIVED, 1, b'\x03')


def test_a_power_cut_breaks_off_the_frame_and_everything_after_it():
    air = joined()
    air.radio.send(1, b'\xa1', False, 2)
    air.run(0.1)
    air.radio.kill()
    assert air.run(30).events == []
    assert [(entry['received'], entry['airtime_ms']) for entry in air.of('uplink')] == [(False, 100.0)]
    assert not air.radio.join(6) and not air.radio.send(1, b'\xa1', False, 2) and air.radio.poll() is None


def test_a_reboot_makes_a_modem_without_session_and_silences_the_old_one():
    air = joined('C')
    old = air.radio
    old.send(1, b'\xa1', False, 2)
    air.radio = air.network.radio('C')
    assert not air.radio.send(1, b'\xa1', False, 2)
    air.network.push([{'f_port': 1, 'payload': b'\x03'}])
    air.run(30)
    assert air.events == [] and old.poll() is None


def test_a_dead_device_hears_nothing():
    air = joined('C').run(100)
    air.network.push([{'f_port': 1, 'payload': b'\x03'}])
    air.run(0.6)
    air.radio.kill()
    air.run(5)
    assert not air.of('downlink')[0]['received']


@pytest.mark.parametrize('kind, confirmed', ((SENT, False), (ACKED, True)))
def test_a_faulty_modem_swallows_one_event_and_is_free_again(kind, confirmed):
    air = joined()
    air.radio.fault_drop_event = kind
    air.up(confirmed=confirmed)
    assert air.events == []
    air.up(confirmed=confirmed)
    assert air.kinds() == [kind]


def strange(air, window, session=None, ack=False, answers=None):
    """A frame that the network would not send just now."""
    frame = Downlink(session or air.radio.session, window, answers, ack)
    frame.f_port, frame.payload = 7, b'' if ack else b'\x07'
    return frame


def test_the_first_windows_parameters_are_heard_in_that_window_only():
    air = joined('C').run(100)
    frame = strange(air, RX1)
    air.radio.preamble(frame)
    assert not air.radio.over(frame, True)


def test_the_first_window_takes_the_receiver_away_from_class_c():
    air = joined('C').run(100)
    air.radio.send(1, b'\xa1', False, 2)
    air.run(5)
    frame = strange(air, RX2)
    air.radio.preamble(frame)
    air.run(0.5)
    assert not air.radio.over(frame, True)


def test_a_frame_of_another_session_is_no_frame():
    air = joined('C').run(100)
    for frame in (strange(air, RX2, session=object()), strange(air, RX2, answers=object())):
        air.radio.preamble(frame)
        assert not air.radio.over(frame, True)
    assert air.run(1).events == []


def test_class_c_takes_an_acknowledgement_that_comes_late():
    air = joined('C', modem=THRICE).run(100)
    air.network.gateway_down(air.kernel.now_us + 3600_000_000)
    air.radio.send(1, b'\xa1', True, 2)
    air.run(7)
    frame = strange(air, RX2, ack=True)
    air.radio.preamble(frame)
    air.run(0.2)
    assert air.radio.over(frame, True)
    assert [event for _, event in air.run(30).events] == [(ACKED, 1, None)]


def test_a_frame_in_class_cs_second_window_ends_it_though_it_began_before():
    air = joined('C').run(100)
    start_us = air.kernel.now_us
    air.radio.send(1, b'\xa1', False, 2)
    air.run(6.2)
    frame = strange(air, RX2)
    air.radio.preamble(frame)
    air.run((start_us + ONE_BYTE_SF10_US + 6_010_000 - air.kernel.now_us) / 1e6)
    assert air.radio.over(frame, True)
    assert [event for _, event in air.run(10).events] == [(SENT, 1, None), (RECEIVED, 7, b'\x07')]


def test_a_broken_frame_in_the_first_window_leaves_the_second():
    air = joined('A')
    air.network.push([{'f_port': 1, 'payload': b'\x03'}])
    start_us = air.kernel.now_us
    air.radio.send(1, b'\xa1', False, 2)
    air.run(5.3)
    air.network.gateway_down(air.kernel.now_us + 10_000)
    air.run(5)
    assert air.events == [(start_us + ONE_BYTE_SF10_US + 6_000_000 + preamble_us(RX2_WIDE), (SENT, 1, None))]


def test_accept_that_cannot_be_sent_leaves_the_windows_empty():
    air = Air(region='EU868')
    air.radio.join(0)
    air.run(2)
    air.network.gateway_down(3600_000_000)
    air.run(10)
    request_us = time_on_air_us(23, DataRate(12, 125))
    assert air.events == [(request_us + 6_000_000 + preamble_us(DataRate(9, 125)), (JOIN_FAILED, 0, None))]


@settings(max_examples=40)
@given(st.sampled_from('AC'), st.integers(0, 2 ** 32), st.lists(st.tuples(
    st.sampled_from(('send', 'confirm', 'join', 'push', 'reboot', 'outage')), st.integers(0, 12), st.integers(0, 6)), max_size=20))
def test_every_accepted_request_gets_exactly_one_answer(klass, seed, steps):
    air = Air(klass, seed=seed, uplink_loss=0.2, downlink_loss=0.2)
    owed = 0
    for action, seconds, dr in steps:
        if action == 'push':
            air.network.push([{'f_port': 1 + dr, 'payload': bytes(dr), 'confirmed': bool(dr % 2)}])
        elif action == 'outage':
            air.network.gateway_down(air.kernel.now_us + seconds * 1_000_000)
        elif action == 'reboot':
            air.radio, owed = air.network.radio(klass), 0
            air.forget()
        elif action == 'join':
            owed += air.radio.join(dr)
        else:
            owed += air.radio.send(1, b'\xa1', action == 'confirm', dr)
        air.run(seconds)
        answers = sum(kind in (JOINED, JOIN_FAILED, SENT, ACKED, FAILED) for kind in air.kinds())
        assert answers in (owed, owed - 1)
    air.run(120)
    assert sum(kind in (JOINED, JOIN_FAILED, SENT, ACKED, FAILED) for kind in air.kinds()) == owed
