"""Constants shared by hal/at_modem.py and the drivers of the modems: results of a line, kinds of commands, payload sizes."""

from micropython import const

# Meaning of a line for the command under way: END ends it, END with ERROR ends it as failed.
LINE = const(1)         # the modem is alive and understood
END = const(2)
ERROR = const(4)
JOINED_NOW = const(8)
STARTED = const(16)     # the frame is being sent
TRIAL = const(32)       # ... once again
ACK = const(64)
DOWNLINK = const(128)   # a frame came in one of the device's receive windows
DATA = const(256)       # ... and had a payload, which was reported
NO_SESSION = const(512)
NO_ROOM = const(1024)   # MAC answers leave no room
GARBLED = const(2048)   # the command was not understood, so it had no effect
BUSY = const(4096)      # the modem has a frame of its own under way

# Kinds of commands: one that must succeed, one that may fail, a join, an uplink, an uplink that only carries MAC answers off, a restart.
NEEDED, OPTIONAL, JOIN, UPLINK, FLUSH, RESTART = range(6)

# Application bytes by data rate, dwell limit kept wherever a frame fits under it (LoRaWAN Regional Parameters 1.0.3 revision A).
PAYLOADS = {
    'AU915': (51, 51, 11, 53, 125, 242, 242),
    'US915': (11, 53, 125, 242, 242),
    'EU868': (51, 51, 51, 115, 242, 242),
    'AS923': (51, 51, 11, 53, 125, 242),
}
