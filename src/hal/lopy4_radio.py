"""The LoPy4's LoRaWAN modem: network.LoRa (LoRaMac-node 1.0.2) driven without blocking and without callbacks.

Facts cited as [r6] are those of pycom-micropython-sigfox v1.20.2.r6, esp32/mods/modlora.c and esp32/lora/mac.
"""

import binascii

import network
import usocket

from hal.board import WITH_SUB_BANDS
from hal.contract import ACKED, FAILED, HEARD, JOINED, JOIN_FAILED, RADIO, RECEIVED, SENT, HalError

_LoRa = network.LoRa

# Own deadlines: an event may never come, for instance when the MAC refuses a frame or a downlink carries no ack [r6].
_JOIN_MS = 11000    # SF12 request 1.5 s, RX2 6 s after it, SF12 accept 2 s, and margin
_SEND_MS = 15000    # SF12 frame 2.8 s, RX2 at most 6 s after it with The Things Stack, SF12 downlink 2.8 s, and margin
_ADR_SENDS = 3      # NbTrans, which a network may ask for with ADR
_SILENCES = 3       # sends without any result before the modem counts as dead

# Bits of lora.events().
_RX = 1
_TX = 2
_TX_FAILED = 4

_EMSGSIZE = 90

_IDLE, _JOINING, _SENDING, _SENDING_CONFIRMED = range(4)

# Region: (data rates that join() accepts, application bytes by data rate). [r6 lora_join; mac/region/Region*.h]. Those of
# AS923 are with its dwell time, which is on until the network turns it off.
_REGIONS = {
    'AU915': ((0, 6), (51, 51, 51, 115, 242, 242, 242)),
    'US915': ((0, 4), (11, 53, 125, 242, 242)),
    'EU868': ((0, 1, 2, 3, 4, 5), (51, 51, 51, 115, 242, 242)),
    'AS923': ((2,), (0, 0, 11, 53, 125, 242)),
}


def _join_data_rate(allowed, wanted):
    """The fastest allowed one that reaches as far as the wanted one, or the slowest."""
    chosen = allowed[0]
    for data_rate in allowed:
        if data_rate <= wanted:
            chosen = data_rate
    return chosen


def _select_sub_band(lora, sub_band):
    """Forget all of the 72 channels but those of a sub-band (1 to 8); a removed channel stays removed over joins [r6]."""
    first = (sub_band - 1) * 8
    for index in range(72):
        if not first <= index < first + 8 and index != 63 + sub_band:
            lora.remove_channel(index)


class Radio:
    """Made once a boot: any later LoRa(...) or lora.init() would wipe channels and session [r6]."""

    def __init__(self, settings, keys):
        self._join_rates, self._max_payload = _REGIONS[settings.REGION]
        # Class C works only in a session of this boot's own OTAA: a restored one listens at the wrong rate [r6].
        # No repeats by the MAC: it does not tell how many it made of a frame that failed.
        self._lora = _LoRa(mode=_LoRa.LORAWAN, region=getattr(_LoRa, settings.REGION), adr=settings.ADR, tx_retries=0,
                           device_class=_LoRa.CLASS_C if settings.LORAWAN_CLASS == 'C' else _LoRa.CLASS_A)
        if settings.REGION in WITH_SUB_BANDS:
            _select_sub_band(self._lora, settings.SUB_BAND)
        self._auth = (binascii.unhexlify(keys.JOIN_EUI), binascii.unhexlify(keys.APP_KEY))
        if keys.DEV_EUI is not None:    # else the board's own [r6 lora_join_otaa]
            self._auth = (binascii.unhexlify(keys.DEV_EUI),) + self._auth
        self._socket = usocket.socket(usocket.AF_LORA, usocket.SOCK_RAW)
        self._socket.setblocking(False)
        self._adr = settings.ADR
        self._data_rate = None  # of the last frame, where the network sets it
        self._send_ms = _SEND_MS * (_ADR_SENDS if self._adr else 1)
        self._now_ms = None
        self._state = _IDLE
        self._since_ms = 0
        self._news = 0          # bits of lora.events() not yet served
        self._heard_us = 0      # rx_timestamp of the last frame we know of
        self._silences = 0      # sends in a row without any result

    def start(self, now_ms):
        """Take the clock, which in turn asks for has_news."""
        self._now_ms = now_ms

    def has_news(self):
        """True while poll() has something to say."""
        self._news |= self._lora.events()
        return self._news != 0 or (self._state == _JOINING and self._lora.has_joined())

    def join(self, data_rate):
        """One request; the caller waits 50 ms."""
        # With timeout=0 the modem would repeat it every 10 s for ever. With timeout=1 join() waits one step of 50 ms, stops
        # that repetition and raises; the request itself goes on, and has_joined() tells its end [r6 lora_join].
        if self._state != _IDLE:
            return False
        if self._silences:
            # The modem's task may still be in that transmission; then this call would never return.
            raise HalError(RADIO, 'the modem hangs')
        self._begin(_JOINING)
        self._data_rate = None
        try:
            self._lora.join(activation=_LoRa.OTAA, auth=self._auth, timeout=1,
                            dr=_join_data_rate(self._join_rates, data_rate))
        except _LoRa.timeout:
            pass    # the usual way
        except OSError as error:
            self._state = _IDLE
            raise HalError(RADIO, str(error)) from None
        return True

    def send(self, port, payload, confirmed, data_rate):
        """One frame in flight; an empty one the vendor's socket does not send."""
        if self._silences >= _SILENCES:
            raise HalError(RADIO, 'the modem is silent')
        if self._state != _IDLE or not 0 < len(payload) <= self.max_payload(data_rate):
            return False
        self._news = (self._news | self._lora.events()) & _RX     # no late result of an earlier frame
        try:
            self._socket.bind(port)
            self._socket.setsockopt(usocket.SOL_LORA, usocket.SO_CONFIRMED, confirmed)
            self._socket.setsockopt(usocket.SOL_LORA, usocket.SO_DR, data_rate)
            self._socket.send(payload)
        except OSError as error:
            if error.args[0] != _EMSGSIZE:
                return False
            # Refused, and queued all the same: an empty frame goes out [r6 lorawan_send]. The deadline reports it.
        self._begin(_SENDING_CONFIRMED if confirmed else _SENDING)
        return True

    def poll(self):
        """The next event, or None."""
        if not self.has_news() and self._state == _IDLE:
            return None
        if self._news & _RX:
            payload, port = self._socket.recvfrom(256)     # a smaller buffer would give the rest with a wrong port [r6]
            if payload:
                self._has_heard()
                return RECEIVED, port, payload
            self._news &= ~_RX
        if self._state == _JOINING:
            return self._poll_join()
        if self._state != _IDLE:
            return self._poll_send()
        heard = self._news != 0
        self._news = 0
        return (HEARD, 0, None) if heard and self._has_heard() else None

    def max_payload(self, data_rate):
        """From the modem's table; the modem does not report the room that MAC answers take."""
        return self._max_payload[data_rate] if 0 <= data_rate < len(self._max_payload) else 0

    def data_rate(self):
        """None until the first frame reported it: SO_DR has no effect under ADR, and the MAC does not say earlier what it uses."""
        return self._data_rate

    def ask_time(self):
        """The 1.0.2 MAC has no DeviceTimeReq."""
        return False

    def utc_s(self):
        """The 1.0.2 MAC has no DeviceTimeReq."""
        return None

    def _begin(self, state):
        self._state = state
        self._since_ms = self._now_ms()

    def _poll_join(self):
        if self._lora.has_joined():
            self._state = _IDLE
            return JOINED, 0, None
        if self._now_ms() - self._since_ms >= _JOIN_MS:
            self._state = _IDLE
            return JOIN_FAILED, 0, None
        return None

    def _poll_send(self):
        confirmed = self._state == _SENDING_CONFIRMED
        result = self._news & (_TX | _TX_FAILED)
        if result:
            self._state = _IDLE
            self._silences = 0
            if result & _TX_FAILED:
                self._news = 0
                return FAILED, 1, 'no ack' if confirmed else 'not sent'
            stats = self._lora.stats()
            trials = stats[5]
            if self._adr:
                self._data_rate = stats[4]      # "sftx" is the index of the data rate in this mode [r6]
            if confirmed:
                self._news = 0
                self._has_heard()
                return ACKED, trials or 1, None
            return SENT, trials or 1, None     # its bit stays for poll() to look whether the windows brought a MAC frame
        if self._now_ms() - self._since_ms >= self._send_ms:
            self._state = _IDLE
            self._silences += 1
            # A confirmed frame that a downlink without acknowledgement answered ends like this [r6]: poll() looks whether one came.
            self._news |= _TX
            return FAILED, 1, 'no result'
        return None

    def _has_heard(self):
        """True if a frame has come since the last call; rx_timestamp also changes for frames without payload [r6]."""
        rx_us = self._lora.stats()[0]
        is_new = rx_us != self._heard_us
        self._heard_us = rx_us
        return is_new
