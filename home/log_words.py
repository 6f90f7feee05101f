"""What a log shows of a device: its name. A DevEUI, which at ChirpStack is its id and stands in every topic, is in no log."""
import logging
import re

_EUI = re.compile(r"(?<![0-9A-Za-z])(?:eui-)?[0-9A-Fa-f]{16}(?![0-9A-Za-z])")
HIDDEN = "(EUI)"


def without_euis(text, names=()):
    """The text with a name in the place of each EUI. names: {id: name}."""
    return _EUI.sub(lambda found: dict(names).get(found[0], HIDDEN), text)


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
