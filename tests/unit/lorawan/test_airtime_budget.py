"""The airtime budget: thresholds, the reserve for heartbeats, the record over reboots and power cuts."""
from collections import deque

import pytest
from hal.contract import STORE, HalError
from hypothesis import given, settings
from hypothesis import strategies as st
from lorawan import airtime
from lorawan.airtime_budget import CREDIT_MS, DAY_MAX_MS, JOIN, JOINS_MAX, RESERVED, RESERVED_JOIN, AirtimeBudget
from lorawan.airtime_log import DAY_MS
from lorawan.outbox import ANSWER, BUSY, CHANGE, FAULT, HEARTBEAT, RECORD

MINUTE_MS = 60_000
# SF10: 11 bytes every 88 min. SF12: every 118 min.
SF10 = (371, 88 * MINUTE_MS)
SF12 = (1483, 118 * MINUTE_MS)


class CountingStore:
    """A store in memory that counts its writes and can fail."""

    def __init__(self):
        self.records = {}
        self.writes = 0
        self.torn = 0
        self.broken = False

    def get(self, name):
        return self.records.get(name)

    def put(self, name, value):
        if self.broken:
            raise HalError(STORE, "full")
        assert isinstance(value, bytes) and len(value) <= 256
        self.writes += 1
        self.records[name] = value


class Window:
    """Exactly what was sent in each sliding 24 hours."""

    def __init__(self):
        self.entries = deque()
        self.total_ms = self.most_ms = 0

    def add(self, now_ms, airtime_ms):
        self.entries.append((now_ms, airtime_ms))
        self.total_ms += airtime_ms
        while self.entries[0][0] <= now_ms - DAY_MS:
            self.total_ms -= self.entries.popleft()[1]
        self.most_ms = max(self.most_ms, self.total_ms)


def airtime_budget(reserve=SF10, store=None, now_ms=0, join_ms=28):
    made = AirtimeBudget(store or CountingStore(), now_ms)
    # Of last resort: the short form at SF10.
    made.reserve_least(min(330, reserve[0]), min(SF10[1], reserve[1]), reserve[0] and join_ms + min(330, reserve[0]))
    made.reserve(*reserve)
    return made


def send(made, now_ms, airtime_ms, joins=0):
    made.begin(now_ms, airtime_ms, joins)
    made.settle(now_ms, airtime_ms, joins)


@pytest.mark.parametrize("priority, most_ms", (
    (HEARTBEAT, 12_000), (RECORD, 20_000), (CHANGE, 20_000), (FAULT, 24_000), (ANSWER, 24_000), (JOIN, 20_000),
))
def test_each_priority_has_its_threshold_on_the_total(priority, most_ms):
    made = airtime_budget(reserve=(0, DAY_MS))
    send(made, 0, most_ms - 500)
    assert made.wait_ms(0, priority, 500) == 0
    assert made.wait_ms(0, priority, 501) > 0


def test_what_is_in_flight_counts():
    made = airtime_budget(reserve=(0, DAY_MS))
    made.begin(0, 11_700)
    assert made.wait_ms(0, HEARTBEAT, 301) > 0
    made.settle(0, 0)
    assert made.wait_ms(0, HEARTBEAT, 301) == 0


def test_it_says_when_to_ask_again_and_then_it_may_be_allowed():
    made = airtime_budget(reserve=(0, DAY_MS))
    send(made, 0, 12_000)
    now_ms, waits = 1000, []
    while made.wait_ms(now_ms, HEARTBEAT, 371):
        waits.append(made.wait_ms(now_ms, HEARTBEAT, 371))
        now_ms += waits[-1]
    assert DAY_MS <= now_ms <= DAY_MS + 20 * MINUTE_MS
    assert len(waits) == 25 and max(waits) == 60 * MINUTE_MS


def test_reboots_while_it_waits_do_not_make_it_wait_for_ever():
    store = CountingStore()
    made = airtime_budget(store=store)
    send(made, 0, 23_800)
    hours = 0
    while made.wait_ms(0, RESERVED, 371):
        # Three hours each, of which the last is lost with the power, and the rest of a bucket.
        for minute in range(0, 180, 30):
            made.wait_ms(minute * MINUTE_MS, RESERVED, 371)
        made = airtime_budget(store=store)
        hours += 3
        assert hours <= 42
    assert hours >= 24


def test_answers_stop_where_the_heartbeats_of_the_coming_day_begin():
    made = airtime_budget()
    sent_ms = 0
    while made.wait_ms(0, ANSWER, 371) == 0:
        send(made, 0, 371)
        sent_ms += 371
    # 16 heartbeats until the first bucket expires after 24 h 20 min, one to spare, and eleven boots.
    assert DAY_MAX_MS - 11 * (28 + 330) - 18 * 371 < sent_ms <= DAY_MAX_MS - 11 * (28 + 330) - 17 * 371


@pytest.mark.parametrize("join_ms", (28, 371))
def test_ten_boots_on_a_full_day_have_their_join_and_uplink_and_take_no_heartbeat_away(join_ms):
    heartbeat_ms, spacing_ms = SF10
    store, window = CountingStore(), Window()
    made = airtime_budget(store=store, join_ms=join_ms)
    while made.wait_ms(0, ANSWER, 371) == 0:
        send(made, 0, 371)
        window.add(0, 371)
    now_ms = MINUTE_MS
    for _ in range(10):
        made = airtime_budget(store=store, now_ms=now_ms, join_ms=join_ms)
        for priority, airtime_ms, joins in ((RESERVED_JOIN, join_ms, 1), (RESERVED, 330, 0)):
            assert made.wait_ms(now_ms, priority, airtime_ms) == 0
            assert priority == RESERVED_JOIN or made.leaves_least(now_ms, airtime_ms)
            send(made, now_ms, airtime_ms, joins)
            window.add(now_ms, airtime_ms)
    for _ in range(40):
        now_ms += spacing_ms
        assert made.wait_ms(now_ms, RESERVED, heartbeat_ms) == 0
        send(made, now_ms, heartbeat_ms)
        window.add(now_ms, heartbeat_ms)
    assert window.most_ms <= DAY_MAX_MS


def test_a_join_from_the_reserve_leaves_room_for_its_uplink_and_counts_like_any_other():
    made = airtime_budget()
    send(made, 0, DAY_MAX_MS - 28 - 330)
    assert made.wait_ms(0, JOIN, 28) > 0
    assert made.wait_ms(0, RESERVED_JOIN, 28) == 0
    assert made.wait_ms(0, RESERVED_JOIN, 29) > 0
    made = airtime_budget()
    send(made, 0, 20 * 28, JOINS_MAX)
    assert made.wait_ms(0, RESERVED_JOIN, 28) > 0


def test_joins_at_their_pace_are_never_forbidden_and_none_is_left_over():
    made = airtime_budget(reserve=(0, DAY_MS))
    now_ms = 0
    for _ in range(16):
        send(made, now_ms, 28, 1)
        now_ms += 8 * MINUTE_MS
    gaps = []
    while now_ms < 4 * DAY_MS:
        gaps.append(made.join_pace_ms(now_ms))
        now_ms += gaps[-1]
        assert made.wait_ms(now_ms, JOIN, 28) == 0
        send(made, now_ms, 28, 1)
    # Four are left of the first day: what they leave of it is cut in five.
    assert all(4 * 60 * MINUTE_MS < gap_ms < 5 * 60 * MINUTE_MS for gap_ms in gaps[:4])
    assert all(73 * MINUTE_MS <= gap_ms <= 75 * MINUTE_MS for gap_ms in gaps[6:])
    assert made.joins(now_ms) >= JOINS_MAX - 2


def test_a_join_needs_room_for_the_uplink_after_it():
    def room(priority):
        made = airtime_budget(reserve=SF12)
        while made.wait_ms(0, priority, 1) == 0:
            send(made, 0, 1)
        return made.airtime_log.total_ms

    assert room(ANSWER) - room(JOIN) == SF12[0]


@pytest.mark.parametrize("airtime_ms, frames", ((62, 16), (371, 2), (660, 1), (1319, 1)))
def test_busy_has_a_second_of_airtime_a_day_or_one_frame_and_leaves_the_rest_to_answers(airtime_ms, frames):
    made = airtime_budget()
    told = 0
    for minute in range(0, 24 * 60, 10):
        if made.wait_ms(minute * MINUTE_MS, BUSY, airtime_ms) == 0:
            send(made, minute * MINUTE_MS, airtime_ms)
            made.note_busy_report(minute * MINUTE_MS)
            told += 1
    assert told == frames
    assert made.wait_ms(23 * 60 * MINUTE_MS, ANSWER, airtime_ms) == 0
    assert made.wait_ms(25 * 60 * MINUTE_MS, BUSY, airtime_ms) == 0


def test_at_sf12_five_answers_fit_and_what_is_none_leaves_three_of_them_their_room():
    heartbeat_ms, spacing_ms = 1319, 118 * MINUTE_MS
    for priority, most in ((ANSWER, 5), (FAULT, 5), (CHANGE, 2), (RECORD, 2)):
        made = airtime_budget((heartbeat_ms, spacing_ms))
        for number in range(13):
            send(made, number * 119 * MINUTE_MS, heartbeat_ms)
        now_ms, sent = 12 * 119 * MINUTE_MS, 0
        while made.wait_ms(now_ms, priority, heartbeat_ms) == 0:
            send(made, now_ms, heartbeat_ms)
            sent += 1
        assert sent == most


def test_where_no_two_frames_fit_into_it_nothing_is_counted_in_advance():
    for reserve, counted_ms in ((SF10, 750), (SF12, 0)):
        store = CountingStore()
        send(airtime_budget(reserve, store), 0, 400)
        assert airtime_budget(reserve, store).airtime_log.total_ms == 400 + counted_ms


def test_airtime_that_expires_in_time_is_lent_before():
    made = airtime_budget()
    send(made, 0, 12_000)
    now_ms = 23 * 60 * MINUTE_MS
    # In 23 h the 12 s of the first minute are still there, but gone before the second heartbeat from now.
    send(made, now_ms, 5_000)
    assert made.wait_ms(now_ms, ANSWER, 2_000) == 0


def test_at_most_twenty_joins_a_day():
    made = airtime_budget(reserve=(62, 88 * MINUTE_MS))
    for number in range(JOINS_MAX):
        assert made.wait_ms(number, JOIN, 29) == 0
        send(made, number, 29, 1)
    assert made.wait_ms(JOINS_MAX, ANSWER, 29) == 0
    assert made.wait_ms(DAY_MS + 19, JOIN, 29) > 0
    assert made.wait_ms(DAY_MS + 20 * MINUTE_MS, JOIN, 29) == 0


@given(
    st.sampled_from((SF10, SF12, (62, 88 * MINUTE_MS))),
    st.lists(st.tuples(st.integers(0, 100 * MINUTE_MS), st.integers(0, JOIN), st.integers(1, 2000)), max_size=150),
)
@settings(max_examples=60)
def test_no_storm_breaks_the_day_or_keeps_back_the_heartbeat_that_is_due(reserve, wishes):
    heartbeat_ms, spacing_ms = reserve
    made, window = airtime_budget(reserve), Window()
    now_ms = last_ms = 0
    for pause_ms, priority, airtime_ms in wishes + [(3 * DAY_MS, ANSWER, 1)]:
        wish_ms = now_ms + pause_ms
        while last_ms + spacing_ms <= wish_ms:
            now_ms = last_ms = last_ms + spacing_ms
            assert made.wait_ms(now_ms, RESERVED, heartbeat_ms) == 0
            send(made, now_ms, heartbeat_ms)
            window.add(now_ms, heartbeat_ms)
        now_ms = wish_ms
        # A storm: the same wish until it is refused.
        for _ in range(100):
            if made.wait_ms(now_ms, priority, airtime_ms):
                break
            send(made, now_ms, airtime_ms)
            window.add(now_ms, airtime_ms)
            if priority == JOIN:
                assert made.wait_ms(now_ms, RESERVED, heartbeat_ms) == 0
                send(made, now_ms, heartbeat_ms)
                window.add(now_ms, heartbeat_ms)
            last_ms = now_ms
    assert window.most_ms <= DAY_MAX_MS


@given(st.lists(st.tuples(st.integers(0, 30 * MINUTE_MS), st.integers(1, 1500), st.sampled_from(("", "", "", "cut", "reboot"))), max_size=120))
@settings(max_examples=60)
def test_a_power_cut_at_any_instant_loses_no_airtime(wishes):
    store, window = CountingStore(), Window()
    made = airtime_budget(store=store)
    now_ms = 0
    for pause_ms, airtime_ms, end in wishes:
        now_ms += pause_ms
        if made.wait_ms(now_ms, ANSWER, airtime_ms) == 0:
            made.begin(now_ms, airtime_ms)
            window.add(now_ms, airtime_ms)
            if end != "cut":
                made.settle(now_ms, airtime_ms)
        if end:
            made = airtime_budget(store=store, now_ms=now_ms)
    made.airtime_log.advance(now_ms)
    assert window.total_ms <= made.airtime_log.total_ms + made._pending_ms
    assert window.most_ms <= DAY_MAX_MS


def test_joins_are_counted_over_reboots():
    store = CountingStore()
    for boot in range(JOINS_MAX):
        made = airtime_budget(store=store, reserve=(62, 88 * MINUTE_MS), now_ms=boot)
        assert made.wait_ms(boot, JOIN, 29) == 0
        made.begin(boot, 29, 1)
    assert airtime_budget(store=store, reserve=(62, 88 * MINUTE_MS)).wait_ms(0, JOIN, 29) > 0


def test_a_boot_costs_no_more_than_its_join_and_the_credit():
    store = CountingStore()
    made = airtime_budget(store=store)
    send(made, 0, 29, 1)
    assert airtime_budget(store=store).airtime_log.total_ms == 29 + 750


def test_a_planned_reboot_keeps_what_was_sent_and_no_more():
    store = CountingStore()
    made = airtime_budget(store=store)
    send(made, 0, 29, 1)
    send(made, 0, 371)
    made.save(1000)
    again = airtime_budget(store=store)
    assert (again.airtime_log.total_ms, again.airtime_log.joins) == (400, 1)


def test_the_fullest_day_writes_flash_fewer_than_sixty_times():
    store = CountingStore()
    made = airtime_budget(store=store, reserve=(62, 88 * MINUTE_MS))
    for number in range(JOINS_MAX):
        send(made, number * 30 * MINUTE_MS, 29, 1)
    now_ms = 11 * 60 * MINUTE_MS
    while made.wait_ms(now_ms, ANSWER, 62) == 0:
        send(made, now_ms, 62)
    assert made.airtime_log.total_ms > 22_000
    assert store.writes < 60


def test_a_frame_the_modem_refuses_for_ever_does_not_wear_the_flash():
    store = CountingStore()
    made = airtime_budget(store=store)
    for number in range(1000):
        made.begin(number, 371, number % 2)
        made.settle(number, 0)
    assert made.airtime_log.total_ms == made.airtime_log.joins == 0
    assert store.writes <= 2


def test_a_broken_store_is_counted_and_the_limit_holds_all_the_same():
    store = CountingStore()
    store.broken = True
    made = airtime_budget(store=store, reserve=(0, DAY_MS))
    send(made, 0, 12_000)
    assert made.store_failures == 1
    assert made.wait_ms(0, HEARTBEAT, 1) > 0
    store.broken = False
    send(made, 0, 1)
    assert airtime_budget(store=store).airtime_log.total_ms >= 12_001


def test_a_record_that_is_none_is_counted():
    store = CountingStore()
    store.records["airtime"] = b"?"
    made = airtime_budget(store=store)
    assert made.store_failures == 1 and made.airtime_log.total_ms > DAY_MAX_MS // 2


def test_what_turns_out_late_is_booked_and_used_up_from_the_credit():
    store = CountingStore()
    made = airtime_budget(store=store)
    send(made, 0, 371)
    made.add_late(0, 700)
    assert made.airtime_log.total_ms == 1071
    writes = store.writes
    send(made, 0, 371)
    assert store.writes == writes + 1


@pytest.mark.parametrize("reserve", (SF10, SF12), ids=("SF10", "SF12"))
def test_a_record_that_cannot_be_read_counts_as_a_full_day_with_its_heartbeats(reserve):
    frame_ms, spacing_ms = reserve
    store, sent = CountingStore(), Window()

    def day(made, begin_ms):
        """Heartbeats as they are due, answers whenever they may go; how many of those."""
        due_ms, answers = begin_ms, 0
        for now_ms in range(begin_ms, begin_ms + DAY_MS, MINUTE_MS):
            what = RESERVED if now_ms >= due_ms else ANSWER
            if made.wait_ms(now_ms, what, frame_ms):
                assert what == ANSWER, "no heartbeat"
                continue
            send(made, now_ms, frame_ms)
            sent.add(now_ms, frame_ms)
            due_ms = now_ms + spacing_ms
            answers += what == ANSWER
        return answers

    assert day(airtime_budget(reserve, store), 0) > 1
    store.records["airtime"] = b""
    made = airtime_budget(reserve, store, DAY_MS)
    assert made.store_failures == 1
    # What this boot tells.
    assert day(made, DAY_MS) <= 4
    assert sent.most_ms <= 24_000


def test_a_store_that_cannot_be_read_counts_as_a_full_day():
    store = CountingStore()
    store.get = lambda name: (_ for _ in ()).throw(HalError(STORE, "worn out"))
    made = airtime_budget(store=store)
    assert made.store_failures == 1
    assert made.wait_ms(0, ANSWER, 5 * 371) > 0 and made.wait_ms(0, RESERVED, 371) == made.wait_ms(0, JOIN, 28) == 0


def test_where_the_newest_copy_cannot_be_read_what_it_may_have_counted_more_counts():
    store = CountingStore()
    send(airtime_budget(store=store), 0, 371)
    counted_ms = airtime_budget(store=store).airtime_log.total_ms
    get = store.get

    def of_the_older_copy(name):
        store.torn += 1
        return get(name)

    store.get = of_the_older_copy
    # A frame of 11 bytes at SF12 with 15 of MAC answers.
    assert airtime_budget(store=store).airtime_log.total_ms >= counted_ms + airtime.airtime_ms(12, 125, 13 + 11 + 15) + CREDIT_MS
