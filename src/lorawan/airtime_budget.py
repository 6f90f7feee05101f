"""When the next frame may be sent: limits on a sliding day's airtime, a reserve for heartbeats, a record that survives reboots."""

from micropython import const

from hal.contract import HalError

from lorawan.airtime_log import BUCKET_MS, DAY_MS, REFRESH_MS, AirtimeLog
from lorawan.outbox import ANSWER, BUSY, CHANGE, FAULT

# Fair use of The Things Network is 30 s a day (its forum, topic 1300); we stay under 24 s, joins and repeats included.
DAY_MAX_MS = const(24000)
JOINS_MAX = const(20)

# Kinds of requests, beside the priorities of the outbox (0 answer, 1 fault, 2 change, 3 record, 4 heartbeat, 8 busy): a join, and the uplink that
# is due whatever the budget says, for which the reserve is kept.
JOIN = const(5)
RESERVED = const(6)
# That uplink needs a session: the join for it.
RESERVED_JOIN = const(7)
# The total that may be reached for it. Joins leave room for the answers after them.
_MAX_MS = (24000, 24000, 20000, 20000, 12000, 20000, 24000, 24000, 20000)
_JOINS = (JOIN, RESERVED_JOIN)
# Kinds that account for later boots themselves, or are one.
_RESERVES = (JOIN, RESERVED, RESERVED_JOIN)

# The record counts this much more than was sent: it is rewritten only when that is used up, so a reboot loses nothing,
# and flash is written at most 24 s / 750 ms + 20 joins = 52 times a day, on a full one a few times more. Two frames of 11 bytes at SF10 fit.
CREDIT_MS = const(750)
_RECORD = 'airtime'
# Written before the reset of a board that has searched for a session for a day, and taken back by the boot after it.
_SEARCH = 'search'
# Answers that fit beside the heartbeats of a day; at SF12 there is no more room.
_ANSWERS = const(5)
# Where there is more, boots of a day whose join and first uplink always have room, whatever else was sent: the first, and ten power cuts.
_BOOTS = const(11)
_BOOTS_MORE = const(2)
_BOOTS_EACH = const(3)
# Frames in which a boot reports lost records.
_NEWS = const(3)
# The first ones of a day use the current data rate, if that leaves this many at the data rate of last resort.
_BOOTS_FAST = const(8)
# Answers for which other frames leave room.
_ANSWERS_LAST = const(3)
# Airtime a day for reporting refused commands, or one frame.
_BUSY_MS = const(1000)
# What a record may lack where only the one before it can be read: the longest frame at SF12 with its MAC answers, and the credit.
_LACKS_MS = const(3250)


class AirtimeBudget:
    """wait_ms() asks, begin() before every emission, settle() when it is known what went out."""

    __slots__ = ('airtime_log', 'store_failures', 'spacing_ms', '_store', '_pending_ms', '_pending_joins', '_credit_ms', '_credit_joins',
                 '_heartbeat_ms', '_due_ms', '_least_ms', '_least_spare_ms', '_least_spacing_ms', '_reserved', '_boots', '_boot_ms',
                 '_saved_ms', '_recorded', '_busy_ms', '_lost')

    def __init__(self, store, now_ms):
        self.airtime_log = AirtimeLog(now_ms)
        self.store_failures = 0
        self._store = store
        self._pending_ms = 0
        self._pending_joins = 0
        self._credit_ms = 0
        self._credit_joins = 0
        self._saved_ms = now_ms
        self._busy_ms = []           # times of those reports, in the last day
        self._lost = False           # there was a record, which nobody can read, and it is not counted yet
        self.reserve_least(0, DAY_MS, 0)
        self.reserve(0, DAY_MS)
        torn = store.torn
        try:
            record = store.get(_RECORD)
        except HalError:
            # A monitor without memory is better than one that never starts.
            record = b''
        self._recorded = record is not None
        if record is not None and not self.airtime_log.load(record, now_ms):
            self.store_failures += 1
            self._lost = True
        elif store.torn != torn:
            self.airtime_log.add(now_ms, _LACKS_MS)

    def reserve(self, heartbeat_ms, spacing_ms, spare_ms=0):
        """Keep room for an emission of heartbeat_ms every spacing_ms, and for one that turns out to be spare_ms longer."""
        self._heartbeat_ms = heartbeat_ms
        self.spacing_ms = spacing_ms
        # Heartbeats that count at the same time: an entry counts for a day and at most one bucket more.
        self._reserved = (DAY_MS + BUCKET_MS + spacing_ms - 1) // spacing_ms
        left_ms = DAY_MAX_MS - (self._reserved + _ANSWERS + 1) * heartbeat_ms - spare_ms
        # One heartbeat to spare, for MAC answers that ride on them, and the boots. At SF12 there is no room for either: what cannot be
        # foreseen there has a heartbeat go faster.
        self._due_ms = spare_ms + (heartbeat_ms if left_ms >= 0 else 0)
        self._boots = max(0, min(_BOOTS, left_ms // self._boot_ms)) if self._boot_ms else 0
        if self._lost:
            # What may have been sent and joined is held to have been: all but the heartbeats of the coming day, this boot with its news, and
            # the boots that are always expected.
            self._lost = False
            known_ms = self._due_ms + (self._reserved + _NEWS) * heartbeat_ms + (_BOOTS_MORE + 1) * self._boot_ms
            self.airtime_log.add(self._saved_ms, max(0, DAY_MAX_MS - known_ms), min(_BOOTS, self._boots))

    def wait_ms(self, now_ms, priority, airtime_ms):
        """0 if an emission may begin now, else when to ask again: an hour at most, though it may be too early."""
        airtime_log = self.airtime_log
        self.refresh(now_ms)
        new_ms = self._pending_ms + airtime_ms
        if (airtime_log.total_ms + new_ms <= _MAX_MS[priority] and (priority not in _JOINS or airtime_log.joins < JOINS_MAX)
                and new_ms <= self._room_ms(now_ms, priority, new_ms)
                and (priority in _RESERVES or airtime_log.joins < 2 or self.leaves_least(now_ms, airtime_ms, True))
                and (priority != BUSY or self.may_report_busy(now_ms, airtime_ms))):
            return 0
        return min(airtime_log.next_expiry_ms(now_ms), REFRESH_MS)

    def may_report_busy(self, now_ms, airtime_ms):
        """True while the day has room for such a frame."""
        times = self._busy_ms
        while times and now_ms - times[0] >= DAY_MS:
            times.pop(0)
        return len(times) < max(1, _BUSY_MS // airtime_ms)

    def note_busy_report(self, now_ms):
        """A frame with that report was sent."""
        self._busy_ms.append(now_ms)

    def reserve_least(self, heartbeat_ms, spacing_ms, boot_ms, spare_ms=0):
        """The same at the data rate of last resort: what all else must leave on a full day. boot_ms: a join and its first uplink."""
        self._least_ms = heartbeat_ms
        self._least_spare_ms = spare_ms
        self._least_spacing_ms = spacing_ms
        self._boot_ms = boot_ms

    def leaves_least(self, now_ms, airtime_ms, for_boots=False):
        """True if after such an emission the heartbeats of last resort of the coming day still fit, and for_boots those that may follow."""
        # One that was not the first lets more be expected, each further one more of those ten.
        again = self.airtime_log.joins - 1
        more_boots = 0
        if for_boots and again > 0:
            more_boots = max(_BOOTS_MORE, min(_BOOTS_EACH * again, _BOOTS - 1 - again))
        return self._leaves(now_ms, airtime_ms, self._least_spare_ms, self._least_ms, self._least_spacing_ms, 0, more_boots)

    def leaves_all(self, now_ms, airtime_ms):
        """True if after it those at the data rate in use do, and the other boots of a day."""
        return self._leaves(now_ms, airtime_ms, self._due_ms, self._heartbeat_ms, self.spacing_ms, _BOOTS_FAST, 0)

    def _leaves(self, now_ms, airtime_ms, due_ms, heartbeat_ms, spacing_ms, boots, more_boots):
        self.refresh(now_ms)
        wanted_ms = self._pending_ms + airtime_ms
        # Most days are far from full.
        kept_ms = due_ms + (DAY_MS // spacing_ms + 1) * heartbeat_ms + max(boots, more_boots) * self._boot_ms
        if self.airtime_log.total_ms + wanted_ms + kept_ms <= DAY_MAX_MS:
            return True
        return wanted_ms <= self._expiring_ms(now_ms, wanted_ms, due_ms, heartbeat_ms, spacing_ms, boots, more_boots)

    def note_time(self, now_ms, utc_s):
        """The network says what time it is: what was sent before a power cut is as old as it is."""
        self.airtime_log.note_time(now_ms, utc_s)

    def refresh(self, now_ms):
        """Drop old entries, on record too; the time of the next call."""
        self.airtime_log.advance(now_ms)
        if now_ms - self._saved_ms >= REFRESH_MS:
            if self._recorded or self.airtime_log.total_ms or self.airtime_log.joins:
                self._save(now_ms)
            self._saved_ms = now_ms
        return self._saved_ms + REFRESH_MS

    def join_pace_ms(self, now_ms):
        """How far apart joins have to be from now on, so that there is always another one to come."""
        self.airtime_log.advance(now_ms)
        return self.airtime_log.join_pace_ms(now_ms, JOINS_MAX)

    def share_ms(self, airtime_ms):
        """The part of the longest silence that such an emission may have for itself: all of it, if it costs as much as a heartbeat."""
        return self.spacing_ms * airtime_ms // max(airtime_ms, self._heartbeat_ms)

    def joins(self, now_ms):
        """How many joins count today."""
        self.airtime_log.advance(now_ms)
        return self.airtime_log.joins

    def begin(self, now_ms, airtime_ms, joins=0):
        """An emission starts; airtime_ms is the most it can become. It is on record before it is on the air."""
        self._pending_ms = airtime_ms
        self._pending_joins = joins
        if not joins:
            self.airtime_log.note_uplink(now_ms)
        self._credit_ms -= airtime_ms
        self._credit_joins -= joins
        if self._credit_ms < 0 or self._credit_joins < 0:
            self.airtime_log.advance(now_ms)
            self._save(now_ms)

    def settle(self, now_ms, airtime_ms, joins=0):
        """The emission is over, and this much of the airtime given to begin() was used."""
        self._credit_ms += self._pending_ms - airtime_ms
        self._credit_joins += self._pending_joins - joins
        self._pending_ms = self._pending_joins = 0
        self.airtime_log.add(now_ms, airtime_ms, joins)

    def add_late(self, now_ms, airtime_ms):
        """Add airtime that turns out to be missing from settle()."""
        self._credit_ms -= airtime_ms
        self.airtime_log.add(now_ms, airtime_ms)

    def save(self, now_ms):
        """Before a planned reboot: keep what was sent, and no more."""
        self.airtime_log.advance(now_ms)
        self._write(now_ms, 0)

    def keep_search(self):
        """Let the next boot go on with this search for a session, not begin one."""
        self._put_search(b'\x01')

    def take_search(self):
        """True if this boot goes on with one."""
        try:
            goes_on = self._store.get(_SEARCH) == b'\x01'
        except HalError:
            self.store_failures += 1
            return False
        return goes_on and self._put_search(b'\x00')

    def _put_search(self, value):
        try:
            self._store.put(_SEARCH, value)
        except HalError:
            self.store_failures += 1
            return False
        return True

    def _save(self, now_ms):
        """With the credit, on a full day less of it, so that a reboot takes nothing from the heartbeats."""
        credit_ms = 0
        # Where two frames do not fit it would save no write, and cost airtime at every boot.
        if 2 * self._heartbeat_ms <= CREDIT_MS:
            credit_ms = max(0, self._room_ms(now_ms, CHANGE, self._pending_ms + CREDIT_MS) - self._pending_ms)
        self._write(now_ms, credit_ms)

    def _write(self, now_ms, credit_ms):
        self._saved_ms = now_ms
        try:
            self._store.put(_RECORD, self.airtime_log.dump(now_ms, self._pending_ms + credit_ms, self._pending_joins))
        except HalError:
            # The budget still holds until the next reboot; the next emission tries again.
            self.store_failures += 1
            return
        self._recorded = self.airtime_log.total_ms + self.airtime_log.joins + self._pending_ms + self._pending_joins > 0
        self._credit_ms = credit_ms
        self._credit_joins = 0

    def _room_ms(self, now_ms, priority, wanted_ms):
        """Up to wanted_ms, what may be sent now so that every heartbeat of the coming day fits as old entries expire; may be negative."""
        airtime_log = self.airtime_log
        heartbeat_ms = self._heartbeat_ms
        if priority == RESERVED:
            return DAY_MAX_MS - airtime_log.total_ms
        if priority == RESERVED_JOIN:
            # It is worth nothing without the uplink after it. One that costs no more than the uplink in whose place it goes takes
            # nothing from later ones; any other must leave them their room.
            due_ms = self._least_ms
            room_ms = DAY_MAX_MS - airtime_log.total_ms - due_ms
            if wanted_ms <= heartbeat_ms:
                return room_ms
            return min(room_ms, self._expiring_ms(now_ms, wanted_ms, due_ms, self._least_ms, self._least_spacing_ms, 0, 0))
        # A join is followed by an uplink immediately, any other frame is itself the uplink from which the next one is counted.
        due_ms = self._due_ms
        boots = self._boots
        if priority == JOIN:
            due_ms += heartbeat_ms
            boots = 0
        elif priority not in (ANSWER, FAULT) and not boots:
            due_ms += _ANSWERS_LAST * heartbeat_ms
        # A few more boots where those of a day were used up.
        more_boots = min(boots, _BOOTS_MORE)
        room_ms = DAY_MAX_MS - due_ms - self._reserved * heartbeat_ms - boots * self._boot_ms - airtime_log.total_ms
        if room_ms >= wanted_ms:
            return wanted_ms
        return self._expiring_ms(now_ms, wanted_ms, due_ms, heartbeat_ms, self.spacing_ms, boots, more_boots)

    def _expiring_ms(self, now_ms, wanted_ms, due_ms, heartbeat_ms, spacing_ms, boots, more_boots):
        """Airtime up to wanted_ms that can be spent now beside due_ms, a heartbeat every spacing_ms and the boots while old entries expire."""
        return min(wanted_ms, DAY_MAX_MS - due_ms - self.airtime_log.peak_ms(now_ms, spacing_ms, heartbeat_ms, boots, self._boot_ms, more_boots))
