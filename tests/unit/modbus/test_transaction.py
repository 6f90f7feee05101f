"""The master on a shared half-duplex line: matching, tries, and no transmission out of turn."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.fake_bus import CHAR_US, Box, Panel, Wire, telegram

from modbus import transaction
from modbus.charger import COUNTS
from modbus.transaction import ANSWERED, EXPIRED, HEARD, REFUSED, UNANSWERED, WAITING, Master, read_request, write_request

STATUS = read_request(1, 0x2E, 5)
PAUSE = write_request(1, 0x14, 1000)
STATUS_ANSWER = telegram('>', '01030a2eb2910b03e803e803e8')
PANEL_ANSWER = telegram('>', '01030204b2')
ACK = telegram('>', '011000140001')


def master_on(wire):
    """A master that has finished listening at 1200 ms."""
    counts = dict.fromkeys(COUNTS, 0)
    return Master(wire, counts), counts


def begin(wire, master, request, at_ms=2000, **options):
    """Let the master listen, then start a request at at_ms."""
    master.start(read_request(9, 0x2E, 5), 0, until_ms=0)
    wire.run(Idle(master), at_ms)
    master.poll(wire.now_us // 1000)
    master.start(request, wire.now_us // 1000, **options)


class Idle:
    """A master as wire.run() wants it: due when its request says so."""

    def __init__(self, master):
        self._master = master

    def poll(self, now_ms):
        return self._master.poll(now_ms)

    @property
    def due_ms(self):
        return self._master.due_ms if self._master.request else 1 << 40


def run(wire, master, until_ms):
    """Results other than what was merely heard, as (ms, result)."""
    return [(ms, result) for ms, result in wire.run(Idle(master), until_ms) if result not in (HEARD, EXPIRED, WAITING)]


def one_exchange(answers, request=STATUS, until_ms=12_000):
    """What becomes of a request whose first telegram is answered by these bytes, 20 ms after it."""
    wire = Wire()
    master, counts = master_on(wire)
    begin(wire, master, request)
    for answer in answers:
        wire.at(2_030_000, lambda answer=answer: wire.inject(answer))
    results = run(wire, master, until_ms)
    return results, master, counts, wire


def test_frames_are_made_byte_by_byte_like_the_printed_ones():
    assert STATUS.frame == b':0103002E0005C9\r\n'
    assert read_request(1, 0x0F, 5).frame == b':0103000F0005E8\r\n'
    assert PAUSE.frame == b':0110001400010203E8ED\r\n'
    assert write_request(2, 5, 0x5A5A).frame == b':021000050001025A5A32\r\n'


def test_the_first_valid_answer_is_used_and_nothing_is_sent_twice():
    results, master, counts, wire = one_exchange([STATUS_ANSWER])
    assert results == [(2030, ANSWERED)]
    assert master.body.hex() == '01030a2eb2910b03e803e803e8' and master.done is STATUS and master.request is None
    assert len(wire.sent) == 1 and counts['answered'] == 1 and counts['timeouts'] == 0


@pytest.mark.parametrize('wrong', [
    telegram('>', '02030a2eb2910b03e803e803e8'),      # another box
    telegram('>', '01030a0f3f010b010b00e900e9'),      # another register of the monitor's: the echo shows it
    telegram('>', '01030a33b2910b03e803e803e8'),
    telegram('>', '0103082eb2910b03e803e8'),          # too short
    telegram('>', '01030c2eb2910b03e803e803e80000'),  # too long
    telegram('>', '01040a2eb2910b03e803e803e8'),      # another function
    PANEL_ANSWER,
    ACK,
    STATUS_ANSWER.replace(b'B2', b'B1'),              # wrong LRC
    STATUS_ANSWER[:-6],                               # cut
    STATUS.frame,                                     # our own echo
    b'\xff\0\xff',
])
def test_what_is_no_answer_is_passed_over_and_the_answer_behind_it_is_taken(wrong):
    results, _, _, wire = one_exchange([wrong])
    assert [result for _, result in results] == [UNANSWERED] and len(wire.sent) == 3
    results, _, _, wire = one_exchange([wrong, STATUS_ANSWER])
    assert results == [(2030, ANSWERED)] and len(wire.sent) == 1


@pytest.mark.parametrize('wrong', [
    telegram('>', '011000050001'), telegram('>', '011000140002'), telegram('>', '021000140001'), telegram('>', '0110001400'), PAUSE.frame,
    STATUS_ANSWER,
])
def test_an_acknowledgement_must_be_ours(wrong):
    assert one_exchange([wrong], PAUSE)[0] == [(2407, UNANSWERED)]
    assert one_exchange([wrong, ACK], PAUSE)[0] == [(2030, ANSWERED)]


@pytest.mark.parametrize('request_, no', [(PAUSE, '019004'), (PAUSE, '019001'), (STATUS, '018302')])
def test_a_refusal_is_told_from_silence(request_, no):
    results, master, counts, wire = one_exchange([telegram('>', no)], request_)
    assert results == [(2030, REFUSED)] and counts['refused'] == 1 and len(wire.sent) == 1 and master.request is None


def test_our_own_echo_is_no_foreign_master():
    _, _, counts, _ = one_exchange([STATUS.frame + STATUS_ANSWER])
    assert counts['echoes'] == 1 and counts['foreign'] == 0
    _, _, counts, _ = one_exchange([STATUS.frame * 2 + STATUS_ANSWER])   # it comes back once; the second is somebody else's question
    assert counts['echoes'] == 1 and counts['foreign'] == 1


def test_a_standard_slave_that_answers_with_a_colon_is_understood():
    assert one_exchange([STATUS_ANSWER.replace(b'>', b':')])[0] == [(2030, ANSWERED)]


def test_a_silent_box_is_asked_three_times_and_then_given_up():
    results, master, counts, wire = one_exchange([])
    starts_ms = [start // 1000 for start, _, _ in wire.sent]
    assert len(results) == 1 and results[0][1] == UNANSWERED
    assert [b - a for a, b in zip(starts_ms, starts_ms[1:])] == [405, 405] and results[0][0] - starts_ms[2] in (405, 406)
    assert counts['timeouts'] == 3 and counts['retries'] == 2 and master.request is None


def test_a_sleeping_box_is_reached_within_three_tries():
    wire = Wire()
    box = Box(wire, sleeps_after_ms=20000)
    master, counts = master_on(wire)
    begin(wire, master, STATUS)
    assert run(wire, master, 6000)[0][1] == ANSWERED
    assert len(wire.sent) == 2 == len(box.heard) and counts['retries'] == 1
    master.start(STATUS, 6000)
    assert run(wire, master, 7000)[0][1] == ANSWERED
    assert len(wire.sent) == 3   # awake: one telegram


def test_answer_times_and_tries_are_counted():
    wire = Wire()
    box = Box(wire, sleeps_after_ms=20000)
    master, _ = master_on(wire)
    begin(wire, master, STATUS)
    run(wire, master, 6000)
    for number in range(5):
        master.start(STATUS, 6000 + number * 1000)
        run(wire, master, 7000 + number * 1000)
    statistics = master.statistics
    # 20 ms and 31 characters on the line.
    assert statistics.tries == [5, 1, 0] and 28 <= statistics.fastest_ms <= statistics.slowest_ms <= 31
    assert sum(statistics.buckets) == 6 and statistics.within_ms(50) <= 31
    box.off = True
    master.start(STATUS, 12_000)
    run(wire, master, 14_000)
    assert sum(statistics.buckets) == 6


def test_an_answer_that_waited_for_the_loop_has_no_time():
    wire = Wire()
    Box(wire)
    master, _ = master_on(wire)
    begin(wire, master, STATUS)
    busy(wire, master, 3000)
    woken_ms = wire.now_us // 1000
    assert run(wire, master, woken_ms + 100) == [(woken_ms, ANSWERED)]
    assert sum(master.statistics.buckets) == 0 and master.statistics.tries == [1, 0, 0]


def test_a_write_is_sent_once_whatever_happens():
    results, _, _, wire = one_exchange([], PAUSE)
    assert [result for _, result in results] == [UNANSWERED] and len(wire.sent) == 1


@pytest.mark.parametrize('request_, tries', [(STATUS, 3), (PAUSE, 1)])
def test_a_broken_port_is_counted_and_counts_as_unanswered(request_, tries):
    wire = Wire()
    wire.broken = True
    master, counts = master_on(wire)
    begin(wire, master, request_)
    results = run(wire, master, 6000)
    assert [result for _, result in results] == [UNANSWERED] and counts['bus_errors'] == tries
    assert results[0][0] >= 2000 + tries * 400
    wire.broken = False
    Box(wire)
    master.start(request_, 6000)
    assert [result for _, result in run(wire, master, 7000)] == [ANSWERED]


def test_it_listens_before_it_talks():
    wire = Wire()
    Box(wire)
    master, _ = master_on(wire)
    wire.at(500_000, lambda: wire.inject(b'\xff'))
    master.start(STATUS, 0)
    assert run(wire, master, 3000)
    assert wire.sent[0][0] >= 1_200_000


@pytest.mark.parametrize('part', [b':0103', b'>01030A2EB291', b'>'])
def test_it_never_talks_into_a_frame_that_is_arriving(part):
    wire = Wire()
    Box(wire)
    master, _ = master_on(wire)
    begin(wire, master, read_request(9, 1, 2), until_ms=0)
    for ms in range(2990, 3120, 10):
        wire.at(ms * 1000, lambda: wire.inject(part))
    wire.run(Idle(master), 3005)
    master.start(STATUS, 3005)
    run(wire, master, 6000)
    assert wire.sent[-1][0] >= 3_110_000 + transaction.PARTIAL_MS * 1000 - 1000


def test_it_leaves_five_ms_after_anybodys_last_byte():
    wire = Wire()
    master, _ = master_on(wire)
    begin(wire, master, read_request(9, 1, 2), until_ms=0)
    wire.at(3_000_000, lambda: wire.inject(b'\xfe'))
    wire.run(Idle(master), 3002)
    master.start(STATUS, 3002)
    run(wire, master, 3300)
    assert wire.sent[-1][0] == 3_005_000


def test_whoever_asks_has_the_line_until_he_is_answered():
    wire = Wire()
    master, _ = master_on(wire)
    begin(wire, master, read_request(9, 1, 2), until_ms=0)
    wire.at(3_000_000, lambda: wire.inject(telegram(':', '050300010002')))
    wire.at(3_200_000, lambda: wire.inject(telegram('>', '05030401011237')))
    wire.run(Idle(master), 3010)
    master.start(STATUS, 3010)
    run(wire, master, 3300)
    assert [start for start, _, _ in wire.sent] == [3_205_000]


def test_a_request_that_finds_no_gap_in_its_time_is_not_sent():
    wire = Wire()
    box = Box(wire)
    Panel(wire, box, 1000)
    master, _ = master_on(wire)
    begin(wire, master, read_request(9, 1, 2), at_ms=3800, until_ms=0)
    master.start(PAUSE, 3800, until_ms=4100)   # the window of the frame at 3300 closed at 3750, the next opens at 4320
    results = wire.run(Idle(master), 6000)
    assert (4101, EXPIRED) in results and not wire.sent and master.request is None and master.done is PAUSE


def poll_for(seconds, period_ms, **options):
    """A master reading every 2 s for that long beside a panel; returns wire, panel, counts, seconds of the answers."""
    wire = Wire()
    box = Box(wire, latency_ms=options.pop('latency_ms', 20))
    panel = Panel(wire, box, period_ms, **options)
    master, counts = master_on(wire)
    reader = PacedReads(master)
    wire.run(reader, seconds * 1000)
    return wire, panel, counts, reader.answers


class PacedReads:
    """Reads at a steady pace, from due time to due time."""

    def __init__(self, master):
        self._master = master
        self._next_ms = 0
        self.answers = []

    def poll(self, now_ms):
        result = self._master.poll(now_ms)
        if result == ANSWERED:
            self.answers.append(now_ms)
        if self._master.request is None and now_ms >= self._next_ms:
            self._next_ms += 2000
            self._master.start(STATUS, now_ms)
        return result

    @property
    def due_ms(self):
        if self._master.reader.more:
            return 0
        return self._master.due_ms if self._master.request else self._next_ms


def into_exchange_us(wire, panel):
    """For each of our telegrams after the panel is known: time since the panel's last word, and until its next."""
    known_us = panel.spoken_us[5]
    for start_us, end_us, _ in wire.sent:
        before = [us for us in panel.spoken_us if us <= start_us]
        after = [us for us in panel.spoken_us if us > start_us]
        if start_us > known_us and after:
            yield start_us - before[-1], after[0] - end_us


@pytest.mark.parametrize('period_ms, jitter_ms', [(1000, 0), (1000, 60), (4500, 0), (4500, 250), (2000, 0), (700, 0)])
@pytest.mark.parametrize('spontaneous', [False, True])
def test_beside_another_talker_it_keeps_the_pace_and_stays_in_the_gap(period_ms, jitter_ms, spontaneous):
    seconds = 600
    wire, panel, counts, answers = poll_for(seconds, period_ms, jitter_ms=jitter_ms, spontaneous=spontaneous)
    assert wire.collisions == []
    assert len(answers) >= 0.48 * seconds and counts['timeouts'] == 0
    # Both telegrams of the panel's exchange are over, and even a slow answer to the monitor would be before the next.
    quiet_us = (17 if spontaneous else 32) * CHAR_US + (0 if spontaneous else 20_000)
    for since_us, left_us in into_exchange_us(wire, panel):
        assert since_us >= quiet_us and left_us > transaction.RESPONSE_MS * 1000


def test_a_telegram_left_out_does_not_make_the_gap_look_longer():
    wire, panel, _, answers = poll_for(600, 1000, omits=3)
    assert wire.collisions == [] and len(answers) >= 250
    assert min(left_us % 1_000_000 for _, left_us in into_exchange_us(wire, panel)) > transaction.RESPONSE_MS * 1000


def test_a_talker_heard_once_is_taken_for_a_quick_one():
    wire = Wire()
    master, _ = master_on(wire)
    begin(wire, master, read_request(9, 1, 2), until_ms=0)
    wire.at(3_000_000, lambda: wire.inject(PANEL_ANSWER))
    wire.run(Idle(master), 3600)
    master.start(STATUS, 3600)
    wire.run(Idle(master), 8900)
    assert wire.sent == []
    wire.run(Idle(master), 9100)
    assert [start for start, _, _ in wire.sent] == [9_000_000]


def test_an_interval_is_not_believed_the_first_time():
    wire = Wire()
    master, _ = master_on(wire)
    begin(wire, master, read_request(9, 1, 2), until_ms=0)
    for ms in (3000, 7500, 12_000):
        wire.at(ms * 1000, lambda: wire.inject(PANEL_ANSWER))
    wire.run(Idle(master), 9500)
    master.start(STATUS, 9500)
    wire.run(Idle(master), 12_300)
    assert [start for start, _, _ in wire.sent] == [12_005_000]


def test_a_talker_heard_while_an_answer_is_awaited_closes_the_gap_too():
    wire = Wire()
    master, _ = master_on(wire)
    begin(wire, master, STATUS)
    wire.at(2_300_000, lambda: wire.inject(PANEL_ANSWER))
    run(wire, master, 10_000)
    assert [start // 1000 for start, _, _ in wire.sent] == [2000, 2405, 8300]


def test_what_is_urgent_waits_for_no_gap():
    wire = Wire()
    master, _ = master_on(wire)
    begin(wire, master, read_request(9, 1, 2), until_ms=0)
    wire.at(3_000_000, lambda: wire.inject(PANEL_ANSWER))
    wire.run(Idle(master), 3600)
    master.urgent = True
    master.start(STATUS, 3600)
    wire.run(Idle(master), 3700)
    assert [start for start, _, _ in wire.sent] == [3_600_000]


def test_what_is_not_looked_at_yet_may_be_a_question():
    wire = Wire()
    master, _ = master_on(wire)
    begin(wire, master, read_request(9, 1, 2), until_ms=0)
    wire.inject(PANEL_ANSWER + telegram(':', '050300010002'))
    assert master.poll(2000) == HEARD
    wire.now_us = 2_010_000
    master.start(STATUS, 2010)
    master.poll(2010)
    run(wire, master, 2300)
    assert wire.sent == []


def test_ten_thousand_transactions_beside_a_second_master_collide_never():
    wire, _, counts, answers = poll_for(20_000, 1000, jitter_ms=30, first_ms=700)
    assert wire.collisions == [] and counts['timeouts'] == 0 and len(answers) >= 9_900


def test_a_talker_too_fast_for_a_gap_does_not_starve_us():
    wire, panel, _, answers = poll_for(120, 450)
    assert len(answers) >= 10 and wire.collisions == []
    spoken_us = panel.spoken_us
    for start_us, _, _ in wire.sent[3:]:
        assert start_us - [us for us in spoken_us if us <= start_us][-1] < 100_000


def test_a_talker_that_speaks_seldom_costs_no_readings():
    wire, _, _, answers = poll_for(600, 30_000)
    assert len([ms for ms in answers if ms > 200_000]) >= 0.48 * 400


def test_a_talker_that_falls_silent_is_waited_for_only_so_long():
    wire = Wire()
    box = Box(wire)
    panel = Panel(wire, box, 1000)
    master, _ = master_on(wire)
    reader = PacedReads(master)
    wire.run(reader, 20_000)
    panel.silent = True
    before = len(reader.answers)
    wire.run(reader, 60_000)
    waits = [b - a for a, b in zip(reader.answers[before - 1:], reader.answers[before:])]
    assert max(waits) <= 8000 and len(reader.answers) - before >= 17


def busy(wire, master, busy_ms):
    """The loop does something else; the world goes on."""
    wire.advance(wire.now_us + busy_ms * 1000)
    master.note_busy(busy_ms)


@pytest.mark.parametrize('busy_ms', [3500, 7450, 12_480])
def test_a_frame_read_after_the_loop_was_busy_marks_no_gap(busy_ms):
    # D-12: the original took a frame that had waited in the buffer for a fresh one and sent at a random moment.
    wire = Wire()
    box = Box(wire)
    panel = Panel(wire, box, 1000)
    master, _ = master_on(wire)
    begin(wire, master, read_request(9, 1, 2), at_ms=10_000, until_ms=0)
    master.poll(10_000)
    busy(wire, master, busy_ms)
    sent = len(wire.sent)
    woken_ms = wire.now_us // 1000
    master.poll(woken_ms)
    master.start(STATUS, woken_ms)
    run(wire, master, woken_ms + 3000)
    assert len(wire.sent) == sent + 1
    before_us = [us for us in panel.spoken_us if us <= wire.sent[-1][0]][-1]
    assert before_us > woken_ms * 1000 and wire.sent[-1][0] - before_us < 100_000


def test_after_a_busy_loop_the_interval_is_measured_anew():
    wire = Wire()
    box = Box(wire)
    panel = Panel(wire, box, 1000)
    master, _ = master_on(wire)
    reader = PacedReads(master)
    wire.run(reader, 10_000)
    for _ in range(8):
        reader.poll(wire.now_us // 1000)
        busy(wire, master, 3530)
        wire.run(reader, wire.now_us // 1000 + 900)
    wire.sent.clear()
    wire.run(reader, wire.now_us // 1000 + 60_000)
    assert len(wire.sent) >= 29
    assert all(left_us > transaction.RESPONSE_MS * 1000 for _, left_us in into_exchange_us(wire, panel))


def test_an_answer_is_no_older_than_its_question():
    wire = Wire()
    Box(wire)
    master, _ = master_on(wire)
    begin(wire, master, STATUS)
    wire.advance(wire.now_us + 500_000)
    master.note_busy(700)   # the loop was busy since before it was sent
    assert master.poll(wire.now_us // 1000) == ANSWERED and master.at_ms >= 2004


def test_an_answer_that_waited_while_the_loop_was_busy_is_used():
    wire = Wire()
    Box(wire)
    master, _ = master_on(wire)
    begin(wire, master, STATUS)
    busy(wire, master, 3000)
    woken_ms = wire.now_us // 1000
    assert run(wire, master, woken_ms + 100) == [(woken_ms, ANSWERED)]
    assert 2000 <= master.at_ms < 2010 and len(wire.sent) == 1


def test_what_comes_long_after_a_busy_loop_is_fresh():
    wire = Wire()
    master, _ = master_on(wire)
    begin(wire, master, read_request(9, 1, 2), at_ms=10_000, until_ms=0)
    master.poll(10_000)
    busy(wire, master, 4000)
    wire.at(14_900_000, lambda: wire.inject(PANEL_ANSWER))
    assert (14_900, HEARD) in wire.run(Idle(master), 15_000)
    assert master.at_ms == 14_900


TELEGRAMS = [STATUS_ANSWER, PANEL_ANSWER, ACK, STATUS.frame, PAUSE.frame, telegram(':', '010300040001'), telegram('>', '019004')]
traffic = st.lists(st.tuples(st.integers(0, 700), st.one_of(st.binary(min_size=1, max_size=40), st.sampled_from(TELEGRAMS))), max_size=30)


@settings(max_examples=100)
@given(traffic, st.lists(st.sampled_from(['read', 'write', 'break', 'mend', 'busy']), max_size=10))
def test_no_traffic_and_no_breakdown_makes_it_raise_or_hang(chunks, steps):
    wire = Wire()
    master, counts = master_on(wire)
    for pause_ms, chunk in chunks:
        wire.at(pause_ms * 7919 % 9000 * 1000, lambda chunk=chunk: wire.inject(chunk))
    for number, step in enumerate(steps):
        wire.broken = {'break': True, 'mend': False}.get(step, wire.broken)
        if step == 'busy':
            busy(wire, master, 800)
        if step in ('read', 'write') and master.request is None:
            master.start(STATUS if step == 'read' else PAUSE, wire.now_us // 1000)
        wire.run(Idle(master), (number + 1) * 1000)
    wire.broken = False
    wire.run(Idle(master), 30_000)
    assert master.request is None and not master.sent
    Box(wire)
    master.start(STATUS, 30_000)
    assert ANSWERED in [result for _, result in wire.run(Idle(master), 36_000)]
    assert counts['sent'] >= counts['answered'] + counts['timeouts']
