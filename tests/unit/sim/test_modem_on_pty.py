"""`python -m sim modem`: a modem on a pseudo-terminal as an independent program sees it, and the Linux service by hand in front of it."""
import json
import os
import pathlib
import subprocess
import sys
import threading

import paho.mqtt.client as paho
import pytest
import serial
from tests.support import documents, scratch_tree
from tests.support.lines import PATIENCE_S, Lines

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.fixture
def start():
    """start(command) is a process that is ended."""
    started = []

    def make(command, cwd=ROOT):
        started.append(Lines(command, cwd))
        return started[-1]

    yield make
    for one in started:
        one.end()


@pytest.fixture
def modem(start, tmp_path):
    """modem(*arguments): the command, ready."""
    def make(*arguments):
        made = start([sys.executable, "-m", "sim", "modem", "--link", str(tmp_path / "modem"), "--speed", "20", *arguments])
        made.until(lambda line: line == f"ready {tmp_path / 'modem'}")
        return made

    return make


@pytest.mark.parametrize("model, baud, answers", [("wio_e5", 9600, [b"+AT: OK\r\n"]), ("rak3172", 115200, [b"\r\n", b"OK\r\n"])])
def test_any_program_may_talk_to_it(modem, tmp_path, model, baud, answers):
    modem("--model", model)
    with serial.Serial(str(tmp_path / "modem"), baud, timeout=PATIENCE_S) as port:
        for _ in range(2):      # a module puts a NUL on the wire when it starts
            port.write(b"AT\r\n")
            heard = [port.readline().lstrip(b"\0") for _ in answers]
            assert heard == answers


def test_lines_on_standard_input_act_on_it(modem, tmp_path):
    served = modem()
    assert served.say("state") == {"joined": False, "class": "A", "uplinks": 0, "waiting_downlinks": 0, "commands": 0, "violations": [],
                                   "silent": False, "echo": False}
    assert served.say("silent on")["silent"] and served.say("echo on")["echo"] and not served.say("silent off")["silent"]
    assert served.say('{"command": "report", "id": 1}')["waiting_downlinks"] == 1
    assert served.say("lock")["waiting_downlinks"] == 2
    assert served.say("gateway 60") and served.say("cycle")["commands"] == 0
    assert served.say("quack")["error"].startswith("unknown command quack; one of lock, unlock")
    assert served.say("silent maybe") == {"error": "silent needs on or off"}
    assert served.say('send {"command": "no"}')["error"].startswith("send is refused: downlink 1: ")
    assert served.say("gateway x")["error"].startswith("gateway needs a number")
    served.process.stdin.write("quit\n")
    served.process.stdin.flush()
    assert served.process.wait(PATIENCE_S) == 0 and not os.path.lexists(tmp_path / "modem")


def test_a_link_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "modem").touch()
    done = subprocess.run([sys.executable, "-m", "sim", "modem", "--link", str(tmp_path / "modem")], cwd=ROOT, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 1 and done.stderr == f"sim modem: cannot make the link {tmp_path / 'modem'}: File exists\n"


def by_hand():
    """The commands of the page, terminal by terminal."""
    found = [documents.commands(lines) for _, _, lines in documents.blocks(ROOT / "docs" / "linux.md", "By hand, before the hardware is there")]
    assert len(found) == 3
    return found


def terminals(start, tree, model):
    """The page's commands in three terminals, until the service has joined and reported; the modem's time goes faster, as nobody has to watch."""
    box_typed, modem_typed, service_typed = by_hand()
    service_typed.insert(-1, f"echo \"RADIO_MODEM = '{model}'\" >> build/by-hand/src/local_config.py")
    box = start(" && ".join(box_typed), tree)
    box.until(lambda line: line == "ready build/by-hand/box")
    modem = start(f"{' && '.join(modem_typed)} --model {model} --speed 20", tree)
    modem.until(lambda line: line == "ready build/by-hand/modem")
    service = start(" && ".join(service_typed), tree)
    service.until(lambda line: "started" in line)
    modem.event("join", accepted=True)

    def is_status(line):
        return line.startswith("{") and (json.loads(line).get("decoded") or {}).get("type") == "status"

    status = json.loads(modem.until(is_status))["decoded"]
    assert (status["state"], status["code"]) == ("Not Connected", "A1")
    return box, modem


def test_the_service_joins_and_reports_with_a_rak3172_too(start, tmp_path):
    _, modem = terminals(start, scratch_tree.tree(tmp_path / "tree"), "rak3172")
    assert modem.say("state")["violations"] == []


@pytest.mark.long
def test_the_service_joins_a_network_that_knows_nothing_but_the_file_of_make_keys(start, tmp_path, evidence):
    tree = scratch_tree.tree(tmp_path / "tree")
    box_typed, modem_typed, service_typed = by_hand()
    subprocess.run(" && ".join(service_typed[:-1]), cwd=tree, shell=True, env=scratch_tree.environment(), check=True, capture_output=True)
    start(" && ".join(box_typed), tree).until(lambda line: line == "ready build/by-hand/box")
    modem = start(f"{' && '.join(modem_typed)} --speed 20 --registration build/by-hand/src/registration/modem/the-things-stack.json", tree)
    modem.until(lambda line: line == "ready build/by-hand/modem")
    service = start(service_typed[-1], tree)
    service.until(lambda line: "started" in line)
    join = modem.event("join")
    status = json.loads(modem.until(lambda line: '"type": "status"' in line))["decoded"]
    evidence("the Linux service with the keys of make keys at a simulated network that knows its file alone: first join accepted, first state",
             f"{join['accepted']}, {status['state']}", "True, Not Connected")
    assert join["accepted"] and status["state"] == "Not Connected"


def test_the_service_by_hand_joins_reports_and_obeys_as_the_page_says(start, tmp_path, evidence):
    box, modem = terminals(start, scratch_tree.tree(tmp_path / "tree"), "wio_e5")
    place = modem.event("mqtt")
    heard = threading.Event()
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.on_message = lambda client, userdata, message: b'"result":"done"' in message.payload and heard.set()
    client.connect(*place["broker"].split(":")[:1], int(place["broker"].split(":")[1]))
    client.subscribe(place["topic"] + "up")
    client.loop_start()
    try:
        modem.say('{"command": "stop", "id": 7}')
        answer = json.loads(modem.until(lambda line: '"command_id": 7' in line and '"result"' in line))["decoded"]
        assert (answer["command"], answer["result"]) == ("stop", "done")
        assert heard.wait(PATIENCE_S)
    finally:
        client.loop_stop()
        client.disconnect()
    assert box.say("plug")["vehicle"] == "eager"
    json.loads(modem.until(lambda line: '"Connected and Locked"' in line))
    state = modem.say("state")
    evidence("the Linux service by hand, as docs/linux.md prints it: joined, answer to a stop, commands that the modem was given out of turn",
             f"{state['joined']}, {answer['result']}, {len(state['violations'])}", "True, done, 0")
    assert state["joined"] and state["violations"] == []
