"""What happens to modems in the field, one at a time, on the whole firmware: the monitor is back within ten minutes."""
import types

import hal.rak3172
import hal.wio_e5
import pytest
import sim.world
from sim import scenario
from sim.boards.simulated_board import SimBoard
from sim.modems.at_modem import VirtualSerial
from sim.modems.rak3172 import SETTINGS, Rak3172
from sim.modems.wio_e5 import WioE5
from sim.world import World
from tests.choice import first

KEYS = types.SimpleNamespace(DEV_EUI="1" * 16, JOIN_EUI="2" * 16, APP_KEY="3" * 32)
# Soon after one of the looks of a driver at its modem, which come every 5 min.
FAULT_S, BACK_MIN, ANSWER_S = 1215, 10, 30
DAYS_48_US = 48 * 86400 * 1_000_000


def hangs(modem):
    modem.hang()


def echoes(modem):
    modem.echo = True


def sleeps(modem):
    if isinstance(modem, Rak3172):
        modem.flash["LPM"] = "1"
    else:
        modem.sleeps = True


def forgets(modem):
    if isinstance(modem, Rak3172):
        modem.flash = {name: value for name, (value, _) in SETTINGS.items()}
    else:
        modem.eeprom.update(DevEui="2C" * 8, AppEui="80" + "0" * 14, APPKEY=None, scheme="EU868", channels="0-2", mode="LWABP", adr="ON")
    modem.power_cycle()


def speaks_binary(modem):
    modem.binary = True


def dips(modem):
    modem.power_cycle()


def falls_silent(modem):
    modem.silent_after_us = DAYS_48_US
    modem.hang()


FAULTS = {
    "hung for good until its pin is pulled": hangs, "echo on": echoes, "low power on": sleeps, "settings lost": forgets,
    "silent after 48 days": falls_silent, "in its binary mode": speaks_binary, "a dip of its supply": dips,
    "auto-answer of confirmed downlinks": None,
}
MODEMS = {"rak3172": (hal.rak3172, Rak3172), "wio_e5": (hal.wio_e5, WioE5)}
CASES = [(model, what) for model in MODEMS for what in FAULTS if model == "rak3172" or what != "in its binary mode"]


def lived(monkeypatch, model, fault, hours=1, has_reset=True, config=None, events=()):
    """A world with that modem, whose fault happens at FAULT_S; lines: of its log."""
    driver, fake = MODEMS[model]
    lines = []

    class BoardWithFailingModem(SimBoard):
        def __init__(self, world, *arguments):
            super().__init__(world, *arguments)
            self._world = world

        def open_radio(self, settings):
            if not hasattr(self._world, "modem"):
                self._world.modem = fake(self._world.kernel, self._world.network)
            self._world.serial = VirtualSerial(self._world.modem, has_reset)
            self.radio = driver.Radio(self._world.serial, settings, KEYS)
            self.radio.start(self.clock.now_ms, self.system.log)

    monkeypatch.setattr(sim.world, "SimBoard", BoardWithFailingModem)
    made = World(scenario.complete({"duration_s": hours * 3600, "config": config or {}, "events": list(events)}),
                 on_log=lambda t_s, text: lines.append((t_s, text)))
    if fault:
        made.kernel.at(FAULT_S * 1_000_000, lambda: fault(made.modem))
    made.run(hours * 3600)
    made.lines = lines
    return made


def heard(world, from_s):
    """Seconds of its uplinks that the network received from then on."""
    return [entry["t"] for entry in world.timeline if entry["kind"] == "uplink" and entry["received"] and entry["t"] >= from_s and entry["hex"]]


@pytest.mark.parametrize("model, what", first(CASES[::2] + CASES[1::2], 8), ids=lambda value: value)
def test_the_monitor_is_back_within_ten_minutes(monkeypatch, model, what, evidence):
    # From the fault on a command each minute, which a class C modem with a session hears and answers; confirmed, where the modem answers by itself.
    asks_s = {minute + 1: FAULT_S + 60 * minute for minute in range(BACK_MIN + 3)}
    world = lived(monkeypatch, model, FAULTS[what], events=[
        {"t": t_s, "do": "downlink", "data": {"command": "report", "id": number}, "confirmed": FAULTS[what] is None}
        for number, t_s in asks_s.items()])
    told = [entry for entry in world.timeline if entry["kind"] == "uplink" and entry["received"] and entry["decoded"]]
    answered = [number for number, t_s in asks_s.items()
                if any(entry["decoded"].get("command_id") == number and entry["t"] - t_s <= ANSWER_S for entry in told)]
    # Back is it with the first command from which on none is missed.
    missed = [number for number in asks_s if number not in answered]
    back_min = max(missed, default=0)
    evidence(f"{model}, {what}: minutes until the monitor is back, and answers each command of a minute", back_min, BACK_MIN)
    assert back_min <= BACK_MIN, (missed, world.lines[-20:])
    status = [entry["decoded"] for entry in told if entry["decoded"].get("type") == "status"]
    assert world.resets == 0 and status[-1]["state"] == "Not Connected"


@pytest.mark.long
@pytest.mark.parametrize("model", MODEMS)
def test_after_its_days_a_modem_is_restarted_at_a_calm_moment(monkeypatch, model):
    world = lived(monkeypatch, model, None, hours=26, config={"RADIO_RESET_DAYS": 1})
    restarts_s = [t_s for t_s, text in world.lines if text == "modem: restarted, as every 1 days"]
    assert len(restarts_s) == 1 and 86400 <= restarts_s[0] <= 86400 + 3600
    joins_s = [entry["t"] for entry in world.timeline if entry["kind"] == "join" and entry["accepted"]]
    assert len(joins_s) == 2 and joins_s[1] - restarts_s[0] < 120 and heard(world, joins_s[1])


@pytest.mark.parametrize("model", MODEMS)
def test_a_restart_of_the_modem_while_it_sends_is_named_in_the_report(monkeypatch, model):
    def dips_while_it_sends(modem):
        """Once, in the next frame."""
        begin = modem.mac.send

        def send(*arguments):
            sent = begin(*arguments)
            modem.kernel.after(100_000, modem.power_cycle)
            return sent

        modem.mac.send = send

    world = lived(monkeypatch, model, dips_while_it_sends, hours=2)
    crashes = [entry["decoded"] for entry in world.timeline if entry["kind"] == "uplink" and (entry["decoded"] or {}).get("part") == "crash"]
    assert [(crash["error"], crash["module"]) for crash in crashes] == [("BrownOut", "radio")] and world.resets == 0
    assert [text for _, text in world.lines if text.startswith("brown-out")] == ["brown-out: radio"]


def test_without_the_pin_the_board_resets_itself_for_a_modem_that_hangs(monkeypatch):
    world = lived(monkeypatch, "wio_e5", hangs, hours=3, has_reset=False)
    assert world.resets >= 1 and world.serial.resets == 0
