"""ChirpStack's own protobuf (chirpstack-api of PyPI) as a judge of messages: each is parsed strictly into the type that its topic has."""
import json

from chirpstack_api import integration
from google.protobuf import json_format

# What stands last in a topic -> its type.
TYPES = {"event/up": integration.UplinkEvent, "event/join": integration.JoinEvent, "event/ack": integration.AckEvent,
         "event/txack": integration.TxAckEvent, "event/log": integration.LogEvent, "event/status": integration.StatusEvent,
         "command/down": integration.DownlinkCommand}


def suffix_of(topic):
    """The last two levels."""
    return "/".join(topic.split("/")[-2:])


def parsed(suffix, body):
    """The message; json_format.ParseError where a field is unknown or has a wrong type."""
    return json_format.Parse(body, TYPES[suffix]())


def differences(suffix, body):
    """What of a message ChirpStack would have written otherwise: a zero that it leaves out, a name, a number, a whole number without .0."""
    given = json.loads(body, parse_int=_whole, parse_float=_broken)
    written = json.loads(json_format.MessageToJson(parsed(suffix, body)), parse_int=_whole, parse_float=_broken)
    return list(_differences(given, written, suffix))


def _whole(text):
    return "whole", int(text)


def _broken(text):
    return "broken", float(text)


def _differences(given, written, where):
    if isinstance(given, dict) and isinstance(written, dict):
        for name in sorted(given.keys() | written.keys()):
            if name not in given or name not in written:
                yield f"{where}.{name}: {'left out' if name not in given else 'not written by ChirpStack'}"
            else:
                yield from _differences(given[name], written[name], f"{where}.{name}")
    elif isinstance(given, list) and isinstance(written, list) and len(given) == len(written):
        for place, (one, other) in enumerate(zip(given, written)):
            yield from _differences(one, other, f"{where}[{place}]")
    elif given != written and not _are_alike(given, written):
        yield f"{where}: {given} for {written}"


def _are_alike(given, written):
    """Times differ in how UTC is written, and numbers of 32 bits in their last digits."""
    if isinstance(given, str) and isinstance(written, str):
        return given.endswith("+00:00") and given[:19] == written[:19]
    return (isinstance(given, tuple) and isinstance(written, tuple) and given[0] == written[0]
            and abs(given[1] - written[1]) <= 1e-6 * abs(written[1]))
