"""The contactor closings that the firmware orders: counted over a day, spaced apart, and remembered over a reboot."""

import pytest
from app.control.contactor import ALLOWED, CLOSINGS_A_DAY, DAY_MS, ENOUGH, ORDER_MS, REST_MS, RESTS, Contactor, Tally
from hypothesis import given
from hypothesis import strategies as st

HOUR_MS = 3600000
UTC_S = 1790000000


def closing(closings, now_ms, utc_s=None):
    """We order one, and it happens 3 s later."""
    closings.order(now_ms, utc_s)
    closings.see(True, now_ms + 3000, utc_s)


def test_the_figures_are_the_designs():
    assert (REST_MS, CLOSINGS_A_DAY) == (300000, 12)
    # The day is one by the clock of the world, whatever the board's crystal makes of it (200 ppm at most).
    assert 86400000 * 1.0002 < DAY_MS < 86400000 + 60000


def test_a_closing_of_ours_rests_for_five_minutes_after_it_was_seen():
    closings = Contactor()
    closings.see(False, 0, None)
    assert closings.verdict(0) == ALLOWED
    closing(closings, 1000)
    assert closings.verdict(4001) == RESTS
    assert closings.verdict(303999) == RESTS
    assert closings.verdict(304000) == ALLOWED


def test_an_opening_of_ours_rests_too_and_one_of_the_cars_does_not():
    closings = Contactor()
    closing(closings, 0)
    closings.see(False, 4 * HOUR_MS, None)          # the car let go
    assert closings.verdict(4 * HOUR_MS) == ALLOWED
    closing(closings, 5 * HOUR_MS)
    closings.opener(6 * HOUR_MS, None)
    closings.see(True, 6 * HOUR_MS + 100, None)
    closings.see(False, 6 * HOUR_MS + 1000, None)
    assert closings.verdict(6 * HOUR_MS + 1001) == RESTS
    assert closings.verdict(6 * HOUR_MS + 1000 + REST_MS) == ALLOWED


def test_what_opens_long_after_our_write_was_not_opened_by_it():
    closings = Contactor()
    closings.see(True, 0, None)
    closings.opener(1000, None)
    closings.see(False, 16000, None)
    assert closings.verdict(1000 + REST_MS) == ALLOWED


def test_a_contactor_that_others_close_is_not_ours():
    closings = Contactor()
    for hour in range(20):
        closings.see(hour % 2 == 0, hour * HOUR_MS, None)
        assert closings.verdict(hour * HOUR_MS) == ALLOWED


def test_twelve_a_day_and_the_day_slides():
    closings = Contactor()
    for number in range(12):
        closings.see(False, number * HOUR_MS, None)
        assert closings.verdict(number * HOUR_MS) == ALLOWED
        closing(closings, number * HOUR_MS)
    assert closings.verdict(12 * HOUR_MS) == ENOUGH
    assert closings.verdict(DAY_MS + 2999) == ENOUGH
    assert closings.verdict(DAY_MS + 3000) == ALLOWED


def test_an_order_that_a_sleeping_car_does_not_follow_is_taken_back():
    closings = Contactor()
    closings.see(False, 0, None)
    for number in range(30):
        now_ms = number * 2 * ORDER_MS
        assert closings.verdict(now_ms) == ALLOWED
        closings.order(now_ms, None)
        closings.order(now_ms + 60000, None)        # the next step of the start sequence is the same closing
        closings.see(False, now_ms + 60000 + ORDER_MS, None)
    assert closings.closed.left(60 * ORDER_MS) == 12


def test_a_contactor_that_we_let_close_and_open_between_two_looks_has_moved():
    closings = Contactor()
    closings.see(False, -60000, None)
    closings.order(0, None)
    closings.opener(9999, None)
    closings.see(False, 10000, None)
    assert closings.verdict(10000) == RESTS
    closings.see(False, 20 * ORDER_MS, None)
    assert closings.closed.left(20 * ORDER_MS) == 11


def test_what_we_open_right_after_the_boot_we_may_have_closed_right_before_it():
    closings = Contactor()
    closings.see(False, 0, None)
    closings.opener(9999, None)
    assert closings.verdict(10000) == RESTS
    closings = Contactor()
    closings.see(False, 0, None)
    closings.opener(10000, None)
    assert closings.verdict(10000) == ALLOWED


def test_what_we_open_after_others_may_have_closed_it_rests_from_when_it_is_seen_open():
    closings = Contactor()
    closings.see(False, 0, None)
    closings.see(False, 20000, None)
    closings.opener(22000, None, others=True)
    assert closings.verdict(22001) == RESTS and closings.unsaved
    closings.see(False, 24000, None)
    assert closings.verdict(24000 + REST_MS - 1) == RESTS
    assert closings.verdict(24000 + REST_MS) == ALLOWED


def test_what_was_ordered_counts_as_done_where_others_may_have_closed_it_too():
    closings = Contactor()
    closings.see(False, 0, None)
    closings.order(20000, None)
    closings.opener(40000, None, others=True)
    closings.see(False, 41000, None)
    closings.see(False, 40000 + 20 * ORDER_MS, None)
    assert closings.closed.left(40000 + 20 * ORDER_MS) == 11


def test_a_pause_long_after_the_order_opens_nothing():
    closings = Contactor()
    closings.see(False, 0, None)
    closings.order(0, None)
    closings.opener(10000, None)
    closings.see(False, 12000, None)
    assert closings.verdict(12000) == ALLOWED


def test_a_contactor_that_we_open_rests_from_our_write_on_and_anew_from_when_it_opened():
    closings = Contactor()
    closings.see(True, 0, None)
    closings.opener(1000, None)
    assert closings.verdict(1500) == RESTS and closings.unsaved
    closings.see(False, 9000, None)
    assert closings.verdict(9000 + REST_MS - 1) == RESTS
    assert closings.verdict(9000 + REST_MS) == ALLOWED


def test_an_order_is_counted_before_it_is_followed_so_that_a_reboot_loses_none():
    closings = Contactor()
    assert not closings.unsaved
    closings.order(0, UTC_S)
    assert closings.unsaved
    after = Tally(DAY_MS, CLOSINGS_A_DAY)
    assert after.load(closings.closed.dump(), 0, 0) is not None
    assert after.left(0) == 11


def test_without_time_earlier_closings_count_as_done_at_the_boot():
    before = Tally(HOUR_MS, 3)
    before.add(0, UTC_S)
    after = Tally(HOUR_MS, 3)
    after.load(before.dump(), 0, 500)
    assert after.left(HOUR_MS + 499) == 2
    assert after.left(HOUR_MS + 500) == 3


def test_the_time_puts_earlier_closings_where_they_were():
    before = Tally(HOUR_MS, 3)
    before.add(0, UTC_S)
    before.add(1000, UTC_S + 1800)
    after = Tally(HOUR_MS, 3)
    after.load(before.dump(), 0, 0)
    after.add(700, None)
    after.note_time(5000, UTC_S + 3601)
    assert after.left(5000) == 1
    assert after.left(5000 + 1799000) == 2
    assert after.dump()[-4:] == (UTC_S + 3601 - 4).to_bytes(4, 'big')


def test_a_clock_that_was_wrong_makes_no_closing_younger_than_the_boot():
    before = Tally(HOUR_MS, 3)
    before.add(0, UTC_S + 9 * 86400)
    after = Tally(HOUR_MS, 3)
    after.load(before.dump(), 0, 0)
    after.note_time(60000, UTC_S)
    assert after.left(HOUR_MS - 1) == 2
    assert after.left(HOUR_MS) == 3


@pytest.mark.parametrize('record', [b'', b'\x04' + bytes(16), b'\x01\x00\x00\x00', b'\xff'])
def test_a_record_that_is_none_is_not_taken(record):
    assert Tally(HOUR_MS, 3).load(record, 0, 0) is None


@given(st.lists(st.tuples(st.sampled_from(('order', 'open', 'see', 'wait')), st.integers(0, 4000000), st.booleans()), max_size=120))
def test_whatever_happens_never_thirteen_a_day_and_never_two_in_five_minutes(acts):
    closings = Contactor()
    now_ms, charging, ordered, ours = 0, False, False, []
    for what, more_ms, wanted in acts:
        now_ms += more_ms
        if what == 'order' and not charging and closings.verdict(now_ms) == ALLOWED:
            closings.order(now_ms, None)
            ordered = now_ms
        elif what == 'open':
            closings.opener(now_ms, None)
        elif what == 'see':
            if wanted and not charging and ordered is not False and now_ms - ordered < ORDER_MS:
                ours.append(now_ms)
                ordered = False
            charging = wanted
            closings.see(charging, now_ms, None)
    for first, second in zip(ours, ours[1:], strict=False):
        assert second - first >= REST_MS
    for index in range(12, len(ours)):
        assert ours[index] - ours[index - 12] >= DAY_MS


def test_what_opens_the_contactor_first_waits_until_an_ordered_closing_was_seen_or_did_not_come():
    """A reset between an order and the look that would show it closed opens the contactor again, and closes it once more."""
    closings = Contactor()
    closings.see(False, 0, None)
    closings.order(1000, None)
    assert closings.verdict(2000) == ALLOWED and closings.verdict(2000, opens=True) == RESTS
    assert closings.verdict(11_000, opens=True) == ALLOWED
