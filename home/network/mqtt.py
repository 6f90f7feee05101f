"""A line to an MQTT broker: paho, which connects again by itself and waits longer each time, and what refusals mean in words."""
import contextlib
import secrets
import socket
import ssl
import sys
import threading

import paho.mqtt.client as paho

from home.network import kinds

KEEP_ALIVE_S = 60
RETRY_S = (2, 300)
# A broker looks at a user's rights when he logs in: where one was missing, he logs in again after that time, for it may have been given.
REFUSED_S = 300


def to_network(network, device_ids, hear, state):
    """The line to a network of the settings."""
    its = kinds.of(network)
    line = Line(f"{network.name}: {network.host}:{network.port}", network.host, network.port, state, hear,
                its.subscriptions(network, device_ids), its.login(network), its.AT_LOGIN, its.AT_SUBSCRIBING)
    if network.tls:
        line.client.tls_set_context(ssl.create_default_context(cafile=network.ca_file or None))
    return line


def to_house(its, what, state, hear=None, topics=(), at_subscribing=""):
    """A line to the house's broker, [house_mqtt] of the settings. what: whose line it is, in words."""
    line = Line(f"{what}: {its.host}:{its.port}", its.host, its.port, state, hear, topics, (its.user, its.password) if its.user else None,
                "Are user and password_file those of this broker?", at_subscribing)
    if its.ca_file:
        line.client.tls_set_context(ssl.create_default_context(cafile=its.ca_file))
    return line


# What OpenSSL says of an answer that is none of TLS.
_OF_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST")


def _why_not(problem):
    """What an exception of connecting means, in words."""
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"has a certificate that is not trusted here ({problem.verify_message}). Does ca_file name who signed it, and host the name in it?"
    if isinstance(problem, ssl.SSLError):
        is_plain = problem.reason in _OF_NO_TLS
        return "speaks no TLS there. Are port and tls right?" if is_plain else f"broke off while TLS began ({problem.reason or problem})"
    return "is no name that this computer can find" if isinstance(problem, socket.gaierror) else "does not answer"


class Line:
    """state(is_up, sentence) is told what becomes of the line, once a change; hear(topic, body) gets what comes. Both in paho's thread.

    login: (user, password) or None. at_login, at_subscribing: what to say where these are refused.
    """

    def __init__(self, where, host, port, state, hear=None, topics=(), login=None, at_login="", at_subscribing=""):
        self._address = host, port
        self._where, self._state, self._topics = where, state, topics
        self._at_login, self._at_subscribing = at_login, at_subscribing
        self._said = None
        self._again = None      # a timer
        self.client = client = paho.Client(paho.CallbackAPIVersion.VERSION2, f"home-{secrets.token_hex(6)}")
        if login:
            client.username_pw_set(*login)
        client.reconnect_delay_set(*RETRY_S)
        client.on_connect = self._on_connect
        # paho calls it while it handles the exception, and hands over nothing.
        client.on_connect_fail = lambda client, userdata: self._tell(False, _why_not(sys.exc_info()[1]))
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        if hear:
            client.on_message = lambda client, userdata, message: hear(message.topic, message.payload)

    def start(self):
        """Connect, now or as soon as it answers, and stay connected."""
        self.client.connect_async(*self._address, KEEP_ALIVE_S)
        self.client.loop_start()

    def stop(self):
        self._ask_again(False)
        self.client.disconnect()
        self.client.loop_stop()

    def publish(self, topic, body, retain=False):
        """False if the line is down, and so it is not sent."""
        return self.client.publish(topic, body, retain=retain).rc == paho.MQTT_ERR_SUCCESS if self.client.is_connected() else False

    def _on_connect(self, client, userdata, flags, reason, properties):
        if reason.is_failure:
            self._tell(False, f"refuses the login: {reason}. {self._at_login}")
        elif self._topics:
            client.subscribe([(topic, 0) for topic in self._topics])
        else:
            self._tell(True, "connected")

    def _on_subscribe(self, client, userdata, mid, reasons, properties):
        if any(reason.is_failure for reason in reasons):
            self._tell(False, f"lets us in, but not read: {self._at_subscribing}")
            self._ask_again(True)
            return
        self._ask_again(False)
        self._tell(True, "connected")

    def _on_disconnect(self, client, userdata, flags, reason, properties):
        self._tell(False, f"the line is gone ({reason})" if reason.is_failure else "the line is closed")

    def _ask_again(self, is_to):
        """Whether to log in again after a while."""
        if self._again:
            self._again.cancel()
        self._again = threading.Timer(REFUSED_S, self._log_in_again) if is_to else None
        if self._again:
            self._again.daemon = True
            self._again.start()

    def _log_in_again(self):
        """A line that breaks paho makes anew."""
        its = self.client.socket()
        if its:
            with contextlib.suppress(OSError):
                its.shutdown(socket.SHUT_RDWR)

    def _tell(self, is_up, what):
        # The same again, as at each try, is not worth a word.
        if (is_up, what) == self._said or not is_up and self._said and not self._said[0] and what.startswith("the line is gone"):
            return
        self._said = is_up, what
        self._state(is_up, f"{self._where} {what}")
