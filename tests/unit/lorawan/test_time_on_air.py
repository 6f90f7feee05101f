"""Time on air against golden values.

Where they come from: computed by two independent programs, tanupoo/lorawan_toa and PyPI's lora-calc 0.1.1, which agree on every row;
`stack` rows stand literally in The Things Stack's pkg/toa/toa_test.go, `brocaar` in brocaar/lorawan's airtime test, `crate` in the
documentation of Rust's lora-modulation. Preamble 8, explicit header, CRC on, low data rate optimisation from 16 ms a symbol.
"""
import pytest
from lorawan import airtime

GOLDEN = (
    # SF, kHz, coding rate 4/(4+n), bytes of PHYPayload, microseconds, also in
    (7, 125, 1, 10, 41_216, "stack"),
    (7, 125, 1, 13, 46_336, "stack"),
    (7, 125, 1, 23, 61_696, ""),
    (7, 125, 1, 64, 118_016, ""),
    (8, 125, 1, 10, 72_192, "stack"),
    (9, 125, 1, 10, 144_384, "stack"),
    (9, 125, 1, 12, 144_384, "crate"),
    (9, 125, 1, 17, 164_864, ""),
    (9, 125, 1, 24, 205_824, ""),
    (10, 125, 1, 10, 288_768, "stack"),
    (10, 125, 1, 14, 288_768, ""),
    (10, 125, 1, 19, 329_728, ""),
    (10, 125, 1, 24, 370_688, ""),
    (11, 125, 1, 10, 577_536, "stack"),
    (12, 125, 1, 10, 991_232, "stack"),
    (12, 125, 1, 13, 1_155_072, "brocaar"),
    (12, 125, 1, 14, 1_155_072, ""),
    (12, 125, 1, 24, 1_482_752, ""),
    (12, 125, 1, 64, 2_793_472, ""),
    (7, 250, 1, 10, 20_608, "stack"),
    (7, 500, 1, 10, 10_304, "stack"),
    (8, 500, 1, 23, 28_288, ""),
    (7, 125, 2, 10, 45_312, "stack"),
    (7, 125, 3, 10, 49_408, "stack"),
    (7, 125, 4, 10, 53_504, "stack"),
    (12, 500, 1, 24, 329_728, ""),
    (12, 250, 1, 20, 659_456, ""),  # 16.384 ms a symbol: optimised by the data sheet, though not by The Things Stack
)


@pytest.mark.parametrize("sf, khz, coding_rate, size, expected_us, source", GOLDEN)
def test_every_golden_value_is_met_to_the_microsecond(sf, khz, coding_rate, size, expected_us, source):
    assert airtime.time_on_air_us(sf, khz, size, coding_rate) == expected_us


@pytest.mark.parametrize("sf, khz, size, expected_ms", ((10, 125, 24, 371), (8, 500, 23, 29), (12, 125, 23, 1483)))
def test_milliseconds_are_rounded_up(sf, khz, size, expected_ms):
    assert airtime.airtime_ms(sf, khz, size) == expected_ms


def test_a_frame_without_payload_bytes_still_costs_preamble_and_header():
    assert airtime.time_on_air_us(12, 125, 0) == 32_768 * 49 // 4 + 32_768 * 8


def test_a_frame_is_its_payload_and_thirteen_bytes():
    # The longest PHYPayload under 400 ms at SF10 is 24 bytes, and 11 bytes are what AU915 allows there.
    assert airtime.time_on_air_us(10, 125, 11 + airtime.FRAME_OVERHEAD) == 370_688
    assert airtime.time_on_air_us(10, 125, 12 + airtime.FRAME_OVERHEAD) > 400_000
