"""A real mosquitto with the listener and the rights of make bridge: who reads, who presses, and that TLS is asked for."""
import os
import ssl
import subprocess
import sys

import paho.mqtt.client as paho
import pytest
from home import discovery, mosquitto_listener
from home.home_assistant import HouseBroker

from tests.home.brokers import APP, DEVICE, HOST, ROOT, THERE, HomeBroker, Stack, free_port, running
from tests.home.client import client, until
from tests.home.programs import program
from tests.home.test_bridge import HM_PUSH, HM_UP, UP
from tests.support.house import StoredHouse, given
from tests.support.stores import store

# Where nothing is sent and nobody listens: the test puts loopback in its place.
SOMEWHERE = "192.0.2.1"
USERS = ("home", "home-manager", "look", "guard")


def password(user):
    return f"of-{user}"


def certificate(key, to):
    """One for this machine, which signs itself."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=house", "-addext", f"subjectAltName=IP:{HOST}", "-keyout", key, "-out", to], check=True, capture_output=True)


class HouseWithRights(HomeBroker):
    """The files as make bridge wrote them for LISTEN=192.0.2.1, with the places of this test instead of /etc/mosquitto and of that address."""

    def __init__(self, folder, cluster, *arguments):
        super().__init__(folder, cluster, *arguments)
        self.tls_port = free_port()
        (folder / "certs").mkdir()
        self.certificate = folder / "certs" / "ttn.crt"
        certificate(folder / "certs" / "ttn.key", self.certificate)
        passwords = folder / "ttn.passwd"
        for number, user in enumerate(USERS):
            flags = ["-b", "-c"] if number == 0 else ["-b"]
            subprocess.run([program("mosquitto_passwd"), *flags, passwords, user, password(user)], check=True, capture_output=True)
        rights = self.files / mosquitto_listener.RIGHTS
        rights.rename(folder / mosquitto_listener.RIGHTS)
        listener = self.files / mosquitto_listener.LISTENER
        text = listener.read_text().replace(mosquitto_listener.THERE, str(folder))
        text = text.replace("listener 1883 127.0.0.1", f"listener {self.port} {HOST}")
        listener.write_text(text.replace(f"listener {mosquitto_listener.TLS_PORT} {SOMEWHERE}", f"listener {self.tls_port} {HOST}"))


@pytest.fixture
def house(tmp_path):
    """(stack, home) with the bridge up and the rights in force."""
    stack = Stack(tmp_path / "stack")
    home = HouseWithRights(tmp_path / "home", f"{HOST}:{stack.port}", "--for", "both", "--guard", "--listen", SOMEWHERE)
    with running(stack, home):
        home.wait_for_bridge(stack)
        yield stack, home


def refused(port, user, secret, tls=None):
    """Whether the broker refuses that login."""
    seen = []
    one = paho.Client(paho.CallbackAPIVersion.VERSION2)
    if user:
        one.username_pw_set(user, secret)
    if tls:
        one.tls_set_context(tls)
    one.on_connect = lambda client, userdata, flags, reason, properties: seen.append(reason.is_failure)
    one.connect(HOST, port)
    one.loop_start()
    until(lambda: seen)
    one.disconnect()
    one.loop_stop()
    return seen[0]


def as_user(home, user, *topics):
    return client(home.port, *topics, user=user, password=password(user))


def test_each_user_presses_or_reads_what_is_his_and_nothing_else(house, evidence):
    stack, home = house
    tried = []
    push, said_up = THERE + "down/push", THERE + "up"
    with client(stack.network_port, "#") as network, as_user(home, "home", "v3/#", "ttn/#") as assistant, \
            as_user(home, "look", "#") as guest, as_user(home, "home-manager", "#") as manager, as_user(home, "guard", "#") as guard:
        for user, one in (("home", assistant), ("look", guest), ("home-manager", manager), ("guard", guard)):
            for topic in (push, HM_PUSH, said_up, HM_UP, "ttn-guard/ev-charger/up", f"ttn-bridge/{DEVICE}/home-assistant"):
                one.publish(topic, f"{user} {topic}".encode())
                tried.append((user, topic))
        network.publish(said_up, UP)
        guest.wait_for(said_up, UP)
        assistant.wait_for(said_up, UP)
        until(lambda: len(network.payloads(push)) >= 3, lambda: network.heard)
        arrived = {payload.decode() for payload in network.payloads(push)}
        presses = {("home", push), ("home-manager", HM_PUSH), ("guard", HM_PUSH)}
        heard = {payload for one in (network, assistant, guest, manager, guard) for _, payload, _ in one.heard}
        wrong = {each for each in tried if " ".join(each).encode() in heard} - presses - {("guard", HM_UP)}
        evidence("publications of four users on six topics of the house's broker that had an effect which the user has no right to",
                 len(wrong), f"0 of {len(tried)}")
        assert wrong == set() and arrived == {" ".join(each) for each in presses}
        assert assistant.payloads(said_up) == guest.payloads(said_up) == [UP]
        assert manager.payloads(HM_UP) == [f"guard {HM_UP}".encode()] and manager.payloads(said_up) == []
        assert guest.payloads(push) == guest.payloads(HM_PUSH) == []


def test_without_a_password_or_with_a_wrong_one_nobody_gets_in(house):
    _, home = house
    assert [refused(home.port, *login) for login in ((None, None), ("home", "guess"), ("nobody", "of-home"))] == [True, True, True]
    assert not refused(home.port, "look", password("look"))


def test_what_leaves_the_machine_is_encrypted_and_its_certificate_is_checked(house):
    _, home = house
    assert not refused(home.tls_port, "home", password("home"), ssl.create_default_context(cafile=home.certificate))
    with pytest.raises(ssl.SSLError):
        refused(home.tls_port, "home", password("home"), ssl.create_default_context())


def test_our_programs_come_in_by_tls_from_another_machine(house, monkeypatch, tmp_path, capsys):
    _, home = house
    monkeypatch.setenv("MQTT_PASSWORD", password("home"))
    there = ["--broker", f"{HOST}:{home.tls_port}", "--user", "home"]
    publish = ["publish", "--app", "my-app", "--device", "wallbox", *there]
    assert discovery.main([*publish, "--authorities", str(home.certificate)]) == 0
    assert "entities of wallbox published" in capsys.readouterr().out
    stranger = tmp_path / "stranger.crt"
    certificate(tmp_path / "stranger.key", stranger)
    assert discovery.main([*publish, "--authorities", str(stranger)]) == 2
    said = capsys.readouterr().err
    assert "does not prove who it is by CA=" in said and said.count("\n") == 1

    monkeypatch.setenv("MQTT_PASSWORD", password("guard"))
    command = [sys.executable, "-m", "home.guard", "--app", APP, "--host", HOST, "--port", str(home.tls_port), "--user", "guard",
               "--authorities", str(home.certificate)]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "connected\n"
        process.terminate()

    (tmp_path / "secret").write_text(password("home"))
    (tmp_path / "secret").chmod(0o600)
    up = []
    with store() as engine:
        its = StoredHouse(engine, given(house_mqtt={"host": HOST, "port": home.tls_port, "user": "home", "password_file": str(tmp_path / "secret"),
                                                    "ca_file": str(home.certificate)}))
        line = HouseBroker(its, lambda is_up, sentence: up.append((is_up, sentence)))
        line.start()
        try:
            until(lambda: up and up[-1][0], lambda: up)
        finally:
            line.stop()
