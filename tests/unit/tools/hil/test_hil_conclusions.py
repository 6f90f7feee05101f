"""Conclusions of the suite for a real box from its observations, and the telegrams that it may send."""
import types

import pytest
from modbus import ascii
from tools.hil import analysis, questions, report as hil_report
from tools.hil.analysis import LOST, REFUSED, Traffic
from tools.hil.capture import RX, TX, Event, Recorder
from tools.hil.silence import FIRST_S, next_silence
from tools.hil.site import is_as_good, may_send

READ = b":0103002E0005C9\r\n"
ANSWER = b">01030A2EA1106403E803E803E8EE\r\n"
ASK_PANEL = b":010300040001F7\r\n"
SAY_PANEL = b">01030204A155\r\n"
PAUSE = b":0110001400010203E8ED\r\n"


def traffic(*steps):
    """Traffic of (t_ms, sent or None, heard or None)."""
    return Traffic([Event(t_ms, TX if sent else RX, sent or heard, 5.0 if sent else 0.0) for t_ms, sent, heard in steps])


def test_the_answer_time_runs_from_the_last_bit_of_the_question_to_the_first_byte_of_the_answer():
    seen = traffic((100, READ, None), (107, None, ANSWER[:9]), (112, None, ANSWER[9:]), (2000, READ, None), (2020, None, ANSWER))
    assert [(one.wait_ms, one.whole_ms) for one in seen.exchanges] == [(7, 12), (20, 20)]
    assert seen.exchanges[1].quiet_ms == 2000 - 5 - 112
    assert seen.waits_ms() == [7, 20] and seen.foreign == []


def test_a_lost_telegram_and_its_repetition_are_told_apart_from_silence():
    seen = traffic((100, READ, None), (600, READ, None), (610, None, ANSWER), (1000, PAUSE, None), (2000, READ, None))
    assert [one.outcome == LOST for one in seen.exchanges] == [True, False, True, True]
    assert seen.lost() == (3, 1)


def test_the_own_echo_is_nobody_elses_question():
    seen = traffic((100, READ, None), (101, None, READ), (110, None, ANSWER), (200, None, READ))
    assert seen.echoes == 1 and len(seen.waits_ms()) == 1
    assert [frame.start for frame in seen.foreign] == [ascii.REQUEST]


def test_an_answer_to_another_register_another_id_or_nobody_is_foreign():
    for heard in (SAY_PANEL, b">02030A2EA1106403E803E803E8ED\r\n", b">01030A0F3F010B010B00E900E9BA\r\n"):
        seen = traffic((100, READ, None), (110, None, heard))
        assert len(seen.foreign) == 1 and seen.lost() == (1, 0)


def test_a_refusal_and_an_acknowledgement_are_answers():
    seen = traffic((100, PAUSE, None), (110, None, b">0190046B\r\n"), (200, PAUSE, None), (210, None, b">011000140001DA\r\n"))
    assert [one.outcome for one in seen.exchanges] == [REFUSED, analysis.ANSWERED]


def test_a_broadcast_is_answered_by_whoever_answers():
    assert traffic((100, b":000300010002FA\r\n", None), (110, None, b">010304014150BEA8\r\n")).lost() == (0, 0)


def test_a_wrong_checksum_is_counted():
    assert traffic((100, READ, None), (110, None, ANSWER.replace(b"EE", b"EF"))).errors["lrc_errors"] == 1


def test_a_panel_that_asks_is_told_from_a_box_that_speaks_unasked():
    unasked = [(1000 * second, None, SAY_PANEL) for second in range(5)]
    asking = [(1000 * second + more, None, frame) for second in range(5) for more, frame in ((0, ASK_PANEL), (15, SAY_PANEL))]
    own = [(7000, ASK_PANEL, None), (7010, None, SAY_PANEL)]
    assert traffic(*unasked, *own).panel() == (0, 5)
    assert traffic(*asking, *own).panel() == (5, 5)
    assert traffic(*own).panel() == (0, 0)
    assert traffic(*asking).talkers() == [("box 1 tells 0x..04, 1 word(s)", 5, 1000), ("somebody asks for 0x0004 of box 1", 5, 1000)]


def test_any_two_frames_of_strangers_are_described_without_a_mishap():
    for body in (b"\x01\x03", b"\x01\x90\x04", b"\x10\x03\x00", bytes(range(20))):
        for start in (ascii.REQUEST, ascii.ANSWER):
            assert analysis.describe(start, body)


def test_a_histogram_holds_every_value_once():
    values = sorted([0.4, 3.2, 3.9, 17.0, 399.9])
    bars = analysis.histogram(values)
    assert sum(count for _, _, count in bars) == len(values) and len(bars) <= analysis.BARS
    assert bars[0][0] <= values[0] and values[-1] < bars[-1][1]
    assert len(analysis.plot(bars)) == len(bars)
    assert analysis.histogram([]) == []
    assert len(analysis.histogram([0.0, 100000.0])) > 0


@pytest.mark.parametrize("percent, value", [(50, 2), (75, 3), (99, 4), (100, 4), (1, 1)])
def test_a_percentile_is_one_of_the_values(percent, value):
    assert analysis.percentile([1, 2, 3, 4], percent) == value


@pytest.mark.parametrize("sleeps_after_s", [2, 5, 15, 30, 61, 119, 1000])
def test_silences_close_in_on_the_sleep(sleeps_after_s):
    tried = []
    while (silence_s := next_silence(tried, 360)) is not None:
        tried.append((silence_s, silence_s < sleeps_after_s))
    answered = max((seconds for seconds, was in tried if was), default=0)
    lost = min((seconds for seconds, was in tried if not was), default=None)
    assert answered < sleeps_after_s
    assert (lost is None and answered == FIRST_S[-1]) if sleeps_after_s > FIRST_S[-1] else answered < sleeps_after_s <= lost <= answered + 5


def test_no_silence_is_longer_than_the_time_that_is_left():
    assert next_silence([], 2) is None
    assert next_silence([(20, True)], 39) is None
    assert next_silence([(20, True)], 40) == 40


READS = (READ, READ.lower(), b":000300010002FA\r\n", b":010300140001E7\r\n", b":010300010003F8\r\n")
WRITES = (PAUSE, b":01100014000102006474\r\n", b":01100005000102E0E027\r\n", b":01100005000102A1A1A5\r\n", b":011000050001025A5A33\r\n")
# F1F1 trips the residual current device; E2E2 and 0x002C are commissioning's; broadcasts reach every box; 0x0013 is unknown.
NEVER = [ascii.encode(bytes.fromhex(body)) for body in (
    "01100005000102F1F1", "01100005000102E2E2", "011000050001023838", "0110002C000102F002", "00100005000102E0E0", "011000130001020064",
    "01060005A1A1", "0110001400010200641000", "0110", "01100014000102FFFF")] + [b"!1 02\r\n", b"", READ[:-4]]


@pytest.mark.parametrize("control", [False, True])
def test_what_may_be_sent_depends_on_control(control):
    judge = may_send(control)
    assert all(judge(frame) for frame in READS)
    assert all(judge(frame) == control for frame in WRITES)
    assert not any(judge(frame) for frame in NEVER)


def test_what_may_not_be_sent_is_not():
    sent = []
    bus = types.SimpleNamespace(transmit=sent.append, read=bytes, fileno=None, is_open=None, lose=None)
    recorder = Recorder(bus, None, may_send(False))
    with pytest.raises(PermissionError):
        recorder.transmit(PAUSE)
    assert sent == []


@pytest.mark.parametrize("code, before, good", [
    (0xA1, 0xC2, True), (0xB2, 0xC2, True), (0xC2, 0xB2, True), (0xB1, 0xA1, True), (0xB1, 0xC2, False), (0xB1, 0xB2, False), (0xE0, 0xA1, False),
    (0xF9, 0xA1, False)])
def test_how_a_box_was_left_is_judged_by_what_we_may_have_done(code, before, good):
    assert is_as_good(code, before) == good


DEVICE = {"upstream_timeout": False}
TALK = traffic((0, None, SAY_PANEL), (9000, READ, None), (9010, None, ANSWER))


@pytest.mark.parametrize(
    "number, found, words",
    [
        (1, {"whole": TALK, "listened_s": 12}, "sends them unasked: 1 in 9 s (12 s of them before"),
        (1, {"whole": traffic((0, None, ASK_PANEL), (15, None, SAY_PANEL)), "listened_s": 1}, "A second master asks: 1 questions"),
        (1, {"whole": traffic((0, None, ASK_PANEL)), "listened_s": 1}, "and 0 answers"),
        (1, {"whole": traffic(), "listened_s": 12}, "None heard"),
        (2, {"traffic": TALK, "silences": [(10, True), (40, False), (20, True)]}, "answered after 20 s of silence, lost after 40 s"),
        (2, {"traffic": TALK, "silences": [(10, True)], "silences_ended": "no time"}, "every silence up to 10 s (no time)"),
        (2, {"traffic": TALK, "silences": [(3, False)]}, "lost already after 3 s"),
        (2, {"traffic": TALK, "silences_ended": "not measured: F4"}, "median 10.0 ms"),
        (4, {"broadcast": None}, "No answer"),
        (4, {"broadcast": bytes.fromhex("000304014250BE")}, "byte 1 of the answer is 00, the id in the register is 2"),
        (5, {"device": DEVICE}, "switched off"),
        (5, {"device": {"upstream_timeout": True}, "system": 0x8000, "polled_s": 600, "codes": {0xA1}}, "no F4 was seen. It would lead to F4"),
        (6, {"lock": {"car": False, "bit": 0}}, "Run again with a car"),
        (6, {"lock": {"car": True, "bit": 1}}, "usable"),
        (7, {"lower_case": True}, "Yes"),
        (7, {"lower_case": False}, "No:"),
        (8, {"reset": {"icmax_before": 100, "icmax_after": 100}}, "kept"),
        (8, {"reset": {"icmax_before": 100, "icmax_after": 533}}, "lost: 0x000F word 3 read 100 before 5A5A and 533 after"),
        (8, {"reset": {"icmax_before": 100, "icmax_after": None}}, "Open"),
    ],
)
def test_each_question_is_answered_by_what_was_found(number, found, words):
    answer = {row[0]: row[2] for row in questions.answers(found, True)}[number]
    assert words in answer


def test_a_question_that_was_not_asked_is_open_and_says_why():
    reads_only = {number: text for number, _, text in questions.answers({}, False)}
    assert [number for number, text in reads_only.items() if "CONTROL=1" in text] == [3, 6, 8]
    assert all(text.startswith("Open") for text in reads_only.values())


def test_a_report_of_a_run_that_found_nothing_is_written_all_the_same(tmp_path):
    capture = types.SimpleNamespace(header={"date": "2026-01-01T00:00:00Z", "adapter": {"port": "x|y"}}, path=tmp_path / "capture.jsonl")
    client = types.SimpleNamespace(counts={"echoes": 0})
    site = types.SimpleNamespace(found={}, control=True, simulated=False, capture=capture, client=client, left=None)
    hil_report.write(tmp_path / "report.md", site, [("test_a", "failed", "assert 1 == 2\nmore")])
    report = (tmp_path / "report.md").read_text()
    assert "a real box" in report and "not reached" in report and "port x\\|y" in report and "| test_a | failed | assert 1 == 2 more |" in report
