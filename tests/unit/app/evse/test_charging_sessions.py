"""Charging sessions from plug to unplugging, their records until they are sent, and the most that a reboot may lose."""

from types import SimpleNamespace

import pytest
from app.codec import report_frames, vocabulary
from app.runtime.journal import ENERGY_RECORD, SESSIONS_RECORD, Journal
from app.evse.energy_meter import EnergyMeter
from app.evse.charging_sessions import RESTART_MAX_S, STEP_PART, STEP_WH, WRITE_EVERY_MS, WRITES_AT_ONCE, ChargingSessions
from app.evse.evse_monitor import EvseMonitor
from app.evse.session_book import KEPT
from hal.contract import CRASH, PLANNED, POWER_ON, STORE, WATCHDOG, HalError
from hypothesis import given
from hypothesis import strategies as st
from modbus.reading import Reading

UTC_S = 1775286000
DAY_MS = 86400000
EVERY_MS = 2000
CHARGING, FULL, NO_VEHICLE = [vocabulary.REASONS.index(word) for word in ('charging', 'vehicle_full', 'no_vehicle')]
# Energy of 16 A in three phases, in an hour.
HOUR_WH = 11040


class SessionsAndFlash:
    """One monitor's sessions over a flash that outlives it; the readings are made here. at_s: time since the start of everything."""

    def __init__(self, utc=True):
        self.flash = {}
        self.puts = []
        self.full = False
        self.off = False         # the power goes: nothing is written any more
        self.at_ms = 0
        self.utc = utc
        self.failures = 0
        self.boot(POWER_ON)

    def boot(self, cause):
        self.off = False
        self.boot_ms = self.at_ms
        self.reading = Reading()
        charger = SimpleNamespace(reading=self.reading, read_soon=lambda now_ms, delay_ms=0: None)
        self.evse_monitor = EvseMonitor(charger, 0)
        keeper = self.keeper = SimpleNamespace(known=self.utc, utc_s=lambda now_ms: self.utc_s() if keeper.known else None)
        self.meter = EnergyMeter(230, 3)
        store = SimpleNamespace(get=self.flash.get, put=self._put)
        self.sessions = ChargingSessions(self.meter, charger, self.evse_monitor, keeper, Journal(store), cause, 0)

    def utc_s(self):
        return UTC_S + self.at_ms // 1000

    def _put(self, name, value):
        if self.full or self.off:
            raise HalError(STORE, 'full')
        self.puts.append((self.at_ms, name[:-2]))
        self.flash[name] = value

    @property
    def now_ms(self):
        return self.at_ms - self.boot_ms

    def read(self, code, amps=0, reason=None):
        """One reading, 2 s after the last one."""
        self.at_ms += EVERY_MS
        reading = self.reading
        reading.code = code
        reading.ev_connected = None if code >= 0xE0 else code != 0xA1
        reading.limit_duty = 266
        reading.currents_da[:] = [10 * amps if amps is not None else None] * 3
        reading.at_ms = self.now_ms
        if self.now_ms > 60000:
            self.evse_monitor.tick(self.now_ms)
        self.evse_monitor.see(code, self.now_ms)
        self.evse_monitor.read(reading)
        self.sessions.step(self.now_ms, (CHARGING if code == 0xC2 else NO_VEHICLE if code == 0xA1 else FULL) if reason is None else reason)

    def live(self, for_s, code, amps=0):
        for _ in range(for_s * 1000 // EVERY_MS):
            self.read(code, amps)

    def charge(self, for_s, amps=16):
        self.live(for_s, 0xC2, amps)

    def unplug(self):
        self.live(4, 0xA1, None)

    def reboot(self, cause=POWER_ON, off_s=5):
        self.at_ms += off_s * 1000
        self.boot(cause)

    def told(self):
        return self.sessions.report_wh(self.now_ms)

    def send(self):
        """What the outbox would send next: (reason, begin, minutes, Wh, estimated, number) or None."""
        if not self.sessions.book.waits:
            return None
        assert self.sessions.book.make(vocabulary.NOT_CONNECTED, 10) is None
        port, payload = self.sessions.book.make(vocabulary.NOT_CONNECTED, 11)
        assert port == report_frames.SESSION and len(payload) == 11
        number = [payload[at] for at in range(11)]
        wide = [number[at] << 8 | number[at + 1] for at in (2, 4, 6, 8)]
        return number[1] & 31, wide[0] << 16 | wide[1], wide[2], wide[3], number[10] >> 7, number[10] & 127

    def writes(self, *names):
        return [at_ms for at_ms, name in self.puts if name in (names or (ENERGY_RECORD, SESSIONS_RECORD))]


def plugged(**options):
    rig = SessionsAndFlash(**options)
    rig.live(10, 0xA1, None)
    return rig


def test_a_session_lasts_from_the_plug_to_the_unplugging():
    rig = plugged()
    rig.live(600, 0xB2)
    rig.charge(3600)
    rig.live(600, 0xB2)
    assert rig.sessions.is_open and not rig.sessions.book.waits
    rig.unplug()
    assert rig.send() == (FULL, UTC_S + 12, 80, HOUR_WH // 10, 0, 1)
    assert not rig.sessions.is_open and rig.meter.session_wh == pytest.approx(HOUR_WH, abs=10)


def test_what_was_charged_stands_until_the_next_car():
    rig = plugged()
    rig.charge(3600)
    rig.unplug()
    rig.live(600, 0xA1, None)
    assert rig.told() == rig.meter.session_wh > HOUR_WH - 10
    rig.read(0xB2)
    assert (rig.told(), rig.meter.session_wh) == (0, 0)
    assert rig.meter.total_wh > HOUR_WH - 10


def test_our_own_pulse_ends_no_session():
    rig = plugged()
    rig.charge(600)
    rig.evse_monitor.pulse(rig.now_ms)
    rig.live(4, 0xE0, None)
    rig.evse_monitor.pulse(rig.now_ms)
    rig.live(10, 0xA1, None)
    rig.charge(600)
    rig.unplug()
    assert rig.send()[3] == pytest.approx(HOUR_WH // 30, abs=4) and rig.send()[5] == 1


def test_one_look_without_a_car_ends_no_session_and_a_fault_neither():
    rig = plugged()
    rig.charge(600)
    rig.read(0xA1, None)
    rig.charge(60)
    rig.live(60, 0xF9, None)
    assert rig.sessions.is_open and rig.sessions.number == 1


def test_a_plug_that_did_not_find_its_place_is_no_session():
    rig = plugged()
    for _ in range(20):
        rig.live(20, 0xB2)
        rig.unplug()
    assert not rig.sessions.book.waits and rig.writes() == []
    rig.charge(20)
    rig.unplug()
    assert rig.send()[5] == 1


def test_without_time_the_begin_is_told_once_it_is_known():
    rig = plugged(utc=False)
    rig.charge(300)
    rig.keeper.known = True
    rig.charge(300)
    rig.unplug()
    assert rig.send()[1:3] == (UTC_S + 12, 10)


def test_without_time_the_duration_is_known_until_a_reboot():
    rig = plugged(utc=False)
    rig.charge(600)
    rig.unplug()
    assert rig.send()[1:3] == (0, 10)
    rig.sessions.book.sent(rig.now_ms)
    rig.charge(600)
    rig.reboot()
    rig.charge(600)
    rig.unplug()
    assert rig.send()[1:3] == (0, 0xFFFF)


def test_a_session_goes_on_after_a_reboot():
    rig = plugged()
    rig.charge(600)
    rig.sessions.save(rig.now_ms)
    rig.reboot()
    rig.charge(600)
    rig.unplug()
    assert rig.send()[1:3] == (UTC_S + 12, 20) and rig.send()[5] == 1
    assert abs(rig.send()[3] - HOUR_WH // 30) <= 4


def test_a_car_that_left_meanwhile_was_there_until_it_was_recorded():
    rig = plugged()
    rig.charge(1200)
    rig.sessions.save(rig.now_ms)
    rig.reboot(off_s=7200)
    rig.unplug()
    assert rig.send()[2] == 20 and rig.send()[0] == 31


def test_a_record_is_kept_until_it_was_sent():
    rig = plugged()
    rig.charge(600)
    rig.unplug()
    first = rig.send()
    rig.reboot()
    assert rig.send() == first
    rig.sessions.book.sent(rig.now_ms)
    assert not rig.sessions.book.waits
    rig.sessions.book.sent(rig.now_ms)
    rig.reboot()
    assert not rig.sessions.book.waits


def test_what_was_not_made_is_not_taken_for_sent():
    rig = plugged()
    for _ in range(KEPT):
        rig.charge(600)
        rig.unplug()
    assert rig.send()[5] == 1
    # While it was in flight another one ended, and it was the oldest of too many.
    rig.charge(600)
    rig.unplug()
    rig.sessions.book.sent(rig.now_ms)
    sent = []
    while rig.send() is not None:
        sent.append(rig.send()[5])
        rig.sessions.book.sent(rig.now_ms)
    assert sent == list(range(2, KEPT + 2))


@pytest.mark.parametrize('written', [0, 1, 2])
def test_a_cut_at_the_end_of_a_session_loses_none_and_makes_no_second(written):
    rig = plugged()
    rig.charge(600)
    before = len(rig.puts)
    flashes = [dict(rig.flash)]
    put = rig._put

    def watched(name, value):
        put(name, value)
        flashes.append(dict(rig.flash))

    rig.sessions._journal._store.put = watched
    rig.unplug()
    assert len(rig.puts) == before + 2
    rig.flash.clear()
    rig.flash.update(flashes[written])
    rig.reboot()
    rig.unplug()
    assert rig.send()[5] == 1 and rig.meter.total_wh // 10 == rig.send()[3]
    rig.sessions.book.sent(rig.now_ms)
    assert not rig.sessions.book.waits
    rig.charge(100)
    rig.unplug()
    assert rig.send()[5] == 2


def test_the_count_of_sessions_goes_on_where_the_energy_is_lost():
    rig = plugged()
    for _ in range(2):
        rig.charge(600)
        rig.unplug()
    for copy in ('_a', '_b'):
        del rig.flash[ENERGY_RECORD + copy]
    rig.reboot()
    rig.charge(600)
    assert rig.sessions.number == 3 and rig.meter.total_wh == rig.meter.session_wh


def test_what_is_told_of_the_total_is_on_record():
    rig = plugged()
    rig.charge(900)
    told = rig.sessions.report_total_wh(rig.now_ms)
    assert told == rig.meter.total_wh > HOUR_WH // 4 - 10
    rig.reboot()
    assert rig.meter.total_wh == rig.sessions.report_total_wh(rig.now_ms) == told
    rig.unplug()
    rig.charge(900)
    assert rig.sessions.report_total_wh(rig.now_ms) == pytest.approx(HOUR_WH // 2, abs=10)


def test_a_store_that_fails_costs_only_the_memory():
    rig = plugged()
    rig.full = True
    rig.charge(3600)
    assert rig.told() == rig.meter.session_wh > HOUR_WH - 10
    rig.unplug()
    assert rig.send()[3] >= HOUR_WH // 10 - 1 and rig.sessions.store_failures > 0


@pytest.mark.parametrize('record', [b'', b'\x02' + bytes(40), b'\x01', b'\x01' * 26, b'\x01' * 30, bytes(27)])
def test_a_record_of_another_kind_begins_anew(record):
    rig = SessionsAndFlash()
    for name in (ENERGY_RECORD, SESSIONS_RECORD):
        if record:
            Journal(SimpleNamespace(get=rig.flash.get, put=rig.flash.__setitem__)).put(name, record)
    rig.boot(POWER_ON)
    rig.charge(600)
    rig.unplug()
    assert rig.send() is not None


# --- what is lost, and what is not


@pytest.mark.parametrize('cause', [PLANNED, WATCHDOG, CRASH])
def test_a_restart_of_the_board_alone_is_bridged(cause):
    rig = plugged()
    rig.charge(3600)
    rig.reboot(cause, off_s=60)
    rig.keeper.known = False
    rig.charge(300)
    rig.sessions.save(rig.now_ms)
    rig.keeper.known = True
    rig.charge(300)
    assert rig.meter.session_wh == pytest.approx(HOUR_WH * 4262 // 3600, abs=20)
    assert rig.meter.session_wh == rig.meter.total_wh
    assert 0 < rig.meter.estimated_wh < HOUR_WH // STEP_PART + HOUR_WH // 60 + 20


@pytest.mark.parametrize('cause, off_s, code', [(POWER_ON, 60, 0xC2), (CRASH, RESTART_MAX_S + 3600, 0xC2), (CRASH, 60, 0xB2)])
def test_what_nobody_saw_is_not_bridged(cause, off_s, code):
    rig = plugged()
    rig.charge(3600)
    saved_wh = rig.sessions._recorded_wh
    rig.reboot(cause, off_s)
    rig.live(10, code, 16 if code == 0xC2 else 0)
    assert saved_wh <= rig.meter.session_wh < saved_wh + 40
    # What was not written when the power went is missing; how long the box had none either, nobody knows.
    assert rig.meter.estimated == (cause == POWER_ON)


def test_what_a_power_cut_costs(evidence):
    rig = plugged()
    while rig.meter.session_wh < 10000:
        rig.charge(30)
        assert rig.meter.session_wh - rig.sessions._recorded_wh <= max(STEP_WH, rig.meter.session_wh // STEP_PART) + 10
    evidence('Most that a power cut costs, of a session up to 10 kWh', '%d Wh or one part in %d' % (STEP_WH, STEP_PART))
    evidence('Most that a power cut costs, of a night of 8 h at 11 kW with a status each half hour, kWh', round(_lost_kwh(), 2))


def _lost_kwh():
    """The most that was not on record at any moment of such a night, with a status each half hour."""
    rig = plugged()
    worst = 0
    for _ in range(8 * 4):
        for _ in range(30):
            rig.charge(30)
            worst = max(worst, rig.meter.session_wh - rig.sessions._recorded_wh)
        rig.told()
    return worst / 1000


def test_what_is_told_is_on_record_when_no_write_is_left_too():
    rig = plugged()
    for _ in range(WRITES_AT_ONCE + 20):
        rig.charge(60)
        told = rig.told()
    assert told < rig.meter.session_wh - 1000
    rig.reboot()
    rig.charge(4)
    assert rig.told() >= told and rig.meter.session_wh >= told


def test_a_minute_after_the_last_energy_all_of_it_is_on_record():
    rig = plugged()
    rig.charge(900)
    rig.live(70, 0xB2)
    charged = rig.meter.session_wh
    rig.reboot()
    rig.read(0xB2)
    assert rig.meter.session_wh == charged > HOUR_WH // 4 - 10


@pytest.mark.parametrize('charged_s', [900, 0])
def test_a_session_of_which_nothing_is_left_ends_with_its_record_alone(charged_s):
    rig = plugged()
    rig.charge(charged_s)
    rig.live(130, 0xB2)
    before = len(rig.puts)
    rig.unplug()
    assert [name for _, name in rig.puts[before:]] == [SESSIONS_RECORD]
    told, total = rig.told(), rig.meter.total_wh
    rig.reboot()
    rig.live(10, 0xA1, None)
    assert not rig.sessions.is_open and (rig.sessions.number, rig.told(), rig.meter.total_wh) == (1, told, total)
    rig.live(130, 0xB2)
    assert rig.sessions.number == 2


def test_after_a_write_that_failed_the_end_of_the_session_writes_again():
    rig = plugged()
    rig.charge(900)
    rig.full = True
    rig.live(130, 0xB2)
    rig.full = False
    total = rig.meter.total_wh
    rig.unplug()
    rig.reboot()
    assert rig.meter.total_wh == total


def test_a_restart_is_not_bridged_into_the_next_session():
    rig = plugged()
    rig.charge(3600)
    rig.reboot(CRASH, off_s=60)
    rig.keeper.known = False
    rig.charge(60)
    rig.unplug()
    rig.charge(60)
    rig.keeper.known = True
    rig.charge(60)
    assert rig.meter.estimated_wh == 0 and rig.meter.session_wh < HOUR_WH // 30 + 10


def test_flash_is_not_worn(evidence):
    """The worst day: new cars, stops and statuses all the time."""
    rig = plugged()
    while rig.at_ms < DAY_MS:
        rig.charge(120, 32)
        rig.live(70, 0xB2)
        rig.told()
    most = WRITES_AT_ONCE + DAY_MS // WRITE_EVERY_MS + 1
    assert len(rig.writes()) <= most
    night = plugged()
    for _ in range(16):
        night.charge(1800, 16)
        night.told()
    night.unplug()
    evidence('Writes of energy and sessions on the worst day / in a night of 8 h at 11 kW with a status each half hour',
             '%d / %d' % (len(rig.writes()), len(night.writes())), '%d / -' % most)


STEPS = st.lists(st.one_of(
    st.tuples(st.just('charge'), st.integers(2, 900)), st.tuples(st.just('rest'), st.integers(2, 200)), st.just(('unplug', 0)),
    st.tuples(st.just('off'), st.integers(1, 9000)), st.tuples(st.just('crash'), st.integers(1, 9000)), st.just(('tell', 0)),
    st.just(('time', 0)), st.just(('send', 0)), st.just(('cut', 0))), max_size=40)


@given(STEPS, st.booleans())
def test_what_was_told_never_falls_and_each_session_is_told_once(steps, utc):
    rig = plugged(utc=utc)
    told, number, sent, order = 0, None, {}, []     # a dict of MicroPython has no order
    for what, amount in steps:
        if what == 'charge':
            rig.charge(amount)
        elif what == 'rest':
            rig.live(amount, 0xB2)
        elif what == 'unplug':
            rig.unplug()
        elif what in ('off', 'crash'):
            rig.reboot(POWER_ON if what == 'off' else CRASH, amount)
        elif what == 'cut':
            rig.off = True
        elif what == 'time':
            rig.keeper.known = True
        elif what == 'send' and not rig.off:
            record = rig.send()
            if record is not None:
                if record[5] not in sent:
                    order.append(record[5])
                assert sent.setdefault(record[5], record) == record
                rig.sessions.book.sent(rig.now_ms)
        if not rig.off:
            energy_wh = rig.told()
            if rig.sessions.number == number:
                assert energy_wh >= told
            told, number = energy_wh, rig.sessions.number
            assert energy_wh <= rig.meter.session_wh
        assert rig.meter.session_wh <= rig.meter.total_wh
    assert sorted(order) == order
