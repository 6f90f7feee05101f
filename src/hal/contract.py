"""The hardware contract: everything that the layers above require of a board.

Implementations do not inherit from these classes; tests/contract holds each of them to the words below.
Nothing here configures hardware: a board module builds its parts from the settings, once, in its open().
"""

# A HalError's first argument is one of these; the caller handles it. Anything else that escapes is a bug and ends in a
# reset with a log line (main.py).
BUS = 'bus'
RADIO = 'radio'
STORE = 'store'
SERIAL = 'serial'


class HalError(Exception):
    """The hardware failed; args[0] names the part, args[1] describes the symptom."""


# Later than any time that Clock.now_ms() will tell.
FOREVER_MS = 1 << 60


class Clock:
    """Time. Durations are compared as now - since >= LIMIT, in milliseconds."""

    def now_ms(self):
        """Monotonic milliseconds; never wraps, never jumps, unaffected by set_utc."""

    def sleep_ms(self, ms):
        """Idle for at most ms; returns within 5 ms of a byte on the bus or an event of the radio. For the main loop only."""

    def utc_s(self):
        """Wall time as UTC seconds since 1970, or None while it is unknown."""

    def set_utc(self, utc_s):
        """The wall time is utc_s now."""


BUS_BAUD = 38400   # 8E1 (ABL 05 0015 20 Rev. B)


class Bus:
    """RS485, half duplex. The driver is off (DE low) before the pin becomes an output and after every path."""

    def read(self):
        """The bytes that have arrived since the last call, b'' when none. Never waits."""

    def transmit(self, frame):
        """DE on, frame out, last stop bit awaited, DE off, whatever happens; nothing allocates meanwhile. HalError(BUS) if the port fails."""


# Events of Radio.poll(): (kind, number, detail).
JOINED = 1        # (JOINED, 0, None)
JOIN_FAILED = 2   # (JOIN_FAILED, 0, None): this attempt got no answer
SENT = 3          # (SENT, emissions, None): an unconfirmed frame and its receive windows are over
ACKED = 4         # (ACKED, emissions, None): a confirmed frame was acknowledged
FAILED = 5        # (FAILED, emissions, why): the frame was not sent (emissions 0) or not acknowledged
RECEIVED = 6      # (RECEIVED, port, payload)
HEARD = 7         # (HEARD, 0, None): a frame without payload for us; it proves the session alive
EMITTED = 8      # (EMITTED, emissions, None): the modem sent a frame of its own accord, and is free again
LOST = 9         # (LOST, 1 while it sent, else 0, None): the modem has restarted, and its session is gone


class Radio:
    """A LoRaWAN modem: it owns MAC, keys and receive windows. One thing at a time; nothing waits."""

    def join(self, data_rate):
        """Start one OTAA attempt at that data rate; False if it cannot start now. JOINED or JOIN_FAILED follows."""

    def send(self, port, payload, confirmed, data_rate):
        """Start one uplink; False if refused now (busy, not joined, too long). SENT, ACKED or FAILED follows."""

    def poll(self):
        """The next event, or None. A class C modem may report RECEIVED at any time."""

    def max_payload(self, data_rate):
        """Application bytes that fit the next frame at that data rate, after pending MAC answers."""

    def data_rate(self):
        """The data rate that the network has set (ADR), which the next frame is sent at; None where frames go out as asked."""

    def ask_time(self):
        """Ask the network for the time with the next uplink (DeviceTimeReq); False if this modem cannot."""

    def utc_s(self):
        """The network's time as UTC seconds where the modem knows it, else None."""


class Store:
    """Small records under short names. A power cut leaves the old value or the new one, never a mixture."""

    def get(self, name):
        """The record's bytes, or None."""

    def put(self, name, value):
        """Keep value (bytes, at most 1024) under name (at most 12 of a-z 0-9 _). HalError(STORE) if it cannot, for want of memory too."""


class Serial:
    """A plain byte port, for a modem."""

    def read(self):
        """The bytes that have arrived since the last call, b'' when none. Never waits."""

    def write(self, data):
        """Queue data for sending. HalError(SERIAL) if the port fails."""

    def reset(self):
        """Pull the modem's reset line for a few milliseconds; False if it has none."""


class Watchdog:
    """Resets the board unless fed."""

    def feed(self):
        """Restart the interval. Called in one place, and only while every component makes progress."""


# Colours of Indicator.show(), 0xRRGGBB.
OFF = 0x000000
BLUE = 0x00007F
GREEN = 0x007F00
YELLOW = 0x7F7F00
WHITE = 0x7F7F7F
PURPLE = 0x7F007F
RED = 0x7F0000


class Indicator:
    """The light that a person in front of the box sees."""

    def show(self, colour):
        """State of the charger, one of the colours above."""

    def activity(self, on):
        """True while a frame of the box is being heard or sent."""


# System.reset_cause()
POWER_ON = 0
PLANNED = 1
WATCHDOG = 2
CRASH = 3


class System:
    """The board as a whole."""

    def reset(self, reason):
        """Reboot now, planned; reason is one word for the log. Does not return."""

    def reset_cause(self):
        """Why this boot: POWER_ON, PLANNED, WATCHDOG or CRASH."""

    def browned_out(self):
        """True if the supply gave way while the modem sent, and this boot follows; its cause is POWER_ON. False where nobody can know."""

    def unique_id(self):
        """At least 6 bytes that no other board has."""

    def log(self, text):
        """Write one line to the log; never raises."""
