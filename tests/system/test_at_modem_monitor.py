"""The whole firmware over a modem with AT commands instead of the LoPy4's radio: the same behaviour."""
import json
import types

import hal.rak3172
import hal.wio_e5
import pytest
import sim.world
from sim import scenario
from sim.modems.at_modem import VirtualSerial
from sim.boards.simulated_board import SimBoard
from sim.modems.rak3172 import Rak3172
from sim.modems.wio_e5 import WioE5
from sim.world import World
from tests.choice import first
from tests.support.home_manager import Died, HomeManager
from home import guard

KEYS = types.SimpleNamespace(DEV_EUI="1" * 16, JOIN_EUI="2" * 16, APP_KEY="3" * 32)
MODEMS = {"wio_e5": (hal.wio_e5, WioE5), "rak3172": (hal.rak3172, Rak3172)}


@pytest.fixture(params=MODEMS)
def world(request, monkeypatch):
    """world(config, events, hours, prepare): a world that has lived with such a modem, which is world.modem."""
    driver, fake = MODEMS[request.param]

    class BoardWithModem(SimBoard):
        def __init__(self, world, *arguments):
            super().__init__(world, *arguments)
            self._world = world

        def open_radio(self, settings):
            modem = self._world.modem = fake(self._world.kernel, self._world.network)
            self.radio = driver.Radio(VirtualSerial(modem), settings, KEYS)
            self.radio.start(self.clock.now_ms, self.system.log)

    monkeypatch.setattr(sim.world, "SimBoard", BoardWithModem)

    def live(config, events, hours, prepare=lambda made: None):
        made = World(scenario.complete({"duration_s": hours * 3600, "config": config, "events": events}))
        prepare(made)
        made.run(hours * 3600)
        return made

    return live


def of(world, kind):
    return [entry for entry in world.timeline if entry["kind"] == kind]


def decoded(world, kind):
    return [entry for entry in of(world, "uplink") if entry["decoded"] and entry["decoded"].get("type") == kind]


@pytest.mark.parametrize("klass", first(["C", "A"]))
def test_it_joins_tells_and_answers_a_command(world, klass):
    here = world({"LORAWAN_CLASS": klass}, [{"t": 600, "do": "plug"}, {"t": 1200, "do": "downlink", "f_port": 1, "payload_hex": "01"}], 2)
    assert [entry["accepted"] for entry in of(here, "join")] == [True]
    told = [entry["decoded"]["state"] for entry in decoded(here, "status")]
    assert told[0] == "Not Connected" and told[-1] == "Disabled"
    (answer,) = decoded(here, "result")
    assert (answer["decoded"]["state"], answer["decoded"]["result"], answer["received"]) == ("Lock Outlet ACK", "done", True)
    if klass == "C":
        assert answer["t"] - 1200 < 5
    assert (here.modem.violations, here.resets) == ([], 0)
    assert here.modem.mac.klass == klass


def test_a_dip_of_the_modem_s_supply_costs_a_join_and_no_reset(world):
    here = world({}, [{"t": 1200, "do": "plug"}], 1, lambda made: made.kernel.at(1_190_000_000, lambda: made.modem.power_cycle()))
    assert [entry["accepted"] for entry in of(here, "join")] == [True, True] and here.resets == 0
    joined_again_s = of(here, "join")[1]["t"]
    assert joined_again_s - 1200 < 600
    assert [entry for entry in of(here, "uplink") if entry["received"] and entry["t"] > joined_again_s]


@pytest.mark.long
def test_all_that_goes_on_the_air_is_in_the_airtime_log(world):
    here = world({}, [{"t": 600, "do": "plug"}, {"t": 4000, "do": "unplug"}, {"t": 9000, "do": "gateway_down", "for_s": 3600}], 6)
    assert here.network.uplink_airtime_s_max_day() <= 24


@pytest.mark.parametrize("world", ["rak3172"], indirect=True)
@pytest.mark.parametrize("klass, commands", first([("C", 3), ("A", 1)]))
def test_a_confirmed_command_is_answered_as_soon_as_the_modem_s_own_frame_is_over_and_that_is_in_the_airtime_log(world, klass, commands, evidence):
    events = [{"t": 600, "do": "plug"}] + [
        {"t": 1200 + 1800 * turn, "do": "downlink", "f_port": 1, "payload_hex": "01", "confirmed": True} for turn in range(commands)]
    totals_ms = []
    here = world({"LORAWAN_CLASS": klass}, events, 2, lambda made: made.kernel.at(
        7_190_000_000, lambda: totals_ms.append(made.app.session.airtime_budget.airtime_log.total_ms)))
    answers = decoded(here, "result")
    assert [answer["decoded"]["result"] for answer in answers] == ["done"] * commands
    own = [entry for entry in of(here, "uplink") if entry["f_port"] == 2]
    assert len(own) == commands and all(entry["hex"] == "" for entry in own)
    waits_s = [answer["t"] - entry["t"] for entry, answer in zip(own, answers)]
    evidence("seconds from a RAK3172's own acknowledgement to our answer, class %s" % klass, round(max(waits_s), 1), 6.8)
    # Its windows are over 6 s after its end; the answer takes 0.4 s on the air.
    assert max(waits_s) <= 6.8
    assert totals_ms[0] >= here.network.uplink_airtime_s_max_day() * 1000
    assert (here.modem.violations, here.resets) == ([], 0)


@pytest.mark.parametrize("world", ["rak3172"], indirect=True)
def test_home_manager_dies_of_the_modem_s_own_frame_and_lives_behind_the_guard(world):
    here = world({}, [{"t": 600, "do": "plug"}, {"t": 1200, "do": "downlink", "f_port": 1, "payload_hex": "01", "confirmed": True}], 1)
    messages = [json.dumps({"uplink_message": {} if entry["decoded"] is None else {"decoded_payload": entry["decoded"]}}).encode()
                for entry in of(here, "uplink") if entry["received"]]
    unguarded, guarded = HomeManager("ev-charger"), HomeManager("ev-charger")
    with pytest.raises(Died):
        for message in messages:
            unguarded.on_message(unguarded.up, message)
    for message in messages:
        if guard.fault_of(message) is None:
            guarded.on_message(guarded.up, message)
    assert (unguarded.acks, guarded.acks) == ([], ["Lock Outlet ACK"])
