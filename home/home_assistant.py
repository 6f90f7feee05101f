"""What the session book tells Home Assistant, by MQTT discovery on the house's broker: the total for its energy dashboard, and the last session;
and the wishes that Home Assistant sends for the planner.

The wallbox's own entities are home/entities.py's. These stand in the same device of Home Assistant, but come from here: one topic a device,
retained, and "offline" on another one when the service ends, however that happens.
"""
import json

from home import entities
from home.retained_requests import RetainedRequests
from home.network import kinds, mqtt
from home.planning import wishes
from home.report import Report
from home.store import memory, queries
from home.store.database import StoreFailed, writing

STATUS = "ev-charger-home/status"
ONLINE, OFFLINE = "online", "offline"
# name of the value, what Home Assistant calls it, its settings
SENSORS = (
    ("total", "Total energy", {"device_class": "energy", "state_class": "total_increasing", "unit_of_measurement": "kWh",
                               "suggested_display_precision": 1}),
    ("last_energy", "Last session energy", {"device_class": "energy", "unit_of_measurement": "kWh", "suggested_display_precision": 2}),
    ("last_begin", "Last session begin", {"device_class": "timestamp"}),
    ("last_duration", "Last session duration", {"device_class": "duration", "unit_of_measurement": "min"}),
    ("last_cost", "Last session cost", {"device_class": "monetary"}),
)


# What Home Assistant says of a device, and the part of the device's own report with the field that tells it.
FACTS = {"sw_version": ("device.boot", "firmware"), "serial_number": ("device.serial", "serial")}


def facts(newest):
    """Of FACTS what the device has told. newest: of home.store.queries."""
    found = {}
    for name, (part, field) in FACTS.items():
        told = [message for kind, message in newest.items() if kind == part or kind.startswith(part + ".")]
        value = max(told, key=lambda message: message[0])[1].get(field) if told else None
        if isinstance(value, str) and value:
            found[name] = value
    return found


def wish_topic(device):
    return f"ev-charger-home/{device.network}/{device.id}/wish"


def state_topic(device):
    return f"ev-charger-home/{device.network}/{device.id}/state"


def begin_topic(device):
    """Of the begin of the last session: Home Assistant warns of a time that is null, so while there is none nothing is sent."""
    return f"ev-charger-home/{device.network}/{device.id}/last_begin"


def discovery(prefix, network, device, currency, page="", told=()):
    """{topic: payload} that make a device's entities. Not among the topics of home/discovery.py, which takes away what it does not know.

    page: address of the service's page where others reach it; told: facts().
    """
    place = entities.Place(network.application, network.tenant, device.id, page=page, network=network.kind)
    node = entities.node(place)
    made = {}
    for name, words, rest in SENSORS:
        where = {"state_topic": begin_topic(device)} if name == "last_begin" else {
            "state_topic": state_topic(device), "value_template": "{{ value_json.%s }}" % name}
        settings = {
            "name": words, "unique_id": f"{node}_book_{name}", "default_entity_id": entities.entity_id("sensor", place, words), **where,
            "availability_topic": STATUS, "device": {**entities.device(place), **dict(told)},
            "origin": {**entities.ORIGIN, "name": "EV charger at home"}, **rest}
        if settings.get("device_class") == "monetary":
            settings["unit_of_measurement"] = currency
        made[f"{prefix}/sensor/{node}_book/{name}/config"] = json.dumps(settings)
    return made


def state(total_wh, session):
    """The message of a device. session: as home/report.py shows it, or None; total_wh None: not known."""
    session = session or {}
    return json.dumps({
        "total": None if total_wh is None else round(total_wh / 1000, 3), "last_energy": session.get("energy_kwh"),
        "last_duration": session.get("duration_min"),
        "last_cost": None if session.get("cost") is None else round(session["cost"], 2)})


def request_topics(settings):
    """Where requests to the devices are published, as the bridge takes them on."""
    places = [(settings.network(device.network), device.id) for device in settings.devices]
    return [topic for network, device_id in places for topic in kinds.of(network).requests(network, device_id)]


class HouseBroker:
    """The line to the house's broker. start() to stop(); tell() publishes what is new. told(is_up, sentence) hears what becomes of the line."""

    def __init__(self, service, told):
        self._service, self._told = service, told
        self._said, self._facts = {}, {}
        self.line = mqtt.to_house(service.settings.house_mqtt, "house_mqtt", self._on_line)
        self.line.client.will_set(STATUS, OFFLINE, retain=True)
        self._retained = RetainedRequests(self.line.client, request_topics(service.settings), self._take_away)
        self._wishing = {wish_topic(device): device for device in service.settings.devices}
        self.line.client.on_message = lambda client, userdata, message: self._retained.hear(message) or self._hear_wish(message)
        self.start = self.line.start

    def stop(self):
        self.line.publish(STATUS, OFFLINE, retain=True)
        self.line.stop()

    def tell(self):
        """Publish the state of each device where it changed. StoreFailed if the store does not say."""
        if not self.line.client.is_connected():
            return
        service = self._service
        now_ms = int(1000 * service.clock())
        for device in service.settings.devices:
            key = service.key(device)
            with writing(service.engine) as connection:
                total_wh = queries.total_wh(connection, key, now_ms)
                # On record before it is told: no restart lets it fall.
                if total_wh is not None:
                    memory.put(connection, service.writer.insert, f"energy_shown/{key}", total_wh)
                report = Report(connection, service.settings, device, key)
                row = queries.newest_session(connection, key)
                session = row and report.session(row, queries.energy_of(connection, key, row.order_ms, row.order_ms + 1).get(row.id, []))
                told = facts(queries.newest(connection, key))
            if told != self._facts.get(key, {}):
                self._facts[key] = told
                self._discover(device)
            self._retain(state_topic(device), state(total_wh, session))
            begin = session["started_at"] if session else None
            if begin or self._said.get(begin_topic(device)):
                self._retain(begin_topic(device), begin or "")

    def _on_line(self, is_up, sentence):
        self._told(is_up, sentence)
        if not is_up:
            self._said.clear()
            return
        self._retained.subscribe()
        self.line.client.subscribe([(topic, 0) for topic in self._wishing])
        for device in self._service.settings.devices:
            self._discover(device)
        self._retain(STATUS, ONLINE)

    def _discover(self, device):
        settings = self._service.settings
        currency = settings.tariff[-1].currency if settings.tariff else "EUR"
        page = "" if settings.web.is_private else settings.web.page
        for topic, payload in discovery(settings.house_mqtt.prefix, settings.network(device.network), device, currency, page,
                                        self._facts.get(self._service.key(device), {})).items():
            self._retain(topic, payload)

    def _hear_wish(self, message):
        """One that the broker keeps is none: it would come again at each start."""
        device = self._wishing.get(message.topic)
        if device is None or message.retain:
            return
        service, place = self._service, ("wish", message.topic)
        try:
            wish = wishes.parsed(message.payload)
            wishes.put(service.engine, service.writer.insert, service.key(device), wish, device.timezone, service.clock())
        except (ValueError, StoreFailed) as problem:
            service.notices.say(place, f"{device.name}: a wish from Home Assistant cannot be met. {problem}")
            return
        service.notices.over(place)
        service.changes.tell(device.name)

    def _take_away(self, topic):
        self._service.notices.say(("kept", topic), f"house_mqtt: a request that this broker kept on {topic} was taken away: it would be sent"
                                  " again at every start. Publish without retain")

    def _retain(self, topic, payload):
        if self._said.get(topic) != payload and self.line.publish(topic, payload, retain=True):
            self._said[topic] = payload
