"""A real Home Assistant without a screen: its folder, its owner, its MQTT, and a person's actions over its REST API."""
import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

from websockets.sync.client import connect

from tests.home import programs
from tests.home.brokers import HOST, ROOT, free_port
from tests.home.client import until

BLUEPRINTS = ROOT / "ttn" / "home_assistant" / "blueprints"
# The first start compiles: seen were more than two minutes, of two at once on a machine with ten times as much to do as it can.
START_S = 400
OWNER = {"name": "Owner", "username": "owner", "password": "of-this-test-alone", "language": "en"}
# Nothing that looks into the network: no default_config, no discovery of other devices, no clock or weather from outside.
CONFIGURATION = """\
homeassistant:
  name: Home
  time_zone: Australia/Melbourne
  country: AU
  packages: !include_dir_named packages
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
# Where it listens is YAML in an old one. A newer one takes that for a wish, to be confirmed on its page within minutes, and keeps what it obeys
# in a file, as the old one kept what worked last; it understands that old file.
HTTP_YAML = """\
http:
  server_host: {host}
  server_port: {port}
"""
HTTP_STORED_SINCE = (2026,)
# Said at each start by this Home Assistant itself, of nothing that is ours: what only sound and speed need is not here, and the
# last two are of a computer that is busy with other tests.
OF_ITS_OWN = ("Skipping pip installation", "Support for the running Python version", "aiohttp_fast_zlib", "haffmpeg",
              "Updating state for", "is taking over 10 seconds.")
# What it would have its owner repair of this test's own: its Python, how it has its dashboard, a package before there is a broker.
OWN_REPAIRS = {"homeassistant.python_version", "lovelace.yaml_mode_deprecated", "mqtt.yaml_setup_without_active_setup"}
RECORD = re.compile(r"^\S+ \S+ (?:WARNING|ERROR|CRITICAL) ", re.M)


def release():
    """(year, month) of the Home Assistant at hand."""
    return programs.home_assistant()[:2]


def filled(form, **known):
    """What a person enters in a form who knows these, and leaves the rest as the page shows it: {name: value}."""
    entered = {}
    for field in form:
        name, kind = field["name"], field.get("selector", {})
        if name in known:
            entered[name] = known[name]
        elif not field.get("required"):
            continue
        elif field.get("type") == "expandable":
            entered[name] = filled(field["schema"])
        elif "boolean" in kind:
            entered[name] = field.get("default", False)
        elif "select" in kind:
            entered[name] = field.get("default", kind["select"]["options"][0])
    return entered


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
        where = {"server_host": [HOST], "server_port": self.port}
        stored = programs.home_assistant() >= HTTP_STORED_SINCE
        (folder / "configuration.yaml").write_text(CONFIGURATION + ("" if stored else HTTP_YAML.format(host=HOST, port=self.port)))
        if stored:
            (folder / ".storage").mkdir()
            (folder / ".storage" / "http").write_text(json.dumps({"version": 1, "key": "http", "data": where}))

    def add_package(self, name, text):
        """Read at the next start."""
        (self._folder / "packages" / f"{name}.yaml").write_text(text)

    def start(self):
        """Return once it answers and, from the second time on, all is set up."""
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen([programs.program("hass"), "-c", self._folder, "--skip-pip"], stdout=log, stderr=log,
                                             stdin=subprocess.DEVNULL, start_new_session=True)
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
        done = self.call(f"/api/config/config_entries/flow/{flow['flow_id']}", filled(flow["data_schema"], broker=HOST, port=broker_port))
        assert done["type"] == "create_entry", done
        # It writes logins down a second later, and a newest one that is stopped just then does not.
        kept = self._folder / ".storage" / "auth"
        until(lambda: kept.exists() and self.tokens["refresh_token"] in kept.read_text(), lambda: "the login is not written down")

    def call(self, path, data=None, form=False, as_text=False):
        """GET, or POST where there is data; the JSON, or the text, that it answers."""
        body = None if data is None else (urllib.parse.urlencode(data) if form else json.dumps(data)).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded" if form else "application/json"}
        if self.tokens:
            headers["Authorization"] = "Bearer " + self.tokens["access_token"]
        with urllib.request.urlopen(urllib.request.Request(self.url + path, body, headers), timeout=START_S) as answer:
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
        """The records of warnings and errors in its log, each with its traceback, that a Home Assistant without this wallbox would not have."""
        text = self._log.read_text(errors="replace")
        begins = [found.start() for found in RECORD.finditer(text)]
        records = [text[begin:end].rstrip() for begin, end in zip(begins, [*begins[1:], None])]
        before = text[:begins[0]] if begins else text
        return [record for record in [before, *records] if record.strip() and not any(words in record for words in OF_ITS_OWN)]

    def repairs(self):
        """What it would have its owner repair, deprecations too, as "integration.issue", but for what is this test's own."""
        (listed,) = self.ask({"type": "repairs/list_issues"})
        return sorted({f"{issue['domain']}.{issue['issue_id']}" for issue in listed["issues"]} - OWN_REPAIRS)

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
    """For scripts that Home Assistant's Python runs."""
    return dict(os.environ, PYTHONPATH=str(ROOT))
