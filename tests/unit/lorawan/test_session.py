"""The LoRaWAN session on a small fake radio: joins, one frame at a time, deadlines, retries, supervision, budget."""
from collections import deque

import pytest
from hal.contract import ACKED, EMITTED, FAILED, HEARD, JOIN_FAILED, JOINED, LOST, RADIO, RECEIVED, SENT, HalError
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from lorawan.airtime import airtime_ms
from lorawan.outbox import ANSWER, CHANGE, FAULT, HEARTBEAT, RECORD
from lorawan.regions import REGIONS
from lorawan.session import DOWN, JOINING, PROBE, SUSPECT, UP, Session

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
WINDOWS_MS = 7_000      # frame, RX1 at 5 s, RX2
# The longest that a part may hold the session up.
LONGEST_DEADLINE_MS = 39_000


class VirtualModem:
    """A modem with virtual time: one thing at a time, an event when its windows are over.

    Switches: network (it answers), room (max_payload), lose (the next result is lost), mute (all are), refuse (send says no),
    hang (calls raise), trials (emissions of a confirmed frame that nobody acknowledges), repeats (of an unconfirmed one).
    """

    def __init__(self, region):
        self.region = region
        self.now_ms = 0
        self.network = True
        self.edge = 99              # at this data rate and faster ones the network does not hear
        self.room = 11
        self.trials = self.repeats = 1
        self.lose = self.mute = self.refuse = self.hang = False
        self.busy_until_ms = None
        self.in_session = False
        self.joins = []             # (t, data rate)
        self.frames = []            # (t, port, payload, confirmed, data rate)
        self.airtime = deque()      # (t, ms) of everything emitted
        self.most_in_flight = 0
        self._events = deque()
        self._result = None

    def join(self, data_rate):
        self._alive()
        if self.busy_until_ms is not None:
            return False
        self.in_session = False
        self.joins.append((self.now_ms, data_rate))
        self._start((JOINED if self.network else JOIN_FAILED, 0, None), data_rate, 23)
        return True

    def send(self, port, payload, confirmed, data_rate):
        self._alive()
        if self.refuse or self.busy_until_ms is not None or not self.in_session or len(payload) > self.room:
            return False
        self.frames.append((self.now_ms, port, payload, confirmed, data_rate))
        result = (SENT, self.repeats, None)
        if confirmed:
            result = (ACKED, 1, None) if self.network and data_rate < self.edge else (FAILED, self.trials, "no ack")
        self._start(result, data_rate, 13 + len(payload), result[1])
        return True

    def poll(self):
        if self.busy_until_ms is not None and self.now_ms >= self.busy_until_ms:
            self.busy_until_ms = None
            if self._result[0] == JOINED:
                self.in_session = True
            if not self.lose and not self.mute:
                self._events.append(self._result)
            self.lose = False
        return self._events.popleft() if self._events else None

    def data_rate(self):
        return None

    def ask_time(self):
        return False

    def max_payload(self, data_rate):
        return self.room

    def downlink(self, port, payload):
        self._events.append((RECEIVED, port, payload))

    def event(self, *event):
        self._events.append(event)

    def next_ms(self):
        """When it will have something to say, None if nothing is under way."""
        return self.now_ms if self._events else self.busy_until_ms

    def _alive(self):
        if self.hang:
            raise HalError(RADIO, "no answer")

    def _start(self, result, data_rate, phy_bytes, emissions=1):
        self.busy_until_ms = self.now_ms + WINDOWS_MS * emissions
        self._result = result
        for trial in range(emissions):
            sf, khz = self.region.radio(max(data_rate - trial // 2, self.region.slowest))
            self.airtime.append((self.now_ms, airtime_ms(sf, khz, phy_bytes)))


class SessionStore:
    def __init__(self):
        self.records = {}
        self.writes = self.torn = 0

    def get(self, name):
        return self.records.get(name)

    def put(self, name, value):
        self.writes += 1
        self.records[name] = value


class SessionAndModem:
    """A session and its radio, run as the main loop would."""

    def __init__(self, region="AU915", data_rate=None, store=None, random=None, adr=False):
        self.radio = VirtualModem(REGIONS[region])
        self.store = store or SessionStore()
        self.session = Session(self.radio, self.store, REGIONS[region], data_rate, random or (lambda below: below // 2), 0, adr)
        self.received = []
        self.sent = []
        self.polls = 0

    @property
    def now_ms(self):
        return self.radio.now_ms

    def run(self, ms):
        """Let time pass, waking when the session asks or the radio has news."""
        end_ms = self.now_ms + ms
        in_vain = 0
        while True:
            self.polls += 1
            downlink = self.session.poll(self.now_ms)
            if downlink is not None:
                self.received.append(downlink)
                continue
            news_ms = self.radio.next_ms()
            wake_ms = self.session.due_ms if news_ms is None else min(self.session.due_ms, news_ms)
            if wake_ms > end_ms:
                break
            # Due again immediately is fine after a change of state and for an event that waits; for ever it is a loop that eats the processor.
            in_vain = in_vain + (news_ms != self.now_ms) if wake_ms <= self.now_ms else 0
            assert in_vain < 10, "busy loop"
            self.radio.now_ms = max(wake_ms, self.now_ms)
        self.radio.now_ms = end_ms

    def joined(self):
        self.run(10_000)
        assert self.session.state == UP
        return self

    def proven(self):
        """Joined, and a frame was sent in that session."""
        self.joined().status(b"proof", "proof")
        self.run(10_000)
        assert self.sent == ["proof"]
        self.sent.clear()
        self.radio.frames.clear()
        return self

    def status(self, text=b"12345678901", key="status", priority=CHANGE):
        return self.put(priority, key, lambda limit: (10, text[:limit]))

    def put(self, priority, key, make):
        return self.session.outbox.put(priority, key, make, lambda now_ms: self.sent.append(key))

    def payloads(self):
        return [frame[2] for frame in self.radio.frames]


# --- joining


def test_it_joins_at_once_at_the_cheap_data_rate_and_says_since_when():
    world = SessionAndModem()
    assert not world.session.joined
    world.run(10_000)
    session = world.session
    assert world.radio.joins == [(0, 6)]
    assert session.joined and session.joined_ms == session.fresh_ms == session.heard_ms == WINDOWS_MS


def test_joins_take_turns_and_back_off_with_jitter():
    world = SessionAndModem()
    world.radio.network = False
    world.run(2 * HOUR_MS)
    assert [rate for _at_ms, rate in world.radio.joins[:4]] == [6, 0, 6, 0]
    gaps = join_gaps_ms(world)
    assert gaps[:5] == [15_000, 30_000, 562_500, 562_500, 562_500]
    assert len(gaps) == 14


def join_gaps_ms(world):
    times = [at_ms for at_ms, _rate in world.radio.joins]
    return [later - at_ms - WINDOWS_MS for at_ms, later in zip(times, times[1:], strict=False)]


@pytest.mark.parametrize("draw", (lambda below: 0, lambda below: below - 1))
@pytest.mark.parametrize("minutes", range(1, 121, 7))
def test_after_an_outage_of_up_to_two_hours_it_is_joined_within_ten_minutes(minutes, draw):
    world = SessionAndModem(random=draw)
    world.radio.network = False
    world.run(minutes * MINUTE_MS)
    world.radio.network = True
    world.run(10 * MINUTE_MS - 2_000)
    assert world.session.joined


@pytest.mark.parametrize("region", ("AU915", "EU868"))
@pytest.mark.parametrize("draw", (lambda below: 0, lambda below: below - 1))
def test_tries_never_run_out_however_long_the_outage(draw, region):
    world = SessionAndModem(region, random=draw)
    world.radio.network = False
    world.run(5 * DAY_MS)
    times = [at_ms for at_ms, _rate in world.radio.joins]
    ends = times[1:] + [5 * DAY_MS]
    gaps = {name: max(end_ms - at_ms for at_ms, end_ms in zip(times, ends) if from_h * HOUR_MS <= at_ms < until_h * HOUR_MS) / MINUTE_MS
            for name, from_h, until_h in (("2 h", 0, 2), ("first day", 2, 25), ("later", 25, 120))}
    assert gaps["2 h"] <= 10 and gaps["first day"] <= 285 and gaps["later"] <= 80


def test_after_a_suspicion_the_tries_are_dense_for_the_rest_of_its_two_hours_and_then_even():
    world = suspicious(data_rate=4)
    suspect_ms = world.session.link_supervision.since_ms
    world.run(2 * HOUR_MS)
    assert not world.session.joined
    world.run(2 * DAY_MS)
    gaps = join_gaps_ms(world)[1:]
    assert gaps[:2] == [15_000, 30_000]
    dense = [gap_ms for gap_ms in gaps[2:] if gap_ms < 10 * MINUTE_MS]
    assert gaps[2:2 + len(dense)] == dense and 6 <= len(dense) <= 8
    assert 2 * HOUR_MS <= world.radio.joins[4 + len(dense)][0] - suspect_ms + 10 * MINUTE_MS
    assert all(70 * MINUTE_MS <= gap_ms <= 150 * MINUTE_MS for gap_ms in gaps[2 + len(dense):])


def test_reboots_in_an_outage_do_not_use_the_tries_up():
    store = SessionStore()
    for _ in range(3):
        world = SessionAndModem(store=store)
        world.radio.network = False
        world.run(2 * HOUR_MS)
    assert world.session.airtime_budget.airtime_log.joins < 20
    world.radio.joins.clear()
    world.run(20 * HOUR_MS)
    assert len(world.radio.joins) >= 2


@pytest.mark.parametrize("minutes, most_minutes", ((1, 16), (5, 16), (30, 46), (70, 90)))
def test_boots_never_use_up_all_joins_of_a_day(minutes, most_minutes):
    """However often the board restarts, soon after it stays up it joins."""
    store = SessionStore()
    for _ in range(40):
        world = SessionAndModem(store=store)
        world.run(minutes * MINUTE_MS)
    world = SessionAndModem(store=store)
    world.run(3 * HOUR_MS)
    assert world.session.joined and world.session.joined_ms <= most_minutes * MINUTE_MS
    assert world.session.airtime_budget.airtime_log.joins <= 20


def test_sixteen_boots_of_a_day_are_joined_at_once():
    store = SessionStore()
    for _ in range(16):
        world = SessionAndModem(store=store)
        world.run(10_000)
        assert world.session.joined
    world = SessionAndModem(store=store)
    world.run(15 * MINUTE_MS - 1)
    assert not world.session.joined
    world.run(10_000)
    assert world.session.joined


@pytest.mark.parametrize("region, data_rate, first_gaps_ms", [
    ("EU868", 2, [88 * MINUTE_MS] * 4),                                             # as long on the air as the uplink
    ("AU915", 6, [88 * MINUTE_MS * 28 // 371] * 2 + [9 * MINUTE_MS]),               # a part of it: after that part of the silence, and then as ever
])
def test_a_join_on_a_full_day_takes_the_place_of_the_uplink_that_is_due(region, data_rate, first_gaps_ms):
    world = SessionAndModem(region)
    world.session.airtime_budget.airtime_log.add(0, 19_000)
    world.radio.network = False
    world.run(20 * HOUR_MS)
    assert world.radio.joins[0] == (0, data_rate)
    times = [at_ms for at_ms, _rate in world.radio.joins]
    gaps = [later - at_ms for at_ms, later in zip(times, times[1:], strict=False)]
    assert all(first_ms <= gap_ms <= first_ms + 2 * MINUTE_MS for first_ms, gap_ms in zip(first_gaps_ms, gaps, strict=False)), gaps[:5]
    assert world.session.airtime_budget.airtime_log.joins <= 20


def test_after_joins_in_vain_on_a_full_day_the_uplink_that_is_due_goes():
    world = SessionAndModem()
    world.session.airtime_budget.airtime_log.add(0, 19_000)
    world.radio.network = False
    world.run(20 * HOUR_MS)
    world.radio.network = True
    world.status(priority=HEARTBEAT)
    world.run(5 * HOUR_MS)
    assert world.sent == ["status"]


@pytest.mark.parametrize("data_rate, spent_ms, sent_at", ((0, 15_000, 0), (0, 19_200, 1), (0, 21_000, 2), (0, 23_400, 2), (2, 22_800, 2)))
def test_on_a_day_that_is_full_what_is_due_goes_faster_rather_than_hours_late(data_rate, spent_ms, sent_at):
    world = SessionAndModem(data_rate=data_rate).joined()
    world.session.airtime_budget.airtime_log.add(world.now_ms, spent_ms)
    world.run(118 * MINUTE_MS)
    world.status(priority=HEARTBEAT)
    world.run(MINUTE_MS)
    assert [frame[4] for frame in world.radio.frames] == [sent_at]


def test_a_join_that_costs_more_than_the_uplink_in_its_place_leaves_later_ones_their_room():
    world = SessionAndModem("EU868", data_rate=5)
    world.radio.network = False
    world.session.airtime_budget.airtime_log.add(0, 22_000)
    world.run(2 * HOUR_MS)
    # 17 more heartbeats of a day at SF7 are 1 s: two joins of 371 ms at SF10 leave it, a third would not.
    assert [rate for _at_ms, rate in world.radio.joins] == [2, 2]


def test_a_few_uplinks_in_a_row_are_reckoned_with_answers_of_the_mac_and_then_few_a_day():
    world = SessionAndModem().joined()
    world.radio.room = 51
    costs_ms = []
    for _ in range(5):
        world.radio.downlink(20, b"\x0c")
        world.status()
        before_ms = world.session.airtime_budget.airtime_log.total_ms
        world.run(MINUTE_MS)
        costs_ms.append(world.session.airtime_budget.airtime_log.total_ms - before_ms)
    plain_ms, most_ms = airtime_ms(10, 125, 13 + 11), airtime_ms(10, 125, 13 + 11 + 15)
    assert costs_ms == [most_ms, most_ms, plain_ms, plain_ms, plain_ms]
    # A frame that is for the MAC alone asks it something, whenever it comes.
    world.radio.event(HEARD, 0, None)
    world.status()
    before_ms = world.session.airtime_budget.airtime_log.total_ms
    world.run(MINUTE_MS)
    assert world.session.airtime_budget.airtime_log.total_ms - before_ms == most_ms


def test_a_frame_of_the_modem_s_own_is_in_the_airtime_log_and_what_it_kept_waiting_goes_when_it_is_over():
    world = SessionAndModem().joined()
    world.run(MINUTE_MS)
    before_ms = world.session.airtime_budget.airtime_log.total_ms
    world.radio.refuse = True
    world.status()
    world.run(2_000)
    world.radio.refuse = False
    frames, over_ms = len(world.radio.frames), world.now_ms
    world.radio.event(EMITTED, 1, None)
    world.run(MINUTE_MS)
    assert [t for t, *_ in world.radio.frames[frames:]] == [over_ms]
    assert world.session.airtime_budget.airtime_log.total_ms - before_ms == airtime_ms(10, 125, 13) + airtime_ms(10, 125, 13 + 11)


@pytest.mark.parametrize("sends", [0, 1])
def test_a_modem_that_restarted_is_joined_again_at_once_and_one_that_sent_is_counted(sends):
    world = SessionAndModem().joined()
    world.run(MINUTE_MS)
    joins = len(world.radio.joins)
    world.radio.event(LOST, sends, None)
    world.run(MINUTE_MS)
    assert world.session.dips == sends and world.session.joined and len(world.radio.joins) == joins + 1


def test_frames_of_the_modem_s_own_do_not_hasten_a_frame_that_is_refused_again():
    world = SessionAndModem().joined()
    world.radio.refuse = True
    world.status()
    for _ in range(8):
        world.radio.event(EMITTED, 1, None)
        world.run(1_000)
    assert world.session.sender.refused == 2      # immediately, and after the first of them


def test_sessions_in_which_nothing_can_be_sent_are_tries_in_vain():
    world = SessionAndModem().joined()
    world.radio.refuse = True
    world.status()
    world.run(3 * HOUR_MS)
    assert 3 <= len(world.radio.joins) <= 18
    assert max(join_gaps_ms(world)) > 10 * MINUTE_MS


@pytest.mark.parametrize("draw, first_ms", ((lambda below: 0, 10_000), (lambda below: below - 1, 19_999)))
def test_the_first_retry_comes_after_ten_to_twenty_seconds(draw, first_ms):
    world = SessionAndModem(random=draw)
    world.radio.network = False
    world.run(60_000)
    assert world.radio.joins[1][0] - WINDOWS_MS == first_ms


@pytest.mark.parametrize("region", sorted(REGIONS))
def test_no_more_than_twenty_joins_in_any_day_and_never_silence_for_good(region):
    world = SessionAndModem(region)
    world.radio.network = False
    world.run(5 * DAY_MS)
    times = [at_ms for at_ms, _rate in world.radio.joins]
    assert max(sum(1 for at_ms in times if start_ms <= at_ms < start_ms + DAY_MS) for start_ms in times) <= 20
    assert len(times) > 40
    assert max(later - at_ms for at_ms, later in zip(times, times[1:], strict=False)) <= DAY_MS


def test_joins_leave_airtime_for_what_comes_after_them():
    world = SessionAndModem("AU915", data_rate=0)
    world.radio.network = False
    world.run(2 * DAY_MS)
    world.radio.network = True
    world.run(DAY_MS)
    assert world.session.joined
    world.status(priority=HEARTBEAT)
    world.run(10_000)
    assert len(world.radio.frames) == 1


def test_a_join_that_the_radio_forgets_to_report_is_given_up():
    world = SessionAndModem()
    world.radio.lose = True
    world.radio.network = False
    world.run(20_000)
    assert world.session.state == DOWN and world.session.deadline_missed == 1
    world.radio.network = True
    world.run(30_000)
    assert world.session.joined


def test_a_join_reported_after_its_deadline_is_still_a_join():
    world = SessionAndModem()
    world.radio.lose = True
    world.run(21_000)
    assert not world.session.joined
    world.radio.event(JOINED, 0, None)
    world.run(1)
    assert world.session.joined and len(world.radio.joins) == 1
    assert world.session.airtime_budget.airtime_log.joins == 1


def test_a_join_the_budget_has_no_room_for_leaves_the_turn_to_a_cheaper_one():
    world = SessionAndModem()
    world.radio.network = False
    world.run(8_000)
    world.session.airtime_budget.airtime_log.add(world.now_ms, 16_000)
    world.run(30 * MINUTE_MS)
    assert len(world.radio.joins) > 3 and {rate for _at_ms, rate in world.radio.joins} == {6}


def test_each_search_for_a_session_begins_with_the_quick_retries_again():
    world = SessionAndModem()
    world.radio.network = False
    world.run(HOUR_MS)
    world.radio.network = True
    world.status()
    world.run(HOUR_MS)
    assert world.session.joined and world.sent == ["status"]
    world.radio.joins.clear()
    world.radio.network, world.radio.refuse = False, True
    world.status()
    world.run(HOUR_MS)
    (first_ms, first), (second_ms, second) = world.radio.joins[:2]
    assert (first, second) == (6, 0) and second_ms - first_ms - WINDOWS_MS == 15_000


def test_a_modem_that_cannot_start_a_join_is_asked_again_and_nothing_is_booked():
    world = SessionAndModem()
    world.radio.busy_until_ms, world.radio._result = 3_000, (HEARD, 0, None)
    world.run(5_000)
    assert world.radio.joins == [] and world.session.airtime_budget.airtime_log.joins == 0
    world.run(10_000)
    assert world.session.joined and world.session.join_schedule.count == 1


def test_nothing_is_sent_before_the_join():
    world = SessionAndModem()
    world.radio.network = False
    world.status()
    world.run(HOUR_MS)
    assert world.radio.frames == []
    world.radio.network = True
    world.run(HOUR_MS)
    assert world.sent == ["status"]


# --- sending


def test_a_frame_leaves_at_once_and_its_key_is_reported_when_its_windows_are_over():
    world = SessionAndModem().joined()
    world.status()
    assert world.session.due_ms == 0
    world.run(1)
    assert world.radio.frames == [(10_000, 10, b"12345678901", False, 2)]
    assert world.sent == [] and world.session.last_uplink_ms is None
    world.run(WINDOWS_MS)
    assert world.sent == ["status"] and world.session.last_uplink_ms == 10_000
    assert len(world.session.outbox) == 0 and world.session.sender.sent == 1


def test_make_is_called_when_the_frame_leaves_so_the_newest_state_wins():
    world = SessionAndModem().joined()
    state = [b"old"]
    world.status(b"first", "first")
    world.run(1)
    world.put(CHANGE, "status", lambda limit: (10, state[0]))
    state[0] = b"new"
    world.run(10_000)
    assert world.payloads() == [b"first", b"new"]


def test_one_frame_at_a_time_and_the_most_urgent_next():
    world = SessionAndModem().joined()
    world.status(b"heartbeat", "h", HEARTBEAT)
    world.run(1)
    for text, key, priority in ((b"change", "c", CHANGE), (b"answer", "a", ANSWER), (b"fault", "f", FAULT)):
        world.status(text, key, priority)
    world.run(60_000)
    assert world.payloads() == [b"heartbeat", b"answer", b"fault", b"change"]
    times = [frame[0] for frame in world.radio.frames]
    assert all(later - at_ms >= WINDOWS_MS for at_ms, later in zip(times, times[1:], strict=False))


def test_make_learns_how_much_fits():
    limits = []
    world = SessionAndModem("EU868").joined()
    world.radio.room = 51
    world.put(CHANGE, 1, lambda limit: limits.append(limit) or (10, b"x"))
    world.run(10_000)
    world.radio.room = 7
    world.put(CHANGE, 1, lambda limit: limits.append(limit) or (10, b"x"))
    world.run(10_000)
    assert limits == [11, 7]


def test_what_has_nothing_to_say_is_dropped_and_the_next_one_goes():
    world = SessionAndModem().joined()
    for key in range(3):
        world.put(ANSWER, key, lambda limit: None)
    world.put(ANSWER, "long", lambda limit: (10, bytes(limit + 1)))
    world.status()
    world.run(10_000)
    assert world.sent == ["status"] and len(world.radio.frames) == 1 and len(world.session.outbox) == 0


def test_a_refused_frame_is_tried_again_after_a_receive_window_then_in_short_form():
    limits = []
    world = SessionAndModem().joined()
    world.radio.room = 4    # answers of the MAC take the rest, and the modem does not say so until it refuses
    world.radio.max_payload = lambda data_rate: 11
    world.put(CHANGE, "status", lambda limit: limits.append((world.now_ms, limit)) or (10, bytes(limit)))
    world.run(1)
    assert world.session.sender.refused == 1
    world.run(30_000)
    assert limits == [(10_000, 11), (17_000, 11), (31_000, 5)]
    world.radio.room = 5
    world.run(60_000)
    assert world.payloads() == [bytes(5)] and world.sent == ["status"]
    world.status()
    world.radio.room = 11
    world.run(10_000)
    assert world.payloads()[-1] == b"12345678901"


def test_a_frame_that_failed_is_sent_again_and_a_newer_state_wins():
    world = SessionAndModem().joined()
    world.status(b"old")
    world.run(1)
    world.radio._result = (FAILED, 0, "no channel")
    world.status(b"new")
    world.run(30_000)
    assert world.payloads() == [b"old", b"new"]
    assert world.sent == ["status"] and world.session.sender.failed == 1


def test_what_is_put_during_the_flight_is_sent_after_it():
    world = SessionAndModem().joined()
    world.status(b"old")
    world.run(1)
    world.status(b"new")
    world.run(30_000)
    assert world.payloads() == [b"old", b"new"]


def test_a_lost_event_holds_the_next_frame_up_no_longer_than_the_deadline():
    world = SessionAndModem().joined()
    world.status()
    world.radio.lose = True
    world.run(1)
    world.status(b"answer", "answer", ANSWER)
    world.run(15_000 + 7_000)
    assert world.payloads()[1] == b"answer"
    assert world.session.deadline_missed == 1


def test_a_result_that_comes_after_the_deadline_is_booked_and_delivers_nothing():
    world = SessionAndModem().joined()
    world.status()
    world.radio.lose = True
    world.run(16_000)
    before_ms = world.session.airtime_budget.airtime_log.total_ms
    world.radio.event(SENT, 3, None)
    world.radio.event(FAILED, 1, "late")
    world.run(1)
    # The third emission of three counts at the next slower data rate.
    assert world.session.airtime_budget.airtime_log.total_ms == before_ms + 3 * 371 + airtime_ms(11, 125, 24)
    assert world.sent == [] and world.session.outbox.holds("status")


def test_a_session_whose_modem_refuses_everything_is_joined_anew():
    world = SessionAndModem().proven()
    world.radio.refuse = True
    world.status()
    world.run(5 * MINUTE_MS + 20_000)
    assert len(world.radio.joins) == 2
    world.radio.refuse = False
    world.run(30_000)
    assert world.sent == ["status"]


def test_a_modem_that_loses_every_event_is_joined_anew_and_then_called_stuck():
    world = SessionAndModem().joined()
    world.radio.mute = True
    world.status()
    world.run(29 * MINUTE_MS)
    assert not world.session.stuck
    world.run(20 * MINUTE_MS)
    assert world.session.stuck and not world.session.joined


def test_three_missed_deadlines_in_a_row_end_the_session():
    world = SessionAndModem().proven()
    world.radio.mute = True
    world.status()
    world.run(15_000 + 7_000 + 15_000 + 14_000 + 14_999)
    assert world.session.joined
    world.run(2)
    assert not world.session.joined and len(world.radio.joins) == 2


def test_deadlines_missed_now_and_then_do_not_end_it():
    world = SessionAndModem().joined()
    for _ in range(8):
        world.radio.lose = True
        world.status()
        world.run(MINUTE_MS)
    assert world.session.deadline_missed == 8 and len(world.radio.joins) == 1 and not world.session.stuck


def test_a_confirmed_frame_whose_result_is_lost_is_booked_with_its_one_emission():
    world = suspicious(data_rate=4)
    world.run(8 * MINUTE_MS)
    before_ms = world.session.airtime_budget.airtime_log.total_ms
    world.radio.mute = True
    world.run(MINUTE_MS)
    assert world.radio.frames[-1][3] and world.session.sender.in_flight
    world.run(world.radio.frames[-1][0] + 15_000 - world.now_ms)
    assert not world.session.sender.in_flight
    size = len(world.radio.frames[-1][2]) + 13
    assert world.session.airtime_budget.airtime_log.total_ms == before_ms + airtime_ms(8, 125, size)


def test_a_modem_that_raises_stops_nothing_and_is_called_stuck():
    world = SessionAndModem().joined()
    world.radio.hang = True
    world.status()
    world.run(29 * MINUTE_MS)
    assert world.session.radio_errors >= 6 and not world.session.stuck
    # It is asked once a minute.
    errors = world.session.radio_errors
    world.run(10 * MINUTE_MS)
    assert world.session.stuck and world.session.radio_errors - errors <= 10
    world.radio.hang = False
    world.run(10 * MINUTE_MS)
    assert world.sent == ["status"] and not world.session.stuck


def test_a_poll_that_raises_is_counted_and_no_event():
    world = SessionAndModem().joined()
    poll, world.session._poll_radio = world.session._poll_radio, world.radio._alive
    world.radio.hang = True
    assert world.session.poll(world.now_ms) is None
    world.session._poll_radio = poll
    assert world.session.radio_errors == 1
    # Nor does it when the first event was all right.
    answers = iter(((HEARD, 0, None),))
    world.session._poll_radio = lambda: next(answers, None) or world.radio._alive()
    assert world.session.poll(world.now_ms) is None and world.session.heard_ms == world.now_ms
    assert world.session.poll(world.now_ms) is None
    assert world.session.radio_errors == 2


def test_a_modem_whose_polls_all_raise_is_stuck_only_after_half_an_hour():
    world = SessionAndModem().joined()
    session = world.session
    session._poll_radio = world.radio._alive
    world.radio.hang = True
    for second in range(30 * 60):
        assert not session.stuck
        assert session.poll(world.now_ms + 1000 * second) is None
    # Nor does it make the loop spin: what it asks for is the future.
    assert session.due_ms > world.now_ms + 1000 * second
    assert session.radio_errors == 30 * 60
    session.poll(world.now_ms + 31 * MINUTE_MS)
    assert session.stuck


def test_while_polls_fail_nothing_is_joined_or_sent():
    world = SessionAndModem()
    world.session._poll_radio = world.radio._alive
    world.radio.hang = True
    for second in range(600):
        world.session.poll(1000 * second)
    assert world.radio.joins == []
    world = SessionAndModem().joined()
    world.status()
    world.session._poll_radio = world.radio._alive
    world.radio.hang = True
    world.session.poll(world.now_ms)
    world.radio.hang = False
    world.session._poll_radio = world.radio.poll
    world.run(29_999)
    assert world.radio.frames == []
    world.run(2)
    assert len(world.radio.frames) == 1


def test_a_minute_of_failing_polls_ends_no_session():
    world = SessionAndModem().joined()
    poll, world.session._poll_radio = world.session._poll_radio, world.radio._alive
    world.radio.hang = True
    for second in range(60):
        world.session.poll(world.now_ms + 1000 * second)
    world.radio.hang = False
    world.session._poll_radio = poll
    world.status()
    world.run(2 * MINUTE_MS)
    assert world.sent == ["status"] and len(world.radio.joins) == 1


# --- receiving


def test_a_downlink_comes_out_of_poll_one_at_a_time_even_while_a_frame_is_in_flight():
    world = SessionAndModem().joined()
    world.status()
    world.run(1)
    world.radio.downlink(1, b"\x03")
    world.radio.event(HEARD, 0, None)
    world.radio.downlink(20, b"\x04\x07")
    assert world.session.poll(world.now_ms) == (1, b"\x03")
    assert world.session.due_ms <= world.now_ms
    # One event a turn: what it heard is no downlink, but keeps the next one waiting.
    assert world.session.poll(world.now_ms) is None and world.session.due_ms <= world.now_ms
    assert world.session.poll(world.now_ms) == (20, b"\x04\x07")
    assert world.session.poll(world.now_ms) is None
    assert world.session.heard_ms == world.now_ms


def test_polling_with_nothing_due_asks_the_radio_once_and_does_nothing_else():
    world = SessionAndModem().joined()
    calls = []
    world.session._poll_radio = lambda: calls.append(1)
    world.session._STEPS = None      # calling it would raise
    assert world.session.poll(world.now_ms) is None
    assert len(calls) == 1


def test_an_idle_session_does_not_ask_to_be_polled():
    world = SessionAndModem().joined()
    world.status()
    world.run(10_000)
    polls = world.polls
    world.run(12 * HOUR_MS)
    # Once an hour, for the record of the airtime.
    assert world.polls - polls <= 14
    world.run(DAY_MS)
    writes = world.store.writes
    world.run(DAY_MS)
    assert world.store.writes - writes <= 1


# --- silence of the network


def silent_for(world, hours):
    """A network that stops answering, while the application sends a heartbeat an hour."""
    world.radio.network = False
    for _ in range(hours):
        world.status(priority=HEARTBEAT)
        world.run(HOUR_MS)


def test_only_after_26_hours_of_silence_is_a_frame_confirmed():
    world = SessionAndModem().joined()
    for _ in range(25):
        world.status(priority=HEARTBEAT)
        world.run(HOUR_MS)
    assert not any(frame[3] for frame in world.radio.frames)
    for _ in range(3):
        world.status(priority=HEARTBEAT)
        world.run(HOUR_MS)
    assert [frame[3] for frame in world.radio.frames].count(True) == 1
    assert world.session.state == UP and world.session.heard_ms > 26 * HOUR_MS


@pytest.mark.parametrize("hours", (0.2, 1, 5, 13, 24))
def test_an_outage_below_the_suspicion_costs_nothing_and_the_next_heartbeat_is_heard(hours):
    world = SessionAndModem().joined()
    world.radio.network = False
    for _ in range(int(hours * 2)):
        world.status(priority=HEARTBEAT)
        world.run(HOUR_MS // 2)
    world.radio.network = True
    frames = len(world.radio.frames)
    period_ms = world.session.stretched_ms(HOUR_MS // 2, 11)
    world.status(priority=HEARTBEAT)
    world.run(period_ms)
    assert len(world.radio.frames) == frames + 1 and len(world.radio.joins) == 1
    assert world.session.state == UP and world.session.rate_fallback.data_rate == 2


def test_questions_of_the_application_move_the_data_rate_and_the_cost_of_a_frame():
    world = SessionAndModem("EU868").joined()
    world.session.unanswered(world.now_ms)
    world.session.answered(world.now_ms)
    for data_rate in (2, 1, 0, 0):
        world.status()
        world.run(10_000)
        assert world.radio.frames[-1][4] == world.session.frame_cost.data_rate == data_rate
        for _ in range(2):
            world.session.unanswered(world.now_ms)
    # At SF12 heartbeats are further apart, and room is kept for them.
    assert world.session.stretched_ms(HOUR_MS, 11) == 119 * MINUTE_MS
    assert world.session.airtime_budget.spacing_ms == 118 * MINUTE_MS


def test_a_new_session_goes_on_at_the_data_rate_where_the_old_one_was():
    world = suspicious(data_rate=4)
    while world.session.joined:
        world.run(MINUTE_MS)
    world.radio.network = True
    world.status()
    world.run(3 * HOUR_MS)
    assert world.session.joined and world.radio.frames[-1][4] == world.session.rate_fallback.data_rate == 2
    for _ in range(14):
        world.status(priority=HEARTBEAT)
        world.session.answered(world.now_ms)
        world.run(HOUR_MS)
    assert world.radio.frames[-1][4] == 3


def test_with_adr_the_network_s_data_rate_counts_and_the_worst_is_booked_beforehand():
    world = SessionAndModem(adr=True).joined()
    session, radio = world.session, world.radio
    radio.data_rate = lambda: 5
    world.status()
    world.run(1)
    # Three emissions at the next slower one, until the modem says what it was.
    assert session.airtime_budget._pending_ms == 3 * airtime_ms(8, 125, 24)
    world.run(10_000)
    assert radio.frames[-1][4] == 5 and session.airtime_budget._pending_ms == 0
    radio.data_rate = lambda: 7         # SF7 at 250 kHz in some regions: never used by the firmware
    for _ in range(2):
        session.unanswered(world.now_ms)
        world.status()
        world.run(10_000)
    assert radio.frames[-1][4] == 6
    radio.data_rate = lambda: None
    world.status()
    world.run(10_000)
    assert radio.frames[-1][4] == 6


def test_what_the_network_asks_to_be_repeated_is_counted_and_kept_room_for():
    world = SessionAndModem().joined()
    world.status()
    world.run(1)
    world.radio._result = (SENT, 2, None)
    world.run(10_000)
    assert world.session.frame_cost.repeats == 2
    assert world.session.airtime_budget._heartbeat_ms == 2 * airtime_ms(10, 125, 24)


def suspicious(data_rate=None):
    """A world whose network has fallen silent, as the first confirmed frame has shown."""
    world = SessionAndModem(data_rate=data_rate).joined()
    world.session.outbox.keep_ready(lambda limit: (10, b"probe"[:limit]))
    silent_for(world, 26)
    world.status(priority=HEARTBEAT)
    world.run(MINUTE_MS)
    assert world.session.state == SUSPECT and world.session.joined
    return world


def test_an_unanswered_one_makes_it_suspect_and_six_end_the_session():
    world = suspicious(data_rate=4)
    world.run(2 * HOUR_MS)
    confirmed_ms = [frame[0] for frame in world.radio.frames if frame[3]]
    assert len(confirmed_ms) == 6
    assert all(later - at_ms >= 10 * MINUTE_MS for at_ms, later in zip(confirmed_ms, confirmed_ms[1:], strict=False))
    assert not world.session.joined and len(world.radio.joins) > 1
    assert not world.session.outbox.holds(PROBE)


def test_a_modem_that_repeats_confirmed_frames_is_believed_given_the_time_and_asked_only_where_that_much_fits():
    world = SessionAndModem().joined()
    world.session.outbox.keep_ready(lambda limit: (10, b"probe"[:limit]))
    world.radio.trials = 3
    silent_for(world, 27)
    world.status(priority=HEARTBEAT)
    world.run(MINUTE_MS)
    # The first result came after the deadline that one emission has, all later ones in time.
    assert world.session.state == SUSPECT and world.session.deadline_missed == 1
    sent_ms = sum(ms for at_ms, ms in world.radio.airtime if at_ms > world.now_ms - DAY_MS)
    assert world.session.airtime_budget.airtime_log.total_ms >= sent_ms
    world.session.airtime_budget.airtime_log.add(world.now_ms, 20_000 - world.session.airtime_budget.airtime_log.total_ms - 400)
    frames = len(world.radio.frames)
    world.run(6 * HOUR_MS)
    late = world.radio.frames[frames:]
    assert late and not any(frame[3] for frame in late)
    assert world.session.state == SUSPECT
    assert all(later[0] - frame[0] >= 10 * MINUTE_MS for frame, later in zip(late, late[1:], strict=False))


def test_suspicion_asks_even_on_a_full_day_with_the_uplinks_that_are_due_anyway():
    world = suspicious()
    airtime_budget = world.session.airtime_budget
    airtime_budget.airtime_log.add(world.now_ms, 22_000 - airtime_budget.airtime_log.total_ms)
    frames = len(world.radio.frames)
    world.run(4 * HOUR_MS)
    late = world.radio.frames[frames:]
    assert len(late) == 2 and all(frame[3] for frame in late)


def test_without_a_join_left_the_session_is_kept_and_asked_every_half_hour():
    world = suspicious(data_rate=4)
    world.session.airtime_budget.airtime_log.add(world.now_ms, 0, 20)
    world.run(10 * HOUR_MS)
    assert world.session.state == SUSPECT and len(world.radio.joins) == 1
    times = [frame[0] for frame in world.radio.frames if frame[3]]
    gaps = [later - at_ms for at_ms, later in zip(times, times[1:], strict=False)]
    assert gaps[:13] == [10 * MINUTE_MS] * 13 and set(gaps[13:]) == {30 * MINUTE_MS} and len(gaps) > 25
    world.radio.network = True
    world.run(30 * MINUTE_MS)
    assert world.session.state == UP and len(world.radio.joins) == 1


def test_the_last_step_is_a_reset_of_the_board_a_day_after_the_search_began():
    world = suspicious(data_rate=4)
    while world.session.joined:
        world.run(MINUTE_MS)
    world.run(23 * HOUR_MS)
    assert not world.session.stuck
    # The next try comes first; the reset is as good half an hour later.
    world.run(4 * HOUR_MS)
    assert world.session.stuck
    world.radio.network = True
    world.status()
    world.run(4 * HOUR_MS)
    assert world.session.joined and not world.session.stuck


def test_a_board_that_never_joins_is_reset_once_a_day_and_one_whose_network_is_back_is_not():
    world = SessionAndModem()
    world.radio.network = False
    world.run(23 * HOUR_MS)
    assert not world.session.stuck
    world.run(6 * HOUR_MS)
    assert world.session.stuck
    world = SessionAndModem()
    world.radio.network = False
    world.run(22 * HOUR_MS)
    world.radio.network = True
    world.status()
    for _ in range(60):
        world.run(HOUR_MS)
        assert not world.session.stuck


def test_the_reset_of_each_day_takes_no_join_away_and_begins_no_new_burst():
    """A week without a network: every boot goes on where the one before it was, at the even pace of 20 joins a day."""
    store, joins_ms, boots_ms = SessionStore(), [], []
    begin_ms = 0
    while begin_ms < 7 * DAY_MS:
        world = SessionAndModem(store=store)
        world.radio.network = False
        while not world.session.stuck:
            world.run(MINUTE_MS)
        world.session.airtime_budget.save(world.now_ms)
        joins_ms += [begin_ms + at_ms for at_ms, _data_rate in world.radio.joins]
        begin_ms += world.now_ms
        boots_ms.append(begin_ms)
    assert all(DAY_MS <= later - at_ms <= DAY_MS + 90 * MINUTE_MS for at_ms, later in zip(boots_ms, boots_ms[1:], strict=False))
    late = [at_ms for at_ms in joins_ms if at_ms > boots_ms[0] + 2 * HOUR_MS]
    gaps = [later - at_ms for at_ms, later in zip(late, late[1:], strict=False)]
    assert max(gaps) <= 80 * MINUTE_MS
    # The first try of a boot may come earlier, no other.
    assert sum(gap < 60 * MINUTE_MS for gap in gaps) <= len(boots_ms)
    for index in range(len(joins_ms) - 20):
        assert joins_ms[index + 20] - joins_ms[index] >= DAY_MS


def test_the_boot_after_the_next_begins_a_search_of_its_own():
    store = SessionStore()
    world = SessionAndModem(store=store)
    world.session.airtime_budget.keep_search()
    for tries in (1, 3):
        world = SessionAndModem(store=store)
        world.radio.network = False
        world.run(2 * MINUTE_MS)
        assert len(world.radio.joins) == tries


def test_no_reset_takes_the_place_of_a_try_that_is_due():
    """The network came back since the last one."""
    world = SessionAndModem()
    world.radio.network = False
    world.run(DAY_MS - MINUTE_MS)
    assert not world.session.stuck
    world.radio.now_ms = world.session.join_schedule.due_ms + DAY_MS
    world.radio.network = True
    world.run(MINUTE_MS)
    assert world.session.joined and not world.session.stuck


@pytest.mark.parametrize("method", ["get", "put"])
def test_a_store_that_fails_begins_each_search_anew(method):
    store = SessionStore()
    SessionAndModem(store=store).session.airtime_budget.keep_search()

    def fail(*arguments):
        raise HalError("store", "gone")
    setattr(store, method, fail)
    world = SessionAndModem(store=store)
    world.session.airtime_budget.keep_search()
    world.radio.network = False
    world.run(2 * MINUTE_MS)
    assert len(world.radio.joins) == 3 and world.session.airtime_budget.store_failures > 1


def test_a_modem_that_joins_and_then_sends_nothing_is_reset_after_a_day():
    world = SessionAndModem()
    world.radio.refuse = True
    world.status()
    world.run(23 * HOUR_MS)
    assert not world.session.stuck and len(world.radio.joins) > 3
    world.run(6 * HOUR_MS)
    assert world.session.stuck


def test_any_frame_clears_the_suspicion_and_marks_the_session_fresh():
    world = suspicious()
    world.radio.downlink(1, b"\x03")
    world.run(1)
    assert world.session.state == UP
    assert world.session.fresh_ms == world.session.heard_ms == world.now_ms - 1
    joins = len(world.radio.joins)
    world.radio.network = True
    world.run(2 * HOUR_MS)
    assert len(world.radio.joins) == joins


def test_a_downlink_in_a_good_session_does_not_make_it_fresh():
    world = SessionAndModem().joined()
    world.run(HOUR_MS)
    world.radio.downlink(1, b"\x03")
    world.run(1)
    assert world.session.fresh_ms == world.session.joined_ms


def test_without_a_probe_of_the_application_suspicion_waits_for_its_next_frame():
    world = SessionAndModem().joined()
    silent_for(world, 27)
    polls = world.polls
    world.run(HOUR_MS)
    assert world.session.state == SUSPECT and world.polls - polls < 10


def test_a_probe_with_nothing_to_say_is_asked_for_again_later():
    asked_ms = []
    world = SessionAndModem().joined()
    world.session.outbox.keep_ready(lambda limit: asked_ms.append(world.now_ms))
    silent_for(world, 27)
    assert len(asked_ms) > 10
    assert all(later - at_ms >= MINUTE_MS for at_ms, later in zip(asked_ms, asked_ms[1:], strict=False))


# --- airtime


@pytest.mark.parametrize("region, data_rate, minutes", (
    ("AU915", 5, (59, 60)), ("AU915", 4, (63, 64)), ("AU915", 3, (72, 73)), ("AU915", 2, (88, 89)), ("AU915", 1, (119, 119)),
    ("AU915", 0, (119, 119)), ("US915", 0, (88, 89)), ("EU868", 2, (88, 89)), ("AU915", 6, (15, 18)),
))
def test_heartbeats_stretch_to_their_share_but_never_to_the_longest_silence(region, data_rate, minutes):
    session = SessionAndModem(region, data_rate).session
    assert minutes[0] * MINUTE_MS <= session.stretched_ms(5 * MINUTE_MS, 11) <= minutes[1] * MINUTE_MS
    longest_ms = (120 if data_rate < 2 and region != "US915" else 90) * MINUTE_MS
    assert session.stretched_ms(DAY_MS, 11) < longest_ms


def test_a_wanted_period_longer_than_the_budget_needs_stays():
    assert SessionAndModem(data_rate=5).session.stretched_ms(80 * MINUTE_MS, 11) == 80 * MINUTE_MS


@pytest.mark.parametrize("data_rate", (0, 1, 2, 5, 6))
def test_no_storm_breaks_24_s_a_day_or_silences_the_monitor_for_longer_than_allowed(data_rate):
    world = SessionAndModem(data_rate=data_rate).joined()
    longest_ms = (120 if data_rate < 2 else 90) * MINUTE_MS
    for number in range(36 * 60 * 2):
        world.status(b"answer%05d" % number, "answer %d" % (number % 3), ANSWER)
        world.status(key="heartbeat", priority=HEARTBEAT)
        if number % 100 == 99:
            world.radio.downlink(1, b"\x01")
        world.run(MINUTE_MS // 2)
    assert most_airtime_ms(world.radio.airtime) <= 24_000
    assert most_airtime_ms(world.radio.airtime) > (5_000 if data_rate == 6 else 16_000)
    times = [frame[0] for frame in world.radio.frames]
    assert max(later - at_ms for at_ms, later in zip(times, times[1:], strict=False)) <= longest_ms


def test_a_blocked_heartbeat_goes_when_the_longest_silence_demands_it():
    world = SessionAndModem().joined()
    world.status()
    world.run(10_000)
    world.session.airtime_budget.airtime_log.add(world.now_ms, 14_000)
    world.status(priority=HEARTBEAT)
    world.run(87 * MINUTE_MS)
    assert len(world.radio.frames) == 1
    world.run(2 * MINUTE_MS)
    assert len(world.radio.frames) == 2


def test_the_first_uplink_of_a_session_has_the_reserve_even_if_the_modem_fails_it_once():
    world = SessionAndModem()
    world.session.airtime_budget.airtime_log.add(0, 12_000)
    world.joined()
    world.status(priority=HEARTBEAT)
    world.run(1)
    world.radio._result = (FAILED, 0, "no channel")
    world.run(30_000)
    assert world.sent == ["status"]
    world.status(priority=HEARTBEAT)
    world.run(HOUR_MS)
    assert world.sent == ["status"]
    world.radio.event(JOINED, 0, None)
    world.run(10_000)
    assert world.sent == ["status", "status"]


def test_commands_are_accepted_while_their_answers_fit_beside_those_that_are_owed():
    world = SessionAndModem().joined()
    assert world.session.accepts(world.now_ms, 0) and world.session.accepts(world.now_ms, 20)
    # Beside the heartbeats, one to spare and ten more boots there is room for two answers.
    world.session.airtime_budget.airtime_log.add(world.now_ms, 24_000 - 17 * 371 - 10 * (29 + (330 + 2 * 123) // 2) - 29 - 2 * 371)
    assert world.session.accepts(world.now_ms, 1)
    assert not world.session.accepts(world.now_ms, 2)


def test_what_nobody_waits_for_goes_up_to_12_s_of_the_day():
    world = SessionAndModem().joined()
    airtime_log = world.session.airtime_budget.airtime_log
    airtime_log.add(world.now_ms, 12_000 - airtime_log.total_ms - 371)
    assert world.session.spares(world.now_ms)
    airtime_log.add(world.now_ms, 1)
    assert not world.session.spares(world.now_ms)
    world.run(25 * HOUR_MS)
    assert world.session.spares(world.now_ms)


@pytest.mark.parametrize("data_rate, is_slow", ((0, True), (1, True), (2, False), (5, False)))
def test_frames_are_slow_at_sf11_and_sf12(data_rate, is_slow):
    assert SessionAndModem("EU868", data_rate).session.frame_cost.is_slow is is_slow


def beat(world, hours):
    """Hours with heartbeats as the application puts them, a clock that is answered, and nothing else."""
    for minute in range(hours * 60):
        session = world.session
        if minute % 720 == 0:
            session.answered(world.now_ms)
        if session.last_uplink_ms is None or world.now_ms - session.last_uplink_ms >= session.stretched_ms(30 * MINUTE_MS, 11):
            world.status(key="heartbeat", priority=HEARTBEAT)
        world.run(MINUTE_MS)


@pytest.mark.parametrize("region, data_rate", (("EU868", 0), ("AU915", 0), ("EU868", 1), ("AU915", 1)))
def test_at_sf11_and_sf12_five_answers_of_a_day_fit_beside_the_heartbeats(region, data_rate):
    world = SessionAndModem(region, data_rate).joined()
    # The third day: nothing is left of the join, and each heartbeat of the day before still counts.
    beat(world, 48)
    assert world.session.accepts(world.now_ms, 4)
    answered_ms = []
    for number in range(5):
        assert world.session.accepts(world.now_ms, 0)
        world.status(b"answr", "answer %d" % number, ANSWER)
        world.run(MINUTE_MS)
        answered_ms.append(world.radio.frames[-1][0])
        assert world.sent[-1] == "answer %d" % number
    beat(world, 36)
    times = [frame[0] for frame in world.radio.frames]
    assert max(later - at_ms for at_ms, later in zip(times, times[1:], strict=False)) <= 120 * MINUTE_MS
    assert {frame[4] for frame in world.radio.frames} == {data_rate}
    assert most_airtime_ms(world.radio.airtime) <= 24_000


def test_at_sf12_a_page_is_whole_and_a_status_short():
    world = SessionAndModem("EU868", 0).joined()
    world.radio.room = 51
    limits = []

    def make(limit):
        limits.append(limit)
        return 10, b"12345678901"[:limit]

    for priority in (CHANGE, RECORD, ANSWER, FAULT, HEARTBEAT):
        world.put(priority, "key", make)
        world.run(2 * HOUR_MS)
    assert limits == [11, 11, 6, 6, 6]


# --- a network that is heard and does not hear


def test_what_a_network_of_class_c_says_unasked_does_not_hide_that_it_does_not_hear():
    world = SessionAndModem("EU868").joined()
    world.session.outbox.keep_ready(lambda limit: (10, b"probe"[:limit]))
    world.radio.edge = 2        # at SF10 and faster nothing arrives
    for _ in range(36):
        world.status(priority=HEARTBEAT)
        world.radio.downlink(20, b"\x0c")
        world.run(HOUR_MS)
    assert world.session.rate_fallback.data_rate == 1
    assert world.session.state == UP and len(world.radio.joins) == 1
    confirmed = [frame for frame in world.radio.frames if frame[3]]
    assert len(confirmed) == 3 and confirmed[-1][4] == 1


def test_where_the_clock_is_answered_no_frame_has_to_ask_whoever_else_is_silent():
    world = SessionAndModem("EU868").joined()
    for hour in range(100):
        world.status(priority=HEARTBEAT)
        if hour % 24 == 0:
            world.session.answered(world.now_ms)
        world.run(HOUR_MS)
    assert not any(frame[3] for frame in world.radio.frames)


def test_the_airtime_log_survives_a_reboot():
    store = SessionStore()
    world = SessionAndModem(store=store).joined()
    for _ in range(10):
        world.status()
        world.run(10_000)
    again = SessionAndModem(store=store)
    assert again.session.airtime_budget.airtime_log.total_ms >= sum(ms for _at_ms, ms in world.radio.airtime)


def test_what_the_mac_may_add_is_booked_after_something_was_heard():
    world = SessionAndModem("EU868").joined()
    world.radio.room = 51
    world.radio.downlink(1, b"\x03")
    world.run(1)
    booked = []
    for _ in range(2):
        before_ms = world.session.airtime_budget.airtime_log.total_ms
        world.status()
        world.run(10_000)
        booked.append(world.session.airtime_budget.airtime_log.total_ms - before_ms)
    assert booked == [airtime_ms(10, 125, 13 + 11 + 15), airtime_ms(10, 125, 13 + 11)]


def test_what_is_heard_while_a_frame_is_in_flight_is_booked_with_the_next():
    """As the LoPy4 tells it: what came in the receive window before that the frame was sent."""
    world = SessionAndModem("EU868").joined()
    world.radio.room = 51
    world.status()
    world.session.poll(world.now_ms)
    assert world.session.sender.in_flight
    world.radio.downlink(1, b"\x03")
    world.run(10_000)
    before_ms = world.session.airtime_budget.airtime_log.total_ms
    world.status()
    world.run(10_000)
    assert world.session.airtime_budget.airtime_log.total_ms - before_ms == airtime_ms(10, 125, 13 + 11 + 15)


def test_a_question_for_the_time_is_booked_with_the_frame_it_goes_with():
    world = SessionAndModem("EU868").joined()
    world.radio.room = 51
    booked = []
    for asks in (True, False):
        world.radio.ask_time = lambda asks=asks: asks
        assert world.session.ask_time(world.now_ms) is asks
        before_ms = world.session.airtime_budget.airtime_log.total_ms
        world.status()
        world.run(10_000)
        booked.append(world.session.airtime_budget.airtime_log.total_ms - before_ms)
    assert booked == [airtime_ms(10, 125, 13 + 12), airtime_ms(10, 125, 13 + 11)] and booked[0] > booked[1]


def test_a_modem_that_fails_to_ask_for_the_time_is_an_error_of_the_radio():
    world = SessionAndModem().joined()

    def fail():
        raise HalError(RADIO, "gone")
    world.radio.ask_time = fail
    assert world.session.ask_time(world.now_ms) is False
    assert world.session.radio_errors == 1


def most_airtime_ms(emissions):
    """The largest sum over any sliding day."""
    window = deque()
    total_ms = most_ms = 0
    for at_ms, ms in emissions:
        window.append((at_ms, ms))
        total_ms += ms
        while window[0][0] <= at_ms - DAY_MS:
            total_ms -= window.popleft()[1]
        most_ms = max(most_ms, total_ms)
    return most_ms


# --- everything together


class SessionMachine(RuleBasedStateMachine):
    """Any order of what can happen to a session, over reboots."""

    @initialize(region=st.sampled_from(("AU915", "AU915", "US915")), seed=st.integers(0, 99))
    def begin(self, region, seed):
        self.seed = seed
        self.region = region
        self.world = SessionAndModem(region, random=self.draw)
        self.world.session.outbox.keep_ready(lambda limit: (10, b"probe"[:limit]))
        self.joins_ms = []
        self.emitted = []
        self.base_ms = 0

    def draw(self, below):
        self.seed = (self.seed * 1103515245 + 12345) % (1 << 31)
        return (self.seed >> 8) % below

    @rule(priority=st.sampled_from((ANSWER, FAULT, CHANGE, HEARTBEAT)), key=st.integers(0, 9), size=st.integers(0, 14))
    def put(self, priority, key, size):
        self.world.put(priority, key, lambda limit: (10, bytes(size)) if size else None)

    @rule(ms=st.one_of(st.integers(0, 20_000), st.integers(0, 2 * HOUR_MS)))
    def live(self, ms):
        self.world.run(ms)

    @rule(hours=st.integers(1, 40))
    def live_long(self, hours):
        self.world.run(hours * HOUR_MS)

    @rule(switch=st.sampled_from(("network", "refuse", "lose", "mute", "hang")), on=st.booleans())
    def turn(self, switch, on):
        setattr(self.world.radio, switch, on)

    @rule(room=st.sampled_from((0, 4, 5, 8, 11)))
    def mac_answers(self, room):
        self.world.radio.room = room

    @rule(event=st.sampled_from(((JOINED, 0, None), (JOIN_FAILED, 0, None), (SENT, 3, None), (ACKED, 3, None), (FAILED, 3, "x"),
                                 (RECEIVED, 1, b"\x01"), (HEARD, 0, None), (EMITTED, 1, None))))
    def stray(self, event):
        """An event at any time; only too few emissions it may not claim, no account could be right then."""
        self.world.radio.event(*event)

    @precondition(lambda self: self.world.radio.busy_until_ms is None)
    @rule()
    def reboot(self):
        old = self.world
        self.note_day()
        self.base_ms += old.now_ms
        self.world = SessionAndModem(self.region, store=old.store, random=self.draw)
        self.world.radio.network = old.radio.network
        self.world.session.outbox.keep_ready(lambda limit: (10, b"probe"[:limit]))

    def note_day(self):
        self.joins_ms += [self.base_ms + at_ms for at_ms, _rate in self.world.radio.joins]
        self.world.radio.joins.clear()

    @invariant()
    def no_join_storm(self):
        self.note_day()
        for start_ms in self.joins_ms:
            assert sum(1 for at_ms in self.joins_ms if start_ms <= at_ms < start_ms + DAY_MS) <= 20

    @invariant()
    def never_stuck_beyond_the_deadline(self):
        session, now_ms = self.world.session, self.world.now_ms
        if session.state == JOINING or session.sender.in_flight:
            assert 0 <= session.due_ms <= now_ms + LONGEST_DEADLINE_MS
        if session.state == DOWN:
            assert session.due_ms <= now_ms + DAY_MS + HOUR_MS
        assert session.joined == (session.state in (UP, SUSPECT))

    @invariant()
    def nothing_is_counted_too_low(self):
        world = self.world
        world.session.airtime_budget.airtime_log.advance(world.now_ms)
        counted_ms = world.session.airtime_budget.airtime_log.total_ms + world.session.airtime_budget._pending_ms
        sent_ms = sum(ms for at_ms, ms in world.radio.airtime if at_ms > world.now_ms - DAY_MS)
        assert sent_ms <= counted_ms
        assert most_airtime_ms(world.radio.airtime) <= 24_000

    def teardown(self):
        """Whatever happened: once all is well again it joins, and an answer goes out within two days."""
        world = self.world
        radio = world.radio
        radio.network, radio.room = True, 11
        radio.refuse = radio.lose = radio.mute = radio.hang = False
        world.put(ANSWER, "last", lambda limit: (11, b"last"))
        world.run(2 * DAY_MS)
        assert world.session.joined
        assert (11, b"last") in [frame[1:3] for frame in radio.frames] or not world.session.outbox.holds("last")


TestLife = SessionMachine.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=30)


def test_after_a_join_anew_the_first_uplink_leaves_at_once_though_there_is_no_news():
    world = SessionAndModem().proven()
    world.session.outbox.keep_ready(lambda limit: (10, b"first"[:limit]))
    world.radio.frames.clear()
    world.session._lose(world.now_ms)
    world.run(MINUTE_MS)
    assert len(world.radio.joins) == 2 and world.payloads() == [b"first"]


def test_where_airtime_has_the_next_question_wait_a_join_takes_its_place():
    world = SessionAndModem("EU868", 0).proven()
    world.session.outbox.keep_ready(lambda limit: (10, b"are you there"[:limit]))
    for _ in range(13):
        world.status()
        world.run(2 * HOUR_MS)
    world.radio.network = False
    world.radio.frames.clear()
    world.radio.joins.clear()
    world.status()
    world.run(8 * HOUR_MS)
    asked = [frame for frame in world.radio.frames if frame[3]]
    assert len(asked) == 3 and world.radio.joins[0][0] - asked[2][0] < HOUR_MS
