"""A night from the prices to the session book: planner, desk, encoded downlink, firmware, box and car, answer, charging session with its cost."""

import pytest
from sim import scenario
from sim.world import World
from tests.support.planning_house import NightHouse
from tests.support.stores import store
from home.network.uplink import F_PORT
from home.report import Report
from home.store.database import reading

QUARTER_S = 900
# The world begins at 21:00, the house looks from 21:10 on, and the car is to be ready by 00:30.
START, START_S = '2026-05-01T21:00:00Z', 1777669200
UNTIL_S = 14 * QUARTER_S
KWH, POWER_KW = 5.0, 11.04
CHEAP, DEAR = 0.10, 0.40
# Quarters of the world, from 0, that are cheap: two, and what the others give is not needed.
CHEAP_PLACES = (6, 9)


class NightOfPrices:
    """The night with the car from plug_s on. downlinks: requests on the air; kwh: by quarter of the world."""

    def __init__(self, plug_s, cheap=CHEAP_PLACES, later=None):
        """later: (s, places) of prices that come later."""
        with store() as engine:
            house = NightHouse(engine, {'by': '00:30', 'kwh': KWH, 'power_kw': POWER_KW}, self._spans(cheap))
            given = {'start': START, 'duration_s': UNTIL_S + 600, 'config': {'CURRENT_LIMIT_A': 16, 'PLAN': []},
                     'charger': {'panel_frames': False, 'key': 'unlocked'},
                     'vehicle': {'needs_kwh': 30}, 'network': {'data_rate': 5},
                     'events': [{'t': plug_s, 'do': 'plug'}, {'t': UNTIL_S + 300, 'do': 'unplug'}]}
            self.world = world = World(scenario.complete(given), publish=house.publish)
            self.kwh = {}
            world.box.on_energy.append(self._flowed)
            house.live(world, 600)
            if later:
                world.kernel.at(later[0] * 1_000_000, lambda: house.tell(self._spans(later[1])))
            world.run(UNTIL_S + 600)
            self.asked = house.asked()
            with reading(engine) as connection:
                device = house.settings.devices[0]
                self.book = Report(connection, house.settings, device, house.key(device)).sessions(0, 1 << 62)
        self.downlinks = sum(entry['kind'] == 'downlink' and entry['f_port'] == F_PORT for entry in world.timeline)

    def _spans(self, cheap):
        begins = [(place, START_S + QUARTER_S * place) for place in range(-40, 20)]
        return [(begin_s, begin_s + QUARTER_S, CHEAP if place in cheap else DEAR) for place, begin_s in begins]

    def _flowed(self, from_us, until_us, wh):
        place = from_us // (QUARTER_S * 1_000_000)
        self.kwh[place] = self.kwh.get(place, 0) + wh / 1000


def test_prices_become_one_downlink_cheap_current_and_a_session_in_the_book_with_its_cost(evidence):
    night = NightOfPrices(plug_s=60)
    assert [(one.fate, one.detail) for one in night.asked] == [('done', 'kwh_possible:5')]
    assert night.downlinks == 1
    # Before the target was there the car charged, for there is no plan.
    free = sum(kwh for place, kwh in night.kwh.items() if place < 1)
    planned = {place: kwh for place, kwh in night.kwh.items() if place >= 1}
    assert sum(planned[place] for place in CHEAP_PLACES) == pytest.approx(KWH, abs=0.1)
    assert sum(planned.values()) == pytest.approx(KWH, abs=0.1)
    [session] = night.book
    assert session['energy_kwh'] == pytest.approx(free + KWH, abs=0.15)
    assert session['cost'] == pytest.approx(free * DEAR + KWH * CHEAP, abs=0.1)
    evidence('planner to session book: energy of a target of %g kWh in its cheap quarter hours' % KWH,
             '%.1f kWh' % sum(planned[place] for place in CHEAP_PLACES))


@pytest.mark.long
def test_a_car_that_comes_after_its_cheap_quarters_is_planned_again_once_when_it_comes():
    night = NightOfPrices(plug_s=8 * QUARTER_S, cheap=(3, 4), later=(5 * QUARTER_S, (3, 4, 10, 12)))
    assert [one.fate for one in night.asked] == ['done', 'done'] and night.downlinks == 2
    assert night.asked[0].at_ms // 1000 - START_S >= 8 * QUARTER_S
    # The minute in which the power of the car is measured is not among them.
    assert night.kwh[10] + night.kwh[12] == pytest.approx(KWH, abs=0.3)
