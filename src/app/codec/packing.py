"""Numbers as bytes, big endian, each in its width: the rows of records in flash and of frames. Of codec, for codec may import no other room."""

# The largest number by its width in bytes.
_MOST = (0, 0xFF, 0xFFFF, 0xFFFFFF, 0xFFFFFFFF)


def field(value, width):
    """The bytes of a number; what does not fit goes in as the nearest that does."""
    return min(max(value, 0), _MOST[width]).to_bytes(width, 'big')


def pack(values, widths):
    """The bytes of a row of numbers."""
    packed = bytearray()
    for value, width in zip(values, widths):
        packed.extend((value if 0 <= value <= _MOST[width] else min(max(value, 0), _MOST[width])).to_bytes(width, 'big'))
    return bytes(packed)


def unpack(packed, at, widths):
    """The numbers of the row that begins there."""
    values = []
    for width in widths:
        values.append(int.from_bytes(packed[at:at + width], 'big'))
        at += width
    return values
