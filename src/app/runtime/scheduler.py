"""The scheduler of the loop: a table of tasks; each turn runs one piece of work, in the order of the table, and no task starves.

Contract of a task: bounded work, and a due time that may be too early but never too late. docs/architecture.md, "The loop".
"""

from micropython import const

from hal.contract import FOREVER_MS

# Delay from which a task is behind: one turn of the loop takes less.
BEHIND_MS = const(1000)
# Time behind after which a task counts as stalled, and the watchdog resets.
LATE_MS = const(10000)
# Longest wait of a due task behind other due tasks that are before it in the table.
PATIENCE_MS = const(50)


class Task:
    """One row. run(now_ms) does one piece of work and returns the time of the next; None if only wake() makes it due, or the due_ms of a part."""

    __slots__ = ('name', 'run', 'late_max_ms', 'ahead_max_ms', 'is_input', 'part', 'own_due_ms', 'turn_ms', 'behind_ms')

    def __init__(self, name, run, late_max_ms, part=None, ahead_max_ms=None, is_input=False):
        """late_max_ms, ahead_max_ms: longest time behind or ahead (None: any) before it counts as stalled. is_input: it has turns even when not due,
        since input arrives at any time; a turn of it follows the last piece of work of the others. One of the tasks behind the first is an input."""
        self.name = name
        self.run = run
        self.late_max_ms = late_max_ms
        self.ahead_max_ms = ahead_max_ms
        self.is_input = is_input
        self.part = part
        self.own_due_ms = FOREVER_MS
        self.turn_ms = 0         # time of its latest turn
        self.behind_ms = None    # begin of its delay, for first_stalled()

    @property
    def due_ms(self):
        """Time of its next turn."""
        return self.own_due_ms if self.part is None else self.part.due_ms

    def wake(self, due_ms):
        """Make it due at that time, if it is not before."""
        if due_ms < self.own_due_ms:
            self.own_due_ms = due_ms


def first_stalled(tasks, now_ms):
    """The name of the first task that has been behind, or too far ahead, for too long, or None. Called about once a second."""
    found = None
    for task in tasks:
        part = task.part
        due_ms = task.own_due_ms if part is None else part.due_ms
        ahead_max_ms = task.ahead_max_ms
        # Measured from the first check, not from due_ms: a part that is due immediately may have 0 there.
        # FOREVER_MS is compared and not subtracted: that would allocate.
        if now_ms - BEHIND_MS < due_ms and (ahead_max_ms is None or due_ms <= now_ms + ahead_max_ms):
            task.behind_ms = None
        elif task.behind_ms is None:
            task.behind_ms = now_ms
        elif found is None and now_ms - task.behind_ms >= task.late_max_ms:
            found = task.name
    return found


class Scheduler:
    """poll() gives one task a turn, and returns the time of the next turn. tasks: the rows, for supervision."""

    def __init__(self, tasks, wakes):
        """tasks: the first has every turn; its run() returns None, or the time of its next turn if the others have to wait. Of those the first
        due one runs, unless another has waited PATIENCE_MS. Of the rows only the first and the input have a part. wakes: {event: names of the tasks
        that it makes due}."""
        self.tasks = tasks
        self._others = tasks[1:]
        self._input = None
        for task in self._others:
            if task.is_input:
                self._input = task
        self._wakes = {}
        for event in wakes:
            self._wakes[event] = [task for task in tasks if task.name in wakes[event]]

    def post(self, event, now_ms):
        """Wake the tasks of an event."""
        for task in self._wakes[event]:
            if now_ms < task.own_due_ms:
                task.own_due_ms = now_ms

    # Every turn of the loop comes by the next two: attributes, hardly a call.

    def poll(self, now_ms):
        """One piece of work."""
        bus = self.tasks[0]
        due_ms = bus.run(now_ms)
        if due_ms is not None:
            return due_ms
        looks = self._input
        if looks is not None and looks.part is not None:
            looks.own_due_ms = looks.part.due_ms
        task = self._choose(now_ms)
        if task is not None:
            task.turn_ms = now_ms
            task.own_due_ms = FOREVER_MS      # a wake() during the turn is for the next one
            due_ms = task.run(now_ms)
            if due_ms is not None and due_ms < task.own_due_ms:
                task.own_due_ms = due_ms
            if not task.is_input:
                return now_ms     # the input has one more turn before the board sleeps: bytes that are there already would not end the sleep
        due_ms = bus.part.due_ms
        if looks is not None and looks.part is not None:
            looks.own_due_ms = looks.part.due_ms
        for task in self._others:
            if task.own_due_ms < due_ms:
                due_ms = task.own_due_ms
        return due_ms

    def _choose(self, now_ms):
        """The task whose turn it is, or None."""
        looks = self._input
        due = late = None
        most_ms = PATIENCE_MS
        for task in self._others:
            due_ms = task.own_due_ms
            if now_ms < due_ms:
                continue
            if due is None:
                due = task
            since_ms = task.turn_ms
            if due_ms > since_ms and not task.is_input:
                since_ms = due_ms
            if now_ms - since_ms >= most_ms:
                most_ms = now_ms - since_ms
                late = task
        if due is None:
            return looks
        # An input waits since its latest turn, the others since they are due.
        if looks is not None and now_ms - looks.turn_ms >= most_ms:
            return looks
        return due if late is None else late
