"""Home Manager at the end of the real chain: simulated wallbox and monitor, The Things Stack's broker, the bridge, the broker at home."""
import contextlib
import subprocess
import sys
import time

from tests.home.brokers import APP, DEVICE, HOST, ROOT, HomeBroker, Stack, running
from tests.home.client import client, until
from tests.support.home_manager import HomeManager

# What each button is answered with, by the commands' own limit (docs/commands.md) and some for the radio.
ANSWER_S = 30
JOINED_S = 180
HURRY = 20


@contextlib.contextmanager
def simulation(port):
    """`python -m sim run` on that broker; say(line) types into it."""
    command = [sys.executable, "-m", "sim", "run", "--web-port", "off", "--plain", "--mqtt", f"{HOST}:{port}", "--app", APP, "--device", DEVICE]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, bufsize=1)
    try:
        yield lambda line: process.stdin.write(line + "\n")
    finally:
        process.stdin.close()
        process.terminate()
        process.wait(ANSWER_S)


class Living:
    """The stand-in, fed by a real client; whatever ends it ends the test."""

    def __init__(self, listening):
        self.manager = HomeManager(APP)
        self._listening = listening
        self._read = 0

    def reads(self):
        """The stand-in after all that came until now."""
        for topic, payload, retained in self._listening.heard[self._read:]:
            assert not retained
            self.manager.on_message(topic, payload)
            self._read += 1
        return self.manager

    def shows(self, state):
        until(lambda: self.reads().state == state, lambda: f"shows {self.manager.state}, not {state}", ANSWER_S)

    def presses(self, button):
        self._listening.publish(*self.reads().press(button))
        until(lambda: self.reads().waiting is None, lambda: f"no {self.manager.waiting}; heard {self.manager.states}", ANSWER_S)


def test_home_manager_works_unchanged_through_the_bridge(tmp_path, evidence):
    stack = Stack(tmp_path / "stack")
    home = HomeBroker(tmp_path / "home", f"{HOST}:{stack.port}")
    with contextlib.ExitStack() as everything:
        everything.enter_context(running(stack, home))
        home.wait_for_bridge(stack)
        living = Living(everything.enter_context(client(home.port, HomeManager(APP).up)))
        say = everything.enter_context(simulation(stack.network_port))
        say(f"speed {HURRY}")
        living.shows("Not Connected")
        say("plug")
        living.shows("Connected and Locked")
        # A byte that comes within a minute of the join is taken for an old one of the network's; and a busy machine falls behind.
        time.sleep(JOINED_S / HURRY)
        say("speed 4")
        for button, state in (("start", "Charging"), ("disable", "Disabled"), ("enable", None)):
            living.presses(button)
            if state:
                living.shows(state)
        until(lambda: living.reads().state != "Disabled", lambda: str(living.manager.states), ANSWER_S)
        say("fault F9")
        living.shows("Disabled")
    manager = living.reads()
    assert manager.acks == ["Reset Charger ACK", "Lock Outlet ACK", "Unlock Outlet ACK"]
    evidence("Home Manager through real brokers: states shown, acknowledgements of its three buttons", f"{len(manager.states)}, {len(manager.acks)}")
