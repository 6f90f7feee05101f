"""Regions: the tables against physics, the board and each other; settings that do not fit them."""
import pytest
from lorawan import airtime, airtime_budget, airtime_log, regions

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


# By region and data rate: SF, kHz, and the largest MACPayload (M) without and with the dwell limit as The Things Stack has it; application
# bytes are 8 less. LoRaWAN Regional Parameters 1.0.3; AU915 after RP002-1.0.3, which honours the dwell limit.
NETWORK_SIZES = {
    "EU868": ((12, 125, 59, 59), (11, 125, 59, 59), (10, 125, 59, 59), (9, 125, 123, 123), (8, 125, 250, 250), (7, 125, 250, 250)),
    "US915": ((10, 125, 19, 19), (9, 125, 61, 61), (8, 125, 133, 133), (7, 125, 250, 250), (8, 500, 250, 250)),
    "AU915": ((12, 125, 59, 0), (11, 125, 59, 0), (10, 125, 59, 19), (9, 125, 123, 61), (8, 125, 250, 133), (7, 125, 250, 250),
              (8, 500, 250, 250)),
    "AS923": ((12, 125, 59, 0), (11, 125, 59, 0), (10, 125, 59, 19), (9, 125, 123, 61), (8, 125, 250, 133), (7, 125, 250, 250)),
}


@pytest.mark.parametrize("name", NAMES)
def test_data_rates_and_longest_payloads_are_those_of_the_network(name):
    network = tuple((sf, khz, size - 8, max(0, dwell - 8)) for sf, khz, size, dwell in NETWORK_SIZES[name])
    assert regions.REGIONS[name].rates == network
    for data_rate, (_sf, _khz, longest, dwell) in enumerate(network):
        assert regions.REGIONS[name].longest_payload(data_rate) == (dwell or longest)


@pytest.mark.parametrize("name, rx2", (
    ("EU868", (869_525_000, 9, 125)), ("US915", (923_300_000, 12, 500)), ("AU915", (923_300_000, 12, 500)), ("AS923", (923_200_000, 10, 125)),
))
def test_the_second_window_is_the_network_s(name, rx2):
    assert regions.REGIONS[name].rx2 == rx2


@pytest.mark.parametrize("name, floors", (
    ("EU868", (0, 0, 0, 0, 0, 0)), ("US915", (0, 0, 0, 0, 0)), ("AU915", (0, 0, 2, 2, 2, 2, 2)), ("AS923", (None, None, 2, 2, 2, 2)),
))
def test_falling_back_breaks_no_dwell_limit_that_was_kept_before(name, floors):
    for data_rate, floor in enumerate(floors):
        if floor is not None:
            assert regions.REGIONS[name].floor(data_rate) == floor


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


# ETSI EN 300 220-2: (from, to in kHz, permille of an hour) of the bands that the channels of EU_863_870_TTN lie in.
ETSI_BANDS = ((865_000, 868_000, 10), (868_000, 868_600, 10))
TTN_CHANNELS_KHZ = (868_100, 868_300, 868_500, 867_100, 867_300, 867_500, 867_700, 867_900)


def test_the_daily_limit_keeps_the_duty_cycle_of_every_hour_and_sub_band(evidence):
    allowed = {min(permille for low, high, permille in ETSI_BANDS if low <= khz < high) for khz in TTN_CHANNELS_KHZ}
    assert allowed == {regions.REGIONS["EU868"].duty_permille} == {10}
    assert airtime_log.DAY_MS == 24 * 3_600_000
    # Were all of the day sent within one hour and in one band, it would still be less than that band allows.
    hour_ms = 3_600_000 * min(allowed) // 1000
    evidence("EU868: airtime of a whole day against what the narrowest sub-band allows in one hour, s",
             airtime_budget.DAY_MAX_MS / 1000, hour_ms / 1000)
    assert airtime_budget.DAY_MAX_MS < hour_ms
    assert all(region.duty_permille is None for name, region in regions.REGIONS.items() if name != "EU868")


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
    assert regions.check(name, sub_band, data_rate, False) == []


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
    assert [text.split(":")[0] for text in regions.check(name, sub_band, data_rate, False)] == settings


def test_who_lets_the_network_choose_sets_no_data_rate():
    assert regions.check("AU915", 2, None, True) == []
    assert [text.split(":")[0] for text in regions.check("AU915", 2, 2, True)] == ["ADR"]
    assert [text.split(":")[0] for text in regions.check("AU915", 2, 9, True)] == ["DATA_RATE"]


@pytest.mark.parametrize("name", NAMES)
def test_the_join_that_may_use_the_reserve_is_the_cheapest(name):
    region = regions.REGIONS[name]
    costs = [airtime.airtime_ms(*region.radio(data_rate), airtime.JOIN_REQUEST) for data_rate in region.join_rates]
    assert costs[0] == min(costs)
