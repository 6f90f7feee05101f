"""The expected state of a box after its owner's commands and their answers: a model independent of the firmware, and its verdict on a run.

What was answered `done` counts; what was not answered may count or not, so there is a set of claims that may be in force.
"""

import struct
from collections import namedtuple
from itertools import permutations

OPS = {'lock': 1, 'unlock': 2, 'reset': 3, 'start': 4, 'stop': 5, 'set_current': 6, 'boost': 7, 'skip': 8, 'resume_plan': 9, 'report': 10,
       'reboot': 11}
# boost: None, or its current in amperes, 0 for the box's own limit; limit_a: never more than that, None for the box's own.
Claim = namedtuple('Claim', 'locked stopped boost limit_a')
NOTHING = Claim(False, False, None, None)
A_PER_DUTY = 0.06
# A telegram to this register is a jump or a reset.
STATE = 0x0005
LOCKS, FREES, RESETS = 'E0E0', 'A1A1', '5A5A'
# The monitor sees an unplugged car within this time, and an outlet of its own that is out of use is back after that.
SEEN_S = 15
PULSE_S = 60
# A box that comes back with its monitor has forgotten its limit until the monitor has started and read it.
WAKES_S = 20
# No box is without power for longer, that time included.
RETURNS_S = 100
# A frame is booked when its receive windows are over.
WINDOWS_S = 8
CLOSINGS_A_DAY = 12
PULSES_A_NIGHT = 3
RESETS_A_NIGHT = 2
# Of more commands under way than that the order is not followed.
ORDERS_MOST = 4


class Command:
    """One of the owner's words, sent at t_s; number: its id, None for the original's byte. amps: of a boost or limit."""

    def __init__(self, t_s, word, number=None, amps=0, start_utc_s=0, expires_in_s=3600):
        self.t_s = t_s
        self.word = word
        self.number = number
        self.amps = amps
        if number is None:
            self.f_port, self.payload = 1, bytes((OPS[word],))
        else:
            args = {'boost': b'\x03\x00\x00' + bytes((2 * amps,)) * (amps > 0), 'set_current': bytes((2 * amps,)),
                    'skip': b'\x00', 'report': b'\x00'}.get(word, b'')
            self.f_port, self.payload = 20, struct.pack('>BBIH', OPS[word], number, start_utc_s + int(t_s), expires_in_s) + args

    def __repr__(self):
        return '%s %s at %d' % (self.word, self.number, self.t_s)

    def effect(self, claim):
        """The claim once it is done, with nothing behind it: a plan would be held against it here."""
        if self.word in ('lock', 'unlock'):
            return claim._replace(locked=self.word == 'lock')
        if self.word == 'set_current':
            return claim._replace(limit_a=self.amps)
        if self.word in ('skip', 'report', 'reboot'):
            return claim
        return claim._replace(stopped=self.word == 'stop', boost=self.amps if self.word == 'boost' else None)

    def apply(self, claims, result):
        """The claims that may be in force after this result; None: no answer was heard."""
        if result in ('refused', 'expired', 'busy'):
            return claims
        after = {self.effect(claim) for claim in claims}
        if self.word == 'unlock':
            # Behind an outlet that was out of use for long there may be another car, which gets no boost.
            after |= {claim._replace(boost=None) for claim in after}
        if result == 'done':
            return after
        if result is None and self.word == 'start':
            after |= {claim._replace(stopped=False, boost=0) for claim in claims}   # it is under way
        return claims | after


def answers(timeline):
    """[(t_s, word, id or None, (result, detail))] of the answers that were heard."""
    found = []
    for entry in sorted(timeline, key=lambda entry: entry['t']):
        if entry['kind'] == 'uplink' and entry['received'] and entry['decoded'].get('type') == 'result':
            told = entry['decoded']
            found.append((entry['t'], told.get('command'), told.get('command_id'), (told['result'], told.get('detail'))))
    return found


class View:
    """What the owner knows at until_s. claims: that may be in force; pending: the commands without an answer; told: {command: answer received}."""

    def __init__(self, commands, unplugs_s, timeline, until_s):
        self.claims = {NOTHING}
        self._left_s = -1.0       # when a car last left
        self.pending = []
        self.told = {}
        happenings = [(command.t_s, 0, command) for command in commands] + [(t_s, 1, t_s) for t_s in unplugs_s]
        happenings += [(answer[0], 2, answer) for answer in answers(timeline)]
        for t_s, kind, what in sorted(happenings, key=lambda happening: happening[:2]):
            if t_s > until_s:
                break
            (self._sent, self._unplugged, self._answered)[kind](what, until_s)

    def _sent(self, command, until_s):
        self.pending.append(command)

    def _unplugged(self, t_s, until_s):
        """The car takes along what was said of it, if it is seen to leave."""
        self._left_s = t_s
        left = {claim._replace(stopped=False, boost=None) for claim in self.claims}
        unseen = t_s > until_s - SEEN_S or any(claim.locked for claim in self.claims)
        self.claims = self.claims | left if unseen else left

    def _answered(self, answer, until_s):
        _, word, number, told = answer
        for command in self.pending:
            if (command.word, command.number) == (word, number):
                self.pending.remove(command)
                self.told[command] = told
                after = command.apply(self.claims, told[0])
                # Of what was said before the car left and answered after that, it may have taken its part along.
                self.claims = after | self.claims if command.t_s < self._left_s else after
                return

    def may_be(self):
        """Every claim that may be in force at some time, whatever becomes of the pending commands."""
        claims = set(self.claims)
        while True:
            more = set(claims)
            for command in self.pending:
                more |= command.apply(more, None)
            if more == claims:
                return claims
            claims = more

    def will_be(self, told):
        """The claims that may be in force when the pending commands were answered so: {command: (result, detail)}."""
        if len(self.pending) > ORDERS_MOST:
            return self.may_be()
        claims = set()
        for order in permutations(self.pending):
            after = self.claims
            for command in order:
                after = command.apply(after, told.get(command, (None,))[0])
            claims |= after
        return claims


class Verdict:
    """wrong: errors of a run, as texts. before: the View at the cut."""

    def __init__(self, day, world, life):
        self.wrong = []
        self._world = world
        self._life = life
        self._day = day
        self._on_s = life.t_s + life.off_s
        self.before = View(day.commands, day.unplugs_s, world.timeline, life.t_s)
        self._may = self.before.may_be()
        self._told = self._answers()
        self._see_box()
        self._see_closings()
        self._see_telegrams()
        self._see_pulses()
        self._see_airtime()
        causes = {entry['cause'] for entry in self._since('reset')} - {'power', 'command'}
        if causes:
            self.wrong.append('resets: %s' % causes)

    def _since(self, kind, t_s=None):
        t_s = self._life.t_s if t_s is None else t_s
        return [entry for entry in self._world.timeline if entry['kind'] == kind and entry['t'] > t_s]

    def _answers(self):
        """What was answered to each command that was delivered again; the same as before the cut, and always the same."""
        told = dict(self.before.told)
        again = self._day.again(self.before)
        heard = [answer for answer in answers(self._world.timeline) if answer[0] > self._on_s]
        waits = False
        for command in again:
            said = {answer[3] for answer in heard if answer[1:3] == (command.word, command.number)}
            # An answer does not tell commands of the same number apart that were given at different times.
            twins = [other for other in again if (other.word, other.number) == (command.word, command.number)]
            known = {self.before.told[other] for other in twins if other in self.before.told}
            new = said - known
            if not known <= said or len(new) > len([other for other in twins if other not in self.before.told]):
                self.wrong.append('%r was answered %s, then %s' % (command, known, said))
            # What wakes a car takes its time, and the next command behind it.
            waits = waits or command.word in ('start', 'boost') and command not in told
            if not said and not waits:
                self.wrong.append('%r was not answered' % command)
            if said and command not in told:
                told[command] = min(new or said, key=str)
        return told

    def _see_box(self):
        claims = self.before.will_be(self._told)
        if not any(self._fits(claim) for claim in claims):
            box = self._world.box
            self.wrong.append('box in %s with Icmax %d, wanted %s' % (box.code, box.limits.icmax, sorted(map(tuple, claims), key=str)))

    def _fits(self, claim):
        """Whether the box is as this claim wants it."""
        box = self._world.box
        if claim.locked:
            return box.code == 'E0' and not box.limits.paused
        if box.code == 'E0' or box.code[0] == 'F':
            return False
        if claim.stopped:
            return box.limits.paused and not box.contactor
        if self._closings_of_day() >= CLOSINGS_A_DAY:
            return True
        limits = box.limits
        if claim.boost is not None and box.vehicle is not None:
            if self._day.may_sleep and not box.contactor:
                return True   # the start sequence is under way
            if not box.contactor and not self._day.key_locked:
                return False
        elif claim.boost is not None:
            return True
        most_a = limits.box * A_PER_DUTY
        return abs(limits.icmax * A_PER_DUTY - min(claim.boost or most_a, claim.limit_a or most_a)) < A_PER_DUTY

    def _closings_of_day(self):
        return len([entry for entry in self._world.timeline if entry['kind'] == 'contactor' and entry['closed']])

    def _see_closings(self):
        """None where nobody may have wanted current, but what a box does by itself when its power returns."""
        if all(claim.locked or claim.stopped for claim in self._may):
            alone_s = self._on_s + WAKES_S if self._box_returns() else 0
            for entry in self._since('contactor', max(self._life.t_s, alone_s)):
                if entry['closed']:
                    self.wrong.append('contactor closed at %.3f' % entry['t'])

    def _box_returns(self):
        """The box lost its power with the monitor, or just before."""
        return self._life.box_too or any(0 <= self._life.t_s - at_s < RETURNS_S for at_s in self._day.box_off_s)

    def _writes(self, value, t_s):
        return len([entry for entry in self._since('bus_write', t_s)
                    if entry['register'] == STATE and entry['value'] == value and entry['accepted']])

    def _see_telegrams(self):
        """Nothing is done twice: in this life no more than was not answered before, in the whole day no more than was asked for."""
        pending = [command.word for command in self.before.pending]
        charges = any(claim.boost is not None for claim in self._may)
        asleep = charges and self._day.may_sleep
        start_resets = RESETS_A_NIGHT if charges and self._day.key_locked else 0
        relock = any(claim.locked for claim in self._may) and (self._box_returns() or self.code_at_cut() != 'E0')
        t_s = self._life.t_s
        locks = self._writes(LOCKS, t_s)
        self._at_most('resets since', self._writes(RESETS, t_s), pending.count('reset') + start_resets)
        self._at_most('locks since', locks, pending.count('lock') + relock + (PULSES_A_NIGHT if asleep else 0))
        self._at_most('releases since', self._writes(FREES, t_s), pending.count('unlock') + locks + (self.code_at_cut() == 'E0'))
        asked = [command.word for command in self._day.commands if command.t_s <= t_s]
        night = RESETS_A_NIGHT if self._day.key_locked else 0
        self._at_most('resets of all', self._writes(RESETS, -1), asked.count('reset') + night)
        woken = PULSES_A_NIGHT if self._day.may_sleep else 0
        dark = len([at_s for at_s in self._day.box_off_s if at_s <= t_s]) + self._life.box_too
        self._at_most('locks of all', self._writes(LOCKS, -1), asked.count('lock') + woken + dark + asked.count('reset'))
        self._at_most('reboots', len([entry for entry in self._world.timeline if entry.get('cause') == 'command']), asked.count('reboot'))

    def _at_most(self, what, count, most):
        if count > most:
            self.wrong.append('%s: %d, not %d' % (what, count, most))

    def code_at_cut(self):
        """The box's state then."""
        return [entry['code'] for entry in self._world.timeline if entry['kind'] == 'charger_state' and entry['t'] <= self._life.t_s][-1]

    def _see_pulses(self):
        """An outlet that nobody locked is not out of use for long once the monitor is back."""
        if any(claim.locked for claim in self._may):
            return
        states = [entry for entry in self._world.timeline if entry['kind'] == 'charger_state']
        ends = [entry['t'] for entry in states[1:]] + [self._world.kernel.now_us / 1e6]
        for entry, end_s in zip(states, ends):
            if entry['code'] == 'E0' and end_s - max(entry['t'], self._on_s) > PULSE_S:
                self.wrong.append('out of use from %.3f to %.3f' % (entry['t'], end_s))

    def _see_airtime(self):
        """What was on the air, the monitor knows."""
        booked_s = self._world.kernel.now_us / 1e6 - WINDOWS_S
        heard_ms = sum(entry['airtime_ms'] for entry in self._world.timeline if entry['kind'] == 'uplink' and entry['t'] < booked_s)
        app = self._world.app
        known_ms = 0 if app is None else app.session.airtime_budget.airtime_log.total_ms
        if known_ms < heard_ms:
            self.wrong.append('airtime: %d ms known of %d' % (known_ms, heard_ms))
