"""src/app/evse/poller.py: whether the car has finished, by what the box and the monitor did, also over a restart."""

import pytest
from app.evse.poller import Poller
from app.evse.states import CODE_A1, CODE_B2, CODE_C2
from tests.support.fake_board import Part

HELD, ALLOWED = True, False


class Evening:
    """A poller with a car that is there; drew: restored from the boot before."""

    def __init__(self, drew=False):
        self.charger = Part(reading=Part(code=None))
        self.monitor = Part(code=CODE_B2, car=True, changes=0)
        self.poller = Poller(self.charger, self.monitor)
        self.poller.box.restore(False, drew)

    def see(self, code, held=ALLOWED):
        """A reading of that state, twice: it is stable. Returns whether the car has finished."""
        self.charger.reading = Part(code=code)
        self.monitor.code = code
        for _ in range(2):
            box = self.poller.look(None, held, code == CODE_C2)
        return box.finished


def test_a_car_that_drew_and_stopped_though_it_was_allowed_has_finished_and_stays_so_while_it_is_held():
    evening = Evening()
    assert not evening.see(CODE_B2) and not evening.see(CODE_C2)
    assert evening.see(CODE_B2) and evening.see(CODE_B2, HELD) and evening.see(CODE_B2)
    assert not evening.see(CODE_C2)


@pytest.mark.parametrize('seen', [CODE_C2, CODE_B2])
def test_a_car_that_was_held_has_not_finished_whether_its_current_was_seen_or_not(seen):
    evening = Evening()
    evening.see(CODE_C2)
    evening.see(seen, HELD)
    assert not evening.see(CODE_B2, HELD) and not evening.see(CODE_B2)


def test_a_car_that_drew_before_a_restart_and_is_held_after_it_has_not_finished():
    evening = Evening(drew=True)
    assert not evening.see(CODE_B2, HELD) and not evening.see(CODE_B2)


def test_a_car_that_drew_before_a_restart_and_draws_no_more_though_it_may_has_finished():
    assert Evening(drew=True).see(CODE_B2)


def test_a_reading_that_noise_has_spoilt_finishes_nothing_and_the_next_good_one_does():
    evening = Evening()
    evening.see(CODE_C2)
    evening.charger.reading = Part(code=None)
    assert not evening.poller.look(None, ALLOWED, False).finished and not evening.poller.look(None, HELD, False).finished
    assert not evening.see(CODE_B2)
    evening.see(CODE_C2)
    evening.charger.reading = Part(code=None)
    assert not evening.poller.look(None, ALLOWED, False).finished and evening.see(CODE_B2)


def test_of_a_car_that_left_or_may_have_been_exchanged_nothing_is_known():
    for change in ({'car': False, 'code': CODE_A1}, {'changes': 1}):
        evening = Evening()
        evening.see(CODE_C2)
        assert evening.see(CODE_B2)
        for name, value in change.items():
            setattr(evening.monitor, name, value)
        assert not evening.poller.look(None, ALLOWED, False).finished
