"""The network's downlink queue behind a StoredHouse: the simulated stack takes what the desk publishes, and tells the desk what became of it."""
from sim.lorawan.downlink_queue import DownlinkQueue
from sim.lorawan.the_things_stack_messages import Messages
from sim.mqtt import downlink_requests
from tests.support.uplinks import Device
from ttn.formatter import Formatter


class LoRaSession:
    """What the queue asks of a LoRaWAN session."""
    key_id, dev_addr, f_cnt_down = "AYfg8rhha5n+FWx0ZaAprA==", "260B1234", 0


class Kernel:
    now_us = 0


class RandomOfTheQueue:
    """Ids without chance."""

    def __init__(self):
        self._number = 0

    def getrandbits(self, bits):
        self._number += 1
        return self._number


class QueueAtNetwork:
    """house: a StoredHouse, whose desk publishes here from now on. said: whether the desk hears what became of its downlinks."""

    def __init__(self, house):
        self.house, self.is_heard, self.on_air = house, True, []
        self.device = Device()
        self._formatter = Formatter()
        self._queue = DownlinkQueue(Kernel, lambda *told, **also: None, self._tell, Messages("wallbox", "ev-charger", 0, RandomOfTheQueue()))
        self._queue.session = LoRaSession
        house.desk._publish = self.publish

    def publish(self, device, topic, body):
        """As a client on MQTT does it; False where the line is down."""
        if not self.house.is_up["ttn"]:
            return False
        try:
            items = downlink_requests.items_of_body(body.encode(), self._formatter, self.house.now_ms // 1000)
        except downlink_requests.Refused:
            return True     # without a word
        self._queue.push(items, topic.endswith("/replace"))
        return True

    def __len__(self):
        return len(self._queue)

    def send(self):
        """The next one goes on the air: the request in words, or None."""
        item = self._queue.take(51)
        if item is None:
            return None
        self.on_air.append(self._formatter.decode_downlink(item.f_port, item.payload)["data"])
        return self.on_air[-1]

    def answer(self, request, result="done", **rest):
        """The device's answer to that request comes in."""
        name = request.get("command") or next(iter(request))
        self.house.hear(uplink := self.device.uplink(self.house.now_ms, 11, {
            "type": "result", "state": "Charging", "command": name, "command_id": request["id"], "result": result, **rest}))
        self.house.desk.hear_uplinks("ttn", [uplink])

    def _tell(self, suffix, message):
        if self.is_heard:
            self.house.desk.hear("ttn", "wallbox", suffix, message)
