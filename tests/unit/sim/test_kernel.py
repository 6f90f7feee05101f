"""Virtual time: events in order, sleeps that end early, real time on request."""

from sim.kernel import Kernel


def test_events_run_in_time_order_and_ties_in_the_order_of_scheduling():
    kernel = Kernel()
    ran = []
    for t_us, name in ((30, 'c'), (10, 'a'), (20, 'b1'), (20, 'b2')):
        kernel.at(t_us, ran.append, name)
    kernel.run_until(100)
    assert ran == ['a', 'b1', 'b2', 'c']
    assert kernel.now_us == 100


def test_an_event_sees_its_own_time():
    kernel = Kernel()
    seen = []
    kernel.at(40, lambda: seen.append(kernel.now_us))
    kernel.sleep_until(90)
    assert seen == [40]


def test_a_cancelled_event_does_not_run():
    kernel = Kernel()
    ran = []
    kernel.cancel(kernel.at(10, ran.append, 1))
    kernel.cancel(None)
    kernel.run_until(20)
    assert ran == []


def test_a_sleep_ends_with_the_event_that_wakes():
    kernel = Kernel()

    def wake():
        kernel.wake = True

    kernel.at(40, wake)
    kernel.sleep_until(90)
    assert kernel.now_us == 40
    kernel.sleep_until(90)
    assert kernel.now_us == 90


def test_a_wake_before_the_sleep_ends_it_at_once():
    kernel = Kernel()
    kernel.wake = True
    kernel.sleep_until(90)
    assert kernel.now_us == 0


def test_a_wake_during_a_transmission_is_kept_for_the_next_sleep():
    kernel = Kernel()

    def wake():
        kernel.wake = True

    kernel.at(40, wake)
    kernel.run_until(60)
    assert kernel.now_us == 60
    kernel.sleep_until(90)
    assert kernel.now_us == 60


def test_what_is_scheduled_for_the_past_runs_now():
    kernel = Kernel()
    kernel.run_until(50)
    ran = []
    kernel.at(10, lambda: ran.append(kernel.now_us))
    kernel.run_until(51)
    assert ran == [50]


def test_pace_holds_the_world_back_and_may_bring_events():
    kernel = Kernel()
    ran = []
    asked = []

    def pace(target_us):
        asked.append(target_us)
        reached_us = min(target_us, kernel.now_us + 30)
        if reached_us == 60:
            kernel.at(70, ran.append, 'typed')
        return reached_us

    kernel.pace = pace
    kernel.at(100, ran.append, 'planned')
    kernel.sleep_until(150)
    assert ran == ['typed', 'planned']
    assert kernel.now_us == 150
    assert asked[0] == 100


def test_pace_that_wakes_ends_the_sleep_where_it_stands():
    kernel = Kernel()

    def pace(target_us):
        if kernel.now_us >= 40:
            kernel.wake = True
        return min(target_us, kernel.now_us + 20)

    kernel.pace = pace
    kernel.sleep_until(1000)
    assert kernel.now_us == 60


def test_pace_that_brings_an_earlier_event_and_lets_all_the_time_pass_loses_neither():
    kernel = Kernel()
    ran = []

    def pace(target_us):
        if not ran:
            kernel.at(50, ran.append, 'typed')
            kernel.pace = lambda us: us
        return target_us

    kernel.pace = pace
    kernel.at(100, ran.append, 'planned')
    kernel.sleep_until(150)
    assert ran == ['typed', 'planned']


def test_what_pace_brings_into_an_empty_world_runs_in_time():
    kernel = Kernel()
    ran = []

    def pace(target_us):
        if kernel.now_us == 40:
            kernel.at(50, lambda: ran.append(kernel.now_us))
        return min(target_us, kernel.now_us + 20)

    kernel.pace = pace
    kernel.sleep_until(200)
    assert ran == [50]
    assert kernel.now_us == 200


def test_pace_that_wakes_while_time_is_reached_keeps_the_event_for_later():
    kernel = Kernel()
    ran = []

    def pace(target_us):
        kernel.wake = True
        return target_us - 1

    kernel.pace = pace
    kernel.at(100, ran.append, 1)
    kernel.sleep_until(200)
    assert (ran, kernel.now_us) == ([], 99)
    kernel.pace = None
    kernel.sleep_until(200)
    assert (ran, kernel.now_us) == ([1], 200)
