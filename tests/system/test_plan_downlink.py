"""Plan, time zone and time over the air, from encodeDownlink to the box and back: accepted, reported, kept, superseded, and unknown."""

import pytest
from app.codec import windows, posix_tz
from tests.support.watched_world import HOUR_S, MINUTE_S
from tests.support.plan_world import closed, hashes, home, read_back, results, written

NIGHT = {'days': 'daily', 'from': '22:00', 'to': '07:00', 'current_a': 10, 'kwh': 8.5}
WEEKEND = {'days': 'sat-sun', 'from': '12:30', 'to': '14:00', 'duration_min': 60}
PLAN = [NIGHT, WEEKEND]
BERLIN = '<+01>-1<+02>,M3.5.0,M10.5.0/3'
PLAN_OP, ZONE_OP = 12, 13
ISSUED_S = 1777671600


def hash_of(plan, tz='UTC0'):
    """The plan fields of a status for this plan in this zone."""
    return windows.plan_hash(windows.parse(plan)[0], posix_tz.pack(posix_tz.parse(tz)[0]))


def test_a_plan_and_a_zone_are_taken_told_and_kept():
    house = home((600, {'plan': {'windows': PLAN}}), (700, {'timezone': BERLIN}), (1500, {'command': 'report', 'id': 1, 'what': 'plan'}),
                 reboots_s=[1000])
    house.run(2400)
    assert results(house) == [('plan', 'done', 'none'), ('timezone', 'done', 'none'), ('report', 'done', 'none')]
    assert hashes(house, 0, 600) == {0}
    assert hashes(house, 606, 700) <= {hash_of(PLAN)}
    assert hashes(house, 706) == {hash_of(PLAN, BERLIN)}
    pages = read_back(house, 1500, 'plan')
    assert [page['page'] for page in pages] == [1, 2] and sum([page['windows'] for page in pages], []) == windows.to_words(windows.parse(PLAN)[0])
    assert ','.join(page['timezone_part'] for page in read_back(house, 1500, 'timezone')) == BERLIN
    assert [page['holder'] for page in read_back(house, 1500, 'claims')] == ['plan']


def test_what_is_read_back_makes_the_same_request_again():
    house = home((600, {'plan': {'windows': PLAN}}), (700, {'command': 'report', 'id': 1, 'what': 'plan'}))
    house.run(1000)
    told = {'windows': sum([page['windows'] for page in read_back(house, 700, 'plan')], [])}
    formatter = house.world.formatter
    sent, again = [formatter.encode_downlink({'plan': plan, 'issued_at': 1, 'id': 0})['bytes'] for plan in ({'windows': PLAN}, told)]
    assert sent == again


@pytest.mark.parametrize('what, first, second', [
    ('plan', {'windows': PLAN}, {'windows': [WEEKEND]}), ('timezone', BERLIN, 'EST5EDT,M3.2.0,M11.1.0')])
@pytest.mark.parametrize('reboots_s', [(800,), pytest.param((), marks=pytest.mark.long)], ids=['after a reboot', ''])
def test_an_older_one_that_comes_later_is_superseded(what, first, second, reboots_s):
    house = home(reboots_s=reboots_s, PLAN=[NIGHT])
    newer_s = house.world.start_utc_s + 600
    house.do(600, 'downlink', data={what: first, 'issued_at': newer_s})
    house.do(1200, 'downlink', data={what: second, 'issued_at': newer_s - 1})
    house.run(2 * HOUR_S)
    assert results(house) == [(what, 'done', 'none'), (what, 'refused', 'superseded')]
    assert hashes(house, 610) == {hash_of(first['windows']) if what == 'plan' else hash_of([NIGHT], first)}


def test_a_stamp_from_the_future_does_not_shut_out_the_next_plan():
    house = home(PLAN=[NIGHT], reboots_s=[800])
    house.do(600, 'downlink', data={'plan': {'windows': []}, 'issued_at': house.world.start_utc_s + 400 * 24 * HOUR_S})
    house.do(1200, 'downlink', data={'plan': {'windows': PLAN}})
    house.run(HOUR_S)
    assert results(house) == [('plan', 'done', 'none')] * 2 and hashes(house, 1210) == {hash_of(PLAN)}


def stamped(op, data):
    """A request of 21:40 that is good for an hour."""
    return bytes((op, 0)) + ISSUED_S.to_bytes(4, 'big') + (3600).to_bytes(2, 'big') + data


@pytest.mark.parametrize('op, data', [
    (PLAN_OP, bytes(4)), (PLAN_OP, bytes.fromhex('fe')), (PLAN_OP, windows.pack(windows.parse(PLAN)[0])[:-1]), (PLAN_OP, b'\xff' * 28),
    (ZONE_OP, b''), (ZONE_OP, bytes(2)), (ZONE_OP, b'\x7f' * 16)], ids=lambda value: value.hex() if isinstance(value, bytes) else str(value))
def test_a_bad_one_changes_nothing(op, data):
    house = home((600, stamped(op, data)), PLAN=PLAN, TIMEZONE=BERLIN)
    house.run(900)
    assert results(house) == [({PLAN_OP: 'plan', ZONE_OP: 'timezone'}[op], 'refused', 'bad_argument')]
    assert hashes(house, 60) == {hash_of(PLAN, BERLIN)}


def test_an_empty_plan_frees_the_car_and_does_nothing_any_more():
    house = home((600, {'plan': {'windows': []}}), (1000, {'command': 'report', 'id': 1, 'what': 'plan'}), PLAN=[NIGHT], reboots_s=[1600])
    house.do(2 * HOUR_S, 'unplug')
    house.do(2 * HOUR_S + 60, 'plug')
    house.run(3 * HOUR_S)
    assert hashes(house, 606) == {0}
    assert written(house) == ['03E8', '0215']
    assert house.codes(620, 2 * HOUR_S - 1) == {'C2'} == house.codes(2 * HOUR_S + 70, 3 * HOUR_S)
    assert [page['windows'] for page in read_back(house, 1000, 'plan')] == [[]]
    assert {entry['decoded'].get('override', 'none') for entry in house.of('uplink', 606)} == {'none'}


@pytest.mark.parametrize('unknown, charges_s', [('hold', None), ('charge', 0), (1, HOUR_S)])
def test_without_time_the_setting_decides_until_the_time_is_told(unknown, charges_s):
    told_s = 1.6 * HOUR_S
    house = home(PLAN=[{'days': 'daily', 'from': '01:00', 'to': '02:00'}], UNKNOWN_TIME=unknown, clock=False)
    house.do(told_s, 'downlink', data={'time': house.world.start_utc_s + int(told_s)})
    house.run(1.8 * HOUR_S)
    statuses = [entry for entry in house.of('uplink') if entry['decoded'].get('type') == 'status']
    held = [entry for entry in statuses if 62 < entry['t'] < (told_s if charges_s is None else charges_s)]
    assert {entry['decoded']['reason'] for entry in held} <= {'time_unknown'} and bool(held) is (charges_s != 0)
    assert {entry['decoded']['time_known'] for entry in statuses if entry['t'] < told_s} == {False}
    assert 3 <= len(house.clock('uplink', 0, told_s)) <= 7
    if charges_s is None:
        assert closed(house) == []
    else:
        # Not before the contactor has rested for 5 min since the start.
        assert len(closed(house)) == 1 and charges_s <= closed(house)[0][0] < charges_s + 330
    # The plan knows better: it is not its hour.
    assert house.told(told_s, time_known=True, reason='outside_plan') < told_s + 2 * MINUTE_S
    assert not house.world.box.contactor
