"""Fake of Seeed's Wio-E5 module (firmware 4.0.11) at the level of its AT commands, on the simulated air.

Semantics of the "LoRa-E5 AT Command Specification V1.0" and of public captures of a module: every reply has its command's name, no bare
OK, refusals end without Done, class C downlinks always come as +MSG, the EEPROM survives a power cut and the session does not.
An unknown command or argument is an error, as on the module.
"""

from datetime import datetime, timezone

from hal.contract import ACKED, FAILED, HEARD, JOIN_FAILED, JOINED, RECEIVED, SENT

from sim.modems.at_modem import AtModem

BAUD = 9600
SCHEMES = ('EU868', 'US915', 'US915HYBRID', 'CN779', 'EU433', 'AU915', 'AU915OLD', 'CN470', 'AS923', 'KR920', 'IN865', 'RU864')
LONGEST_COMMAND = 528
UNHEARD_JOIN_US = 10_000_000
JOIN_PAUSE_US = 37_000_000          # 1 % of the time for a join request at SF10
POWER_UP_UTC_S = 1_577_836_800      # its RTC starts at 2020-01-01
INVALID, UNKNOWN, FORMAT, MODE, TOO_LONG = -1, -10, -11, -12, -21
SUB_BAND_2 = '8-15,65'
HEX = set('0123456789abcdefABCDEF')


def _colons(digits):
    return ':'.join(digits[index:index + 2] for index in range(0, len(digits), 2)).upper()


class WioE5(AtModem):
    """One module.

    mac_answers: bytes that the MAC needs in the next frame beside what the network asked for. mac_only: the next windows bring a frame
    without payload. join_duty: joins are limited to 1 % of the time. eeprom: what survives a power cut.
    """

    def __init__(self, kernel, network, seed=1, baud=BAUD):
        super().__init__(kernel, network, baud, seed)
        self.mac_answers = 0
        self.mac_only = False
        self.join_duty = False
        self.sleeps = False     # between commands (AT+LOWPOWER=AUTOON): it hears one only after four bytes that wake it
        self.eeprom = {'DevAddr': '32308463', 'DevEui': '2C' * 8, 'AppEui': '80' + '0' * 14, 'APPKEY': None, 'scheme': 'EU868', 'channels': '0-2',
                       'mode': 'LWABP', 'port': 8, 'adr': 'ON', 'rept': 1, 'retry': 0}
        self.power_cycle()

    def power_up(self):
        self._dr = 0
        self._transaction = None    # name of the command whose end is to come
        self._confirmed = False
        self._up_us = self.kernel.now_us
        self._join_at_us = 0
        self.mac.use_adr(self.eeprom['adr'] == 'ON', 0)

    def _busy(self):
        return self._transaction is not None

    # --- commands

    def execute(self, line):
        woken = line.startswith('\xff' * 4)
        if not line or self.sleeps and not woken:
            return
        line = line.lstrip('\xff')
        head, _, argument = line.partition('=')
        name = head[3:].upper()
        if head.upper() == 'AT' and '=' not in line:
            self.say('+AT: OK')
        elif len(line) > LONGEST_COMMAND:
            self._error('AT', TOO_LONG)
        elif head[:3].upper() != 'AT+' or name not in _COMMANDS:
            self._error('AT', UNKNOWN)
        else:
            _COMMANDS[name](self, name, argument.strip() if '=' in line else None)

    def _error(self, name, number):
        self.say('+%s: ERROR(%d)' % (name, number))

    def _lowpower(self, name, argument):
        self.sleeps = argument == 'AUTOON'
        self.say('+LOWPOWER: ' + argument)

    def _ver(self, name, argument):
        self.say('+VER: 4.0.11')

    def _id(self, name, argument):
        if argument is None:
            for which in ('DevAddr', 'DevEui', 'AppEui'):
                self.say('+ID: %s, %s' % (which, _colons(self.eeprom[which])))
            return
        which, _, digits = argument.partition(',')
        digits = digits.strip().strip('"')
        known = {known.upper(): known for known in ('DevAddr', 'DevEui', 'AppEui')}.get(which.strip().upper())
        if known is None or not set(digits) <= HEX or len(digits) != len(self.eeprom[known]):
            self._error(name, INVALID)
            return
        self.eeprom[known] = digits.upper()
        self.say('+ID: %s, %s' % (known, _colons(digits)))

    def _key(self, name, argument):
        which, _, digits = (argument or '').partition(',')
        digits = digits.strip().strip('"')
        if which.strip().upper() != 'APPKEY' or len(digits) != 32 or not set(digits) <= HEX:
            self._error(name, INVALID)
            return
        self.eeprom['APPKEY'] = digits
        self.say('+KEY: APPKEY %s' % digits.upper())

    def _dr_command(self, name, argument):
        word = (argument or '').upper()
        if word == 'SCHEME':
            self.say('+DR: ' + self.eeprom['scheme'])
        elif word in SCHEMES:
            # Channels, data rate and RX2 are reset: an earlier session becomes useless.
            self.eeprom.update(scheme=word, channels='0-71' if word in ('AU915', 'US915') else '0-2')
            self._dr = 0
            self.mac.session = None
            self.say('+DR: ' + word)
        else:
            self._rate(name, argument, word)

    def _rate(self, name, argument, word):
        if argument is not None:
            number = word[2:] if word.startswith('DR') else word
            if not number.isdigit() or int(number) not in self.network.region.uplink:
                self._error(name, INVALID)
                return
            self._dr = int(number)
            self.mac.use_rate(self._dr)
        data_rate = self._rate_now()
        rate = self.network.region.uplink[data_rate]
        self.say('+DR: DR%d' % data_rate)
        self.say('+DR: %s DR%d  SF%d BW%dK ' % (self.eeprom['scheme'], data_rate, rate.sf, rate.bw_khz))

    def _ch(self, name, argument):
        what, _, channels = (argument or '').partition(',')
        if what.strip().upper() != 'NUM' or not channels or set(channels) - set('0123456789-, '):
            self._error(name, INVALID)
            return
        self.eeprom['channels'] = channels.replace(' ', '')
        self.say('+CH: NUM, ' + channels.strip())

    def _class(self, name, argument):
        if argument is not None:
            klass = argument.split(',')[0].strip().upper()
            if klass not in ('A', 'C'):
                self._error(name, INVALID)
                return
            self.mac.klass = klass
        self.say('+CLASS: ' + self.mac.klass)

    def _setting(self, name, argument):
        key, values = _SETTINGS[name]
        if argument is not None:
            value = argument.strip('"').upper()
            if value not in values:
                self._error(name, INVALID)
                return
            self.eeprom[key] = value
            if key == 'adr':
                self.mac.use_adr(value == 'ON', self._dr)
        self.say('+%s: %s' % (name, self.eeprom[key]))

    def _lw(self, name, argument):
        words = [word.strip().upper() for word in (argument or '').split(',')]
        if words == ['LEN']:
            self.say('+LW: LEN, %d' % self._room())
        elif words == ['CDR']:
            self.say('+LW: CDR, TXDR(0,7), RXDR(0,7)')
        elif words == ['DTR']:
            self.mac.ask_time()
            self.say('+LW: DTR')
        elif words[0] == 'BAT' and len(words) == 2 and words[1].isdigit():
            self.say('+LW: BAT, ' + words[1])
        else:
            self._error(name, INVALID)

    def _rtc_command(self, name, argument):
        word = (argument or '').upper()
        told_s, up_us = self.mac.utc_s(), self.kernel.now_us - self._up_us
        now_ms = POWER_UP_UTC_S * 1000 + up_us // 1000 if told_s is None else told_s * 1000
        text = datetime.fromtimestamp(now_ms // 1000, timezone.utc).strftime('%Y-%m-%d %H:%M:%S')
        if word in ('', 'UTC'):
            self.say('+RTC: ' + text)
        elif word == 'UTCMS':
            self.say('+RTC: %s.%03d' % (text, now_ms % 1000))
        elif word.startswith('LEAPSEC,'):
            self.say('+RTC: LEAPSEC, ' + word[8:].strip())
        else:
            self._error(name, INVALID)

    def _reset(self, name, argument):
        self.say('+RESET: OK')
        self.power_cycle()

    def _room(self):
        return max(self.mac.max_payload(self._rate_now()) - self.mac_answers, 0)

    def _rate_now(self):
        set_by_network = self.mac.data_rate()
        return self._dr if set_by_network is None else set_by_network

    # --- joining

    def _join(self, name, argument):
        if argument not in (None, 'FORCE'):
            self._error(name, INVALID)
        elif self._busy():
            self.say('+JOIN: LoRaWAN modem is busy')
        elif self.eeprom['mode'] != 'LWOTAA':
            self.say('+JOIN: Not in OTAA mode')
        elif self.mac.session is not None and argument is None:
            self.say('+JOIN: Joined already')
        elif self.join_duty and self.kernel.now_us < self._join_at_us:
            self.say('+JOIN: No band in %dms' % ((self._join_at_us - self.kernel.now_us) // 1000))
        else:
            self._transaction = 'JOIN'
            self.say('+JOIN: Start')
            self.say('+JOIN: ' + ('NORMAL' if argument is None else 'FORCE'))
            self.mac.identity = (self.eeprom['DevEui'], self.eeprom['AppEui'], (self.eeprom['APPKEY'] or '').upper())
            if self._can_be_heard() and self.mac.join(self._dr):
                self._join_at_us = self.kernel.now_us + JOIN_PAUSE_US
            else:
                self.kernel.after(UNHEARD_JOIN_US, self._end_join, False)

    def _can_be_heard(self):
        """Whether it is set to the network's region, channels and a key."""
        region = self.network.region
        channels = SUB_BAND_2 if region.wide_dr is not None else '0-2'
        return self.eeprom['scheme'] == region.name and self.eeprom['channels'] == channels and self.eeprom['APPKEY'] is not None

    def _end_join(self, joined):
        if self._transaction != 'JOIN':
            return      # restarted meanwhile
        self._transaction = None
        if joined:
            self.say('+JOIN: Network joined')
            self.say('+JOIN: NetID 000013 DevAddr %s' % _colons(self.mac.session.dev_addr))
        else:
            self.say('+JOIN: Join failed')
        self.say('+JOIN: Done')

    # --- sending

    def _send(self, name, argument):
        digits = (argument or '').strip('"').replace(' ', '')
        if len(digits) % 2 or not set(digits) <= HEX:
            self._error(name, INVALID)
            return
        payload = bytes.fromhex(digits)
        if self._busy():
            self.say('+%s: LoRaWAN modem is busy' % name)
        elif self.mac.session is None:
            self.say('+%s: Please join network first' % name)
        elif payload and len(payload) > self._room():
            self.say('+%s: Length error %d' % (name, self._room()))
        else:
            self._confirmed = name.startswith('C')
            self._transaction = name
            self.say('+%s: Start' % name)
            if self._confirmed:
                self.say('+%s: Wait ACK' % name)
            self.mac_answers = 0
            if not self.mac.send(int(self.eeprom['port']), payload, self._confirmed, self._dr):
                raise AssertionError('the MAC refused')

    def _msg(self, name, argument):
        if argument is not None:
            raise AssertionError('text payloads are not for this project')
        self._send(name, None)

    # --- events of the MAC

    def on_event(self, event):
        kind, number, detail = event
        if kind in (RECEIVED, HEARD):
            self._tell_downlink(number, detail)
        elif kind in (JOINED, JOIN_FAILED):
            self._end_join(kind == JOINED)
        else:
            # The frame that ended the windows is reported right after their end.
            self.kernel.after(0, self._end_uplink, kind)

    def _tell_downlink(self, port, payload):
        in_window = self._transaction is not None and not self.mac.is_in_uplink
        name = self._transaction if in_window else 'MSG'
        if payload:
            self.say('+%s: PORT: %d; RX: "%s"' % (name, port, payload.hex().upper()))
        self.say('+%s: RXWIN%d, RSSI -47, SNR %s' % (name, 1 if in_window else 0, '10.0' if in_window else '9'))
        if not in_window:
            self.say('+MSG: Done')

    def _end_uplink(self, kind):
        name, self._transaction = self._transaction, None
        if name is None:
            return      # restarted meanwhile
        if kind == ACKED:
            self.say('+%s: ACK Received' % name)
        if kind == ACKED or self.mac_only:
            self.mac_only = False
            self.say('+%s: RXWIN1, RSSI -106, SNR -16.0' % name)
        assert kind in (SENT, ACKED, FAILED)
        self.say('+%s: Done' % name)


_NUMBERS = tuple(str(number) for number in range(256))
_SETTINGS = {'MODE': ('mode', ('LWOTAA', 'LWABP', 'TEST')), 'ADR': ('adr', ('ON', 'OFF')), 'REPT': ('rept', _NUMBERS[1:16]),
             'RETRY': ('retry', _NUMBERS[:255]), 'PORT': ('port', _NUMBERS[1:224])}

_COMMANDS = {
    'VER': WioE5._ver, 'LOWPOWER': WioE5._lowpower,
    'ID': WioE5._id, 'KEY': WioE5._key, 'DR': WioE5._dr_command, 'CH': WioE5._ch, 'CLASS': WioE5._class, 'LW': WioE5._lw,
    'RTC': WioE5._rtc_command, 'RESET': WioE5._reset, 'JOIN': WioE5._join, 'MSGHEX': WioE5._send, 'CMSGHEX': WioE5._send, 'MSG': WioE5._msg,
    **{name: WioE5._setting for name in _SETTINGS},
}
