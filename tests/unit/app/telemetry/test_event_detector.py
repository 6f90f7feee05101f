"""Each event once an occasion, repeated until it was sent, and none twice after a reboot."""

from types import SimpleNamespace

import pytest
from app.codec import report_frames, vocabulary
from app.policy.claims import CHARGE, HOLD, LEAVE, Claims
from app.telemetry.event_detector import FAULT_OVER_MS, FULL_MS, LATE_MS, MORE_WH, EventDetector
from app.runtime.journal import Journal
from app.telemetry.event_queue import AT_ONCE, EVERY_MS, WAITING_MAX, EventQueue
from app.policy.plan import Plan
from app.codec.windows import parse
from hal.contract import POWER_ON, STORE, WATCHDOG, HalError
from hypothesis import given
from hypothesis import strategies as st

NOON = 1777636800   # 2026-05-01T12:00:00Z
HOUR_S = 3600
NIGHT = Plan(parse([{'days': 'daily', 'from': '22:00', 'to': '06:00'}])[0])
PAUSE, OWN = 1000, 533
A1, B2, C2, F9 = 0xA1, 0xB2, 0xC2, 0xF9


class EventsAndFlash:
    """A monitor's events over a flash that outlives it; step() is a reading. told: (kind, amount) of each event."""

    def __init__(self, cause=POWER_ON, plan=NIGHT, evening='21:00'):
        self.flash = {}
        self.told = []
        self.at_s = 0
        self.plan, self.evening = plan, evening
        self.broken = False
        self.boot(cause)

    def boot(self, cause=WATCHDOG):
        self.boot_s = self.at_s
        self.evse_monitor = SimpleNamespace(code=A1, seen=A1, car=False, settled=True, starting=False)
        self.meter = SimpleNamespace(total_wh=0, session_wh=0, flow_da=0)
        self.sessions = SimpleNamespace(meter=self.meter, number=1)
        claims = Claims()
        self.arbiter = SimpleNamespace(plan=self.plan, decision=claims.decision, claims=claims, greeting=False)
        self.box = SimpleNamespace(reading=SimpleNamespace(at_ms=0), finished=False, icmax=None, icmax_ms=None)
        limit = SimpleNamespace(duty_for=lambda current_da, box: OWN)
        keeper = SimpleNamespace(known=True, utc_s=lambda now_ms: self.utc_s, now_ms=lambda: self.now_ms)
        store = SimpleNamespace(get=self.flash.get, put=self._put)
        self.record = SimpleNamespace(has_lost=False)
        self.events = EventDetector(self.arbiter, self.evse_monitor, self.sessions, self.box, limit, self.record, self.evening, cause, 0)
        view = SimpleNamespace(look=lambda: SimpleNamespace(reason=1), look_state=lambda: 1)
        self.notices = EventQueue(self.events, view, self.evse_monitor, Journal(store), keeper, 0)

    def _put(self, name, value):
        if self.broken:
            raise HalError(STORE, 'full')
        self.flash[name] = value

    @property
    def now_ms(self):
        return 1000 * (self.at_s - self.boot_s)

    @property
    def utc_s(self):
        return NOON + self.at_s

    def want(self, want):
        self.arbiter.decision.want = want

    def car(self, code=B2, **box):
        self.evse_monitor.code, self.evse_monitor.car = code, True
        for name in box:
            setattr(self.box, name, box[name])

    def leave(self):
        self.evse_monitor.code, self.evse_monitor.car, self.box.finished = A1, False, False

    def flow(self, wh, flow_da=100):
        self.meter.total_wh += wh
        self.meter.session_wh += wh
        self.meter.flow_da = flow_da

    def step(self, for_s=2):
        """Run on; events are sent immediately."""
        for _ in range(max(for_s // 2, 1)):
            self.at_s += 2
            self.box.reading.at_ms = self.now_ms
            self.notices.step(self.now_ms, self.utc_s)
            self.send()
        return self

    def send(self):
        if self.notices.waits:
            port, payload = self.notices.make(11)
            assert port == report_frames.EVENT
            amount = payload[5] << 8 | payload[6]
            self.told.append((vocabulary.EVENTS[payload[1] & 31], None if amount == 0xFFFF else amount))
            self.notices.sent(self.now_ms)

    def until(self, hour):
        return self.step(int((hour - 12) * HOUR_S) - self.at_s)


def test_an_evening_without_a_car_is_told_once_and_the_next_one_again():
    rig = EventsAndFlash()
    rig.until(21.5)
    assert rig.told == [('not_plugged_in', 60)]
    rig.boot()
    assert rig.until(24).told == [('not_plugged_in', 60)]
    assert [kind for kind, _ in rig.until(46).told] == ['not_plugged_in'] * 2


@pytest.mark.parametrize('change', ['car', 'no plan', 'locked', 'skipped', 'silent', 'not asked for', 'another day'])
def test_an_evening_on_which_no_car_is_missed(change):
    weekdays = Plan(parse([{'days': 'mon-thu', 'from': '22:00', 'to': '06:00'}])[0])   # the first of May 2026 is a Friday
    rig = EventsAndFlash(plan={'no plan': None, 'another day': weekdays}.get(change, NIGHT), evening=None if change == 'not asked for' else '21:00')
    if change == 'car':
        rig.car()
    rig.arbiter.claims.locked = change == 'locked'
    if change == 'skipped':
        rig.arbiter.claims.skip(NOON + 10 * HOUR_S, NOON + 18 * HOUR_S)
    if change == 'silent':
        rig.evse_monitor.code = 0
    assert rig.until(23).told == []


def test_a_monitor_that_boots_late_in_the_hour_still_tells_and_later_not():
    for hour, told in ((21.5, ['not_plugged_in']), (22.5, [])):
        rig = EventsAndFlash()
        rig.at_s = int((hour - 12) * HOUR_S)
        rig.boot()
        assert [kind for kind, _ in rig.step(60).told] == told


def test_a_car_that_does_not_charge_is_told_20_minutes_into_the_window_once_a_night():
    rig = EventsAndFlash()
    rig.car()
    rig.want(HOLD)
    rig.until(22)
    rig.want(CHARGE)
    rig.step(LATE_MS // 1000 - 2)
    assert rig.told == []
    assert rig.step(10).told == [('not_charging', 20)]
    rig.boot()
    rig.car()
    rig.want(CHARGE)
    assert len(rig.until(29).told) == 1


@pytest.mark.parametrize('change', ['charges', 'full', 'held', 'no car'])
def test_a_night_in_which_nothing_is_wrong(change):
    rig = EventsAndFlash(evening=None)
    if change != 'no car':
        rig.car(finished=change == 'full')
    rig.want(HOLD if change == 'held' else CHARGE)
    rig.meter.flow_da = 100 if change == 'charges' else 0
    assert [event for event in rig.until(24).told if event[0] != 'finished'] == []


def test_a_full_car_is_told_with_its_energy_once_a_session_and_again_after_a_kilowatt_hour():
    rig = EventsAndFlash(plan=None)
    rig.car(C2)
    rig.want(CHARGE)
    rig.flow(5000)
    rig.step()
    rig.car(B2, finished=True)
    rig.step(FULL_MS // 1000)
    assert rig.told == []
    assert rig.step(4).told == [('finished', 500)]
    for more_wh, times in ((MORE_WH - 1, 1), (1, 2)):
        rig.box.finished = False
        rig.flow(more_wh)
        rig.step()
        rig.box.finished = True
        assert len(rig.step(90).told) == times
    wh = rig.meter.session_wh
    rig.boot()
    rig.car(B2, finished=True)
    rig.meter.session_wh = wh
    assert len(rig.step(90).told) == 2


def held():
    rig = EventsAndFlash()
    rig.car()
    rig.want(HOLD)
    return rig.step(20)


def test_a_leak_is_told_when_it_is_over_and_not_below_15_wh():
    rig = held()
    rig.flow(15)
    assert rig.step(120).told == []
    rig.flow(1)
    assert rig.step(50).told == []
    assert rig.step(20).told == [('leaked_at_peak', 1)]
    rig.flow(40)
    assert rig.step(120).told == [('leaked_at_peak', 1)]
    rig.flow(24)
    assert rig.step(120).told[1:] == [('leaked_at_peak', 8)]


def test_a_leak_that_goes_on_is_told_at_half_a_kilowatt_hour_and_few_times_in_all():
    rig = held()
    for _ in range(5000):
        rig.flow(10)
        rig.step()
    assert rig.told[0] == ('leaked_at_peak', 50) and 1 < len(rig.told) < 6


def test_a_leak_is_told_as_the_car_leaves_and_the_next_car_begins_at_nothing():
    rig = held()
    rig.flow(20)
    rig.step()
    rig.leave()
    assert rig.step().told == [('leaked_at_peak', 2)]
    rig.car()
    rig.flow(10)
    assert len(rig.step(120).told) == 1


def test_what_flows_while_a_car_lets_go_and_what_was_given_are_no_leaks():
    rig = held()
    rig.want(CHARGE)
    rig.flow(1000)
    rig.step()
    rig.want(HOLD)
    rig.flow(60)
    rig.step(100)
    assert rig.told == []
    rig.leave()
    rig.step()
    rig.car()
    rig.want(LEAVE)
    rig.arbiter.greeting = True
    rig.flow(180)
    rig.step(60)
    rig.arbiter.greeting = False
    rig.want(HOLD)
    rig.step(4)
    rig.flow(15)
    assert rig.step(120).told == []
    rig.flow(1)
    assert rig.step(120).told == [('leaked_at_peak', 19)]


def test_a_fault_is_told_once_until_it_was_away_for_an_hour_and_another_one_at_once():
    rig = EventsAndFlash(evening=None)
    for code, times in ((F9, 1), (B2, 1), (F9, 1), (0xF1, 2), (F9, 3)):
        rig.car(code)
        assert len(rig.step(10).told) == times
    rig.boot()
    rig.car(F9)
    assert len(rig.step(10).told) == 3
    rig.car(B2)
    rig.step(FAULT_OVER_MS // 1000 + 10)
    rig.boot()
    rig.car(F9)
    assert rig.step().told[3:] == [('fault', None)]


def test_power_that_is_back_is_told_but_not_at_the_first_boot_of_all_nor_after_a_reset():
    rig = EventsAndFlash(POWER_ON)
    assert rig.step(10).told == []
    rig.boot(WATCHDOG)
    assert rig.step(10).told == []
    rig.boot(POWER_ON)
    rig.evse_monitor.code, rig.evse_monitor.settled = 0, False
    assert rig.step(10).told == []
    rig.evse_monitor.code = A1
    assert rig.step(10).told == [('power_restored', None)]


def test_a_memory_that_was_lost_is_told_once_a_boot_before_all_else():
    rig = EventsAndFlash(POWER_ON)
    rig.step(10)
    for _ in range(2):
        rig.boot(POWER_ON)
        rig.record.has_lost = True
        rig.step(10)
    assert rig.told == [('memory_lost', None), ('power_restored', None)] * 2


@pytest.mark.parametrize('away_s, starting, icmax, times', [(200, False, OWN, 1), (200, False, PAUSE, 0), (2, False, OWN, 0), (200, True, OWN, 0)])
def test_a_box_that_comes_back_without_its_limit_had_no_power(away_s, starting, icmax, times):
    rig = held()
    rig.box.icmax, rig.box.icmax_ms = PAUSE, rig.now_ms
    rig.step()
    rig.at_s += away_s - 2
    rig.evse_monitor.starting = starting
    rig.step()
    rig.box.icmax, rig.box.icmax_ms = icmax, rig.now_ms
    assert rig.step().told == [('power_restored', away_s // 60)] * times


def test_what_was_not_sent_is_told_after_a_reboot_with_its_number():
    rig = EventsAndFlash()
    rig.send = lambda: None
    rig.car(F9)
    rig.step()
    rig.boot()
    del rig.send
    rig.car(F9)
    port, payload = rig.notices.make(11)
    assert (payload[2], payload[4], payload[7:]) == (F9, 1, (NOON + 2).to_bytes(4, 'big'))
    rig.step()
    assert rig.told == [('fault', None)] and not rig.notices.waits
    rig.boot()
    assert not rig.notices.waits


def test_a_storm_is_bounded_in_flash_and_on_the_air():
    rig = EventsAndFlash(plan=None)
    rig.send = lambda: None
    for number in range(3000):
        rig.car(0xF1 + number % 2)
        rig.step()
    assert rig.notices.dropped > 2900
    made = AT_ONCE + 6000 // (EVERY_MS // 1000)
    assert rig.notices.make(11)[1][4] in (made - WAITING_MAX, made - WAITING_MAX + 1)


def test_a_flash_that_fails_costs_the_memory_only():
    rig = EventsAndFlash()
    rig.broken = True
    rig.car(F9)
    assert rig.step().told == [('fault', None)]
    assert rig.notices.store_failures


@given(st.binary(max_size=60))
def test_any_record_is_taken_or_left(record):
    rig = EventsAndFlash()
    rig.notices._journal.put('events', record or b'\0')
    rig.boot()
    rig.step(4)
    assert all(kind in vocabulary.EVENTS for kind, _ in rig.told)
