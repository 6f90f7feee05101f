"""The outbox: order, coalescing, bounds, and the handling of a frame in flight."""
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from lorawan.outbox import ANSWER, ANSWERS_MAX, CAPACITY, CHANGE, FAULT, HEARTBEAT, RECORD, RECORDS_MAX, Outbox


def box():
    return Outbox(lambda: None)


def keys_in_order(outbox):
    keys = []
    while len(outbox):
        keys.append(outbox.take()[0])
        outbox.sent()
    return keys


def test_the_most_urgent_goes_first_and_the_oldest_of_equals():
    outbox = box()
    for priority, key in ((HEARTBEAT, "a"), (CHANGE, "b"), (ANSWER, "c"), (FAULT, "d"), (ANSWER, "e"), (CHANGE, "f")):
        assert outbox.put(priority, key, None)
    assert outbox.first() == ANSWER
    assert keys_in_order(outbox) == ["c", "e", "d", "b", "f", "a"]
    assert outbox.first() is None


def test_an_equal_key_is_replaced_in_place_and_keeps_the_more_urgent_priority():
    outbox = box()
    outbox.put(CHANGE, "status", "old")
    outbox.put(CHANGE, "other", None)
    outbox.put(HEARTBEAT, "status", "new")
    assert len(outbox) == 2
    assert outbox.take() == ("status", "new")
    outbox.sent()
    outbox.put(HEARTBEAT, "status", "newer")
    outbox.put(FAULT, "status", "newest")
    assert outbox.take() == ("status", "newest")


def test_every_put_wakes_and_a_refused_one_does_not():
    woken = []
    outbox = Outbox(lambda: woken.append(1))
    for number in range(ANSWERS_MAX):
        outbox.put(ANSWER, number, None)
    assert len(woken) == ANSWERS_MAX
    outbox.put(ANSWER, 0, None)
    assert len(woken) == ANSWERS_MAX + 1
    assert outbox.put(ANSWER, "one too many", None) is False
    assert len(woken) == ANSWERS_MAX + 1


def test_when_full_the_least_urgent_and_oldest_goes():
    outbox = box()
    for priority, key in ((CHANGE, 1), (HEARTBEAT, 2), (HEARTBEAT, 3), (FAULT, 4), (ANSWER, 5), (ANSWER, 6), (ANSWER, 7), (ANSWER, 8),
                          (RECORD, 20), (RECORD, 21)):
        outbox.put(priority, key, None)
    assert outbox.put(CHANGE, 9, None) and not outbox.holds(2)
    assert outbox.put(ANSWER, 10, None) and not outbox.holds(3)
    assert outbox.put(CHANGE, 11, None) and not outbox.holds(1)
    assert outbox.put(HEARTBEAT, 12, None) is False
    assert outbox.dropped == 4
    assert keys_in_order(outbox) == [5, 6, 7, 8, 10, 4, 9, 11, 20, 21]


def test_answers_and_records_make_way_for_nothing_and_the_frame_in_flight_neither():
    outbox = box()
    outbox.put(HEARTBEAT, "flying", None, "told")
    outbox.take()
    for number in range(ANSWERS_MAX):
        assert outbox.put(ANSWER, number, None)
    for number in range(RECORDS_MAX):
        assert outbox.put(RECORD, 100 + number, None)
    assert outbox.put(FAULT, "fault", None)
    assert outbox.put(FAULT, "another", None) and not outbox.holds("fault")
    assert outbox.put(CHANGE, "change", None) is False
    assert outbox.sent() == "told"
    assert keys_in_order(outbox) == [0, 1, 2, 3, 4, 5, "another", 100, 101]


def test_answers_and_records_are_bounded_and_whoever_keeps_one_puts_it_again_later():
    outbox = box()
    records = list(range(100, 110))     # in flash, oldest first
    sent = []
    for _ in range(20):
        for record in records:
            if not outbox.put(RECORD, record, None):
                break
        assert outbox.count(RECORD) <= RECORDS_MAX
        # Any number of answers and states in between takes no record away, nor the other way round.
        for number in range(ANSWERS_MAX):
            assert outbox.put(ANSWER, number, None)
        assert outbox.put(ANSWER, "one too many", None) is False
        assert outbox.put(CHANGE, "status", None) and outbox.put(HEARTBEAT, "clock", None)
        for key in keys_in_order(outbox):
            sent.append(key)
            if key in records:
                records.remove(key)
    assert [key for key in sent if key in range(100, 110)] == list(range(100, 110)) and not records
    assert sent.count("status") == sent.count("clock") == 20


def test_what_is_put_again_while_in_flight_is_sent_again():
    outbox = box()
    outbox.put(FAULT, "status", "first")
    assert outbox.take() == ("status", "first")
    outbox.put(HEARTBEAT, "status", "second")
    outbox.put(CHANGE, "status", "third")
    outbox.put(HEARTBEAT, "status", "fourth")
    outbox.sent()
    assert outbox.first() == CHANGE
    assert outbox.take() == ("status", "fourth")
    outbox.sent()
    assert len(outbox) == 0


def test_a_frame_that_comes_back_keeps_its_place_and_the_more_urgent_priority():
    outbox = box()
    outbox.put(CHANGE, "status", "first")
    outbox.put(CHANGE, "other", None)
    outbox.take()
    outbox.put(HEARTBEAT, "status", "second")
    outbox.back()
    assert outbox.first() == CHANGE
    assert outbox.take() == ("status", "second")
    outbox.sent()
    assert keys_in_order(outbox) == ["other"]


def test_what_was_put_again_in_one_flight_is_not_remembered_in_the_next():
    outbox = box()
    outbox.put(CHANGE, "status", None)
    outbox.take()
    outbox.put(CHANGE, "status", None)
    outbox.back()
    outbox.take()
    outbox.sent()
    assert len(outbox) == 0


def test_a_withdrawn_entry_is_gone_and_one_in_flight_is_not_sent_again():
    outbox = box()
    outbox.put(CHANGE, "status", None)
    outbox.remove("status")
    outbox.remove("status")
    assert len(outbox) == 0 and not outbox.holds("status")
    outbox.put(CHANGE, "status", None)
    outbox.take()
    outbox.put(CHANGE, "status", None)
    outbox.remove("status")
    assert outbox.holds("status")
    outbox.sent()
    assert len(outbox) == 0


def test_it_counts_by_priority():
    outbox = box()
    for priority, key in ((ANSWER, 1), (ANSWER, 2), (CHANGE, 3)):
        outbox.put(priority, key, None)
    assert [outbox.count(priority) for priority in (ANSWER, FAULT, CHANGE)] == [2, 0, 1]


class OutboxMachine(RuleBasedStateMachine):
    """Any order of calls against a plain model: key -> (priority, order, make); what flies beside it."""

    MOST = {ANSWER: 6, RECORD: 2}

    def __init__(self):
        super().__init__()
        self.outbox = box()
        self.model = {}
        self.order = 0
        self.flying = None
        self.again = None

    @rule(priority=st.integers(ANSWER, HEARTBEAT), key=st.integers(0, 15), make=st.integers())
    def put(self, priority, key, make):
        accepted = self.outbox.put(priority, key, make, key)
        if key in self.model:
            assert accepted
            old, order, _make = self.model[key]
            if key == self.flying:
                self.again = priority if self.again is None else min(self.again, priority)
                self.model[key] = (old, order, make)
            else:
                self.model[key] = (min(old, priority), order, make)
            return
        if priority in self.MOST and sum(1 for old, _order, _make in self.model.values() if old == priority) >= self.MOST[priority]:
            assert not accepted
            return
        if len(self.model) >= CAPACITY:
            gone = [k for k in self.model if not self.outbox.holds(k)]
            assert accepted == (len(gone) == 1)
            candidates = [k for k, (p, _o, _m) in self.model.items() if p not in self.MOST and p >= priority and k != self.flying]
            assert accepted == bool(candidates)
            if not accepted:
                return
            assert gone[0] == min(candidates, key=lambda k: (-self.model[k][0], self.model[k][1]))
            del self.model[gone[0]]
        assert accepted
        self.order += 1
        self.model[key] = (priority, self.order, make)

    @precondition(lambda self: self.flying is None and self.model)
    @rule()
    def take(self):
        key, make = self.outbox.take()
        assert key == min(self.model, key=lambda k: self.model[k][:2])
        assert make == self.model[key][2]
        self.flying, self.again = key, None

    @precondition(lambda self: self.flying is not None)
    @rule()
    def sent(self):
        assert self.outbox.sent() == self.flying
        if self.again is None:
            del self.model[self.flying]
        else:
            self.model[self.flying] = (self.again,) + self.model[self.flying][1:]
        self.flying = None

    @precondition(lambda self: self.flying is not None)
    @rule()
    def back(self):
        self.outbox.back()
        if self.again is not None:
            self.model[self.flying] = (min(self.again, self.model[self.flying][0]),) + self.model[self.flying][1:]
        self.flying = None

    @rule(key=st.integers(0, 15))
    def remove(self, key):
        self.outbox.remove(key)
        if key == self.flying:
            self.again = None
        else:
            self.model.pop(key, None)

    @invariant()
    def holds_what_the_model_holds(self):
        assert len(self.outbox) == len(self.model) <= CAPACITY
        assert all(self.outbox.holds(key) for key in self.model)


TestOutboxMachine = OutboxMachine.TestCase
TestOutboxMachine.settings = settings(max_examples=150, stateful_step_count=40)


def test_the_frame_that_is_kept_ready_goes_only_when_asked_for_and_nothing_else_waits():
    outbox = box()
    assert not outbox.is_ready and not outbox.put_ready(CHANGE, "proof")
    outbox.keep_ready("make")
    assert outbox.first() is None and outbox.is_ready
    outbox.put(HEARTBEAT, "status", None)
    assert not outbox.is_ready and not outbox.put_ready(CHANGE, "proof")
    outbox.take()
    outbox.sent()
    assert outbox.put_ready(CHANGE, "proof") and outbox.take() == ("proof", "make") and outbox.sent() is None
    assert outbox.is_ready
