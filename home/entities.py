"""The one table of what Home Assistant shows of a wallbox: entities(place) gives MQTT configurations, as `mqtt:` in YAML and MQTT discovery
both take them. Their templates are home/entity_templates.py's; docs/home-assistant.md tells what each means.
"""
import collections

from home import entity_templates as templates
from home.entity_templates import DECIDES, NOW, STATUS, best, number, push, switch, words

# How long without an uplink until sensors are unavailable: two of the longest gaps of 90 min (one uplink may be lost) and some room.
SILENCE_MIN = 195
LIMIT_A = (6, 32)
MORNING = "07:00"

Place = collections.namedtuple("Place", "app tenant device silence_min morning", defaults=("ttn", "wallbox", SILENCE_MIN, MORNING))

SENSORS = (
    # key, name, value_template, what else
    ("state", "State", words("d.get('state') and 'ACK' not in d.state", "d.state"), {"icon": "mdi:ev-station"}),
    ("reason", "Reason", words(NOW + " and 'reason' in d", "d.reason | replace('_', ' ')"), {"icon": "mdi:help-circle-outline"}),
    ("fault", "Fault", words(NOW + " and 'status' in d", "d.fault ~ ': ' ~ d.fault_text if 'fault' in d else 'none'"),
     {"icon": "mdi:alert-circle-outline"}),
    ("power", "Power", number(STATUS + " and 'power_kw' in d", "d.power_kw"),
     {"device_class": "power", "state_class": "measurement", "unit_of_measurement": "kW", "suggested_display_precision": 1}),
    ("session_energy", "Session energy", number(STATUS + " and 'session_kwh' in d", "d.session_kwh"),
     {"device_class": "energy", "unit_of_measurement": "kWh", "suggested_display_precision": 2}),
    *[("current_l%d" % phase, "Current L%d" % phase,
       number(STATUS + " and 'current_a' in d", "d.current_a[%d] if d.current_a else none" % (phase - 1)),
       {"device_class": "current", "state_class": "measurement", "unit_of_measurement": "A", "suggested_display_precision": 1})
      for phase in (1, 2, 3)],
    ("limit", "Current limit", number(NOW + " and 'current_limit_a' in d", "d.current_limit_a"),
     {"device_class": "current", "unit_of_measurement": "A", "icon": "mdi:speedometer"}),
    ("override", "Override", words(STATUS + " and 'override' in d", "d.override"), {"icon": "mdi:account-clock-outline"}),
    ("plan_hash", "Plan hash", words(STATUS + " and 'plan_hash' in d", "d.plan_hash"), {"entity_category": "diagnostic", "icon": "mdi:pound"}),
    ("holder", "Who decides", words(DECIDES + " and 'holder' in d", "d.holder"), {"icon": "mdi:gavel"}),
    ("until", "Decides until",
     words(DECIDES, "d.until | timestamp_custom('%a %d %b %H:%M') if d.get('until') else 'further notice'"), {"icon": "mdi:clock-end"}),
    ("claims", "Claims", templates.CLAIMS_STATE, {"json_attributes_template": templates.CLAIMS_ATTRIBUTES, "icon": "mdi:format-list-numbered"}),
    ("event", "Last event", words("d.get('type') == 'event' and 'event' in d", "d.event | replace('_', ' ')"),
     {"icon": "mdi:bell-outline", "json_attributes_template": templates.EVENT_ATTRIBUTES}),
    ("heard", "Last heard", "{{ now().isoformat() }}", {"device_class": "timestamp", "entity_category": "diagnostic"}),
    ("rssi", "RSSI", best("rssi"),
     {"device_class": "signal_strength", "state_class": "measurement", "unit_of_measurement": "dBm", "entity_category": "diagnostic"}),
    ("snr", "SNR", best("snr"), {"state_class": "measurement", "unit_of_measurement": "dB", "entity_category": "diagnostic", "icon": "mdi:signal"}),
    ("airtime_today", "Airtime today", templates.AIRTIME,
     {"unit_of_measurement": "s", "suggested_display_precision": 1, "entity_category": "diagnostic", "icon": "mdi:radio-tower",
      "json_attributes_template": templates.AIRTIME_ATTRIBUTES}),
    ("airtime_24h", "Airtime of 24 h", number("d.get('part') == 'radio' and 'airtime_s' in d", "d.airtime_s"),
     {"unit_of_measurement": "s", "suggested_display_precision": 1, "entity_category": "diagnostic", "icon": "mdi:radio-tower"}),
)
BINARY_SENSORS = (
    ("connected", "Car connected", switch(STATUS + " and 'ev_connected' in d", "d.ev_connected"), {"device_class": "plug"}),
    ("problem", "Problem", switch(NOW + " and 'status' in d", "d.status in ('fault', 'unreachable', 'unknown')"), {"device_class": "problem"}),
)
# key, name, icon, request
BUTTONS = (
    ("start", "Start", "mdi:play", "{'command': 'start'}"),
    ("stop", "Stop", "mdi:stop", "{'command': 'stop'}"),
    ("lock", "Lock", "mdi:lock", "{'command': 'lock'}"),
    ("unlock", "Unlock", "mdi:lock-open-variant", "{'command': 'unlock'}"),
    ("boost", "Boost until morning", "mdi:rocket-launch", "{'command': 'boost', 'until': '%(morning)s'}"),
    ("skip", "Skip tonight", "mdi:debug-step-over", "{'command': 'skip'}"),
    ("resume_plan", "Resume plan", "mdi:calendar-check", "{'command': 'resume_plan'}"),
    ("refresh", "Refresh", "mdi:refresh", "{'command': 'report'}"),
    ("read_plan", "Read plan", "mdi:calendar-search", "{'command': 'report', 'what': 'plan'}"),
    ("read_device", "Read device", "mdi:chip", "{'command': 'report', 'what': 'device'}"),
)


def device_topic(place):
    """What stands before every topic of the device, with The Things Stack's own words; kept by the bridge."""
    user = f"{place.app}@{place.tenant}" if place.tenant else place.app
    return f"v3/{user}/devices/{place.device}"


def node(place):
    """The id of the device in Home Assistant and in discovery's topics."""
    return f"{place.app}_{place.device}"


def device(place):
    """What Home Assistant shows as the device that all its entities belong to."""
    return {"identifiers": [node(place)], "name": place.device.replace("-", " ").capitalize(), "manufacturer": "ABL",
            "model": "Wallbox, watched over LoRaWAN"}


def entities(place):
    """{component: [configuration]} of that wallbox."""
    topic = device_topic(place)
    its_device = device(place)

    def entity(key, name, **rest):
        return {"name": name, "unique_id": f"{node(place)}_{key}", **rest, "device": its_device}

    def heard(key, name, template, rest, state_topic=topic + "/up"):
        attributes = {"json_attributes_topic": state_topic} if "json_attributes_template" in rest else {}
        return entity(key, name, state_topic=state_topic, value_template=template, **attributes, **rest)

    def sent(key, name, icon, request, **rest):
        return entity(key, name, command_topic=topic + "/down/push", command_template=request, icon=icon, **rest)

    def paged(key, name, icon, request, state, attributes, **rest):
        # Of all topics: what goes down is seen as well.
        return sent(key, name, icon, request, state_topic=topic + "/#", value_template=state, json_attributes_topic=topic + "/#",
                    json_attributes_template=attributes, **rest)

    alive = {"expire_after": place.silence_min * 60}
    command = {"icon": "mdi:message-reply-text", "json_attributes_template": templates.COMMAND_ATTRIBUTES}
    # Whether the line to the network is up, is said by the bridge itself (make bridge), on a topic of its own.
    line = entity("line", "Network line", state_topic=f"ttn-bridge/{place.device}/home-assistant", payload_on="1", payload_off="0",
                  device_class="connectivity", entity_category="diagnostic")
    return {
        "sensor": [*[heard(*row[:3], {**row[3], **alive}) for row in SENSORS],
                   heard("command", "Last command", templates.COMMAND, command, topic + "/#")],
        "binary_sensor": [*[heard(*row[:3], {**row[3], **alive}) for row in BINARY_SENSORS], line],
        "button": [sent(key, name, icon, push(request % place._asdict())) for key, name, icon, request in BUTTONS],
        "number": [sent(
            "set_limit", "Limit", "mdi:speedometer", push("{'command': 'set_current', 'current_a': value}"), state_topic=topic + "/up",
            value_template=number(f"{NOW} and {LIMIT_A[0]} <= (d.get('current_limit_a') or 0) <= {LIMIT_A[1]}", "d.current_limit_a"),
            min=LIMIT_A[0], max=LIMIT_A[1], step=1, mode="slider", device_class="current", unit_of_measurement="A")],
        "text": [
            paged("plan", "Plan", "mdi:calendar-clock", templates.PLAN_COMMAND, templates.PLAN_STATE, templates.PLAN_ATTRIBUTES,
                  pattern=templates.PLAN_PATTERN),
            paged("timezone", "Time zone", "mdi:map-clock", push("{'timezone': value}"), templates.ZONE_STATE, templates.ZONE_ATTRIBUTES,
                  entity_category="config"),
        ],
    }
