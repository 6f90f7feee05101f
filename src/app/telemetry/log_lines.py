"""What has changed, for the log of the board, one line each: light, network, box, charging session, plan, commands and answers."""

from hal.contract import BLUE, GREEN, PURPLE, RED, WHITE, YELLOW

from app.codec.vocabulary import COMMANDS, DAYS, DETAILS, REASONS, REASON_UNREACHABLE, RESULTS
from app.evse.states import NONE
from app.policy.local_time import DAY_S

_COLOURS = {BLUE: 'blue', GREEN: 'green', YELLOW: 'yellow', WHITE: 'white', PURPLE: 'purple', RED: 'red'}

_THURSDAY = 3       # 1970-01-01, in DAYS
_NOT_JOINED = 255   # beside REASONS


class LogLines:
    """look() at what may have changed; request() and answer() as it happens."""

    def __init__(self, log, view, evse_monitor, sessions, arbiter, timekeeper):
        """log(text); view: the StatusView, as it was last computed; sessions: the ChargingSessions."""
        self._log = log
        self._view = view
        self._evse_monitor = evse_monitor
        self._sessions = sessions
        self._arbiter = arbiter
        self._timekeeper = timekeeper
        # As last said; numbers, so that a look at what has not changed allocates nothing.
        self._joined = None
        self._colour = None
        self._why = None
        self._box = None
        self._is_open = False
        self._plan = None

    def look(self, now_ms, colour, joined):
        """Tell what is not as it was last. colour: of the light; joined: the LoRaWAN session."""
        view, monitor = self._view, self._evse_monitor
        if joined is not self._joined:
            self._joined = joined
            self._log('network: joined' if joined else 'network: not joined')
        why = None
        if colour == RED:
            why = _NOT_JOINED if not joined else view.reason if monitor.reachable else REASON_UNREACHABLE
        if colour != self._colour or why != self._why:
            self._colour, self._why = colour, why
            self._log('light: ' + _COLOURS[colour] + ('' if why is None else ', not joined' if why == _NOT_JOINED else ', ' + REASONS[why]))
        box = view.code << 8 | view.reason
        # Before the first reading nothing is known yet, which is no silence of the box.
        if box != self._box and (monitor.settled or monitor.code != NONE):
            self._box = box
            self._log('box: ' + ('' if view.reason == REASON_UNREACHABLE else '%02X ' % view.code) + REASONS[view.reason])
        sessions = self._sessions
        if sessions.is_open is not self._is_open:
            self._is_open = sessions.is_open
            self._log('session: %d %s, %d Wh' % (sessions.number, 'begins' if sessions.is_open else 'ends', sessions.meter.session_wh))
        self._look_at_plan(self._timekeeper.utc_s(now_ms))

    def _look_at_plan(self, utc_s):
        plan = self._arbiter.plan
        if plan is None or utc_s is None:
            edge_key = 0 if plan is None else 1
            text = 'none' if plan is None else 'waits for the time'
        elif plan.knows(utc_s):
            inside, edge, _ = plan.state(utc_s)
            edge_key = edge << 1 | inside
            text = 'open' if inside else 'closed'
        else:
            return   # it is being computed, part by part
        if edge_key == self._plan:
            return
        self._plan = edge_key
        if edge_key > 1:
            day, second = divmod(edge + plan.local.offset_s(edge), DAY_S)
            text += ' until %s %02d:%02d' % (DAYS[(day + _THURSDAY) % 7], second // 3600, second // 60 % 60)
        self._log('plan: ' + text)

    def request(self, op, command_id):
        """A request came; None for what cannot be read."""
        self._log('request: ' + _named(op, command_id))

    def answer(self, answer):
        """An answer is on its way."""
        detail = answer.detail
        self._log('answer: %s %s%s' % (_named(answer.op, answer.command_id), RESULTS[answer.result],
                                       ' ' + DETAILS[detail] if 0 < detail < len(DETAILS) else ''))


def _named(op, command_id):
    word = COMMANDS[op] if op is not None and 0 < op < len(COMMANDS) else 'unknown'
    return word if command_id is None else '%s %d' % (word, command_id)
