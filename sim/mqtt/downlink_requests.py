"""Parses messages on down/push and down/replace into items for the network's queue.

The Things Stack's rules (pkg/applicationserver, lorawan-stack 3.32): frm_payload wins; encodeDownlink runs only where it is absent and
decoded_payload is there; one bad item refuses the whole message; only the server's log reports it.
"""

import binascii
import json
from base64 import b64decode

from sim.live.typed_commands import printable

PRIORITIES = ('LOWEST', 'LOW', 'BELOW_NORMAL', 'NORMAL', 'ABOVE_NORMAL', 'HIGH', 'HIGHEST')
LONGEST_BODY = 65536
MOST_ITEMS = 100
# Validation rules of the stack's ApplicationDownlink; port 224 belongs to the LoRaWAN test protocol.
LONGEST_PAYLOAD = 255
LONGEST_CORRELATION_ID = 100
TEST_PORT = 224
LONGEST_PROBLEM = 240


class Refused(Exception):
    """The message is refused; args[0] says why, in a few printable words."""


def items_of_body(body, formatter, utc_s):
    """Items for Network.push from the bytes of an MQTT message, or Refused. utc_s: the clock the formatter sees."""
    message = value_of(body)
    if not isinstance(message, dict) or not isinstance(message.get('downlinks', []), list):
        raise Refused('not {"downlinks": [...]}')
    return items_of_list(message.get('downlinks', []), formatter, utc_s)


def value_of(body):
    """What the bytes of an MQTT message say in JSON, or Refused."""
    if len(body) > LONGEST_BODY:
        raise Refused('%d bytes are too many' % len(body))
    try:
        return json.loads(body.decode('utf-8'), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Refused('not JSON') from None


def items_of_list(downlinks, formatter, utc_s):
    """Items for Network.push from a list of downlinks in The Things Stack's words, or Refused."""
    if len(downlinks) > MOST_ITEMS:
        raise Refused('%d downlinks are too many' % len(downlinks))
    items = []
    for number, downlink in enumerate(downlinks, 1):
        try:
            items.append(_item(downlink, formatter, utc_s))
        except Refused as refused:
            raise Refused(printable('downlink %d: %s' % (number, refused.args[0]), LONGEST_PROBLEM)) from None
    return items


def _no_number(word):
    raise ValueError('%s is no JSON' % word)


def _item(downlink, formatter, utc_s):
    if not isinstance(downlink, dict):
        raise Refused('not an object')
    f_port, payload = _frame(downlink, formatter, utc_s)
    if not 1 <= f_port <= 255 or f_port == TEST_PORT:
        raise Refused('f_port must be 1..255, not 224')
    if len(payload) > LONGEST_PAYLOAD:
        raise Refused('%d bytes are too many' % len(payload))
    confirmed = downlink.get('confirmed') or False
    if not isinstance(confirmed, bool):
        raise Refused('confirmed must be true or false')
    priority = downlink.get('priority') or PRIORITIES[0]
    if priority not in PRIORITIES:
        raise Refused('priority must be one of %s' % ' '.join(PRIORITIES))
    return {'f_port': f_port, 'payload': payload, 'confirmed': confirmed, 'priority': priority,
            'correlation_ids': _correlation_ids(downlink)}


def _frame(downlink, formatter, utc_s):
    """(port, payload); a zero or empty field is an absent one, as in protobuf's JSON."""
    f_port = downlink.get('f_port') or 0
    if isinstance(f_port, bool) or not isinstance(f_port, int):
        raise Refused('f_port must be a whole number')
    coded = downlink.get('frm_payload') or ''
    decoded = downlink.get('decoded_payload')
    if not isinstance(coded, str):
        raise Refused('frm_payload must be base64')
    if coded or decoded is None:
        try:
            return f_port, b64decode(coded, validate=True)
        except (binascii.Error, ValueError):
            raise Refused('frm_payload must be base64') from None
    if not isinstance(decoded, dict):
        raise Refused('decoded_payload must be an object')
    output = formatter.encode_downlink(decoded, max(0, min(f_port, 255)), utc_s)
    if output.get('errors'):
        raise Refused('; '.join(str(error) for error in output['errors']))
    return output['fPort'], bytes(output['bytes'])


def _correlation_ids(downlink):
    ids = downlink.get('correlation_ids') or []
    if not isinstance(ids, list) or not all(isinstance(text, str) and len(text) <= LONGEST_CORRELATION_ID for text in ids):
        raise Refused('correlation_ids must be texts of at most %d characters' % LONGEST_CORRELATION_ID)
    return ids
