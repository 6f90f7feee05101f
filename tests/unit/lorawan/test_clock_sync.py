"""Time from the network by TS003: requested rarely, and believed only from a matching answer."""

from types import SimpleNamespace

import pytest
from hal.contract import RADIO, HalError
from hypothesis import given
from hypothesis import strategies as st
from lorawan.clock_quota import ClockQuota
from lorawan.clock_sync import (
    CARRIER,
    EVERY_MS,
    GPS_UTC_S,
    NOTHING,
    PORT,
    REQUEST,
    ClockSync,
    commands,
    encode_request,
    to_gps,
)
from lorawan.airtime_log import DAY_MS

HOUR_MS = 3600000
START_UTC_S = 1775286000   # 2026-04-04T07:00:00Z


class Time:
    """A timekeeper that believes every time."""

    def __init__(self, rig):
        self.rig = rig
        self.asks = True
        self.known = False
        self.changes = 0
        self.doubts = 0
        self.doubtful = False
        self.said = []
        self.offset_s = None
        self.believes = True

    def now_ms(self):
        return self.rig.now_ms

    def in_doubt(self, now_ms):
        return self.doubtful

    def utc_s(self, now_ms):
        return None if self.offset_s is None else now_ms // 1000 + self.offset_s

    def tell(self, utc_s, at_ms):
        self.offset_s = utc_s - at_ms // 1000
        self.changes += 1
        self.known = True

    def network(self, utc_s, at_ms):
        self.said.append(utc_s)
        if self.believes:
            self.tell(utc_s, at_ms)
        return self.believes


class TimeServer:
    """The application server's side: the true time, and TS003's answer to a request, in its own words."""

    def __init__(self, rig):
        self.rig = rig

    def utc_s(self):
        return START_UTC_S + self.rig.now_ms // 1000

    def answer(self, payload, utc_s=None):
        assert payload[0] == 1 and payload[5] & 0x10
        sent_s = int.from_bytes(payload[1:5], 'little')
        difference = ((self.utc_s() if utc_s is None else utc_s) - 315964800 + 18 - sent_s) % 2**32
        return b'\x01' + difference.to_bytes(4, 'little') + bytes((payload[5] & 15,))


class ClockSyncAndSession:
    """A request machine in a session that is joined and has sent its first uplink."""

    def __init__(self, records=None, modem=False):
        self.now_ms = 20000
        self.records = {} if records is None else records
        self.told = []      # what the session received: answers, and missing answers
        self.missed = []
        self.room = True
        self.shown = None   # the state word that a request carries
        self.dated = []     # what the record of airtime was told
        self.session = SimpleNamespace(joined=True, joined_ms=10000, last_uplink_ms=15000, proven_ms=10000,
                                       answered=self.told.append, unanswered=self.missed.append, ask_time=lambda now_ms: modem,
                                       has_room=lambda now_ms: self.room,
                                       airtime_budget=SimpleNamespace(note_time=lambda now_ms, utc_s: self.dated.append((now_ms, utc_s))))
        self.store = SimpleNamespace(get=self.records.get, put=self.records.__setitem__)
        self.radio = SimpleNamespace(utc_s=lambda: None)
        self.time = Time(self)
        self.sync = ClockSync(self.session, self.radio, self.store, self.time, self.now_ms, self.state)
        self.server = TimeServer(self)
        self.frames = []

    def state(self):
        return self.shown

    def tick(self):
        """What is due now; a request is sent immediately."""
        what = self.sync.tick(self.now_ms)
        assert self.sync.due_ms > self.now_ms
        if what == REQUEST:
            port, payload = self.sync.make(11)
            assert port == PORT
            self.frames.append((self.now_ms, payload))
            self.session.last_uplink_ms = self.now_ms
            self.sync.sent(self.now_ms + 1500)
            return payload
        return what

    def live(self, ms, serve=None):
        """Tick when due for that long; serve(payload) gives the answer to a request, or None."""
        until_ms = self.now_ms + ms
        while self.now_ms < until_ms:
            payload = self.tick()
            if serve is not None and isinstance(payload, bytes):
                answer = serve(payload)
                if answer is not None:
                    self.sync.downlink(answer, self.now_ms + 6500)
            self.now_ms = min(until_ms, max(self.now_ms + 1, self.sync.due_ms))
        return self

    def asked_h(self, from_ms=0):
        """When requests went out, in hours to two digits."""
        return [round((ms - from_ms) / HOUR_MS, 2) for ms, _ in self.frames]


# --- golden vectors (brocaar/chirpstack's tests of TS003, the only ones published)


def test_a_request_is_packed_as_the_vector_has_it():
    assert encode_request(0x08040201, 0, True, 5) == bytes.fromhex('010102040815')


def test_downlinks_are_cut_into_commands_as_the_vectors_have_them():
    assert commands(bytes.fromhex('01fffdfbf705' + '0205' + '0305' + '00')) == [
        (1, bytes.fromhex('fffdfbf705')), (2, b'\x05'), (3, b'\x05'), (0, b'')]


def test_the_correction_of_the_vector_is_134480385_seconds_back():
    rig = ClockSyncAndSession()
    rig.time.offset_s = GPS_UTC_S + 2 * 134480385   # GPS seconds
    rig.sync._token = 5
    rig.tick()
    rig.sync.downlink(bytes.fromhex('01fffdfbf705'), rig.now_ms)
    assert rig.time.said == [GPS_UTC_S + 2 * 134480385 + 20 - 134480385]


def test_gps_is_18_s_ahead_of_utc():
    assert to_gps(1704067200) == 1388102418   # 2024-01-01T00:00:00Z


def test_what_is_cut_or_unknown_ends_the_downlink():
    assert commands(b'') == []
    assert commands(b'\x00\x04\x00') == [(0, b''), (None, b'')]
    assert commands(b'\x01\x00\x00\x00\x00') == [(None, b'')]


# --- asking


def test_a_request_carries_uptime_state_and_token():
    rig = ClockSyncAndSession()
    rig.shown = 3
    assert rig.tick() == bytes((1, 20, 0, 0, 0, 3 << 5 | 0x10))


def test_an_answer_sets_the_time_to_the_second():
    rig = ClockSyncAndSession()
    payload = rig.tick()
    rig.now_ms += 6000
    rig.sync.downlink(rig.server.answer(payload, START_UTC_S + 20), rig.now_ms)
    assert rig.time.utc_s(rig.now_ms) == rig.server.utc_s()
    assert rig.dated == [(rig.now_ms, rig.server.utc_s())]


@given(true_s=st.integers(1767225600, 4611686018), wrong_by_s=st.integers(-2**31, 2**31 - 1))
def test_any_correction_leads_to_the_true_time_also_over_the_wrap(true_s, wrong_by_s):
    rig = ClockSyncAndSession()
    rig.time.offset_s = true_s + wrong_by_s
    payload = rig.tick()
    rig.sync.downlink(rig.server.answer(payload, true_s), rig.now_ms)
    assert (rig.time.said[0] - true_s) % 2**32 == 0
    if true_s < GPS_UTC_S + 2**32:
        assert rig.time.said == [true_s]


def test_a_refused_frame_is_stamped_afresh():
    rig = ClockSyncAndSession()
    rig.sync.tick(rig.now_ms)
    first = rig.sync.make(11)[1]
    rig.now_ms += 40000
    second = rig.sync.make(11)[1]
    assert (first[1], second[1]) == (20, 60) and first[5] == second[5]


def test_a_frame_too_narrow_for_a_request_is_asked_for_again():
    rig = ClockSyncAndSession()
    assert rig.sync.tick(rig.now_ms) == REQUEST
    assert rig.sync.make(5) is None
    assert rig.sync.due_ms == rig.now_ms + 10000
    assert rig.sync.tick(rig.sync.due_ms) == REQUEST


def test_nothing_is_asked_before_the_first_uplink_or_without_a_session():
    rig = ClockSyncAndSession()
    rig.session.last_uplink_ms = None
    assert rig.tick() == NOTHING and rig.sync.due_ms == rig.now_ms + 10000
    rig.session.joined = False
    assert rig.tick() == NOTHING and rig.sync.due_ms > rig.now_ms + 365 * DAY_MS


def test_where_the_day_has_room_for_one_uplink_alone_the_first_asks_and_tells_the_state():
    rig = ClockSyncAndSession()
    rig.session.last_uplink_ms = None
    rig.room = False
    assert rig.tick() == NOTHING        # the state is not told with requests
    rig.shown = 3
    rig.now_ms += 10000
    assert rig.tick()[5] >> 5 == 3


def test_an_unanswered_request_is_repeated_every_ten_minutes_six_times_a_day():
    rig = ClockSyncAndSession().live(3 * DAY_MS)
    assert rig.asked_h(20000)[:7] == [0, 0.17, 0.33, 0.5, 0.67, 4.67, 24.01]
    for ms, _ in rig.frames:
        assert sum(1 for other, _ in rig.frames if ms <= other <= ms + DAY_MS) <= 6
    assert len({payload[5] for _, payload in rig.frames}) == 1   # the token moves on only with an answer
    assert rig.sync.unanswered == len(rig.frames) - 1


def test_once_known_it_is_asked_once_a_day():
    rig = ClockSyncAndSession()
    rig.live(5 * DAY_MS, rig.server.answer)
    assert [round(hours) for hours in rig.asked_h(20000)] == [0, 24, 48, 72, 96]
    assert [payload[5] for _, payload in rig.frames] == [0x10, 0x11, 0x12, 0x13, 0x14]


def test_a_lost_answer_is_asked_for_once_more_and_no_third_time_that_day():
    rig = ClockSyncAndSession()
    rig.live(HOUR_MS, rig.server.answer)
    rig.frames.clear()
    rig.live(3 * DAY_MS)
    assert rig.asked_h() == pytest.approx([24, 24.17, 48, 48.17, 72, 72.17], abs=0.03)
    assert len(rig.missed) == 5 and len(rig.told) == 1


def test_a_network_that_never_answered_or_proved_meanwhile_that_it_hears_is_no_matter_for_the_session():
    rig = ClockSyncAndSession()
    rig.live(DAY_MS)
    assert rig.sync.unanswered and not rig.missed
    rig = ClockSyncAndSession()
    rig.live(HOUR_MS, rig.server.answer)
    rig.session.proven_ms = 10 * DAY_MS
    rig.live(2 * DAY_MS)
    assert rig.sync.unanswered and not rig.missed


def test_after_a_rejoin_it_is_asked_at_once_within_the_quota():
    rig = ClockSyncAndSession()
    rig.live(HOUR_MS, rig.server.answer)
    for _ in range(3):
        rig.session.joined_ms = rig.now_ms
        rig.live(HOUR_MS, rig.server.answer)
    assert rig.asked_h(20000) == [0, 1]


def test_a_time_that_waits_for_a_second_voice_is_asked_for_again_in_ten_minutes():
    rig = ClockSyncAndSession()
    rig.time.known, rig.time.believes = True, False
    rig.live(HOUR_MS, rig.server.answer)
    assert rig.asked_h(20000) == [0, 0.17]


# --- answers


def test_an_answer_to_an_older_token_is_ignored_and_so_is_a_second_one():
    rig = ClockSyncAndSession()
    payload = rig.tick()
    answer = rig.server.answer(payload)
    rig.sync.downlink(answer, rig.now_ms)
    rig.sync.downlink(answer, rig.now_ms)
    rig.live(DAY_MS)
    rig.sync.downlink(answer, rig.now_ms)
    assert len(rig.time.said) == 1 and rig.sync.ignored == 2 and rig.sync.answered == 1


def test_a_late_answer_to_a_repeated_request_sets_the_same_time():
    """Class A: what was asked first is answered after the second uplink."""
    rig = ClockSyncAndSession()
    late = rig.server.answer(rig.tick())
    rig.now_ms += EVERY_MS
    assert isinstance(rig.tick(), bytes)
    rig.sync.downlink(late, rig.now_ms)
    assert rig.time.utc_s(rig.now_ms) == rig.server.utc_s()


def test_an_answer_to_what_was_asked_by_another_clock_is_ignored():
    rig = ClockSyncAndSession()
    late = rig.server.answer(rig.tick())
    rig.time.tell(START_UTC_S, rig.now_ms)   # the owner's word
    rig.sync.downlink(late, rig.now_ms)
    rig.now_ms += EVERY_MS
    rig.tick()
    rig.sync.downlink(late, rig.now_ms)
    assert rig.time.said == [] and rig.sync.ignored == 2
    rig.sync.downlink(rig.server.answer(rig.frames[-1][1]), rig.now_ms)
    assert rig.time.said == [rig.server.utc_s()]


def test_an_answer_before_the_modem_tells_that_it_sent_counts_once():
    rig = ClockSyncAndSession()
    rig.sync.tick(rig.now_ms)
    payload = rig.sync.make(11)[1]
    rig.sync.downlink(rig.server.answer(payload), rig.now_ms)
    rig.sync.sent(rig.now_ms)
    assert rig.time.known
    assert len(rig.records['clock']) == 1
    rig.live(2 * HOUR_MS)
    assert rig.frames == []


# --- answers from before a boot


def test_an_answer_from_before_a_reboot_is_ignored_by_any_of_fifteen_boots():
    rig = ClockSyncAndSession()
    stale = rig.server.answer(rig.tick())
    for _ in range(15):
        rig = ClockSyncAndSession(rig.records)
        payload = rig.tick()
        rig.sync.downlink(stale, rig.now_ms)
        assert rig.time.said == [] and rig.sync.ignored == 1
    rig.sync.downlink(rig.server.answer(payload), rig.now_ms)
    assert rig.time.said == [rig.server.utc_s()]


def test_the_token_is_on_record_before_the_frame_leaves_and_is_written_once():
    rig = ClockSyncAndSession()
    written = []
    rig.store.put = lambda name, value: written.append(value) or rig.records.__setitem__(name, value)
    rig.sync.tick(rig.now_ms)
    for _ in range(3):
        first = rig.sync.make(11)[1]
        rig.now_ms += 40000
    assert len(written) == 1
    assert ClockSyncAndSession(dict(rig.records)).tick()[5] & 15 == (first[5] & 15) + 1   # the power went as it left
    rig.sync.sent(rig.now_ms)
    assert len(written) == 1
    rig.sync.downlink(rig.server.answer(first), rig.now_ms)
    rig.live(4 * DAY_MS, rig.server.answer)
    assert len(rig.frames) == len(written) - 1 == 3


def test_without_any_record_the_first_token_is_left_to_the_moment_of_the_boot():
    tokens = []
    for now_ms in range(20000, 20016):
        rig = ClockSyncAndSession()
        rig.now_ms = now_ms
        rig.sync = ClockSync(rig.session, rig.radio, rig.store, rig.time, now_ms, rig.state)
        tokens.append(rig.tick()[5] & 15)
    assert sorted(tokens) == list(range(16))


@pytest.mark.parametrize('record', [b'', b'\x00', b'\x05\x01', b'\xff' * 7, None])
def test_where_the_tokens_of_before_are_forgotten_an_answer_counts_for_certain_when_another_agrees(record):
    """b'\x05\x01': of the firmware before. None: the store fails."""
    rig = ClockSyncAndSession({'clock': record})
    if record is None:
        def fail(name):
            raise HalError('store', 'gone')
        rig.store.get = fail
        rig.sync = ClockSync(rig.session, rig.radio, rig.store, rig.time, rig.now_ms, rig.state)
    wrong_s = [14400]    # the first one is of another boot, by the luck of its token
    rig.live(HOUR_MS, lambda payload: rig.server.answer(payload, rig.server.utc_s() - (wrong_s.pop() if wrong_s else 0)))
    assert rig.asked_h(20000) == [0, 0.17, 0.33]
    assert [said - rig.server.utc_s() <= 0 for said in rig.time.said] == [True] * 3
    assert abs(rig.time.utc_s(rig.now_ms) - rig.server.utc_s()) <= 1
    rig.live(2 * DAY_MS, rig.server.answer)
    assert len(rig.frames) == 5


# --- doubts


def test_a_doubt_is_asked_about_at_once_within_the_six_of_a_day():
    rig = ClockSyncAndSession()
    rig.live(2 * HOUR_MS, rig.server.answer)
    for _ in range(12):
        rig.time.doubts += 1
        rig.time.doubtful = True
        assert rig.sync.is_urgent(rig.now_ms)
        rig.live(HOUR_MS, rig.server.answer)
    assert rig.asked_h(20000) == [0, 2, 3, 4, 5, 9]


def test_a_doubt_that_the_network_does_not_answer_is_asked_about_every_ten_minutes():
    rig = ClockSyncAndSession()
    rig.live(2 * HOUR_MS, rig.server.answer)
    rig.time.doubts += 1
    rig.time.doubtful = True
    rig.live(2 * HOUR_MS)
    assert rig.asked_h(20000) == [0, 2, 2.17, 2.33, 2.5]
    rig.time.doubtful = False
    rig.live(22 * HOUR_MS)
    # No doubt any more: as ever.
    assert len([hours for hours in rig.asked_h(20000) if hours > 3]) <= 2


# --- what else the network may want


@pytest.mark.parametrize('payload', [b'\x00', b'\x02\x05', b'\x00\x02\x05\x00'], ids=['version', 'period', 'several'])
def test_what_has_no_place_for_the_state_is_not_answered(payload):
    rig = ClockSyncAndSession()
    rig.live(HOUR_MS, rig.server.answer)
    rig.frames.clear()
    for _ in range(20):
        rig.sync.downlink(payload, rig.now_ms)
        rig.live(600000)
    assert rig.frames == [] and rig.sync.bad == 0


def test_what_follows_a_request_that_is_not_answered_counts():
    rig = ClockSyncAndSession()
    rig.live(HOUR_MS, rig.server.answer)
    rig.sync.downlink(b'\x00\x02\x05\x03\x07', rig.now_ms)
    rig.live(HOUR_MS, rig.server.answer)
    assert rig.asked_h(20000) == [0, 1]


def test_a_forced_resync_asks_at_once_within_the_quota():
    rig = ClockSyncAndSession()
    rig.live(HOUR_MS, rig.server.answer)
    for _ in range(10):
        rig.sync.downlink(b'\x03\x07', rig.now_ms)
        rig.live(HOUR_MS, rig.server.answer)
    rig.sync.downlink(b'\x03\x00', rig.now_ms)
    assert rig.asked_h(20000) == [0, 1]


@given(st.lists(st.binary(max_size=30), max_size=20))
def test_garbage_never_raises_and_provokes_no_flood(payloads):
    rig = ClockSyncAndSession()
    for payload in payloads:
        rig.sync.downlink(payload, rig.now_ms)
        rig.live(600000)
    rig.live(DAY_MS)
    assert len(rig.frames) <= 14


# --- the modem's own way


def test_a_modem_that_can_asks_with_the_next_uplink():
    rig = ClockSyncAndSession(modem=True)
    rig.session.last_uplink_ms = None
    assert rig.tick() == CARRIER
    rig.radio.utc_s = lambda: START_UTC_S
    assert rig.tick() == CARRIER and not rig.time.known   # of an older answer
    rig.session.last_uplink_ms = rig.now_ms
    rig.now_ms += 10000
    assert rig.tick() == NOTHING and rig.time.said == [START_UTC_S]
    rig.live(DAY_MS - 60000)
    assert rig.frames == [] and rig.sync.answered == 1


def test_a_modem_that_gets_no_answer_is_asked_again_six_times_a_day():
    rig = ClockSyncAndSession(modem=True)
    asked = []
    rig.session.ask_time = lambda now_ms: asked.append(now_ms) or True
    rig.live(DAY_MS)
    assert len(asked) == 6


def test_a_question_that_left_with_an_uplink_asks_for_no_further_one():
    rig = ClockSyncAndSession(modem=True)
    rig.session.last_uplink_ms = None
    assert rig.tick() == CARRIER
    rig.session.last_uplink_ms = rig.now_ms
    wanted = []
    for _ in range(int(EVERY_MS // 10000) - 1):
        rig.now_ms += 10000
        wanted.append(rig.tick())
    assert set(wanted) == {NOTHING}
    rig.now_ms += 10000
    assert rig.tick() == CARRIER


def test_a_modem_that_fails_is_survived():
    def fail():
        raise HalError(RADIO, 'gone')
    rig = ClockSyncAndSession(modem=True)
    rig.radio.utc_s = fail
    rig.live(HOUR_MS)
    assert not rig.time.known


# --- the quota over reboots


def test_a_boot_has_one_request_beyond_those_of_the_day():
    rig = ClockSyncAndSession().live(12 * HOUR_MS)
    assert len(rig.frames) == 6
    again = ClockSyncAndSession(rig.records).live(12 * HOUR_MS)
    # Time off counts as none: the other six are still of today.
    assert len(again.frames) == 1
    again.live(2 * DAY_MS)
    assert len(again.frames) > 6


@pytest.mark.parametrize('record', [b'\xff' * 6, b'\x00' * 7, b'\x05\x01'])
def test_a_strange_record_is_survived(record):
    quota = ClockQuota(SimpleNamespace(get=lambda name: record, put=lambda name, value: None), 0)
    assert quota.wait_ms(0, True) == 0
    quota.add(0)
    assert 0 <= quota.wait_ms(1, True) <= DAY_MS + 20000


def test_a_store_that_fails_costs_the_memory_only():
    def fail(*arguments):
        raise HalError('store', 'gone')
    quota = ClockQuota(SimpleNamespace(get=fail, put=fail), 0)
    for _ in range(6):
        quota.add(0)
    assert quota.wait_ms(0, False) == DAY_MS + 20000 and quota.store_failures == 7


def test_a_board_told_to_ask_nothing_asks_and_answers_nothing():
    rig = ClockSyncAndSession()
    rig.time.asks = False
    rig.sync.downlink(b'\x02\x05\x00', rig.now_ms)
    rig.live(DAY_MS)
    assert rig.frames == [] and rig.sync.make(11) is None
