"""The light of a board with mainline MicroPython: an LED, an addressable one, or none."""

import machine
from neopixel import NeoPixel

from hal.contract import OFF, RED


class NoLight:
    """No light."""

    def show(self, colour):
        """Nothing."""

    def activity(self, on):
        """Nothing."""


class Led:
    """One LED of one colour: lit while all is well, dark for red; inverted for a moment with each frame."""

    def __init__(self, pin, lit):
        self._pin = machine.Pin(pin, machine.Pin.OUT, value=1 - lit)
        self._lit = lit
        self._well = False
        self._active = False

    def show(self, colour):
        """Set it."""
        self._well = colour != OFF and colour != RED    # a tuple of names would be rebuilt each time
        self._set()

    def activity(self, on):
        """Invert it."""
        self._active = on
        self._set()

    def _set(self):
        self._pin(self._lit if self._well != self._active else 1 - self._lit)


class Pixel:
    """One addressable LED (WS2812): the colour, dark for a moment with each frame."""

    def __init__(self, pin):
        self._pixels = NeoPixel(machine.Pin(pin, machine.Pin.OUT), 1)
        self._colour = OFF
        self._shown = None
        self._set(OFF)

    def show(self, colour):
        """Set it."""
        self._colour = colour
        self._set(colour)

    def activity(self, on):
        """Dark while on."""
        self._set(OFF if on else self._colour)

    def _set(self, colour):
        if colour != self._shown:   # interrupts are off while it is written
            self._shown = colour
            self._pixels[0] = (colour >> 16, colour >> 8 & 0xFF, colour & 0xFF)
            self._pixels.write()


def light(settings):
    """The light of the settings."""
    if settings.LIGHT is None:
        return NoLight()
    if settings.LIGHT == 'neopixel':
        return Pixel(settings.LIGHT_PIN)
    return Led(settings.LIGHT_PIN, 0 if settings.LIGHT == 'led_low' else 1)
