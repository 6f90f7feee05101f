"""ChirpStack's queue behind a StoredHouse: the simulated one takes what the desk publishes, and the desk hears its events."""
import json

from sim.lorawan.chirpstack_messages import Messages
from sim.lorawan.chirpstack_queue import Queue
from sim.lorawan.time_on_air import DataRate
from sim.mqtt import chirpstack_commands
from sim.mqtt.downlink_requests import Refused
from tests.support.queue_at_network import LoRaSession, RandomOfTheQueue
from tests.support.uplinks import Device
from ttn.formatter import Formatter

APPLICATION = "3f1d6b1e-8b52-4a43-9a7e-5d0c2f6e7a10"
DEV_EUI = "0101010101010101"
NETWORK = {"name": "own", "kind": "chirpstack", "host": "127.0.0.1", "tls": False, "application": APPLICATION}
HOUSE = {"network": [NETWORK], "device": [{"id": DEV_EUI, "name": "Garage", "timezone": "Europe/Berlin", "vehicle": "Zoe"}]}


class ClassCSession(LoRaSession):
    """Of a device that joined as class C."""
    klass, rx1_delay_us = "C", 5_000_000


class OneGateway:
    """Where and how a downlink goes out."""
    gateway = type("Its", (), {"ids": {"eui": "0000000000000001"}})
    frequency_hz = 923_300_000


class RandomBytes(RandomOfTheQueue):
    """Also bytes."""

    def randbytes(self, count):
        return bytes(count)


class KernelOfTheHouse:
    """What the queue asks of a kernel: the house's time."""

    def __init__(self, house):
        self._house = house

    @property
    def now_us(self):
        return self._house.now_ms * 1000


class QueueAtChirpStack:
    """house: a StoredHouse, whose desk publishes here from now on; published: (topic, body). log: what ChirpStack would write into its own log."""

    def __init__(self, house):
        self.house, self.on_air, self.log, self.published = house, [], [], []
        self.device = Device(DEV_EUI)
        self._formatter = Formatter()
        self._queue = Queue(KernelOfTheHouse(house), lambda *told, **also: None, self._tell, Messages(DEV_EUI, APPLICATION, 0, RandomBytes()))
        self._queue.session = ClassCSession
        house.desk._publish = lambda device, topic, body: self.house.is_up["own"] and self.publish(topic, body)

    def publish(self, topic, body):
        """As any client does; who listens to the topic hears it, the desk among them."""
        self.published.append((topic, body))
        try:
            item = chirpstack_commands.item_of_body(body.encode(), DEV_EUI, self._formatter, self.house.now_ms // 1000)
        except Refused as refused:
            self.log.append(refused.args[0])
        else:
            self.log += ["already exists"] * len(self._queue.push([item]))
        self._tell("command/down", json.loads(body))
        return True

    def __len__(self):
        return len(self._queue)

    def send(self):
        """The next one goes on the air: the request in words, or None."""
        item = self._queue.take(51)
        if item is None:
            return None
        self._queue.emitted(item, OneGateway, DataRate(12, 500), False)
        self.on_air.append(self._formatter.decode_downlink(item.f_port, item.payload)["data"])
        return self.on_air[-1]

    def answer(self, request, result="done", **rest):
        """The device's answer to that request comes in."""
        name = request.get("command") or next(iter(request))
        uplink = self.device.uplink(self.house.now_ms, 11, {
            "type": "result", "state": "Charging", "command": name, "command_id": request["id"], "result": result, **rest})
        self.house.writer.write("own", [uplink])
        self.house.desk.hear_uplinks("own", [uplink])

    def _tell(self, suffix, message):
        self.house.desk.hear("own", DEV_EUI, suffix, message)
