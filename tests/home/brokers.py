"""Real mosquittos on loopback: one that stands in for The Things Stack, and the one of the house, with the files of make bridge.

Everything is given a folder of its own and ends with the context that started it.
"""
import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
APP, TENANT, DEVICE = "ev-charger", "ttn", "wallbox"
USER = f"{APP}@{TENANT}"
THERE = f"v3/{USER}/devices/{DEVICE}/"
KEY = "NNSXS.TESTKEYOFNOBODY.ONLYFORTHISTEST"
START_S = 10
READ = ("up", "join", "down/queued", "down/sent", "down/ack", "down/nack", "down/failed", "down/invalidated", "location/solved", "service/data")
WRITE = ("down/push", "down/replace")


def program(name):
    """The path of a program of Debian's packages; says how to get it."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    assert found, f"{name} is missing. Type:  sudo apt-get install mosquitto mosquitto-clients"
    return found


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
            f"listener {self.port} {HOST}", "allow_anonymous false", f"password_file {folder}/passwords", f"acl_file {folder}/rules",
        ]
        if tls:
            lines += [f"certfile {tls[1]}", f"keyfile {tls[2]}"]
        super().__init__(folder, "\n".join(lines) + "\n", [self.network_port, self.port])


def make_bridge(out, cluster, *arguments, key=KEY):
    """`python -m home.bridge` for the test's device; its CompletedProcess. The key goes by the environment."""
    command = [sys.executable, "-m", "home.bridge", "--app", APP, "--device", DEVICE, "--cluster", cluster, "--out", out, *arguments]
    return subprocess.run(command, cwd=ROOT, env=dict(os.environ, TTN_API_KEY=key), stdin=subprocess.DEVNULL, capture_output=True, text=True)


class Home(Mosquitto):
    """The house's broker: a main file that includes a directory, as Debian's does, with what make bridge wrote in it.

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


@contextlib.contextmanager
def running(*brokers):
    """Start them in that order; stop them in the other one, whatever happens."""
    with contextlib.ExitStack() as started:
        for broker in brokers:
            broker.start()
            started.callback(broker.stop)
        yield brokers
