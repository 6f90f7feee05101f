"""What the command lines of bridge, discovery and guard take: a check for each kind of value, and one line for what is wrong."""
import argparse
import ipaddress
import os
import re
import sys

from home import setting_checks

PORT, PORT_MAX = 1883, 65535
SILENCE_MIN = 7 * 24 * 60


class Parser(argparse.ArgumentParser):
    """One that names a mistake in one line, without the usage before it: exit status 2."""

    def error(self, message):
        print(f"{self.prog}: {message}", file=sys.stderr)
        raise SystemExit(2)


def _wrong(text, why):
    return argparse.ArgumentTypeError(f"{text[:80]!r} {why}")


def topic_word(text):
    """An application or device id of The Things Stack."""
    if not re.fullmatch(r"[a-z0-9](?:-?[a-z0-9]){2,35}", text) or len(text) > 36:
        raise _wrong(text, "is no id of The Things Stack: 3 to 36 of a-z, 0-9 and single dashes, as in its console")
    return text


def tenant(text):
    return text and topic_word(text)


def level(text):
    """One part of a topic of MQTT, or several with / between them."""
    try:
        return setting_checks.topic(text)
    except ValueError as problem:
        raise _wrong(text, str(problem)) from None


def host(text):
    """The name or address of a computer."""
    try:
        return setting_checks.host(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def port(text):
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) <= PORT_MAX:
        raise _wrong(text, f"is no port: a number from 1 to {PORT_MAX}")
    return int(text)


def _after(text, digits):
    """The port at the end of that text, or None."""
    try:
        return None if digits is None else port(digits)
    except argparse.ArgumentTypeError as problem:
        raise argparse.ArgumentTypeError(f"{text[:80]!r}: {problem}") from None


def broker(text):
    """(host, port) of HOST, HOST:PORT, [V6] or [V6]:PORT."""
    found = re.fullmatch(r"\[([^\]]*)\](?::(.*))?|([^:]+)(?::(.*))?", text)
    if not found:
        raise _wrong(text, "is no HOST or HOST:PORT, as 192.168.1.10:1883")
    return host(found[1] or found[3]), _after(text, found[2] if found[1] is not None else found[4]) or PORT


def listener(text):
    """(address, port or None) to listen on; None for 'none'."""
    if text == "none":
        return None
    address, colon, digits = text.partition(":")
    try:
        ipaddress.IPv4Address(address)
    except ValueError:
        raise _wrong(text, "is nothing to listen on: 127.0.0.1 (this machine only), 0.0.0.0 (the house, with a password), ADDRESS:PORT, or none")
    return address, _after(text, digits if colon else None)


def clock(text):
    """HH:MM."""
    if not re.fullmatch(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise _wrong(text, "is no time of day: HH:MM, from 00:00 to 23:59")
    return text


def authorities(text):
    """A file with the certificates that are trusted, for TLS."""
    if not os.path.isfile(text):
        raise _wrong(text, "is not there: a file with who signed the broker's certificate")
    return text


def minutes(text):
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) <= SILENCE_MIN:
        raise _wrong(text, f"are no minutes: a number from 1 to {SILENCE_MIN}")
    return int(text)
