"""make bridge NETWORK=chirpstack: the file it writes, and refusals. With real mosquittos: tests/home/test_chirpstack_chain.py."""
import os
import stat
import subprocess
import sys

import pytest
from home import bridge, chirpstack_bridge
from sim.lorawan import network_kinds
from sim.mqtt.network_dialects import IDS

APPLICATION, DEV_EUI = IDS[network_kinds.CHIRPSTACK]
NAME = f"chirpstack-{DEV_EUI}.conf"
PREFIX = f"application/{APPLICATION}/device/{DEV_EUI}"


@pytest.fixture
def make(tmp_path, capsys, monkeypatch):
    """make(*arguments) runs the tool; (exit status, the file's lines without comments, what it said)."""
    monkeypatch.setattr(bridge.name_lookup, "addresses", lambda name: ["192.0.2.1"])

    def run(*arguments):
        status = chirpstack_bridge.main(["--app", APPLICATION, "--device", DEV_EUI, "--cluster", "gateway", "--out", str(tmp_path), *arguments])
        path = tmp_path / NAME
        lines = [line for line in path.read_text().splitlines() if line and line[0] != "#"] if path.exists() else []
        return status, lines, "".join(capsys.readouterr())
    return run


def test_events_come_in_commands_go_out_and_nothing_waits(make, tmp_path):
    status, lines, said = make()
    assert status == 0 and f"connection chirpstack-{DEV_EUI}" in lines and "address gateway:1883" in lines
    assert [line for line in lines if line.startswith("topic")] == [
        f"topic event/# in 0 {PREFIX}/ {PREFIX}/", f"topic command/down out 0 {PREFIX}/ {PREFIX}/"]
    assert {"cleansession true", "bridge_outgoing_retain false", f"notification_topic chirpstack-bridge/{DEV_EUI}/home-assistant"} <= set(lines)
    assert not any("remote_password" in line for line in lines) and NAME in said
    assert stat.S_IMODE(os.stat(tmp_path / NAME).st_mode) == 0o600


def test_with_authorities_the_line_has_tls_and_a_password_its_place(make, tmp_path):
    (tmp_path / "key").write_text("secret\n")
    _, lines, said = make("--ca", "/etc/ours.pem", "--user", "house", "--key-file", str(tmp_path / "key"))
    assert {"address gateway:8883", "bridge_cafile /etc/ours.pem", "remote_username house", "remote_password secret"} <= set(lines)
    assert "secret" not in said


@pytest.mark.parametrize("arguments, words", [
    (["--app", "my-app"], "is no application of ChirpStack"), (["--device", "wallbox"], "is no DevEUI"),
    (["--user", "house"], "go together"), (["--user", "house", "--key-file", "key"], "would cross the network"),
    (["--user", "house", "--ca", "x", "--key-file", "/nowhere/key"], "no password")])
def test_what_cannot_be_used_is_one_line_and_no_file(make, arguments, words):
    status, lines, said = make(*arguments)
    assert (status, lines) == (2, []) and words in said and said.count("\n") == 1


def test_a_name_with_several_addresses_is_told_here_as_well(make, monkeypatch):
    assert "addresses now" not in make()[2]
    monkeypatch.setattr(bridge.name_lookup, "addresses", lambda name: ["192.0.2.1", "2001:db8::1"])
    assert "gateway has 2 addresses now: 192.0.2.1, 2001:db8::1." in make()[2]


@pytest.mark.parametrize("text", ["", "secret\nlistener 1883"])
def test_a_password_file_with_none_or_more_than_a_line_is_refused(make, text, tmp_path):
    (tmp_path / "key").write_text(text)
    status, lines, said = make("--user", "house", "--ca", "x", "--key-file", str(tmp_path / "key"))
    assert (status, lines) == (2, []) and "one line, no more" in said and said.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--guard"], ["--for", "home-manager"], ["--cluster", "gateway:99999"]])
def test_an_argument_that_means_nothing_here_is_one_line(make, arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        make(*arguments)
    assert ended.value.code == 2 and capsys.readouterr().err.count("\n") == 1


def test_what_is_missing_is_named_with_what_to_type(capsys):
    with pytest.raises(SystemExit):
        chirpstack_bridge.main([])
    assert "APP, DEV, CLUSTER missing" in capsys.readouterr().err


def test_what_was_written_goes_again(make, tmp_path):
    make()
    assert make("--remove")[0] == 0 and not (tmp_path / NAME).exists()


def test_it_needs_nothing_but_python():
    command = "import sys; sys.path.insert(0, '.'); from home import chirpstack_bridge"
    found = subprocess.run([sys.executable, "-S", "-c", command], cwd=bridge.ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
