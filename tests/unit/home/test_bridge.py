"""make bridge: the files it writes, sources of the key, and refusals. With a real mosquitto: tests/home/."""
import io
import os
import stat
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from home import bridge, mosquitto_listener

KEY = "NNSXS.TESTKEYOFNOBODY.ONLYFORTHISTEST"
ARGUMENTS = ["--app", "ev-charger", "--device", "wallbox", "--cluster", "eu1"]


@pytest.fixture
def make(tmp_path, monkeypatch, capsys):
    """make(*arguments) runs the tool with the key in its environment; (exit status, files by name, what it said)."""
    monkeypatch.setenv(bridge.KEY_VARIABLE, KEY)
    monkeypatch.setattr(bridge.name_lookup, "addresses", lambda name: ["192.0.2.1"])

    def run(*arguments):
        status = bridge.main([*ARGUMENTS, "--out", str(tmp_path), *arguments])
        return status, {path.name: path.read_text() for path in tmp_path.iterdir()}, "".join(capsys.readouterr())

    return run


def directives(text):
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def test_the_key_is_in_a_file_of_its_own_that_only_its_owner_reads(make, tmp_path):
    status, files, said = make()
    assert status == 0 and sorted(files) == ["ttn-listener.conf", "ttn-wallbox.conf"]
    assert KEY in files["ttn-wallbox.conf"] and KEY not in files["ttn-listener.conf"] + said
    assert stat.S_IMODE(os.stat(tmp_path / "ttn-wallbox.conf").st_mode) == 0o600


@pytest.mark.parametrize(
    "arguments, lines",
    [
        ([], ["address eu1.cloud.thethings.network:8883", "remote_username ev-charger@ttn", "bridge_cafile /etc/ssl/certs/ca-certificates.crt"]),
        (["--tenant", ""], ["remote_username ev-charger"]),
        (["--cluster", "stack.example.org", "--tenant", "mine"], ["address stack.example.org:8883", "remote_username ev-charger@mine"]),
        (["--cluster", "localhost:1884", "--plain"], ["address localhost:1884"]),
        (["--ca", "/etc/ours.pem"], ["bridge_cafile /etc/ours.pem"]),
        (["--for", "home-manager"], ["topic up in 0 ttn/ev-charger/ v3/ev-charger@ttn/devices/wallbox/",
                                     "topic push out 0 ttn/ev-charger/down/ v3/ev-charger@ttn/devices/wallbox/down/"]),
        (["--guard"], ["topic up in 0 ttn-guard/ev-charger/ v3/ev-charger@ttn/devices/wallbox/",
                       "topic up in 0 v3/ev-charger@ttn/devices/wallbox/ v3/ev-charger@ttn/devices/wallbox/"]),
    ],
)
def test_each_argument_is_found_in_the_file(make, arguments, lines):
    text = make(*arguments)[1]["ttn-wallbox.conf"]
    assert [line for line in lines if line not in directives(text)] == []
    assert ("bridge_cafile" in text) == ("--plain" not in arguments)


@pytest.mark.parametrize("consumer, connections", [("home-manager", 1), ("home-assistant", 1), ("both", 2)])
def test_each_consumer_has_a_connection_of_its_own_without_wildcards_or_a_name_of_another(make, consumer, connections):
    lines = directives(make("--for", consumer)[1]["ttn-wallbox.conf"])
    for word in ("connection", "remote_clientid", "notification_topic"):
        values = [line for line in lines if line.startswith(word + " ")]
        assert len(values) == connections == len(set(values))
    topics = [line for line in lines if line.startswith("topic ")]
    assert not any(sign in line for line in topics for sign in "#+")
    assert {line.split()[3] for line in topics} == {"0"}


@pytest.mark.parametrize("consumer", ["home-manager", "both"])
@pytest.mark.parametrize("how", ["argument", "config"])
def test_home_manager_with_a_modem_that_acknowledges_by_itself_needs_the_guard(make, monkeypatch, tmp_path, consumer, how):
    config = tmp_path.parent / "config_of_a_rak3172.py"
    config.write_text("RADIO_MODEM = 'rak3172'  # on USB\n")
    arguments = ["--for", consumer]
    if how == "argument":
        arguments += ["--modem", "rak3172"]
    else:
        monkeypatch.setattr(bridge.modem_of, "__defaults__", ((config,),))
    status, files, said = make(*arguments)
    assert (status, files) == (2, {}) and "GUARD=1" in said and "FOR=home-assistant" in said
    assert make(*arguments, "--guard")[0] == 0
    assert make("--modem", "wio_e5", "--for", consumer)[0] == 0


def test_a_guard_that_has_nothing_to_do_is_no_guard(make):
    status, files, said = make("--for", "home-assistant", "--guard")
    assert (status, files) == (2, {}) and said == \
        "make bridge: GUARD=1 stands before Home Manager, which FOR=home-assistant leaves out: leave one of the two out\n"


def test_a_name_with_several_addresses_is_told(make, monkeypatch):
    assert "addresses now" not in make()[2]
    monkeypatch.setattr(bridge.name_lookup, "addresses", lambda name: ["192.0.2.1", "2001:db8::1"])
    said = make()[2]
    assert "eu1.cloud.thethings.network has 2 addresses now: 192.0.2.1, 2001:db8::1. mosquitto tries the first that it is told, and no other." in said
    assert "/etc/hosts" in said


def test_without_home_manager_any_modem_is_good(make):
    assert make("--modem", "rak3172", "--for", "home-assistant")[0] == 0


def test_the_modem_is_that_of_the_configuration_as_shipped(tmp_path):
    assert bridge.modem_of(bridge.CONFIGS[1:]) == "wio_e5"
    for text in (b"", b"RADIO_MODEM = choose()\n", b"\xff\xfe", b"x ="):
        (tmp_path / "config.py").write_bytes(text)
        assert bridge.modem_of([tmp_path / "config.py"]) is None
    (tmp_path / "local_config.py").write_text("RADIO_MODEM = 'rak3172'\n")
    assert bridge.modem_of([tmp_path / "local_config.py", bridge.CONFIGS[1]]) == "rak3172"
    assert bridge.modem_of([tmp_path / "none.py", bridge.CONFIGS[1]]) == "wio_e5"


def test_only_this_machine_is_let_in_without_a_password(make):
    access = ["allow_anonymous false", f"password_file {mosquitto_listener.PASSWORDS}", f"acl_file {mosquitto_listener.RIGHTS_THERE}"]
    tls = [f"certfile {mosquitto_listener.CERTIFICATE}", f"keyfile {mosquitto_listener.CERTIFICATE_KEY}"]
    local = "listener 1883 127.0.0.1"
    for arguments, wanted in ((["127.0.0.1"], ["allow_anonymous true", local]),
                              (["0.0.0.0"], [*access, local, "listener 8883 0.0.0.0", *tls]),
                              (["192.168.1.5:1884"], [*access, local, "listener 1884 192.168.1.5", *tls]),
                              (["0.0.0.0", "--no-tls"], [*access, "listener 1883 0.0.0.0"])):
        _, files, said = make("--listen", *arguments)
        assert directives(files["ttn-listener.conf"]) == wanted
        is_house = arguments != ["127.0.0.1"]
        assert ("mosquitto_passwd" in said) == (mosquitto_listener.RIGHTS in files) == is_house
        assert ("openssl" in said) == (tls[0] in wanted)


def test_no_password_stands_on_a_command_line_that_is_printed(make):
    for listen in ("127.0.0.1", "0.0.0.0", "none"):
        said = make("--listen", listen)[2]
        commands = [line for line in said.splitlines() if line.startswith("  ") and not line.startswith("  (")]
        assert commands and not any(" -P" in line or "--pw" in line or "password=" in line for line in commands)


def test_a_file_of_rights_goes_when_the_house_is_no_longer_let_in(make):
    assert mosquitto_listener.RIGHTS in make("--listen", "0.0.0.0")[1]
    assert mosquitto_listener.RIGHTS not in make()[1]
    make("--listen", "0.0.0.0")
    assert make("--remove")[1] == {}


def test_a_broker_with_a_listener_of_its_own_gets_none(make, tmp_path):
    make()
    status, files, said = make("--listen", "none")
    assert status == 0 and sorted(files) == ["ttn-wallbox.conf"] and "ttn-listener" not in said


def test_made_again_it_is_replaced_and_removed_it_is_gone(make, tmp_path):
    make("--for", "both")
    assert "home-assistant" not in make("--for", "home-manager")[1]["ttn-wallbox.conf"]
    (tmp_path / "mine.conf").write_text("listener 1885 127.0.0.1\n")
    assert make("--remove")[1] == {"mine.conf": "listener 1885 127.0.0.1\n"}


def test_a_file_of_another_hand_is_left_alone(make, tmp_path):
    (tmp_path / "ttn-wallbox.conf").write_text("connection mine\n")
    status, files, said = make()
    assert status == 2 and files == {"ttn-wallbox.conf": "connection mine\n"} and "move it away" in said


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--app", "EV_Charger"], "no id of The Things Stack"),
        (["--device", "a/b"], "no id of The Things Stack"),
        (["--cluster", "mars"], "eu1, nam1, au1"),
        (["--cluster", "x.org:99999"], "HOST:PORT"),
        (["--listen", "everywhere"], "127.0.0.1"),
        (["--listen", "127.0.0.1:99999"], "'99999' is no port"),
        (["--listen", "127.0.0.1:"], "'' is no port"),
        (["--app", "My App"], "'My App' is no id of The Things Stack"),
        (["--plain"], "for all to read"),
        (["--no-tls"], "TLS=0 is for a LISTEN= of the house"),
        (["--listen", "0.0.0.0:1883"], "port 1883 is this machine's own"),
        (["--for", "alexa"], "home-manager"),
    ],
)
def test_what_cannot_work_is_refused_with_what_to_give(make, capsys, arguments, words):
    with pytest.raises(SystemExit) as stopped:
        make(*arguments)
    said = capsys.readouterr().err
    assert stopped.value.code == 2 and words in said and said.count("\n") == 1


def test_the_key_comes_from_a_file_the_environment_or_a_pipe_and_never_from_an_argument(tmp_path):
    file = tmp_path / "key"
    file.write_text(KEY + "\n")
    assert bridge.read_key(file, {}) == bridge.read_key(None, {bridge.KEY_VARIABLE: KEY}) == bridge.read_key(None, {}, io.StringIO(KEY + "\n")) == KEY
    assert not any("key" in option and option != "--key-file" for action in bridge.parser()._actions for option in action.option_strings)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_key_in_a_file_of_any_editor_is_found(tmp_path, encoding):
    file = tmp_path / "key.txt"
    file.write_bytes((KEY + "\r\n").encode(encoding))
    assert bridge.read_key(file, {}) == KEY


def test_a_mark_before_a_key_that_is_piped_in_is_no_part_of_it():
    assert bridge.read_key(None, {}, io.StringIO("\ufeff" + KEY + "\r\n")) == KEY


@pytest.mark.parametrize("data", [b"\xff\xfeN", b"NNSXS\xe4.A.B", b"\x00\x01", b"", KEY.encode("utf-16-le")])
def test_a_file_that_holds_no_key_is_named_or_said_to_be_none(tmp_path, data):
    (tmp_path / "key.txt").write_bytes(data)
    with pytest.raises(bridge.Wrong):
        bridge.read_key(tmp_path / "key.txt", {})
    with pytest.raises(bridge.Wrong):
        bridge.read_key(None, {}, io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))


def test_at_a_terminal_the_key_is_asked_for_without_echo(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(bridge.getpass, "getpass", lambda words: KEY)
    assert bridge.read_key(None, {}, Terminal()) == KEY


def test_it_needs_nothing_but_python(tmp_path):
    # -S: without the packages of .venv, as on a machine where nothing was set up.
    command = [sys.executable, "-S", "-m", "home.bridge", *ARGUMENTS, "--out", str(tmp_path)]
    made = subprocess.run(command, cwd=bridge.ROOT, input=KEY, capture_output=True, text=True)
    assert made.returncode == 0 and (tmp_path / "ttn-wallbox.conf").exists(), made.stderr


@given(st.text(max_size=80).filter(lambda text: not text.strip().startswith("NNSXS.")))
def test_what_is_no_key_is_refused_without_being_shown(text):
    with pytest.raises(bridge.Wrong) as refused:
        bridge.read_key(None, {bridge.KEY_VARIABLE: text or " "}, io.StringIO())
    assert not text.strip() or len(text.strip()) < 4 or text.strip() not in refused.value.args[0]
