"""The ledger against an exact account of a sliding day, and its record over reboots."""
from hypothesis import given, settings
from hypothesis import strategies as st
from lorawan.ledger import BUCKET_MS, DAY_MS, SLOTS, Ledger

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


def play(ledger, exact, emissions, now_ms):
    for pause_ms, airtime_ms, is_join in emissions:
        now_ms += pause_ms
        ledger.add(now_ms, airtime_ms, int(is_join))
        exact.add(now_ms, airtime_ms, int(is_join))
    return now_ms


@given(st.integers(0, 1 << 40), st.lists(EMISSION, max_size=60), st.integers(0, 2 * DAY_MS))
@settings(max_examples=200)
def test_it_never_counts_too_little_and_at_most_one_bucket_too_long(start_ms, emissions, pause_ms):
    ledger, exact = Ledger(start_ms), Exact()
    now_ms = play(ledger, exact, emissions, start_ms) + pause_ms
    ledger.advance(now_ms)
    assert exact.total_ms(now_ms) <= ledger.total_ms <= exact.total_ms(now_ms, DAY_MS + BUCKET_MS)
    assert exact.joins(now_ms) <= ledger.joins <= exact.joins(now_ms, DAY_MS + BUCKET_MS)


@given(st.lists(EMISSION, max_size=40), st.integers(0, 2 * DAY_MS))
@settings(max_examples=100)
def test_what_it_says_of_later_comes_true(emissions, pause_ms):
    ledger = Ledger(0)
    now_ms = play(ledger, Exact(), emissions, 0)
    foretold_ms = ledger.remaining_ms(now_ms + pause_ms)
    ledger.advance(now_ms + pause_ms)
    assert foretold_ms == ledger.total_ms


@given(st.lists(EMISSION, max_size=40), st.integers(0, DAY_MS), st.integers(60_000, 2 * DAY_MS), st.integers(0, 3_000))
@settings(max_examples=200)
def test_the_peak_is_the_most_that_any_of_the_frames_to_come_meets(emissions, pause_ms, spacing_ms, cost_ms):
    ledger = Ledger(0)
    now_ms = play(ledger, Exact(), emissions, 0) + pause_ms
    frames = range((DAY_MS + BUCKET_MS + spacing_ms - 1) // spacing_ms + 1)
    met = [number * cost_ms + ledger.remaining_ms(now_ms + number * spacing_ms) for number in frames]
    assert ledger.peak_ms(now_ms, spacing_ms, cost_ms) == max(met)


@given(st.lists(EMISSION, min_size=1, max_size=40))
@settings(max_examples=100)
def test_the_next_expiry_is_when_the_total_falls_and_not_before(emissions):
    ledger = Ledger(0)
    now_ms = play(ledger, Exact(), emissions, 0)
    total = ledger.total_ms, ledger.joins
    wait_ms = ledger.next_expiry_ms(now_ms)
    ledger.advance(now_ms + wait_ms - 1)
    assert (ledger.total_ms, ledger.joins) == total
    ledger.advance(now_ms + wait_ms)
    assert total == (0, 0) or (ledger.total_ms, ledger.joins) < total


@given(st.lists(EMISSION, max_size=30), st.integers(0, 1 << 40), st.integers(0, 2 * DAY_MS))
@settings(max_examples=100)
def test_over_a_reboot_the_ages_go_on_where_they_stopped(emissions, boot_ms, pause_ms):
    ledger, exact = Ledger(0), Exact()
    now_ms = play(ledger, exact, emissions, 0)
    ledger.advance(now_ms)
    again = Ledger(boot_ms)
    assert again.load(ledger.dump(), boot_ms)
    assert (again.total_ms, again.joins) == (ledger.total_ms, ledger.joins)
    again.advance(boot_ms + pause_ms)
    # The time off counts as none; the bucket of the reboot begins anew, so its entries stay up to one bucket longer.
    assert exact.total_ms(now_ms + pause_ms) <= again.total_ms <= exact.total_ms(now_ms + pause_ms, DAY_MS + 2 * BUCKET_MS)


def test_the_record_fits_256_bytes_whatever_happened():
    ledger = Ledger(0)
    for slot in range(SLOTS):
        ledger.add(slot * BUCKET_MS, 70_000, 300)
    assert len(ledger.dump()) <= 256


def test_the_record_of_an_overfull_bucket_still_blocks_everything():
    ledger = Ledger(0)
    ledger.add(0, 70_000, 300)
    again = Ledger(0)
    assert again.load(ledger.dump(), 0)
    assert again.total_ms >= 24_000 and again.joins >= 20


def test_what_may_yet_happen_is_in_the_record():
    ledger = Ledger(0)
    ledger.add(0, 100, 1)
    again = Ledger(0)
    again.load(ledger.dump(750, 1), 0)
    assert (again.total_ms, again.joins) == (850, 2)


def test_a_record_that_is_none_changes_nothing():
    ledger = Ledger(0)
    ledger.add(0, 100, 1)
    for record in (b"", b"\x01", ledger.dump()[:-1], ledger.dump() + b"\0", b"\xff" + ledger.dump()[1:]):
        assert ledger.load(record, 0) is False
    assert (ledger.total_ms, ledger.joins) == (100, 1)


def test_an_entry_counts_for_the_whole_day_and_is_then_forgotten():
    for at_ms in (0, 1, BUCKET_MS - 1, BUCKET_MS, 7 * BUCKET_MS + 5):
        ledger = Ledger(0)
        ledger.add(at_ms, 100, 1)
        ledger.advance(at_ms + DAY_MS - 1)
        assert (ledger.total_ms, ledger.joins) == (100, 1)
        ledger.advance(at_ms + DAY_MS + BUCKET_MS)
        assert (ledger.total_ms, ledger.joins) == (0, 0)
