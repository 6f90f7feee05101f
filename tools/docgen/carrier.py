"""Draws the XIAO on its RS485 board as one sees it from above, for docs/hardware.md, from the pins in src/config.py: python -m tools.docgen.carrier

The order of the pads is Seeed's; what they are for follows from the settings.
"""
import sys
from xml.sax.saxutils import escape

import config

from tools.docgen.wiring import BLACK, BLUE, FOLDER, GREEN, GREY, ORANGE, PURPLE, RED, TEAL, XIAO_ESP32_S3

PATH = FOLDER / "xiao-on-carrier.svg"
WIDTH, HEIGHT = 1180, 720
GPIO = {name: number for number, name in XIAO_ESP32_S3.items()}
# From the USB socket on, seen from above.
LEFT = ("D0", "D1", "D2", "D3", "D4", "D5", "D6")
RIGHT = ("5V", "GND", "3V3", "D10", "D9", "D8", "D7")
# Pads that the ESP32 talks on at each start.
CHATTER = ("D6", "D7")
TOP, PITCH = 232, 44
BOARD = (60, 92, 560, 560)          # of the carrier: x, y, width, height
XIAO = (210, 150, 260, 390)
MODULE = (840, 236, 250, 240)
STEPS = (
    "1  Antenna on the Wio-E5, before anything has power.",
    "2  10 kΩ from D2 to GND, soldered to the ends of the pins.",
    "3  Four wires to the Wio-E5, capacitor at its end, right way round.",
    "4  XIAO into the sockets as printed there: 5V to 5V, GND to GND.",
    "5  5V switch to IN, and nothing at that terminal; 120R switch to ON.",
    "6  USB last. The bus wires only with the box's breaker off.",
)


def uses():
    """{pad: (what it is for, colour)} by the settings; pads that are free are missing."""
    found = {
        config.BUS_TX_PIN: ("DI of the driver", PURPLE), config.BUS_RX_PIN: ("RO of the driver", GREEN), config.BUS_DE_PIN: ("driver on", TEAL),
        config.RADIO_TX_PIN: ("to RX", PURPLE), config.RADIO_RX_PIN: ("from TX", GREEN),
    }
    told = {XIAO_ESP32_S3[number]: what for number, what in found.items()}
    told.update({"5V": ("for the board", RED), "GND": ("to GND", BLACK), "3V3": ("to VCC", RED)})
    return told


def free():
    """The pads for whatever one likes, in their order."""
    return [pad for pad in LEFT + RIGHT if pad not in uses() and pad not in CHATTER]


def pad_at(pad):
    """(x, y) of a pad's middle."""
    x, _, width, _ = XIAO
    return (x, TOP + LEFT.index(pad) * PITCH) if pad in LEFT else (x + width, TOP + RIGHT.index(pad) * PITCH)


def _text(x, y, words, size=14, weight="normal", anchor="start", fill="#263238"):
    return '<text x="%d" y="%d" font-size="%s" font-weight="%s" text-anchor="%s" fill="%s">%s</text>' % (
        x, y, size, weight, anchor, fill, escape(words))


def _rect(x, y, width, height, fill, stroke="#263238", radius=8):
    return '<rect x="%d" y="%d" width="%d" height="%d" rx="%d" fill="%s" stroke="%s" stroke-width="2"/>' % (x, y, width, height, radius, fill, stroke)


def _wire(points, colour):
    return '<polyline points="%s" fill="none" stroke="%s" stroke-width="5" stroke-linejoin="round" stroke-linecap="round"/>' % (
        " ".join("%d,%d" % point for point in points), colour)


def _carrier():
    x, y, width, height = BOARD
    out = [_rect(x, y, width, height, "#1b5e20", "#0d3311", 16), _text(x + 24, y + height - 90, "RS485 board for XIAO", 14, "bold", fill="#ffffff"),
           _rect(x + 24, y + height - 78, 250, 62, "#2e7d32", "#a5d6a7", 6)]
    for place, (name, colour) in enumerate((("A", ORANGE), ("B", BLUE), ("GND", BLACK), ("5V", GREY))):
        centre = x + 58 + 62 * place
        out += ['<circle cx="%d" cy="%d" r="13" fill="#cfd8dc" stroke="%s" stroke-width="5"/>' % (centre, y + height - 40, colour),
                _text(centre, y + height - 60, name, 13, "bold", "middle", "#ffffff")]
    for place, (name, position) in enumerate((("120R", "ON"), ("5V", "IN"))):
        left = x + 310 + 118 * place
        out += [_rect(left, y + height - 66, 90, 30, "#eceff1", "#263238", 4), _rect(left + 48, y + height - 63, 38, 24, "#455a64", "#263238", 3),
                _text(left + 6, y + height - 46, position, 12, "bold"),
                _text(left + 45, y + height - 74, name + " switch", 12, "normal", "middle", "#ffffff")]
    return out


def _xiao():
    x, y, width, height = XIAO
    out = [_rect(x, y, width, height, "#212121", "#000000", 18), _rect(x + 85, y - 22, 90, 60, "#b0bec5", "#455a64", 10),
           _text(x + width // 2, y + 14, "USB-C", 13, "bold", "middle"), _rect(x + 55, y + 100, 150, 150, "#cfd8dc", "#90a4ae", 6),
           _text(x + width // 2, y + 166, "XIAO", 20, "bold", "middle"), _text(x + width // 2, y + 190, "ESP32-S3", 16, "normal", "middle"),
           _text(x + 50, y + 62, "B", 13, "bold", "middle", "#ffffff"), _text(x + width - 50, y + 62, "R", 13, "bold", "middle", "#ffffff"),
           '<circle cx="%d" cy="%d" r="9" fill="#eceff1"/><circle cx="%d" cy="%d" r="9" fill="#eceff1"/>' % (x + 72, y + 57, x + width - 72, y + 57),
           _text(x + width // 2, y + 300, "U.FL: Wi-Fi, stays empty", 11, "normal", "middle", "#b0bec5")]
    told, unused = uses(), free()
    for pad in LEFT + RIGHT:
        px, py = pad_at(pad)
        colour = told[pad][1] if pad in told else "#fdd835" if pad in unused else GREY
        out.append('<circle cx="%d" cy="%d" r="12" fill="%s" stroke="#fdd835" stroke-width="4"/>' % (px, py, colour))
        is_left = pad in LEFT
        out.append(_text(px + (22 if is_left else -22), py + 5, pad, 13, "bold", "start" if is_left else "end", "#ffffff"))
        words = told[pad][0] if pad in told else "free" if pad in unused else "leave"
        if is_left or pad in ("5V", "D8", "D7"):
            # Beside the wires of the resistor.
            dx, dy = {"5V": (60, 0), "D2": (-22, -12)}.get(pad, (-22 if is_left else 22, 0))
            out.append(_text(px + dx, py + dy + 5, words, 12, "normal", "end" if is_left else "start", "#ffffff"))
    return out


def _resistor():
    x, y = pad_at("D2")
    gnd_x, gnd_y = pad_at("GND")
    low = XIAO[1] - 44
    return [_wire(((x, y), (x - 128, y), (x - 128, low), (gnd_x + 44, low), (gnd_x + 44, gnd_y), (gnd_x, gnd_y)), TEAL),
            _rect(x - 142, y - 66, 28, 50, "#ffe0b2", "#6d4c41", 6), _text(x - 106, y - 36, "10 kΩ", 12, "bold", "start", "#ffffff")]


def _module():
    x, y, width, height = MODULE
    out = [_rect(x, y, width, height, "#0d47a1", "#002171", 12),
           _text(x + width // 2 + 16, y + 40, "Wio-E5 (Grove)", 16, "bold", "middle", "#ffffff"),
           '<path d="M %d %d V %d" stroke="#37474f" stroke-width="14" stroke-linecap="round"/>' % (x + width - 40, y, y - 130),
           _text(x + width - 62, y - 104, "1  antenna,", 14, "bold", "end", RED),
           _text(x + width - 62, y - 84, "before power", 14, "bold", "end", RED)]
    ends = (("GND", "GND"), ("3V3", "VCC"), (XIAO_ESP32_S3[config.RADIO_RX_PIN], "TX"), (XIAO_ESP32_S3[config.RADIO_TX_PIN], "RX"))
    for row, (pad, name) in enumerate(ends):
        px, py = pad_at(pad)
        my = y + 78 + 44 * row
        out += [_wire(((px, py), (660 + 26 * row, py), (660 + 26 * row, my), (x, my)), uses()[pad][1]),
                '<circle cx="%d" cy="%d" r="9" fill="#fdd835" stroke="#263238" stroke-width="2"/>' % (x, my),
                _text(x + 20, my + 5, name, 14, "bold", "start", "#ffffff")]
    out += [_rect(x - 62, y + 80, 26, 40, "#455a64", "#263238", 5), _rect(x - 62, y + 80, 26, 8, "#cfd8dc", "#263238", 3),
            _text(x - 82, y + 93, "−", 14, "bold"), _text(x - 82, y + 118, "+", 14, "bold")]
    return out + [_text(x - 60, y + height + 28, "capacitor 220 µF, 10 V, here:", 13, "bold"),
                  _text(x - 60, y + height + 46, "+ to VCC, stripe (−) to GND", 13)]


def draw():
    """The SVG."""
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title"'
           ' font-family="DejaVu Sans, Verdana, Arial, sans-serif">' % (WIDTH, HEIGHT, WIDTH, HEIGHT),
           '<title id="title">The XIAO ESP32-S3 on its RS485 board, with the Wio-E5, seen from above</title>',
           '<rect x="1" y="1" width="%d" height="%d" rx="12" fill="#fbfaf6" stroke="#b0bec5" stroke-width="2"/>' % (WIDTH - 2, HEIGHT - 2),
           _text(28, 44, "XIAO ESP32-S3 on Seeed's RS485 board, from above", 20, "bold"),
           _text(28, 68, "free pads: %s. %s stay empty: the ESP32 says something on them at each start." % (
               ", ".join(free()), " and ".join(CHATTER)), 13, fill="#546e7a")]
    out += _carrier() + _xiao() + _resistor() + _module()
    out += [_text(640, 560 + 23 * place, step, 12) for place, step in enumerate(STEPS)]
    out.append("</svg>")
    return "\n".join(out) + "\n"


def main():
    PATH.write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
