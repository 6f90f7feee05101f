"""Random commands against app.commands.command_log and app.commands.legacy, compared with a model that shares no code with them.

The network repeats, reorders and delays up to 12 h; the monitor loses power at any instant, and time is known immediately, late or never
after it. The model knows the true time, every action and every record in flash, and asserts immediately when a rule of docs/commands.md,
"Commands", is broken.
"""
import heapq
import struct
from random import Random

from app.commands.command_log import FULL, NEW, REPEATED, RUNNING, TOO_LATE, CommandLog
from app.commands.legacy import LegacyCommands

HOUR_S = 3600
DAY_S = 24 * HOUR_S
START_S = 1_790_000_000
DELAY_MOST_S = 12 * HOUR_S
DONE, REFUSED, FAILED, EXPIRED = range(4)   # on the air, docs/payload.md
ORIGINALS = (1, 2, 3)
# Lock and stop: never refused, too late only by a clock that is confirmed; known in any case until that many more of them came.
OPENING = (1, 5)
RING = 8
RECORD_MOST = 800


def journalled(record):
    """{identity: (result, detail) or None while it has none} of a record, read by the description alone."""
    version, count, _, _ = struct.unpack('>BBIB', record[:7])
    rows = [struct.unpack('>BBIHHBB', record[at:at + 12]) for at in range(7, len(record), 12)]
    assert version == 1 and len(rows) == count
    return {(op, command_id, issued_at): None if flags >> 4 == 15 else (flags >> 4, detail)
            for op, command_id, issued_at, _, _, flags, detail in rows}


class PowerLost(Exception):
    """The power is gone, now."""


class Truth:
    """What may be and what was: by identity."""

    def __init__(self):
        self.acted = {}
        self.expiries = {}      # identity -> (issued_at, expires_in_s)
        self.received_s = {}    # identity -> true time of the first delivery that was accepted
        self.answers = {}       # identity -> (result, detail) in flash
        self.accepted = set()   # in flash
        self.said = {}          # identity -> (result, detail) answered
        self.full = 0
        self.openings = []      # identities, in the order of acceptance

    def forget(self, identity):
        """It may be new again: enough of its kind came after it."""
        if identity in self.openings and len(self.openings) - self.openings.index(identity) > RING:
            self.openings.remove(identity)
            self.accepted.discard(identity)
            for known in (self.acted, self.answers, self.said, self.received_s):
                known.pop(identity, None)

    def act(self, identity, true_s, device_s, honest):
        """The box was just acted upon for it. device_s: None where the device does not know, or may not trust, the time."""
        issued_at, expires_in_s = self.expiries[identity]
        self.acted[identity] = self.acted.get(identity, 0) + 1
        assert self.acted[identity] == 1, ('twice', identity)
        assert identity in self.accepted and identity not in self.answers, ('unrecorded', identity)
        assert device_s is None or device_s < issued_at + expires_in_s, ('expired by its clock', identity)
        if identity[0] in OPENING:
            return
        if honest:
            assert true_s < self.received_s[identity] + expires_in_s, ('expired since reception', identity)
            assert device_s is None or true_s < issued_at + expires_in_s, ('expired', identity)

    def kept(self, record):
        """That record is in flash now."""
        assert len(record) <= RECORD_MOST
        now = journalled(record)
        for identity, answer in now.items():
            if identity not in self.accepted and identity[0] in OPENING:
                self.openings.append(identity)
            self.accepted.add(identity)
            if answer is not None:
                assert self.answers.setdefault(identity, answer) == answer, ('another answer', identity)
            else:
                assert identity not in self.answers, ('answer lost', identity)

    def tell(self, identity, answer):
        """That went to the owner."""
        assert self.answers.get(identity) == answer, ('told before it was kept', identity)
        assert self.said.setdefault(identity, answer) == answer, ('told otherwise', identity)


class Monitor:
    """The thin shell around command log and original's commands: writes the record before acting, may lose power between any two lines."""

    def __init__(self, storm):
        self.storm = storm
        self.command_log = CommandLog()
        self.legacy = LegacyCommands()
        self.fresh_ms = 0

    def cut(self):
        if self.storm.rng.random() < self.storm.cut_chance:
            raise PowerLost

    def keep(self):
        self.cut()
        self.storm.flash = self.command_log.dump()
        self.storm.truth.kept(self.storm.flash)
        self.cut()

    def deliver(self, command):
        storm = self.storm
        identity = command[:3]
        self.command_log.trust_time(storm.confirmed)
        verdict, entry = self.command_log.deliver(*command, storm.now_ms(), storm.utc_s())
        if verdict in (NEW, TOO_LATE):
            storm.truth.forget(identity)
        if verdict == FULL:
            assert identity[0] not in OPENING, ('refused', identity)
            storm.truth.full += 1
            assert len(journalled(self.command_log.dump())) >= 40
            self.command_log.refuse()
            if self.command_log.record_due():
                self.keep()
        elif verdict == NEW:
            assert identity not in storm.truth.accepted, ('new again', identity)
            if storm.rng.random() < 0.05 and identity[0] not in OPENING:
                return self.command_log.refuse()    # no airtime
            storm.truth.received_s[identity] = storm.true_s
            self.command_log.accept(entry)
            self.keep()
        elif verdict == RUNNING:
            assert identity not in storm.truth.answers
        else:
            assert verdict in (REPEATED, TOO_LATE)
            if verdict == TOO_LATE:
                assert identity not in storm.truth.accepted
                self.command_log.accept(entry)
                self.command_log.finish(entry, EXPIRED, 0)
                self.keep()
            storm.truth.tell(identity, (entry.result, entry.detail))

    def deliver_byte(self, op):
        storm = self.storm
        now_ms = storm.now_ms()
        verdict, entry = self.legacy.deliver(op, now_ms, self.fresh_ms)
        if op != 1 and now_ms - self.fresh_ms < 60000:
            assert verdict in (TOO_LATE, RUNNING)
        if op == 1:
            assert verdict in (NEW, RUNNING, REPEATED), 'a lock is always obeyed'
        if verdict == NEW:
            assert op not in storm.standing or now_ms - storm.standing[op] >= 45 * 60000, ('level', op)
            self.legacy.accept(entry)
            storm.standing.clear()
        elif verdict == REPEATED:
            assert op in storm.standing and now_ms - storm.standing[op] < 45 * 60000
            assert entry.result == DONE

    def work(self):
        """One turn: the oldest command that waits is acted upon, or the one that was is verified."""
        storm = self.storm
        command_log = self.command_log
        command_log.poll(storm.now_ms(), storm.utc_s())
        for entry in tuple(self.legacy.running()[:1]):
            result = storm.rng.choice((DONE, DONE, FAILED))
            self.legacy.finish(entry, result, 0, storm.now_ms())
            if result == DONE and not self.legacy.running():
                storm.standing = {entry.op: storm.now_ms()}
        for entry in tuple(command_log.running()):
            identity = (entry.op, entry.command_id, entry.issued_at)
            if not entry.begun:
                if command_log.begin(entry, storm.now_ms(), storm.utc_s()):
                    self.keep()
                    trusted = identity[0] not in OPENING or storm.confirmed
                    storm.truth.act(identity, storm.true_s, storm.utc_s() if trusted else None, storm.honest)
                    self.cut()
                    if storm.rng.random() < 0.5:
                        continue                     # verified later
                    result = DONE
                elif command_log.unsure(entry, storm.now_ms(), storm.utc_s()):
                    continue                         # the time may come
                else:
                    result = EXPIRED
            else:
                result = storm.rng.choice((DONE, REFUSED, FAILED))
            command_log.finish(entry, result, storm.rng.randrange(20))
            self.keep()
            storm.truth.tell(identity, (entry.result, entry.detail))


class CommandLogStorm:
    """One world from one seed; run(n) delivers n times."""

    def __init__(self, seed, honest=True):
        self.rng = Random(seed)
        self.honest = honest           # whenever the monitor's clock shows a time it is the right one
        self.truth = Truth()
        self.true_s = START_S
        self.flash = None
        self.queue = []                # (true time, number, command or byte)
        self.numbers = 0
        self.boots = -1
        self.joins = 0
        self.identities = set()
        self.boot(0)

    # --- the monitor's clocks

    def boot(self, off_s):
        rng = self.rng
        self.true_s += off_s
        self.boots += 1
        self.boot_s = self.true_s
        self.base_ms = rng.choice((0, 0, 10 ** 9))
        known = rng.random()
        self.known_s = self.true_s + (0 if known < 0.3 else rng.expovariate(1 / 3600) if known < 0.9 else 10 ** 9)
        self.error_s = 0 if self.honest else rng.choice((0, 0, 3600, -3600, rng.randrange(-7200, 7200)))
        self.right_s = self.true_s + rng.expovariate(1 / 20000)
        self.confirmed = self.boots % 3 > 0
        self.cut_chance = rng.choice((0, 0.003, 0.03))
        self.diligence = rng.choice((0.1, 0.7, 0.9))     # a bus that is rarely quiet makes commands wait
        self.standing = {}
        self.monitor = Monitor(self)
        self.monitor.fresh_ms = self.now_ms()
        self.monitor.command_log.load(self.flash)

    def now_ms(self):
        return self.base_ms + int((self.true_s - self.boot_s) * 1000)

    def utc_s(self):
        if self.true_s < self.known_s:
            return None
        return int(self.true_s) + (0 if self.true_s >= self.right_s else self.error_s)

    # --- the owner and the network

    def issue(self):
        """A command is sent; the network delivers it once or often, soon or late."""
        rng = self.rng
        for _ in range(1 if rng.random() < 0.9 else 5):
            stamp = int(self.true_s)
            if not self.honest and rng.random() < 0.05:
                stamp += rng.randrange(-7200, 7200)
            command = (rng.randrange(1, 15), rng.choice((7, rng.randrange(256))), stamp, rng.choice((10, 60, 600, 600, 3600, 40000, 65535)))
            if command[:3] in self.identities:
                continue
            self.identities.add(command[:3])
            self.truth.expiries[command[:3]] = command[2:]
            for _ in range(rng.choice((1, 2, 5))):
                self.push(rng.choice((rng.expovariate(1 / 10), rng.expovariate(1 / 600), rng.uniform(0, DELAY_MOST_S))), command)
        if rng.random() < 0.3:
            op = rng.choice(ORIGINALS)
            for _ in range(rng.choice((1, 2, 3))):
                self.push(rng.expovariate(1 / 900), op)

    def push(self, delay_s, what):
        self.numbers += 1
        heapq.heappush(self.queue, (self.true_s + min(delay_s, DELAY_MOST_S), self.numbers, what))

    # --- the world

    def turn(self, what):
        """Deliver that, or nothing, then let the monitor work; the power may go."""
        monitor = self.monitor
        try:
            if isinstance(what, int):
                monitor.deliver_byte(what)
            elif what is not None:
                monitor.deliver(what)
            if self.rng.random() < self.diligence:
                monitor.work()
            if self.rng.random() < 0.01:
                raise PowerLost
        except PowerLost:
            rng = self.rng
            self.boot(rng.choice((0, 5, rng.expovariate(1 / 600), rng.uniform(0, 10 * HOUR_S))))

    def happen(self):
        """What the world does meanwhile."""
        rng = self.rng
        chance = rng.random()
        if chance < 0.02:
            self.monitor.fresh_ms = self.now_ms()     # joined again
            self.joins += 1
        elif chance < 0.06:
            self.monitor.legacy.left()                # the box went its own way
            self.standing.clear()

    def run(self, deliveries):
        """Make that many deliveries; then wait until every accepted command has its answer."""
        gap_s = HOUR_S
        next_s = self.true_s
        left = deliveries
        while left:
            if self.rng.random() < 0.002:
                gap_s = DAY_S / self.rng.choice((3, 10, 20, 20, 200))
            if not self.queue or next_s < self.queue[0][0]:
                self.true_s = max(self.true_s, next_s)
                next_s = self.true_s + self.rng.expovariate(1 / gap_s)
                self.issue()
                continue
            at_s, _, what = heapq.heappop(self.queue)
            self.true_s = max(self.true_s, at_s)
            self.happen()
            self.turn(what)
            left -= 1
        self.queue.clear()
        while self.monitor.command_log.running() or self.monitor.legacy.running():
            self.true_s += 60
            self.turn(None)
        truth = self.truth
        assert truth.accepted == set(truth.answers), 'without an answer'
        return self
