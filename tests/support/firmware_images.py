"""Firmware images as micropython.org has them, as small as they can be: heads that are right, and hardly anything in between."""
import struct

from tools.board import images

SAYS = b"\0; MicroPython v%s on 2026-08-24\0"


def esp(chip=9, version=b"1.29.0", partitions=True, size=0x9000):
    """An image for an empty ESP32 of that number."""
    offset = images.ESP_CHIPS[chip].offset if chip in images.ESP_CHIPS else 0
    data = bytearray(b"\xff" * size)
    data[:24] = struct.pack("<BBBBIBBBBHB9x", 0xE9, 4, 2, 0x2F, 0x403C88AC, 0xEE, 0, 0, 0, chip, 0)
    if partitions:
        data[0x8000 - offset:0x8000 - offset + 2] = b"\xaa\x50"
    return bytes(data) + SAYS % version


def uf2(family=0xE48BFF56, version=b"1.26.1", flags=0x2000, spare=False, blocks=40, machine=b""):
    """A UF2 for that family; spare: with the block that an RP2350 reads first; machine: what MicroPython says of the board."""
    content = (SAYS % version + machine).ljust(256 * blocks, b"\x55")
    out = [_block(0x10FFFF00, 0, 2, 0xE48BFF57, b"\xef" * 256, flags)] if spare else []
    for number in range(blocks):
        out.append(_block(0x10000000 + 256 * number, number, blocks, family, content[256 * number:256 * number + 256], flags))
    return b"".join(out)


def _block(address, number, total, family, payload, flags):
    head = struct.pack("<8I", 0x0A324655, 0x9E5D5157, flags, address, len(payload), number, total, family)
    return head + payload.ljust(476, b"\0") + struct.pack("<I", 0x0AB16F30)
