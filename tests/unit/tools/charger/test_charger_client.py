"""The charger client: pace of readings, sightings, and writes that are sent once, after a fresh reading, or not at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.fake_bus import Box, Panel, Wire, telegram

from modbus import registers
from modbus.charger import (ACKED, IDLE, LIMITS, NOT_SENT, READ_FAILED, READING, REFUSED, SIGHTING, SILENT, WRITE_AGE_MS, WRITTEN,
                            ChargerClient)

STATUS_FRAME = b':0103002E0005C9\r\n'
PANEL_SAYS = telegram('>', '01030204c2')


def world(client_options=None, **box_options):
    wire = Wire()
    box = Box(wire, **box_options)
    return wire, box, ChargerClient(wire, **(client_options or {}))


def times(events, kind):
    return [ms for ms, event in events if event == kind]


def writes(wire):
    return [frame for _, _, frame in wire.sent if frame[3:5] == b'10']


def outcome_of_write(wire, client, until_ms, register=registers.ICMAX, value=registers.DUTY_PAUSE):
    """Ask now; returns (ms, outcome) of the one WRITTEN that must follow, and all events."""
    assert client.write(register, value, wire.now_us // 1000)
    outcomes = []
    events = wire.run(client, until_ms, lambda ms, event: outcomes.append((ms, client.outcome)) if event == WRITTEN else None)
    assert len(outcomes) == 1
    return outcomes[0], events


# --- reading

def test_it_reads_every_two_seconds_with_one_telegram_each():
    wire, box, client = world()
    events = wire.run(client, 600_000)
    readings = times(events, READING)
    assert len(readings) == 300 and len(wire.sent) == 300 and client.counts['reads'] == 300
    assert {b - a for a, b in zip(readings[1:], readings[2:])} == {2000}
    assert {frame for _, _, frame in wire.sent} == {STATUS_FRAME}
    assert client.reading.code == 0xB2 and client.reading.ev_connected is True and client.reading.limit_duty == 267
    assert client.reading.at_ms == client.answered_ms == client.heard_ms == readings[-1]


def test_nothing_is_known_before_the_first_answer():
    _, _, client = world()
    assert client.heard_ms is None and client.answered_ms is None and client.code is None and client.limits == () and client.outcome is None
    assert client.poll(0) == IDLE and client.due_ms == 1200


def test_a_silent_box_is_asked_without_a_pause_while_that_is_urgent():
    wire, box, client = world()
    wire.run(client, 10_000)
    box.off = True
    wire.run(client, 15_000)
    slow = len(wire.sent)
    client.hurry(True)
    wire.run(client, 20_000)
    assert len(wire.sent) - slow >= 11   # three telegrams of 408 ms each, without a pause
    box.off = False
    began_ms = wire.now_us // 1000
    assert times(wire.run(client, 21_000), READING)[0] - began_ms < 500
    client.hurry(False)
    events = times(wire.run(client, 40_000), READING)
    assert {after - before for before, after in zip(events[1:], events[2:])} == {2000}


def test_limits_are_read_only_while_somebody_wants_them():
    wire, box, client = world()
    box.icmax = 1000
    assert times(wire.run(client, 30_000), LIMITS) == []
    client.watch_limits = True
    watched = times(wire.run(client, 90_000), LIMITS)
    assert 6 <= len(watched) <= 7 and client.limits == (267, 267, 1000, 267)
    client.watch_limits = False
    events = wire.run(client, 150_000)
    assert times(events, LIMITS) == [] and len(times(events, READING)) == 30


def test_a_reading_can_be_asked_for_earlier():
    wire, _, client = world()
    wire.run(client, 10_500)
    client.read_soon(10_500, 250)
    assert client.due_ms == 10_750
    client.read_soon(10_500, 900)   # later than what is already asked for
    assert 10_750 <= times(wire.run(client, 12_000), READING)[0] < 10_800


@pytest.mark.parametrize('spontaneous', [False, True])
@pytest.mark.parametrize('period_ms', [1000, 4500])
def test_panel_frames_are_sightings_on_top_of_the_readings(period_ms, spontaneous):
    wire, box, client = world()
    Panel(wire, box, period_ms, spontaneous=spontaneous)
    box.code = 0xC2
    events = wire.run(client, 600_000)
    assert len(times(events, SIGHTING)) >= 600_000 // period_ms - 2 and client.code == 0xC2
    # The pace is kept over the waits for a gap.
    assert len(times(events, READING)) >= 297 and wire.collisions == []
    assert client.counts['foreign'] >= len(times(events, SIGHTING))


def test_a_sighting_does_not_touch_the_reading():
    wire, box, client = world()
    wire.run(client, 3500)
    wire.inject(PANEL_SAYS)
    assert client.poll(3500) == SIGHTING and client.code == 0xC2
    assert client.reading.code == 0xB2 and client.heard_ms == 3500 and client.answered_ms < 3500


def test_another_masters_status_is_a_sighting_too():
    wire, box, client = world()
    wire.run(client, 3500)
    wire.inject(telegram('>', '01030a2ef9106403e803e803e8'))
    assert client.poll(3500) == SIGHTING and client.code == 0xF9 and client.reading.code == 0xB2


@pytest.mark.parametrize('frame', [
    telegram('>', '02030204c2'),            # another box
    telegram(':', '010300040001'),          # the question, not the answer
    telegram(':', '01030204c2'),
    telegram('>', '0103020fc2'),            # another register
    telegram('>', '010304040000c2'),
    telegram('>', '01030204c2c2'),
    PANEL_SAYS.replace(b'C2', b'C3'),       # wrong LRC
    telegram('>', '011000050001'),
])
def test_other_frames_are_no_sighting(frame):
    wire, _, client = world()
    wire.run(client, 3500)
    wire.inject(frame)
    assert client.poll(3500) == IDLE and client.code is None


def test_another_box_proves_nothing_about_ours():
    wire, _, client = world()
    wire.run(client, 3500)
    before_ms = client.heard_ms
    wire.inject(telegram('>', '02030204c2'))
    client.poll(3500)
    assert client.heard_ms == before_ms


def test_a_loop_that_comes_late_does_not_slow_the_pace_down():
    wire, _, client = world()
    for ms in range(0, 300_000, 150):
        wire.advance(ms * 1000)
        client.poll(ms)
    assert client.counts['reads'] >= 149


def test_readings_missed_are_not_made_up_for():
    wire, _, client = world()
    wire.run(client, 10_000)
    wire.now_us = 90_000_000
    assert len(times(wire.run(client, 94_500), READING)) == 3


def test_noise_moves_the_time_at_which_the_client_wants_to_be_called():
    wire, box, client = world()
    wire.run(client, 3500)
    wire.inject(PANEL_SAYS)
    client.poll(3500)
    client.poll(4400)                 # a reading is due, and waits for the next frame
    assert client.due_ms == 9500
    wire.inject(b'>0103020\xff\xffB1\r\n')   # here it is, garbled
    assert client.poll(4500) == IDLE and client.due_ms == 4505


def test_two_frames_at_once_are_two_events_and_the_second_is_due_now():
    wire, _, client = world()
    wire.run(client, 3500)
    wire.inject(PANEL_SAYS + telegram('>', '01030204c3'))
    assert client.poll(3500) == SIGHTING and client.code == 0xC2 and client.due_ms == 3500
    assert client.poll(3500) == SIGHTING and client.code == 0xC3 and client.due_ms > 3500


def test_the_id_stays_ours_whatever_is_heard():
    # D-06: the original adopted the id of the first frame, even of a corrupted one.
    wire, box, client = world({'device_id': 3}, device_id=3)
    wire.at(100_000, lambda: wire.inject(b'>07030204B138\r\n'))
    wire.at(400_000, lambda: wire.inject(telegram('>', '07030204b1')))
    events = wire.run(client, 20_000)
    assert {frame[1:3] for _, _, frame in wire.sent} == {b'03'} and times(events, SIGHTING) == []
    assert len(times(events, READING)) >= 7


@pytest.mark.parametrize('device_id', [0, 17, -1])
def test_an_id_that_no_box_can_have_is_an_error(device_id):
    with pytest.raises(ValueError):
        ChargerClient(Wire(), device_id)


def test_a_sleeping_box_is_read_every_time():
    wire, box, client = world(sleeps_after_ms=1500)
    events = wire.run(client, 60_000)
    assert len(times(events, READING)) >= 29 and times(events, READ_FAILED) == []
    # The second reading follows the first before the box is asleep again.
    assert client.counts['retries'] == len(times(events, READING)) - 1


def test_a_silent_box_fails_its_readings_and_recovers():
    wire, box, client = world()
    wire.run(client, 10_000)
    box.off = True
    events = wire.run(client, 80_000)
    failed = times(events, READ_FAILED)
    assert len(failed) == 35 and client.failed_address == registers.STATUS and times(events, READING) == []
    assert client.heard_ms < 10_000 and client.answered_ms < 10_000
    box.off = False
    assert 80_000 < times(wire.run(client, 90_000), READING)[0] < 84_000 and client.heard_ms > 80_000


def test_a_register_the_box_does_not_answer_costs_no_readings():
    wire, box, client = world()
    box.mute = (0x000F,)
    client.watch_limits = True
    events = wire.run(client, 100_000)
    assert len(times(events, READING)) >= 48 and client.failed_address == registers.LIMITS
    assert len(times(events, READ_FAILED)) == 10


def test_a_port_that_fails_is_survived():
    wire, box, client = world()
    wire.run(client, 10_000)
    wire.broken = True
    events = wire.run(client, 40_000)
    assert len(times(events, READ_FAILED)) == 15 and client.counts['bus_errors'] == 45
    wire.broken = False
    assert len(times(wire.run(client, 60_000), READING)) >= 9


# --- writing

def test_a_write_is_sent_once_and_acknowledged():
    wire, box, client = world()
    wire.run(client, 11_000)
    (ms, outcome), _ = outcome_of_write(wire, client, 20_000)
    assert outcome == ACKED and box.writes == [(11_006, 0x14, 1000)] and ms < 11_050
    assert writes(wire) == [b':0110001400010203E8ED\r\n']


def test_a_reading_follows_a_write_at_once():
    wire, box, client = world()
    wire.run(client, 11_000)
    (ms, _), events = outcome_of_write(wire, client, 20_000)
    assert ms < [at for at in times(events, READING) if at > ms][0] < ms + 60


def test_watched_limits_follow_a_write_too():
    wire, box, client = world()
    client.watch_limits = True
    wire.run(client, 14_500)
    (ms, _), events = outcome_of_write(wire, client, 17_000)
    assert [at for at in times(events, LIMITS) if at > ms][0] < ms + 120


def test_the_box_says_no():
    wire, box, client = world()
    box.refuses = True
    wire.run(client, 11_000)
    assert outcome_of_write(wire, client, 11_050)[0][1] == REFUSED
    assert len(writes(wire)) == 1 and client.counts['refused'] == 1 and client.answered_ms > 11_000


def test_a_write_without_an_answer_is_not_repeated():
    wire, box, client = world()
    box.silent_writes = True
    wire.run(client, 11_000)
    (ms, outcome), _ = outcome_of_write(wire, client, 30_000, registers.STATE, registers.RESET)
    assert outcome == SILENT and 11_400 < ms < 11_420 and len(writes(wire)) == 1


def test_a_failing_port_makes_a_write_silent_because_a_part_may_have_left():
    wire, box, client = world()
    wire.run(client, 11_000)
    wire.broken = True
    assert outcome_of_write(wire, client, 30_000)[0][1] == SILENT and client.counts['bus_errors'] > 0


def test_only_one_write_is_pending_at_a_time():
    wire, box, client = world()
    wire.run(client, 11_000)
    assert client.write(registers.ICMAX, 1000, 11_000) is True
    assert client.write(registers.STATE, registers.JUMP_E0, 11_000) is False
    wire.run(client, 12_000)
    assert client.write(registers.STATE, registers.JUMP_E0, 12_000) is True
    wire.run(client, 13_000)
    assert [write[1:] for write in box.writes] == [(0x14, 1000), (0x05, 0xE0E0)]


def test_a_write_waits_for_a_first_reading():
    wire, box, client = world()
    (ms, outcome), events = outcome_of_write(wire, client, 5000)
    assert outcome == ACKED and times(events, READING)[0] < ms
    assert wire.sent[0][2] == STATUS_FRAME


def test_a_write_rests_on_a_reading_at_most_five_seconds_old():
    wire, box, client = world()
    wire.run(client, 11_000)
    wire.now_us = 15_100_000   # nobody called poll() for a while; the reading is from 10.03 s
    (ms, outcome), _ = outcome_of_write(wire, client, 20_000)
    telegrams = [frame[3:5] for start, _, frame in wire.sent if start >= 15_100_000]
    assert outcome == ACKED and telegrams[:2] == [b'03', b'10']


def test_a_write_without_a_fresh_reading_does_not_wait_for_the_pace():
    wire, box, client = world()
    wire.run(client, 11_000)
    box.off = True
    wire.run(client, 13_300)
    box.off = False
    (ms, outcome), _ = outcome_of_write(wire, client, 20_000)
    assert outcome == ACKED and ms < 13_400


def test_a_write_to_a_box_that_does_not_answer_is_not_sent():
    wire, box, client = world()
    wire.run(client, 11_000)
    box.off = True
    wire.run(client, 12_100)   # the reading at 12 s is under way and will fail
    (ms, outcome), events = outcome_of_write(wire, client, 30_000)
    assert outcome == NOT_SENT and writes(wire) == [] and times(events, READ_FAILED)[0] <= ms < 14_000


def test_a_box_that_falls_silent_is_not_written_to_on_an_old_reading():
    wire, box, client = world()
    wire.run(client, 11_000)
    box.off = True
    wire.run(client, 13_900)   # the reading at 12 s has failed, the one before is still young
    assert outcome_of_write(wire, client, 30_000)[0][1] == NOT_SENT and writes(wire) == []


def babble(wire, from_ms, to_ms):
    """Somebody never stops talking."""
    for ms in range(from_ms, to_ms, 4):
        wire.at(ms * 1000, lambda: wire.inject(b'\xff'))


@pytest.mark.parametrize('babbles, expected, told_ms', [
    # A gap for the reading alone: the write's own time counts, not the new reading's.
    ([(11_000, 17_000), (17_036, 30_000)], NOT_SENT, 19_010),
    ([(11_000, 18_900), (19_020, 30_000)], SILENT, 19_345),
    # Sent in the last millisecond: it is not called unsent.
    ([(11_000, 17_000), (17_037, 19_006)], SILENT, 19_417),
])
def test_a_write_lives_eight_seconds_whatever_it_waits_for(babbles, expected, told_ms):
    wire, box, client = world()
    box.silent_writes = True
    wire.run(client, 11_000)
    for from_ms, to_ms in babbles:
        babble(wire, from_ms, to_ms)
    wire.run(client, 11_010)
    (ms, outcome), _ = outcome_of_write(wire, client, 30_000)
    assert outcome == expected and abs(ms - told_ms) < 20
    assert len(writes(wire)) == (expected == SILENT)


def test_a_write_that_finds_no_gap_ends_after_its_time():
    wire, box, client = world()
    wire.run(client, 11_000)
    babble(wire, 11_000, 30_000)
    wire.run(client, 11_010)
    (ms, outcome), _ = outcome_of_write(wire, client, 30_000)
    assert outcome == NOT_SENT and 11_010 + WRITE_AGE_MS <= ms <= 11_010 + WRITE_AGE_MS + 5 and writes(wire) == []
    assert client.write(registers.ICMAX, 1000, 30_000) is True


def test_a_write_beside_a_panel_stays_in_the_gap_and_is_quick():
    wire, box, client = world()
    Panel(wire, box, 1000)
    wire.run(client, 20_000)
    waits = []
    for number in range(50):
        asked_ms = 20_000 + number * 10_137
        wire.run(client, asked_ms)
        waits.append(outcome_of_write(wire, client, asked_ms + 5000)[0][0] - asked_ms)
    assert wire.collisions == [] and len(writes(wire)) == 50 and max(waits) < 700


@pytest.mark.parametrize('register, value', [
    (registers.STATE, 0xF1F1), (registers.STATE, 0x3838), (registers.STATE, 0xE2E2), (0x002C, 0xF001), (registers.ICMAX, 0), (registers.ICMAX, 4095),
])
def test_what_must_never_be_written_is_not_sent(register, value):
    wire, box, client = world()
    wire.run(client, 11_000)
    assert outcome_of_write(wire, client, 20_000, register, value)[0] == (11_000, NOT_SENT)
    assert writes(wire) == [] and client.counts['forbidden'] == 1
    assert outcome_of_write(wire, client, 25_000)[0][1] == ACKED


def test_commands_of_any_id_carry_the_right_lrc():
    wire, box, client = world({'device_id': 2}, device_id=2)
    wire.run(client, 11_000)
    assert outcome_of_write(wire, client, 12_000, registers.STATE, registers.RESET)[0][1] == ACKED
    assert writes(wire) == [b':021000050001025A5A32\r\n']


# --- everything together

steps = st.lists(st.tuples(
    st.integers(1, 4000),
    st.sampled_from(['write', 'reset', 'forbidden', 'off', 'on', 'break', 'mend', 'refuse', 'accept', 'soon', 'watch', 'junk', 'panel', 'busy'])),
    max_size=25)


@settings(max_examples=80)
@given(steps, st.booleans())
def test_every_write_ends_exactly_once_and_readings_come_back(actions, with_panel):
    wire, box, client = world(sleeps_after_ms=3000)
    panel = Panel(wire, box, 1000) if with_panel else None
    asked = []
    told = []

    def run(until_ms):
        wire.run(client, until_ms, lambda ms, event: told.append((ms, client.outcome)) if event == WRITTEN else None)

    now_ms = 0
    for pause_ms, action in actions:
        now_ms += pause_ms
        run(now_ms)
        if action in ('write', 'reset', 'forbidden'):
            what = {'write': (0x14, 100), 'reset': (0x05, 0x5A5A), 'forbidden': (0x05, 0xF1F1)}[action]
            if client.write(what[0], what[1], now_ms):
                asked.append(now_ms)
        elif action == 'junk':
            wire.inject(b'\x00\xff>0103:01\r\n')
        elif action == 'panel':
            wire.inject(PANEL_SAYS * 3)
        elif action == 'soon':
            client.read_soon(now_ms, pause_ms)
        elif action == 'watch':
            client.watch_limits = not client.watch_limits
        elif action == 'busy':
            wire.advance(wire.now_us + pause_ms * 1000)
            client.note_busy(pause_ms)
            now_ms += pause_ms
        box.off = {'off': True, 'on': False}.get(action, box.off)
        box.refuses = {'refuse': True, 'accept': False}.get(action, box.refuses)
        wire.broken = {'break': True, 'mend': False}.get(action, wire.broken)
    box.off = wire.broken = False
    run(now_ms + 20_000)
    assert len(told) == len(asked)
    for asked_ms, (told_ms, outcome) in zip(asked, told):
        # The last to be sent at 8 s, its answer awaited; a busy loop says it when it is back.
        assert outcome in (ACKED, REFUSED, SILENT, NOT_SENT) and told_ms - asked_ms <= WRITE_AGE_MS + 500 + 4000
    assert len(writes(wire)) <= len([1 for _, outcome in told if outcome != NOT_SENT])
    assert all(value != 0xF1F1 for _, _, value in box.writes)
    assert panel is None or client.heard_ms >= now_ms + 18_000
    assert client.answered_ms >= now_ms + 16_000
