"""Templates of home/entities.py: what Home Assistant makes of a message, and of a press.

Every template takes every message of its topic: one without data (not decoded, port 0, none of the monitor's) leaves the entity as it is.
An empty text leaves numbers, binary sensors and buttons alone; a sensor's words are said again.
"""
import home.firmware    # noqa: F401  the device's words
from app.codec import vocabulary

EXPIRES_S = 600

# What stands before a template: m the message, u its uplink, d what the formatter gave; each {} where there is none.
HEAD = """\
{%- set m = value_json if value_json is mapping else {} -%}
{%- set u = m.get('uplink_message') or {} -%}
{%- set d = u.get('decoded_payload') or {} -%}
"""
KEEP = "{{ 'unknown' if this.state == 'unavailable' else this.state }}"
# The same where only certain words are taken: None is unknown.
KEEP_OPTION = "{{ 'None' if this.state in ('unavailable', 'unknown') else this.state }}"
# Only these tell of this moment; an event or a read-back has words of its own under the same names.
NOW = "d.get('type') in ('status', 'result', 'legacy')"
# Only a status has measurements; a session record comes late and has those of then.
STATUS = "d.get('type') == 'status'"
EVENT_FIELDS = "['event', 'event_number', 'event_at', 'minutes', 'kwh', 'fault_text', 'reason']"
# Of what the formatter may call it; a newer device's events have no word there.
EVENTS = list(vocabulary.EVENTS)
# Page 1 is the claim that decides, the others stand beneath it.
DECIDES = "d.get('type') == 'readback' and d.get('part') == 'claims' and d.get('page') == 1"


def words(condition, value):
    """A template of a text: value where the condition holds, else what was."""
    return "%s{%%- if %s -%%}{{ %s }}{%%- else -%%}%s{%%- endif -%%}" % (HEAD, condition, value, KEEP)


def number(condition, value):
    """A template of a number: null is unknown; nothing, and so no change, where the condition does not hold."""
    return "%s{%%- if %s -%%}{{ %s }}{%%- endif -%%}" % (HEAD, condition, value)


def best(field):
    """The strongest gateway's. The stack leaves a zero out, and of some gateways all: nobody receives 0 dBm, so what has no RSSI tells nothing."""
    return number("u.get('rx_metadata')",
                   "(u.rx_metadata | selectattr('rssi', 'defined') | map(attribute='%s', default=0) | list or [none]) | max" % field)


def switch(condition, value):
    """A template of a binary sensor: value is true, false or none."""
    return "%s{%%- if %s -%%}{%%- set is = %s -%%}{{ 'None' if is is none else 'ON' if is else 'OFF' }}{%%- endif -%%}" % (HEAD, condition, value)


def fact(part, field):
    """A template of a text that the device tells of itself when it is asked."""
    return words(f"d.get('type') == 'device' and d.get('part') == '{part}' and '{field}' in d",
                 f"d.{field} | replace('_', ' ') if d.{field} is not none else 'unknown'")


REQUEST = "((m.get('downlinks') or [{}])[0]).get('decoded_payload') or {}"
# Home Assistant has no longer states.
_LONGEST = 255
# The pages of one read-back are put together in the attributes, and shown when all are there. A request on its way down, from any sender,
# begins a new one (a report of the plan has both), and so does page 1; a page that is missing, or comes hours later, ends it unshown; one
# that comes twice changes nothing.
_PAGES_HEAD = HEAD + """\
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
""".replace("REQUEST", REQUEST)


def pages(part, field, text, mark, asked="false", wanted=""):
    """(state, attributes): templates that show a read-back whose pages tell `field`.

    Where `asked` holds, of a request on its way down, the state is what was `wanted`.
    """
    head = _PAGES_HEAD.replace("PART", part).replace("FIELD", field).replace("TEXT", text)
    state = (f"{head}{{%- if is_page and ns.pages | length == d.pages -%}}{{{{ ns.pages | join('{mark}') }}}}"
             f"{{%- elif {asked} -%}}{{%- set wanted -%}}{wanted}{{%- endset -%}}{{{{ wanted if wanted | length <= {_LONGEST} else 'unknown' }}}}"
             f"{{%- else -%}}{KEEP}{{%- endif -%}}")
    return state, head + "{{ {'pages': ns.pages, 'of': ns.of, 'heard': ns.heard} | tojson }}"


# --- what goes down

# Of `request` and the time `t`, what is published: its id and time of issue are fresh, and stay what they are when it is repeated.
SEND = ("{{ {'downlinks': [{'f_port': 20, 'priority': 'NORMAL', 'decoded_payload': dict(request, id=t %% 256, issued_at=t, expires_in_s=%d)}]}"
        " | tojson }}" % EXPIRES_S)


def push(request):
    """A template of a message with that request."""
    return "{%%- set t = now().timestamp() | int -%%}{%%- set request = %s -%%}\n%s" % (request, SEND)


# --- the last command: pending, then what the device answered

_COMMAND_HEAD = HEAD + "{%- set p = " + REQUEST + """ -%}
{%- set a = this.attributes -%}
{%- set failed = ((m.get('downlink_failed') or {}).get('downlink') or {}).get('decoded_payload') or {} -%}
{%- set lost = failed.get('issued_at') == a.get('issued_at') and failed.get('id') == a.get('command_id') and 'issued_at' in failed -%}
{%- set late = (m.get('unanswered') or {}).get('issued_at') == a.get('issued_at') and 'unanswered' in m and this.state == 'pending' -%}
{%- set ours = d.get('command') == a.get('command') and d.get('command_id') == a.get('command_id') -%}
{%- set answer = d.get('type') == 'result' and (ours or this.state != 'pending') -%}
"""
COMMAND = _COMMAND_HEAD + (
    "{%- if 'issued_at' in p -%}pending{%- elif answer -%}{{ d.get('result', 'unknown') }}{%- elif lost -%}failed{%- elif late -%}unanswered"
    "{%- else -%}" + KEEP + "{%- endif -%}")
COMMAND_ATTRIBUTES = _COMMAND_HEAD + """\
{%- set said = dict(a.items() | selectattr('0', 'in', ['command', 'command_id', 'issued_at', 'detail', 'request']) | list) -%}
{%- if 'issued_at' in p -%}
{%- set name = p.get('command') or (['plan', 'timezone', 'settings', 'target'] | select('in', p) | list + ['other']) | first -%}
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

EVENT_ATTRIBUTES = HEAD + """\
{%- if d.get('type') == 'event' -%}
{{ dict(d.items() | selectattr('0', 'in', FIELDS) | list) | tojson }}
{%- else -%}
{{ dict(this.attributes.items() | selectattr('0', 'in', FIELDS) | list) | tojson }}
{%- endif -%}""".replace("FIELDS", EVENT_FIELDS)

# Told twice, it happened once. An event entity leaves an empty text alone.
EVENT = HEAD + """\
{%- set a = this.attributes -%}
{%- if d.get('type') == 'event' and d.get('event') in WORDS and not (
  d.get('event_number') == a.get('event_number') and d.get('event_at') == a.get('event_at')) -%}
{{ dict(d.items() | selectattr('0', 'in', FIELDS) | rejectattr('0', 'eq', 'event') | list, event_type=d.event) | tojson }}
{%- endif -%}""".replace("WORDS", str(EVENTS)).replace("FIELDS", EVENT_FIELDS)

# --- what the owner wishes: kept by the broker, found again by an attribute, for entities may be renamed

# Nothing is an hour, too: the usual one.
CHARGE_BY_PATTERN = r"^(([01]\d|2[0-3]):[0-5]\d)?$"


def wish_mark(name, node):
    """A template of attributes by which an entity is known as that wish of that wallbox."""
    return "{{ {'%s_of': '%s'} | tojson }}" % (name, node)


def wish(node, morning):
    """Sets `wish`: a target without cheap hours, which the device meets as late as it still can. No energy: what the car took before."""
    found = "(states.%s | selectattr('attributes.%s_of', 'eq', '" + node + "') | map(attribute='state') | list + ['unknown']) | first"
    return (f"{{%- set by = {found % ('text', 'charge_by')} -%}}\n{{%- set kwh = {found % ('number', 'charge_energy')} | float(0) -%}}\n"
            f"{{%- set wish = dict({{'until': by if ':' in by else '{morning}', 'quarters': []}}, **({{'kwh': kwh}} if kwh else {{}})) -%}}\n"
            "{%- set wish = {'target': wish} -%}\n")


# --- a boost by energy: what was asked for, as long as a boost stands

BOOST_ENERGY = HEAD + "{%- set p = " + REQUEST + """ -%}
{%- if p.get('command') == 'boost' -%}{{ p.kwh if LOW <= (p.get('kwh') or 0) <= HIGH else 'None' }}
{%- elif STATUS and 'override' in d and d.override != 'boost' -%}None{%- endif -%}""".replace("STATUS", STATUS)

# --- the mode: the highest word said against the plan

MODES = ["plan", *vocabulary.OVERRIDES[1:]]
MODE = HEAD + """\
{%- set it = 'plan' if d.get('override') == 'none' else d.get('override') -%}
{{ it if STATUS and it in MODES else this.state if this.state in MODES else 'none' }}""".replace("STATUS", STATUS).replace("MODES", str(MODES))
# A lock alone does not end with the others.
MODE_REQUEST = """{'command': 'unlock'} if value == 'plan' and this.state == 'lock' else {
  'plan': {'command': 'resume_plan'}, 'boost': {'command': 'boost', 'until': '%(morning)s'}, 'skip': {'command': 'skip'},
  'stop': {'command': 'stop'}, 'lock': {'command': 'lock'}, 'target': wish}[value]"""

# --- airtime since midnight: added up here, from what the network heard. Which of state and attributes is renewed first differs between
# versions of Home Assistant, so both are calculated from the attributes, and an uplink is added once.

_AIRTIME_HEAD = HEAD + """\
{%- set a = this.attributes -%}
{%- set today = now().date() | string -%}
{%- set before = (a.get('sum_s', this.state | float(0)) | float(0)) if a.get('day', today) == today else 0 -%}
{%- set new = a.get('heard') != m.get('received_at') -%}
{%- set sum = (before + (u.get('consumed_airtime', '0s')[:-1] | float(0) if new else 0)) | round(3) -%}
"""
AIRTIME = _AIRTIME_HEAD + "{{ sum }}"
AIRTIME_ATTRIBUTES = _AIRTIME_HEAD + "{{ {'day': today, 'heard': m.get('received_at'), 'sum_s': sum} | tojson }}"

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
PLAN_STATE, PLAN_ATTRIBUTES = pages(
    "plan", "windows", _PLAN_TEXT.replace("WINDOWS", "d.get('windows') or []"), "; ",
    "(" + REQUEST + ").get('plan')", _PLAN_TEXT.replace("WINDOWS", "m.downlinks[0].decoded_payload.plan.windows"))
# Every claim that stands, the one that decides first.
_CLAIM_TEXT = "{{ d.get('holder', 'unknown') }}{% if d.get('until') %} until {{ d.until | timestamp_custom('%a %d %b %H:%M') }}{% endif %}"
CLAIMS_STATE, CLAIMS_ATTRIBUTES = pages("claims", "holder", _CLAIM_TEXT, "; ")
ZONE_STATE, ZONE_ATTRIBUTES = pages("timezone", "timezone_part", "{{ d.timezone_part }}", ",")
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
PLAN_COMMAND = _PLAN_REQUEST + push("{'command': 'report', 'what': 'plan'} if value == 'unknown' else {'plan': {'windows': ns.windows}}")
