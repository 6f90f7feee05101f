"""home/network/mqtt.py: what a broker says, in words, and each word once."""
import socket
import ssl
import threading
import time
from types import SimpleNamespace

import pytest
from home.network import mqtt

NETWORK = SimpleNamespace(name="ttn", kind="the-things-stack", host="eu1", port=8883, tls=False, application="ev-charger", tenant="ttn", user="",
                          key="K", ca_file="")
GOOD, BAD = SimpleNamespace(is_failure=False), type("Bad", (), {"is_failure": True, "__str__": lambda self: "Not authorized"})()


class PahoClient:
    """paho's client, as far as the line's callbacks use it."""

    def __init__(self):
        self.subscribed = []

    def subscribe(self, topics):
        self.subscribed += [topic for topic, qos in topics]


@pytest.fixture
def said():
    return []


@pytest.fixture
def line(said):
    return mqtt.to_network(NETWORK, ["wallbox"], lambda topic, body: None, lambda is_up, sentence: said.append((is_up, sentence)))


def test_it_subscribes_to_its_devices_alone(line):
    client = PahoClient()
    line._on_connect(client, None, None, GOOD, None)
    assert client.subscribed == [f"v3/ev-charger@ttn/devices/wallbox/{suffix}" for suffix in ("up", "down/queued", "down/sent", "down/failed")]


def test_it_is_up_when_the_broker_lets_it_read(line, said):
    line._on_connect(PahoClient(), None, None, GOOD, None)
    assert said == []
    line._on_subscribe(None, None, 1, [GOOD, GOOD], None)
    assert said == [(True, "ttn: eu1:8883 connected")]


def test_a_refused_login_asks_for_the_key(line, said):
    line._on_connect(PahoClient(), None, None, BAD, None)
    assert said == [(False, "ttn: eu1:8883 refuses the login: Not authorized. Is it this application's key that key_file holds?")]


def test_a_refused_subscription_names_the_right(line, said):
    line._on_subscribe(None, None, 1, [GOOD, BAD], None)
    (is_up, sentence), = said
    assert not is_up and "lacks the right RIGHT_APPLICATION_TRAFFIC_READ (Read application traffic)" in sentence


def of_tls(reason):
    problem = ssl.SSLError(1, reason)
    problem.reason = reason
    return problem


def untrusted():
    problem = ssl.SSLCertVerificationError(1, "x")
    problem.verify_message = "self-signed certificate"
    return problem


@pytest.mark.parametrize("problem, words", [
    (untrusted(), "has a certificate that is not trusted here (self-signed certificate). Does ca_file name who signed it, and host the name in it?"),
    (of_tls("WRONG_VERSION_NUMBER"), "speaks no TLS there. Are port and tls right?"),
    (of_tls("SSLV3_ALERT_HANDSHAKE_FAILURE"), "broke off while TLS began (SSLV3_ALERT_HANDSHAKE_FAILURE)"),
    (socket.gaierror(-2, "Name or service not known"), "is no name that this computer can find"), (ConnectionRefusedError(), "does not answer"),
    (TimeoutError(), "does not answer")])
def test_why_it_cannot_connect_is_said_in_words(line, said, problem, words):
    try:
        raise problem
    except OSError:
        line.client.on_connect_fail(None, None)
    assert said == [(False, f"ttn: eu1:8883 {words}")]


def test_a_port_without_tls_is_told_as_one():
    said, heard = [], threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        def answer():
            its, _ = server.accept()
            with its:
                its.recv(1000)
                its.sendall(bytes((0x20, 2, 0, 0)) * 3)
        threading.Thread(target=answer, daemon=True).start()
        network = SimpleNamespace(**{**vars(NETWORK), "host": "127.0.0.1", "port": server.getsockname()[1], "tls": True})
        line = mqtt.to_network(network, ["wallbox"], lambda topic, body: None, lambda *words: (said.append(words), heard.set()))
        line.start()
        assert heard.wait(10)
        line.stop()
    assert said[0] == (False, f"ttn: 127.0.0.1:{network.port} speaks no TLS there. Are port and tls right?")


def test_a_right_that_was_missing_is_asked_for_again_and_said_once(line, said, monkeypatch):
    monkeypatch.setattr(mqtt, "REFUSED_S", 0.01)
    here, there = socket.socketpair()
    with here, there:
        there.settimeout(10)
        monkeypatch.setattr(line.client, "socket", lambda: here)
        line._on_subscribe(None, None, 1, [BAD], None)
        assert there.recv(1) == b""         # the line was cut: paho connects again
    line._on_disconnect(None, None, None, BAD, None)
    line._on_subscribe(None, None, 2, [BAD], None)
    line._on_subscribe(None, None, 3, [GOOD], None)
    assert [is_up for is_up, sentence in said] == [False, True]
    line.stop()


@pytest.mark.parametrize("end", [lambda line: line.stop(), lambda line: line._on_subscribe(None, None, 2, [GOOD], None)])
def test_a_line_that_is_stopped_or_was_let_in_meanwhile_is_not_cut(line, monkeypatch, end):
    monkeypatch.setattr(mqtt, "REFUSED_S", 0.5)
    cut = []
    monkeypatch.setattr(line, "_log_in_again", lambda: cut.append(True))
    line._on_subscribe(None, None, 1, [BAD], None)
    end(line)
    time.sleep(1)
    assert cut == []


def test_the_same_again_is_not_said_again(line, said):
    for _ in range(5):
        line._on_connect(PahoClient(), None, None, BAD, None)
        line._on_disconnect(None, None, None, BAD, None)
    for _ in range(5):
        line.client.on_connect_fail(None, None)
    assert [sentence.partition(":8883 ")[2][:9] for is_up, sentence in said] == ["refuses t", "does not "]


def test_nothing_is_published_while_the_line_is_down(line):
    assert line.publish("topic", "body") is False
