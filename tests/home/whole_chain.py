"""The whole chain with real programs, whichever the network: simulated wallbox and firmware, brokers, the bridge, Home Assistant.

The scenes are those that must go the same way through every network; each says its figures, `through` before the claim.
"""
import contextlib
import time

from tests.home.brokers import running
from tests.home.client import until
from tests.home.world import RunningWorld

ANSWER_S = 60
PLAN = "mon-fri 22:00-07:00 16A; sat-sun 00:00-00:00 10.5kWh 120min"
# The bytes of the example in docs/payload.md, and of UTC0.
PLAN_BYTES = bytes.fromhex("3F4A0D2120C0000006150C" "000000")
FAULT_TEXT = "F9: vehicle draws more current than it was offered"
BROKER_OF_THE_NETWORK = "broker_of_the_network"
OUTAGES = ("home_assistant", "broker_of_the_house", BROKER_OF_THE_NETWORK, "radio")


class WholeChain:
    """stack, home: the brokers of network and house; world: the wallbox's side, new for each test that needs a fresh one."""

    def __init__(self, stack, home, assistant, world_arguments=(), through=""):
        self.stack, self.home, self.assistant = stack, home, assistant
        self.world = None
        self._world_arguments = world_arguments
        self._through = through

    @contextlib.contextmanager
    def standing(self):
        """All of it up and joined, still without a wallbox; the last one ends with it."""
        with running(self.stack, self.home, self.assistant):
            self.assistant.welcome(self.home.port)
            self.assistant.stop()
            self.assistant.finish_onboarding()
            self.assistant.start()
            self.assistant.wait_for(binary_sensor_network_line="on")
            try:
                yield self
            finally:
                self._leave_world()

    def enter_world(self, *arguments):
        """Another wallbox in the place of the one before, with a day's airtime of its own."""
        self._leave_world()
        self.world = RunningWorld(self.stack.network_port, *self._world_arguments, *arguments)
        self.world.boot()

    def _leave_world(self):
        if self.world is not None:
            self.world.close()

    def give(self, service, entity, **data):
        """Call a service that gives a command; return once that command, and not the one before it, is the last one shown."""
        before = self.command().get("command_id")
        self.assistant.act(service, entity, **data)
        until(lambda: self.command().get("command_id") not in (None, before), self.command)

    def press(self, name):
        self.give("button.press", "button.wallbox_" + name)

    def set_plan(self, plan):
        self.give("text.set_value", "text.wallbox_plan", value=plan)

    def answered(self, **wanted):
        """Return once the last command is done, and the rest is as wanted."""
        return self.assistant.wait_for(ANSWER_S, sensor_last_command="done", **wanted)

    def refresh(self):
        """Ask the device for its status, and see the answer arrive: every line works, both ways."""
        self.press("refresh")
        self.answered()

    def command(self):
        return self.assistant.states()["sensor.wallbox_last_command"]["attributes"]

    def plug(self):
        self.world.say("plug")
        self.assistant.wait_for(sensor_state="Connected and Locked", binary_sensor_car_connected="on")

    def answers(self):
        """Whether a command pressed now is done within a few seconds; the simulated network connects again when it thinks fit."""
        mark = self.world.mark()
        try:
            self.press("refresh")
            self.world.wait_for(r"uplink +port 11 .*answer to report.*: done", 8, mark)
        except AssertionError:
            return False
        self.answered()
        return True

    def start_and_charge(self, evidence):
        """Start pressed in Home Assistant makes a car charge that was just plugged in."""
        self.plug()
        mark, began = self.world.mark(), time.monotonic()
        self.press("start")
        self.assistant.wait_for(sensor_last_command="pending")
        closed = self.world.wait_for("contactor closed", ANSWER_S, mark) - began
        self.answered(sensor_state="Charging", sensor_power="11.04", sensor_current_l1="16", sensor_reason="charging", binary_sensor_problem="off")
        self._say(evidence, "Start pressed in Home Assistant to the contactor's closing, a car in B1, seconds", round(closed, 1), ANSWER_S)
        assert self.command()["command"] == "start"

    def set_and_read_a_plan(self, evidence):
        """The plan set in Home Assistant is the plan in the device, by its hash and as it reads it back."""
        self.set_plan(PLAN)
        self.answered()
        assert self.command()["command"] == "plan"
        wanted = crc(PLAN_BYTES)
        self.press("refresh")
        self.assistant.wait_for(ANSWER_S, sensor_plan_hash=str(wanted))
        self._say(evidence, "hash of the plan set in Home Assistant, as the device reports it",
                  int(self.assistant.state("sensor.wallbox_plan_hash")), wanted)
        self.press("read_plan")
        self.world.say("speed 5")
        self.assistant.wait_for(ANSWER_S, text_plan=PLAN, text_time_zone="<+00>0", sensor_who_decides="plan")
        self.world.say("speed 1")
        self.set_plan("none")
        self.answered(text_plan="none")

    def break_and_mend(self, evidence):
        """A fault is shown with its text, and its end."""
        self.world.say("fault F9")
        seconds = self.assistant.wait_for(sensor_fault=FAULT_TEXT, binary_sensor_problem="on", sensor_state="Disabled")
        self._say(evidence, "a fault of the box to its text in Home Assistant, seconds", round(seconds, 1), 30)
        self.world.say("clear")
        self.assistant.wait_for(sensor_fault="none", binary_sensor_problem="off")

    def lose_and_find(self, what, evidence):
        """What is lost, one of OUTAGES, is back a while later: the state is there again, and a command is answered, without hands."""
        # Presses that wait for a broker take much of a day's airtime, and a monitor without any answers `busy`.
        self.enter_world()
        self.refresh()
        before = self.assistant.state("sensor.wallbox_state")
        if what == "radio":
            self.world.say("gateway 10")
            time.sleep(12)
        else:
            {"home_assistant": self.assistant, "broker_of_the_house": self.home, BROKER_OF_THE_NETWORK: self.stack}[what].restart()
        began = time.monotonic()
        # The last state is there again as soon as the program is; the line as soon as the bridge is.
        self.assistant.wait_for(60, sensor_state=before, binary_sensor_network_line="on")
        until(self.answers, lambda: self.world.lines[-20:], 60)
        took = round(time.monotonic() - began)
        self._say(evidence, f"from the return of {what.replace('_', ' ')} to a command that is answered, seconds", took, 90)

    def _say(self, evidence, claim, figure, limit):
        evidence(self._through + claim, figure, limit)


def crc(data):
    """CRC-8 as docs/payload.md has it."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ (0x07 if value & 0x80 else 0)) & 0xFF
    return value or 255
