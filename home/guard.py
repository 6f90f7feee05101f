"""`make guard APP=my-app`: stands between the bridge and Home Manager, and passes on what Home Manager survives. docs/home-manager.md.

Takes uplinks from ttn-guard/<app>/up and publishes them, byte for byte, on ttn/<app>/up if they carry one of the eight states; the rest is
withheld and named. Runs until it is stopped, and connects again by itself. The password of a broker that wants one comes from MQTT_PASSWORD.
"""
import argparse
import json
import os
import signal
import sys

import paho.mqtt.client as paho

from home.bridge import GUARDED, topic_word

PORT = 1883
KEEP_ALIVE_S = 30
RETRY_S = (1, 30)
STATES = (
    "Not Connected", "Connected and Locked", "Charging", "Charged", "Disabled", "Lock Outlet ACK", "Unlock Outlet ACK", "Reset Charger ACK",
)


def fault_of(payload):
    """Why Home Manager would not survive this message, or None if it would."""
    try:
        state = json.loads(payload)["uplink_message"]["decoded_payload"]["state"]
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        return f"no state ({type(problem).__name__})"
    return None if isinstance(state, str) and state in STATES else f"a state that it does not know: {state!r:.40}"


class Guard:
    """One application's uplinks on one broker. start() to stop(); say(text) hears what is withheld and how the connection is."""

    def __init__(self, app, host, port, user=None, password=None, say=print):
        self._app, self._say = app, say
        self._client = client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        if user:
            client.username_pw_set(user, password)
        client.reconnect_delay_set(*RETRY_S)
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        client.connect_async(host, port, KEEP_ALIVE_S)

    def run(self):
        """Serve until stop()."""
        self._client.loop_forever(retry_first_connection=True)

    def stop(self):
        self._client.disconnect()

    def _on_connect(self, client, userdata, flags, reason, properties):
        if reason.is_failure:
            self._say(f"the broker refuses: {reason}. With a password: --user and MQTT_PASSWORD")
            return
        client.subscribe(GUARDED.format(app=self._app))
        self._say("connected")

    def _on_message(self, client, userdata, message):
        fault = fault_of(message.payload)
        if fault:
            self._say(f"withheld: {fault}")
        else:
            client.publish(f"ttn/{self._app}/up", message.payload)


def main(arguments=None):
    words = argparse.ArgumentParser(prog="make guard", description="Pass on to Home Manager what it survives.")
    words.add_argument("--app", type=topic_word, required=True, help="APP=: application id")
    words.add_argument("--host", default="127.0.0.1", help="HOST=: the house's broker (default 127.0.0.1)")
    words.add_argument("--port", type=int, default=PORT, help=f"its port (default {PORT})")
    words.add_argument("--user", help="MQTT_USER=: its user; the password comes from MQTT_PASSWORD")
    given = words.parse_args(arguments)
    guard = Guard(given.app, given.host, given.port, given.user, os.environ.get("MQTT_PASSWORD"), say=lambda text: print(text, flush=True))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: guard.stop())
    guard.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
