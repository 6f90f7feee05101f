"""Draws the wiring diagrams of docs/hardware.md, from the pins in src/config.py and one table here: python -m tools.docgen.wiring

A diagram is columns of boxes. Wires run straight, from a pin on the right of a box to the one on the left of the next, in the same row.
"""
import pathlib
import sys
from collections import namedtuple
from xml.sax.saxutils import escape

import config

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "images"

# first: row of its first pin. left, right: pins from that row on; None leaves a row out. notes: lines below the pins.
Box = namedtuple("Box", "title subtitle first left right notes")
# column: the one to its left. row, colour, label: on the wire, or "".
Wire = namedtuple("Wire", "column row colour label")
Diagram = namedtuple("Diagram", "name title columns wires foot")

RED, BLACK, BLUE, GREEN, ORANGE, PURPLE, GREY, TEAL = "#c62828", "#37474f", "#1565c0", "#2e7d32", "#ef6c00", "#6a1b9a", "#78909c", "#00838f"

# The D numbers that are printed on a XIAO ESP32-S3, by GPIO number (Seeed's pin map of the board).
XIAO_ESP32_S3 = {1: "D0", 2: "D1", 3: "D2", 4: "D3", 5: "D4", 6: "D5", 43: "D6", 44: "D7", 7: "D8", 8: "D9", 9: "D10"}
# Those of hal/lopy4.py.
LOPY4 = {"tx": "P3", "rx": "P4", "enable": "P8", "led": "P9"}

WALLBOX = Box("Wallbox", "control bus, RJ45 X2", 0, (), ("1 · A", "2 · B", "3 · GND"), ("Power off. Work for", "a licensed electrician."))


def xiao(gpio):
    """'D4 · GPIO5'"""
    return "%s · GPIO%d" % (XIAO_ESP32_S3[gpio], gpio)


DIAGRAMS = (
    Diagram(
        "wiring-lopy4", "LoPy4",
        (
            (WALLBOX,),
            (Box("RS485 transceiver", "3.3 V, as MAX3485", 0, ("A", "B", "GND"), ("RO", "DI", "DE + /RE", "VCC", "GND"), ()),),
            (Box("LoPy4", "on its expansion board", 0, (LOPY4["rx"], LOPY4["tx"], LOPY4["enable"], "3V3", "GND"),
                 (LOPY4["led"], "GND", None, None, None, "VIN", "GND"), ("LoRa antenna on, before", "it gets power.")),),
            (Box("LED + 1 kΩ", "activity on the bus", 0, ("anode", "cathode"), (), ()), Box("5 V supply", "500 mA", 5, ("5 V", "GND"), (), ())),
        ),
        (
            Wire(0, 0, ORANGE, ""), Wire(0, 1, BLUE, ""), Wire(0, 2, BLACK, ""),
            Wire(1, 0, GREEN, ""), Wire(1, 1, PURPLE, ""), Wire(1, 2, TEAL, "10 kΩ to GND"), Wire(1, 3, RED, ""), Wire(1, 4, BLACK, ""),
            Wire(2, 0, GREEN, ""), Wire(2, 1, BLACK, ""), Wire(2, 5, RED, ""), Wire(2, 6, BLACK, ""),
        ),
        "A and B: one twisted pair, 120 Ω across it at both ends of the line. P12 stays free: it is the safe-boot switch.",
    ),
    Diagram(
        "wiring-xiao-esp32s3", "XIAO ESP32-S3 with Seeed's RS485 board and a Wio-E5",
        (
            (WALLBOX,),
            (Box("RS485 board for XIAO", "transceiver and terminals", 0, ("A", "B", "GND"), ("RO", "DI", "DE + /RE", "power", "GND"),
                 ("120R switch on at the", "end of the line; nothing", "at its 5 V terminal.")),),
            (Box("XIAO ESP32-S3", "plugged into the board", 0,
                 (xiao(config.BUS_RX_PIN), xiao(config.BUS_TX_PIN), xiao(config.BUS_DE_PIN), "5V, 3V3", "GND"),
                 (xiao(config.RADIO_TX_PIN), xiao(config.RADIO_RX_PIN), "3V3", "GND", None, None, None, "USB-C"),
                 ("Light: the LED on it", "(GPIO%d)." % config.LIGHT_PIN)),),
            (Box("Wio-E5", "Grove module, antenna on", 0, ("RX", "TX", "VCC", "GND"), (), ()), Box("5 V supply", "USB, 1 A", 7, ("USB",), (), ())),
        ),
        (
            Wire(0, 0, ORANGE, ""), Wire(0, 1, BLUE, ""), Wire(0, 2, BLACK, ""),
            Wire(1, 0, GREEN, ""), Wire(1, 1, PURPLE, ""), Wire(1, 2, TEAL, "10 kΩ to GND"), Wire(1, 3, RED, ""), Wire(1, 4, BLACK, ""),
            Wire(2, 0, PURPLE, ""), Wire(2, 1, GREEN, ""), Wire(2, 2, RED, ""), Wire(2, 3, BLACK, ""), Wire(2, 7, RED, ""),
        ),
        "The five wires in the middle are the board's own contacts. The resistor keeps the driver off while the XIAO starts or is flashed.",
    ),
    Diagram(
        "wiring-linux", "Raspberry Pi, or another Linux machine",
        (
            (WALLBOX,),
            (Box("USB-RS485 adapter", "isolated, if you can", 0, ("A", "B", "GND"), ("USB",), ()),),
            (Box("Raspberry Pi", "the monitor as a service", 0, ("BUS_PORT",), ("RADIO_PORT", None, None, None, "supply"), ()),),
            (Box("Wio-E5 on USB", "dev kit or mini, antenna on", 0, ("USB",), (), ()), Box("5 V supply", "the Pi's own", 4, ("5 V",), (), ())),
        ),
        (
            Wire(0, 0, ORANGE, ""), Wire(0, 1, BLUE, ""), Wire(0, 2, BLACK, ""), Wire(1, 0, GREY, "USB"), Wire(2, 0, GREY, "USB"),
            Wire(2, 4, RED, ""),
        ),
        "Give both ports by their names under /dev/serial/by-id, which do not change places: BUS_PORT and RADIO_PORT.",
    ),
)

WIDTH, GAP, PITCH, HEAD, MARGIN, TOP = 200, 138, 32, 58, 28, 92
NOTE = 18


def _height(box):
    """Of a box, px."""
    rows = max(len(box.left), len(box.right))
    return HEAD + rows * PITCH + len(box.notes) * NOTE + (8 if box.notes else 0)


def _box_top(box):
    return TOP + box.first * PITCH


def _row_y(row):
    return TOP + HEAD + row * PITCH + PITCH // 2 - 6


def _text(x, y, words, size=14, weight="normal", anchor="start", fill="#263238"):
    return '<text x="%d" y="%d" font-size="%s" font-weight="%s" text-anchor="%s" fill="%s">%s</text>' % (
        x, y, size, weight, anchor, fill, escape(words))


def draw(diagram):
    """The SVG of a diagram."""
    width = 2 * MARGIN + len(diagram.columns) * WIDTH + (len(diagram.columns) - 1) * GAP
    bottom = max(_box_top(box) + _height(box) for boxes in diagram.columns for box in boxes)
    height = bottom + 56
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title"'
           ' font-family="DejaVu Sans, Verdana, Arial, sans-serif">' % (width, height, width, height),
           "<title id=\"title\">Wiring: %s</title>" % escape(diagram.title),
           '<rect x="1" y="1" width="%d" height="%d" rx="12" fill="#fbfaf6" stroke="#b0bec5" stroke-width="2"/>' % (width - 2, height - 2),
           _text(MARGIN, 44, diagram.title, 20, "bold"),
           _text(MARGIN, 68, "control bus of the wallbox to the board: RS485, 38400 8E1", 13, fill="#546e7a")]
    for wire in diagram.wires:
        x = MARGIN + (wire.column + 1) * WIDTH + wire.column * GAP
        y = _row_y(wire.row)
        out.append('<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s" stroke-width="4" stroke-linecap="round"/>' % (x, y, x + GAP, y, wire.colour))
        if wire.label:
            half = 7 * len(wire.label) // 2 + 8
            out.append('<rect x="%d" y="%d" width="%d" height="20" rx="10" fill="#fbfaf6" stroke="%s"/>' % (
                x + GAP // 2 - half, y - 10, 2 * half, wire.colour))
            out.append(_text(x + GAP // 2, y + 4, wire.label, 11, anchor="middle"))
    for column, boxes in enumerate(diagram.columns):
        x = MARGIN + column * (WIDTH + GAP)
        for box in boxes:
            out += _draw_box(box, x, _box_top(box))
    out.append(_text(MARGIN, height - 22, diagram.foot, 12.5, fill="#546e7a"))
    out.append("</svg>")
    return "\n".join(out) + "\n"


def _draw_box(box, x, top):
    height = _height(box)
    out = ['<rect x="%d" y="%d" width="%d" height="%d" rx="8" fill="#ffffff" stroke="#455a64" stroke-width="2"/>' % (x, top, WIDTH, height),
           _text(x + WIDTH // 2, top + 22, box.title, 14.5, "bold", "middle"),
           _text(x + WIDTH // 2, top + 40, box.subtitle, 11.5, "normal", "middle", "#546e7a")]
    for side, pins in ((0, box.left), (1, box.right)):
        for number, pin in enumerate(pins):
            if pin is None:
                continue
            y = _row_y(box.first + number)
            out.append('<circle cx="%d" cy="%d" r="5" fill="#fdd835" stroke="#455a64" stroke-width="1.5"/>' % (x + side * WIDTH, y))
            out.append(_text(x + WIDTH - 12 if side else x + 12, y + 5, pin, 12.5, anchor="end" if side else "start"))
    for number, note in enumerate(box.notes):
        y = top + height - len(box.notes) * NOTE + number * NOTE + 4
        out.append(_text(x + WIDTH // 2, y, note, 11.5, anchor="middle", fill="#8d2f00"))
    return out


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for diagram in DIAGRAMS:
        path = FOLDER / (diagram.name + ".svg")
        path.write_text(draw(diagram))
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
