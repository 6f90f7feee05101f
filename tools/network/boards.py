"""The LoRaWAN versions of the boards: one table for every network, each of which writes them in words of its own."""
from collections import namedtuple

# mac: LoRaWAN version; parameters and revision: its regional parameters (docs/registration.md).
Version = namedtuple("Version", "mac parameters revision")

# By kind of radio: a LoPy4 has one of its own, every other board has a modem.
VERSIONS = {"lopy4": Version("1.0.2", "1.0.2", "B"), "modem": Version("1.0.3", "1.0.3", "A")}


def radio_of(board):
    """The kind of radio of a board, as in `make build`."""
    return board if board in VERSIONS else "modem"
