"""Parses messages on ChirpStack's command/down into items for the network's queue.

ChirpStack's rules (chirpstack/src/integration/mqtt.rs, mod.rs and storage/device_queue.rs, July 2026): protobuf's JSON, a field of another name
refuses the message; devEui is that of the topic, to the letter; `object`, where it is there, goes through encodeDownlink, which sees its numbers as
doubles, and the fPort that this returns counts (from 4.14.1 on); fPort is cut to 8 bits and then 1 to 255. Whatever is refused stands in the
server's own log alone: no event tells of it.
"""

import binascii
from base64 import b64decode
from datetime import datetime
from uuid import UUID

from sim.live.typed_commands import printable
from sim.mqtt.downlink_requests import LONGEST_PROBLEM, Refused, value_of

# A field's two names in protobuf's JSON.
_NAMES = {'id': 'id', 'devEui': 'devEui', 'dev_eui': 'devEui', 'confirmed': 'confirmed', 'fPort': 'fPort', 'f_port': 'fPort', 'data': 'data',
          'object': 'object', 'expiresAt': 'expiresAt', 'expires_at': 'expiresAt'}


def item_of_body(body, dev_eui, formatter, utc_s):
    """An item for Network.push from the bytes of an MQTT message, or Refused. utc_s: the clock that the codec sees."""
    message = value_of(body)
    if not isinstance(message, dict):
        raise Refused('not an object')
    try:
        return _item(_named(message), dev_eui, formatter, utc_s)
    except Refused as refused:
        raise Refused(printable(refused.args[0], LONGEST_PROBLEM)) from None


def _named(message):
    unknown = [name for name in message if name not in _NAMES]
    if unknown:
        raise Refused('unknown field `%s`' % unknown[0])
    return {_NAMES[name]: value for name, value in message.items() if value is not None}


def _item(command, dev_eui, formatter, utc_s):
    if command.get('devEui', '') != dev_eui:
        raise Refused('Payload dev_eui %s does not match topic dev_eui %s' % (command.get('devEui', ''), dev_eui))
    f_port, payload = command.get('fPort', 0), _bytes(command.get('data', ''))
    if isinstance(f_port, bool) or not isinstance(f_port, (int, float)) or f_port != int(f_port) or not 0 <= f_port < 1 << 32:
        raise Refused('fPort must be a whole number')
    f_port = int(f_port) & 0xFF
    if 'object' in command:
        f_port, payload = _encoded(command['object'], f_port, formatter, utc_s)
    if not f_port:
        raise Refused('FPort must be between 1 - 255')
    confirmed = command.get('confirmed', False)
    if not isinstance(confirmed, bool):
        raise Refused('confirmed must be true or false')
    return {'f_port': f_port, 'payload': payload, 'confirmed': confirmed, 'queue_id': _uuid(command.get('id', '')),
            'expires_at_s': _utc_s(command.get('expiresAt'))}


def _encoded(given, f_port, formatter, utc_s):
    if not isinstance(given, dict):
        raise Refused('object must be an object')
    output = formatter.encode_downlink(given, f_port, utc_s)
    if output.get('errors'):
        raise Refused('encodeDownlink returned errors: %s' % ', '.join(str(error) for error in output['errors']))
    return output.get('fPort', f_port), bytes(output['bytes'])


def _bytes(text):
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise Refused('data must be base64') from None


def _uuid(text):
    try:
        return str(UUID(text)) if text else ''
    except (AttributeError, TypeError, ValueError):
        raise Refused('id must be a UUID') from None


def _utc_s(text):
    """RFC 3339 as UTC seconds; None where there is none."""
    try:
        moment = None if text is None else datetime.fromisoformat(text)
    except (TypeError, ValueError):
        moment = False
    if moment is False or moment is not None and moment.tzinfo is None:
        raise Refused('Parse expires_at error')
    return None if moment is None else moment.timestamp()
