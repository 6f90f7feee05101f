"""The one table of what Home Assistant shows of a wallbox: entities(place) gives MQTT configurations, as `mqtt:` in YAML and MQTT discovery
both take them.

Every template takes every message of its topic: one without data (not decoded, port 0, none of the monitor's) leaves the entity as it is.
An empty text leaves numbers, binary sensors and buttons alone; a sensor's words are said again. docs/home-assistant.md tells what each means.
"""
import collections

# How long without an uplink until sensors are unavailable: two of the longest gaps of 90 min (one uplink may be lost) and some room.
SILENCE_MIN = 195
LIMIT_A = (6, 32)
MORNING = "07:00"
EXPIRES_S = 600

Place = collections.namedtuple("Place", "app tenant device silence_min morning", defaults=("ttn", "wallbox", SILENCE_MIN, MORNING))

# What stands before a template: m the message, u its uplink, d what the formatter gave; each {} where there is none.
_HEAD = """\
{%- set m = value_json if value_json is mapping else {} -%}
{%- set u = m.get('uplink_message') or {} -%}
{%- set d = u.get('decoded_payload') or {} -%}
"""
_KEEP = "{{ 'unknown' if this.state == 'unavailable' else this.state }}"
# Only these tell of this moment; an event or a read-back has words of its own under the same names.
_NOW = "d.get('type') in ('status', 'result', 'legacy')"
# Only a status has measurements; a session record comes late and has those of then.
_STATUS = "d.get('type') == 'status'"
_EVENT_FIELDS = "['event', 'event_number', 'event_at', 'minutes', 'kwh', 'fault_text']"
# Page 1 is the claim that decides, the others stand beneath it.
_DECIDES = "d.get('type') == 'readback' and d.get('part') == 'claims' and d.get('page') == 1"


def _words(condition, value):
    """A template of a text: value where the condition holds, else what was."""
    return "%s{%%- if %s -%%}{{ %s }}{%%- else -%%}%s{%%- endif -%%}" % (_HEAD, condition, value, _KEEP)


def _number(condition, value):
    """A template of a number: null is unknown; nothing, and so no change, where the condition does not hold."""
    return "%s{%%- if %s -%%}{{ %s }}{%%- endif -%%}" % (_HEAD, condition, value)


def _best(field):
    """The strongest gateway's. The stack leaves a zero out, and of some gateways all: nobody receives 0 dBm, so what has no RSSI tells nothing."""
    return _number("u.get('rx_metadata')",
                   "(u.rx_metadata | selectattr('rssi', 'defined') | map(attribute='%s', default=0) | list or [none]) | max" % field)


def _switch(condition, value):
    """A template of a binary sensor: value is true, false or none."""
    return "%s{%%- if %s -%%}{%%- set is = %s -%%}{{ 'None' if is is none else 'ON' if is else 'OFF' }}{%%- endif -%%}" % (_HEAD, condition, value)


_REQUEST = "((m.get('downlinks') or [{}])[0]).get('decoded_payload') or {}"
# Home Assistant has no longer states.
_LONGEST = 255
# The pages of one read-back are put together in the attributes, and shown when all are there. A request on its way down, from any sender,
# begins a new one (a report of the plan has both), and so does page 1; a page that is missing, or comes hours later, ends it unshown; one
# that comes twice changes nothing.
_PAGES_HEAD = _HEAD + """\
{%- set p = REQUEST or (m.get('downlink_queued') or {}).get('decoded_payload') or {} -%}
{%- set a = this.attributes -%}
{%- set ns = namespace(pages=a.get('pages') or [], of=a.get('of'), heard=a.get('heard')) -%}
{%- set is_page = d.get('type') == 'readback' and d.get('part') == 'PART' and d.get('FIELD') is not none and 'FIELD' in d -%}
{%- if is_page -%}
{%- set text -%}TEXT{%- endset -%}
{%- set late = as_timestamp(m.get('received_at'), 0) - as_timestamp(ns.heard, 0) > 21600 -%}
{%- if d.page == 1 -%}{%- set ns.pages = [text] -%}
{%- elif d.page == ns.pages | length + 1 and d.pages == ns.of and not late -%}{%- set ns.pages = ns.pages + [text] -%}
{%- elif d.page > ns.pages | length or ns.pages[d.page - 1] != text -%}{%- set ns.pages = [] -%}{%- endif -%}
{%- set ns.of = d.pages -%}
{%- set ns.heard = m.get('received_at') -%}
{%- elif 'PART' in p or p.get('what') == 'plan' -%}{%- set ns.pages = [] -%}{%- endif -%}
""".replace("REQUEST", _REQUEST)


def _pages(part, field, text, mark, asked="false", wanted=""):
    """(state, attributes): templates that show a read-back whose pages tell `field`.

    Where `asked` holds, of a request on its way down, the state is what was `wanted`.
    """
    head = _PAGES_HEAD.replace("PART", part).replace("FIELD", field).replace("TEXT", text)
    state = (f"{head}{{%- if is_page and ns.pages | length == d.pages -%}}{{{{ ns.pages | join('{mark}') }}}}"
             f"{{%- elif {asked} -%}}{{%- set wanted -%}}{wanted}{{%- endset -%}}{{{{ wanted if wanted | length <= {_LONGEST} else 'unknown' }}}}"
             f"{{%- else -%}}{_KEEP}{{%- endif -%}}")
    return state, head + "{{ {'pages': ns.pages, 'of': ns.of, 'heard': ns.heard} | tojson }}"


# --- what goes down

def _push(request):
    """A template of a down/push with that request: its id and time of issue are fresh, and stay what they are when it is repeated."""
    return (
        "{%%- set t = now().timestamp() | int -%%}{%%- set request = %s -%%}\n"
        "{{ {'downlinks': [{'f_port': 20, 'priority': 'NORMAL', 'decoded_payload': dict(request, id=t %% 256, issued_at=t, expires_in_s=%d)}]}"
        " | tojson }}" % (request, EXPIRES_S))


# --- the last command: pending, then what the device answered

_COMMAND_HEAD = _HEAD + "{%- set p = " + _REQUEST + """ -%}
{%- set a = this.attributes -%}
{%- set failed = ((m.get('downlink_failed') or {}).get('downlink') or {}).get('decoded_payload') or {} -%}
{%- set lost = failed.get('issued_at') == a.get('issued_at') and failed.get('id') == a.get('command_id') and 'issued_at' in failed -%}
{%- set late = (m.get('unanswered') or {}).get('issued_at') == a.get('issued_at') and 'unanswered' in m and this.state == 'pending' -%}
{%- set ours = d.get('command') == a.get('command') and d.get('command_id') == a.get('command_id') -%}
{%- set answer = d.get('type') == 'result' and (ours or this.state != 'pending') -%}
"""
_COMMAND = _COMMAND_HEAD + (
    "{%- if 'issued_at' in p -%}pending{%- elif answer -%}{{ d.get('result', 'unknown') }}{%- elif lost -%}failed{%- elif late -%}unanswered"
    "{%- else -%}" + _KEEP + "{%- endif -%}")
_COMMAND_ATTRIBUTES = _COMMAND_HEAD + """\
{%- set said = dict(a.items() | selectattr('0', 'in', ['command', 'command_id', 'issued_at', 'detail', 'request']) | list) -%}
{%- if 'issued_at' in p -%}
{%- set name = p.get('command') or (['plan', 'timezone', 'settings'] | select('in', p) | list + ['other']) | first -%}
{{ {'command': name, 'command_id': p.get('id', 0), 'issued_at': p.issued_at, 'detail': none, 'request': p} | tojson }}
{%- elif answer and ours -%}
{{ dict(said, detail=d.get('detail')) | tojson }}
{%- elif answer -%}
{{ {'command': d.get('command'), 'command_id': d.get('command_id'), 'detail': d.get('detail')} | tojson }}
{%- elif lost -%}
{{ dict(said, detail=(m.downlink_failed.get('error') or {}).get('name', 'network')) | tojson }}
{%- else -%}
{{ said | tojson }}
{%- endif -%}"""

# --- the last event

_EVENT_ATTRIBUTES = _HEAD + """\
{%- if d.get('type') == 'event' -%}
{{ dict(d.items() | selectattr('0', 'in', FIELDS) | list) | tojson }}
{%- else -%}
{{ dict(this.attributes.items() | selectattr('0', 'in', FIELDS) | list) | tojson }}
{%- endif -%}""".replace("FIELDS", _EVENT_FIELDS)

# --- airtime since midnight: added up here, from what the network heard. Which of state and attributes is renewed first differs between
# versions of Home Assistant, so both are calculated from the attributes, and an uplink is added once.

_AIRTIME_HEAD = _HEAD + """\
{%- set a = this.attributes -%}
{%- set today = now().date() | string -%}
{%- set before = (a.get('sum_s', this.state | float(0)) | float(0)) if a.get('day', today) == today else 0 -%}
{%- set new = a.get('heard') != m.get('received_at') -%}
{%- set sum = (before + (u.get('consumed_airtime', '0s')[:-1] | float(0) if new else 0)) | round(3) -%}
"""
_AIRTIME = _AIRTIME_HEAD + "{{ sum }}"
_AIRTIME_ATTRIBUTES = _AIRTIME_HEAD + "{{ {'day': today, 'heard': m.get('received_at'), 'sum_s': sum} | tojson }}"

# --- the plan as one line of text, and back

_WINDOW = r"([a-z,\-]+ )?\d\d:\d\d-\d\d:\d\d( [\d.]+(A|kWh|min))*"
PLAN_PATTERN = f"^({_WINDOW}(; ?{_WINDOW})*|none|unknown)$"
_WEEK = "['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']"
# Days that somebody listed one by one are a range, as the device says them.
_WINDOW_TEXT = (
    "{%- set days = namespace(text=w.days | replace(' ', '')) -%}{%- for n in range(7, 2, -1) -%}{%- for i in range(8 - n) -%}"
    "{%- set run = " + _WEEK + "[i:i + n] -%}"
    "{%- set days.text = days.text | replace(run | join(','), 'daily' if n == 7 else run[0] ~ '-' ~ run[-1]) -%}{%- endfor -%}{%- endfor -%}"
    "{{ days.text }} {{ w.from }}-{{ w.to }}{% if 'current_a' in w %} {{ '%g' | format(w.current_a) }}A{% endif %}"
    "{% if 'kwh' in w %} {{ '%g' | format(w.kwh) }}kWh{% endif %}{% if 'duration_min' in w %} {{ '%g' | format(w.duration_min) }}min{% endif %}")
_PLAN_TEXT = "{%- for w in WINDOWS -%}" + _WINDOW_TEXT + "{{ '' if loop.last else '; ' }}{%- else -%}none{%- endfor -%}"
_PLAN_STATE, _PLAN_ATTRIBUTES = _pages(
    "plan", "windows", _PLAN_TEXT.replace("WINDOWS", "d.get('windows') or []"), "; ",
    "(" + _REQUEST + ").get('plan')", _PLAN_TEXT.replace("WINDOWS", "m.downlinks[0].decoded_payload.plan.windows"))
# Every claim that stands, the one that decides first.
_CLAIM_TEXT = "{{ d.get('holder', 'unknown') }}{% if d.get('until') %} until {{ d.until | timestamp_custom('%a %d %b %H:%M') }}{% endif %}"
_CLAIMS_STATE, _CLAIMS_ATTRIBUTES = _pages("claims", "holder", _CLAIM_TEXT, "; ")
_ZONE_STATE, _ZONE_ATTRIBUTES = _pages("timezone", "timezone_part", "{{ d.timezone_part }}", ",")
# 'unknown' stands there until the plan was read, and given back it asks for it.
_PLAN_REQUEST = """\
{%- set ns = namespace(windows=[], w={}) -%}
{%- for part in value.split(';') if ':' in part -%}
{%- set ns.w = {'days': 'daily'} -%}
{%- for word in part.split() -%}
{%- if ':' in word -%}{%- set ns.w = dict(ns.w, **{'from': word[:5], 'to': word[6:]}) -%}
{%- elif word.endswith('kWh') -%}{%- set ns.w = dict(ns.w, kwh=word[:-3] | float(0)) -%}
{%- elif word.endswith('min') -%}{%- set ns.w = dict(ns.w, duration_min=word[:-3] | float(0)) -%}
{%- elif word.endswith('A') -%}{%- set ns.w = dict(ns.w, current_a=word[:-1] | float(0)) -%}
{%- else -%}{%- set ns.w = dict(ns.w, days=word) -%}{%- endif -%}
{%- endfor -%}
{%- set ns.windows = ns.windows + [ns.w] -%}
{%- endfor -%}
"""
_PLAN_COMMAND = _PLAN_REQUEST + _push("{'command': 'report', 'what': 'plan'} if value == 'unknown' else {'plan': {'windows': ns.windows}}")


SENSORS = (
    # key, name, value_template, what else
    ("state", "State", _words("d.get('state') and 'ACK' not in d.state", "d.state"), {"icon": "mdi:ev-station"}),
    ("reason", "Reason", _words(_NOW + " and 'reason' in d", "d.reason | replace('_', ' ')"), {"icon": "mdi:help-circle-outline"}),
    ("fault", "Fault", _words(_NOW + " and 'status' in d", "d.fault ~ ': ' ~ d.fault_text if 'fault' in d else 'none'"),
     {"icon": "mdi:alert-circle-outline"}),
    ("power", "Power", _number(_STATUS + " and 'power_kw' in d", "d.power_kw"),
     {"device_class": "power", "state_class": "measurement", "unit_of_measurement": "kW", "suggested_display_precision": 1}),
    ("session_energy", "Session energy", _number(_STATUS + " and 'session_kwh' in d", "d.session_kwh"),
     {"device_class": "energy", "unit_of_measurement": "kWh", "suggested_display_precision": 2}),
    *[("current_l%d" % phase, "Current L%d" % phase,
       _number(_STATUS + " and 'current_a' in d", "d.current_a[%d] if d.current_a else none" % (phase - 1)),
       {"device_class": "current", "state_class": "measurement", "unit_of_measurement": "A", "suggested_display_precision": 1})
      for phase in (1, 2, 3)],
    ("limit", "Current limit", _number(_NOW + " and 'current_limit_a' in d", "d.current_limit_a"),
     {"device_class": "current", "unit_of_measurement": "A", "icon": "mdi:speedometer"}),
    ("override", "Override", _words(_STATUS + " and 'override' in d", "d.override"), {"icon": "mdi:account-clock-outline"}),
    ("plan_hash", "Plan hash", _words(_STATUS + " and 'plan_hash' in d", "d.plan_hash"), {"entity_category": "diagnostic", "icon": "mdi:pound"}),
    ("holder", "Who decides", _words(_DECIDES + " and 'holder' in d", "d.holder"), {"icon": "mdi:gavel"}),
    ("until", "Decides until",
     _words(_DECIDES, "d.until | timestamp_custom('%a %d %b %H:%M') if d.get('until') else 'further notice'"), {"icon": "mdi:clock-end"}),
    ("claims", "Claims", _CLAIMS_STATE, {"json_attributes_template": _CLAIMS_ATTRIBUTES, "icon": "mdi:format-list-numbered"}),
    ("event", "Last event", _words("d.get('type') == 'event' and 'event' in d", "d.event | replace('_', ' ')"),
     {"icon": "mdi:bell-outline", "json_attributes_template": _EVENT_ATTRIBUTES}),
    ("heard", "Last heard", "{{ now().isoformat() }}", {"device_class": "timestamp", "entity_category": "diagnostic"}),
    ("rssi", "RSSI", _best("rssi"),
     {"device_class": "signal_strength", "state_class": "measurement", "unit_of_measurement": "dBm", "entity_category": "diagnostic"}),
    ("snr", "SNR", _best("snr"), {"state_class": "measurement", "unit_of_measurement": "dB", "entity_category": "diagnostic", "icon": "mdi:signal"}),
    ("airtime_today", "Airtime today", _AIRTIME,
     {"unit_of_measurement": "s", "suggested_display_precision": 1, "entity_category": "diagnostic", "icon": "mdi:radio-tower",
      "json_attributes_template": _AIRTIME_ATTRIBUTES}),
    ("airtime_24h", "Airtime of 24 h", _number("d.get('part') == 'radio' and 'airtime_s' in d", "d.airtime_s"),
     {"unit_of_measurement": "s", "suggested_display_precision": 1, "entity_category": "diagnostic", "icon": "mdi:radio-tower"}),
)
BINARY_SENSORS = (
    ("connected", "Car connected", _switch(_STATUS + " and 'ev_connected' in d", "d.ev_connected"), {"device_class": "plug"}),
    ("problem", "Problem", _switch(_NOW + " and 'status' in d", "d.status in ('fault', 'unreachable', 'unknown')"), {"device_class": "problem"}),
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
    command = {"icon": "mdi:message-reply-text", "json_attributes_template": _COMMAND_ATTRIBUTES}
    # Whether the line to the network is up, is said by the bridge itself (make bridge), on a topic of its own.
    line = entity("line", "Network line", state_topic=f"ttn-bridge/{place.device}/home-assistant", payload_on="1", payload_off="0",
                  device_class="connectivity", entity_category="diagnostic")
    return {
        "sensor": [*[heard(*row[:3], {**row[3], **alive}) for row in SENSORS], heard("command", "Last command", _COMMAND, command, topic + "/#")],
        "binary_sensor": [*[heard(*row[:3], {**row[3], **alive}) for row in BINARY_SENSORS], line],
        "button": [sent(key, name, icon, _push(request % place._asdict())) for key, name, icon, request in BUTTONS],
        "number": [sent(
            "set_limit", "Limit", "mdi:speedometer", _push("{'command': 'set_current', 'current_a': value}"), state_topic=topic + "/up",
            value_template=_number(f"{_NOW} and {LIMIT_A[0]} <= (d.get('current_limit_a') or 0) <= {LIMIT_A[1]}", "d.current_limit_a"),
            min=LIMIT_A[0], max=LIMIT_A[1], step=1, mode="slider", device_class="current", unit_of_measurement="A")],
        "text": [
            paged("plan", "Plan", "mdi:calendar-clock", _PLAN_COMMAND, _PLAN_STATE, _PLAN_ATTRIBUTES, pattern=PLAN_PATTERN),
            paged("timezone", "Time zone", "mdi:map-clock", _push("{'timezone': value}"), _ZONE_STATE, _ZONE_ATTRIBUTES, entity_category="config"),
        ],
    }
