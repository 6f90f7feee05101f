"""Constants shared by hal/at_modem.py and the drivers of the modems: results of a line, kinds of commands, payload sizes."""

from micropython import const

# What a line says of the command under way. One that ends it has END, one that ends it badly ERROR as well.
LINE = const(1)         # the modem lives and understood
END = const(2)
ERROR = const(4)
JOINED_NOW = const(8)
STARTED = const(16)     # the frame goes out
TRIAL = const(32)       # ... once more
ACK = const(64)
DOWNLINK = const(128)   # something came in a receive window of ours
DATA = const(256)       # ... and had a payload, which was reported
NO_SESSION = const(512)
NO_ROOM = const(1024)   # MAC answers in the way
GARBLED = const(2048)   # the command was not understood, so nothing came of it
BUSY = const(4096)      # the modem has a frame of its own under way

# Kinds of commands: one that must succeed, one that may fail, a join, an uplink, an uplink that only carries MAC answers off.
NEEDED, OPTIONAL, JOIN, UPLINK, FLUSH = range(5)

# Application bytes by data rate, dwell limit kept wherever a frame fits under it (LoRaWAN Regional Parameters 1.0.3 revision A).
PAYLOADS = {
    'AU915': (51, 51, 11, 53, 125, 242, 242),
    'US915': (11, 53, 125, 242, 242),
    'EU868': (51, 51, 51, 115, 242, 242),
    'AS923': (51, 51, 11, 53, 125, 242),
}
