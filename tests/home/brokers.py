"""Real mosquittos on loopback: one as The Things Stack, and one as the broker at home, with the files of make bridge.

Everything is given a folder of its own and ends with the context that started it.
"""
import collections
import contextlib
import os
import re
import socket
import subprocess
import sys
import time

from tests.home.client import until
from tests.home.programs import ROOT, program

HOST = "127.0.0.1"
APP, TENANT, DEVICE = "ev-charger", "ttn", "wallbox"
USER = f"{APP}@{TENANT}"
THERE = f"v3/{USER}/devices/{DEVICE}/"
KEY = "NNSXS.TESTKEYOFNOBODY.ONLYFORTHISTEST"
START_S = 60
READ = ("up", "join", "down/queued", "down/sent", "down/ack", "down/nack", "down/failed", "down/invalidated", "location/solved", "service/data")
WRITE = ("down/push", "down/replace")


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


class Mosquitto:
    """One broker: start(), stop() and restart(), with what it said in `log`."""

    def __init__(self, folder, text, ports):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.ports = ports
        self.log = folder / "mosquitto.log"
        self._process = None
        self._config = folder / "mosquitto.conf"
        # Started by root it would become another user, who may not read a test's folder.
        self._config.write_text(f"user root\npersistence false\n{text}")

    def start(self):
        """Return once every port answers."""
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen([program("mosquitto"), "-v", "-c", self._config], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        for port in self.ports:
            self._wait_for(port)

    def stop(self):
        """As `systemctl stop` does it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(START_S)
            self._process = None

    def restart(self):
        self.stop()
        self.start()

    def subscribers(self):
        """{client: topics it is subscribed to} now, by the log; one that left or reconnected has none."""
        topics = {}
        for line in self._lines():
            if line.endswith(" starting"):
                topics.clear()
            elif gone := re.search(r": Client (\S+) | as (\S+) \(p", line):
                topics.pop(gone[1] or gone[2], None)
            elif subscribed := re.search(r"^\d+: (\S+) \d (\S+)$", line):
                topics.setdefault(subscribed[1], set()).add(subscribed[2])
        return topics

    def _lines(self):
        """What it said, in whole lines."""
        return self.log.read_text().split("\n")[:-1]

    def _wait_for(self, port):
        deadline = time.monotonic() + START_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
                return
            assert self._process.poll() is None and time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)


class Stack(Mosquitto):
    """The Things Stack's side. network_port: for `sim run --mqtt`, no questions asked; port: for applications, with the key
    as password and the stack's access rules; tls: (authorities, certificate, key) of the applications' port, or None."""

    def __init__(self, folder, tls=None):
        folder.mkdir(parents=True, exist_ok=True)
        self.network_port, self.port = free_port(), free_port()
        rules = [f"topic read v3/{USER}/devices/+/{topic}" for topic in READ] + [f"topic write v3/{USER}/devices/+/{topic}" for topic in WRITE]
        (folder / "rules").write_text("\n".join([f"user {USER}", *rules, ""]))
        subprocess.run([program("mosquitto_passwd"), "-b", "-c", folder / "passwords", USER, KEY], check=True, capture_output=True)
        lines = [
            "per_listener_settings true",
            f"listener {self.network_port} {HOST}", "allow_anonymous true",
            # A bridge tries the first address of a name alone, which of localhost may be ::1.
            f"listener {self.port} {'localhost' if tls else HOST}", "allow_anonymous false",
            f"password_file {folder}/passwords", f"acl_file {folder}/rules",
        ]
        if tls:
            lines += [f"certfile {tls[1]}", f"keyfile {tls[2]}"]
        super().__init__(folder, "\n".join(lines) + "\n", [self.network_port, self.port])


def make_bridge(out, cluster, *arguments, key=KEY):
    """`python -m home.bridge` for the test's device; its CompletedProcess. The key goes by the environment."""
    command = [sys.executable, "-m", "home.bridge", "--app", APP, "--device", DEVICE, "--cluster", cluster, "--out", out, *arguments]
    return subprocess.run(command, cwd=ROOT, env=dict(os.environ, TTN_API_KEY=key), stdin=subprocess.DEVNULL, capture_output=True, text=True)


class HomeBroker(Mosquitto):
    """The broker at home: a main file that includes a directory, as Debian's does, with what make bridge wrote in it.

    cluster: HOST:PORT of the stack; arguments: more for make bridge. A connection that was lost is tried again after a second.
    """

    def __init__(self, folder, cluster, *arguments, plain=True):
        self.files = folder / "conf.d"
        self.port = free_port()
        made = make_bridge(self.files, cluster, "--listen", f"{HOST}:{self.port}", *(["--plain"] if plain else []), *arguments)
        assert made.returncode == 0, made.stderr
        self.said = made.stdout
        bridge = self.files / f"ttn-{DEVICE}.conf"
        bridge.write_text(bridge.read_text().replace("restart_timeout 5 30", "restart_timeout 1"))
        super().__init__(folder, f"include_dir {self.files}\n", [self.port])

    def tries(self):
        """{client at the stack: how often the bridge began to connect under that name}."""
        return collections.Counter(re.findall(r"Bridge (\S+) sending CONNECT", self.log.read_text()))

    def bridged(self):
        """{client at the stack: topics the stack granted it} of the connections the bridge has now, by its side of the matter."""
        asked, granted = {}, {}
        for line in self._lines():
            if line.endswith(" starting"):
                granted.clear()
            elif begun := re.search(r"Bridge (\S+) sending CONNECT", line):
                asked[begun[1]], granted[begun[1]] = [], set()
            elif wanted := re.search(r"Bridge local\.(\S+) sending SUBSCRIBE \(Mid: \d+, Topic: (\S+),", line):
                asked[wanted[1]].append(wanted[2])
            elif given := re.search(r"Received SUBACK from local\.(\S+)", line):
                granted[given[1]].add(asked[given[1]].pop(0))
        return granted

    def wait_for_bridge(self, stack):
        """Return once each connection of the bridge is subscribed to its topics, as both sides have it: what is published from now on passes.

        The retained state does not prove that: it says 1 before, and for a while after, of a line that is dead.
        """
        wanted = self._wanted()
        until(lambda: self.bridged() == wanted and wanted.items() <= stack.subscribers().items(),
              lambda: f"wanted {wanted}, has {self.bridged()}, the stack {stack.subscribers()}")

    def _wanted(self):
        """{client at the stack: topics} by the bridge's file."""
        topics = {}
        for line in (self.files / f"ttn-{DEVICE}.conf").read_text().splitlines():
            word, *rest = line.split() or [""]
            if word == "remote_clientid":
                topics[rest[0]] = mine = set()
            elif word == "topic" and rest[1] == "in":
                mine.add(rest[4] + rest[0])
        return topics


@contextlib.contextmanager
def running(*brokers):
    """Start them in that order; stop them in the other one, whatever happens, and one that does not come up, too."""
    with contextlib.ExitStack() as started:
        for broker in brokers:
            started.callback(broker.stop)
            broker.start()
        yield brokers
