"""Time on air of a LoRa frame."""

from micropython import const

# MHDR 1, DevAddr 4, FCtrl 1, FCnt 2, FPort 1, MIC 4 (LoRaWAN 1.0.2, 4.1 to 4.4); a join request is 23 bytes (6.2.4).
FRAME_OVERHEAD = const(13)
JOIN_REQUEST = const(23)
# FOptsLen is four bits (LoRaWAN 1.0.2, 4.3.1.4): the most bytes of MAC answers in an uplink.
LONGEST_MAC_ANSWERS = const(15)


def time_on_air_us(sf, bandwidth_khz, phy_bytes, coding_rate=1):
    """Microseconds of an uplink of phy_bytes; coding_rate 1..4 stands for 4/5..4/8 (SX1276 data sheet, 4.1.1.7)."""
    symbol_us = (1 << sf) * 1000 // bandwidth_khz
    # Low data rate optimisation is mandated from 16 ms a symbol (SX1276 data sheet, 4.1.1.6).
    bits_per_group = 4 * (sf - 2 if symbol_us >= 16000 else sf)
    # 28 and 16: explicit header and CRC, both always there in a LoRaWAN uplink; with them it is never negative.
    groups = -((4 * sf - 28 - 16 - 8 * phy_bytes) // bits_per_group)
    symbols = 8 + groups * (coding_rate + 4)
    # Eight preamble symbols and 4.25 of synchronisation: 49 quarters.
    return symbol_us * 49 // 4 + symbol_us * symbols


def airtime_ms(sf, bandwidth_khz, phy_bytes):
    """Milliseconds on air at coding rate 4/5, rounded up."""
    return (time_on_air_us(sf, bandwidth_khz, phy_bytes) + 999) // 1000
