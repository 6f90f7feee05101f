"""docs/protocol.md: every frame is correct or marked as a misprint; its states are the firmware's."""

import pathlib
import re

from app.evse import states
from app.codec import vocabulary

DOC = (pathlib.Path(__file__).parents[3] / 'docs' / 'protocol.md').read_text()

# Printed so in ABL 05 0015 20 Rev. B; the page names the right LRC behind each.
MISPRINTS = {'>01030A2EC3810A0064006400001F': 'AE', '>0103063380C30A0A00EC': '6C', '>011000130001D8': 'DB'}
FRAMES = set(re.findall(r'[:>](?:[0-9A-F]{2}){4,}(?![0-9A-Fa-f])', DOC))


def lrc(frame):
    """The right checksum of a frame that ends in a wrong or right one."""
    return -sum(bytes.fromhex(frame[1:-2])) & 0xFF


def test_every_frame_has_its_lrc():
    assert len(FRAMES) > 20
    wrong = {frame for frame in FRAMES if lrc(frame) != int(frame[-2:], 16)}
    assert wrong == set(MISPRINTS)


def test_the_misprints_are_corrected():
    for frame, right in MISPRINTS.items():
        assert lrc(frame) == int(right, 16)
        assert re.search(re.escape(f'`{frame}`') + r' \((?:should end in )?' + right + r'\)', DOC)


def test_the_worked_lrc_is_worked_right():
    body = bytes.fromhex(re.search(r'`(01 10 [0-9A-F ]+)`', DOC).group(1))
    assert sum(body) == 0x1D9
    assert f':{body.hex().upper()}{-sum(body) & 0xFF:02X}' in FRAMES


def test_the_limits_are_rounded_down():
    limits = re.findall(r'\| (\d+) \| ([0-9A-F]{4}) \| `:01100014000102([0-9A-F]{4})', DOC)
    assert len(limits) == 4
    for amperes, value, sent in limits:
        assert int(value, 16) == int(amperes) * 100 // 6 and sent == value


def test_the_states_are_the_firmware_s():
    described = {int(code, 16): state for code, state in re.findall(r'^\| ([A-F][0-9A-F]) \| .* \| (.*) \|$', DOC, re.M)}
    known = {row[0]: vocabulary.STATES[row[1]] for row in states.TABLE}
    known[0xB2] = 'Charged, see below'
    assert described == known


def test_panel_frames_are_in_the_table_with_their_state():
    panel = re.findall(r'\| `>01030204([0-9A-F]{2})[0-9A-F]{2}` \| (\w\w) \|', DOC)
    assert len(panel) == 6 and all(sent == said for sent, said in panel)
