"""A Radio (hal.contract) over a modem with AT commands: one command at a time over a Serial, each with its own deadline.

What a modem's words are and mean is in hal/wio_e5.py and hal/rak3172.py.
"""

from micropython import const

from hal.at_lines import Lines
from hal.at_words import (ACK, BUSY, DATA, DOWNLINK, END, ERROR, FLUSH, GARBLED, JOIN, JOINED_NOW, NEEDED, NO_ROOM, NO_SESSION, PAYLOADS,
                          RESTART, TRIAL, UPLINK)
from hal.contract import ACKED, EMITTED, FAILED, HEARD, HalError, JOINED, JOIN_FAILED, RADIO, RECEIVED, SENT
from hal.modem_recovery import CHECK_MS, Recovery, UNKNOWN, UP_MS
from hal.ticks import Utc

# By kind of command: (first line, end) in ms after the last byte was handed over. An answer takes some 50 ms at 9600 baud. Join: SF12 request
# 1.5 s, RX2 6 s after it, SF12 accept 2 s. Uplink: SF12 frame 2.8 s, RX2 at most 6 s after it, SF12 downlink 2.8 s.
_LIMITS_MS = ((1500, 2000), (1500, 2000), (15000, 15000), (13500, 13500), (13500, 13500), (1500, 1500))
# What has not been asked of the modem by then is not: the layers above wait 20 s for a join, 15 s for a frame, 36 s for a confirmed one.
_JOIN_WITHIN_MS = const(4500)
_SEND_WITHIN_MS = const(1400)
_TRIES = const(3)       # of a command that was not understood, and of one that must succeed and got no answer
_SILENT = const(3)      # commands without an answer, after which the modem counts as dead
_REST_MS = const(10000)  # between two looks whether it is there
_CALM_MS = const(600000)    # without a frame: time for a restart that is due
_DAY_MS = const(86400000)
_EVENTS = const(16)     # waiting ones; more are dropped
_READS = const(8)       # of the port in one poll: a peer that never stops sending does not block the loop
_SETUPS = const(2)      # for one join or uplink
# Of a line: '+EVT:RX_C:-120:-20:MULTICAST:223:' or '+MSGHEX: PORT: 223; RX: "' and 242 bytes in hexadecimal; a command may have 528 characters.
_LONGEST = const(560)

# Shortest form of our uplinks (docs/payload.md): where not even that fits, the MAC's answers have to leave first.
_SHORTEST = const(5)

# How far the modem is known: not at all, asked what it is, configured, ready.
_PROBED, _CONFIGURED, _READY = range(1, 4)


class AtModem(Recovery):
    """A Radio. A modem's own class has _on_line(), and lists of commands (kind, text, lines of the answer): _probe(), _configuration(),
    _join_commands(), _uplink_commands(), _refresh_commands(), _check_commands(); the one of _flush_command(); the text of its restart, _restart."""

    _on_line = _probe = _configuration = _join_commands = _uplink_commands = _refresh_commands = _check_commands = _flush_command = _restart = None

    def __init__(self, serial, settings):
        self.joined = False
        self.dropped_events = 0
        self._serial = serial
        self._now_ms = None
        self._log = None
        self._reported = None       # what the log was told last
        self._lines = Lines(_LONGEST)
        self._payloads = PAYLOADS[settings.REGION]     # the modem's own word comes first
        self._adr = settings.ADR
        self._restart_ms = (settings.RADIO_RESET_DAYS or 0) * _DAY_MS
        self._fresh_ms = 0      # since then it has run, as far as is known
        self._calm_ms = 0       # end of the last join or frame
        self._pulled_ms = None  # the last reset by its line
        self._vain = 0          # joins and frames in a row that it told no end of
        self._events = []
        self._version = None    # as it says itself
        self._stage = UNKNOWN
        self._setup_ms = 0      # no set-up before, unless somebody waits for it
        self._script = []       # commands to come
        self._command = None    # the one under way
        self._echo = None       # what comes of it from a modem, or an adapter, that echoes
        self._since_ms = self._tries = 0
        self._setups = 0        # for the task, or since there was one
        self._seen = 0          # what its lines said
        self._count = self._trials = 0
        self._silences = 0      # commands without any answer, in a row
        self._task = None       # (JOIN, data rate) or (UPLINK, port, payload, confirmed, data rate)
        self._begun = False     # its commands are in the script
        self._within_ms = None  # until then, None once it was asked of the modem
        self._flushed = 0       # empty frames sent for it
        self._in_vain = False   # no frame was let through since the last empty one
        self._rate = None       # data rate set in the modem
        self._room = None       # application bytes it lets through at that data rate
        self._stale = False     # must be queried again
        self._check_ms = 0
        self._wants_time = False
        self._utc = Utc()

    def start(self, now_ms, log, note_sending=lambda is_sending: None):
        """Take the clock, which may wait for the modem's bytes in turn. log(text) is told of its silence and return, note_sending(bool) of frames."""
        self._now_ms = now_ms
        self._note_sending = note_sending
        self._log = log
        self._check_ms = self._fresh_ms = self._calm_ms = now_ms()

    # --- the contract

    def join(self, data_rate):
        """Queue one attempt; a modem that lost its settings is given them first."""
        return self._queue((JOIN, data_rate))

    def send(self, port, payload, confirmed, data_rate):
        """Queue one uplink."""
        room = self.max_payload(data_rate)
        # A frame that MAC answers leave no room for is taken: they are flushed for it.
        if not self.joined or not 0 < len(payload) <= (room if room >= _SHORTEST else self._payload(data_rate)):
            return False
        return self._queue((UPLINK, port, bytes(payload), bool(confirmed), data_rate))

    def poll(self):
        """Serve the port and the deadlines; the next event, or None."""
        now_ms = self._now_ms()
        for _ in range(_READS):
            data = self._serial.read()
            if not data:
                break
            for line in self._lines.feed(data):
                self._take(line)
        if self._command is not None and self._is_over(now_ms):
            self._finish()
        if self._task is not None and self._within_ms is not None and now_ms >= self._within_ms:
            self._drop_task()
        self._go_on(now_ms)
        return self._events.pop(0) if self._events else None

    def max_payload(self, data_rate):
        """The modem's own figure for its current data rate; a request for the time takes one byte of it."""
        known = data_rate == self._rate and self._room is not None
        room = self._room if known else self._payload(data_rate)
        return room - 1 if self._wants_time and room else room

    def data_rate(self):
        """The modem's own, if the network may set it."""
        return self._rate if self._adr else None

    def ask_time(self):
        """With the next uplink."""
        self._wants_time = True
        return True

    def utc_s(self):
        """The network's time, continued by the board's clock."""
        return self._utc.at(self._now_ms())

    # --- for the modem's own class

    def _report(self, event):
        if len(self._events) >= _EVENTS and event[0] in (RECEIVED, HEARD, EMITTED):
            self.dropped_events += 1
            return
        self._events.append(event)

    def _is_ready(self):
        return self._stage == _READY

    def _found_rate(self, data_rate):
        if data_rate != self._rate:
            self._rate = data_rate
            self._room = None

    def _payload(self, data_rate):
        return self._payloads[data_rate] if 0 <= data_rate < len(self._payloads) else 0

    # --- the machine

    def _queue(self, task):
        if self._silences >= _SILENT:
            raise HalError(RADIO, 'the modem is silent')
        if self._task is not None:
            return False
        self._task = task
        self._begun = False
        self._flushed = self._setups = 0
        now_ms = self._now_ms()
        self._within_ms = now_ms + (_SEND_WITHIN_MS if task[0] == UPLINK and not task[3] else _JOIN_WITHIN_MS)
        self._go_on(now_ms)
        return True

    def _take(self, line):
        if self._command is not None and line == self._echo:
            return      # no answer: a modem that says nothing else counts as silent
        self._silences = 0
        seen = self._on_line(line)
        if seen and self._command is not None:
            self._seen |= seen
            self._count += 1
            if seen & TRIAL:
                self._trials += 1
            if seen & END:
                self._finish()
                self._go_on(self._now_ms())

    def _is_over(self, now_ms):
        first_ms, end_ms = _LIMITS_MS[self._command[0]]
        return now_ms - self._since_ms >= (end_ms if self._seen else first_ms)

    def _go_on(self, now_ms):
        """Begin the next command, if none is under way."""
        while self._command is None and (self._script or self._fill(now_ms)):
            self._tries = 0
            self._issue(self._script.pop(0))

    def _issue(self, command):
        self._command = command
        self._echo = command[1].lower()
        if JOIN <= command[0] <= FLUSH:
            self._within_ms = None
            self._note_sending(True)
        self._tries += 1
        self._seen = self._count = self._trials = 0
        self._since_ms = self._now_ms()
        try:
            self._serial.write(bytes([ord(char) for char in command[1]]) + b'\r\n')
        except HalError:
            # Nothing left: no need to wait for an answer. Nor is the text repeated here, which may be a key.
            self._tries = _TRIES
            self._silences = _SILENT
            self._seen = ERROR
            self._finish()

    def _fill(self, now_ms):
        """Fill the script with the next task; False if there is none."""
        script = self._script
        if self._stage < _READY:
            return self._set_up(now_ms)
        if self._task is not None and not self._begun:
            self._begun = True
            script.extend(self._join_commands(self._task[1]) if self._task[0] == JOIN else self._uplink_commands(self._task))
        elif self._stale and self._task is None:
            self._stale = False
            script.extend(self._refresh_commands())
        elif self._task is None and self._restart_ms and now_ms - self._fresh_ms >= self._restart_ms and now_ms - self._calm_ms >= _CALM_MS:
            script.append((RESTART, self._restart, 0))
        elif self._task is None and now_ms - self._check_ms >= (CHECK_MS if not self._silences else 0):
            self._check_ms = now_ms
            script.extend(self._check_commands())
        return bool(script)

    def _set_up(self, now_ms):
        """The next step of the set-up."""
        if self._stage == UNKNOWN:
            if self._task is None and now_ms < self._setup_ms:
                return False
            self._setups += 1
            if self._task is not None and self._setups > _SETUPS:
                self._give_up()
                return False
            self._setup_ms = now_ms + _REST_MS
            self._script.extend(self._probe())
        elif self._stage == _PROBED:
            self._script.extend(self._configuration())
        self._stage += 1
        if self._stage == _READY:
            self._tell(self._ready_words())
        return bool(self._script) or self._fill(now_ms)

    def _finish(self):
        """The command under way has ended, by its last line or its deadline."""
        command, seen = self._command, self._seen
        self._command = None
        self._note_sending(False)
        if not seen:
            self._silences += 1
            if self._silences == _SILENT:
                self._tell('silent')
            if self._silences >= _SILENT:
                self._recover()
        if self._silences == _SILENT:
            self._restarted()
        void = not seen or seen & ERROR
        if self._tries < _TRIES and (seen & GARBLED or void and not seen & BUSY and command[0] == NEEDED):
            self._issue(command)
        elif command[0] == NEEDED and void:
            if seen & BUSY and self._begun:
                self._script.clear()
                self._end_task(FAILED, self._flushed, 'refused')
            else:
                self._give_up()
        elif command[0] == RESTART:
            self._log('modem: restarted, as every %d days' % (self._restart_ms // _DAY_MS))
            self._restarted()
            self._lost()
            self._setup_ms = self._now_ms() + UP_MS
        elif command[0] == JOIN:
            self._end_join(seen)
        elif command[0] == UPLINK:
            self._end_uplink(seen)
        elif command[0] == FLUSH:
            self._end_flush(seen)

    def _give_up(self):
        """A necessary command failed: the commands after it are dropped."""
        self._script.clear()
        self._restarted()
        self._setup_ms = self._now_ms() + _REST_MS
        if self._task is not None:
            self._drop_task()

    def _drop_task(self):
        """Drop the join or uplink that cannot be done in time; a set-up under way continues."""
        if self._begun:
            self._script.clear()
        task, self._task = self._task, None
        self._report((JOIN_FAILED, 0, None) if task[0] == JOIN else (FAILED, self._flushed, 'not configured'))

    def _end_join(self, seen):
        self._task = None
        self._note_end(seen & END)
        self._in_vain = False
        self._rate = self._room = None      # a join may change it
        self.joined = bool(seen & JOINED_NOW)
        if seen & NO_SESSION:
            self._restarted()
        self._report((JOINED if self.joined else JOIN_FAILED, 0, None))
        self._stale = self.joined

    def _end_uplink(self, seen):
        emissions = self._flushed + (0 if seen & ERROR else self._trials or 1)
        confirmed = self._task[3]
        if seen & NO_ROOM and not self._in_vain:
            self._in_vain = True
            self._script.append(self._flush_command())
            return
        if seen & NO_SESSION:
            self.joined = False
            self._restarted()
        if seen & DOWNLINK and not seen & (DATA | ACK):
            self._report((HEARD, 0, None))
        self._in_vain = self._in_vain and seen & ERROR != 0
        self._note_end(seen & (END | ERROR))
        if seen & ERROR:
            self._end_task(FAILED, emissions, 'refused')
        elif not seen & END:
            self._end_task(FAILED, emissions, 'no result')
        elif not confirmed:
            self._end_task(SENT, emissions, None)
        elif seen & ACK:
            self._end_task(ACKED, emissions, None)
        else:
            self._end_task(FAILED, emissions, 'no ack')

    def _end_flush(self, seen):
        self._flushed = 0 if seen & ERROR else 1
        if seen & DOWNLINK and not seen & DATA:
            self._report((HEARD, 0, None))
        # Only a confirmed frame has the time to go now; above, an unconfirmed one is simply sent again.
        if self._task[3] and self._flushed:
            self._script.extend(self._uplink_commands(self._task))
        else:
            self._end_task(FAILED, self._flushed, 'MAC answers in the way')

    def _end_task(self, kind, emissions, why):
        self._task = None
        self._stale = True
        self._report((kind, emissions, why))
