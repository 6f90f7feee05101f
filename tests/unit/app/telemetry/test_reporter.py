"""What is sent to the network, and when: news immediately, answers once, heartbeats as the budget allows."""

from types import SimpleNamespace

import config
import pytest
from app.codec import vocabulary
from app.codec.vocabulary import BUSY, COMMAND_LOCK, COMMAND_RESET, DONE
from app.codec.report_frames import DEVICE, SESSION
from app.codec.status_frames import RESULT_PORT, STATUS_LENGTH, STATUS_PORT
from app.commands.command_log import CommandLog
from app.policy.claims import Claims
from app.commands.answer import Answer
from app.telemetry.answer_queue import AnswerQueue
from app.telemetry.status_view import StatusView
from app.telemetry.reporter import ENERGY_EVERY_MS, HEARTBEAT_RETRY_MS, REASON_SETTLES_MS, Reporter, heartbeat_period_ms
from app.evse.evse_monitor import FIRST_STATE_MS, SILENCE_MS, EvseMonitor
from app.evse.session_book import SessionBook
from lorawan.clock_sync import CARRIER, NOTHING, REQUEST
from lorawan.outbox import ANSWER, BUSY as BUSY_PRIORITY, CHANGE, FAULT, HEARTBEAT, RECORD, Outbox
from hal.contract import FOREVER_MS

MINUTE_MS = 60000


class Session:
    """Joined, with a real outbox; stretch: what the airtime budget makes of a period."""

    def __init__(self):
        self.joined = True
        self.joined_ms = 0
        self.last_uplink_ms = None
        self.outbox = Outbox(lambda: None)
        self.stretch = None
        self.asked = []
        self.spare = True        # the day has airtime for what nobody waits for
        self.frame_cost = SimpleNamespace(is_slow=False)

    def spares(self, now_ms):
        return self.spare

    def stretched_ms(self, period_ms, payload_bytes):
        self.asked.append((period_ms, payload_bytes))
        return self.stretch or period_ms


class ClockSync:
    """Wants what the test sets."""

    def __init__(self):
        self.wanted = NOTHING
        self.urgent = False
        self.due_ms = FOREVER_MS
        self.sent_ms = []
        self.make = lambda limit: (202, b'request')
        self.sent = self.sent_ms.append

    def tick(self, now_ms):
        return self.wanted

    def is_urgent(self, now_ms):
        return self.urgent


class ReporterAndRadio:
    """A reporter beside a box that is read every 2 s; take() is the radio."""

    def __init__(self, klass='C', boot_ms=0):
        self.now_ms = boot_ms
        self.session = Session()
        self.reading = SimpleNamespace(code=None, ev_connected=None, enable_input=True, limit_duty=267, currents_da=[0, 0, 0], at_ms=0)
        self.charger = SimpleNamespace(reading=self.reading, heard_ms=None, answered_ms=None, read_soon=lambda now_ms, delay_ms=0: None)
        self.evse_monitor = EvseMonitor(self.charger, boot_ms)
        self.claims = Claims()
        self.log = CommandLog()
        self.timekeeper = SimpleNamespace(known=False)
        self.clock_sync = ClockSync()
        clock = SimpleNamespace(now_ms=lambda: self.now_ms)
        arbiter = SimpleNamespace(plan=None, decision=self.claims.decision)
        self.view = StatusView(clock, self.reading, self.evse_monitor, self.timekeeper, arbiter, SimpleNamespace(phase=None, blocked=0, paused=False),
                               SimpleNamespace(finished=False))
        self.answers = AnswerQueue(self.session, self.log, self.view)
        self.answers.turn_away(COMMAND_RESET, None)
        self.book = SessionBook(SimpleNamespace(get=lambda name: None), lambda name, value, now_ms: None)
        sessions = SimpleNamespace(report_wh=lambda now_ms: None, report_total_wh=lambda now_ms: 123450, estimated=False, number=3, is_open=False,
                                   book=self.book)
        self.reporter = Reporter(clock, self.session, self.view, self.answers, sessions, SimpleNamespace(waits=False), self.evse_monitor,
                                 self.timekeeper, self.clock_sync, config.Settings({'LORAWAN_CLASS': klass}))
        self.reporter._energy_sent(boot_ms)      # that of the day
        self.due_ms = 0

    def answer(self, answer):
        self.answers.put(answer, True)

    def show(self, code, ms=2000, hold=False, key=True):
        """The box is read, then it is the reporter's turn; what it put into the outbox, as (priority, code, state, reason)."""
        self.now_ms += ms
        reading = self.reading
        reading.code, reading.enable_input, reading.at_ms = code, key, self.now_ms
        reading.ev_connected = None if code >= 0xE0 else code != 0xA1
        self.charger.heard_ms = self.charger.answered_ms = self.now_ms
        self.evse_monitor.see(code, self.now_ms)
        self.evse_monitor.read(reading)
        return self.tick(hold)

    def tick(self, hold=False):
        monitor_due_ms = self.evse_monitor.tick(self.now_ms)
        self.due_ms = self.reporter.step(self.now_ms, hold)
        assert monitor_due_ms > self.now_ms
        assert self.due_ms > self.now_ms    # else the loop would spin
        return self.take()

    def wait(self, ms, hold=False):
        self.now_ms += ms
        return self.tick(hold)

    def take(self, limit=11):
        """What the radio sends next, or None."""
        outbox = self.session.outbox
        priority = outbox.first()
        if priority is None:
            return None
        if outbox.holds('clock') and len(outbox) == 1:
            return None
        port, payload = outbox.take()[1](limit)
        self.sent(outbox.sent())
        if port in (RESULT_PORT, DEVICE, SESSION):
            return priority, port, payload
        assert port == STATUS_PORT
        return priority, payload[1], vocabulary.STATES[payload[2] >> 5], vocabulary.REASONS[payload[2] & 31]

    def sent(self, told):
        """What was put says who is to know."""
        if told is not None:
            told(self.now_ms)
        self.session.last_uplink_ms = self.now_ms

    def settle(self, code, key=True):
        """Until nothing of it is news."""
        for _ in range(25):
            self.show(code, key=key)
        assert self.show(code, key=key) is None


# --- the first report


def test_nothing_is_said_before_the_first_stable_state_which_then_is_said_at_once():
    rig = ReporterAndRadio()
    assert rig.tick() is None
    assert rig.show(0xA1) is None
    assert rig.show(0xA1) == (CHANGE, 0xA1, 'Not Connected', 'no_vehicle')


def test_without_a_stable_state_the_first_report_comes_after_15_s():
    rig = ReporterAndRadio(boot_ms=1000)
    assert rig.wait(FIRST_STATE_MS - 1) is None
    assert rig.wait(1) == (FAULT, 0, 'Disabled', 'unreachable')
    assert rig.show(0xB1) is None    # one frame after the silence is no state yet
    assert rig.show(0xB1) == (CHANGE, 0xB1, 'Connected and Locked', 'starting')
    rig.settle(0xB1)


def test_a_state_from_before_the_silence_is_never_told_as_the_present_one():
    rig = ReporterAndRadio()
    rig.settle(0xA1)
    assert rig.wait(SILENCE_MS) == (FAULT, 0xA1, 'Disabled', 'unreachable')
    rig.session.outbox.put(HEARTBEAT, 'status', rig.reporter._make_status)
    assert rig.show(0xB1) == (HEARTBEAT, 0xA1, 'Disabled', 'unreachable')    # sent before anything was sure
    assert rig.show(0xB1) == (CHANGE, 0xB1, 'Connected and Locked', 'starting')


@pytest.mark.parametrize('code', [0xE0, 0xF9])
def test_silence_is_news_even_if_the_word_for_it_is_the_same(code):
    rig = ReporterAndRadio()
    rig.settle(code)
    assert rig.wait(SILENCE_MS) == (FAULT, code, 'Disabled', 'unreachable')
    assert rig.show(code) is None
    assert rig.show(code)[1:3] == (code, 'Disabled')


def test_a_reason_still_settling_when_the_state_is_lost_leaves_the_loop_its_sleep():
    rig = ReporterAndRadio()
    rig.settle(0xA1)
    rig.wait(SILENCE_MS)
    rig.show(0xB1, key=False)
    rig.reporter._reason_ms = rig.now_ms - 3 * REASON_SETTLES_MS
    rig.show(0xC2, ms=3000)


def test_a_box_that_comes_back_flickering_is_told_as_it_was_seen_last_after_15_s():
    rig = ReporterAndRadio()
    rig.settle(0xA1)
    rig.wait(SILENCE_MS)
    told = [rig.show(0xB1 if number % 2 else 0xC2) for number in range(9)]
    assert told[:7] == [None] * 7
    assert [news for news in told if news][0][2] in ('Connected and Locked', 'Charging')


def test_a_state_still_held_back_after_15_s_is_said_as_it_was_read():
    rig = ReporterAndRadio()
    for _ in range(7):
        assert rig.show(0xB2) is None    # held back: stability
    assert rig.show(0xB2) == (CHANGE, 0xB2, 'Charged', 'vehicle_paused')


def test_a_command_running_at_the_time_of_the_first_report_leaves_the_loop_its_sleep():
    rig = ReporterAndRadio()
    for _ in range(9):
        rig.show(0xB2, hold=True)
        assert rig.due_ms == FOREVER_MS
    assert rig.show(0xB2) == (CHANGE, 0xB2, 'Charged', 'vehicle_paused')


# --- news


def test_a_change_is_said_once():
    rig = ReporterAndRadio()
    rig.settle(0xA1)
    assert rig.show(0xB1) is None
    assert rig.show(0xB1) == (CHANGE, 0xB1, 'Connected and Locked', 'starting')
    rig.settle(0xB1)


def test_another_code_is_news_even_if_the_word_for_it_is_the_same():
    rig = ReporterAndRadio()
    rig.settle(0xF4)
    rig.show(0xF9)
    assert rig.show(0xF9) == (FAULT, 0xF9, 'Disabled', 'fault')


@pytest.mark.parametrize('code', [0xF1, 0xF9, 0xF0, 0xFF])
def test_a_fault_is_urgent_and_waits_for_no_command(code):
    rig = ReporterAndRadio()
    rig.settle(0xC2)
    rig.show(code, hold=True)
    assert rig.show(code, hold=True) == (FAULT, code, 'Disabled', 'fault')


def test_silence_is_urgent_and_waits_for_no_command():
    rig = ReporterAndRadio()
    rig.settle(0xC2)
    assert rig.wait(SILENCE_MS - 1, hold=True) is None
    assert rig.wait(1, hold=True) == (FAULT, 0xC2, 'Disabled', 'unreachable')
    assert rig.show(0xC2) is None
    assert rig.show(0xC2) == (CHANGE, 0xC2, 'Charging', 'charging')
    rig.settle(0xC2)


def test_a_change_waits_while_a_command_runs_and_is_said_after_it():
    rig = ReporterAndRadio()
    rig.settle(0xB1)
    for _ in range(5):
        assert rig.show(0xC2, hold=True) is None
    assert rig.show(0xC2) == (CHANGE, 0xC2, 'Charging', 'charging')


def test_what_is_said_is_what_holds_when_the_radio_takes_it():
    rig = ReporterAndRadio()
    rig.settle(0xA1)
    rig.take, take = (lambda: None), rig.take    # the radio is busy
    for code in (0xB1, 0xB1, 0xC2, 0xC2):
        rig.show(code)
    assert take() == (CHANGE, 0xC2, 'Charging', 'charging')
    assert take() is None


def test_a_new_reason_is_said_only_after_it_has_held_for_20_s():
    rig = ReporterAndRadio()
    rig.settle(0xB1, key=False)
    since_ms = rig.now_ms + 2000
    assert rig.show(0xB1, key=True) is None
    assert rig.due_ms == since_ms + REASON_SETTLES_MS
    while rig.now_ms + 2000 < since_ms + REASON_SETTLES_MS:
        assert rig.show(0xB1, key=True) is None
    assert rig.show(0xB1, key=True) == (CHANGE, 0xB1, 'Connected and Locked', 'starting')


def test_a_reason_that_goes_back_is_never_said():
    rig = ReporterAndRadio()
    rig.settle(0xB1, key=False)
    for _ in range(20):
        assert rig.show(0xB1, key=True) is None
        assert rig.show(0xB1, key=False) is None


def test_a_key_turned_and_then_charging_is_one_frame():
    rig = ReporterAndRadio()
    rig.settle(0xB1, key=False)
    assert rig.show(0xB1, key=True) is None
    assert rig.show(0xC2, key=True) is None
    assert rig.show(0xC2, key=True) == (CHANGE, 0xC2, 'Charging', 'charging')
    rig.settle(0xC2)


def test_a_reason_that_settles_while_a_command_runs_leaves_the_loop_its_sleep():
    rig = ReporterAndRadio()
    rig.settle(0xB1, key=False)
    rig.show(0xB1, key=True)
    for _ in range(20):
        assert rig.show(0xB1, key=True, hold=True) is None
    assert rig.show(0xB1, key=True) == (CHANGE, 0xB1, 'Connected and Locked', 'starting')


# --- heartbeats


@pytest.mark.parametrize('klass, state, minutes', [
    ('A', 'Not Connected', 60), ('A', 'Connected and Locked', 15), ('A', 'Charging', 5), ('A', 'Charged', 5), ('A', 'Disabled', 5),
    ('C', 'Not Connected', 30), ('C', 'Connected and Locked', 30), ('C', 'Charging', 30), ('C', 'Charged', 30), ('C', 'Disabled', 30),
])
def test_the_heartbeat_of_each_class_and_state(klass, state, minutes):
    assert heartbeat_period_ms(vocabulary.STATES.index(state), config.Settings({'LORAWAN_CLASS': klass})) == minutes * MINUTE_MS


@pytest.mark.parametrize('state, minutes', [('Not Connected', 80), ('Connected and Locked', 7), ('Charging', 20), ('Disabled', 20)])
def test_heartbeats_as_the_owner_set_them(state, minutes):
    settings = config.Settings({'HEARTBEAT_NOT_CONNECTED_MIN': 80, 'HEARTBEAT_CONNECTED_MIN': 7, 'HEARTBEAT_MIN': 20})
    assert heartbeat_period_ms(vocabulary.STATES.index(state), settings) == minutes * MINUTE_MS


@pytest.mark.parametrize('klass, code, minutes', [('A', 0xA1, 60), ('A', 0xB1, 15), ('A', 0xC2, 5), ('C', 0xA1, 30), ('C', 0xC2, 30)])
@pytest.mark.parametrize('step_ms', [250, 1000, 4500, 14000])
def test_heartbeats_come_by_the_clock_however_often_the_box_is_heard(klass, code, minutes, step_ms):
    rig = ReporterAndRadio(klass)
    for _ in range(30):
        rig.show(code)
    begin_ms = rig.session.last_uplink_ms
    while rig.now_ms + step_ms < begin_ms + minutes * MINUTE_MS:
        assert rig.show(code, step_ms) is None
    assert rig.show(code, step_ms)[0] == HEARTBEAT


def test_a_heartbeat_is_due_from_the_latest_uplink_whatever_that_was():
    rig = ReporterAndRadio()
    rig.settle(0xC2)
    rig.session.last_uplink_ms = rig.now_ms = rig.now_ms + 10 * MINUTE_MS
    rig.show(0xC2)
    assert rig.due_ms == rig.session.last_uplink_ms + 30 * MINUTE_MS


def test_the_budget_stretches_a_heartbeat_of_a_whole_status():
    rig = ReporterAndRadio('A')
    rig.settle(0xC2)
    rig.session.stretch = 80 * MINUTE_MS
    assert rig.show(0xC2, 60 * MINUTE_MS) is None
    assert rig.session.asked[-1] == (5 * MINUTE_MS, STATUS_LENGTH)
    assert rig.show(0xC2, 21 * MINUTE_MS)[0] == HEARTBEAT


def test_a_heartbeat_that_has_to_wait_is_not_put_again():
    rig = ReporterAndRadio()
    rig.settle(0xC2)
    rig.take = lambda: None
    rig.show(0xC2, 31 * MINUTE_MS)
    assert rig.due_ms == rig.now_ms + HEARTBEAT_RETRY_MS
    for _ in range(10):
        rig.show(0xC2, 10000)
    assert len(rig.session.outbox) == 1


def test_no_heartbeat_before_the_join_and_the_first_is_due_from_it():
    rig = ReporterAndRadio()
    rig.session.joined = False
    rig.settle(0xC2)
    rig.session.last_uplink_ms = None
    assert rig.show(0xC2, 120 * MINUTE_MS) is None
    assert rig.due_ms == FOREVER_MS
    rig.session.joined = True
    rig.session.joined_ms = rig.now_ms
    rig.show(0xC2)
    assert rig.due_ms == rig.session.joined_ms + 30 * MINUTE_MS


def test_an_unreachable_box_has_heartbeats_too():
    rig = ReporterAndRadio()
    rig.wait(FIRST_STATE_MS)
    assert rig.wait(30 * MINUTE_MS) == (HEARTBEAT, 0, 'Disabled', 'unreachable')


# --- answers


def done(op, command_id=None, by_reading=False):
    return Answer(op, command_id, DONE, by_reading=by_reading)


def test_an_answer_goes_first_and_tells_the_reading_it_rests_on():
    rig = ReporterAndRadio()
    rig.settle(0xB1)
    rig.take, take = (lambda: None), rig.take
    rig.show(0xE0)
    rig.answer(done(COMMAND_LOCK, by_reading=True))
    priority, port, payload = take()
    assert (priority, port) == (ANSWER, RESULT_PORT)
    assert payload[:2] == bytes((0x11, COMMAND_LOCK)) and payload[5] == 0xE0    # seen once, and believed because it was asked for


def test_an_answer_for_which_nothing_was_done_tells_the_stable_state():
    rig = ReporterAndRadio()
    rig.settle(0xB1)
    rig.take, take = (lambda: None), rig.take
    rig.show(0xA1)
    rig.answer(done(COMMAND_RESET))
    assert take()[2][5] == 0xB1


def test_answers_leave_one_after_the_other_and_then_one_frame_says_how_many_were_turned_away():
    rig = ReporterAndRadio()
    rig.settle(0xB1)
    rig.log.refused = 3
    for number in range(3):
        rig.answer(done(COMMAND_LOCK, number))
    assert len(rig.session.outbox) == 1 and rig.session.outbox.count(ANSWER) == 1
    assert [rig.take()[2][2] for _ in range(3)] == [0, 1, 2] and rig.answers.waiting == []
    priority, port, payload = rig.tick()
    assert (priority, port, payload[3] >> 5, payload[8]) == (BUSY_PRIORITY, RESULT_PORT, BUSY, 3)
    assert rig.log.refused == 0 and rig.tick() is None


def test_the_number_turned_away_stays_owed_where_the_frame_has_no_room_for_it():
    rig = ReporterAndRadio()
    rig.settle(0xB1)
    rig.log.refused = 3
    rig.take, take = (lambda: None), rig.take
    rig.tick()
    assert len(take(8)[2]) == 8 and rig.log.refused == 3
    rig.tick()
    assert take()[2][8] == 3 and rig.log.refused == 0


def test_the_answer_of_what_opens_tells_how_many_before_it_have_none_of_their_own():
    rig = ReporterAndRadio()
    rig.settle(0xB1)
    rig.log.counted = 5
    rig.answer(done(COMMAND_RESET, 1))
    rig.answer(done(COMMAND_LOCK, 2))
    rig.answer(done(COMMAND_LOCK, 3))
    frames = [rig.take()[2] for _ in range(3)]
    assert [frame[8:] for frame in frames] == [b'', b'\x05', b''] and rig.log.counted == 0


# --- figures


def test_an_old_reading_is_not_repeated_even_if_the_box_is_heard():
    rig = ReporterAndRadio()
    rig.settle(0xC2)
    rig.now_ms += SILENCE_MS
    rig.charger.heard_ms = rig.charger.answered_ms = rig.now_ms    # by its panel, or by an answer that was no reading
    rig.evse_monitor.tick(rig.now_ms)
    payload = rig.reporter._make_status(11)[1]
    assert (payload[1], payload[3] >> 6, payload[4] & 127, payload[5:8]) == (0xC2, 0, 127, b'\xff\xff\xff')


def test_a_box_that_only_says_no_to_readings_is_reported_all_the_same():
    rig = ReporterAndRadio()
    rig.now_ms = FIRST_STATE_MS
    rig.charger.heard_ms = rig.charger.answered_ms = rig.now_ms
    assert rig.tick() == (FAULT, 0, 'Disabled', 'unreachable')


def test_the_lock_is_told_in_every_status():
    rig = ReporterAndRadio()
    rig.settle(0xE0)
    rig.claims.lock()
    rig.claims.decide(None, None, False)
    assert rig.reporter._make_status(11)[1][3] & 7 == vocabulary.OVERRIDES.index('lock')
    rig.claims.unlock()
    rig.claims.decide(None, None, False)
    assert rig.reporter._make_status(11)[1][3] & 7 == vocabulary.OVERRIDES.index('none')


# --- what is no news


def test_figures_and_flags_that_change_are_no_news():
    rig = ReporterAndRadio()
    rig.settle(0xC2)
    for number in range(50):
        rig.reading.limit_duty = 160 + number
        rig.reading.currents_da = [number, 0, 98 + number]
        assert rig.show(0xC2) is None


def test_a_box_that_flickers_between_two_states_has_its_heartbeats():
    rig = ReporterAndRadio('A')
    rig.settle(0xC2)
    said = []
    for number in range(900):
        said.append(rig.show(0xB1 if number % 2 else 0xC2))
    assert {frame for frame in said if frame} == {(HEARTBEAT, 0xC2, 'Charging', 'charging')}
    assert 5 <= len([frame for frame in said if frame]) <= 6    # every 5 min in half an hour


def test_a_network_that_fell_silent_is_asked_with_a_status():
    rig = ReporterAndRadio()
    rig.settle(0xC2)
    assert rig.session.outbox.put_ready(CHANGE, 'proof')
    port, payload = rig.session.outbox.take()[1](11)
    assert (port, payload[1]) == (STATUS_PORT, 0xC2)


# --- the time


def test_a_request_for_the_time_goes_once_first_while_it_is_unknown_as_a_change_while_it_is_urgent_and_as_a_heartbeat_later():
    rig = ReporterAndRadio()
    rig.clock_sync.wanted = REQUEST
    assert rig.tick() is None
    assert not rig.session.outbox.holds('clock')    # nothing is said before the first state
    rig.clock_sync.wanted = NOTHING
    rig.settle(0xB1)
    rig.clock_sync.wanted = REQUEST
    for known, urgent, priority in ((False, True, FAULT), (True, True, CHANGE), (True, False, HEARTBEAT)):
        rig.timekeeper.known = known
        rig.clock_sync.urgent = urgent
        rig.session.outbox.remove('clock')
        rig.reporter.step(rig.now_ms, False)
        rig.reporter.step(rig.now_ms, False)
        assert len(rig.session.outbox) == 1 and rig.session.outbox.first() == priority
        assert rig.session.outbox.take()[1](11) == (202, b'request')
        rig.session.outbox.back()
    rig.session.outbox.take()
    rig.sent(rig.session.outbox.sent())
    assert rig.clock_sync.sent_ms == [rig.now_ms]


def test_a_modem_that_asks_by_itself_is_given_a_status_to_go_with():
    rig = ReporterAndRadio()
    rig.settle(0xB1)
    rig.clock_sync.wanted = CARRIER
    rig.tick()
    assert rig.wait(1000) is not None


def test_it_looks_again_when_the_time_has_to_be_asked_for():
    rig = ReporterAndRadio()
    rig.settle(0xB1)
    rig.clock_sync.due_ms = rig.now_ms + 5000
    rig.tick()
    assert rig.due_ms == rig.now_ms + 5000


def test_a_status_tells_whether_the_time_is_known():
    rig = ReporterAndRadio()
    rig.settle(0xB1)
    for known in (False, True):
        rig.timekeeper.known = known
        assert bool(rig.reporter._make_status(11)[1][3] & 8) is known


# --- session records and energy

ENERGY = bytes((0x12, vocabulary.NOT_CONNECTED << 5 | vocabulary.DEVICE_ENERGY, 0x11, 0, 0, 12345 >> 8, 12345 & 255, 3))


def with_sessions(count, **options):
    """Not connected, and that many sessions have ended."""
    rig = ReporterAndRadio(**options)
    rig.settle(0xA1)
    for number in range(1, count + 1):
        rig.book.add((number, 0, 60, 1000, 0, 0), rig.now_ms)
    return rig


def sent_now(rig):
    """[(priority, fPort, number of the record or None)] of all that goes at once."""
    rig.reporter.step(rig.now_ms, False)
    found = []
    while len(rig.session.outbox):
        priority, port, payload = rig.take()
        found.append((priority, port, payload[10] & 127 if port == SESSION else None))
    return found


def test_the_energy_follows_the_last_of_the_session_records():
    rig = with_sessions(3)
    assert sent_now(rig) == [(RECORD, SESSION, 1), (RECORD, SESSION, 2), (RECORD, SESSION, 3), (RECORD, DEVICE, None)]
    assert sent_now(rig) == []


def test_the_energy_is_that_of_its_life_with_the_latest_session():
    rig = with_sessions(1)
    rig.tick()
    assert rig.take() == (RECORD, DEVICE, ENERGY)


def test_a_record_or_energy_for_which_a_frame_is_too_short_stays():
    rig = with_sessions(1)
    rig.reporter.step(rig.now_ms, False)
    assert rig.session.outbox.take()[1](10) is None
    rig.session.outbox.sent()
    assert sent_now(rig)[0] == (RECORD, SESSION, 1)
    rig.reporter._owes_energy = True
    rig.reporter.step(rig.now_ms, False)
    assert rig.session.outbox.take()[1](7) is None
    rig.session.outbox.sent()
    assert sent_now(rig) == [(RECORD, DEVICE, None)]


def test_once_a_day_the_energy_takes_the_place_of_a_heartbeat():
    rig = ReporterAndRadio()
    rig.settle(0xA1)
    told = []
    while rig.now_ms < 4 * 24 * 60 * MINUTE_MS:
        frame = rig.show(0xA1, 30 * MINUTE_MS)
        assert frame[0] == HEARTBEAT
        if frame[1] == DEVICE:
            assert frame[2] == ENERGY
            told.append(rig.now_ms)
    assert len(told) == 4
    assert all(ENERGY_EVERY_MS <= later - earlier < 24 * 60 * MINUTE_MS for earlier, later in zip(told, told[1:]))


def test_the_first_heartbeat_of_a_boot_tells_the_energy():
    rig = ReporterAndRadio()
    rig.reporter._energy_ms = None
    rig.settle(0xA1)
    assert rig.show(0xA1, 30 * MINUTE_MS)[1] == DEVICE
    assert rig.show(0xA1, 30 * MINUTE_MS)[1] == 0xA1


def test_a_heartbeat_without_room_for_the_energy_is_a_status_and_the_next_one_tells_it():
    rig = ReporterAndRadio()
    rig.reporter._energy_ms = None
    rig.settle(0xA1)
    rig.now_ms += 30 * MINUTE_MS
    rig.reporter.step(rig.now_ms, False)
    assert rig.session.outbox.first_is_long()
    assert rig.take(6)[:2] == (HEARTBEAT, 0xA1)
    assert rig.show(0xA1, 30 * MINUTE_MS)[1] == DEVICE


def test_news_take_the_place_of_energy_that_waits_and_the_next_heartbeat_tells_it():
    rig = ReporterAndRadio()
    rig.reporter._energy_ms = None
    rig.settle(0xA1)
    rig.now_ms += 30 * MINUTE_MS
    rig.reporter.step(rig.now_ms, False)
    rig.reporter.report()
    assert rig.take()[:2] == (CHANGE, 0xA1)
    assert rig.show(0xA1, 30 * MINUTE_MS)[1] == DEVICE


def test_records_that_are_asked_for_go_again_as_heartbeats_do():
    rig = with_sessions(5)
    sent_now(rig)
    rig.reporter.resend_sessions(3)
    assert sent_now(rig) == [(HEARTBEAT, SESSION, 3), (HEARTBEAT, SESSION, 4), (HEARTBEAT, SESSION, 5)]
    assert sent_now(rig) == []


def test_on_a_day_without_spare_airtime_they_wait():
    rig = with_sessions(2)
    sent_now(rig)
    rig.reporter.resend_sessions(1)
    rig.session.spare = False
    assert rig.session.outbox.take()[1](11) is None     # its turn came, for an uplink was due
    rig.session.outbox.sent()
    assert sent_now(rig) == []
    rig.session.spare = True
    assert sent_now(rig) == [(HEARTBEAT, SESSION, 1), (HEARTBEAT, SESSION, 2)]


def test_where_frames_are_long_each_takes_the_place_of_a_heartbeat():
    rig = with_sessions(3)
    sent_now(rig)
    rig.session.frame_cost.is_slow = True
    rig.reporter.resend_sessions(2)
    assert sent_now(rig) == []
    frames = [rig.show(0xA1, 30 * MINUTE_MS) for _ in range(3)]
    assert [(frame[1], frame[2][10]) for frame in frames[:2]] == [(SESSION, 2), (SESSION, 3)] and frames[2][1] == 0xA1


def test_where_frames_are_long_and_airtime_is_short_it_is_a_status():
    rig = with_sessions(1)
    sent_now(rig)
    rig.session.frame_cost.is_slow = True
    rig.reporter.resend_sessions(1)
    rig.session.spare = False
    assert rig.show(0xA1, 30 * MINUTE_MS)[:2] == (HEARTBEAT, 0xA1)
    rig.session.spare = True
    assert rig.show(0xA1, 30 * MINUTE_MS)[1] == SESSION
