"""The time: received in whole seconds, carried on with the learned drift; implausible times are refused."""

from types import SimpleNamespace

import config
import pytest
from app.runtime.timekeeper import BOARD, BUILD_UTC_S, NETWORK, NOBODY, OWNER, Timekeeper
from hal.contract import HalError
from hypothesis import given
from hypothesis import strategies as st

DAY_S = 86400
SETTINGS = config.Settings()
TRUE_S = 1775286000   # at now_ms 0


class DriftingClock:
    """A board's clock with a crystal drift_ppm too fast."""

    def __init__(self, drift_ppm=0, utc=None):
        self.drift_ppm = drift_ppm
        self.true_ms = 0
        self.utc = utc
        self.sets = []

    def now_ms(self):
        return self.true_ms * (1000000 + self.drift_ppm) // 1000000

    def utc_s(self):
        return self.utc

    def set_utc(self, utc_s):
        self.utc = utc_s
        self.sets.append(utc_s)


class TimekeeperAndClock:
    def __init__(self, drift_ppm=0, utc=None, records=None):
        self.clock = DriftingClock(drift_ppm, utc)
        self.records = {} if records is None else records
        self.writes = []
        self.store = SimpleNamespace(get=self.records.get, put=self.put)
        self.settings = config.Settings()
        self.keeper = Timekeeper(self.clock, self.store, self.settings)

    def put(self, name, value):
        self.writes.append(self.clock.true_ms // 1000)
        self.records[name] = value

    @property
    def true_s(self):
        return TRUE_S + self.clock.true_ms // 1000

    @property
    def error_s(self):
        return self.keeper.utc_s(self.clock.now_ms()) - self.true_s

    def live(self, days, sync=True, wild_s=()):
        """That many days, each ended by the network's time, wrong by wild_s of the day."""
        for day in range(days):
            self.clock.true_ms += DAY_S * 1000 + 137
            if sync:
                wrong_s = wild_s[day] if day < len(wild_s) else 0
                self.keeper.network(self.true_s + wrong_s, self.clock.now_ms())
        return self


@pytest.mark.parametrize('left_ms, planned, knows', [(86_400_700, True, True), (86_400_700, False, False)])
def test_the_time_goes_on_over_a_reset_that_we_order_and_over_no_other(left_ms, planned, knows):
    rig = TimekeeperAndClock()
    rig.keeper.set(TRUE_S, 0, NETWORK)
    rig.clock.true_ms = left_ms
    rig.keeper.leave()
    again = Timekeeper(DriftingClock(), rig.store, SETTINGS, planned)
    assert again.known == knows
    if knows:
        # 1.5 s after it was left, to the millisecond, and believed no more than a clock of the board.
        assert (again.source, again.utc_s(0), again.utc_s(799), again.utc_s(800)) == (BOARD, TRUE_S + 86_402, TRUE_S + 86_402, TRUE_S + 86_403)
        # Good once.
        assert not Timekeeper(DriftingClock(), rig.store, SETTINGS, True).known


@pytest.mark.parametrize('left', [b'', b'12345', b'\0' * 6, b'\0' * 7])
def test_a_time_that_was_not_left_or_cannot_be_is_not_taken_up(left):
    rig = TimekeeperAndClock(records={'left_at': left})
    assert not Timekeeper(rig.clock, rig.store, SETTINGS, True).known


def test_a_clock_of_the_board_counts_more_than_what_was_left_and_a_time_that_is_unknown_leaves_none():
    rig = TimekeeperAndClock(records={'left_at': (TRUE_S * 1000).to_bytes(6, 'big')})
    assert Timekeeper(DriftingClock(utc=TRUE_S + 500), rig.store, SETTINGS, True).utc_s(0) == TRUE_S + 500
    rig.keeper.leave()
    assert rig.records['left_at'] == b''


def test_a_store_that_fails_costs_the_time_over_the_reset():
    def fail(*args):
        raise HalError('store')
    keeper = Timekeeper(DriftingClock(utc=TRUE_S), SimpleNamespace(get=fail, put=fail), SETTINGS)
    keeper.leave()
    assert keeper.store_failures == 2
    assert not Timekeeper(DriftingClock(), SimpleNamespace(get=fail, put=fail), SETTINGS, True).known


def test_nobody_knows_the_time_at_first():
    rig = TimekeeperAndClock()
    assert not rig.keeper.known and rig.keeper.utc_s(5) is None and rig.keeper.source == NOBODY


def test_the_boards_clock_is_taken_at_boot_until_somebody_tells():
    rig = TimekeeperAndClock(utc=TRUE_S + 7200)
    assert rig.keeper.known and rig.keeper.source == BOARD and rig.error_s == 7200
    rig.live(1)
    assert rig.keeper.source == NETWORK and rig.error_s == 0


@pytest.mark.parametrize('utc', [0, 946684800, BUILD_UTC_S - 1])
def test_a_clock_from_before_the_build_is_not_believed(utc):
    rig = TimekeeperAndClock(utc=utc)
    assert not rig.keeper.known
    for source in (BOARD, OWNER, NETWORK):
        assert not rig.keeper.set(utc, 0, source)
    assert not rig.keeper.known and rig.keeper.refused == 4


def test_the_boards_clock_is_set_whenever_the_time_is_told():
    rig = TimekeeperAndClock()
    rig.keeper.set(TRUE_S + 5, 0, OWNER)
    rig.live(1)
    assert rig.clock.sets == [TRUE_S + 5, rig.true_s]


def test_setting_the_boards_clock_changes_nothing():
    rig = TimekeeperAndClock()
    rig.live(1)
    rig.clock.set_utc(rig.true_s + 3600)
    assert rig.error_s == 0
    rig.live(1)
    assert rig.error_s == 0 and rig.clock.utc == rig.true_s and rig.keeper.drift_ppb == 0


def test_what_was_told_a_little_ago_counts_from_then():
    rig = TimekeeperAndClock()
    rig.clock.true_ms = 90000
    rig.keeper.set(TRUE_S + 30, 30000, NETWORK)
    assert rig.error_s == 0


def test_an_equal_word_leaves_the_time_between_the_seconds_alone():
    rig = TimekeeperAndClock()
    rig.keeper.set(TRUE_S, 0, NETWORK)
    for at_ms in range(900, 60000, 1000):
        rig.keeper.set(TRUE_S + at_ms // 1000, at_ms, NETWORK)
    assert rig.keeper.utc_s(59999) == TRUE_S + 59 and rig.keeper.utc_s(60000) == TRUE_S + 60


# --- wild times


def test_a_network_that_jumps_more_than_a_day_has_to_say_it_twice():
    rig = TimekeeperAndClock()
    rig.live(1)
    later_s = rig.true_s + 3 * DAY_S
    assert not rig.keeper.network(later_s, rig.clock.now_ms())
    assert rig.error_s == 0
    rig.clock.true_ms += 600000
    assert not rig.keeper.network(later_s + 5000, rig.clock.now_ms())   # not what it said before
    rig.clock.true_ms += 600000
    assert rig.keeper.network(later_s + 5600, rig.clock.now_ms())
    assert rig.keeper.utc_s(rig.clock.now_ms()) == later_s + 5600


def test_a_doubt_ends_with_the_next_sane_word():
    rig = TimekeeperAndClock()
    rig.live(1)
    wild_s = rig.true_s + 3 * DAY_S
    assert not rig.keeper.network(wild_s, rig.clock.now_ms())
    assert rig.keeper.network(rig.true_s, rig.clock.now_ms())
    assert not rig.keeper.network(wild_s, rig.clock.now_ms())


def test_the_owner_may_jump_and_a_board_may_be_corrected_by_any_amount():
    rig = TimekeeperAndClock(utc=BUILD_UTC_S + 1)
    assert rig.keeper.network(TRUE_S, 0)
    assert rig.keeper.set(TRUE_S + 100 * DAY_S, 0, OWNER)
    assert rig.error_s == 100 * DAY_S


# --- the owner's word


def test_the_time_is_confirmed_once_the_network_told_it_or_agreed_and_not_by_board_or_owner():
    rig = TimekeeperAndClock(utc=TRUE_S)
    assert not rig.keeper.confirmed
    assert rig.keeper.owner(TRUE_S + 7200, 0) and not rig.keeper.confirmed and rig.error_s == 7200
    assert rig.keeper.network(TRUE_S, 0) and rig.keeper.confirmed and rig.error_s == 0
    assert rig.keeper.owner(TRUE_S + 100, 0) and rig.keeper.confirmed and rig.error_s == 0


@pytest.mark.parametrize('wrong_s', [-40 * DAY_S, -7200, -121, 121, 7200, 40 * DAY_S])
def test_the_owners_word_against_the_networks_of_these_days_is_asked_about_and_not_taken(wrong_s):
    rig = TimekeeperAndClock().live(1)
    rig.clock.true_ms += 2 * DAY_S * 1000 - 1000
    assert not rig.keeper.owner(rig.true_s + wrong_s, rig.clock.now_ms())
    assert (rig.error_s, rig.keeper.confirmed, rig.keeper.doubts, rig.keeper.refused) == (0, True, 1, 1)
    assert rig.keeper.in_doubt(rig.clock.now_ms())
    assert rig.keeper.network(rig.true_s, rig.clock.now_ms()) and not rig.keeper.in_doubt(rig.clock.now_ms())


@pytest.mark.parametrize('wrong_s', [-120, 0, 120])
def test_the_owners_word_that_the_network_said_before_is_no_news(wrong_s):
    rig = TimekeeperAndClock().live(1)
    assert rig.keeper.owner(rig.true_s + wrong_s, rig.clock.now_ms())
    assert (rig.error_s, rig.keeper.doubts, rig.keeper.changes) == (0, 0, 1)


def test_after_two_days_without_the_network_the_owner_may_set_the_clock_by_a_day():
    rig = TimekeeperAndClock().live(1)
    rig.clock.true_ms += 2 * DAY_S * 1000
    assert not rig.keeper.owner(rig.true_s + DAY_S + 200, rig.clock.now_ms()) and rig.error_s == 0
    assert rig.keeper.owner(rig.true_s + DAY_S - 200, rig.clock.now_ms()) and rig.error_s == DAY_S - 200
    assert not rig.keeper.confirmed and rig.keeper.doubts == 2


def test_where_the_network_is_not_asked_the_owner_may_set_the_clock_by_a_day_at_any_time():
    rig = TimekeeperAndClock().live(1)
    rig.settings.CLOCK_SYNC = False
    assert rig.keeper.owner(rig.true_s + 7200, rig.clock.now_ms()) and rig.error_s == 7200
    assert rig.keeper.expiry_utc_s(rig.clock.now_ms()) == rig.true_s + 7200


def test_the_owners_word_alone_serves_the_plan_and_ages_no_command_while_the_network_is_asked():
    rig = TimekeeperAndClock()
    assert rig.keeper.owner(TRUE_S + 7200, 0)
    for _ in range(3):
        assert rig.keeper.known and rig.error_s == 7200 and rig.keeper.expiry_utc_s(rig.clock.now_ms()) is None
        rig.clock.true_ms += DAY_S * 1000
    assert rig.keeper.network(rig.true_s, rig.clock.now_ms())
    assert rig.keeper.expiry_utc_s(rig.clock.now_ms()) == rig.true_s


def test_the_clock_of_a_board_ages_commands():
    assert TimekeeperAndClock(utc=TRUE_S).keeper.expiry_utc_s(0) == TRUE_S


@pytest.mark.parametrize('wrong_s', [-90 * DAY_S, 3 * DAY_S, 30 * 365 * DAY_S])
def test_the_network_overrules_the_owner_at_once_by_any_amount(wrong_s):
    rig = TimekeeperAndClock()
    assert rig.keeper.owner(TRUE_S + wrong_s, 0) and rig.keeper.network(TRUE_S, 0) and rig.error_s == 0


def test_a_network_that_never_answers_is_asked_for_a_day_and_not_again_for_the_same_word():
    rig = TimekeeperAndClock()
    assert rig.keeper.owner(TRUE_S, 0) and rig.keeper.in_doubt(DAY_S * 1000 - 1)
    for _ in range(5):
        rig.clock.true_ms += DAY_S * 1000
        assert not rig.keeper.in_doubt(rig.clock.now_ms())
        assert rig.keeper.owner(rig.true_s + 60, rig.clock.now_ms()) and rig.error_s == 60
    assert rig.keeper.doubts == 1
    assert rig.keeper.owner(rig.true_s + 3600, rig.clock.now_ms()) and rig.error_s == 3600 and rig.keeper.doubts == 2


@pytest.mark.parametrize('utc', [BUILD_UTC_S + 2**30, 3250000000, 2**32 - 1])
def test_a_clock_of_34_years_after_the_build_is_not_believed(utc):
    """As what an answer to a request by the uptime makes of a request by the clock: twice the years."""
    rig = TimekeeperAndClock(utc=utc)
    assert not rig.keeper.network(utc, 0) and not rig.keeper.owner(utc, 0) and not rig.keeper.known


@given(st.lists(st.tuples(st.integers(-10**8, 10**8), st.integers(0, DAY_S), st.booleans()), max_size=20))
def test_whatever_the_owner_says_no_command_is_aged_by_another_clock_than_the_networks(words):
    rig = TimekeeperAndClock()
    for wrong_s, pause_s, is_owner in words:
        rig.clock.true_ms += pause_s * 1000
        if is_owner:
            rig.keeper.owner(max(0, rig.true_s + wrong_s), rig.clock.now_ms())
        else:
            assert rig.keeper.network(rig.true_s, rig.clock.now_ms()) and rig.error_s == 0
        aged_by_s = rig.keeper.expiry_utc_s(rig.clock.now_ms())
        assert aged_by_s is None or aged_by_s == rig.true_s
        assert rig.keeper.confirmed == (aged_by_s is not None)


# --- drift


@pytest.mark.parametrize('drift_ppm', [20, -20, 50, -50, 150])
def test_the_drift_is_learned_in_five_days_and_carries_over_thirty(drift_ppm, evidence):
    rig = TimekeeperAndClock(drift_ppm)
    rig.keeper.network(TRUE_S, 0)
    rig.live(5)
    assert abs(rig.keeper.drift_ppb / 1000 + drift_ppm) < 5
    rig.live(30, sync=False)
    assert abs(rig.error_s) < 20
    evidence('Seconds wrong after 5 days of daily words and 30 of silence, crystal %d ppm off' % drift_ppm, abs(rig.error_s), 60)


def test_without_drift_learned_a_crystal_of_50_ppm_is_130_s_off_after_thirty_days():
    rig = TimekeeperAndClock(50)
    rig.keeper.network(TRUE_S, 0)
    rig.live(30, sync=False)
    assert 125 < rig.error_s < 135


def test_the_drift_is_kept_over_a_reboot_and_written_seldom():
    rig = TimekeeperAndClock(40)
    rig.keeper.network(TRUE_S, 0)
    rig.live(60)
    assert len(rig.writes) < 8
    assert all(later - sooner >= DAY_S - 1 for sooner, later in zip(rig.writes, rig.writes[1:]))
    again = TimekeeperAndClock(40, records=rig.records)
    again.keeper.network(TRUE_S, 0)
    again.live(30, sync=False)
    assert abs(again.error_s) < 10


def test_the_clock_of_the_owner_is_no_drift():
    rig = TimekeeperAndClock(20)
    rig.keeper.network(TRUE_S, 0)
    for _ in range(8):
        rig.live(1)
        rig.keeper.set(rig.true_s + 3600, rig.clock.now_ms(), OWNER)
    rig.live(1)
    assert abs(rig.keeper.drift_ppb + 20000) < 5000


@pytest.mark.parametrize('wild_s', [[0, 0, 0, 3600], [3600], [0, 0, 3600, 3600], [0, 0, -3600]])
def test_a_word_that_is_an_hour_off_is_no_drift(wild_s):
    rig = TimekeeperAndClock(20)
    rig.keeper.network(TRUE_S, 0)
    rig.live(4, wild_s=wild_s)
    assert abs(rig.keeper.drift_ppb) < 30000
    rig.live(6)
    assert abs(rig.keeper.drift_ppb + 20000) < 6000 and rig.error_s in (-1, 0, 1)


def test_a_crystal_that_changes_is_followed():
    rig = TimekeeperAndClock(0)
    rig.keeper.network(TRUE_S, 0)
    rig.live(30)
    before_ms = rig.clock.now_ms()
    rig.clock.now_ms = lambda true_ms=rig.clock.true_ms: before_ms + (rig.clock.true_ms - true_ms) * 1000030 // 1000000
    rig.live(30)
    assert abs(rig.keeper.drift_ppb + 30000) < 3000


@given(st.lists(st.tuples(st.integers(-10**7, 10**7), st.integers(0, 5 * DAY_S), st.sampled_from([OWNER, NETWORK])), max_size=20))
def test_the_drift_stays_within_bounds_whatever_is_told(words):
    rig = TimekeeperAndClock(20)
    for wrong_s, pause_s, source in words:
        rig.clock.true_ms += pause_s * 1000
        rig.keeper.set(max(BUILD_UTC_S, rig.true_s + wrong_s), rig.clock.now_ms(), source)
        assert abs(rig.keeper.drift_ppb) <= 200000
        assert rig.keeper.utc_s(rig.clock.now_ms()) >= BUILD_UTC_S - 10
    assert Timekeeper(rig.clock, rig.store, SETTINGS).drift_ppb in (0, rig.keeper._kept_ppb)


@pytest.mark.parametrize('record', [b'', b'\x80\x00\x00', b'\xff\xff\xff\xff', b'\x00' * 4, b'\x80\x00\x00\x00\x00'])
def test_a_strange_record_is_no_drift(record):
    assert TimekeeperAndClock(records={'drift': record}).keeper.drift_ppb == 0


def test_a_store_that_fails_costs_the_memory_only():
    def fail(*arguments):
        raise HalError('store', 'gone')
    clock = DriftingClock(50)
    keeper = Timekeeper(clock, SimpleNamespace(get=fail, put=fail), SETTINGS)
    for day in range(5):
        clock.true_ms = day * DAY_S * 1000
        keeper.network(TRUE_S + day * DAY_S, clock.now_ms())
    assert keeper.store_failures >= 2 and keeper.drift_ppb < -40000
