"""The loop as a table of tasks: one piece of work a turn, in the order of the table, and nobody waits long for one who is always busy.

What is asked of a task: bounded work, and a due time that may be too early but never too late. docs/architecture.md, "The loop".
"""

from micropython import const

from hal.contract import FOREVER_MS

# A task is behind from here on: one turn of the loop takes less.
BEHIND_MS = const(1000)
# A task may be behind for this long before it counts as stalled and the watchdog is left to bite.
LATE_MS = const(10000)
# So long those who are due wait for others that are, too, and stand before them in the table.
PATIENCE_MS = const(50)


class Task:
    """One row. run(now_ms) does one piece of work and returns when the next one is due; with a part, whose due_ms says so, it returns nothing."""

    __slots__ = ('name', 'run', 'late_max_ms', 'ahead_max_ms', 'is_input', '_part', '_due_ms', '_turn_ms', '_behind_ms')

    def __init__(self, name, run, late_max_ms, part=None, ahead_max_ms=FOREVER_MS, is_input=False):
        """late_max_ms: it may be behind for so long, and ahead_max_ms ahead, before it counts as stalled. is_input: it has turns though it is not
        due, since what arrives tells nobody when; the others' last piece of work is followed by one. There is one such task."""
        self.name = name
        self.run = run
        self.late_max_ms = late_max_ms
        self.ahead_max_ms = ahead_max_ms
        self.is_input = is_input
        self._part = part
        self._due_ms = FOREVER_MS
        self._turn_ms = 0          # of its latest turn
        self._behind_ms = None     # behind since then

    @property
    def due_ms(self):
        """When it wants its next turn."""
        return self._due_ms if self._part is None else self._part.due_ms

    def wake(self, now_ms):
        """It wants it now."""
        if now_ms < self._due_ms:
            self._due_ms = now_ms

    def waits_ms(self, now_ms):
        """How long it has been due, or an input without a turn."""
        due_ms = self._turn_ms if self.is_input else self.due_ms
        return now_ms - (due_ms if due_ms > self._turn_ms else self._turn_ms)

    def work(self, now_ms):
        """Its turn."""
        self._turn_ms = now_ms
        self._due_ms = FOREVER_MS      # whoever wakes it meanwhile means the turn after this one
        due_ms = self.run(now_ms)
        if self._part is None and due_ms < self._due_ms:
            self._due_ms = due_ms

    def stalled(self, now_ms):
        """True once it has been behind, or too far ahead, for too long. To be asked about once a second."""
        late_ms = now_ms - self.due_ms
        # Not by the figure itself: a part that wants to be called at once may say 0.
        if -self.ahead_max_ms <= late_ms < BEHIND_MS:
            self._behind_ms = None
        elif self._behind_ms is None:
            self._behind_ms = now_ms
        else:
            return now_ms - self._behind_ms >= self.late_max_ms
        return False


def first_stalled(tasks, now_ms):
    """The name of a task that stands still, or None."""
    found = None
    for task in tasks:
        if task.stalled(now_ms) and found is None:
            found = task.name
    return found


class Scheduler:
    """poll() gives one task a turn, and returns when the next turn is due. tasks: the rows, for those who supervise them."""

    def __init__(self, tasks, wakes):
        """tasks: the first has every turn, and run() returns when it wants the next one where it leaves none to the others, else None. Of those the
        first that is due comes first, but for one that has waited PATIENCE_MS. wakes: {event: names of the tasks that are due with it}."""
        self.tasks = tasks
        self._others = tasks[1:]
        self._wakes = {}
        for event in wakes:
            self._wakes[event] = [task for task in tasks if task.name in wakes[event]]

    def post(self, event, now_ms):
        """Something happened: those whom it concerns are due."""
        for task in self._wakes[event]:
            task.wake(now_ms)

    def poll(self, now_ms):
        """One piece of work."""
        bus = self.tasks[0]
        due_ms = bus.run(now_ms)
        if due_ms is not None:
            return due_ms
        task = self._choose(now_ms)
        if task is not None:
            task.work(now_ms)
            if not task.is_input:
                return now_ms     # the input looks once more before the board sleeps: what came meanwhile would not end the sleep
        due_ms = bus.due_ms
        for task in self._others:
            if task.due_ms < due_ms:
                due_ms = task.due_ms
        return due_ms

    def _choose(self, now_ms):
        """Whose turn it is, None if nobody has anything to do."""
        due = idle = late = None
        most_ms = PATIENCE_MS
        for task in self._others:
            is_due = now_ms >= task.due_ms
            if is_due and due is None:
                due = task
            if is_due or task.is_input:
                waits_ms = task.waits_ms(now_ms)
                if waits_ms >= most_ms:
                    most_ms = waits_ms
                    late = task
                idle = task
        if due is None:
            return idle
        return due if late is None else late
