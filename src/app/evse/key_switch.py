"""The key switch of the box: detects that a person has turned it, and whether that is a boost. Pure.

The input EN1 is connected to a key, another device's relay, or nothing, by the setting EN1; only a key counts as a person's request.
A turn is EN1 from open to closed, seen twice, with a car that has been there for a minute and a box that has not just started: after a
reset or power cut the input may have any value, and a key that is closed already is no turn (design decision).
"""

from modbus.reading import EN_STARTS, NO_START

SETTLED_MS = 60000
# A box that was silent for this time may have restarted (readings come every 2 s).
_AWAY_MS = 8000


class KeySwitch:
    """turned() takes each reading."""

    def __init__(self):
        self._closed = None     # the confirmed position
        self._seen = None       # a different position in the latest reading
        self._car_ms = None     # arrival of the car
        self._calm_ms = None    # the latest start of the box, or reset by the monitor
        self._at_ms = None

    @property
    def is_open(self):
        """True if the key is open and the input is reliable."""
        return self._closed is False and self._at_ms - self._calm_ms >= SETTLED_MS

    def restarted(self, now_ms):
        """The monitor reset the box, or made it jump."""
        self._calm_ms = now_ms

    def turned(self, reading, car):
        """True once for each turn."""
        at_ms = reading.at_ms
        if at_ms == self._at_ms:
            return False
        if self._at_ms is None or at_ms - self._at_ms >= _AWAY_MS:
            self._calm_ms = at_ms
        self._at_ms = at_ms
        if not car:
            self._car_ms = None
        elif self._car_ms is None:
            self._car_ms = at_ms
        closed = reading.enable_input
        if closed is self._closed:
            self._seen = None
            return False
        if self._seen is not closed:
            self._seen = closed
            return False
        was = self._closed
        self._closed = closed
        self._seen = None
        return (closed and was is False and self._car_ms is not None and at_ms - self._car_ms >= SETTLED_MS
                and at_ms - self._calm_ms >= SETTLED_MS)


def boosts(settings, box):
    """True if a turn counts as a boost. box: app.evse.evse_model.Box."""
    if settings.EN1 != 'key' or settings.KEY_TURN != 'auto':
        return settings.EN1 == 'key' and settings.KEY_TURN == 'boost'
    # If the box lets no car start without the key, a turn is only the permission.
    return not (box.en_mode == EN_STARTS and box.flags is not None and box.flags & NO_START)
