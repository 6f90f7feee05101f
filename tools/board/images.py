"""What a downloaded MicroPython is for, by the file's own words: an image for a chip of Espressif's, or a UF2 for one of Raspberry Pi's."""
import hashlib
import pathlib
import re
import struct
from typing import NamedTuple

# The oldest MicroPython that this firmware is tested against on such boards.
OLDEST = (1, 24)
# What the MicroPython of a Pico W calls its board, and why this firmware does not live on it (docs/footprint.md).
PICO_W = "Pico W with RP2040"
FOR_WIFI = ("the MicroPython for a Pico W keeps 40 KB of its memory for Wi-Fi, and what is left is too little for this firmware. "
            "A Pico W runs that of a Pico, RPI_PICO, as well")
_SAYS = re.compile(rb"MicroPython v(\d+)\.(\d+)(?:\.(\d+))?")

# Header of an application image of ESP-IDF: the magic byte first, the chip's number as two bytes at 12.
ESP_MAGIC = 0xE9
ESP_CHIP_AT = 12
# A file for an empty board has the table of partitions inside, at this place of the flash; one for an update over the air has none.
PARTITIONS_AT = 0x8000
PARTITIONS_MAGIC = b"\xaa\x50"

# https://github.com/microsoft/uf2: blocks of 512 bytes, three magic numbers, the family of the chip.
UF2_BLOCK = 512
UF2_MAGIC = (0x0A324655, 0x9E5D5157)
UF2_END = 0x0AB16F30
UF2_HAS_FAMILY = 0x2000
UF2_MOST_PAYLOAD = 476
# A block for whatever RP2350 reads it first; it says nothing of the kind of file (RP2350, erratum E10).
UF2_ANY_RP2 = 0xE48BFF57


class Chip(NamedTuple):
    """One kind of chip. board: the BOARD= it is; name: in words; esptool: its word there, '' for a UF2; offset: where its image begins in the flash;
    why_not: '', or why this firmware does not run on it."""

    board: str
    name: str
    esptool: str = ""
    offset: int = 0
    why_not: str = ""


_FEW_UARTS = "it has one serial port too few beside the console's: bus and modem need one each"
ESP_CHIPS = {
    0: Chip("esp32", "ESP32", "esp32", 0x1000),
    2: Chip("esp32", "ESP32-S2", "esp32s2", 0x1000, _FEW_UARTS),
    5: Chip("esp32", "ESP32-C3", "esp32c3", 0, _FEW_UARTS),
    9: Chip("esp32", "ESP32-S3", "esp32s3", 0),
    12: Chip("esp32", "ESP32-C2", "esp32c2", 0, _FEW_UARTS),
    13: Chip("esp32", "ESP32-C6", "esp32c6", 0, "nobody has fitted pins and serial ports to it yet"),
    16: Chip("esp32", "ESP32-H2", "esp32h2", 0, _FEW_UARTS),
    18: Chip("esp32", "ESP32-P4", "esp32p4", 0x2000, "nobody has fitted pins and serial ports to it yet"),
}
RP2_FAMILIES = {
    0xE48BFF56: Chip("rp2", "RP2040"),
    0xE48BFF59: Chip("rp2", "RP2350"),
    0xE48BFF5A: Chip("rp2", "RP2350 with RISC-V", why_not="it has been built and tried for the ARM cores only: take the file without RISCV"),
}

# SHA-256 of releases as others have published or kept them; MicroPython itself publishes none.
KNOWN = {
    "SEEED_XIAO_ESP32S3-20260824-v1.29.0.bin": "07a24ab9ee2bc393fb2ed99eed71bb538364b8297924a1daf6e7d7eaf4c85a0b",
    "ESP32_GENERIC_S3-20250911-v1.26.1.bin": "d6c48687f684cc7c002a0a4acd258f881c4b391f3ef121726a3b7cd285dcdbbc",
    "ESP32_GENERIC-20250911-v1.26.1.bin": "6b5272b6edd15fc4d1627ec559a27a5d5a7b86e5ea7f8013941eb10c877edd4e",
    "RPI_PICO-20250911-v1.26.1.uf2": "fc2a8096e0d999d3caca11b34381854599d68aee3e905d3cccbd5247ca78d07c",
    "RPI_PICO2-20260406-v1.28.0.uf2": "e65ad62ae886a4f56da8ef2c07904fe504b92de69e5ae6489acf881bcf30b6ae",
}


class ImageError(Exception):
    """The file is not one to write, in words that go on after its name."""


class Image(NamedTuple):
    """A file that fits a kind of board. version: MicroPython's, as '1.26.1'; sha256: 64 digits; is_known: that sum is the known one of its name."""

    path: pathlib.Path
    data: bytes
    chip: Chip
    version: str
    sha256: str
    is_known: bool


def read(path):
    """The Image in a file. ImageError where it is none, or none for a board of this firmware."""
    path = pathlib.Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror}") from None
    if data[:4] == struct.pack("<I", UF2_MAGIC[0]):
        chip, content = _uf2(data)
    elif data[:1] == bytes((ESP_MAGIC,)):
        chip, content = _esp(data), data
    else:
        raise ImageError(f"is no firmware image: neither an ESP32's (.bin) nor a UF2, by its first bytes ({data[:4].hex() or 'it is empty'}). "
                         "A page saved in its place, or a .zip?")
    if chip.why_not:
        raise ImageError(f"is for an {chip.name}, on which this firmware does not run: {chip.why_not}")
    said = _SAYS.search(content)
    if not said:
        raise ImageError(f"is for an {chip.name}, but there is no MicroPython in it")
    numbers = tuple(int(number) for number in said.groups() if number is not None)
    version = ".".join(map(str, numbers))
    if numbers[:2] < OLDEST:
        raise ImageError(f"has MicroPython {version}; {'.'.join(map(str, OLDEST))} or newer is needed")
    if PICO_W.encode() in content:
        raise ImageError(f"will not do: {FOR_WIFI}. Take that")
    digest = hashlib.sha256(data).hexdigest()
    known = KNOWN.get(path.name)
    if known not in (None, digest):
        raise ImageError(f"has another SHA-256 than the one known for that name ({digest[:16]}..., known is {known[:16]}...): download it again. "
                         "A file of your own making needs a name of its own")
    return Image(path, data, chip, version, digest, known is not None)


def _esp(data):
    if len(data) < ESP_CHIP_AT + 2:
        raise ImageError("is cut short: download it again")
    number, = struct.unpack_from("<H", data, ESP_CHIP_AT)
    chip = ESP_CHIPS.get(number)
    if chip is None:
        raise ImageError(f"is for a chip of Espressif's with the number {number}, which is unknown here")
    at = PARTITIONS_AT - chip.offset
    if data[at:at + 2] != PARTITIONS_MAGIC:
        raise ImageError("has no table of partitions: it is one for an update (.app-bin) or is cut short. Take the .bin of the same release")
    return chip


def _uf2(data):
    """(the chip, the content without the blocks' heads)"""
    blocks = len(data) // UF2_BLOCK
    if len(data) % UF2_BLOCK:
        raise ImageError("is cut short: download it again")
    families, content, seen = set(), [], {}
    for at in range(0, len(data), UF2_BLOCK):
        first, second, flags, _, size, number, total, family = struct.unpack_from("<8I", data, at)
        end, = struct.unpack_from("<I", data, at + UF2_BLOCK - 4)
        if (first, second) != UF2_MAGIC or end != UF2_END or size > UF2_MOST_PAYLOAD:
            raise ImageError(f"is damaged: its block {at // UF2_BLOCK + 1} of {blocks} is none. Download it again")
        if not flags & UF2_HAS_FAMILY:
            raise ImageError("does not say for which chip it is: take the file of micropython.org")
        if family == UF2_ANY_RP2:
            continue
        families.add(family)
        seen.setdefault(family, (total, set()))[1].add(number)
        content.append(data[at + 32:at + 32 + size])
    if len(families) != 1 or next(iter(families)) not in RP2_FAMILIES:
        raise ImageError(f"is a UF2 for other chips than an RP2040 or RP2350 ({', '.join(f'{family:#x}' for family in sorted(families)) or 'none'})")
    total, numbers = seen[next(iter(families))]
    if len(numbers) != total:
        raise ImageError(f"is cut short: {len(numbers)} of its {total} blocks are there. Download it again")
    return RP2_FAMILIES[next(iter(families))], b"".join(content)
