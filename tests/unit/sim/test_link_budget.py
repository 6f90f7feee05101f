"""Gateways, distances and outages: which frames are received, and which gateway sends the answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.contract import RECEIVED
from sim.lorawan.time_on_air import REGIONS, DataRate
from sim.lorawan.link_budget import FADING_LIMIT, FLOOR_DB, LinkBudget, sensitivity_dbm
from sim.lorawan.end_device import Uplink
from tests.support.air import START_UTC_S, joined

COMMAND = {'f_port': 1, 'payload': b'\x03'}
HOUR_US = 3_600_000_000
NEAR = 120.0
# Where the mean SNR of an AU915 device is -11.5 dB: under SF7's floor of -7.5, over SF10's of -15.
BASEMENT = 20 + 117 + 11.5
FAR = 300.0


def through(air, dr, frames=120):
    """Share of the uplinks at that data rate that arrived."""
    for _ in range(frames):
        air.up(dr=dr, seconds=8)
    uplinks = air.of('uplink')
    air.forget()
    return sum(entry['received'] for entry in uplinks) / len(uplinks)


@pytest.mark.parametrize('rate, dbm', (
    (DataRate(7, 125), -123), (DataRate(8, 125), -126), (DataRate(9, 125), -129), (DataRate(10, 125), -132), (DataRate(11, 125), -133),
    (DataRate(12, 125), -136), (DataRate(7, 250), -120), (DataRate(12, 250), -133), (DataRate(7, 500), -116), (DataRate(12, 500), -130)))
def test_sensitivity_is_the_datasheets_within_three_decibels(rate, dbm):
    assert abs(sensitivity_dbm(rate) - dbm) <= 3


@pytest.mark.parametrize('name', sorted(REGIONS))
def test_the_default_gateway_loses_nothing_at_any_rate_whatever_the_fading(name):
    region = REGIONS[name]
    link = LinkBudget(name)
    for rate in region.uplink.values():
        frame = Uplink()
        frame.rate, frame.start_us = rate, 0
        for luck in (-9, 0, 9):
            link._random.gauss = lambda mean, deviation, luck=luck: luck
            assert len(link.up(frame)) == 1
    for rate in region.downlink.values():
        for luck in (-9, 9):
            link._random.gauss = lambda mean, deviation, luck=luck: luck
            assert link.down(link.gateways[0], rate, True) >= FLOOR_DB[rate.sf]
            assert link.down(link.gateways[0], rate, False) >= FLOOR_DB[rate.sf]


def test_from_a_basement_the_slow_rates_get_through_and_the_fast_ones_do_not(evidence):
    air = joined(path_loss_db=(BASEMENT,), dr=0, seed=2)
    fast, slow = through(air, 5), through(air, 2)
    evidence('a basement in the simulated link budget: frames lost at SF7 and at SF10', '%.0f %% and %.0f %%' % (100 - 100 * fast, 100 - 100 * slow))
    assert fast < 0.15 and slow > 0.9
    assert through(air, 0, 30) == 1.0


def test_more_distance_is_never_less_loss():
    air = joined(seed=4)
    shares = []
    for loss in (140.0, 145.0, 147.0, 149.0, 155.0):
        air.network.link.gateways[0].path_loss_db = loss
        shares.append(through(air, 4, 60))
    assert shares[0] == 1.0 and shares[-1] == 0.0
    assert shares == sorted(shares, reverse=True)


def test_a_downlink_too_weak_for_the_first_window_is_lost():

    air = joined('A', path_loss_db=(NEAR,), fading_db=0.0)
    air.network.link.gateways[0].path_loss_db = 26 + 111 + 9
    air.network.push([COMMAND])
    air.up(dr=2)
    assert [entry['received'] for entry in air.of('uplink') + air.of('downlink')] == [True, True]     # SF10: floor -15 dB
    air.forget()
    air.network.push([COMMAND])
    air.network.link._device_dbm += 10
    air.up(dr=5)
    assert [entry['received'] for entry in air.of('uplink') + air.of('downlink')] == [True, False]    # SF7: floor -7.5 dB


def test_all_gateways_that_heard_it_are_told_the_best_first():
    air = joined(path_loss_db=(130.0, NEAR, FAR, 125.0), fading_db=0.0)
    air.up()
    receptions = air.message('up')['uplink_message']['rx_metadata']
    assert [reception['gateway_ids']['gateway_id'] for reception in receptions] == ['gateway-2', 'gateway-4', 'rooftop-gateway']
    assert [reception['rssi'] for reception in receptions] == [-100, -105, -110]
    assert [reception['snr'] for reception in receptions] == [17.0, 12.0, 7.0]
    assert len({reception['gateway_ids']['eui'] for reception in receptions}) == 3


def test_fading_is_drawn_anew_for_every_frame_and_from_the_seed():
    def rssis(seed):
        air = joined(seed=seed)
        for _ in range(20):
            air.up()
        return [message['uplink_message']['rx_metadata'][0]['rssi'] for suffix, _, message in air.messages if suffix == 'up']
    assert rssis(1) == rssis(1) != rssis(2)
    assert len(set(rssis(1))) > 3


def test_the_best_gateway_answers_and_the_next_one_while_it_is_down():
    air = joined(path_loss_db=(130.0, NEAR), fading_db=0.0).run(100)
    rooftop, second = air.network.link.gateways
    sent = []
    for gateway in (rooftop, second):
        gateway.begin = lambda *times, gateway=gateway, begin=gateway.begin: (sent.append(gateway), begin(*times))
    air.network.push([COMMAND])
    air.run(5)
    air.network.gateway_down(air.kernel.now_us + HOUR_US, gateway=1)
    air.network.push([COMMAND])
    air.run(5)
    assert sent == [second, rooftop]
    assert [entry['received'] for entry in air.of('downlink')] == [True, True]


def test_a_gateway_that_fails_between_booking_and_slot_is_replaced():
    air = joined(path_loss_db=(130.0, NEAR), fading_db=0.0).run(100)
    air.network.push([COMMAND])
    air.run(0.2)
    air.network.gateway_down(air.kernel.now_us + HOUR_US, gateway=1)
    air.run(5)
    assert [entry['received'] for entry in air.of('downlink')] == [True]


def test_one_gateway_down_is_no_outage_but_all_of_them_are():
    air = joined(path_loss_db=(130.0, NEAR))
    air.network.gateway_down(air.kernel.now_us + HOUR_US, gateway=1)
    air.up()
    air.network.gateway_down(air.kernel.now_us + HOUR_US)
    air.up()
    assert [entry['received'] for entry in air.of('uplink')] == [True, False]


def test_a_queue_waits_for_the_only_gateway_that_knows_the_device():
    air = joined(path_loss_db=(NEAR, FAR)).run(100)
    until_us = air.kernel.now_us + HOUR_US
    air.network.gateway_down(until_us, gateway=0)
    air.network.push([COMMAND])
    assert air.run(3000).of('downlink') == []
    assert air.run(1000).of('downlink')[0]['received']


def test_a_gateway_that_sends_is_deaf_and_the_other_hears():
    heard = {}
    for losses in ((NEAR,), (NEAR, 125.0)):
        air = joined(path_loss_db=losses).run(100)
        air.network.push([COMMAND])
        air.run(0.4)
        air.up()
        heard[losses] = air.of('uplink')[0]['received']
    assert heard == {(NEAR,): False, (NEAR, 125.0): True}


def test_lost_joins_have_a_chance_of_their_own():
    air = joined(seed=6)
    air.network.join_loss = 0.5
    for _ in range(200):
        air.join()
    accepted = [entry['accepted'] for entry in air.of('join')]
    assert 0.4 < sum(accepted) / len(accepted) < 0.6
    air.network.join_loss = 0.0
    air.join()
    assert through(air, 2, 20) == 1.0


def test_commands_arrive_through_a_bad_link_in_both_directions():
    air = joined(path_loss_db=(BASEMENT,), dr=0, first_uplink=False).up(dr=0).forget()
    air.network.push([COMMAND] * 3)
    air.run(60)
    assert [event[0] for _, event in air.events] == [RECEIVED] * 3


@given(st.floats(100, 180), st.floats(0, 10), st.integers(0, 1000), st.sampled_from(sorted(REGIONS['AU915'].uplink)))
def test_whatever_is_received_was_strong_enough_and_within_the_fading(loss, fading, seed, dr):
    link = LinkBudget('AU915', (loss, loss + 5), fading, seed)
    frame = Uplink()
    frame.rate, frame.start_us = REGIONS['AU915'].uplink[dr], 0
    receptions = link.up(frame)
    assert sorted(receptions, key=lambda one: -one.snr) == receptions
    for gateway, rssi, snr in receptions:
        assert snr >= FLOOR_DB[frame.rate.sf] - 0.05
        assert abs(rssi - (20 - gateway.path_loss_db)) <= FADING_LIMIT * fading + 0.5


def test_a_month_at_a_bad_place_stays_deterministic_and_within_every_limit():
    def month(seed):
        air = joined('C', region='EU868', dr=0, seed=seed, path_loss_db=(138.0, 141.0), adr=True, modem={'device_time': True}, uplink_loss=0.2,
                     downlink_loss=0.2, join_loss=0.5, first_uplink=False)
        for step in range(30 * 24):
            if step % 200 == 100:
                air.network.gateway_down(air.kernel.now_us + 30 * HOUR_US, gateway=step % 400 // 200)
            if step % 250 == 249:
                air.network.lose_session()
            if step % 60 == 30:
                air.radio.ask_time()
            if air.network.session is None or air.radio.data_rate() is None:
                air.radio.join(0)
            else:
                assert air.radio.send(1, bytes(min(11, air.radio.max_payload(air.radio.data_rate()))), step % 20 == 0, 0)
            air.network.push([dict(COMMAND, confirmed=step % 3 == 0)])
            air.run(3600)
        return air
    air, again = month(11), month(11)
    assert (air.timeline, air.messages) == (again.timeline, again.messages)
    received = [entry['received'] for entry in air.of('uplink')]
    assert len(received) > 500 and sum(received) / len(received) > 0.5
    assert all(gateway.duty.largest_permille().get('P', 0) <= 100 for gateway in air.network.link.gateways)
    assert abs(air.radio.utc_s() - START_UTC_S - air.kernel.now_us / 1e6) < 1.01
    assert {entry['sf'] for entry in air.of('uplink')} > {12}
