"""A stand-in for Home Manager's side of the charger, based on its last version with The Things Stack (docs/home-manager.md).

It is as easily killed as the original: a message without a state raises, and so does a state that it does not know.
"""
import json

STATES = ("Not Connected", "Connected and Locked", "Charging", "Charged", "Disabled")
ACKS = ("Lock Outlet ACK", "Unlock Outlet ACK", "Reset Charger ACK")
COMMS_LOST_S = 11_700
# Each button: what it sends, and in which states it may be pressed.
BUTTONS = {
    "disable": ("Lock Outlet", ("Charging", "Charged")),
    "enable": ("Unlock Outlet", ("Disabled",)),
    "start": ("Reset Charger", ("Connected and Locked",)),
}


class Died(Exception):
    """It raised in its callback, which ends its MQTT for good."""


class HomeManager:
    """One charger. state: the last one shown; waiting: the acknowledgement that a button waits for, or None; acks: those that came."""

    def __init__(self, app):
        self.up, self.push = f"ttn/{app}/up", f"ttn/{app}/down/push"
        self.state = self.waiting = None
        self.states, self.acks = [], []
        self._heard_s = 0

    def on_message(self, topic, payload, now_s=0):
        """A message of its one topic; anything on another one is none of its business."""
        if topic != self.up:
            return
        try:
            state = json.loads(payload)["uplink_message"]["decoded_payload"]["state"]
        except (ValueError, KeyError, TypeError) as problem:
            raise Died(f"{problem!r} at {payload!r}") from problem
        self._heard_s = now_s
        if not isinstance(state, str):
            raise Died(f"{state!r} is no text")
        if "ACK" in state:
            self._acknowledged(state)
        elif state in STATES:
            self.state = state
            self.states.append(state)
        else:
            raise Died(f"{state!r} leaves a variable unbound")

    def _acknowledged(self, state):
        if state not in ACKS:
            raise Died(f"{state!r} acknowledges nothing")
        self.acks.append(state)
        if state == self.waiting:
            self.waiting = None

    def press(self, button):
        """(topic, payload) of what a button sends; AssertionError where it is not offered in this state."""
        mode, offered = BUTTONS[button]
        assert self.state in offered, f"{button} is not offered while {self.state}"
        self.waiting = mode + " ACK"
        return self.push, json.dumps({"downlinks": [{"f_port": 1, "confirmed": True, "decoded_payload": {"mode": mode}}]})

    def has_lost_the_charger(self, now_s):
        return now_s - self._heard_s > COMMS_LOST_S
