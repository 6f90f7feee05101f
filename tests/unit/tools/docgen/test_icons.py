"""tools/docgen/icons.py: the pictures of the icon are those of the SVG, in the sizes that the manifest says."""
import json
import struct
import zlib

import pytest
from tools.docgen import icons


def pixels(png):
    """(size, {(x, y): colour}) of a PNG as the tool writes it."""
    size, _ = struct.unpack(">II", png[16:24])
    length, = struct.unpack(">I", png[33:37])
    raw = zlib.decompress(png[41:41 + length])
    return size, lambda x, y: raw[y * (3 * size + 1) + 1 + 3 * x:][:3].hex()


@pytest.mark.parametrize("name", icons.PICTURES)
def test_a_picture_is_as_the_tool_draws_it(name):
    assert (icons.STATIC / name).read_bytes() == icons.drawn(icons.PICTURES[name])


def test_the_bolt_is_in_the_middle_and_the_ground_fills_the_corners():
    size, at = pixels(icons.drawn(64))
    assert size == 64 and {at(0, 0), at(63, 0), at(0, 63), at(63, 63)} == {"0b6b5f"} and at(30, 30) == "ffffff"


def test_the_manifest_names_each_with_its_size_and_what_is_there():
    manifest = json.loads((icons.STATIC / "app.webmanifest").read_text())
    assert manifest["start_url"] == manifest["scope"] == "/" and manifest["display"] == "standalone"
    for icon in manifest["icons"]:
        size = icons.PICTURES.get(icon["src"])
        assert (icons.STATIC / icon["src"]).is_file() and icon["sizes"] == (f"{size}x{size}" if size else "any")
