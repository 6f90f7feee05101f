"""RAKwireless RAK3172 (RUI3 firmware 3 or 4): LoRaWAN by AT commands at 115200 8N1, class A and C.

Facts are of RAKwireless' RUI3 "AT Command Manual" and of RUI3's published sources. Its events changed their spelling from one firmware to
the next. A confirmed downlink it acknowledges by a frame of its own, during which it refuses ours.
"""

import binascii

from micropython import const

from hal.at_lines import number, utc_s
from hal.at_modem import AtModem
from hal.at_words import (ACK, BUSY, DATA, DOWNLINK, END, ERROR, GARBLED, JOIN, JOINED_NOW, LINE, NEEDED, NO_SESSION, OPTIONAL, STARTED,
                          UPLINK)
from hal.board import WITH_SUB_BANDS
from hal.contract import EMITTED, HEARD, RECEIVED

BAUD = 115200

_BANDS = {'EU868': '4', 'US915': '5', 'AU915': '6', 'AS923': '8'}

# What somebody may have left in its flash, and the value that does no harm: asleep it loses bytes; another sync word, join delay or single
# channel is not heard; a link check adds to every frame. Not all firmwares know each.
_KEPT = (('LPM', '0'), ('PNM', '1'), ('JN1DL', '5'), ('JN2DL', '6'), ('LINKCHECK', '0'), ('TXP', '0'), ('CHS', '0'))

# What it is asked of itself.
_ASKED = ('VER', 'NWM', 'BAND', 'DEVEUI', 'APPEUI', 'NJS') + tuple([name for name, _ in _KEPT])
_NAMES = tuple([name.lower() for name in _ASKED])

# What a line says of the command under way, by what it begins with. The others are AT_ERROR, AT_PARAM_ERROR, AT_DUTYCYCLE_RESTRICTED, ...
_STATUS = (
    ('ok', LINE | STARTED),
    ('at_no_network_joined', LINE | END | ERROR | NO_SESSION),
    ('at_command_not_found', LINE | END | ERROR | GARBLED),
    ('at_rx_error', LINE | END | ERROR | GARBLED),
    ('at_busy_error', LINE | END | ERROR | BUSY),
    ('at_', LINE | END | ERROR),
    ('restricted_wait', LINE | END | ERROR),
)
# Events, by what they begin with; blanks and underscores removed.
_EVENTS = {
    JOIN: (('joined', LINE | END | JOINED_NOW), ('joinfailed', LINE | END)),
    UPLINK: (('txdone', LINE | END), ('sendconfirmedok', LINE | END | ACK), ('sendconfirmedfailed', LINE | END)),
}
# The end of a frame comes no sooner after its command, RX1 being a second after it. One that does is of a frame of the modem's own.
_SOONEST_MS = const(1000)


class Radio(AtModem):
    """The modem tells whether it is joined, so that a session that outlived the board is taken over without a word on the air."""

    def __init__(self, serial, settings, keys):
        AtModem.__init__(self, serial, settings)
        self._region = settings.REGION
        self._sub_band = settings.SUB_BAND
        self._class = settings.LORAWAN_CLASS
        self._keys = keys
        self._values = {}       # what it says of itself
        self._confirms = None   # it is set to confirmed frames
        self._ours = False      # its session is of our region and names
        self._heard = None      # port of the first line of an old firmware's downlink
        self._window = False    # ... is to come
        self._asked_time = False

    # --- commands

    _restart = 'ATZ'
    _known = ('rui_4.', 'rui_3.', '3.')

    def _probe(self):
        questions = [(OPTIONAL, 'AT+%s=?' % name, 0) for name in _ASKED]
        # In its binary mode it takes no AT command but the one that ends the mode.
        first = [(OPTIONAL, 'AT+ATM', 0)] if self._silences else []
        return first + [(NEEDED, 'AT', 0)] + questions

    def _configuration(self):
        """Only what differs where setting it would end the session or restart the module."""
        keys = self._keys
        wanted = [('NWM', '1'), ('BAND', _BANDS[self._region]), ('DEVEUI', keys.DEV_EUI), ('APPEUI', keys.JOIN_EUI)]
        commands = []
        for name, value in wanted:
            if value is not None and self._values.get(name.lower()) != value.lower():
                commands.append((NEEDED, 'AT+%s=%s' % (name, value), 0))
        self._ours = not commands and self._values.get('njs') == '1'
        if not self._ours:
            commands.append((NEEDED, 'AT+NJM=1', 0))
            commands.append((NEEDED, 'AT+APPKEY=' + keys.APP_KEY, 0))
            if self._region in WITH_SUB_BANDS:
                commands.append((NEEDED, 'AT+MASK=%04X' % (1 << (self._sub_band - 1)), 0))
        for name, value in _KEPT:
            if self._values.get(name.lower(), value) != value:
                commands.append((OPTIONAL, 'AT+%s=%s' % (name, value), 0))
        for text in ('CLASS=' + self._class, 'ADR=%d' % self._adr, 'RETY=0'):
            commands.append((NEEDED, 'AT+' + text, 0))
        return commands

    def _join_commands(self, data_rate):
        if self._ours and not self.joined:
            return [(JOIN, 'AT+NJS=?', 0)]
        self.joined = False
        # One attempt. Whether the last number counts the first or only repeats, the manual leaves open: they would come after
        # 255 s, and _end_join() stops them.
        return [(OPTIONAL, 'AT+DR=%d' % data_rate, 0), (JOIN, 'AT+JOIN=1:0:255:1', 0)]

    def _end_join(self, seen):
        self._ours = False
        AtModem._end_join(self, seen)
        if not self.joined:
            self._script.append((OPTIONAL, 'AT+JOIN=0:0:255:1', 0))

    def _uplink_commands(self, task):
        _, port, payload, confirmed, data_rate = task
        commands = []
        if self._rate is None or not self._adr and self._rate != data_rate:
            commands.append((NEEDED, 'AT+DR=%d' % data_rate, 0))
            self._found_rate(data_rate)
        if self._confirms != confirmed:
            commands.append((NEEDED, 'AT+CFM=%d' % confirmed, 0))
            self._confirms = confirmed
        if self._wants_time:
            commands.append((OPTIONAL, 'AT+TIMEREQ=1', 0))
        commands.append((UPLINK, 'AT+SEND=%d:%s' % (port, binascii.hexlify(payload).decode()), 0))
        return commands

    def _refresh_commands(self):
        commands = []
        if self._adr:
            commands.append((OPTIONAL, 'AT+DR=?', 0))
        if self._asked_time:
            self._asked_time = False
            commands.append((OPTIONAL, 'AT+LTIME=?', 0))
        return commands

    def _check_commands(self):
        return [(OPTIONAL, 'AT+NJS=?', 0)]

    # --- lines

    def _on_line(self, line):
        """What a line says of the command under way, having served what it says beside that."""
        event = line.find('+evt:')      # an echo may stand before it
        if event >= 0:
            return self._on_event(line[event + 5:])
        if line[:3] == 'at+' and '=' in line:
            name, value = line[3:].split('=', 1)
            if value == '?':
                return 0        # a late echo
            self._on_value(name, value)
            return LINE
        if line[:6] == 'ltime:':
            self._on_value('ltime', line)
            return LINE
        for beginning, meaning in _STATUS:
            if line.startswith(beginning):
                return self._on_status(meaning)
        if line.startswith('rak') or line.startswith('currentworkmode'):
            self._restarted()       # its banner
        return 0

    def _on_status(self, meaning):
        command = self._command
        if meaning & BUSY:
            self._rate = self._confirms = None      # not set, maybe
        if command is None or meaning & ERROR:
            return meaning
        if command[1] == 'AT+NJS=?' and command[0] == JOIN:
            return LINE | END | (JOINED_NOW if self._values.get('njs') == '1' else NO_SESSION)
        return LINE | END if command[0] < JOIN else meaning

    def _on_event(self, text):
        if text[:2] == 'rx':
            return self._on_downlink(text)
        if self._window:
            return self._on_old_downlink(text)
        text = text.replace('_', '')
        if text.startswith('timereqok'):
            self._asked_time = self._stale = True
            return 0
        kind = self._command[0] if self._command is not None else None
        if kind == UPLINK and not self._seen and self._now_ms() - self._since_ms < _SOONEST_MS:
            kind = None
        for beginning, meaning in _EVENTS.get(kind, ()):
            if text.startswith(beginning):
                if kind == UPLINK:
                    self._wants_time = False
                return meaning
        if text.startswith('txdone') or text.startswith('sendconfirmed'):
            self._report((EMITTED, 1, None))
        return 0

    def _on_downlink(self, text):
        """rx_1:-70:8:unicast:1:1234; of an old firmware the first of three lines: rx_1,rssi-70,snr8"""
        parts = text.split(':')
        if len(parts) == 6:
            return self._on_payload(text, parts[4], parts[5])
        self._window = ',' in text
        return 0

    def _on_old_downlink(self, text):
        """unicast, then 1:1234"""
        parts = text.split(':')
        if len(parts) == 2:
            self._window = False
            return self._on_payload('', parts[0], parts[1])
        self._window = text in ('unicast', 'multicast')
        return 0

    def _on_payload(self, window, port, digits):
        port = number(port)
        try:
            payload = binascii.unhexlify(digits)
        except ValueError:
            return 0
        if port is None:
            return 0
        self._report((RECEIVED, port, payload) if payload else (HEARD, 0, None))
        # One in class C's window says nothing of the command under way.
        return 0 if window.startswith('rx_c') or self._command is None else DATA | DOWNLINK

    # --- what the modem tells of itself

    def _restarted(self):
        AtModem._restarted(self)
        self._values = {}
        self._confirms = None

    def _on_value(self, name, value):
        if name in _NAMES:
            self._values[name] = value
        if name == 'ver':
            self._version = value
        elif name == 'dr':
            self._found_rate(number(value))
        elif name == 'ltime':
            self._on_time(value)
        elif name == 'njs' and value == '0' and self.joined:
            self._lost()
            if self._is_ready():
                self._restarted()

    def _on_time(self, text):
        """ltime:02h46m12son22/10/2026"""
        text = text.replace('ltime:', '')
        parts = (text[17:21], text[14:16], text[11:13], text[:2], text[3:5], text[6:8])
        numbers = [number(part) for part in parts]
        if None not in numbers:
            now_utc_s = utc_s(*numbers)
            if now_utc_s is not None:
                self._utc.set(now_utc_s, self._now_ms())
