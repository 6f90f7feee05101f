"""The one table of what Home Assistant shows of a wallbox: entities(place) gives MQTT configurations, as `mqtt:` in YAML and MQTT discovery
both take them. Their templates are home/entity_templates.py's; docs/home-assistant.md tells what each means.
"""
import collections
import re

import home.firmware    # noqa: F401  the version
from app.version import VERSION
from home import entity_dialects as dialects
from home import entity_templates as templates
from home.network.kinds import USUAL
from home.entity_templates import DECIDES, NOW, STATUS, best, number, push, switch, vocabulary, words

# How long without an uplink until sensors are unavailable: two of the longest gaps of 90 min (one uplink may be lost) and some room.
SILENCE_MIN = 195
LIMIT_A = (6, 32)
MORNING = "07:00"

ORIGIN = {"name": "EV charger monitor", "sw_version": ".".join(map(str, VERSION))}
# What the device tells of itself when it is asked holds until it says otherwise; with an end, Home Assistant keeps it over its restarts.
FACT_S = 366 * 86400
LIMIT_KWH = (1, 100)
# Releases of Home Assistant, and since which one it takes what an older one refuses: in YAML all of it, by discovery not.
OLDEST, NEWEST = (2024, 3), (2026, 11)
SINCE = {"sensor": {"options": (2024, 9)}}
ID_SINCE = (2025, 10)

# release: of Home Assistant; page: address of a page with more of the device, or ""; network: a kind of home/entity_dialects.py; title: the
# device's name, "": made of its id.
Place = collections.namedtuple("Place", "app tenant device silence_min morning release page network title",
                               defaults=("ttn", "wallbox", SILENCE_MIN, MORNING, NEWEST, "", USUAL, ""))

SENSORS = (
    # key, name, value_template, what else
    ("state", "State", words("d.get('state') and 'ACK' not in d.state", "d.state"),
     {"icon": "mdi:ev-station", "device_class": "enum", "options": ["Not Connected", "Connected and Locked", "Charging", "Charged", "Disabled"]}),
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
     {"device_class": "current", "unit_of_measurement": "A", "suggested_display_precision": 0, "icon": "mdi:speedometer"}),
    ("override", "Override", words(STATUS + " and 'override' in d", "d.override"),
     {"icon": "mdi:account-clock-outline", "device_class": "enum", "options": list(vocabulary.OVERRIDES)}),
    ("plan_hash", "Plan hash", words(STATUS + " and 'plan_hash' in d", "d.plan_hash"), {"entity_category": "diagnostic", "icon": "mdi:pound"}),
    ("holder", "Who decides", words(DECIDES + " and 'holder' in d", "d.holder"), {"icon": "mdi:gavel"}),
    ("until", "Decides until",
     words(DECIDES, "d.until | timestamp_custom('%a %d %b %H:%M') if d.get('until') else 'further notice'"), {"icon": "mdi:clock-end"}),
    ("claims", "Claims", templates.CLAIMS_STATE, {"json_attributes_template": templates.CLAIMS_ATTRIBUTES, "icon": "mdi:format-list-numbered"}),
    ("event", "Last event", words("d.get('type') == 'event' and 'event' in d", "d.event | replace('_', ' ')"),
     {"icon": "mdi:bell-outline", "json_attributes_template": templates.EVENT_ATTRIBUTES}),
    ("charge_possible", "Charge possible", number("d.get('type') == 'result' and 'kwh_possible' in d", "d.kwh_possible"),
     {"device_class": "energy", "unit_of_measurement": "kWh", "suggested_display_precision": 1, "icon": "mdi:battery-clock-outline"}),
    # Till the next target is accepted.
    ("charge_missing", "Charge missing",
     number("d.get('event') == 'target_missed' or (d.get('type') == 'result' and 'kwh_possible' in d)", "d.get('kwh') if 'event' in d else 0"),
     {"device_class": "energy", "unit_of_measurement": "kWh", "suggested_display_precision": 1, "icon": "mdi:battery-alert-variant-outline"}),
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
# What Read device brings.
FACTS = (
    # key, name, part, field, icon
    ("firmware", "Firmware", "boot", "firmware", "mdi:chip"),
    ("boot_cause", "Boot cause", "boot", "boot_cause", "mdi:restart"),
    ("box", "Box", "model", "model", "mdi:ev-plug-type2"),
    ("serial", "Serial number", "serial", "serial", "mdi:identifier"),
    ("charger_firmware", "Charger firmware", "charger", "charger_firmware", "mdi:chip"),
)
BINARY_SENSORS = (
    ("connected", "Car connected", switch(STATUS + " and 'ev_connected' in d", "d.ev_connected"), {"device_class": "plug"}),
    ("charging", "Charging", switch(NOW + " and 'status' in d", "none if d.status in ('unreachable', 'unknown') else d.status == 'charging'"),
     {"device_class": "battery_charging"}),
    ("problem", "Problem", switch(NOW + " and 'status' in d", "d.status in ('fault', 'unreachable', 'unknown')"), {"device_class": "problem"}),
)
# key, name, icon, request, what else
_READER = {"entity_category": "diagnostic"}
BUTTONS = (
    ("start", "Start", "mdi:play", "{'command': 'start'}", {}),
    ("stop", "Stop", "mdi:stop", "{'command': 'stop'}", {}),
    ("lock", "Lock", "mdi:lock", "{'command': 'lock'}", {}),
    ("unlock", "Unlock", "mdi:lock-open-variant", "{'command': 'unlock'}", {}),
    ("boost", "Boost until morning", "mdi:rocket-launch", "{'command': 'boost', 'until': '%(morning)s'}", {}),
    ("skip", "Skip tonight", "mdi:debug-step-over", "{'command': 'skip'}", {}),
    ("resume_plan", "Resume plan", "mdi:calendar-check", "{'command': 'resume_plan'}", {}),
    ("refresh", "Refresh", "mdi:refresh", "{'command': 'report'}", _READER),
    ("read_plan", "Read plan", "mdi:calendar-search", "{'command': 'report', 'what': 'plan'}", _READER),
    ("read_device", "Read device", "mdi:chip", "{'command': 'report', 'what': 'device'}", _READER),
    ("charge", "Charge by then", "mdi:clock-check-outline", "wish", {}),
)


def device_topic(place):
    """What stands before every topic of the device, with the network's own words; kept by the bridge."""
    return dialects.DIALECTS[place.network].prefix(place)


def node(place):
    """The id of the device in Home Assistant and in discovery's topics."""
    return f"{place.app}_{place.device}"


def title(place):
    """The name of the device. An EUI is none."""
    return place.title or dialects.DIALECTS[place.network].title or place.device.replace("-", " ").capitalize()


def device(place):
    """What Home Assistant shows as the device that all its entities belong to."""
    page = {"configuration_url": place.page} if place.page else {}
    return {"identifiers": [node(place)], "name": title(place), "manufacturer": "ABL",
            "model": "Wallbox, watched over LoRaWAN", **page}


def entity_id(component, place, name):
    """The id that an entity has from the start, whatever area the device is put into: a newer Home Assistant begins ids with the area's name."""
    return f"{component}.{_slug(device(place)['name'])}_{_slug(name)}"


def _slug(text):
    return re.sub("[^a-z0-9]+", "_", text.lower()).strip("_")


def wish_topic(place, name):
    """Where the broker keeps what the owner wishes."""
    return f"ev-charger-home/{node(place)}/{name}"


def wish_topics(place):
    """All of them."""
    return [wish_topic(place, name) for name in ("charge_by", "charge_energy")]


def entities(place):
    """{component: [configuration]} of that wallbox, as that release of Home Assistant takes it."""
    return {component: [dialects.spoken(place, _known(component, place, each)) for each in found] for component, found in _entities(place).items()}


def _known(component, place, configuration):
    """With the id, and without what that release refuses."""
    known = {key: value for key, value in configuration.items() if place.release >= SINCE.get(component, {}).get(key, OLDEST)}
    if "options" in known and component == "sensor":
        known["value_template"] = known["value_template"].replace(templates.KEEP, templates.KEEP_OPTION)
    its_id = {"default_entity_id": entity_id(component, place, known["name"])} if place.release >= ID_SINCE else {}
    return {"name": known.pop("name"), "unique_id": known.pop("unique_id"), **its_id, **known}


def _entities(place):
    topic, its = device_topic(place), dialects.DIALECTS[place.network]
    its_device = device(place)
    wish = templates.wish(node(place), place.morning)

    def entity(key, name, **rest):
        return {"name": name, "unique_id": f"{node(place)}_{key}", **rest, "device": its_device}

    def wished(name, words, icon, **rest):
        where = wish_topic(place, name)
        return entity(name, words, command_topic=where, state_topic=where, retain=True, json_attributes_topic=where,
                      json_attributes_template=templates.wish_mark(name, node(place)), icon=icon, **rest)

    def heard(key, name, template, rest, state_topic=topic + its.up):
        attributes = {"json_attributes_topic": state_topic} if "json_attributes_template" in rest else {}
        return entity(key, name, state_topic=state_topic, value_template=template, **attributes, **rest)

    def sent(key, name, icon, request, **rest):
        return entity(key, name, command_topic=topic + its.down, command_template=request, icon=icon, **rest)

    def paged(key, name, icon, request, state, attributes, **rest):
        # Of all topics: what goes down is seen as well.
        return sent(key, name, icon, request, state_topic=topic + "/#", value_template=state, json_attributes_topic=topic + "/#",
                    json_attributes_template=attributes, **rest)

    kwh = {"mode": "box", "device_class": "energy", "unit_of_measurement": "kWh"}
    limit_kwh = {"min": LIMIT_KWH[0], "max": LIMIT_KWH[1], "step": 1}
    alive = {"expire_after": place.silence_min * 60}
    command = {"icon": "mdi:message-reply-text", "json_attributes_template": templates.COMMAND_ATTRIBUTES}
    # Whether the line to the network is up, is said by the bridge itself (make bridge), on a topic of its own.
    line = entity("line", "Network line", state_topic=f"{its.line}/{place.device}/home-assistant", payload_on="1", payload_off="0",
                  device_class="connectivity", entity_category="diagnostic")
    return {
        "sensor": [*[heard(*row[:3], {**row[3], **alive}) for row in SENSORS],
                   *[heard(key, name, templates.fact(part, field), {"entity_category": "diagnostic", "icon": icon, "expire_after": FACT_S})
                     for key, name, part, field, icon in FACTS],
                   heard("command", "Last command", templates.COMMAND, command, topic + "/#")],
        "binary_sensor": [*[heard(*row[:3], {**row[3], **alive}) for row in BINARY_SENSORS], line],
        "event": [heard("happened", "Event", templates.EVENT, {"event_types": templates.EVENTS, "icon": "mdi:bell-ring-outline"})],
        "button": [sent(key, name, icon, (wish if request == "wish" else "") + push(request % place._asdict()), **rest)
                   for key, name, icon, request, rest in BUTTONS],
        "select": [sent("mode", "Mode", "mdi:tune-variant", wish + push(templates.MODE_REQUEST % place._asdict()), options=templates.MODES,
                        state_topic=topic + its.up, value_template=templates.MODE)],
        "number": [sent(
            "set_limit", "Limit", "mdi:speedometer", push("{'command': 'set_current', 'current_a': value}"), state_topic=topic + its.up,
            value_template=number(f"{NOW} and {LIMIT_A[0]} <= (d.get('current_limit_a') or 0) <= {LIMIT_A[1]}", "d.current_limit_a"),
            min=LIMIT_A[0], max=LIMIT_A[1], step=1, mode="box", device_class="current", unit_of_measurement="A"),
            sent("boost_energy", "Boost by energy", "mdi:rocket-launch-outline", push("{'command': 'boost', 'kwh': value}"), state_topic=topic + "/#",
                 value_template=templates.BOOST_ENERGY.replace("LOW", str(LIMIT_KWH[0])).replace("HIGH", str(LIMIT_KWH[1])), **limit_kwh, **kwh),
            wished("charge_energy", "Charge energy", "mdi:battery-charging-high", min=0, max=LIMIT_KWH[1], step=0.5, **kwh)],
        "text": [
            paged("plan", "Plan", "mdi:calendar-clock", templates.PLAN_COMMAND, templates.PLAN_STATE, templates.PLAN_ATTRIBUTES,
                  pattern=templates.PLAN_PATTERN),
            paged("timezone", "Time zone", "mdi:map-clock", push("{'timezone': value}"), templates.ZONE_STATE, templates.ZONE_ATTRIBUTES,
                  entity_category="config"),
            wished("charge_by", "Charge by", "mdi:clock-end", pattern=templates.CHARGE_BY_PATTERN, max=5),
        ],
    }
