"""The whole firmware on each fake board, started by main.run(), with the simulated wallbox on its UART."""
import main
import pytest

from tests.support.fake_board_world import FakeBoardWorld

BOARDS = ("LoPy4", "esp32", "rp2")


@pytest.mark.parametrize("platform", BOARDS)
def test_it_joins_reads_the_box_tells_its_state_and_obeys(platform, monkeypatch, evidence):
    house = FakeBoardWorld(platform)
    house.at(40, house.plug)
    house.at(90, house.push, 1, b"\x01")
    assert house.run(monkeypatch, 130)
    assert (house.joins(), house.resets, house.board.lost) == (1, [], 0)
    told = [data.get("state") for port, data in house.uplinks() if port == 10]
    assert told[0] == "Not Connected" and "Connected and Locked" in told and told[-1] == "Disabled"
    (answer,) = [data for port, data in house.uplinks() if port == 11]
    assert (answer["state"], answer["result"]) == ("Lock Outlet ACK", "done")
    assert house.box.code == "E0"
    assert house.box.reads >= 50
    evidence("%s: the whole firmware on the fake board, answered reads of the simulated box in 130 s" % platform, house.box.reads, 50)
    assert house.modem is None or house.modem.violations == []


def test_every_board_with_a_radio_is_tried():
    assert {platform for platform in main.BOARDS if platform != "linux"} == set(BOARDS)


@pytest.mark.parametrize("platform, joins", [("LoPy4", 2), ("esp32", 1), ("rp2", 1)])
def test_after_a_reboot_by_command_it_goes_on_and_a_modem_beside_the_board_has_kept_the_session(platform, joins, monkeypatch):
    house = FakeBoardWorld(platform)
    house.at(60, house.send, {"command": "reboot", "id": 1})
    assert house.run(monkeypatch, 140)
    assert (house.resets, house.joins()) == (["machine.reset"], joins)
    told = [(port, data["state"]) for port, data in house.uplinks() if port in (10, 11)]
    assert told == [(10, "Not Connected"), (11, "Not Connected"), (10, "Not Connected")]


@pytest.mark.parametrize("platform, told", [("LoPy4", [("BrownOut", "board")]), ("esp32", [("BrownOut", "board")]), ("rp2", [])])
def test_a_board_whose_supply_gives_way_while_it_sends_names_it_in_its_report_where_it_can_know(platform, told, monkeypatch, capsys):
    house = FakeBoardWorld(platform)
    house.dip_in_frame(1)
    assert house.run(monkeypatch, 140)
    assert house.resets == ["brown-out"]
    crashes = [data for port, data in house.uplinks() if port == 12 and data["part"] == "crash"]
    assert [(crash["error"], crash["module"]) for crash in crashes] == told
    assert ("brown-out: board" in capsys.readouterr().out) is bool(told)
    assert [data["state"] for port, data in house.uplinks() if port == 10][-1] == "Not Connected"


@pytest.mark.parametrize("platform", BOARDS)
def test_a_wrong_setting_is_told_on_the_console_and_bus_and_air_stay_silent(platform, monkeypatch, capsys):
    house = FakeBoardWorld(platform, REGION="EU")
    assert not house.run(monkeypatch, 60)
    assert "settings: REGION is 'EU'" in capsys.readouterr().out
    assert (house.board.wire, house.joins(), house.box.reads) == ([], 0, 0)


def test_an_rp2_with_a_long_watchdog_is_told_so(monkeypatch, capsys):
    assert not FakeBoardWorld("rp2", WATCHDOG_S=60).run(monkeypatch, 60)
    assert "settings: WATCHDOG_S is 60, must be 5 to 8 seconds on this board" in capsys.readouterr().out


@pytest.mark.parametrize("panel", ["spontaneous", "master"])
@pytest.mark.parametrize("platform", BOARDS)
def test_records_that_take_their_time_cost_no_reading_and_no_peace_on_the_line(platform, panel, monkeypatch, evidence):
    house = FakeBoardWorld(platform, {"panel_frames": True, "panel": panel})
    house.at(40, house.plug)
    for number in range(20):
        house.at(60 + 9 * number, house.send, {"command": ("lock", "unlock")[number % 2], "id": number})
    assert house.run(monkeypatch, 300)
    answers = [data for port, data in house.uplinks() if port == 11]
    assert house.resets == [] and len(answers) >= 5 and {data["result"] for data in answers} <= {"done", "busy"}
    flash = getattr(house.board, "flash", None)
    asked = house.box.reads
    evidence("%s with a panel (%s): readings in 300 s of commands, records that take their time among them; collisions" % (platform, panel),
             "%d; %d" % (asked, len(house.line.collisions)), "130; 0")
    assert asked >= 130 and house.line.collisions == []
    assert flash is None or flash.writes > 30
