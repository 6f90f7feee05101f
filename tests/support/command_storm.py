"""An installation under random commands: the requests sent, accepted and answered, and whether the answers are true.

The box's side is the simulation's timeline. Of the firmware only the doors are watched: what CommandLog and LegacyCommands accept and finish.
"""

import struct
from random import Random

from app.codec import vocabulary
from app.commands.command_log import CAPACITY, CommandLog
from app.commands.legacy import LegacyCommands
from lorawan.session import Session
from sim.boards.simulated_board import SimBus
from tests.support.watched_world import HOUR_S, WatchedWorld

DAY_S = 24 * HOUR_S
JOINED_S = 90
REST_S = 300
CLOSINGS_A_DAY = 12
# A write that lets the contactor close has done so by then, or it is somebody else's doing (docs/internals.md).
ORDER_S = 300
# A reset opens and closes: 3 s of start, 2 s of steps, a car takes 2 s. The same time after actions of others.
WALK_S = 15
# A contactor that opens this soon after an opening write of the monitor was opened by it.
OPENS_S = 15
# A reading is at most so old when it decides.
FRESH_S = 5.2
# No original byte is at work for longer, those before it included.
COMMAND_S = 60
STATE, ICMAX = 0x0005, 0x0014
PAUSE, JUMP_E0, JUMP_A1, RESET = 1000, 0xE0E0, 0xA1A1, 0x5A5A
ENABLED = ('A1', 'B1', 'B2', 'C2', 'C3', 'C4')
CHARGING = ('C2', 'C3', 'C4')
DONE, REFUSED, FAILED, EXPIRED = [vocabulary.RESULTS.index(word) for word in ('done', 'refused', 'failed', 'expired')]
# Then the box could not be reached, or only late.
AWAY = ('unreachable', 'no_answer', 'power_cut')
# Words of fPort 20 and their arguments; the original's bytes are 1, 2, 3.
ARGUMENTS = {
    'lock': (b'',), 'unlock': (b'',), 'reset': (b'',), 'start': (b'', b'\x14'), 'stop': (b'',), 'set_current': (b'\x10', b'\x20'),
    'boost': (b'\x03\x00\x00', b'\x02\x00\x20', b'\x01\x02\x00'), 'skip': (b'\x00', b'\x01'), 'resume_plan': (b'',), 'report': (b'\x00',),
}
ORIGINAL = ('lock', 'unlock', 'reset')
OPENING = ('lock', 'stop')


class AcceptedCommand:
    """One accepted command. accepted_s, begun_s; answers: (s, result, detail, codes the box was in just before, contactor open then)."""

    def __init__(self, word, accepted_s):
        self.word = word
        self.accepted_s = accepted_s
        self.answers = []


class CommandStorm:
    """commands an hour for some hours, from one seed. happenings: what box and car do in an hour, beside. new: share of commands with a
    new identity on fPort 20; the rest repeats those, or is one of the original's bytes. endless: airtime and command log never run out, as if the
    day began again all the time: else nothing but locks is accepted after half an hour.
    """

    def __init__(self, monkeypatch, seed, hours, commands=1000, happenings=12, new=0.1, endless=False, **given):
        self.seed = seed
        self.dice = Random('storm %d' % seed)
        self.house = WatchedWorld(seed=seed, **given)
        self.house.expected_resets = None
        self.world = self.house.world
        self.end_s = JOINED_S + hours * HOUR_S
        self.accepted = {}
        self.writes = []            # (s, register, value) of each telegram of the monitor
        self.recorded_s = []        # when what the owner wants went to flash
        self.others_s = []          # when somebody else did what may close the contactor
        self._known = []
        self._watch_doors(monkeypatch)
        if endless:
            monkeypatch.setattr(Session, 'accepts', lambda session, now_ms, owed: True)
            monkeypatch.setattr(CommandLog, '_make_room', _make_room)
        self.world.flash.on_put = self._put
        transmit = self.world.line.transmit
        monkeypatch.setattr(self.world.line, 'transmit', lambda node, data: self._sent(node, data) or transmit(node, data))
        at_s = JOINED_S
        while at_s < self.end_s:
            at_s += self.dice.expovariate(commands / HOUR_S)
            self._command(at_s, new)
        at_s = JOINED_S
        while happenings and at_s < self.end_s:
            at_s += self.dice.expovariate(happenings / HOUR_S)
            self._happening(at_s)

    def now_s(self):
        return self.world.kernel.now_us / 1e6

    # --- what is watched

    def _sent(self, node, data):
        if isinstance(node, SimBus) and data[3:5] == b'10':
            self.writes.append((self.now_s(), int(data[5:9], 16), int(data[-8:-4], 16)))

    def _put(self, name, old, new):
        if name.startswith('owner'):
            self.recorded_s.append(self.now_s())

    def _watch_doors(self, monkeypatch):
        for kind in (CommandLog, LegacyCommands):
            monkeypatch.setattr(kind, 'accept', self._accepted(kind.accept))
            monkeypatch.setattr(kind, 'finish', self._finished(kind.finish))

    def _accepted(self, accept):
        def accepted(command_log, entry):
            key = self._identity(entry)
            assert key not in self.accepted, ('accepted twice', key)
            self.accepted[key] = AcceptedCommand(vocabulary.COMMANDS[entry.op], self.now_s())
            return accept(command_log, entry)
        return accepted

    def _finished(self, finish):
        def finished(command_log, entry, result, detail, *now_ms):
            world = self.world
            seen = {entry['code'] for entry in self._recent('charger_state')}
            open_then = not all(entry['closed'] for entry in self._recent('contactor'))
            answer = (self.now_s(), result, vocabulary.DETAILS[detail], seen, open_then, world.box.vehicle is not None)
            self.accepted[self._identity(entry)].answers.append(answer)
            return finish(command_log, entry, result, detail, *now_ms)
        return finished

    def _identity(self, entry):
        # An original byte has no identity, but the entry that the test keeps.
        return (entry.op, entry.command_id, entry.issued_at) if entry.issued_at is not None else (vocabulary.COMMANDS[entry.op], id(entry), entry)

    def _recent(self, kind):
        """Entries of the timeline that held at some time in the last FRESH_S."""
        from_s = self.now_s() - FRESH_S
        found = []
        for entry in reversed(self.world.timeline):
            if entry['kind'] == kind:
                found.append(entry)
                if entry['t'] <= from_s:
                    break
        return found

    # --- what happens

    def _command(self, at_s, new):
        dice = self.dice
        luck = dice.random()
        mood = self._mood(at_s)
        if luck < new:
            word = dice.choice([word for word in sorted(ARGUMENTS) if word in mood])
            stamp = self.world.start_utc_s + int(at_s) + dice.choice((0, 0, 0, -30, -700, 90, 5000))
            expires = dice.choice((10, 600, 600))
            head = struct.pack('>BBIH', vocabulary.COMMANDS.index(word), dice.randrange(256), stamp, expires)
            self._known.append(head + dice.choice(ARGUMENTS[word]))
            self._push(at_s + dice.choice((0, 0, 0, 20)), 20, self._known[-1])
        elif luck < new + 0.2 and self._known:
            self._push(at_s, 20, dice.choice(self._known[-8:]))
        else:
            word = dice.choice([word for word in ORIGINAL if word in mood] or ORIGINAL)
            self._push(at_s, dice.choice((1, 2)), bytes((vocabulary.COMMANDS.index(word),)))

    def _mood(self, at_s):
        """The words of this quarter of an hour: all of them, or some for longer, so that a car is let charge in between."""
        dice = Random('mood %s %d' % (self.seed, at_s // 900))
        some = dice.sample(sorted(ARGUMENTS), 3)
        return dice.choice((tuple(ARGUMENTS), tuple(some) + ('reset',), ('unlock', 'reset', 'start', 'boost', 'resume_plan')))

    def _push(self, at_s, port, payload):
        self.house.at(at_s, self.world.network.push, [{'f_port': port, 'payload': payload, 'confirmed': False}])

    def _happening(self, at_s):
        getattr(self, '_' + self.dice.choice(self.HAPPENINGS))(at_s)

    HAPPENINGS = ('replug', 'key', 'key', 'fault', 'box_power', 'box_reset', 'bus_cut', 'noise', 'power')

    def _other(self, at_s, act, *args):
        """Something that may close the contactor without us."""
        def do():
            self.others_s.append(self.now_s())
            act(*args)
        self.house.at(at_s, do)

    def _replug(self, at_s):
        self.house.do(at_s, 'unplug')
        self._other(at_s + self.dice.expovariate(1 / 60), self.world.do, {'do': 'plug'})

    def _key(self, at_s):
        self._other(at_s, self.world.box.key, self.dice.random() < 0.6)

    def _fault(self, at_s):
        self.house.do(at_s, 'fault', code=self.dice.choice(('F1', 'F3', 'F4', 'F6', 'F9')))
        self._other(at_s + self.dice.expovariate(1 / 60), self.world.box.clear_fault)

    def _box_power(self, at_s):
        self.house.do(at_s, 'charger_power', on=False)
        self._other(at_s + self.dice.expovariate(1 / 20), self.world.do, {'do': 'charger_power', 'on': True})

    def _box_reset(self, at_s):
        self._other(at_s, self.world.box.reset_soon)

    def _bus_cut(self, at_s):
        self.house.do(at_s, 'bus_cut', for_s=self.dice.expovariate(1 / 20))

    def _noise(self, at_s):
        self.house.do(at_s, 'bus_noise', rate=0.01, for_s=self.dice.expovariate(1 / 60))

    def _power(self, at_s):
        self.house.do(at_s, 'monitor_power', on=False)
        self.house.do(at_s + self.dice.expovariate(1 / 10), 'monitor_power', on=True)

    # --- what became of it

    def live(self):
        """Play it out, and half an hour of peace after it, so that all is answered."""
        self.house.do(5, 'plug')
        self.house.run(self.end_s + HOUR_S / 2)
        return self

    def moves(self):
        """Our movements of the contactor: (s, closed, s of the write that did it)."""
        found = []
        last_s = 0.0
        for entry in self.house.of('contactor')[1:]:
            t_s, closed = entry['t'], entry['closed']
            within_s = ORDER_S if closed else OPENS_S
            since_s = max(last_s - WALK_S, t_s - within_s)
            wrote = [w_s for w_s, register, value in self.writes if since_s < w_s < t_s and _moves(register, value, closed)]
            # What others let close within seconds of it would have closed without us.
            if wrote and not (closed and any(t_s - WALK_S < o_s < t_s for o_s in self.others_s)):
                resets = [w_s for w_s, _, value in self.writes if value == RESET and t_s - WALK_S < w_s < t_s]
                found.append((t_s, closed, resets[-1] if resets else wrote[-1]))
            last_s = t_s
        return found

    def closings_most_a_day(self):
        """Ours, in any 24 h."""
        times = [t_s for t_s, closed, _ in self.moves() if closed]
        return max((len([other for other in times if t_s <= other < t_s + DAY_S]) for t_s in times), default=0)

    def rests(self):
        """From each of our movements to our next closing, s; a reset is one movement, which begins when it is written."""
        moves = self.moves()
        found = []
        for t_s, closed, wrote_s in moves:
            before = [moved_s for moved_s, _, _ in moves if moved_s < (wrote_s if t_s - wrote_s < WALK_S else t_s)]
            if closed and before:
                found.append(t_s - before[-1])
        return found

    def unanswered(self):
        """Accepted, and not answered exactly once."""
        found = []
        for key, command in self.accepted.items():
            lost = self._forgotten(command) if key[0] in ORIGINAL else self._lost_with_the_power(command)
            if len(command.answers) != 1 and not (lost and not command.answers):
                found.append((key, command.accepted_s, command.answers))
        return found

    def _cuts_s(self, from_s):
        return [entry['t'] for entry in self.house.of('reset') if entry['t'] >= from_s]

    def _forgotten(self, command):
        """Of the original's bytes nothing is remembered over a reboot."""
        return any(t_s < command.accepted_s + COMMAND_S for t_s in self._cuts_s(command.accepted_s))

    def _lost_with_the_power(self, command):
        """Heard when the power failed, before it was on record: as lost as one that was never heard, and nothing was done."""
        cuts_s = self._cuts_s(command.accepted_s)
        return bool(cuts_s) and not any(command.accepted_s < t_s < cuts_s[0] for t_s in self.recorded_s)

    def untrue(self):
        """Answers that box and bus did not bear out."""
        answered = [command for command in self.accepted.values() if command.answers]
        return [(command.word, command.accepted_s, command.answers) for command in answered if not self._is_true(command, command.answers[0])]

    def _is_true(self, command, answer):
        t_s, result, detail, codes, was_open, car = answer
        if result != DONE:
            return {'fault': any(code[0] == 'F' for code in codes), 'no_vehicle': not car}.get(detail, True)
        if command.word == 'lock':
            return 'E0' in codes
        if command.word == 'unlock':
            return not codes.isdisjoint(ENABLED)
        if command.word == 'stop':
            return was_open
        if command.word == 'reset':
            return not codes.isdisjoint(ENABLED) and any(value == RESET for w_s, _, value in self.writes if command.accepted_s < w_s < t_s)
        if command.word in ('start', 'boost'):
            return not codes.isdisjoint(CHARGING) or command.word == 'boost' and not car
        return True

    def openings(self):
        """From acceptance to the open contactor, s, of each stop and lock that met it closed; infinite where it stayed so."""
        found = []
        changes = self.house.of('contactor')
        for command in self.accepted.values():
            _, result, detail, _, _, _ = command.answers[0] if command.answers else (None, EXPIRED, None, None, None, None)
            was_closed = [entry['closed'] for entry in changes if entry['t'] <= command.accepted_s][-1]
            if command.word in OPENING and was_closed and result in (DONE, FAILED) and detail not in AWAY:
                found.append(min([entry['t'] - command.accepted_s for entry in changes if entry['t'] > command.accepted_s and not entry['closed']],
                                 default=float('inf')))
        return found


def _moves(register, value, closed):
    """True for a telegram of the monitor that may close, or open, the contactor."""
    if register == ICMAX:
        return (value != PAUSE) is closed
    return value == RESET or value == (JUMP_A1 if closed else JUMP_E0)


def _make_room(command_log, opening):
    """A command log that forgets the oldest answer immediately."""
    if len(command_log._entries) >= CAPACITY:
        command_log._entries.remove(next(entry for entry in command_log._entries if entry.result is not None))
    return True
