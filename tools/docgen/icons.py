"""The page's icon as the pictures that phones want: `python -m tools.docgen.icons` draws them from home/web/static/icon.svg.

The SVG has one square with round corners and one outline of straight lines; that is all that is read.
"""
import pathlib
import re
import struct
import sys
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
STATIC = ROOT / "home" / "web" / "static"
SVG = STATIC / "icon.svg"
# Apple and Android cut the corners off themselves, and Apple shows what is transparent as black: so the ground fills the square.
PICTURES = {"icon-180.png": 180, "icon-192.png": 192, "icon-512.png": 512}
_FINE = 4       # samples of a pixel in each direction


def drawn(size):
    """The icon as PNG, that many pixels wide and high, its square without the round corners."""
    text = SVG.read_text()
    side = int(re.search(r'viewBox="0 0 (\d+) \1"', text)[1])
    ground, ink = (bytes.fromhex(one if len(one) == 6 else re.sub(".", r"\g<0>\g<0>", one)) for one in re.findall(r'fill="#([0-9a-f]+)"', text))
    outline = _points(re.search(r' d="([^"]+)"', text)[1])
    rows = []
    for y in range(size):
        cover = [0] * size
        for part in range(_FINE):
            at_y = (y + (part + 0.5) / _FINE) * side / size
            crossings = sorted(_crossings(outline, at_y))
            for left, right in zip(crossings[::2], crossings[1::2], strict=True):
                first, last = (round(x * size * _FINE / side) for x in (left, right))
                for place in range(first, last):
                    cover[place // _FINE] += 1
        rows.append(b"\0" + b"".join(_mixed(ground, ink, count) for count in cover))
    return (b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0))
            + _chunk(b"IDAT", zlib.compress(b"".join(rows), 9)) + _chunk(b"IEND", b""))


def _points(path):
    """The corners of a path of M, L, l, h, v, H and z."""
    points, x, y, word = [], 0, 0, "M"
    tokens = re.findall(r"[A-Za-z]|-?\d+", path)
    while tokens:
        if tokens[0].isalpha():
            word = tokens.pop(0)
            if word in "zZ":
                continue
        if word in "hH":
            x = int(tokens.pop(0)) + (x if word == "h" else 0)
        elif word in "vV":
            y = int(tokens.pop(0)) + (y if word == "v" else 0)
        elif word in "MLl":
            dx, dy = int(tokens.pop(0)), int(tokens.pop(0))
            x, y = (x + dx, y + dy) if word == "l" else (dx, dy)
        else:
            raise ValueError(f"{word} of the icon's path is not known here")
        points.append((x, y))
    return points


def _crossings(points, y):
    """Where a line at that height enters and leaves the outline."""
    for (x1, y1), (x2, y2) in zip(points, points[1:] + points[:1], strict=True):
        if (y1 <= y) != (y2 <= y):
            yield x1 + (y - y1) * (x2 - x1) / (y2 - y1)


def _mixed(ground, ink, count):
    whole = _FINE * _FINE
    return bytes((low * (whole - count) + high * count) // whole for low, high in zip(ground, ink, strict=True))


def _chunk(kind, contents):
    return struct.pack(">I", len(contents)) + kind + contents + struct.pack(">I", zlib.crc32(kind + contents))


def main():
    for name, size in PICTURES.items():
        (STATIC / name).write_bytes(drawn(size))
        print(f"{STATIC.relative_to(ROOT) / name}: {(STATIC / name).stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
