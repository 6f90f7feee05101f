"""Ten million bytes of damaged traffic: cut, joined, flipped, doubled, in noise. Every intact frame after an idle gap is found."""

import random
import time

import pytest
from modbus import ascii

from tests.vectors.frames import ANSWERS, REQUESTS

BYTES = 10_000_000
MOST_KEPT = ascii.MAX_CHARS


def printed():
    """Telegrams as on the wire: those that the sources print."""
    for start, texts in ((':', REQUESTS), ('>', ANSWERS)):
        for text in texts:
            yield (start + text + '\r\n').encode()


TELEGRAMS = list(printed())
BODIES = {frame: bytes.fromhex(frame[1:-2].decode()) for frame in TELEGRAMS}


def cut(draw, frame):
    return frame[:1 + int(draw() * (len(frame) - 1))]


def beheaded(draw, frame):
    return frame[1 + int(draw() * (len(frame) - 1)):]


def flipped(draw, frame):
    at = int(draw() * len(frame))
    return frame[:at] + bytes((frame[at] ^ 1 << int(draw() * 8),)) + frame[at + 1:]


def holed(draw, frame):
    at = int(draw() * len(frame))
    return frame[:at] + frame[at + 1 + int(draw() * 3):]


def doubled(draw, frame):
    at = int(draw() * len(frame))
    return frame[:at] + frame[at:] * 2


def junk(draw, frame):
    return bytes((int(draw() * 256) for _ in range(int(draw() * 12))))


def endless(draw, frame):
    return frame[:5] + b'0' * int(draw() * 2000)


def intact(draw, frame):
    return frame


MUTATIONS = (cut, beheaded, flipped, flipped, holed, doubled, junk, intact, intact)


def bursts(seed, wanted):
    """Telegrams in groups without a gap, as (bytes on the line, the intact telegrams in them); the last one always is."""
    rng = random.Random(seed)
    draw = rng.random
    total = 0
    while total < wanted:
        parts = []
        whole = []
        for _ in range(int(draw() * 4)):
            mutation = MUTATIONS[int(draw() * len(MUTATIONS))]
            frame = rng.choice(TELEGRAMS)
            parts.append(mutation(draw, frame))
            if mutation is intact:
                whole.append(frame)
        if draw() < 0.005:
            parts.append(endless(draw, TELEGRAMS[0]))
        whole.append(rng.choice(TELEGRAMS))
        parts.append(whole[-1])
        data = b''.join(parts)
        total += len(data)
        yield data, whole


def read_all(seed, wanted):
    """(bytes read, telegrams looked for, most bytes kept, seconds in the reader): asserts that all are found, in order."""
    reader = ascii.Reader(dict.fromkeys(ascii.COUNTS, 0))
    take = reader.take
    rng = random.Random(seed + 1)
    count = looked_for = kept = spent_ns = 0
    for data, whole in bursts(seed, wanted):
        at = int(rng.random() * len(data))
        found = []
        for piece in (data[:at], data[at:]):
            begun = time.perf_counter_ns()
            raw = take(piece) if piece else None
            while raw is not None:
                found.append(raw)
                raw = reader.next()
            spent_ns += time.perf_counter_ns() - begun
            kept = max(kept, len(reader.partial))
        # What stands before one was cut short or is junk; nothing of that may cost the telegram behind. A flip may leave more of them good.
        rest = iter(found)
        assert all(BODIES[frame] in rest for frame in whole) and found[-1] == BODIES[whole[-1]], (seed, data)
        count += len(data)
        looked_for += len(whole)
    return count, looked_for, kept, spent_ns / 1e9


def test_a_million_bytes_of_a_bad_line_lose_no_intact_frame():
    count, _, kept, _ = read_all(2, BYTES // 10)
    assert count >= BYTES // 10 and kept <= MOST_KEPT


@pytest.mark.long
def test_ten_million_bytes_of_a_bad_line_lose_no_intact_frame(evidence):
    count, looked_for, kept, seconds = read_all(1, BYTES)
    evidence('bytes of mutated traffic read', count, BYTES)
    evidence('intact frames in it behind junk, cut or glued ones; all found', looked_for)
    evidence('bytes kept between them at most', kept, MOST_KEPT)
    evidence('microseconds for a byte of it', round(seconds * 1e6 / count, 3))
    assert count >= BYTES and kept <= MOST_KEPT


@pytest.mark.soak
def test_as_many_again_with_another_seed(soak_seed):
    read_all(soak_seed, BYTES)


def test_every_telegram_behind_every_cut_of_every_other_is_found():
    reader = ascii.Reader(dict.fromkeys(ascii.COUNTS, 0))
    for broken in TELEGRAMS[::3]:
        for length in range(1, len(broken)):
            for whole in TELEGRAMS[::5]:
                raw = reader.take(broken[:length] + whole)
                assert (reader.next() or raw) == BODIES[whole]
