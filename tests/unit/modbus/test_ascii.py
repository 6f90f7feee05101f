"""Framing: every printed frame of the sources, and every kind of damage by a bad line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.vectors.frames import ANSWERS, MISPRINTS, REQUESTS

from modbus import ascii

GOOD = b'>01030A2EC29100000100010096D9\r\n'
GOOD_FRAME = (ascii.ANSWER, bytes.fromhex('01030A2EC291000001000100' + '96'))
PANEL = b'>01030204A155\r\n'
PANEL_FRAME = (ascii.ANSWER, bytes.fromhex('01030204A1'))


def reader():
    counts = dict.fromkeys(ascii.COUNTS, 0)
    return ascii.Reader(counts), counts


def frames(*chunks, into=None):
    """All frames that come out of these chunks, drained after each as the client does."""
    found = []
    target = into or reader()[0]
    for chunk in chunks:
        raw = target.take(chunk) if chunk else None
        while raw is not None:
            assert sum(raw) % 256 == 0
            found.append((target.start_char, raw[:-1]))
            raw = target.next()
    return found


def lrc(body):
    """The LRC as the standard words it: add up, drop the carries, complement, add one."""
    total = 0
    for byte in body:
        total = (total + byte) % 256
    return (255 - total + 1) % 256


@pytest.mark.parametrize('text', REQUESTS)
def test_a_printed_request_encodes_and_decodes_byte_by_byte(text):
    body = bytes.fromhex(text)[:-1]
    assert ascii.encode(body) == (':' + text + '\r\n').encode()
    assert frames((':' + text + '\r\n').encode()) == [(ascii.REQUEST, body)]


@pytest.mark.parametrize('text', ANSWERS)
def test_a_printed_answer_decodes_and_encodes_byte_by_byte(text):
    body = bytes.fromhex(text)[:-1]
    assert frames(('>' + text + '\r\n').encode()) == [(ascii.ANSWER, body)]
    assert ascii.encode(body)[1:] == (text + '\r\n').encode()


@pytest.mark.parametrize('text', MISPRINTS)
def test_a_misprint_is_rejected_and_counted(text):
    target, counts = reader()
    assert frames(('>' + text + '\r\n').encode(), into=target) == []
    assert counts['lrc_errors'] == 1


def test_the_lrc_makes_every_device_id_right():
    # The original had the LRCs of id 1 written into its commands (D-15).
    assert ascii.encode(bytes.fromhex('021000050001025A5A')) == b':021000050001025A5A32\r\n'


@pytest.mark.parametrize('chunks', [
    [bytes((byte,)) for byte in GOOD],
    [GOOD[:1], GOOD[1:]],
    [GOOD[:14], GOOD[14:-1], GOOD[-1:]],
    [GOOD[:-2], GOOD[-2:]],
    [b'', GOOD, b''],
    [GOOD.lower()],
    [b'\0' + GOOD + b'\0'],
    [GOOD, b'\0'],
    [b'\0', b'\0\0', GOOD],
    [GOOD[:7] + b'\0' + GOOD[7:]],
    [b'xyz' + GOOD],
    [b'0103\r\n\r\n' + GOOD],
    [b'\xff\xfe\x80' + GOOD],
    [GOOD[:-1]],                     # its LF lost
    [GOOD[:-2] + b'\n'],             # its CR lost
    [b'>01030A2EC29' + GOOD],        # after a frame cut short: D-07 lost this one
    [b'>01030A2E', b'C29', GOOD],
    [b':0103002E00', GOOD],
    [b'>' * 50 + GOOD],
    [b'>' + b'0' * 600 + GOOD],
    [b'>' + b'0' * 600, b'0' * 600, GOOD],
    [b'>' + b'0' * 600 + b'\r\n', GOOD],
    [b'!1 01 0000\r\n', b'>1 01 0000\r\n', GOOD],   # the older protocol V2.7
])
def test_one_good_frame_is_found(chunks):
    assert frames(*chunks) == [GOOD_FRAME]


@pytest.mark.parametrize('chunks', [
    [PANEL + GOOD + PANEL],
    [PANEL[:-1] + GOOD[:-1] + PANEL[:-1]],
    [PANEL + GOOD[:5], GOOD[5:] + PANEL[:3], PANEL[3:]],
    [PANEL + b'\0' + GOOD + b'\0' + PANEL + b'\0'],
    [PANEL, b'>01030A2EC29\r\n' + GOOD, b'>0103\r\n', PANEL],
])
def test_glued_and_split_frames_are_all_found_in_order(chunks):
    assert frames(*chunks) == [PANEL_FRAME, GOOD_FRAME, PANEL_FRAME]


@pytest.mark.parametrize('text, name', [
    (b'>01030204A156\r\n', 'lrc_errors'),
    (b'>01030204A1G5\r\n', 'not_hex'),
    (b'>01030204-1 1\r\n', 'not_hex'),
    (b'>01030204A15\r\n', 'odd'),
    (b'>\r\n', 'short'),
    (b'>00\r\n', 'short'),
    (b'>01FF\r\n', 'short'),
    (b'>' + b'00' * 256 + b'\r\n', 'overlong'),
    (b'>' + b'00' * 300, 'overlong'),
    (b'>1 02 0161\r\n', 'older_protocol'),
    (b'>8 00\r\n', 'older_protocol'),
    (b'>0103>0104', 'cut'),
    (b':0103:0103\r\n', 'cut'),
])
def test_what_is_no_frame_is_counted_by_name(text, name):
    for chunks in ([text], [text[:1], text[1:]], [text[:-1], text[-1:]]):
        target, counts = reader()
        assert frames(*chunks, into=target) == []
        assert counts[name] == 1


@pytest.mark.parametrize('line', [b'!1 02\r\n', b':1 02\r\n', b'>01 2\r\n'])
def test_the_older_protocol_is_known_by_the_space_in_its_answers(line):
    target, counts = reader()
    assert frames(line, into=target) == [] and counts['older_protocol'] == 0


def test_the_longest_legal_frame_is_taken():
    body = bytes((1, 3)) + bytes(252)
    frame = ascii.encode(body)
    assert len(frame) == ascii.MAX_CHARS
    assert frames(frame) == frames(b'x' + frame) == frames(frame[:99], frame[99:]) == [(ascii.REQUEST, body)]


def test_more_and_partial_say_what_is_still_to_come():
    target, _ = reader()
    assert target.take(PANEL + GOOD + b'>0103')[:-1] == PANEL_FRAME[1] and target.more
    assert target.next()[:-1] == GOOD_FRAME[1] and not target.more
    assert target.partial == b'>0103'
    assert target.take(b'0204A155\r\n')[:-1] == PANEL_FRAME[1] and not target.more and not target.partial
    assert target.next() is None


def test_memory_is_bounded_when_nobody_reads():
    target, counts = reader()
    for _ in range(2000):
        assert target.take(GOOD * 4)[:-1] == GOOD_FRAME[1]
    assert len(target.partial) <= ascii.MAX_UNREAD + 5 * len(GOOD)
    assert counts['unread'] > 0
    assert target.next()[:-1] == GOOD_FRAME[1]


def test_memory_is_bounded_while_a_frame_never_ends():
    target, _ = reader()
    for _ in range(2000):
        assert frames(b'>01030A2EC291', into=target) == []
        assert len(target.partial) <= ascii.MAX_CHARS


mutated = st.lists(st.one_of(
    st.binary(max_size=20), st.sampled_from([GOOD, PANEL, GOOD[:9], b'>', b':', b'\r', b'\n', b'\0', b'00' * 300, GOOD[4:]])), max_size=12)


@settings(max_examples=300)
@given(mutated)
def test_any_bytes_never_raise_and_only_give_frames_whose_lrc_is_right(chunks):
    target, _ = reader()
    for start, body in frames(*chunks, into=target):
        assert start in (ascii.REQUEST, ascii.ANSWER)
        assert len(body) >= 2
        text = ('%c%s%02X' % (start, body.hex().upper(), lrc(body))).encode()
        assert text in b''.join(chunks).upper().replace(b'\0', b'')
    assert len(target.partial) <= ascii.MAX_CHARS


@settings(max_examples=300)
@given(mutated)
def test_bytes_mean_the_same_however_they_arrive(chunks):
    # Without NULs: the line's artefact is taken off where a piece ends.
    text = b''.join(chunks).replace(b'\0', b'')
    apart, counts_apart = reader()
    together, counts_together = reader()
    assert frames(*[bytes((byte,)) for byte in text], into=apart) == frames(text, into=together)
    for name in ('lrc_errors', 'not_hex', 'odd', 'short', 'older_protocol'):
        assert counts_apart[name] == counts_together[name], name


@settings(max_examples=300)
@given(mutated, st.binary(min_size=2, max_size=254), st.sampled_from([b':', b'>']), st.data())
def test_an_intact_frame_after_any_junk_is_found(junk, body, start, data):
    frame = start + body.hex().encode() + b'%02x\r\n' % lrc(body)
    cut = data.draw(st.integers(0, len(frame)))
    assert frames(*junk, frame[:cut], frame[cut:])[-1] == (start[0], body)


@settings(max_examples=100)
@given(st.binary(min_size=2, max_size=254))
def test_what_is_encoded_is_read_back(body):
    assert frames(ascii.encode(body)) == [(ascii.REQUEST, body)]
