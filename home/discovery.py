"""`make discovery` and `make package`: the wallbox in Home Assistant, once by MQTT discovery or as a YAML package.

Discovery is a set of retained messages: published once, read by Home Assistant at each of its starts. Nothing of ours has to run.
"""
import argparse
import getpass
import json
import os
import pathlib
import re
import secrets
import ssl
import sys
import threading

import paho.mqtt.client as paho

from home import arguments, entities, package
from home.network import kinds

ROOT = pathlib.Path(__file__).resolve().parent.parent
WAIT_S = 10
QUIET_S = 0.5
PASSWORD_VARIABLE = "MQTT_PASSWORD"
SAID = {
    "publish": "{count} entities of {device} published on {host}:{port}. Home Assistant shows them at once, under Settings -> Devices -> MQTT.\n",
    "remove": "{device} removed from {host}:{port}. Home Assistant forgets it at once.\n",
}


class Wrong(Exception):
    """It did not work; args[0] says what to do next."""


def messages(place, prefix):
    """{topic: payload} of discovery."""
    made = {}
    for component, configurations in entities.entities(place).items():
        for configuration in configurations:
            key = configuration["unique_id"].removeprefix(entities.node(place) + "_")
            made[f"{prefix}/{component}/{entities.node(place)}/{key}/config"] = json.dumps({**configuration, "origin": entities.ORIGIN})
    return made


class Broker:
    """A connection to a broker, for as long as the `with` lasts."""

    def __init__(self, host, port, user=None, password=None, authorities=None):
        self.retained = {}
        self._where = f"{host}:{port}"
        self._done = threading.Event()
        self._reason = None
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, f"discovery-{secrets.token_hex(4)}")
        if user:
            self._client.username_pw_set(user, password)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *rest: self._done.set()
        self._client.on_message = self._on_message
        try:
            if authorities:
                self._client.tls_set(authorities)
            self._client.connect(host, port)
        except ssl.SSLError as problem:
            raise Wrong(f"{self._where} does not prove who it is by CA=: {getattr(problem, 'verify_message', problem)}") from None
        except OSError as problem:
            raise Wrong(f"no broker answers on {self._where} ({problem.strerror or problem}). Is mosquitto running? Another one:"
                        " BROKER=HOST:PORT") from None

    def __enter__(self):
        self._client.loop_start()
        self._wait("the broker says nothing")
        if self._reason.is_failure:
            raise Wrong(f"{self._where} refuses the connection: {self._reason}. A broker with passwords needs MQTT_USER=, and the password"
                        f" in {PASSWORD_VARIABLE} or when asked")
        return self

    def __exit__(self, *problem):
        self._client.disconnect()
        self._client.loop_stop()

    def read_retained(self, topic):
        """Fills retained with what the broker keeps there: it comes right behind the answer to the subscription, and quiet ends it."""
        self._client.subscribe(topic, 1)
        self._wait("no answer to a subscription")
        while self._done.wait(QUIET_S):
            self._done.clear()
        self._client.unsubscribe(topic)

    def retain(self, topic, payload):
        """Publish a retained message, or take it away with b''. Returns once the broker has it."""
        self._client.publish(topic, payload, 1, retain=True).wait_for_publish(WAIT_S)

    def _on_connect(self, client, userdata, flags, reason, properties):
        self._reason = reason
        self._done.set()

    def _on_message(self, client, userdata, message):
        if message.retain:
            self.retained[message.topic] = message.payload
            self._done.set()

    def _wait(self, otherwise):
        if not self._done.wait(WAIT_S):
            raise Wrong(f"{self._where}: {otherwise}")
        self._done.clear()


def apply(broker, prefix, node, wanted):
    """Make `wanted` all that is retained for that device, what an older version left included."""
    broker.read_retained(f"{prefix}/+/{node}/+/config")
    for topic in broker.retained.keys() - wanted.keys():
        broker.retain(topic, b"")
    for topic, payload in wanted.items():
        broker.retain(topic, payload)


def password(given):
    """From MQTT_PASSWORD, or asked for without echo; never an argument."""
    if not given.user:
        return None
    if PASSWORD_VARIABLE in os.environ:
        return os.environ[PASSWORD_VARIABLE]
    if not sys.stdin.isatty():
        raise Wrong(f"there is nobody to ask for the password: give it in {PASSWORD_VARIABLE}")
    return getpass.getpass(f"Password of {given.user} at the broker (not shown): ")


def parser():
    words = arguments.Parser(prog="home.discovery", description="The wallbox in Home Assistant, by MQTT discovery or as a package.")
    words.add_argument("what", choices=("publish", "remove", "package"), help="publish or remove discovery; or write the package, in YAML")
    words.add_argument("--app", type=arguments.topic_word, required=True, help="APP=: application id")
    words.add_argument("--device", type=arguments.topic_word, required=True, help="DEV=: device id")
    words.add_argument("--network", choices=tuple(kinds.KINDS), default=kinds.USUAL,
                       help="NETWORK=: whose topics (default %(default)s); at chirpstack APP= is the application's UUID, DEV= the DevEUI")
    words.add_argument("--name", default="", help="NAME=: of the device in Home Assistant (default: made of its id, at chirpstack Wallbox)")
    words.add_argument("--tenant", type=arguments.tenant, default="ttn", help="TENANT=: ttn (default); empty for a stack without tenants")
    words.add_argument("--silence-min", type=arguments.minutes, default=entities.SILENCE_MIN, metavar="MIN",
                       help="SILENCE=: minutes without an uplink until its sensors are unavailable (default %(default)s; at SF11, SF12: 255)")
    words.add_argument("--morning", type=arguments.clock, default=entities.MORNING, metavar="HH:MM",
                       help="MORNING=: end of a boost until morning (default %(default)s)")
    words.add_argument("--home-assistant", type=release, default=entities.NEWEST, metavar="RELEASE",
                       help="HA=: its release, 2024.3 at least; an old one takes less (default {}.{})".format(*entities.NEWEST))
    words.add_argument("--page", type=_page, metavar="URL", help="PAGE=: address of the service's page, for the device's link to it")
    words.add_argument("--broker", type=arguments.broker, default=("127.0.0.1", arguments.PORT), metavar="HOST:PORT",
                       help="BROKER=: of the house (default 127.0.0.1:1883)")
    words.add_argument("--user", help="MQTT_USER=: at the broker, where it asks for one")
    words.add_argument("--authorities", type=arguments.authorities, metavar="FILE", help="CA=: TLS, and who signed the broker's certificate")
    words.add_argument("--prefix", type=arguments.level, default="homeassistant", help="discovery prefix (default %(default)s)")
    words.add_argument("--out", type=pathlib.Path, help="OUT=: file for the package (default: to standard output)")
    return words


def release(text):
    """(year, month) of "2024.3" or "2024.3.3"."""
    found = re.fullmatch(r"(20\d\d)\.(\d\d?)(\.\w+)?", text)
    if not found or (its := (int(found[1]), int(found[2]))) < entities.OLDEST:
        raise argparse.ArgumentTypeError("{!r} is no release of Home Assistant from {}.{} on".format(text, *entities.OLDEST))
    return its


def _page(text):
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no address, as http://192.168.1.20:8080/")
    return text


def run(given):
    """Do it; what was done, in words."""
    for _, problem in kinds.KINDS[given.network].problems(given.app, [given.device]):
        raise Wrong(problem)
    place = entities.Place(given.app, given.tenant, given.device, given.silence_min, given.morning, given.home_assistant, given.page or "",
                           given.network, given.name)
    if given.what == "package":
        text = package.text(place)
        if given.out is None:
            return text
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(text)
        return f"Written to {given.out}. Where it goes: docs/home-assistant.md\n"
    wanted = messages(place, given.prefix)
    with Broker(*given.broker, given.user, password(given), given.authorities) as broker:
        apply(broker, given.prefix, entities.node(place), wanted if given.what == "publish" else {})
        if given.what == "remove":
            for topic in entities.wish_topics(place):
                broker.retain(topic, b"")
    return SAID[given.what].format(count=len(wanted), device=given.device, host=given.broker[0], port=given.broker[1])


def main(argv=None):
    try:
        print(run(parser().parse_args(argv)), end="")
    except (Wrong, OSError) as problem:
        print(f"home.discovery: {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
