"""The files that register the device: whose they are, what they say, and when there are none yet."""
import io
import json
import pathlib
import stat
import sys
import types

import config
import pytest
from chirpstack_api import api
from google.protobuf import json_format
from tests.support import stack_judge
from tools.board import keys
from tools.network import boards, registration

MADE = types.SimpleNamespace(DEV_EUI="1" * 16, JOIN_EUI="2" * 16, APP_KEY="A" * 32)
FORMATTER_MOST_BYTES = 40960


def files(radio="modem", **settings):
    there = config.Settings(dict({"REGION": "EU868"}, **settings))
    return registration.files(radio, "wallbox", registration.identity(MADE), there, registration.plan_of(there, None))


def test_every_file_is_its_owners_alone_and_git_ignores_it(tmp_path):
    assert keys.main(["--to", str(tmp_path / "keys.py")]) == 0
    made = sorted((tmp_path / "registration").rglob("*.json"))
    assert len(made) == 4 * len(boards.VERSIONS)
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "registration").rglob("*") if path.is_dir()} == {0o700}
    assert (tmp_path / "registration" / ".gitignore").read_text() == "*\n"
    assert registration.OUT.relative_to(registration.ROOT).parts[0] + "/" in (registration.ROOT / ".gitignore").read_text().split()


def test_the_board_decides_the_version_and_only_its_files_are_written(tmp_path):
    keys.main(["--to", str(tmp_path / "keys.py"), "--board", "lopy4", "--device", "garage-left"])
    [path] = (tmp_path / "registration").rglob(registration.THE_THINGS_STACK)
    device = json.loads(path.read_text())
    assert (device["lorawan_version"], device["lorawan_phy_version"]) == ("MAC_V1_0_2", "PHY_V1_0_2_REV_B")
    assert device["ids"]["device_id"] == "garage-left"
    assert files()[registration.THE_THINGS_STACK]["lorawan_version"] == "MAC_V1_0_3"


def test_keys_of_another_site_go_by_the_settings_beside_them(tmp_path):
    (tmp_path / "local_config.py").write_text("REGION = 'EU868'\n")
    assert keys.main(["--to", str(tmp_path / "keys.py"), "--board", "lopy4"]) == 0
    [path] = (tmp_path / "registration").rglob(registration.THE_THINGS_STACK)
    assert json.loads(path.read_text())["frequency_plan_id"] == files()[registration.THE_THINGS_STACK]["frequency_plan_id"]


def test_the_stack_is_told_what_the_design_wants():
    device = files()[registration.THE_THINGS_STACK]
    assert device["mac_settings"] == {"status_time_periodicity": "0s", "status_count_periodicity": 0, "adr": {"disabled": {}}}
    assert (device["supports_join"], device["supports_class_c"], device["frequency_plan_id"]) == (True, True, "EU_863_870_TTN")
    formatters = device["formatters"]
    script = pathlib.Path(registration.FORMATTER).read_text()
    assert formatters["up_formatter_parameter"] == formatters["down_formatter_parameter"] == script
    assert len(script.encode()) <= FORMATTER_MOST_BYTES
    other = files(ADR=True, LORAWAN_CLASS="A")[registration.THE_THINGS_STACK]
    assert other["mac_settings"]["adr"] == {"dynamic": {}} and other["supports_class_c"] is False


@pytest.mark.parametrize("settings, plan, found", [
    ({"REGION": "AU915", "SUB_BAND": 2}, None, "AU_915_928_FSB_2"), ({"REGION": "US915", "SUB_BAND": 7}, None, "US_902_928_FSB_7"),
    ({"REGION": "EU868"}, None, "EU_863_870_TTN"), ({"REGION": "AS923"}, "AS_923_925", "AS_923_925"),
])
def test_region_and_sub_band_tell_the_plan(settings, plan, found):
    assert registration.plan_of(config.Settings(settings), plan) == found


@pytest.mark.parametrize("region, words", [("AS923", "PLAN=AS_920_923"), (None, "REGION is not chosen yet")])
def test_a_plan_that_nobody_can_know_is_asked_for(region, words):
    with pytest.raises(registration.Wrong, match=words):
        registration.plan_of(config.Settings({"REGION": region}), None)


def test_both_networks_own_types_know_every_field():
    for radio in boards.VERSIONS:
        for region in ("EU868", "AU915", "US915"):
            made = files(radio, REGION=region)
            stack_judge.parsed("EndDevice", made[registration.THE_THINGS_STACK])
            for name, request in ((registration.PROFILE, api.CreateDeviceProfileRequest), (registration.DEVICE, api.CreateDeviceRequest),
                                  (registration.KEYS, api.CreateDeviceKeysRequest)):
                json_format.ParseDict(made[name], request())


def test_at_chirpstack_the_appkey_of_lorawan_1_0_stands_in_nwkkey():
    made = files("lopy4")
    assert made[registration.KEYS] == {"deviceKeys": {"devEui": "1" * 16, "nwkKey": "a" * 32}}
    assert made[registration.DEVICE]["device"]["joinEui"] == "2" * 16
    profile = made[registration.PROFILE]["deviceProfile"]
    assert (profile["region"], profile["macVersion"], profile["regParamsRevision"]) == ("EU868", "LORAWAN_1_0_2", "B")
    assert profile["appLayerParams"] == {"ts003Version": "TS003_V100", "ts003FPort": 202} and profile["deviceStatusReqInterval"] == 0


def test_the_boards_own_dev_eui_is_asked_for_and_without_it_there_are_no_files_yet(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("70-b3-D5:49" + "00000001\n"))
    assert keys.main(["--to", str(tmp_path / "keys.py"), "--own-dev-eui", "--board", "lopy4"]) == 0
    made = json.loads((tmp_path / "registration" / "lopy4" / registration.THE_THINGS_STACK).read_text())
    assert made["ids"]["dev_eui"] == "70B3D549" + "00000001"

    for typed in ("\n", "12\n"):
        path = tmp_path / f"{len(typed)}" / "keys.py"
        path.parent.mkdir()
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        assert keys.main(["--to", str(path), "--own-dev-eui"]) == 0
        assert path.exists() and not (path.parent / "registration").exists()
        assert "No files for the registration yet" in capsys.readouterr().out


def test_make_registration_writes_the_files_again_from_the_keys_there_are(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "keys", MADE)
    monkeypatch.setattr(config, "REGION", "EU868")
    assert registration.main(["--board", "esp32", "--out", str(tmp_path)]) == 0
    assert json.loads((tmp_path / "modem" / registration.THE_THINGS_STACK).read_text())["root_keys"]["app_key"]["key"] == MADE.APP_KEY
    assert MADE.APP_KEY not in capsys.readouterr().out


def test_without_keys_make_registration_says_so(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "keys", None)
    assert registration.main([]) == 2
    assert capsys.readouterr().err == "make registration: there are no keys yet. Type  make keys\n"


@pytest.mark.parametrize("arguments, words", [
    (["--plan", "AS 923"], "is no frequency plan"), (["--device", "My Box"], "is no id of The Things Stack"),
    (["--board", "lopy5"], "invalid choice")])
def test_a_wrong_argument_is_one_line_and_no_key_is_made(arguments, words, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        keys.main(["--to", str(tmp_path / "keys.py"), *arguments])
    said = capsys.readouterr().err
    assert ended.value.code == 2 and words in said and said.count("\n") == 1 and not list(tmp_path.iterdir())
