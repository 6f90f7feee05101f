"""What `make keys` wrote, and nothing else, on both sides: src/keys.py on the board, the file for import at the simulated network."""
import importlib.util
import json
import subprocess
import sys

import config
import hal.rak3172
import hal.wio_e5
import pytest
import sim.world
from sim import scenario
from sim.boards.pycom import LoPy4
from sim.boards.simulated_board import SimBoard
from sim.lorawan import registration
from sim.modems.at_modem import VirtualSerial
from sim.modems.rak3172 import Rak3172
from sim.modems.wio_e5 import WioE5
from sim.world import World
from tests.contract.adapters import load_lopy4
from tools.board import keys
from ttn.formatter import Formatter

MODEMS = {"wio_e5": (hal.wio_e5, WioE5), "rak3172": (hal.rak3172, Rak3172)}


class Registered:
    """A board's keys and its file for import, in a folder of its own."""

    def __init__(self, folder, *arguments):
        folder.mkdir()
        assert keys.main(["--to", str(folder / "keys.py"), *arguments]) == 0
        self.path = folder / "registration" / "modem" / "the-things-stack.json"
        spec = importlib.util.spec_from_file_location("keys_of_this_test", folder / "keys.py")
        self.keys = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.keys)


@pytest.fixture
def lived(monkeypatch):
    """lived(modem, keys, path): ten minutes of a world with those keys on its board, at a network that knows that file alone."""
    def live(modem, the_keys, path):
        driver, fake = MODEMS[modem]

        class BoardWithKeys(SimBoard):
            def __init__(self, world, *arguments):
                super().__init__(world, *arguments)
                self._world = world

            def open_radio(self, settings):
                self.radio = driver.Radio(VirtualSerial(fake(self._world.kernel, self._world.network)), settings, the_keys)
                self.radio.start(self.clock.now_ms, self.system.log)

        monkeypatch.setattr(sim.world, "SimBoard", BoardWithKeys)
        registered = registration.read(path)
        said = []
        made = World(scenario.complete({"duration_s": 600, "config": {"REGION": registered.region}}), network={"registered": registered},
                     on_log=lambda t_s, text: said.append(text.upper()))
        made.formatter = Formatter(script=registered.script)
        made.run(600)
        assert said and not any(part in line for part in registered.identity for line in said)
        return made

    return live


def joins(world):
    return [entry["accepted"] for entry in world.timeline if entry["kind"] == "join"]


@pytest.mark.evidence
def test_a_device_registered_by_the_file_of_make_keys_alone_joins_and_is_understood(lived, tmp_path, evidence):
    told = {}
    for modem in MODEMS:
        device = Registered(tmp_path / modem)
        world = lived(modem, device.keys, device.path)
        assert joins(world) == [True]
        first = next(entry for entry in world.timeline if entry["kind"] == "uplink" and entry["f_port"] == 10)
        assert first["decoded"]["state"] == "Not Connected"
        told[modem] = f"{first['t']:.0f} s"
    evidence("registered in the simulated network by the file of make keys alone: first decoded status with a Wio-E5, a RAK3172",
             ", ".join(told.values()), "joins at the first request")


def test_with_the_keys_of_another_file_it_never_joins(lived, tmp_path):
    mine, other = Registered(tmp_path / "mine"), Registered(tmp_path / "other")
    world = lived("wio_e5", mine.keys, other.path)
    assert joins(world) and not any(joins(world))


def test_a_device_registered_without_class_c_gets_its_downlinks_after_uplinks_only(lived, tmp_path):
    device = Registered(tmp_path / "a")
    text = json.loads(device.path.read_text())
    device.path.write_text(json.dumps(dict(text, supports_class_c=False)))
    world = lived("wio_e5", device.keys, device.path)
    assert joins(world) == [True] and world.network.session.klass == "A"


def test_a_lopy4_asks_to_join_with_what_its_file_says(tmp_path):
    device = Registered(tmp_path / "lopy4", "--board", "lopy4")
    fake = LoPy4()
    settings = config.Settings()
    board = load_lopy4(fake).open(settings, device.keys)
    board.open_radio(settings)
    assert board.radio.join(2)
    registered = registration.read(tmp_path / "lopy4" / "registration" / "lopy4" / "the-things-stack.json")
    assert fake.air.joins[0][2:] == tuple(map(bytes.fromhex, registered.identity))


@pytest.mark.parametrize("change, why", [
    ({"supports_join": False}, "without supports_join"),
    ({"lorawan_phy_version": "PHY_V1_0_2_REV_B"}, "do not belong together"),
    ({"frequency_plan_id": "KR_920_923_TTN"}, "no frequency plan"),
    ({"root_keys": {"app_key": {"key": "12"}}}, "32 hexadecimal digits"),
    ({"formatters": None}, "no end device"),
])
def test_a_file_that_the_stack_would_not_take_is_refused(tmp_path, change, why):
    device = Registered(tmp_path / "device")
    device.path.write_text(json.dumps(dict(json.loads(device.path.read_text()), **change)))
    said = subprocess.run([sys.executable, "-m", "sim", "modem", "--link", str(tmp_path / "modem"), "--registration", str(device.path)],
                          capture_output=True, text=True, timeout=30)
    assert said.returncode == 2 and why in said.stderr
