"""A real Home Assistant without a screen: its folder, its owner, its MQTT, and a person's actions over its REST API."""
import functools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

from websockets.sync.client import connect

from tests.home.brokers import HOST, ROOT, free_port
from tests.home.client import until
from home import discovery

PROGRAM = ROOT / ".venv-home" / "bin" / "hass"
BLUEPRINTS = ROOT / "ttn" / "home_assistant" / "blueprints"
START_S = 60
MISSING = "Home Assistant is missing. Type:  make test-home"
OWNER = {"name": "Owner", "username": "owner", "password": "of-this-test-alone", "language": "en"}
# Nothing that looks into the network: no default_config, no discovery of other devices, no clock or weather from outside.
CONFIGURATION = """\
homeassistant:
  name: Home
  time_zone: Australia/Melbourne
  country: AU
  packages: !include_dir_named packages
http:
  server_host: {host}
  server_port: {port}
logger:
  default: warning
frontend:
config:
recorder:
history:
energy:
persistent_notification:
automation: !include automations.yaml
lovelace:
  mode: yaml
"""
# Said at each start by this Home Assistant itself, of nothing that is ours; the last one on a computer that is busy with other tests.
OF_ITS_OWN = ("Skipping pip installation", "Support for the running Python version", "Updating state for")


@functools.cache
def release():
    """(year, month) of the Home Assistant at hand."""
    assert PROGRAM.exists(), MISSING
    said = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True, timeout=START_S).stdout
    return discovery.release(said.split()[-1])


class Assistant:
    """Starts, stops and restarts it. packages: {name: YAML}; automations, dashboard: YAML. log: what it said from warnings on."""

    def __init__(self, folder, packages=(), automations="[]", dashboard="views: []"):
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        self.tokens = None
        self._folder = folder
        self._log = folder / "home-assistant.out"
        self._process = None
        (folder / "packages").mkdir(parents=True)
        for name, text in dict(packages).items():
            self.add_package(name, text)
        shutil.copytree(BLUEPRINTS, folder / "blueprints")
        (folder / "automations.yaml").write_text(automations)
        (folder / "ui-lovelace.yaml").write_text(dashboard)
        (folder / "configuration.yaml").write_text(CONFIGURATION.format(host=HOST, port=self.port))

    def add_package(self, name, text):
        """Read at the next start."""
        (self._folder / "packages" / f"{name}.yaml").write_text(text)

    def start(self):
        """Return once it answers and, from the second time on, all is set up."""
        assert PROGRAM.exists(), MISSING
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen([PROGRAM, "-c", self._folder, "--skip-pip"], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                             start_new_session=True)
        until(self._answers, lambda: f"no Home Assistant: {self._log.read_text()[-3000:]}", START_S)
        if self.tokens:
            self._wait_until_running()

    def stop(self):
        """As a service is stopped."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(START_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def restart(self):
        self.stop()
        self.start()

    def welcome(self, broker_port):
        """What a person does at the first start: make the owner, add MQTT."""
        client = {"client_id": self.url + "/"}
        code = self.call("/api/onboarding/users", {**OWNER, **client})["auth_code"]
        self.tokens = self.call("/auth/token", {"grant_type": "authorization_code", "code": code, **client}, form=True)
        self._wait_until_running()
        flow = self.call("/api/config/config_entries/flow", {"handler": "mqtt"})
        done = self.call(f"/api/config/config_entries/flow/{flow['flow_id']}", {"broker": HOST, "port": broker_port})
        assert done["type"] == "create_entry", done

    def call(self, path, data=None, form=False, as_text=False):
        """GET, or POST where there is data; the JSON, or the text, that it answers."""
        body = None if data is None else (urllib.parse.urlencode(data) if form else json.dumps(data)).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded" if form else "application/json"}
        if self.tokens:
            headers["Authorization"] = "Bearer " + self.tokens["access_token"]
        with urllib.request.urlopen(urllib.request.Request(self.url + path, body, headers), timeout=30) as answer:
            said = answer.read()
        return said.decode() if as_text else json.loads(said or b"null")

    def render(self, template, variables):
        """The text that a template makes."""
        return self.call("/api/template", {"template": template, "variables": variables}, as_text=True)

    def states(self):
        """{entity id: state as the API gives it} of all entities."""
        return {each["entity_id"]: each for each in self.call("/api/states")}

    def state(self, entity):
        """The state of an entity, or None where there is none."""
        return self.states().get(entity, {}).get("state")

    def act(self, service, entity, **data):
        """Call a service, as "button.press"."""
        self.call("/api/services/" + service.replace(".", "/"), {"entity_id": entity, **data})

    def rename(self, entity, new):
        """Give an entity another id, as its owner would."""
        self.ask({"type": "config/entity_registry/update", "entity_id": entity, "new_entity_id": new})

    def ask(self, *messages):
        """The results of these messages over the WebSocket that the page of Home Assistant uses."""
        with connect(self.url.replace("http", "ws") + "/api/websocket", max_size=None) as line:
            json.loads(line.recv(timeout=30))
            line.send(json.dumps({"type": "auth", "access_token": self.tokens["access_token"]}))
            assert json.loads(line.recv(timeout=30))["type"] == "auth_ok"
            answers = []
            for number, message in enumerate(messages, 1):
                line.send(json.dumps({"id": number, **message}))
                answers.append(json.loads(line.recv(timeout=30)))
        assert all(answer["success"] for answer in answers), answers
        return [answer["result"] for answer in answers]

    def wait_for(self, within_s=30, **wanted):
        """Return once all these entities of the wallbox, sensor_state="Charging", have these states; the seconds it took."""
        entities = {name.replace("_", ".wallbox_", 1) if not name.startswith("binary_") else name.replace("sensor_", "sensor.wallbox_", 1): value
                    for name, value in wanted.items()}
        began = time.monotonic()

        def seen():
            states = self.states()
            return {entity: states.get(entity, {}).get("state") for entity in entities}

        until(lambda: seen() == entities, lambda: f"wanted {entities}, seen {seen()}", within_s)
        return time.monotonic() - began

    def complaints(self):
        """The warnings and errors in its log that a Home Assistant without this wallbox would not have."""
        lines = self._log.read_text(errors="replace").splitlines()
        return [line for line in lines if line.strip() and not any(words in line for words in OF_ITS_OWN)]

    def finish_onboarding(self):
        """Leave out the rest of the welcome pages; only between stop() and start(). They would set up weather and radio from the internet."""
        path = self._folder / ".storage" / "onboarding"
        stored = json.loads(path.read_text())
        stored["data"]["done"] = ["user", "core_config", "analytics", "integration"]
        path.write_text(json.dumps(stored))

    def _answers(self):
        assert self._process.poll() is None, self._log.read_text()[-3000:]
        try:
            urllib.request.urlopen(self.url + "/api/onboarding", timeout=5).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def _wait_until_running(self):
        until(lambda: self.call("/api/config")["state"] == "RUNNING", lambda: "it does not come up", START_S)


def environment():
    """For programs of .venv-home."""
    return dict(os.environ, PYTHONPATH=str(pathlib.Path(ROOT)))
