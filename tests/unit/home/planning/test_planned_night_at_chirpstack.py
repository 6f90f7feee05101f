"""A night of the planner at ChirpStack: the target is on the air at once, and one that nobody takes waits there but once."""
import pytest
from home.commands import fate
from home.notices import Notices
from home.planning import replan
from home.planning.planner import Planner
from home.store import commands, prices
from home.store.database import reading, writing
from tests.support.house import StoredHouse, given
from tests.support.queue_at_chirpstack import HOUSE, QueueAtChirpStack
from tests.support.stores import store
from tests.unit.home.planning.test_planned_night import TABLES, UNTIL_S


@pytest.fixture
def night(tmp_path):
    """A house in the evening before, with prices."""
    with store() as engine:
        house = StoredHouse(engine, given(**{**TABLES, **HOUSE}), tmp_path)
        house.now_ms, house.notices = 1000 * (UNTIL_S - 14 * 3600), Notices(write=lambda form, *words: None)
        house.network, house.planner = QueueAtChirpStack(house), Planner(house)
        spans = [(UNTIL_S - 900 * n, UNTIL_S - 900 * (n - 1), 0.1 if n in range(5, 17) else 0.3) for n in range(70, 0, -1)]
        with writing(engine) as connection:
            prices.put(connection, "spot", spans)
        yield house


def own(house):
    with reading(house.engine) as connection:
        return [one for one in commands.recent(connection, house.key(house.settings.devices[0])) if one.who == replan.PLANNER]


def pass_by(house, times):
    for _ in range(times):
        house.now_ms += 60_000
        house.desk.look()
        house.planner.look()


def test_the_target_of_a_standing_order_is_sent_once_and_done(night):
    night.planner.look()
    request = night.network.send()
    assert request["target"]["quarters"] == list(range(5, 17)) and own(night)[0].fate == "sent"
    night.network.answer(request, kwh_possible=12)
    pass_by(night, 30)
    assert [one.fate for one in own(night)] == ["done"] and len(night.network) == 0 and night.network.log == []


def test_a_target_that_waits_at_chirpstack_while_no_gateway_is_up_waits_but_once(night):
    night.planner.look()
    pass_by(night, 60)
    (waiting,) = own(night)
    assert waiting.sends == fate.sends_max(replan.PLANNER) and len(night.network) == 1
    night.network.answer(night.network.send(), kwh_possible=12)
    pass_by(night, 5)
    assert [one.fate for one in own(night)] == ["done"]
