"""The table of the loop: the bus has every turn, of the others the first that is due, nobody starves; what stands still is named."""

import pytest
from app.runtime.scheduler import BEHIND_MS, PATIENCE_MS, Scheduler, Task, first_stalled
from hal.contract import FOREVER_MS
from hypothesis import given
from hypothesis import strategies as st

LATE_MS = 5000
AHEAD_MS = 3000


class DuePart:
    due_ms = 0


class LoopOfThree:
    """Tasks named a, b, c behind a bus; ran: who had a turn; wants: name -> when it wants the next one after a turn."""

    def __init__(self, inputs=(), wakes=None, **wants):
        self.ran = []
        self.bus_due_ms = None
        self.bus = DuePart()
        self.wants = wants
        rows = [Task('bus', self._run_bus, LATE_MS, self.bus)]
        for name in 'abc':
            rows.append(Task(name, lambda now_ms, name=name: self._run(name, now_ms), LATE_MS, is_input=name in inputs))
        self.bus.due_ms = FOREVER_MS
        self.scheduler = Scheduler(tuple(rows), wakes or {'all': ('a', 'b', 'c')})

    def _run_bus(self, now_ms):
        return self.bus_due_ms

    def _run(self, name, now_ms):
        self.ran.append(name)
        wanted = self.wants.get(name, FOREVER_MS)
        return wanted(now_ms) if callable(wanted) else wanted

    def turns(self, count, now_ms=100):
        for _ in range(count):
            due_ms = self.scheduler.poll(now_ms)
        return due_ms


def test_nobody_runs_before_something_woke_him():
    loop = LoopOfThree()
    assert loop.turns(5) == FOREVER_MS and loop.ran == []


def test_one_piece_of_work_a_turn_in_the_order_of_the_table():
    loop = LoopOfThree()
    loop.scheduler.post('all', 100)
    assert loop.turns(1) == 100 and loop.ran == ['a']
    assert loop.turns(2) == 100 and loop.ran == ['a', 'b', 'c']
    assert loop.turns(3) == FOREVER_MS and loop.ran == ['a', 'b', 'c']


def test_while_the_bus_keeps_its_turn_nobody_else_runs():
    loop = LoopOfThree()
    loop.scheduler.post('all', 100)
    loop.bus_due_ms = 140
    assert loop.turns(4) == 140 and loop.ran == []
    loop.bus_due_ms = None
    loop.turns(3)
    assert loop.ran == ['a', 'b', 'c']


def test_the_bus_is_due_as_its_part_says():
    loop = LoopOfThree(a=500)
    loop.scheduler.post('all', 100)
    loop.bus.due_ms = 300
    assert loop.turns(4) == 300
    loop.bus.due_ms = 900
    assert loop.turns(1) == 500


def test_an_event_wakes_those_of_its_row_alone():
    loop = LoopOfThree(wakes={'reading': ('a', 'c'), 'nothing': ()})
    loop.scheduler.post('nothing', 100)
    assert loop.turns(2) == FOREVER_MS and loop.ran == []
    loop.scheduler.post('reading', 100)
    loop.turns(4)
    assert loop.ran == ['a', 'c']


def test_one_that_is_woken_during_its_own_turn_has_another():
    loop = LoopOfThree()
    loop.wants['b'] = lambda now_ms: (loop.scheduler.post('all', now_ms) if loop.ran.count('b') == 1 else None, FOREVER_MS)[1]
    loop.scheduler.post('all', 100)
    loop.turns(8)
    assert loop.ran == ['a', 'b', 'a', 'b', 'c']


def live(loop, until_ms):
    """A turn each millisecond."""
    for now_ms in range(100, until_ms):
        loop.turns(1, now_ms)


def test_the_first_of_the_table_that_is_due_comes_first():
    loop = LoopOfThree(a=lambda now_ms: now_ms if loop.ran.count('a') < 4 else FOREVER_MS)
    loop.scheduler.post('all', 100)
    live(loop, 110)
    assert loop.ran == ['a', 'a', 'a', 'a', 'b', 'c']


def test_a_task_that_is_always_busy_keeps_none_of_the_others_waiting():
    loop = LoopOfThree(a=lambda now_ms: now_ms, b=lambda now_ms: now_ms + 1)
    loop.scheduler.post('all', 100)
    live(loop, 400)
    assert {loop.ran.index('b'), loop.ran.index('c')} == {PATIENCE_MS, PATIENCE_MS + 1}
    assert 300 // PATIENCE_MS - 1 <= loop.ran.count('b') <= 300 // PATIENCE_MS


def test_before_the_board_sleeps_the_input_has_looked_after_the_last_piece_of_work():
    loop = LoopOfThree(inputs='b')
    loop.scheduler.post('all', 10)
    dues = [loop.turns(1, 10) for _ in range(4)]
    assert loop.ran == ['a', 'b', 'c', 'b'] and dues[2:] == [10, FOREVER_MS]


def test_an_input_has_turns_though_it_is_not_due():
    loop = LoopOfThree(inputs='c', a=lambda now_ms: now_ms)
    loop.scheduler.post('all', 100)
    live(loop, 400)
    assert 300 // PATIENCE_MS - 1 <= loop.ran.count('c') <= 300 // PATIENCE_MS
    idle = LoopOfThree(inputs='c')
    assert idle.turns(3) == FOREVER_MS and idle.ran == ['c', 'c', 'c']


@given(st.lists(st.tuples(st.sampled_from(['a', 'b', 'c', 'all']), st.integers(1, 12)), max_size=80))
def test_whoever_is_due_has_his_turn_in_time_whatever_else_happens(steps):
    wakes = {'a': ('a',), 'b': ('b',), 'c': ('c',), 'all': ('a', 'b', 'c')}
    loop = LoopOfThree(inputs='c', wakes=wakes, a=lambda now_ms: now_ms + 2, b=lambda now_ms: now_ms)
    since_ms = {}
    now_ms = 0
    for event, apart_ms in steps:
        now_ms += apart_ms
        loop.scheduler.post(event, now_ms)
        for task in loop.scheduler.tasks[1:]:
            if now_ms >= task.due_ms:
                since_ms.setdefault(task.name, now_ms)
        loop.turns(1, now_ms)
        since_ms.pop(loop.ran[-1], None)
        assert max([now_ms - since for since in since_ms.values()] + [0]) <= PATIENCE_MS + 3 * 12


# --- supervision, from the same table


def stalls_at(task, until_ms=60000, moves=lambda now_ms: None):
    """When the task is first named, looked at once a second; None: never."""
    for now_ms in range(0, until_ms, 1000):
        moves(now_ms)
        if first_stalled((task,), now_ms):
            return now_ms
    return None


def row(part):
    return Task('part', None, LATE_MS, part, AHEAD_MS)


def test_a_task_that_keeps_its_promise_is_never_named():
    part = DuePart()
    assert stalls_at(row(part), moves=lambda now_ms: setattr(part, 'due_ms', now_ms + 2000)) is None


@pytest.mark.parametrize('due_ms', [0, FOREVER_MS])
def test_one_that_leaves_its_time_behind_or_sets_one_far_away_is_named_after_its_deadline(due_ms):
    part = DuePart()
    part.due_ms = due_ms
    assert 5000 <= stalls_at(row(part)) <= 5000 + 2 * BEHIND_MS


def test_one_that_wants_to_be_called_at_once_is_not_late():
    part = DuePart()
    assert stalls_at(row(part), moves=lambda now_ms: setattr(part, 'due_ms', 0 if now_ms // 1000 % 3 else now_ms)) is None


def test_one_without_a_bound_may_sleep_for_ever_but_not_lie_woken():
    task = Task('task', None, LATE_MS)
    assert stalls_at(task) is None
    task.wake(0)
    assert 5000 <= stalls_at(task) <= 5000 + 2 * BEHIND_MS


def test_of_two_that_stand_still_the_first_of_the_table_is_named():
    rows = (Task('one', None, LATE_MS, DuePart()), Task('two', None, LATE_MS, DuePart()))
    assert [first_stalled(rows, now_ms) for now_ms in range(0, 9000, 1000)][-1] == 'one'
