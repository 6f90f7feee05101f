"""Plan, local time and target on this interpreter: every run of some plans, printed; on MicroPython also what an evaluation allocates, and takes.

Run on CPython and on MicroPython; both must print the same runs. UTC seconds are beyond what is a small integer on a board. Arguments: POSIX
strings of zones whose targets of twenty years, in the nights around each switch, are printed too.
"""
import gc
import sys
import time

from app.codec import windows, posix_tz
from app.policy.local_time import LocalTime
from app.policy.plan import Plan
from app.policy.target import Target
from app.policy.target_follower import TargetFollower
from tests.support.fake_board import Part

PLAN = windows.parse([
    {'days': 'daily', 'from': '22:00', 'to': '07:00', 'current_a': 16}, {'days': 'sat,sun', 'from': '01:30', 'to': '02:30', 'kwh': 5},
    {'days': 'sun', 'from': '12:00', 'to': '12:00', 'duration_min': 600},
])[0]
ZONES = (
    'AEST-10AEDT,M10.1.0,M4.1.0/3', '<+1030>-10:30<+11>-11,M10.1.0,M4.1.0', '<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45',
    '<-02>2<-01>,M3.5.0/-1,M10.5.0/0', 'EET-2EEST,M3.4.4/50,M10.4.4/50', 'XXX3EDT4,0/0,J365/23', 'LMT0:00:15LST,J60/0:30:30,300', 'UTC0',
)
BEGIN_S = 1788220800      # 1 September 2026
END_S = BEGIN_S + 230 * 86400   # past both switches of each zone
FIRST_S, LAST_S = 1767270600, 2398422600    # 12:30 UTC on 1 January 2026 and 2046


def runs(posix):
    plan = Plan(PLAN, posix_tz.parse(posix)[0])
    print('--', posix, plan.hash)
    at = BEGIN_S
    while at < END_S:
        inside, until, current = plan.state(at)
        print(at, inside, current, plan.window_at(at), plan.run_at(at), plan.next_run(at), plan.local.offset_s(at), plan.local.next_time(at, 150))
        at = until


def aimed(local, evenings):
    """A target of each evening, until half past seven: its end, and its states in 64 quarter hours before it."""
    for at in evenings:
        until = local.next_time(at, 450)
        target = Target()
        target.set(until, 20000, 0, bytes(range(1, 9)), at, 0)
        states = []
        for left_s in range(64 * 900, 0, -900):
            target.look(left_s, 20000, 3680, False, 0, 12)
            states.append(str(target.state))
        print(until, ''.join(states))


def switches(posix):
    """The same in the nights around each switch of twenty years, by a marked line."""
    local = LocalTime(posix_tz.parse(posix)[0])
    print('== twenty years', posix)
    for at in range(FIRST_S, LAST_S, 86400):
        if local.offset_s(at) != local.offset_s(at + 86400):
            aimed(local, (at - 86400, at, at + 86400))


def followed():
    """A call for each reading of a target that stands, and one that looks again: a car that charges, in a plan, with hours to avoid."""
    target = Target()
    actions = Part(closings=Part(closed=Part(left=lambda now_ms: 12)), pulses=Part(left=lambda now_ms: 3))
    box = Part(reading=Part(currents_da=(160, 159, 160)), car=True, finished=False, box_limit_duty=267)
    meter = Part(flow_da=479, total_wh=1234567, session_wh=0)
    follower = TargetFollower(Part(target=target), meter, Part(avoid=None), Part(get=lambda name: None, put=lambda *record: None),
                              Part(MAINS_VOLTS=230, PHASES=3, CURRENT_LIMIT_A=16), actions)
    target.set(BEGIN_S + 30000, 20000, 0, bytes(8), BEGIN_S, 1234000)
    for now_ms in range(0, 62000, 2000):
        follower.step(now_ms, BEGIN_S, box)
    assert target.state and follower.power.measured

    def again():
        follower.step(62000, BEGIN_S, box)

    def looked():
        target._edge_s = 0
        follower.step(62000, BEGIN_S, box)

    return again, looked


def mean_us(function):
    """Microseconds of a call, the least of many hundreds: what else the machine does can only add to it."""
    least_us = 1 << 29
    for _ in range(60):
        begin_us = time.ticks_us()
        for _ in range(100):
            function()
        least_us = min(least_us, time.ticks_diff(time.ticks_us(), begin_us))
    return least_us / 100


def allocated():
    """Bytes for a thousand evaluations while nothing changes."""
    again = followed()[0]
    again()
    plan = Plan(PLAN, posix_tz.parse(ZONES[0])[0])
    at = BEGIN_S + 3600
    plan.state(at)
    plan.window_at(at)
    plan.local.offset_s(at)
    before = gc.mem_alloc()
    for _ in range(1000):
        plan.state(at)
        plan.window_at(at)
        plan.local.offset_s(at)
        again()
    return gc.mem_alloc() - before


for name in ZONES:
    runs(name)
    aimed(LocalTime(posix_tz.parse(name)[0]), range(BEGIN_S, END_S, 86400))
for name in sys.argv[1:]:
    switches(name)
if sys.implementation.name == 'micropython':
    print('allocated', allocated())
    print(*map(mean_us, followed()))
