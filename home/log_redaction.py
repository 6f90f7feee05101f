"""What a log shows of a device: its name. A DevEUI, which at ChirpStack is its id and stands in every topic, is in no log."""
import logging
import re

_EUI = re.compile(r"(?<![0-9A-Za-z])(?:eui-)?[0-9A-Fa-f]{16}(?![0-9A-Za-z])")
# Enough to find it at the network, and to be nobody.
HIDDEN = "(EUI that ends on %s)"


def without_euis(text, names=()):
    """The text with a name in the place of each EUI. names: {id: name}."""
    return _EUI.sub(lambda found: dict(names).get(found[0]) or HIDDEN % found[0][-4:], text)


def names(devices):
    """{id: name}; one that nobody gave a name has a number."""
    return {device.id: device.name if device.name != device.id else f"Wallbox {place}" for place, device in enumerate(devices, 1)}


class Formatter(logging.Formatter):
    """Of the service's log, tracebacks included. devices: of the settings."""

    def __init__(self, form, devices):
        super().__init__(form)
        self._names = names(devices)

    def format(self, record):
        return without_euis(super().format(record), self._names)
