"""python -m home: its commands, what they say, and with which status they end."""
import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.house import StoredHouse, given, month
from tests.support.stores import store
from home.__main__ import main

ROOT = Path(__file__).resolve().parents[3]
TOML = """
[[network]]
name = "ttn"
host = "127.0.0.1"
port = 9
tls = false
application = "ev-charger"
[[device]]
id = "wallbox"
name = "Garage"
timezone = "Europe/Berlin"
[[tariff]]
part = "energy"
price_kwh = 0.30
[web]
listen = "127.0.0.1:0"
"""


@pytest.fixture
def home(tmp_path, capsys):
    """home(arguments): (status, what it said, what it complained of), on a store with a month in it, of which one record is missing."""
    (tmp_path / "home.toml").write_text(TOML)
    with store(tmp_path / "home.db") as engine:
        month(StoredHouse(engine, given()), lost=(7,))

    def run(*arguments):
        status = main([*arguments, "--config", str(tmp_path / "home.toml")])
        return (status, *capsys.readouterr())

    return run


def test_sessions_are_exported_as_csv_and_json(home):
    status, said, complained = home("export", "sessions", "--format", "csv", "--from", "2026-10-06", "--to", "2026-10-09")
    assert (status, complained) == (0, "")
    assert [(row["number"], row["last_missing"], row["cost"]) for row in csv.DictReader(io.StringIO(said, newline=""))] == [
        ("5", "", "4.2"), ("6", "", "4.2"), ("7", "7", ""), ("8", "", "4.2")]
    found = json.loads(home("export", "sessions", "--format", "json", "--device", "wallbox", "--price", "0.5")[1])
    assert len(found) == 30 and found[0]["cost"] == 7.0 and found[7] == {"gap": [7, 7]}


def test_months_are_exported(home):
    (row,) = csv.DictReader(io.StringIO(home("export", "months")[1], newline=""))
    assert (row["month"], row["sessions"], row["missing"], row["energy_kwh"]) == ("2026-10", "29", "1", "406.0")


def test_a_vehicle_is_named_and_forgotten(home):
    assert home("vehicle", "5", "Ioniq") == (0, "session 5 of Garage: Ioniq\n", "")
    assert len(json.loads(home("export", "sessions", "--format", "json", "--vehicle", "Ioniq")[1])) == 2
    assert home("forget", "Ioniq") == (
        0, "sessions deleted: 1. Messages that tell of them are deleted when they are 90 days old; older backups keep both\n", "")
    assert home("forget", "Ioniq")[::2] == (2, "home: there is no session of 'Ioniq'\n")


def test_a_day_is_left_out_of_the_standing_orders_and_counts_again(home):
    assert home("skip", "2099-12-24") == (0, "Garage: the standing orders do not count on 2099-12-24\n", "")
    assert home("skip", "2099-12-24", "--undo") == (0, "Garage: the standing orders count again on 2099-12-24\n", "")
    assert home("skip", "2020-12-24") == (2, "", "home: 2020-12-24 is over\n")


def test_a_meter_is_noted_in_local_time(home):
    assert home("meter", "1000", "--at", "2026-10-01T00:00") == (0, "Garage: the meter stands at 1000 kWh at 2026-10-01T00:00:00+02:00\n", "")
    assert home("meter", "1071,4", "--at", "2026-10-05T22:00Z") == (0, "Garage: the meter stands at 1071.4 kWh at 2026-10-06T00:00:00+02:00\n", "")
    assert json.loads(home("export", "sessions", "--format", "json")[1])[3]["meter_factor"] == 1.02


def test_a_meter_s_figure_replaces_that_of_the_same_minute(home):
    for kwh in ("10000", "1000"):
        assert home("meter", kwh, "--at", "2026-10-01T00:00:31")[0] == 0
    (found,) = {row["meter_before_kwh"] for row in json.loads(home("export", "sessions", "--format", "json")[1]) if "gap" not in row}
    assert found == 1000.0


@pytest.mark.parametrize("arguments, words", [
    (("nan",), "argument KWH: 'nan' is no figure of a meter in kWh, as 12345.6"), (("-5.0",), "is no figure"), (("1e300",), "is no figure"),
    (("5", "--at", "yesterday"), "argument --at: 'yesterday' is no time, as 2026-01-31T07:30"),
])
def test_what_no_meter_says_is_named(capsys, arguments, words):
    with pytest.raises(SystemExit) as ended:
        main(["meter", *arguments])
    assert ended.value.code == 2 and words in capsys.readouterr().err


def test_a_name_of_a_vehicle_that_is_too_long_is_named(capsys):
    with pytest.raises(SystemExit):
        main(["vehicle", "5", 81 * "x"])
    assert "is no name: at most 80 characters" in capsys.readouterr().err


@pytest.mark.parametrize("at", ["2099-01-01T00:00", "0001-01-01T00:00", "9999-12-31T23:59"])
def test_a_meter_was_not_read_in_the_future_nor_before_there_were_any(home, at):
    assert home("meter", "5", "--at", at) == (2, "", f"home: --at: {at} is to come, or too long ago\n")


def test_a_backup_is_written_and_not_restored_over_a_full_store(home, tmp_path):
    status, said, _complained = home("backup", str(tmp_path / "b"))
    assert status == 0 and said.endswith(f"rows written to {tmp_path}/b\n")
    status, _said, complained = home("restore", str(tmp_path / "b"))
    assert status == 1 and complained.startswith("home: the store is not empty")
    status, _said, complained = home("restore", str(tmp_path / "nowhere"))
    assert status == 2 and "No such file" in complained
    assert home("backup", str(tmp_path))[::2] == (2, f"home: {tmp_path} is a folder: a name for a file is needed\n")
    (tmp_path / "home.db").unlink()
    assert home("restore", str(tmp_path / "b"))[0] == 0
    assert len(json.loads(home("export", "sessions", "--format", "json")[1])) == 30


@pytest.mark.parametrize("arguments, words", [
    (("export", "sessions", "--device", "nobody"), "--device: there is no 'nobody'; there are Garage"),
    (("vehicle", "99", "Zoe"), "there is no session 99"), (("vehicle", "9" * 30, "Zoe"), f"there is no session {'9' * 30}"),
    (("export", "sessions", "--vehicle", "Zeo"), "--vehicle: no session is of 'Zeo'; there are Zoe"),
    (("export", "months", "--from", "2026-10-09", "--to", "2026-10-01"), "--to is before --from"),
])
def test_what_is_not_there_is_named(home, arguments, words):
    status, said, complained = home(*arguments)
    assert (status, said) == (2, "") and complained == f"home: {words}\n"


@pytest.mark.parametrize("arguments", [("export", "sessions", "--from", "yesterday"), ("export", "sessions", "--price", "free"), ("export",), ()])
def test_arguments_that_are_wrong_end_with_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert ended.value.code == 2 and capsys.readouterr().err


def test_every_wrong_setting_has_a_line_of_its_own(tmp_path, capsys):
    (tmp_path / "home.toml").write_text("[store]\nraw_days = 0\n[webb]\n")
    assert main(["run", "--config", str(tmp_path / "home.toml")]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "home: store.raw_days: must be a whole number from 1 to 36500", "home: webb: there is no such setting: did you mean 'web'?",
        "home: network: at least one [[network]] is needed", "home: device: at least one [[device]] is needed"]


def test_a_service_of_which_a_thread_broke_ends_so_that_it_is_started_again(tmp_path):
    (tmp_path / "home.toml").write_text(TOML)
    program = f"""if True:
        import sys
        from home import inbox
        from home.__main__ import main
        def broken(self):
            raise LookupError("what nobody foresaw")
        inbox.Inbox._run = broken
        sys.exit(main(["run", "--config", {str(tmp_path / "home.toml")!r}]))
    """
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "home: ended, for inbox broke: what nobody foresaw" in done.stderr


def test_the_messages_are_tried_and_no_address_is_shown(home, tmp_path, monkeypatch):
    from home.notify import courier
    urls = {"ntfy://secret-one": courier.DELIVERED, "json://secret-two@127.0.0.1": courier.NOT_DELIVERED, "nonsense://secret-three": courier.UNKNOWN}
    monkeypatch.setattr(courier.Courier, "deliver", lambda self, url, title, text: urls[url])
    assert home("notify", "--test") == (2, "", "home: notify.urls is empty: there is no address to send to\n")
    (tmp_path / "home.toml").write_text(f"{TOML}[notify]\nurls = {json.dumps(list(urls))}\n")
    assert home("notify", "--test") == (
        1, "address 1 (ntfy): delivered\naddress 2 (json): not delivered\naddress 3 (nonsense): no address that apprise knows\n",
        "home: not every address has the test message\n")
    (tmp_path / "home.toml").write_text(f'{TOML}[notify]\nurls = ["ntfy://secret-one"]\n')
    assert home("notify", "--test") == (0, "address 1 (ntfy): delivered\n", "")


def test_a_time_zone_that_is_probably_a_mistake_is_told_and_taken(home, tmp_path):
    path = tmp_path / "home.toml"
    path.write_text(TOML.replace("Europe/Berlin", "UTC+10"))
    status, _, complained = home("export", "sessions")
    assert status == 0 and complained.startswith("device wallbox, timezone: UTC+10 lies ten hours west of Greenwich")
    path.write_text(TOML.replace("Europe/Berlin", "CET-1CEST"))
    status, _, complained = home("export", "sessions")
    assert status != 0 and "America's dates count" in complained and "CET-1CEST,M3.5.0,M10.5.0/3" in complained
