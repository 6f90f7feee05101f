"""How a network's topics and messages become those that the templates of home/entity_templates.py know: a row for each kind of network.

A template begins with templates.HEAD, which finds m, u and d in a message of The Things Stack; another network's head makes the same three of its
own message. A request ends with templates.SEND; another network's end says the same in its own words.
"""
import collections

from home import entity_templates as templates
from home.network import chirpstack, kinds

# prefix: of every topic of the device, of a Place; up, down: what follows it for uplinks and requests; note: for what only we publish and hear;
# head, send: in the place of templates.HEAD and SEND; line: the topic that says whether make bridge's line is up; title: of a device without a name.
Dialect = collections.namedtuple("Dialect", "prefix up down note head send line title")


def _stack_prefix(place):
    user = f"{place.app}@{place.tenant}" if place.tenant else place.app
    return f"v3/{user}/devices/{place.device}"


# The number before it keeps what it says: 16.0 is 16, so that a state reads as The Things Stack's. A brace or bracket closes what a number ends.
_WHOLE = "value | regex_replace('(?<=[0-9])[.]0(?=[]},])', '') | from_json"
_CHIRPSTACK_HEAD = """\
{%- set e = (WHOLE) if value_json is mapping else {} -%}
{%- set o = e.get('object') if e.get('object') is mapping else {} -%}
{%- set d = o if 'deviceInfo' in e else {} -%}
{%- set lora = ((e.get('txInfo') or {}).get('modulation') or {}).get('lora') or {} -%}
{%- set data = e.get('data') or '' -%}
{%- set size = 13 + (data | length * 3 // 4 - data.count('=') if data else -1) -%}
{%- set sf = lora.get('spreadingFactor') or 7 -%}
{%- set symbol = 2 ** sf / (lora.get('bandwidth') or 125000) -%}
{%- set bits = 4 * (sf - 2 if symbol >= 0.016 else sf) -%}
{%- set airtime = symbol * (20.25 + 5 * ((8 * size - 4 * sf + 44) / bits) | round(0, 'ceil')) -%}
{%- set u = {'rx_metadata': e.rxInfo, 'consumed_airtime': '%.6fs' | format(airtime)} if 'rxInfo' in e else {} -%}
{%- set item = (e.get('context') or {}).get('queue_item_id') or '' -%}
{%- set lost = {'issued_at': item[-8:] | int(0, 16), 'id': item[-10:-8] | int(0, 16)} if item.startswith('MARK') else {} -%}
{%- set m = dict({'received_at': e.get('time'), 'uplink_message': u, 'downlinks': [{'decoded_payload': o}] if 'devEui' in e else [],
  'downlink_failed': {'downlink': {'decoded_payload': lost}, 'error': {'name': e.get('code')}}},
  **({'unanswered': e.unanswered} if 'unanswered' in e else {})) -%}
""".replace("WHOLE", _WHOLE).replace("MARK", chirpstack.MARK)
# The UUID as home/network/chirpstack.py has it: the same for the same request, so that one which is repeated waits but once.
_CHIRPSTACK_SEND = """\
{%%- set object = dict(request, id=t %% 256, issued_at=t, expires_in_s=%d) -%%}
{{ {'devEui': 'DEVICE', 'fPort': 20, 'object': object, 'expiresAt': (t + %d) | timestamp_custom('%%Y-%%m-%%dT%%H:%%M:%%SZ', false),
  'id': 'MARK-%%04x-4000-8000-00%%02x%%08x' | format((object | tojson).encode() | sum %% 65536, t %% 256, t)} | tojson }}""" % (
    templates.EXPIRES_S, templates.EXPIRES_S)

DIALECTS = {
    kinds.USUAL: Dialect(_stack_prefix, "/up", "/down/push", "/down/unanswered", templates.HEAD, templates.SEND, "ttn-bridge", ""),
    "chirpstack": Dialect(lambda place: f"application/{place.app}/device/{place.device}", "/event/up", "/command/down", "/unanswered",
                          _CHIRPSTACK_HEAD, _CHIRPSTACK_SEND.replace("MARK", chirpstack.MARK), "chirpstack-bridge", "Wallbox"),
}


def spoken(place, configuration):
    """A configuration of The Things Stack's words in those of the place's network."""
    its = DIALECTS[place.network]
    return {key: _spoken(its, place, value) if isinstance(value, str) else value for key, value in configuration.items()}


def _spoken(its, place, text):
    return text.replace(templates.HEAD, its.head).replace(templates.SEND, its.send.replace("DEVICE", place.device))
