"""Uplinks beside status and result: device, session record, read-back, event. docs/payload.md has the bytes.

Each function packs one frame of at most 11 bytes from plain values. state: index in vocabulary.STATES; page counts from 1. None means not
known and is sent as such; a value that is too large is sent as the largest.
"""

from app.codec import windows, vocabulary, posix_tz
from app.codec.packing import field
from app.codec.status_frames import LIMIT_MOST, LIMIT_UNKNOWN, UNKNOWN_BYTE, index_or, tristate

DEVICE, SESSION, READBACK, EVENT = 12, 13, 14, 15

# Bytes of a page behind its head.
ROOM = 8
ENERGY_LENGTH = 8
TARGET_PAGES = 2
SESSION_LENGTH = 11
EVENT_SHORT = 5
EVENT_LENGTH = 11

_VERSION = 0x10 - 10   # first byte: version 1 in the high nibble, fPort - 10 in the low one
_UNKNOWN_STATE = 7
_NO_WORD = 31
_UNKNOWN_WORD = 0xFFFF
_HOURS = 0x8000        # an uptime from here on is in hours
_SETTINGS_A_PAGE = ROOM // 2


def _up_to(value, most):
    """An integer from 0 to most; None as 0."""
    return 0 if value is None or value < 0 else most if value > most else value


def _or_unknown(value, most):
    """An integer from 0 to most - 1, None as most."""
    return most if value is None else _up_to(value, most - 1)


def _time(utc_s):
    """UTC seconds; 0 means not known, or no end."""
    return field(utc_s or 0, 4)


def _limit(limit_da):
    """Deci-amperes as half amperes, None as not known."""
    return LIMIT_UNKNOWN if limit_da is None else _up_to((limit_da + 2) // 5, LIMIT_MOST)


def _energy(wh):
    return field(_UNKNOWN_WORD if wh is None else _or_unknown(wh // 10, _UNKNOWN_WORD), 2)


def _uptime(uptime_s):
    """Minutes, from 546 hours on hours."""
    minutes = _up_to(uptime_s, 0xFFFFFFFF) // 60
    return field(minutes if minutes < _HOURS else _HOURS + minutes // 60, 2)


def _text(text, most):
    """ASCII characters, as many as there is room for."""
    return bytes([ord(char) if 32 <= ord(char) < 127 else ord('?') for char in text[:most]])


def _module(name):
    """A zero byte, which no earlier firmware sent there, and the number of the name; nothing for no name."""
    return bytes(1) + field(module_number(name), 2) if name else b''


def module_number(name):
    """16 bits of a module's name; ttn/formatter.js has all names and finds it by them."""
    number = 0
    for char in name:
        number = number * 31 + ord(char) & 0xFFFF
    return number


def _head(port, state, second):
    return bytes((_VERSION + port, index_or(state, len(vocabulary.STATES), _UNKNOWN_STATE) << 5 | second))


def _page(port, state, part, page, pages, data):
    return _head(port, state, part) + bytes((_up_to(page, 15) << 4 | _up_to(pages, 15),)) + data


# --- device


def _device(state, part, page, pages, data):
    return _page(DEVICE, state, part, page, pages, data)


def boot(state, page, pages, cause, version, commit, uptime_s):
    """cause: of hal.contract; version: (major, minor, patch); commit: its first four hexadecimal digits as a number; uptime_s: since it."""
    cause = index_or(cause, len(vocabulary.CAUSES), UNKNOWN_BYTE)
    numbers = bytes([_up_to(number, 255) for number in version])
    return _device(state, vocabulary.DEVICE_BOOT, page, pages, bytes((cause,)) + numbers + field(commit, 2) + _uptime(uptime_s))


def charger(state, page, pages, device_id, firmware, limit_da, meter, key, starts_after_power_cycle, upstream_timeout):
    """device_id: Modbus id; firmware: (major, minor) or None; limit_da: the box's own limit; key: a word of KEYS; the rest may be None."""
    major, minor = firmware or (None, None)
    key = vocabulary.KEYS.index(key) if key in vocabulary.KEYS else 0
    return _device(state, vocabulary.DEVICE_CHARGER, page, pages, bytes((
        _or_unknown(device_id, 255), _or_unknown(major, 255), _or_unknown(minor, 255), _limit(limit_da), key,
        tristate(meter) << 4 | tristate(starts_after_power_cycle) << 2 | tristate(upstream_timeout),
    )))


def model(state, page, pages, text):
    """The box's model, '2W22xy'; None if it reports none."""
    return _device(state, vocabulary.DEVICE_MODEL, page, pages, _text(text or '', ROOM))


def serial(state, page, pages, text):
    """The box's serial number; None if it reports none."""
    return _device(state, vocabulary.DEVICE_SERIAL, page, pages, _text(text or '', ROOM))


def counters(state, page, pages, bus_errors, refused, bad_downlinks, resets, store_failures, closings_today, crashes):
    """Counts since the boot, resets and crashes in all, closings_today of the contactor by the monitor."""
    return _device(state, vocabulary.DEVICE_COUNTERS, page, pages, field(bus_errors or 0, 2) + bytes([
        _up_to(count, 255) for count in (refused, bad_downlinks, resets, store_failures, closings_today, crashes)
    ]))


def radio(state, page, pages, joins, airtime_ms, uplinks, downlinks, drift_ppm, data_rate):
    """joins since the boot; airtime, uplinks and downlinks of the last 24 h; drift_ppm: the clock's, signed, or None; data_rate: index."""
    drift = 0x8000 if drift_ppm is None else (_up_to(drift_ppm + 32767, 65534) - 32767) & 0xFFFF
    return _device(state, vocabulary.DEVICE_RADIO, page, pages, bytes((_up_to(joins, 255),)) + field(airtime_ms // 10, 2) + bytes((
        _up_to(uplinks, 255), _up_to(downlinks, 255))) + field(drift, 2) + bytes((_or_unknown(data_rate, 255),)))


def crash(state, page, pages, error, module, line, uptime_s):
    """error: name of the exception; module: its last part, '' if not known; uptime_s: when it happened."""
    index = vocabulary.ERRORS.index(error) if error in vocabulary.ERRORS else 0
    return _device(state, vocabulary.DEVICE_CRASH, page, pages, bytes((index,)) + field(line or 0, 2) + _uptime(uptime_s) + _module(module))


def energy(state, page, pages, total_wh, number, is_open):
    """total_wh: in the device's life; number: of the latest session, its low seven bits are sent; is_open: that one still goes on."""
    return _device(state, vocabulary.DEVICE_ENERGY, page, pages, field(total_wh // 10, 4) + bytes((
        (128 if is_open else 0) | number & 127,)))


# --- session, event


def session(state, reason, started_at, duration_s, energy_wh, estimated, number):
    """reason: index in REASONS, why it ended; started_at: UTC s or None; number: of the record, its low seven bits are sent."""
    return _head(SESSION, state, index_or(reason, len(vocabulary.REASONS), _NO_WORD)) + _time(started_at) + field(
        _or_unknown(None if duration_s is None else duration_s // 60, _UNKNOWN_WORD), 2
    ) + _energy(energy_wh) + bytes(((128 if estimated else 0) | number & 127,))


def event(kind, state, code, reason, number, amount, at, limit):
    """kind: index in EVENTS; amount: Wh for an event in energy, else minutes, or None; at: UTC s or None; number: its low byte is sent.

    At most limit bytes: 11, or the 5-byte short form; None where that does not fit either.
    """
    if limit < EVENT_SHORT:
        return None
    packed = _head(EVENT, state, index_or(kind, len(vocabulary.EVENTS), _NO_WORD)) + bytes((
        code & 255, index_or(reason, len(vocabulary.REASONS), _NO_WORD), number & 255))
    if limit < EVENT_LENGTH:
        return packed
    in_energy = kind in vocabulary.EVENTS_IN_WH
    return packed + (_energy(amount) if in_energy else field(_or_unknown(amount, _UNKNOWN_WORD), 2)) + _time(at)


# --- read-back


def _readback(state, part, page, pages, data):
    return _page(READBACK, state, part, page, pages, data)


def plan_pages(plan):
    """Number of pages that read a plan (of app.codec.windows) back: one for each window, and one for an empty plan."""
    return len(plan) or 1


def plan(state, page, plan):
    """The window of this page."""
    return _readback(state, vocabulary.READBACK_PLAN, page, plan_pages(plan), windows.pack(plan[page - 1:page]))


def zone_pages(of_zone):
    """Number of pages that read a zone (of app.codec.posix_tz) back: the offsets, then each rule."""
    return 1 if of_zone[1] is None else 3


def timezone(state, page, of_zone):
    """The offsets, or the rule of this page."""
    packed = posix_tz.pack(of_zone)
    first, last = ((0, 6), (6, 11), (11, 16))[page - 1]
    return _readback(state, vocabulary.READBACK_TIMEZONE, page, zone_pages(of_zone), packed[first:last])


def settings_pages(values):
    """Number of pages that read these settings back."""
    return (len(values) + _SETTINGS_A_PAGE - 1) // _SETTINGS_A_PAGE or 1


def settings(state, page, values):
    """values: ((number, byte), ...) of app.codec.setting_bytes, all of them; packed are the four of this page."""
    data = bytearray()
    for number, byte in values[(page - 1) * _SETTINGS_A_PAGE:page * _SETTINGS_A_PAGE]:
        data.append(number)
        data.append(byte)
    return _readback(state, vocabulary.READBACK_SETTINGS, page, settings_pages(values), bytes(data))


def target(state, page, aim):
    """aim: the app.policy.target.Target. Page 1: its end, energy and current; page 2: the cheap quarter hours."""
    return _readback(state, vocabulary.READBACK_TARGET, page, TARGET_PAGES, aim.quarters if page == TARGET_PAGES else (
        _time(aim.until) + _energy(aim.wh or None) + bytes((_limit(aim.current_da or None),))))


def claims(state, page, pages, holder, until, current_da, wh_left):
    """One claim; page 1 is the one that decides. holder: index in HOLDERS; until: UTC s or None; current_da: None for the box's limit;
    wh_left: of a boost for kWh, or None."""
    holder = index_or(holder, len(vocabulary.HOLDERS), UNKNOWN_BYTE)
    return _readback(state, vocabulary.READBACK_CLAIMS, page, pages,
                     bytes((holder,)) + _time(until) + bytes((_limit(current_da),)) + _energy(wh_left))
