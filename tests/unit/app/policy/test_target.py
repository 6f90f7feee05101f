"""src/app/policy/target.py alone: the rule against one that looks each time, the late start, its one pause, and the record."""

from hypothesis import given, settings
from hypothesis import strategies as st

from app.codec.packing import pack
from app.policy.target import CHEAP, LATE, NONE, REACHED, RECORD_BYTES, WAITS, Target, quarter_of

# As docs/charging.md has them, and not as the code has.
QUARTER_S = BACK_S = 900
MARGIN_S = 600
CLOSES_EARLY_S = 6
SPARE_STARTS = 2
END_S = 1800000000
NO_QUARTERS = bytes(8)
MANY = 12   # closings left


def bits(*quarters):
    """The eight bytes of these quarter hours."""
    found = bytearray(8)
    for quarter in quarters:
        found[7 - (quarter - 1 >> 3)] |= 1 << (quarter - 1 & 7)
    return bytes(found)


def target(wh=20000, quarters=NO_QUARTERS, issued_at=7):
    made = Target()
    made.set(END_S, wh, 0, quarters, issued_at, 1000)
    return made


def looked(made, left_s, wh_left=20000, power_w=4000, measured=False, avoided_s=0, starts=MANY):
    made.look(left_s, wh_left, power_w, measured, avoided_s, starts)
    return made.state


def rebooted(made):
    again = Target()
    assert again.load(made.dump()) and not again.unsaved
    return again


def begun(power_w=4000, measured=False):
    """One whose late start of 20 kWh has just begun, by a power that is a guess unless it is said to be measured."""
    made = target()
    assert looked(made, 20000 * 3600 // power_w + MARGIN_S, power_w=power_w, measured=measured) == LATE
    return made


def given_back(made):
    """Whether its current is given back, now that 22 kW are measured."""
    return looked(made, 14000, 19900, 22000, True) == WAITS


def saved(made):
    """Whether there was a change for the record, which has it now."""
    unsaved = made.unsaved
    made.dump()
    return unsaved


def test_before_the_first_there_is_none_and_nothing_to_record():
    made = Target()
    assert (made.state, made.until, made.issued_at, made.missing) == (NONE, 0, 0, None)
    made.end()
    assert not made.unsaved


def test_quarter_hours_count_back_from_the_end_and_the_first_second_belongs_to_them():
    assert [quarter_of(left_s) for left_s in (1, 900, 901, 1800, 57600, 57601)] == [1, 1, 2, 2, 64, 65]
    made = target(quarters=bits(1, 3, 64))
    for left_s in sorted(set(range(1, 66 * QUARTER_S, 31)) | {n * QUARTER_S + second for n in range(1, 66) for second in (0, 1)}):
        assert made.is_cheap(left_s) == (quarter_of(left_s) in (1, 3, 64))


def test_current_ends_six_seconds_before_a_run_of_cheap_quarters_and_not_between_two():
    made = target(quarters=bits(6, 7, 9), wh=1000)
    for quarter, cheap in ((9, True), (8, False), (7, True), (6, True), (5, False)):
        edge_s = quarter * QUARTER_S
        for left_s in (edge_s, edge_s - QUARTER_S + CLOSES_EARLY_S + 1):
            assert looked(made, left_s, wh_left=100) == (CHEAP if cheap else WAITS)
        last = looked(made, edge_s - QUARTER_S + CLOSES_EARLY_S, wh_left=100)
        assert last == (CHEAP if quarter == 7 else WAITS)


def test_the_late_start_comes_when_the_time_left_is_what_the_power_needs_and_ten_minutes():
    made = target()
    late_s = 20000 * 3600 // 4000 + MARGIN_S
    assert looked(made, late_s + 1) == WAITS
    assert [made.knows(END_S - late_s - more_s, 4000) for more_s in (0, 1, 2)] == [False, True, False]     # 2: the clock was set back
    assert not made.knows(END_S - late_s - 1, 4001)
    assert looked(made, late_s) == LATE
    assert looked(target(), late_s + 900, avoided_s=900) == LATE and looked(target(), late_s + 901, avoided_s=900) == WAITS


def test_what_was_found_holds_until_the_quarter_hour_ends_or_its_current_six_seconds_before_that():
    for left_s, edge_s in ((4500, 3606), (3607, 3606), (3606, 3600), (3605, 3600), (3601, 3600), (3600, 2706), (2707, 2706), (900, 6), (7, 6)):
        made = target()
        assert looked(made, left_s, wh_left=0) == WAITS
        assert made.knows(END_S - left_s, 4000) and not made.knows(END_S - left_s - 1, 4000)
        assert made.knows(END_S - edge_s - 1, 4000) and not made.knows(END_S - edge_s, 4000)
    for late in (begun(), begun(measured=True)):
        assert not late.knows(END_S - 18006, 4000) and late.knows(END_S - 18007, 4000)     # the instant of its start is no edge any more


def test_a_watt_hour_that_is_left_has_its_late_start():
    assert looked(target(), MARGIN_S, wh_left=1) == LATE
    assert looked(target(), MARGIN_S + 1, wh_left=1) == WAITS


def test_one_that_takes_the_place_of_another_is_looked_at_again_and_has_nothing_to_report():
    made = target(quarters=bits(9))
    assert looked(made, 9 * QUARTER_S - 1, measured=True, wh_left=100) == CHEAP and made.miss(500)
    made.see(True, False, True)
    made.set(END_S, 20000, 0, bits(7), 8, 1000)
    assert made.missing is None and not made.draws and made.state == WAITS
    assert not made.knows(END_S - 9 * QUARTER_S + 1, 4000)


def test_without_an_energy_or_with_none_left_there_is_no_late_start():
    assert looked(target(0, bits(2)), 60, 0) == WAITS
    assert looked(target(0, bits(1)), 60, 0) == CHEAP


def test_what_a_guess_began_too_early_is_given_back_after_it_was_measured_and_only_once():
    made = target()
    assert looked(made, 15000, power_w=4000) == LATE
    assert looked(made, 14940, 19900, 11000, True) == WAITS
    assert looked(made, 7100, 19900, 11000, True) == LATE
    # A noisy meter, a car that draws more: it stays, over a power cut too, after which the power is a guess again.
    for power_w, measured in ((12000, True), (22000, True), (4000, False), (22000, True)):
        assert looked(made, 7000, 19800, power_w, measured) == LATE
        made = rebooted(made)
    assert looked(made, 6900, 19800, 22000, True) == LATE


def test_after_a_power_cut_in_its_first_minute_a_late_start_may_still_be_given_back():
    made = target()
    assert looked(made, 15000) == LATE
    made = rebooted(made)
    assert made.state == LATE
    assert looked(made, 14940, 19900, 11000, True) == WAITS
    # That was the one pause: what begins now stays, though the power is a guess.
    made = rebooted(made)
    assert looked(made, 14000, 19900, 4000, False) == LATE
    assert looked(made, 13900, 19900, 22000, True) == LATE


def test_a_quarter_of_an_hour_to_spare_is_not_given_back_and_a_second_more_is():
    for more_s, state in ((0, LATE), (1, WAITS)):
        assert looked(begun(), 10000 + MARGIN_S + BACK_S + more_s, 10000, 3600, True) == state


def test_a_late_start_that_began_by_a_measured_power_is_never_given_back():
    made = begun(measured=True)
    assert looked(made, 14990, 19950, 4000, False) == LATE      # another car came, or the power was off
    assert not given_back(made)
    made = rebooted(begun(measured=True))
    assert made.state == LATE and looked(made, 14990, 19950, 4000, False) == LATE and not given_back(made)


def test_a_guess_that_rises_gives_nothing_back_before_it_was_measured():
    made = begun()
    assert looked(made, 14900, 19950, 22000, False) == LATE
    assert given_back(made)


def test_a_late_start_goes_on_while_the_car_draws():
    made = begun()
    made.see(True, False, True)
    assert looked(made, 14990, 19950, 4000, True) == LATE
    made.see(True, False, True)
    assert not given_back(made)


def test_what_was_reported_leaves_the_late_start_what_it_is():
    made = target()
    made.miss(700)
    made.reported()
    assert rebooted(made).state == WAITS
    assert looked(made, 18601) == WAITS and not made.knows(END_S - 18600, 4000) and looked(made, 18600) == LATE
    assert given_back(made)


def test_it_is_written_when_something_has_changed_and_not_when_it_was_only_looked_at():
    made = target()
    made.dump()
    assert looked(made, 20000) == WAITS and not saved(made)
    assert looked(made, 15000) == LATE and saved(made)
    assert looked(made, 14990) == LATE and not saved(made)
    for finished, changes in ((False, False), (True, True), (True, False), (False, True), (False, False)):
        made.see(True, finished, False)
        assert saved(made) is changes
    made.see(True, False, True)
    assert not saved(made)      # that it draws again is no loss
    made.reach()
    assert saved(made)
    made.reach()
    made.see(True, True, False)
    assert looked(made, 14980) == REACHED and not saved(made)
    made.hold(END_S + 3600)
    assert saved(made) and (made.until, made.wh, made.state) == (END_S + 3600, 0, REACHED)
    made.end()
    assert saved(made)


def test_a_car_that_stops_by_itself_in_its_late_start_misses_nothing_and_one_that_has_not_begun_waits_on():
    late = begun()
    late.see(True, True, False)
    assert not late.miss(700) and rebooted(late).state == LATE
    early = target()
    early.see(True, True, False)
    assert rebooted(early).state == WAITS


def test_a_late_start_in_a_cheap_quarter_that_came_too_early_costs_no_pause():
    made = target(quarters=bits(16, 17))
    assert looked(made, 15000) == LATE
    assert looked(made, 14940, 19900, 11000, True) == CHEAP
    made = rebooted(made)
    assert looked(made, 14000, 19900, 4000, False) == LATE
    assert looked(made, 12000, 19800, 22000, True) == WAITS


def test_with_two_closings_left_it_does_not_open_between_quarters_nor_give_back():
    made = target(quarters=bits(40))
    made.see(True, False, True)
    for closings, state in ((SPARE_STARTS, CHEAP), (SPARE_STARTS + 1, WAITS)):
        assert looked(made, 40 * QUARTER_S) == CHEAP
        assert looked(made, 39 * QUARTER_S, starts=closings) == state
    made.see(True, False, False)
    assert looked(made, 38 * QUARTER_S, starts=SPARE_STARTS) == WAITS
    made.see(True, False, True)
    assert looked(made, 15000) == LATE and looked(made, 14900, 19900, 11000, True, 0, SPARE_STARTS) == LATE


def test_what_is_reached_stays_so_over_a_power_cut_and_a_higher_wish():
    made = target(quarters=bits(1))
    made.reach()
    assert made.unsaved and looked(made, 600, 0) == REACHED
    made = rebooted(made)
    assert made.state == REACHED and looked(made, 600, 400) == REACHED


def test_one_with_the_same_end_goes_on_counting_and_another_begins_anew():
    made = target()
    assert looked(made, 15000) == LATE
    made.set(END_S, 25000, 0, NO_QUARTERS, 8, 5000)
    assert (made.began_wh, made.wh, made.state) == (1000, 25000, LATE)
    made.set(END_S, 10000, 0, NO_QUARTERS, 9, 6000)
    assert (made.began_wh, made.state) == (1000, WAITS)
    made.set(END_S + 3600, 10000, 0, NO_QUARTERS, 10, 6000)
    assert made.began_wh == 6000
    made.reach()
    made.set(END_S + 3600, 12000, 0, NO_QUARTERS, 11, 9000)
    assert (made.began_wh, made.state) == (6000, WAITS)


def again(made, wh=20000, until=END_S):
    """The same once more."""
    made.set(until, wh, 0, NO_QUARTERS, made.issued_at + 1, 1000)
    return made


def test_one_with_the_same_end_keeps_the_late_start_and_that_its_power_is_a_guess():
    assert again(begun()).state == LATE and given_back(again(begun()))
    assert not given_back(again(begun(measured=True)))
    assert again(begun(), 0).state == WAITS


def test_one_with_the_same_end_keeps_that_its_current_was_given_back_and_another_does_not():
    for until, twice in ((END_S, False), (END_S + 60, True)):
        made = begun()
        assert given_back(made)
        again(made, until=until)
        assert looked(made, 13900, 19900) == LATE
        assert given_back(made) is twice


def test_one_with_the_same_end_keeps_what_was_reported_and_that_the_car_is_full_and_another_does_not():
    for until, misses in ((END_S, False), (END_S + 60, True)):
        told, full = target(), target()
        told.miss(700)
        told.reported()
        full.see(True, True, False)
        for made in (told, full):
            assert again(made, until=until).miss(800) is misses


def test_one_with_the_same_end_is_reached_if_it_asks_for_no_more_and_for_some():
    for wh, state in ((20000, REACHED), (1, REACHED), (20001, WAITS), (0, WAITS)):
        made = target()
        made.reach()
        assert again(made, wh).state == state


def test_one_that_was_ended_keeps_its_issue_so_that_no_older_one_comes_after_it():
    made = begun()
    made.set(END_S, 20000, 60, bits(3), 7, 1000)
    made.end()
    assert made.dump() == pack((1, 0, 7, 0, 0, 0, 0), (1, 1, 4, 4, 4, 2, 4)) + bytes(8)
    made = rebooted(made)
    assert (made.state, made.until, made.issued_at) == (NONE, 0, 7)


def test_what_is_missed_is_told_once_and_never_of_a_car_that_is_full():
    made = target()
    assert made.miss(700) and made.missing == 700
    made.reported()
    assert made.missing is None and made.unsaved and not rebooted(made).miss(9000)
    assert begun().miss(700)
    full = target()
    full.see(True, True, False)
    assert full.unsaved and not full.miss(700)
    full.see(True, False, True)
    assert full.miss(700) and not full.miss(None) and full.missing is None
    full.reach()
    assert not full.miss(700)


def test_a_car_that_comes_after_a_full_one_has_a_shortage_of_its_own():
    made = target()
    made.see(True, True, False)
    made.see(False, False, False)
    made.dump()
    assert not made.unsaved and not made.miss(700) and not rebooted(made).miss(700)
    made.see(True, False, False)
    assert made.unsaved and made.miss(700) and rebooted(made).miss(700)


def test_a_shortage_that_was_not_told_is_none_when_the_energy_is_there():
    made = target()
    assert made.miss(700)
    made.reach()
    assert made.missing is None


def test_a_record_is_read_as_every_firmware_wrote_it():
    made = Target()
    assert made.load(pack((1, 1 + 2 + 16, 7, END_S, 20000, 60, 1000), (1, 1, 4, 4, 4, 2, 4)) + bits(3))
    assert (made.issued_at, made.until, made.wh, made.current_da, made.began_wh, made.quarters) == (7, END_S, 20000, 60, 1000, bits(3))
    assert made.state == LATE and not made.miss(700)
    for flags, state in ((0, WAITS), (2 + 4 + 16 + 32, WAITS), (1, LATE), (1 + 8, REACHED)):
        assert made.load(pack((1, flags, 7, END_S, 20000, 60, 1000), (1, 1, 4, 4, 4, 2, 4)) + bits(3)) and made.state == state


def test_a_record_that_is_none_is_refused():
    record = target().dump()
    assert len(record) == RECORD_BYTES
    for wrong in (record[:-1], record + b'\0', b'\2' + record[1:], b'x'):
        assert not Target().load(wrong)


@given(st.integers(1, 2 ** 32 - 1), st.integers(0, 655350), st.integers(0, 800), st.binary(min_size=8, max_size=8), st.integers(0, 2 ** 32 - 1))
@settings(max_examples=60, deadline=None)
def test_every_target_comes_back_from_its_record(until, wh, current_da, quarters, issued_at):
    made = Target()
    made.set(until, wh, current_da, quarters, issued_at, 123456)
    again = rebooted(made)
    assert (again.until, again.wh, again.current_da, again.quarters, again.issued_at, again.began_wh) == (
        until, wh, current_da, quarters, issued_at, 123456)


class CarAtTarget:
    """A car at a box, and targets that follow it in steps of step_s; each may be eager (looks at every step) or not."""

    def __init__(self, wh, quarters, guess_w, true_w, noise, comes_s, begins_s, step_s, eager):
        self.target = target(wh, quarters)
        self.left_wh = wh * 3600
        self.pauses = self.drawn_s = 0
        self.states = []
        flowing = False
        minute_s = 0
        measured_w = 0
        for left_s in range(begins_s, CLOSES_EARLY_S, -step_s):
            wh_left = max(-(-self.left_wh // 3600), 0)
            if not wh_left:
                self.target.reach()
            self.target.see(True, False, flowing)
            power_w = measured_w or guess_w
            if eager or not self.target.knows(END_S - left_s, power_w):
                self.target.look(left_s, wh_left, power_w, measured_w > 0, 0, MANY)
            state = self.target.state
            self.states.append(state)
            flows = state in (CHEAP, LATE) and left_s <= comes_s and self.left_wh > 0
            if flowing and not flows and self.states[-2] == LATE and state == WAITS:
                self.pauses += 1
            minute_s = minute_s + step_s if flows else 0
            if minute_s >= 60:
                measured_w = true_w + noise[left_s // 60 % len(noise)]
            self.left_wh -= true_w * step_s if flows else 0
            self.drawn_s += step_s if flows else 0
            flowing = flows


evenings = (
    st.integers(100, 40000), st.binary(min_size=8, max_size=8), st.sampled_from((1380, 3680)), st.integers(3680, 22000),
    st.lists(st.integers(-150, 150), min_size=1, max_size=5), st.integers(600, 60000), st.integers(30000, 60000),
)


@given(*evenings)
@settings(max_examples=25, deadline=None)
def test_a_state_that_is_kept_until_its_edge_is_what_looking_each_time_finds(wh, quarters, guess_w, true_w, noise, comes_s, begins_s):
    lazy, eager = [CarAtTarget(wh, quarters, guess_w, true_w, (0,), comes_s, begins_s, 60, looks) for looks in (False, True)]
    assert lazy.states == eager.states


@given(*evenings)
@settings(max_examples=25, deadline=None)
def test_with_time_enough_the_car_has_its_energy_and_no_more_than_one_pause(wh, quarters, guess_w, true_w, noise, comes_s, begins_s):
    evening = CarAtTarget(wh, quarters, guess_w, true_w, noise, comes_s, begins_s, 60, False)
    needs_s = wh * 3600 // true_w
    if min(comes_s, begins_s) >= needs_s + 120:
        assert evening.left_wh <= true_w * 60
    assert evening.pauses <= 1
