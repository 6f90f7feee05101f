"""The vectors of the unit tests on this interpreter: frames, registers, payloads. Prints how many of each held;
stops at the first failure.
"""
import json
import sys

from app.codec import status_frames, downlink, vocabulary
from modbus import ascii, registers, transaction
from tests.vectors import frames, payload


def equal(found, expected, what):
    if found != expected:
        raise AssertionError('%s: %r, not %r' % (what, found, expected))


class VectorBus:
    """A bus that says `data` next."""

    data = b''

    def read(self):
        data, self.data = self.data, b''
        return data

    def transmit(self, frame):
        raise AssertionError('who only listens sends nothing')


def read(*chunks):
    """All frames in these chunks as the master hears them, and what was counted."""
    counts = {name: 0 for name in ascii.COUNTS + transaction.COUNTS}
    line = VectorBus()
    master = transaction.Master(line, counts)
    found = []
    for chunk in chunks:
        line.data = chunk
        while master.poll(0) == transaction.HEARD:
            found.append((master.start_char, master.body))
    return found, counts


def check_frames(texts, start):
    """Decoded whole, byte by byte and behind junk; encoded to the same characters."""
    for text in texts:
        body = bytes.fromhex(text)[:-1]
        frame = (start + text + '\r\n').encode()
        expected = [(ord(start), body)]
        equal(read(frame)[0], expected, text)
        equal(read(*[bytes((byte,)) for byte in frame])[0], expected, text + ' byte by byte')
        equal(read(b'\xff0' + frame[:9], frame + b'\0')[0], expected, text + ' after a cut one')
        equal(ascii.encode(body)[1:], frame[1:], text)
    return len(texts)


def check_misprints():
    for text in frames.MISPRINTS:
        found, counts = read(('>' + text + '\r\n').encode())
        equal((found, counts['lrc_errors']), ([], 1), text)
    return len(frames.MISPRINTS)


def check_registers():
    for text, fields in frames.STATUS:
        equal(registers.decode(registers.find(registers.STATUS), frames.data(text)), fields, text)
        reading = registers.Reading('L1 L2 L3')
        reading.update(frames.data(text), 1234)
        equal((reading.code, reading.limit_duty, reading.reduced), (fields['code'], fields['limit_duty'], fields['reduced']), text)
        equal(reading.ev_connected, fields['ev_connected'] if fields['code'] < 0xE0 else None, text)
        equal(reading.currents_da, [fields['current%d_da' % phase] for phase in (1, 2, 3)], text)
    for text, values in frames.DEVICE:
        fields = registers.decode(registers.find(registers.DEVICE), frames.data(text))
        equal(tuple([fields[name] for name in frames.DEVICE_NAMES]), values, text)
    for text, values in frames.LIMITS:
        equal(registers.limits_of(frames.data(text)), values, text)
    return len(frames.STATUS) + len(frames.DEVICE) + len(frames.LIMITS)


def check_uplinks(vectors):
    statuses = payload.ours(vectors, 10)
    for description, data, packed in statuses:
        equal(status_frames.encode_status(payload.status_of(data), len(packed)), packed, description)
    results = payload.ours(vectors, 11)
    for description, data, packed in results:
        result, status = payload.result_of(data, packed)
        equal(status_frames.encode_result(result, status, len(packed), result.count, result.possible_wh), packed, description)
    return len(statuses) + len(results)


def check_downlinks(vectors):
    found = payload.commands(vectors)
    for word, port, packed in found:
        told = downlink.read(port, packed)
        equal((told.op, told.command_id), (vocabulary.COMMANDS.index(word), None), word)
    asked = payload.requests(vectors)
    for data, packed in asked:
        equal(payload.read_as(downlink.read(downlink.PORT, packed)), payload.meant(data), str(data))
    return len(found) + len(asked)


with open(sys.argv[1]) as file:
    VECTORS = json.load(file)
print('requests', check_frames(frames.REQUESTS, ':'))
print('answers', check_frames(frames.ANSWERS, '>'))
print('misprints', check_misprints())
print('registers', check_registers())
print('uplinks', check_uplinks(VECTORS))
print('downlinks', check_downlinks(VECTORS))
