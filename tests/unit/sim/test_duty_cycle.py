"""Duty cycle in EU868: counted for the device, enforced in the gateways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.lorawan.time_on_air import DataRate, SlidingSum, time_on_air_us
from sim.lorawan.duty_cycle import HOUR_US, SUB_BANDS, DutyCycle
from tests.support.air import Air, joined

M_HZ, P_HZ = 868_100_000, 869_525_000
FULL_US = HOUR_US // 100


def test_channels_and_second_window_lie_in_their_sub_bands():
    duty = DutyCycle('EU868')
    for frequency_hz in (867_100_000, 867_900_000, 868_100_000, 868_500_000, 869_525_000):
        duty.add(0, 3_600_000, frequency_hz)
    assert duty.largest_permille() == {'L': 2.0, 'M': 2.0, 'P': 1.0}
    assert {band.name: band.permille for band in SUB_BANDS['EU868']} == {'K': 1, 'L': 10, 'M': 10, 'N': 1, 'P': 100, 'R': 10}


@pytest.mark.parametrize('region', ('AU915', 'US915', 'AS923'))
def test_elsewhere_nothing_is_counted_and_nothing_forbidden(region):
    duty = DutyCycle(region)
    duty.add(0, HOUR_US, 916_800_000)
    assert duty.largest_permille() == {} and duty.free_us(HOUR_US, HOUR_US, 916_800_000) == HOUR_US


def test_a_full_sub_band_is_free_again_an_hour_after_what_fills_it():
    duty = DutyCycle('EU868')
    duty.add(0, FULL_US - 1, M_HZ)
    assert duty.free_us(FULL_US, 1, M_HZ) == FULL_US
    assert duty.free_us(FULL_US, 2, M_HZ) == HOUR_US + FULL_US - 1
    assert duty.free_us(FULL_US, 2, P_HZ) == FULL_US


@given(st.lists(st.tuples(st.integers(0, HOUR_US), st.integers(1, FULL_US)), max_size=40))
def test_who_waits_until_it_is_free_never_exceeds_the_limit(frames):
    duty = DutyCycle('EU868')
    now_us = 0
    sent = []
    for pause_us, airtime_us in frames:
        start_us = duty.free_us(now_us + pause_us, airtime_us, M_HZ)
        assert start_us >= now_us + pause_us
        now_us = start_us + airtime_us
        duty.add(start_us, now_us, M_HZ)
        sent.append((now_us, airtime_us))
    worst_us = max((sum(length for t_us, length in sent if end_us - HOUR_US < t_us <= end_us) for end_us, _ in sent), default=0)
    assert worst_us <= FULL_US
    assert duty.largest_permille().get('M', 0) == pytest.approx(worst_us * 1000 / HOUR_US)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 9)), max_size=30), st.integers(0, 500), st.integers(0, 9), st.integers(9, 40))
def test_room_is_found_at_the_first_instant(entries, later, amount, limit):
    sums = SlidingSum(100)
    entries.sort()
    for t_us, counted in entries:
        sums.add(t_us, counted)
    now_us = (entries[-1][0] if entries else 0) + later

    def fits(t_us):
        return sum(counted for at_us, counted in entries if t_us - 100 < at_us) + amount <= limit
    assert sums.room_from(now_us, amount, limit) == next(t_us for t_us in range(now_us, now_us + 200) if fits(t_us))


def test_the_devices_emissions_are_counted_by_sub_band_joins_included():
    air = Air(region='EU868').join(5)
    air.up(dr=0, seconds=20)
    used = air.network.duty_permille_max()
    emitted_ms = sum(entry['airtime_ms'] for entry in air.of('join') + air.of('uplink'))
    assert sum(used.values()) == pytest.approx(emitted_ms / 3600) and set(used) <= {'L', 'M'}
    assert Air().join().network.duty_permille_max() == {}


def test_what_is_over_an_hour_ago_counts_no_more():
    air = joined(region='EU868', dr=5)
    air.network.duty = DutyCycle('EU868')
    for _ in range(10):
        air.up(dr=0, seconds=3601)
    assert max(air.network.duty_permille_max().values()) == pytest.approx(1155.072 / 3600)


def fill(gateway, frequency_hz, now_us):
    """The gateway has used up its hour there."""
    gateway.duty.add(now_us - (10 if frequency_hz == P_HZ else 1) * FULL_US, now_us, frequency_hz)


def fill_narrow(air):
    for frequency_hz in (M_HZ, 867_100_000):
        fill(air.network.link.gateways[0], frequency_hz, air.kernel.now_us)


def test_an_answer_takes_the_second_window_when_the_first_ones_sub_band_is_full():
    air = joined('A', region='EU868', dr=5)
    fill_narrow(air)
    air.network.push([{'f_port': 1, 'payload': b'\x03'}])
    air.up(dr=5)
    gap_us = air.of('downlink')[0]['t_us'] - air.of('uplink')[0]['t_us']
    assert gap_us == 6_000_000 + time_on_air_us(14, DataRate(9, 125), crc=False) and air.of('downlink')[0]['received']


def test_a_join_is_accepted_in_the_second_window_when_the_first_ones_sub_band_is_full():
    air = Air(region='EU868')
    air.run(3600)
    fill_narrow(air)
    start_us = air.kernel.now_us
    air.join(5)
    assert air.events[0][0] - start_us == 61_696 + 6_000_000 + time_on_air_us(33, DataRate(9, 125), crc=False)


def test_a_class_c_downlink_waits_for_the_gateways_duty_cycle():
    air = joined('C', region='EU868', dr=5).run(7200)
    now_us = air.kernel.now_us
    fill(air.network.link.gateways[0], P_HZ, now_us)
    air.network.push([{'f_port': 1, 'payload': b'\x03'}])
    assert air.run(3500).of('downlink') == []
    assert air.run(200).of('downlink')[0]['t_us'] == now_us + HOUR_US + time_on_air_us(14, DataRate(9, 125), crc=False)


def test_another_gateway_sends_what_the_best_one_may_not():
    air = joined('C', region='EU868', dr=5, path_loss_db=(110.0, 120.0)).run(7200)
    fill(air.network.link.gateways[0], P_HZ, air.kernel.now_us)
    air.network.push([{'f_port': 1, 'payload': b'\x03'}])
    assert air.run(10).of('downlink')[0]['received']


def test_a_storm_of_downlinks_keeps_the_gateways_limits():
    air = joined('C', region='EU868', dr=5)
    air.network.push([{'f_port': 1, 'payload': bytes(51)}] * 1500)
    air.run(3 * 3600)
    used = air.network.link.gateways[0].duty.largest_permille()
    assert 95 < used['P'] <= 100 and all(permille <= 10 for name, permille in used.items() if name != 'P')
