"""The airtime log against an exact account of a sliding day, and its record over reboots."""
from hypothesis import given, settings
from hypothesis import strategies as st
from lorawan.airtime_log import BUCKET_MS, DAY_MS, SLOTS, AirtimeLog

EDGES_MS = (0, 1, BUCKET_MS - 1, BUCKET_MS, DAY_MS - 1, DAY_MS, 3 * DAY_MS)
EMISSION = st.tuples(
    st.one_of(st.integers(0, 60_000), st.integers(0, 4 * 3_600_000), st.sampled_from(EDGES_MS)),
    st.integers(0, 3_000),
    st.booleans(),
)


class Exact:
    """Every emission with its time; what counts are those of the last 24 hours."""

    def __init__(self):
        self.entries = []

    def add(self, now_ms, airtime_ms, joins):
        self.entries.append((now_ms, airtime_ms, joins))

    def total_ms(self, now_ms, window_ms=DAY_MS):
        return sum(airtime_ms for at_ms, airtime_ms, _joins in self.entries if at_ms > now_ms - window_ms)

    def joins(self, now_ms, window_ms=DAY_MS):
        return sum(joins for at_ms, _airtime_ms, joins in self.entries if at_ms > now_ms - window_ms)


def play(airtime_log, exact, emissions, now_ms):
    for pause_ms, airtime_ms, is_join in emissions:
        now_ms += pause_ms
        airtime_log.add(now_ms, airtime_ms, int(is_join))
        exact.add(now_ms, airtime_ms, int(is_join))
    return now_ms


@given(st.integers(0, 1 << 40), st.lists(EMISSION, max_size=60), st.integers(0, 2 * DAY_MS))
@settings(max_examples=200)
def test_it_never_counts_too_little_and_at_most_one_bucket_too_long(start_ms, emissions, pause_ms):
    airtime_log, exact = AirtimeLog(start_ms), Exact()
    now_ms = play(airtime_log, exact, emissions, start_ms) + pause_ms
    airtime_log.advance(now_ms)
    assert exact.total_ms(now_ms) <= airtime_log.total_ms <= exact.total_ms(now_ms, DAY_MS + BUCKET_MS)
    assert exact.joins(now_ms) <= airtime_log.joins <= exact.joins(now_ms, DAY_MS + BUCKET_MS)


@given(st.lists(EMISSION, max_size=40), st.integers(0, 2 * DAY_MS))
@settings(max_examples=100)
def test_what_it_says_of_later_comes_true(emissions, pause_ms):
    airtime_log = AirtimeLog(0)
    now_ms = play(airtime_log, Exact(), emissions, 0)
    foretold_ms = airtime_log.remaining_ms(now_ms + pause_ms)
    airtime_log.advance(now_ms + pause_ms)
    assert foretold_ms == airtime_log.total_ms


@given(st.lists(EMISSION, max_size=40), st.integers(0, DAY_MS), st.integers(60_000, 2 * DAY_MS), st.integers(0, 3_000))
@settings(max_examples=200)
def test_the_peak_is_the_most_that_any_of_the_frames_to_come_meets(emissions, pause_ms, spacing_ms, cost_ms):
    airtime_log = AirtimeLog(0)
    now_ms = play(airtime_log, Exact(), emissions, 0) + pause_ms
    frames = range((DAY_MS + BUCKET_MS - 1) // spacing_ms + 1)
    met = [number * cost_ms + airtime_log.remaining_ms(now_ms + number * spacing_ms) for number in frames]
    assert airtime_log.peak_ms(now_ms, spacing_ms, cost_ms) == max(met)


@given(st.lists(EMISSION, min_size=1, max_size=40))
@settings(max_examples=100)
def test_the_next_expiry_is_when_the_total_falls_and_not_before(emissions):
    airtime_log = AirtimeLog(0)
    now_ms = play(airtime_log, Exact(), emissions, 0)
    total = airtime_log.total_ms, airtime_log.joins
    wait_ms = airtime_log.next_expiry_ms(now_ms)
    airtime_log.advance(now_ms + wait_ms - 1)
    assert (airtime_log.total_ms, airtime_log.joins) == total
    airtime_log.advance(now_ms + wait_ms)
    assert total == (0, 0) or (airtime_log.total_ms, airtime_log.joins) < total


@given(st.lists(EMISSION, max_size=30), st.integers(0, 1 << 40), st.integers(0, 2 * DAY_MS))
@settings(max_examples=100)
def test_over_a_reboot_the_ages_go_on_where_they_stopped(emissions, boot_ms, pause_ms):
    airtime_log, exact = AirtimeLog(0), Exact()
    now_ms = play(airtime_log, exact, emissions, 0)
    airtime_log.advance(now_ms)
    again = AirtimeLog(boot_ms)
    assert again.load(airtime_log.dump(now_ms), boot_ms)
    assert (again.total_ms, again.joins) == (airtime_log.total_ms, airtime_log.joins)
    again.advance(boot_ms + pause_ms)
    # The time off counts as none; the bucket of the reboot begins again, so its entries stay up to one bucket longer.
    assert exact.total_ms(now_ms + pause_ms) <= again.total_ms <= exact.total_ms(now_ms + pause_ms, DAY_MS + 3 * BUCKET_MS)


UTC_S = 1_775_286_000
LIFE = st.lists(st.tuples(st.integers(0, 8 * 3_600_000), st.sampled_from(("send", "send", "cut", "told")), st.integers(0, 30 * 3_600_000),
                          st.integers(0, 5 * BUCKET_MS)), max_size=60)


@given(LIFE)
@settings(max_examples=300)
def test_however_long_the_power_was_off_and_whenever_the_time_is_told_nothing_is_forgotten_early(life):
    """The record is written when something is sent; what it counts in advance is sent a little later, or never."""
    exact, airtime_log = Exact(), AirtimeLog(0)
    true_ms, ahead_ms = 0, 0    # how far the board's clock is behind the true time
    record = airtime_log.dump(0)
    for pause_ms, what, off_ms, boot_ms in life:
        true_ms += pause_ms
        now_ms = true_ms - ahead_ms
        if what == "send":
            airtime_log.add(now_ms, 100)
            exact.add(true_ms, 100, 0)
            record = airtime_log.dump(now_ms, 50)
            airtime_log.add(now_ms + 60_000, 50)
            exact.add(true_ms + 60_000, 50, 0)
            true_ms += 60_000
        elif what == "cut":
            true_ms += off_ms
            ahead_ms = true_ms - boot_ms
            airtime_log = AirtimeLog(boot_ms)
            assert airtime_log.load(record, boot_ms)
        else:
            airtime_log.note_time(now_ms, UTC_S + true_ms // 1000)
        airtime_log.advance(true_ms - ahead_ms)
        assert exact.total_ms(true_ms) <= airtime_log.total_ms


def test_once_the_time_is_told_after_a_power_cut_what_was_sent_before_is_as_old_as_it_is():
    airtime_log = AirtimeLog(0)
    airtime_log.note_time(0, UTC_S)
    for hour in range(10):
        airtime_log.add(hour * 3_600_000, 100, 1)
    record = airtime_log.dump(9 * 3_600_000, 750)
    again = AirtimeLog(0)
    again.load(record, 0)
    assert (again.total_ms, again.joins) == (1750, 10)
    # 24 hours and an hour after the first of them; when what was counted in advance was sent, if it was, nobody knows.
    again.note_time(60_000, UTC_S + 25 * 3600)
    assert (again.total_ms, again.joins) == (1650, 9)
    again.note_time(120_000, UTC_S + 25 * 3600 + 60)
    assert again.total_ms == 1650
    # A second power cut, and the time has not been set since.
    third = AirtimeLog(0)
    third.load(again.dump(120_000), 0)
    third.advance(2 * 3_600_000)
    fourth = AirtimeLog(0)
    fourth.load(third.dump(2 * 3_600_000), 0)
    fourth.note_time(60_000, UTC_S + 40 * 3600)
    assert fourth.total_ms == 750


def test_ten_power_cuts_a_day_make_the_day_no_longer_where_the_time_is_told_after_each():
    exact, airtime_log = Exact(), AirtimeLog(0)
    airtime_log.note_time(0, UTC_S)
    boot_true_ms = 0
    for number in range(60):
        # A boot sends immediately and a while later, 7 min before the next cut; a minute without power.
        for pause_ms in (5_000, 130 * 60_000 + 777 * number):
            airtime_log.add(pause_ms, 100, 1)
            exact.add(boot_true_ms + pause_ms, 100, 1)
            record = airtime_log.dump(pause_ms)
        boot_true_ms += pause_ms + 8 * 60_000
        airtime_log = AirtimeLog(0)
        airtime_log.load(record, 0)
        airtime_log.note_time(3_000, UTC_S + (boot_true_ms + 3_000) // 1000)
        slack_ms = BUCKET_MS + 11 * 31_000
        assert exact.total_ms(boot_true_ms + 3_000) <= airtime_log.total_ms <= exact.total_ms(boot_true_ms + 3_000, DAY_MS + slack_ms)
        assert airtime_log.joins <= exact.joins(boot_true_ms + 3_000, DAY_MS + slack_ms)


def test_a_record_of_the_firmware_before_is_read():
    record = bytes((1, 100, 0, 1)) + bytes(3 * (SLOTS - 1))
    airtime_log = AirtimeLog(0)
    assert airtime_log.load(record, 0)
    assert (airtime_log.total_ms, airtime_log.joins) == (100, 1)
    airtime_log.note_time(0, UTC_S)
    assert airtime_log.total_ms == 100


def test_a_clock_that_begins_anywhere_forgets_nothing_early_after_a_reboot():
    airtime_log = AirtimeLog(0)
    airtime_log.add(0, 100)
    for boot_ms in (0, 1, BUCKET_MS - 1, BUCKET_MS, 7 * BUCKET_MS + 5):
        again = AirtimeLog(boot_ms)
        again.load(airtime_log.dump(0), boot_ms)
        again.advance(boot_ms + DAY_MS - 1)
        assert again.total_ms == 100


def test_boots_that_may_come_are_reckoned_with_those_that_count():
    airtime_log = AirtimeLog(0)
    assert airtime_log.peak_ms(0, DAY_MS, 0, 10, 700) == 7000
    for number in range(4):
        airtime_log.add(number, 700, 1)
    assert airtime_log.peak_ms(0, DAY_MS, 0, 10, 700) == 7000
    airtime_log.add(0, 5000)
    assert airtime_log.peak_ms(0, DAY_MS, 0, 10, 700) == 2800 + 5000 + 6 * 700


def test_the_record_fits_256_bytes_whatever_happened():
    airtime_log = AirtimeLog(0)
    for slot in range(SLOTS):
        airtime_log.add(slot * BUCKET_MS, 70_000, 300)
    assert len(airtime_log.dump(SLOTS * BUCKET_MS)) <= 256


def test_the_record_of_an_overfull_bucket_still_blocks_everything():
    airtime_log = AirtimeLog(0)
    airtime_log.add(0, 70_000, 300)
    again = AirtimeLog(0)
    assert again.load(airtime_log.dump(0), 0)
    assert again.total_ms >= 24_000 and again.joins >= 20


def test_what_may_yet_happen_is_in_the_record():
    airtime_log = AirtimeLog(0)
    airtime_log.add(0, 100, 1)
    again = AirtimeLog(0)
    again.load(airtime_log.dump(0, 750, 1), 0)
    assert (again.total_ms, again.joins) == (850, 2)


def test_a_record_that_is_none_changes_nothing():
    airtime_log = AirtimeLog(0)
    airtime_log.add(0, 100, 1)
    record = airtime_log.dump(0)
    for bad in (b"", b"\x01", record[:-1], record + b"\0", b"\xff" + record[1:]):
        assert airtime_log.load(bad, 0) is False
    assert (airtime_log.total_ms, airtime_log.joins) == (100, 1)


def test_an_entry_counts_for_the_whole_day_and_is_then_forgotten():
    for at_ms in (0, 1, BUCKET_MS - 1, BUCKET_MS, 7 * BUCKET_MS + 5):
        airtime_log = AirtimeLog(0)
        airtime_log.add(at_ms, 100, 1)
        airtime_log.advance(at_ms + DAY_MS - 1)
        assert (airtime_log.total_ms, airtime_log.joins) == (100, 1)
        airtime_log.advance(at_ms + DAY_MS + BUCKET_MS)
        assert (airtime_log.total_ms, airtime_log.joins) == (0, 0)
