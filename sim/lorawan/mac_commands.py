"""MAC commands in a frame's FOpts, and how device and network handle them.

Sources: LoRaWAN 1.0.2 chapter 5 and 1.0.3 (DeviceTimeReq), 4.3.1.1 (back-off of adaptive data rate); Semtech's LoRaMac-node (the back-off's
steps); The Things Stack's pkg/networkserver/mac (device status every 24 h and 200 uplinks, margin of 15 dB and its steps).
"""

from collections import deque
from math import log10

from sim.lorawan.clock_server import GPS_EPOCH_S, LEAP_SECONDS, gps_us
from sim.lorawan.link_budget import FLOOR_DB

LINK_ADR = 0x03
DEV_STATUS = 0x06
DEVICE_TIME = 0x0D
# Bytes after the identifier; an unlisted command cannot be skipped and ends the parsing.
DOWN_BYTES = {LINK_ADR: 4, DEV_STATUS: 0, DEVICE_TIME: 5}
UP_BYTES = {LINK_ADR: 1, DEV_STATUS: 2, DEVICE_TIME: 0}

EXTERNAL_POWER = 0
LINK_ADR_DONE = 0x07
LINK_ADR_NO_RATE = 0x05

ADR_ACK_LIMIT = 64
ADR_ACK_DELAY = 32

STATUS_EVERY_US = 86_400_000_000
STATUS_EVERY_UPLINKS = 200
ADR_MARGIN_DB = 15.0
ADR_CAUTION_DB = 2.5                # more margin while fewer than ADR_UPLINKS are known
ADR_UPLINKS = 20
SECOND_SUB_BAND = 0xFF00            # channels 8 to 15
FIRST_CHANNELS = 0x00FF


def split(options, lengths):
    """(identifier, body) of each command, up to the first that is unknown or cut off."""
    while options and len(options) > lengths.get(options[0], len(options)):
        end = 1 + lengths[options[0]]
        yield options[0], options[1:end]
        options = options[end:]


def asks(frame, wanted):
    """Whether an uplink carries that command."""
    return any(cid == wanted for cid, _ in split(frame.f_opts, UP_BYTES))


class DeviceMac:
    """The device's end. data_rate: the one that the network has set, None without adr or session."""

    def __init__(self, region, adr, device_time):
        self.data_rate = None
        self._region = region
        self._adr = adr
        self._device_time = device_time
        self._answers = b''         # for the next uplink
        self._asks_time = False     # with the next uplink
        self._unheard = 0           # uplinks since a downlink
        self._asked_end_us = None   # end of the uplink that asked for the time
        self._utc_minus_now_us = None

    def new_session(self, data_rate):
        """Joined, at that data rate; None: not joined any more."""
        self._answers = b''
        self._asks_time = False
        self._unheard = 0
        self._asked_end_us = None
        if self._adr:
            self.data_rate = data_rate

    def ask_time(self):
        """DeviceTimeReq with the next uplink; False if this modem knows none."""
        self._asks_time = self._device_time
        return self._device_time

    def utc_s(self, now_us):
        """UTC seconds, or None."""
        return None if self._utc_minus_now_us is None else (self._utc_minus_now_us + now_us) // 1_000_000

    def waiting_bytes(self):
        """What the next uplink's FOpts will take."""
        return len(self._answers) + self._asks_time

    def uplink(self):
        """A new uplink is made, at data_rate as it was before: (its FOpts, ADR bit, ADRACKReq bit)."""
        options = self._answers + bytes((DEVICE_TIME,) if self._asks_time else ())
        self._answers, self._asks_time = b'', False
        if not self._adr:
            return options, False, False
        asks_adr = self._unheard >= ADR_ACK_LIMIT and self._can_go_slower()
        self._unheard += 1
        late = self._unheard - ADR_ACK_LIMIT - ADR_ACK_DELAY
        if late >= 0 and late % ADR_ACK_DELAY == 0 and self._can_go_slower():
            self.data_rate -= 1
        return options, True, asks_adr

    def emitted(self, frame):
        """An uplink ends."""
        self._asked_end_us = frame.end_us if asks(frame, DEVICE_TIME) else None

    def downlink(self, frame):
        """A data frame for us."""
        self._unheard = 0
        for cid, body in split(frame.f_opts, DOWN_BYTES):
            if cid == DEV_STATUS:
                margin_db = max(-32, min(31, round(frame.snr)))
                self._answers += bytes((DEV_STATUS, EXTERNAL_POWER, margin_db & 0x3F))
            elif cid == LINK_ADR:
                self._answers += bytes((LINK_ADR, self._set_rate(body[0] >> 4)))
            elif self._asked_end_us is not None:
                utc_us = (int.from_bytes(body[:4], 'little') + GPS_EPOCH_S - LEAP_SECONDS) * 1_000_000 + body[4] * 1_000_000 // 256
                self._utc_minus_now_us = utc_us - self._asked_end_us
                self._asked_end_us = None

    def _can_go_slower(self):
        return self._region.uplink_room(self.data_rate - 1) > 0

    def _set_rate(self, data_rate):
        if data_rate not in self._region.uplink or not self._adr:
            return LINK_ADR_NO_RATE
        self.data_rate = data_rate
        return LINK_ADR_DONE


class ServerMac:
    """The network's end. status_us: when the device last reported its status (at the start it counts as long known)."""

    def __init__(self, region, start_utc_s):
        self.status_us = 0
        self.status = None          # (battery, margin in dB) of the last answer
        self._region = region
        self._start_us = start_utc_s * 1_000_000
        self.new_session()

    def new_session(self):
        """The device has joined."""
        self._status_f_cnt = 0
        self._rate = None
        self._snrs = deque(maxlen=ADR_UPLINKS)
        self._refused = set()       # data rates
        self._asked_rate = None

    def uplink(self, frame, now_us):
        """A new uplink: take its answers."""
        for cid, body in split(frame.f_opts, UP_BYTES):
            if cid == DEV_STATUS:
                self.status_us, self._status_f_cnt = now_us, frame.f_cnt
                self.status = body[0], (body[1] & 0x3F ^ 0x20) - 0x20
            elif cid == LINK_ADR and body[0] != LINK_ADR_DONE:
                self._refused.add(self._asked_rate)
        if frame.dr != self._rate:
            self._rate = frame.dr
            self._snrs.clear()
        self._snrs.append(frame.receptions[0].snr)

    def requests(self, frame, now_us):
        """FOpts of the next downlink, as an answer to that uplink."""
        options = b''
        if asks(frame, DEVICE_TIME):
            seconds, us = divmod(gps_us(self._start_us + frame.end_us), 1_000_000)
            options += bytes((DEVICE_TIME,)) + (seconds % 2 ** 32).to_bytes(4, 'little') + bytes((us * 256 // 1_000_000,))
        rate = self._better_rate() if frame.adr else self._rate
        if rate != self._rate:
            self._asked_rate = rate
            channels = FIRST_CHANNELS if self._region.wide_dr is None else SECOND_SUB_BAND
            options += bytes((LINK_ADR, rate << 4)) + channels.to_bytes(2, 'little') + b'\x01'
        if now_us - self.status_us >= STATUS_EVERY_US or frame.f_cnt - self._status_f_cnt >= STATUS_EVERY_UPLINKS:
            options += bytes((DEV_STATUS,))
        return options

    def _better_rate(self):
        """The fastest narrow data rate with the margin to spare; never a slower one, but a narrow one in place of the wide one."""
        region = self._region
        spare_db = max(self._snrs) - ADR_MARGIN_DB - (ADR_CAUTION_DB if len(self._snrs) < ADR_UPLINKS else 0)
        narrow = [dr for dr, rate in region.uplink.items() if rate.bw_khz == 125]
        here = region.uplink[self._rate]
        spare_db += 10 * log10(here.bw_khz / 125)
        fits = [dr for dr in narrow if dr not in self._refused and FLOOR_DB[region.uplink[dr].sf] <= spare_db]
        if self._rate not in narrow:
            return max(fits, default=self._rate)
        return max([dr for dr in fits if dr > self._rate], default=self._rate)
