"""Seeed Wio-E5 (LoRa-E5, firmware 4.0.11): LoRaWAN by AT commands at 9600 8N1, class A and C.

Facts are of Seeed's "LoRa-E5 AT Command Specification V1.0" and of what a module with that firmware was seen to answer.
"""

import binascii

from hal.at_lines import number, utc_s
from hal.at_modem import AtModem
from hal.at_words import (ACK, DATA, DOWNLINK, END, ERROR, FLUSH, GARBLED, JOIN, JOINED_NOW, LINE, NEEDED, NO_ROOM, NO_SESSION, OPTIONAL, STARTED,
                          TRIAL, UPLINK)
from hal.board import WITH_SUB_BANDS
from hal.contract import HEARD, RECEIVED

BAUD = 9600

# Seconds by which UTC is behind GPS since 2017 (IERS bulletin C); the network tells GPS time, the modem's RTC shows UTC.
_LEAP_SECONDS = 18

# What lines of a transaction begin with, blanks removed, and what they mean. `Done` alone is no success, and no refusal has one.
_REFUSALS = (
    ('pleasejoin', END | ERROR | NO_SESSION),
    ('notinotaa', END | ERROR | NO_SESSION),
    ('lorawanmodemisbusy', END | ERROR),
    ('nofreechannel', END | ERROR),
    ('noband', END | ERROR),
    ('drerror', END | ERROR),
    ('lengtherror', END | ERROR),
)
# The errors of a command that was understood: its argument is not valid, or it does not fit the mode. The others are of one garbled.
_REFUSED = ('error(-1)', 'error(-12)')
_JOIN_WORDS = (
    ('done', END),
    ('networkjoined', JOINED_NOW),
    ('netid', JOINED_NOW),
    ('joinedalready', END | JOINED_NOW),
) + _REFUSALS
_UPLINK_WORDS = (
    ('done', END),
    ('start', STARTED),
    ('waitack', TRIAL),
    ('ackreceived', ACK | DOWNLINK),
    ('rxwin', DOWNLINK),
    ('link', DOWNLINK),
    ('fpending', DOWNLINK),
) + _REFUSALS
_WORDS = {JOIN: _JOIN_WORDS, UPLINK: _UPLINK_WORDS, FLUSH: _UPLINK_WORDS}


def _meaning(words, text):
    for beginning, meaning in words:
        if text.startswith(beginning):
            return meaning | LINE
    return LINE


class Radio(AtModem):
    """The modem keeps its session while the board restarts: the first join of a boot may find it joined already."""

    def __init__(self, serial, settings, keys):
        AtModem.__init__(self, serial, settings)
        self._region = settings.REGION
        self._sub_band = settings.SUB_BAND
        self._class = settings.LORAWAN_CLASS
        self._keys = keys
        self._port = None
        self._scheme = None     # region it says it is set to
        self._euis = {}         # what it says it is called
        self._fresh = False     # its session cannot be ours
        self._data = False      # the class C downlink being reported had a payload
        self._window = False    # ... and its receive window was reported
        self._asked_time = False

    # --- commands

    _restart = 'AT+RESET'
    _known = ('4.0.11',)

    def _probe(self):
        # Where somebody has left it to sleep between commands, it hears one only after four bytes that wake it.
        first = [(OPTIONAL, '\xff\xff\xff\xffAT+LOWPOWER=AUTOOFF', 1)] if self._silences else []
        return first + [(NEEDED, 'AT', 1), (OPTIONAL, 'AT+VER', 1), (OPTIONAL, 'AT+DR=SCHEME', 1), (OPTIONAL, 'AT+ID', 3)]

    def _configuration(self):
        """Setting the region resets channels, data rate and RX2, so it comes first, and never during a LoRaWAN session."""
        keys = self._keys
        commands = []
        if self._scheme != self._region:
            commands.append((NEEDED, 'AT+DR=' + self._region, 1))
        if self._region in WITH_SUB_BANDS:
            first = (self._sub_band - 1) * 8
            commands.append((NEEDED, 'AT+CH=NUM,%d-%d,%d' % (first, first + 7, 63 + self._sub_band), 1))
        commands.append((NEEDED, 'AT+MODE=LWOTAA', 1))
        for name, eui in (('DevEui', keys.DEV_EUI), ('AppEui', keys.JOIN_EUI)):
            if eui is not None and self._euis.get(name.lower()) != eui.lower():
                commands.append((NEEDED, 'AT+ID=%s,"%s"' % (name, eui), 1))
        # A session of another region or device is no session; that the key alone changed cannot be seen.
        self._fresh = self._scheme != self._region or len([text for _, text, _ in commands if text.startswith('AT+ID')]) > 0
        commands.append((NEEDED, 'AT+KEY=APPKEY,"%s"' % keys.APP_KEY, 1))
        for text in ('CLASS=' + self._class, 'ADR=' + ('ON' if self._adr else 'OFF'), 'REPT=1', 'RETRY=1'):
            commands.append((NEEDED, 'AT+' + text, 1))
        # Mains-fed, as the network asks once a day.
        commands.append((OPTIONAL, 'AT+LW=BAT,0', 1))
        commands.append((OPTIONAL, 'AT+RTC=LEAPSEC,%d' % _LEAP_SECONDS, 1))
        return commands

    def _join_commands(self, data_rate):
        force = self.joined or self._fresh
        self.joined = False
        return [(OPTIONAL, 'AT+DR=DR%d' % data_rate, 2), (JOIN, 'AT+JOIN=FORCE' if force else 'AT+JOIN', 0)]

    def _uplink_commands(self, task):
        _, port, payload, confirmed, data_rate = task
        commands = []
        if self._rate is None or not self._adr and self._rate != data_rate:
            commands.append((NEEDED, 'AT+DR=DR%d' % data_rate, 2))
        if self._port != port:
            commands.append((NEEDED, 'AT+PORT=%d' % port, 1))
        if self._wants_time:
            commands.append((OPTIONAL, 'AT+LW=DTR', 1))
        # MSGHEX, never MSG: that is what class C downlinks are called.
        commands.append((UPLINK, 'AT+%sMSGHEX="%s"' % ('C' if confirmed else '', binascii.hexlify(payload).decode()), 0))
        return commands

    def _flush_command(self):
        return FLUSH, 'AT+MSG', 0

    def _refresh_commands(self):
        """What an uplink or downlink may have changed. AT+LW=CDR gives the rates of the channels, not the one in use."""
        commands = []
        if self._adr:
            commands.append((OPTIONAL, 'AT+DR', 2))
        commands.append((OPTIONAL, 'AT+LW=LEN', 1))
        if self._asked_time:
            self._asked_time = False
            commands.append((OPTIONAL, 'AT+RTC=UTCMS', 1))
        return commands

    def _check_commands(self):
        """The class is forgotten in a restart."""
        return [(OPTIONAL, 'AT+CLASS', 1)]

    # --- lines

    def _on_line(self, line):
        """What a line says of the command under way, having served what it says beside that."""
        colon = line.find(':')
        if line[:1] != '+' or colon < 0:
            return 0
        name, text = line[1:colon], line[colon + 1:]
        if name == 'info' or name == 'reset':
            return self._on_info(text)
        command = self._command
        own = command is not None and self._is_own(name, command[1])
        if name == 'msg' and not (own and self._is_of_flush(text)):
            self._on_class_c(text)
            return 0
        teller = _TELLERS.get(name)
        if teller is not None and not text.startswith('error('):
            teller(self, text)
        if not own:
            return 0
        if text.startswith('error('):
            return LINE | END | ERROR | (0 if text in _REFUSED else GARBLED)
        if command[0] in _WORDS:
            return self._on_transaction(text, command[0])
        return LINE | END if self._count + 1 >= command[2] else LINE

    def _is_own(self, name, text):
        """An error may come under the name of the command or, if it was not understood, of AT itself."""
        text = text[3:].lower()
        end = text.find('=')
        return name == (text if end < 0 else text[:end]) or name == 'at'

    def _on_info(self, text):
        if text == 'inputtimeout':
            return LINE | END | ERROR | GARBLED     # the command was cut short
        self._restarted()
        return 0

    def _on_transaction(self, text, kind):
        if kind == FLUSH:
            self._data = text.startswith('port:')   # it may yet turn out to be a class C downlink's
        if text.startswith('port:'):
            return LINE | DATA | DOWNLINK if self._on_payload(text) else LINE
        meaning = _meaning(_WORDS[kind], text)
        if text.startswith('lengtherror'):
            self._room = number(text[11:])
            if self._room is not None and self._room < 5:
                meaning |= NO_ROOM
        if kind == UPLINK and meaning & END and not meaning & ERROR and self._wants_time:
            self._wants_time = False
            self._asked_time = True
        return meaning

    def _is_of_flush(self, text):
        """An empty uplink has to be sent as MSG: the lines between PORT or RXWIN0 and Done are then a class C downlink's."""
        return not (self._window or text.startswith('rxwin0'))

    def _on_class_c(self, text):
        if text.startswith('port:'):
            self._data = self._on_payload(text)
        elif text.startswith('rxwin'):
            self._window = True
        elif text == 'done':
            if self._window and not self._data:
                self._report((HEARD, 0, None))
            self._stale = True
            self._data = self._window = False

    def _on_payload(self, text):
        """port:23;rx:"ff00" """
        port = number(text[5:])
        quote = text.find('rx:"')
        if port is None or quote < 0 or text[-1] != '"':
            return False
        try:
            payload = binascii.unhexlify(text[quote + 4:-1])
        except ValueError:
            return False
        self._report((RECEIVED, port, payload))
        return True

    # --- what the modem tells of itself

    def _restarted(self):
        AtModem._restarted(self)
        self._port = self._scheme = None
        self._euis = {}

    def _on_dr(self, text):
        if text.startswith('dr'):
            self._found_rate(number(text[2:]))
        elif 'dr' not in text:
            self._scheme = text.upper()

    def _on_ver(self, text):
        self._version = text

    def _on_port(self, text):
        self._port = number(text)

    def _on_id(self, text):
        name, eui = text.split(',', 1) if ',' in text else (text, '')
        self._euis[name] = eui.replace(':', '')

    def _on_lw(self, text):
        if text.startswith('len,'):
            self._room = number(text[4:])

    def _on_class(self, text):
        if self._is_ready() and text[:1] != self._class.lower():
            if text[:1] in ('a', 'b', 'c'):
                self._lost()
            self._restarted()

    def _on_rtc(self, text):
        """2026-04-3012:30:49.465"""
        parts = (text[:4], text[5:7], text[8:10], text[10:12], text[13:15], text[16:18])
        numbers = [number(part) for part in parts]
        if None in numbers:
            return
        now_utc_s = utc_s(*numbers)
        if now_utc_s is not None:
            self._utc.set(now_utc_s, self._now_ms() - (number(text[19:22]) or 0))


_TELLERS = {
    'dr': Radio._on_dr,
    'port': Radio._on_port,
    'ver': Radio._on_ver,
    'id': Radio._on_id,
    'lw': Radio._on_lw,
    'class': Radio._on_class,
    'rtc': Radio._on_rtc,
}
