"""`make guard APP=my-app`: stands between the bridge and Home Manager, and passes on what Home Manager survives. docs/home-manager.md.

Takes uplinks from ttn-guard/<app>/up and publishes them, byte for byte, on ttn/<app>/up if they carry one of the eight states; the rest is
withheld and named. A request of Home Manager's that the broker keeps is taken away. Runs until it is stopped, and connects again by itself.
The password of a broker that wants one comes from MQTT_PASSWORD.
"""
import json
import os
import signal
import sys
import threading

import paho.mqtt.client as paho

from home import arguments, log_redaction
from home.bridge import GUARDED, TLS_PORT
from home.retained_requests import RetainedRequests

KEEP_ALIVE_S = 30
RETRY_S = (1, 30)
# For a broker that starts later than we do, as after a power cut.
FIRST_S = 60
STATES = (
    "Not Connected", "Connected and Locked", "Charging", "Charged", "Disabled", "Lock Outlet ACK", "Unlock Outlet ACK", "Reset Charger ACK",
)
# Signs of a text that somebody else wrote.
SHOWN = 60


def fault_of(payload):
    """Why Home Manager would not survive this message, or None if it would."""
    try:
        state = json.loads(payload)["uplink_message"]["decoded_payload"]["state"]
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        return f"no state ({type(problem).__name__})"
    return None if isinstance(state, str) and state in STATES else f"a state that it does not know: {state!r:.40}"


def described(payload):
    """What was withheld, so that it is found again at the network: device, port, counter and time of an uplink, or the beginning of the text."""
    try:
        message = json.loads(payload)
        uplink = message["uplink_message"]
        size = len(uplink.get("frm_payload", "")) * 3 // 4
        # The stack leaves out what is zero, as the port and the counter of a first empty frame.
        told = (message.get("end_device_ids", {}).get("device_id", "nobody"), uplink.get("f_port", 0), uplink.get("f_cnt", 0), size,
                message.get("received_at", "unknown"))
        return "uplink of %s, fPort %s, f_cnt %s, %s bytes, received at %s" % tuple(_printable(one) for one in told)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return f"{len(payload)} bytes that are no uplink: {_printable(payload[:2 * SHOWN].decode('utf-8', 'replace'))}"


def _printable(value):
    return "".join(sign if sign.isprintable() else "?" for sign in log_redaction.without_euis(str(value))[:SHOWN])


class Guard:
    """One application's uplinks on one broker. run() until stop(); say(text) hears what is withheld and how the connection is, once a change."""

    def __init__(self, app, host, port, user=None, password=None, say=print, authorities=None):
        self._app, self._where, self._tell = app, f"{host}:{port}", say
        self._said = None
        self._was_connected = self._is_stopped = False
        self._passed = self._withheld = 0
        self._client = client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        if user:
            client.username_pw_set(user, password)
        if authorities:
            client.tls_set(authorities)
        client.reconnect_delay_set(*RETRY_S)
        client.on_connect = self._on_connect
        client.on_connect_fail = lambda client, userdata: self._say(f"no broker answers on {self._where}. It is tried again; another one: HOST=")
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        self._retained = RetainedRequests(client, [f"ttn/{app}/down/push"], lambda topic: self._tell(
            f"taken away: a request that the broker kept on {topic}, and would send again at every start. Publish without retain"))
        client.connect_async(host, port, KEEP_ALIVE_S)

    def run(self, first_s=FIRST_S):
        """Serve until stop(). False if there was no broker at all in the first seconds: somebody gave the wrong place."""
        patience = threading.Timer(first_s, lambda: self._was_connected or self.stop())
        patience.daemon = True
        patience.start()
        self._client.loop_forever(retry_first_connection=True)
        patience.cancel()
        return self._was_connected or self._is_stopped

    def end(self):
        """stop(), because the user wants it."""
        self._is_stopped = True
        self.stop()

    def stop(self):
        self._client.disconnect()

    def _say(self, text):
        """The line's state, which is told once."""
        if text != self._said:
            self._said = text
            self._tell(text)

    def _on_connect(self, client, userdata, flags, reason, properties):
        if reason.is_failure:
            self._say(f"the broker refuses: {reason}. With a password: --user and MQTT_PASSWORD")
            return
        self._was_connected = True
        client.subscribe(GUARDED.format(app=self._app))
        self._retained.subscribe()
        self._say("connected")

    def _on_disconnect(self, client, userdata, flags, reason, properties):
        if self._said == "connected":
            self._say(f"the line to {self._where} is gone. It is tried again" if reason.is_failure else
                      f"ended: {self._passed} passed on, {self._withheld} withheld")

    def _on_message(self, client, userdata, message):
        if self._retained.hear(message):
            return
        fault = "kept by the broker, so it is old" if message.retain else fault_of(message.payload)
        if fault:
            self._withheld += 1
            self._tell(f"withheld: {fault}: {described(message.payload)}")
        else:
            self._passed += 1
            client.publish(f"ttn/{self._app}/up", message.payload)


def main(argv=None):
    words = arguments.Parser(prog="make guard", description="Pass on to Home Manager what it survives.")
    words.add_argument("--app", type=arguments.topic_word, required=True, help="APP=: application id")
    words.add_argument("--host", type=arguments.host, default="127.0.0.1", help="HOST=: the house's broker (default 127.0.0.1)")
    words.add_argument("--port", type=arguments.port, help=f"its port (default {arguments.PORT}, with CA= {TLS_PORT})")
    words.add_argument("--authorities", type=arguments.authorities, metavar="FILE", help="CA=: TLS, and who signed the broker's certificate")
    words.add_argument("--user", help="MQTT_USER=: its user; the password comes from MQTT_PASSWORD")
    words.add_argument("--patience-s", type=float, default=FIRST_S, metavar="S", help="how long it waits at first for a broker (default %(default)s)")
    given = words.parse_args(argv)
    given.port = given.port or (TLS_PORT if given.authorities else arguments.PORT)
    guard = Guard(given.app, given.host, given.port, given.user, os.environ.get("MQTT_PASSWORD"), say=lambda text: print(text, flush=True),
                  authorities=given.authorities)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: guard.end())
    if guard.run(given.patience_s):
        return 0
    print(f"make guard: no broker let us in on {given.host}:{given.port} for {given.patience_s:g} s. Another one: HOST=", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
