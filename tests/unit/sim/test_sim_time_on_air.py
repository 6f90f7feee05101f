"""Time on air against published values, and the regional tables against the plans."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.lorawan.time_on_air import DAY_US, REGIONS, DataRate, SlidingSum, preamble_us, symbol_us, time_on_air_us

# (SF, kHz, coding, PHY bytes, microseconds): The Things Stack's toa_test.go, brocaar's airtime_test, lora-modulation's documentation and
# two independent calculators agree on them.
GOLDEN = (
    (7, 125, 1, 10, 41_216), (7, 125, 1, 13, 46_336), (7, 125, 1, 23, 61_696), (7, 125, 1, 64, 118_016), (8, 125, 1, 10, 72_192),
    (9, 125, 1, 10, 144_384), (9, 125, 1, 12, 144_384), (9, 125, 1, 17, 164_864), (9, 125, 1, 24, 205_824), (10, 125, 1, 10, 288_768),
    (10, 125, 1, 14, 288_768), (10, 125, 1, 19, 329_728), (10, 125, 1, 24, 370_688), (11, 125, 1, 10, 577_536), (12, 125, 1, 10, 991_232),
    (12, 125, 1, 13, 1_155_072), (12, 125, 1, 14, 1_155_072), (12, 125, 1, 24, 1_482_752), (12, 125, 1, 64, 2_793_472),
    (7, 250, 1, 10, 20_608), (7, 500, 1, 10, 10_304), (8, 500, 1, 23, 28_288), (7, 125, 2, 10, 45_312), (7, 125, 3, 10, 49_408),
    (7, 125, 4, 10, 53_504), (12, 500, 1, 24, 329_728), (12, 250, 1, 20, 659_456),
)


@pytest.mark.parametrize('sf, khz, coding, phy_bytes, expected_us', GOLDEN)
def test_time_on_air_equals_the_published_value(sf, khz, coding, phy_bytes, expected_us):
    assert time_on_air_us(phy_bytes, DataRate(sf, khz), coding) == expected_us


def test_a_downlink_without_crc_is_never_longer_and_sometimes_shorter():
    rate = DataRate(12, 500)
    pairs = [(time_on_air_us(size, rate, crc=False), time_on_air_us(size, rate)) for size in range(12, 60)]
    assert all(without <= with_crc for without, with_crc in pairs)
    assert any(without < with_crc for without, with_crc in pairs)


@settings(max_examples=200)
@given(st.integers(7, 12), st.sampled_from((125, 250, 500)), st.integers(0, 250))
def test_a_longer_frame_never_takes_less_and_never_less_than_its_preamble(sf, khz, phy_bytes):
    rate = DataRate(sf, khz)
    shorter, longer = time_on_air_us(phy_bytes, rate), time_on_air_us(phy_bytes + 1, rate)
    assert preamble_us(rate) < shorter <= longer
    assert (longer - preamble_us(rate)) % symbol_us(rate) == 0


@pytest.mark.parametrize('name, dr, sf, khz', (
    ('EU868', 0, 12, 125), ('EU868', 5, 7, 125), ('EU868', 6, 7, 250), ('AS923', 2, 10, 125), ('US915', 0, 10, 125), ('US915', 3, 7, 125),
    ('US915', 4, 8, 500), ('AU915', 0, 12, 125), ('AU915', 2, 10, 125), ('AU915', 5, 7, 125), ('AU915', 6, 8, 500)))
def test_uplink_data_rates(name, dr, sf, khz):
    assert REGIONS[name].uplink[dr] == DataRate(sf, khz)


@pytest.mark.parametrize('name, rx2', (('EU868', (9, 125)), ('AS923', (10, 125)), ('US915', (12, 500)), ('AU915', (12, 500))))
def test_second_window_is_that_of_the_networks_plan(name, rx2):
    region = REGIONS[name]
    assert region.downlink[region.rx2_dr] == DataRate(*rx2)


@pytest.mark.parametrize('name, uplink_dr, rx1', (
    ('EU868', 0, (12, 125)), ('EU868', 5, (7, 125)), ('AS923', 2, (10, 125)), ('US915', 0, (10, 500)), ('US915', 3, (7, 500)),
    ('US915', 4, (7, 500)), ('AU915', 0, (12, 500)), ('AU915', 2, (10, 500)), ('AU915', 5, (7, 500)), ('AU915', 6, (7, 500))))
def test_first_window_follows_the_uplink(name, uplink_dr, rx1):
    region = REGIONS[name]
    assert region.downlink[region.rx1_dr(uplink_dr)] == DataRate(*rx1)


@pytest.mark.parametrize('name, dwell, rooms', (
    ('EU868', True, (51, 51, 51, 115, 242, 242, 242)), ('US915', True, (11, 53, 125, 242, 242)),
    ('AU915', True, (0, 0, 11, 53, 125, 242, 242)), ('AU915', False, (51, 51, 51, 115, 242, 242, 242)),
    ('AS923', True, (0, 0, 11, 53, 125, 242, 242)), ('AS923', False, (51, 51, 51, 115, 242, 242, 242))))
def test_uplink_room_with_and_without_the_dwell_limit(name, dwell, rooms):
    region = REGIONS[name]
    assert tuple(region.uplink_room(dr, dwell) for dr in range(len(rooms))) == rooms
    assert region.uplink_room(len(rooms), dwell) == 0
    assert region.uplink_room(-1, dwell) == 0


@pytest.mark.parametrize('name', ('AU915', 'AS923', 'US915'))
def test_the_dwell_limited_room_is_what_400_ms_hold(name):
    region = REGIONS[name]
    for dr, rate in region.uplink.items():
        room = region.uplink_room(dr)
        if room:
            assert time_on_air_us(13 + room, rate) <= 400_000
        else:
            assert time_on_air_us(13, rate) > 400_000


def test_downlink_rooms_of_the_wide_rates():
    assert [REGIONS['AU915'].downlink_room(dr) for dr in range(8, 14)] == [53, 129, 242, 242, 242, 242]


@pytest.mark.parametrize('name, first, last, wide', (('AU915', 916_800_000, 918_200_000, (6, 917_500_000)),
                                                     ('US915', 903_900_000, 905_300_000, (4, 904_600_000))))
def test_second_sub_band_has_eight_narrow_channels_and_a_wide_one(name, first, last, wide):
    region = REGIONS[name]
    assert (region.channels[0], region.channels[-1], len(region.channels)) == (first, last, 8)
    assert (region.wide_dr, region.wide_channel) == wide


def test_the_sliding_day_is_half_open():
    day = SlidingSum()
    day.add(0, 3)
    day.add(DAY_US, 4)
    assert day.largest() == 4
    day.add(DAY_US + 1, 2)
    assert day.largest() == 6
    assert SlidingSum().largest() == 0


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 3 * DAY_US), st.integers(0, 10_000_000)), max_size=30))
def test_the_largest_day_equals_trying_every_window(entries):
    entries.sort()
    day = SlidingSum()
    for t_us, amount in entries:
        day.add(t_us, amount)
    windows = [sum(amount for t_us, amount in entries if start <= t_us < start + DAY_US) for start, _ in entries]
    assert day.largest() == max(windows, default=0)
