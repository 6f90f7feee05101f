"""A real Home Assistant on a broker of its own, and the uplinks that a test feeds it with."""
import contextlib
import json
import time

from home import entities

from tests.home.assistant import Assistant, release
from tests.home.brokers import APP, DEVICE, HOST, ROOT, THERE, Mosquitto, free_port, running
from tests.home.client import client, until

RELEASE = release()
IDS = ("--app", APP, "--device", DEVICE, "--home-assistant", "{}.{}".format(*RELEASE))
PLACE = entities.Place(APP, device=DEVICE, release=RELEASE)
VECTORS = json.loads((ROOT / "ttn" / "vectors.json").read_text())
METADATA = [{"gateway_ids": {"gateway_id": "far"}, "rssi": -119, "snr": -7.5}, {"gateway_ids": {"gateway_id": "near"}, "rssi": -80}]
STATUS = {"type": "status", "state": "Charged", "code": "B2", "status": "ready"}


def uplink(data=None, **more):
    """An up message; without data as for a payload that was not decoded."""
    body = {"f_port": 10, "rx_metadata": METADATA, "consumed_airtime": "0.370688s", **more}
    if data is not None:
        body["decoded_payload"] = data
    heard = f"2026-11-27T00:00:{time.monotonic()}Z"
    return json.dumps({"end_device_ids": {"device_id": DEVICE}, "received_at": heard, "uplink_message": body}).encode()


def told(description):
    """What the formatter makes of that example."""
    return next(vector["output"]["data"] for vector in VECTORS["uplink"] if vector["description"] == description)


class AssistantOnBroker:
    """A Home Assistant on a broker of its own; tell() is the network."""

    def __init__(self, folder, **given):
        self.port = free_port()
        self.broker = Mosquitto(folder / "broker", f"listener {self.port} {HOST}\nallow_anonymous true\n", [self.port])
        self.assistant = Assistant(folder / "assistant", **given)

    @contextlib.contextmanager
    def open(self):
        with running(self.broker, self.assistant), client(self.port, "phone", THERE + "down/push") as self.network:
            self.assistant.welcome(self.port)
            yield self

    def tell(self, *messages):
        for message in messages:
            self.network.publish(THERE + "up", message)

    def settle(self, reason, rssi=-80):
        """Return once a status with that reason, published repeatedly, has arrived: Home Assistant subscribes when it thinks fit.

        rssi: where a message before may have had the same reason, one that none had.
        """
        def arrived():
            self.tell(uplink({**STATUS, "reason": reason}, rx_metadata=[{"rssi": rssi, "snr": 0}]))
            time.sleep(0.2)
            states = self.assistant.states()
            return [states.get("sensor.wallbox_" + name, {}).get("state") for name in ("reason", "rssi")] == [reason, str(rssi)]
        until(arrived, lambda: f"{reason} does not arrive; {self.assistant.complaints()}", 60)

    def entities(self):
        """{entity: state} of the wallbox, without those that depend on the clock."""
        return {entity: state["state"] for entity, state in self.assistant.states().items()
                if ".wallbox_" in entity and not entity.startswith(("automation", "event"))
                and not entity.endswith(("last_heard", "airtime_today"))}


def pushed(house, press):
    """The one push that a press makes: its request, and seconds since the issue."""
    before = len(house.network.payloads(THERE + "down/push"))
    press()
    until(lambda: len(house.network.payloads(THERE + "down/push")) > before)
    downlink = json.loads(house.network.payloads(THERE + "down/push")[before])["downlinks"]
    assert len(downlink) == 1 and downlink[0]["f_port"] == 20
    return downlink[0]["decoded_payload"]
