"""Regions: the tables against what follows from physics, the board and each other; settings that do not fit them."""
import pytest
from lorawan import airtime, governor, ledger, regions

NAMES = sorted(regions.REGIONS)
# Pycom 1.20.2.r6, modlora.c: what join() accepts without ValueError.
LOPY4_JOINS = {"AS923": {2}, "AU915": {0, 6}, "EU868": {0, 1, 2, 3, 4, 5}, "US915": {0, 4}}


def test_the_four_regions_of_the_design_are_there_under_their_own_names():
    assert NAMES == ["AS923", "AU915", "EU868", "US915"]
    assert [regions.REGIONS[name].name for name in NAMES] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_uplinks_go_at_sf10_and_125_khz_unless_told_otherwise(name):
    region = regions.REGIONS[name]
    assert region.radio(region.default_rate) == (10, 125)


@pytest.mark.parametrize("name, default", (("AS923", 2), ("AU915", 2), ("EU868", 2), ("US915", 0)))
def test_the_default_data_rates_have_their_numbers(name, default):
    assert regions.REGIONS[name].default_rate == default


@pytest.mark.parametrize("name", NAMES)
def test_joins_take_turns_among_what_the_board_accepts(name):
    region = regions.REGIONS[name]
    assert set(region.join_rates) <= LOPY4_JOINS[name]
    assert all(region.slowest <= rate < len(region.rates) for rate in region.join_rates)


@pytest.mark.parametrize("name", ("AU915", "US915"))
def test_both_join_data_rates_take_turns_the_cheap_one_first(name):
    region = regions.REGIONS[name]
    assert set(region.join_rates) == LOPY4_JOINS[name]
    assert region.radio(region.join_rates[0]) == (8, 500)


@pytest.mark.parametrize("name, data_rate, longest", (
    ("AU915", 2, 11), ("AU915", 3, 53), ("AU915", 4, 125), ("AU915", 5, 242), ("AU915", 6, 242), ("AU915", 0, 51), ("AU915", 1, 51),
    ("AS923", 2, 11), ("AS923", 3, 53), ("AS923", 4, 125), ("AS923", 5, 242),
    ("US915", 0, 11), ("US915", 1, 53), ("US915", 2, 125), ("US915", 3, 242), ("US915", 4, 242),
    ("EU868", 0, 51), ("EU868", 1, 51), ("EU868", 2, 51), ("EU868", 3, 115), ("EU868", 4, 242), ("EU868", 5, 242),
))
def test_the_longest_payloads_are_those_of_the_network(name, data_rate, longest):
    assert regions.REGIONS[name].longest_payload(data_rate) == longest


@pytest.mark.parametrize("name", ("AS923", "AU915", "US915"))
def test_what_a_dwell_limit_allows_stays_under_400_ms(name):
    for sf, khz, _longest, dwell in regions.REGIONS[name].rates:
        if dwell:
            assert airtime.time_on_air_us(sf, khz, airtime.FRAME_OVERHEAD + dwell) <= 400_000
        else:
            # Not even a frame with one byte of payload fits.
            assert airtime.time_on_air_us(sf, khz, airtime.FRAME_OVERHEAD + 1) > 400_000


@pytest.mark.parametrize("name", NAMES)
def test_every_data_rate_that_may_be_set_takes_our_longest_uplink(name):
    region = regions.REGIONS[name]
    assert all(region.longest_payload(rate) >= 11 for rate in range(region.slowest, len(region.rates)))


def test_the_daily_limit_keeps_the_duty_cycle_of_every_hour():
    for region in regions.REGIONS.values():
        if region.duty_permille is not None:
            assert governor.DAY_MAX_MS <= 3_600_000 * region.duty_permille // 1000
    assert regions.REGIONS["EU868"].duty_permille == 10
    assert ledger.DAY_MS == 24 * 3_600_000


@pytest.mark.parametrize("name, sub_band, channels", (
    ("AU915", 1, (0, 1, 2, 3, 4, 5, 6, 7, 64)),
    ("AU915", 2, (8, 9, 10, 11, 12, 13, 14, 15, 65)),
    ("US915", 2, (8, 9, 10, 11, 12, 13, 14, 15, 65)),
    ("US915", 8, (56, 57, 58, 59, 60, 61, 62, 63, 71)),
    ("EU868", 2, ()),
    ("AS923", 2, ()),
))
def test_a_sub_band_is_eight_channels_and_its_wide_one(name, sub_band, channels):
    assert regions.sub_band_channels(regions.REGIONS[name], sub_band) == channels


def test_the_sub_bands_share_out_all_72_channels():
    region = regions.REGIONS["AU915"]
    used = [channel for sub_band in range(1, region.sub_bands + 1) for channel in regions.sub_band_channels(region, sub_band)]
    assert sorted(used) == list(range(72))


@pytest.mark.parametrize("name, sub_band, data_rate", (
    ("AU915", 2, None), ("AU915", 1, 0), ("AU915", 8, 6), ("US915", 2, 4), ("EU868", 2, 5), ("EU868", None, None), ("AS923", 2, 2),
))
def test_what_fits_together_is_no_error(name, sub_band, data_rate):
    assert regions.check(name, sub_band, data_rate) == []


@pytest.mark.parametrize("name, sub_band, data_rate, settings", (
    ("AU916", 2, None, ["REGION"]),
    (None, 2, None, ["REGION"]),
    (["AU915"], 2, None, ["REGION"]),
    ("AU915", 0, None, ["SUB_BAND"]),
    ("AU915", 9, None, ["SUB_BAND"]),
    ("US915", None, None, ["SUB_BAND"]),
    ("US915", True, None, ["SUB_BAND"]),
    ("US915", "2", 5, ["SUB_BAND", "DATA_RATE"]),
    ("AU915", 2, 7, ["DATA_RATE"]),
    ("AU915", 2, -1, ["DATA_RATE"]),
    ("AS923", 2, 1, ["DATA_RATE"]),
    ("EU868", 2, "SF10", ["DATA_RATE"]),
    ("EU868", 2, False, ["DATA_RATE"]),
))
def test_every_wrong_setting_is_named_at_once(name, sub_band, data_rate, settings):
    assert [text.split(":")[0] for text in regions.check(name, sub_band, data_rate)] == settings


@pytest.mark.parametrize("name", NAMES)
def test_the_join_that_may_use_the_reserve_is_the_cheapest(name):
    region = regions.REGIONS[name]
    costs = [airtime.airtime_ms(*region.radio(data_rate), airtime.JOIN_REQUEST) for data_rate in region.join_rates]
    assert costs[0] == min(costs)
