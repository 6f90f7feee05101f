"""The clock servers: application layer clock synchronisation (TS003-1.0.0) on fPort 202.

answers() is The Things Stack's, as in its pkg/applicationserver/io/packages/alcsync/v1: only AppTimeReq is understood, anything else ends the
parsing; an answer goes out if the device wants one whatever it says, or if its clock is more than 4 s off.
chirpstack_answers() is ChirpStack's, as in its chirpstack/src/applayer/clocksync.rs: one AppTimeReq and nothing else; any whole second counts.
"""

CLOCK_PORT = 202
APP_TIME = 0x01
THRESHOLD_US = 4_000_000
REQUEST_BYTES = 6                   # CID 1, DeviceTime 4, Param 1

GPS_EPOCH_S = 315_964_800           # 1980-01-06 as UTC seconds since 1970
LEAP_SECONDS = 18                   # between GPS time and UTC since 2017

_WRAP_US = 2 ** 32 * 1_000_000
_HALF_US = _WRAP_US // 2


def gps_us(utc_us):
    """GPS time of a UTC time, both in microseconds since their epochs."""
    return utc_us + (LEAP_SECONDS - GPS_EPOCH_S) * 1_000_000


def answers(payload, received_us):
    """Payload of the downlink for that uplink of fPort 202, b'' for none; received_us: UTC, microseconds since 1970."""
    out = b''
    while len(payload) >= REQUEST_BYTES and payload[0] == APP_TIME:
        out += _answer(int.from_bytes(payload[1:5], 'little'), payload[5], received_us)
        payload = payload[REQUEST_BYTES:]
    return out


def _answer(device_s, param, received_us):
    # Both clocks are known modulo 2^32 s only: the difference is the short way round.
    ahead_us = (gps_us(received_us) - device_s * 1_000_000 + _HALF_US) % _WRAP_US - _HALF_US
    if not param & 0x10 and abs(ahead_us) <= THRESHOLD_US:
        return b''
    correction_s = abs(ahead_us) // 1_000_000 * (1 if ahead_us >= 0 else -1)
    return bytes((APP_TIME,)) + (correction_s & 0xFFFFFFFF).to_bytes(4, 'little') + bytes((param & 0x0F,))


def chirpstack_answers(payload, received_us):
    """The same of ChirpStack with TS003 1.0.0 in the device profile: the difference is not taken modulo 2^32, and cut to whole seconds."""
    if len(payload) != REQUEST_BYTES or payload[0] != APP_TIME:
        return b''
    ahead_us = gps_us(received_us) - int.from_bytes(payload[1:5], 'little') * 1_000_000
    correction_s = abs(ahead_us) // 1_000_000 * (1 if ahead_us >= 0 else -1)
    if not payload[5] & 0x10 and correction_s == 0:
        return b''
    return bytes((APP_TIME,)) + max(-2**31, min(2**31 - 1, correction_s)).to_bytes(4, 'little', signed=True) + bytes((payload[5] & 0x0F,))
