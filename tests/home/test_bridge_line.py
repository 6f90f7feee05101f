"""The bridge over a failing line: lost, frozen, refused; restarting brokers; TLS."""
import re
import subprocess
import time

import pytest

from tests.home import ear
from tests.home.brokers import DEVICE, HOST, KEY, THERE, USER, HomeBroker, Stack, running
from tests.home.client import SILENCE_S, client, until
from tests.home.line import Line
from tests.home.test_bridge import HM_PUSH, HM_UP, PUSH, UP

STATE = f"ttn-bridge/{DEVICE}/home-manager"
STATES = [STATE, f"ttn-bridge/{DEVICE}/home-assistant"]


@pytest.fixture
def line_house(tmp_path):
    """(stack, line, home): the broker at home behind a line that can fail, with the shortest keep-alive mosquitto takes."""
    stack = Stack(tmp_path / "stack")
    with Line(stack.port) as line:
        home = HomeBroker(tmp_path / "home", f"{HOST}:{line.port}")
        bridge = home.files / f"ttn-{DEVICE}.conf"
        bridge.write_text(bridge.read_text().replace("keepalive_interval 30", "keepalive_interval 5"))
        with running(stack, home):
            yield stack, line, home


def both_ways(stack, home, number):
    """An uplink and a command of both consumers pass; number tells this call's from earlier ones."""
    uplink, command = UP + b" " * number, PUSH + b" " * number
    with client(stack.network_port, "#") as network, client(home.port, "#") as listening:
        home.wait_for_bridge(stack)
        for state in STATES:
            listening.wait_for(state, b"1")
        network.publish(THERE + "up", uplink)
        for topic in (HM_UP, THERE + "up"):
            listening.wait_for(topic, uplink)
        for topic in (HM_PUSH, THERE + "down/push"):
            listening.publish(topic, command)
        until(lambda: network.payloads(THERE + "down/push") == [command] * 2, lambda: str(network.heard))


def test_a_restart_of_either_broker_heals_without_hands(line_house):
    stack, _, home = line_house
    both_ways(stack, home, 1)
    for number, broker in enumerate((stack, home), 2):
        broker.restart()
        both_ways(stack, home, number)


def test_a_command_given_while_the_line_is_down_never_leaves_later(line_house):
    stack, line, home = line_house
    both_ways(stack, home, 1)
    with client(stack.network_port, "#") as network, client(home.port, "ttn-bridge/#") as listening:
        line.cut()
        for state in STATES:
            listening.wait_for(state, b"0")
        for topic in (HM_PUSH, THERE + "down/push"):
            listening.publish(topic, PUSH, qos=1)
        line.join()
        until(lambda: all(listening.payloads(state)[-1] == b"1" for state in STATES))
        time.sleep(SILENCE_S)
        assert network.heard == []
    both_ways(stack, home, 2)


def test_a_line_that_froze_is_noticed_and_tried_again(line_house):
    stack, line, home = line_house
    both_ways(stack, home, 1)
    line.freeze()
    # ttn-bridge/... still says 1: mosquitto 2.0.11 reports a line that was closed, not of one that it gave up itself.
    tries = home.tries()
    until(lambda: all(home.tries()[name] > tries[name] for name in tries), home.log.read_text, within_s=60)
    line.thaw()
    both_ways(stack, home, 2)


def test_the_bridge_says_nothing_that_the_stack_refuses(tmp_path):
    with ear.Ear() as stack:
        home = HomeBroker(tmp_path / "home", f"{HOST}:{stack.port}")
        with running(home), client(home.port) as listening:
            until(lambda: sum(len(packet["topics"]) for packet in stack.of(ear.SUBSCRIBE)) == 8)
            listening.publish(HM_PUSH, PUSH, retain=True)
            listening.publish("ttn/ev-charger/up", UP)
            listening.publish(THERE + "up", UP)
            until(lambda: stack.of(ear.PUBLISH))
            time.sleep(SILENCE_S)
    connects = stack.of(ear.CONNECT)
    for connect in connects:
        assert (connect["protocol"], connect["level"], connect["clean"], connect["will"]) == ("MQTT", 4, True, False)
        assert (connect["user"], connect["password"]) == (USER, KEY)
    assert len(connects) == 2 == len({connect["client"] for connect in connects})
    topics = [topic for packet in stack.of(ear.SUBSCRIBE) for topic in packet["topics"]]
    assert all(ear.allowed(topic) and qos == 0 for topic, qos in topics)
    sent = [(packet["topic"], packet["payload"], packet["qos"], packet["retain"]) for packet in stack.of(ear.PUBLISH)]
    assert sent == [(THERE + "down/push", PUSH, 0, False)]
    assert stack.of(ear.UNSUBSCRIBE) == []


@pytest.fixture
def certificates(tmp_path):
    """(authority, certificate, key) of a stack named localhost, and another authority that signed nothing."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=tmp_path, check=True, capture_output=True)

    new_key = ("req", "-newkey", "rsa:2048", "-nodes")
    for name in ("ours", "other"):
        openssl(*new_key, "-x509", "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    openssl(*new_key, "-subj", "/CN=localhost", "-keyout", "stack.key", "-out", "stack.csr")
    (tmp_path / "names").write_text("subjectAltName=DNS:localhost")
    openssl("x509", "-req", "-in", "stack.csr", "-CA", "ours.pem", "-CAkey", "ours.key", "-days", "2", "-extfile", "names", "-out", "stack.pem")
    return {name: tmp_path / f"{name}" for name in ("ours.pem", "other.pem", "stack.pem", "stack.key")}


def test_with_tls_the_bridge_works_and_with_a_strange_certificate_it_does_not(tmp_path, certificates):
    stack = Stack(tmp_path / "stack", tls=(certificates["ours.pem"], certificates["stack.pem"], certificates["stack.key"]))
    trusting = HomeBroker(tmp_path / "trusting", f"localhost:{stack.port}", "--ca", str(certificates["ours.pem"]), plain=False)
    with running(stack, trusting):
        both_ways(stack, trusting, 1)
    strangers = [("other", f"localhost:{stack.port}", "other.pem"), ("name", f"{HOST}:{stack.port}", "ours.pem")]
    for case, address, authority in strangers:      # another authority; the right one, but a certificate for another name
        wary = HomeBroker(tmp_path / case, address, "--ca", str(certificates[authority]), plain=False)
        with running(stack, wary), client(wary.port, "ttn-bridge/#") as listening:
            until(lambda log=wary.log: re.search("verify failed|not match|hostname|host name", log.read_text()), wary.log.read_text)
            assert b"1" not in listening.payloads(STATE)


def test_a_wrong_key_is_refused_and_the_log_says_so(tmp_path):
    stack = Stack(tmp_path / "stack")
    home = HomeBroker(tmp_path / "home", f"{HOST}:{stack.port}")
    bridge = home.files / f"ttn-{DEVICE}.conf"
    bridge.write_text(bridge.read_text().replace(KEY, "NNSXS.WRONG.KEY"))
    with running(stack, home):
        until(lambda: "Not authorized" in home.log.read_text() or "not authorised" in home.log.read_text(), lambda: home.log.read_text())
        assert KEY not in home.log.read_text() and "NNSXS" not in home.log.read_text()


def test_a_name_that_cannot_be_resolved_yet_is_tried_again(tmp_path):
    # After a power cut the router is slower than the broker.
    home = HomeBroker(tmp_path / "home", "stack.invalid", plain=False)
    with running(home):
        until(lambda: home.log.read_text().count("Connecting bridge (step 1)") > 2, home.log.read_text, within_s=60)
