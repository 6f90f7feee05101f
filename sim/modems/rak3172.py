"""Fake of RAKwireless' RAK3172 module (RUI3 firmware) at the level of its AT commands, on the simulated air.

Semantics of the RUI3 "AT Command Manual": a value line where one was asked for, then a status between empty lines; what takes long ends in
an event. old: the events of earlier firmware, with blanks and a downlink in three lines. A setting that changes the mode restarts it.
As read in the sources of RUI3 (service_lora.c, service_mode_cli.c, service_nvm.h): the local echo is a toggle kept in flash, each typed
character comes back and then LF CR; a confirmed downlink is acknowledged immediately by an empty frame of the module's own, if the MAC is free,
and that frame's end is reported like any other's; a frame for which MAC answers leave no room is refused, and an empty one sent in its place. As
seen by users: a module that sleeps mistakes the first byte that wakes it.
"""

from datetime import datetime, timezone

from hal.contract import ACKED, HEARD, JOIN_FAILED, JOINED, RECEIVED, SENT

from sim.modems.at_modem import AtModem

BAUD = 115200
BANDS = {'EU868': '4', 'US915': '5', 'AU915': '6', 'AS923': '8'}
UNHEARD_JOIN_US = 10_000_000
POWER_UP_UTC_S = 315_964_800        # its clock starts at 1980-01-06
HEX = set('0123456789ABCDEF')
SECONDS = tuple(str(number) for number in range(16))
ACK_PORT = 2                        # of its own empty frames, as the network tells it
AWAKE_US = 1_000_000                # after the last byte, in low power mode
# Name: (value of a new module, allowed values: digits of hexadecimal, the values, or None for any number).
SETTINGS = {
    'NWM': ('1', ('0', '1')), 'NJM': ('1', ('0', '1')), 'BAND': ('4', tuple(str(number) for number in range(12))), 'DEVEUI': ('AC' * 8, 16),
    'APPEUI': ('AC' * 8, 16), 'APPKEY': ('AC' * 16, 32), 'MASK': ('0001', 4), 'CLASS': ('A', ('A', 'C')), 'ADR': ('1', ('0', '1')),
    'RETY': ('0', tuple('01234567')), 'CFM': ('0', ('0', '1')), 'DR': ('0', tuple('01234567')), 'TIMEREQ': ('0', ('0', '1')),
    'LPM': ('0', ('0', '1')), 'PNM': ('1', ('0', '1')), 'JN1DL': ('5', SECONDS), 'JN2DL': ('6', SECONDS), 'LINKCHECK': ('0', ('0', '1', '2')),
    'TXP': ('0', SECONDS[:15]), 'CHS': ('0', None),
}
READ_ONLY = ('NJS', 'LTIME', 'VER')


class Rak3172(AtModem):
    """One module. flash: what survives a power cut. old: it has an early firmware."""

    def __init__(self, kernel, network, seed=1, baud=BAUD):
        super().__init__(kernel, network, baud, seed)
        self.old = False
        self.binary = False     # its serial mode, kept in flash
        self.version = 'RUI_4.0.6_RAK3172-E'
        self.flash = {name: value for name, (value, _) in SETTINGS.items()}
        self.power_cycle()

    def power_up(self):
        self._up_us = self.kernel.now_us
        self._transaction = None
        self._owes = False      # an acknowledgement, once its windows are over
        self._asks_time = False
        self._set_mac()

    def _set_mac(self):
        self.mac.klass = self.flash['CLASS']
        self.mac.use_adr(self.flash['ADR'] == '1', int(self.flash['DR']))

    def _busy(self):
        return False    # it takes commands while it joins or sends, and answers that it is busy

    def _status(self, word):
        self._put(b'\r\n')
        self.say(word)

    def _event(self, text):
        self.say('+EVT:' + (text.replace('_', ' ') if self.old else text))

    def _arrived(self, data):
        asleep = self.flash['LPM'] == '1' and self._transaction is None and self.kernel.now_us - self._typed_us > AWAKE_US
        super()._arrived(bytes([data[0] | 0x80]) + data[1:] if asleep else data)

    # --- commands

    def execute(self, line):
        if self.binary and line.upper() != 'AT+ATM':
            return      # no frame of its binary mode
        self.binary = False
        name, _, argument = line[3:].partition('=')
        name = name.upper()
        if line.upper() == 'AT':
            self._status('OK')
        elif line.upper() == 'ATZ':
            self.power_cycle()      # without a status
            self.say('RAKwireless RAK3172 Example')
        elif line.upper() == 'AT+ATM':
            self._status('OK')
        elif line.upper() == 'ATE':
            self.echo = not self.echo
            self._status('OK')
        elif line[:3].upper() != 'AT+' or name not in SETTINGS and name not in READ_ONLY and name not in ('JOIN', 'SEND'):
            self._status('AT_COMMAND_NOT_FOUND')
        elif argument == '?' and name not in ('JOIN', 'SEND'):
            self.say('AT+%s=%s' % (name, self._value(name)))
            self._status('OK')
        elif name == 'JOIN':
            self._join(argument)
        elif name == 'SEND':
            self._send(argument)
        elif name in READ_ONLY:
            self._status('AT_PARAM_ERROR')
        else:
            self._set(name, argument.upper())

    def _value(self, name):
        if name == 'VER':
            return self.version
        if name == 'NJS':
            return '1' if self.mac.session is not None else '0'
        if name == 'LTIME':
            told_s = self.mac.utc_s()
            now_s = POWER_UP_UTC_S + (self.kernel.now_us - self._up_us) // 1_000_000 if told_s is None else told_s
            return 'LTIME: ' + datetime.fromtimestamp(now_s, timezone.utc).strftime('%Hh%Mm%Ss on %d/%m/%Y')
        if name == 'DR' and self.mac.data_rate() is not None:
            return str(self.mac.data_rate())
        return self.flash[name]

    def _set(self, name, value):
        allowed = SETTINGS[name][1]
        if isinstance(allowed, int):
            right = len(value) == allowed and set(value) <= HEX
        else:
            right = value.isdigit() if allowed is None else value in allowed
        if not right or name == 'DR' and int(value) not in self.network.region.uplink:
            self._status('AT_PARAM_ERROR')
            return
        if name == 'DR' and self._transaction is not None:
            self._status('AT_BUSY_ERROR')
            return
        changed, self.flash[name] = self.flash[name] != value, value
        self._status('OK')
        if name == 'NWM' and changed:
            self.power_cycle()
            self.say('RAKwireless RAK3172 Example')
        elif name == 'BAND' and changed:
            self.mac.session = None
        elif name == 'DR':
            self.mac.use_rate(int(value))
        elif name == 'TIMEREQ' and value == '1':
            self._asks_time = self.mac.ask_time()
        self._set_mac()

    # --- joining and sending

    def _join(self, argument):
        words = argument.split(':')
        if words[0] == '0':
            self._status('OK')
        elif len(words) != 4 or words[0] != '1' or not 7 <= int(words[2]) <= 255:
            self._status('AT_PARAM_ERROR')
        elif self._transaction is not None:
            self._status('AT_BUSY_ERROR')
        else:
            self._transaction = 'JOIN'
            self._status('OK')
            self.mac.identity = tuple(self.flash[name] for name in ('DEVEUI', 'APPEUI', 'APPKEY'))
            if not (self._can_be_heard() and self.mac.join(int(self.flash['DR']))):
                self.kernel.after(UNHEARD_JOIN_US, self.on_event, (JOIN_FAILED, 0, None))

    def _can_be_heard(self):
        region = self.network.region
        flash = self.flash
        return (flash['BAND'] == BANDS[region.name] and flash['APPKEY'] != SETTINGS['APPKEY'][0] and flash['PNM'] == '1'
                and flash['JN1DL'] == '5' and (region.wide_dr is None or flash['MASK'] == '0002' and flash['CHS'] == '0'))

    def _send(self, argument):
        port, _, digits = argument.partition(':')
        if not port.isdigit() or not 1 <= int(port) <= 223 or len(digits) % 2 or not set(digits.upper()) <= HEX or not digits:
            self._status('AT_PARAM_ERROR')
        elif self._transaction is not None:
            self._status('AT_BUSY_ERROR')
        elif self.mac.session is None:
            self._status('AT_NO_NETWORK_JOINED')
        elif not self.mac.send(int(port), bytes.fromhex(digits), self.flash['CFM'] == '1', int(self.flash['DR'])):
            self._status('AT_PARAM_ERROR')
            self._send_empty()
        else:
            self._transaction = 'SEND'
            self._status('OK')

    def _send_empty(self):
        """A frame of its own, if the MAC is free."""
        if self._transaction is None and self.mac.send(ACK_PORT, b'', False, int(self.flash['DR'])):
            self._transaction = 'OWN'

    # --- events of the MAC

    def on_event(self, event):
        kind, number, detail = event
        if kind in (RECEIVED, HEARD):
            in_window = self._transaction is not None and not self.mac.is_in_uplink
            if kind == RECEIVED:
                self._tell_downlink('RX_1' if in_window else 'RX_C', number, detail)
            if self.mac.owes_ack and self._transaction is None:
                self.kernel.after(0, self._send_empty)
            self._owes = in_window and self.mac.owes_ack
        elif kind in (JOINED, JOIN_FAILED):
            self._transaction = None
            self._event('JOINED' if kind == JOINED else 'JOIN_FAILED_RX_TIMEOUT' if not self.old else 'JOIN_FAILED')
        else:
            self.kernel.after(0, self._end_uplink, kind)

    def _tell_downlink(self, window, port, payload):
        digits = payload.hex()
        if self.old:
            for text in ('%s, RSSI -70, SNR 8' % window, 'UNICAST', '%d:%s' % (port, digits)):
                self.say('+EVT:' + text)
        else:
            self.say('+EVT:%s:-70:8:UNICAST:%d:%s' % (window, port, digits))

    def _end_uplink(self, kind):
        if self._transaction is None:
            return      # restarted meanwhile
        self._transaction = None
        if self._owes:
            self._owes = False
            self.kernel.after(0, self._send_empty)
        if self._asks_time:
            self._asks_time = False
            self._event('TIMEREQ_OK' if self.mac.utc_s() is not None else 'TIMEREQ_FAILED')
        self._event({SENT: 'TX_DONE', ACKED: 'SEND_CONFIRMED_OK'}.get(kind, 'SEND_CONFIRMED_FAILED'))
