"""The simulated ChirpStack's device in a house: its place, its topics, and the broker of the house joined to ChirpStack's own."""
import subprocess
import sys

from home import entities
from sim.lorawan import network_kinds
from sim.mqtt.network_dialects import IDS

from tests.home.assistant import release
from tests.home.brokers import HOST, ROOT, Mosquitto, free_port

APPLICATION, DEV_EUI = IDS[network_kinds.CHIRPSTACK]
PLACE = entities.Place(APPLICATION, device=DEV_EUI, network=network_kinds.CHIRPSTACK, release=release())
THERE = entities.device_topic(PLACE) + "/"
# What `sim run` is told for it.
WORLD = ("--network", network_kinds.CHIRPSTACK, "--app", APPLICATION, "--device", DEV_EUI)


def chirpstack_broker(folder):
    """ChirpStack's own; network_port as the Stack of tests/home/brokers.py has it."""
    port = free_port()
    made = Mosquitto(folder, f"listener {port} {HOST}\nallow_anonymous true\n", [port])
    made.network_port = port
    return made


class BridgedBroker(Mosquitto):
    """The broker of the house, joined to ChirpStack's by the file of make bridge; a connection that was lost is tried again after a second."""

    def __init__(self, folder, address):
        self.port = free_port()
        files = folder / "conf.d"
        command = [sys.executable, "-m", "home.chirpstack_bridge", "--app", APPLICATION, "--device", DEV_EUI, "--cluster", address, "--out", files]
        made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        (bridge,) = files.glob("*.conf")
        bridge.write_text(bridge.read_text().replace("restart_timeout 5 30", "restart_timeout 1"))
        super().__init__(folder, f"listener {self.port} {HOST}\nallow_anonymous true\ninclude_dir {files}\n", [self.port])
