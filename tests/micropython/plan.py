"""Plan and local time on this interpreter: every run of some plans, printed; on MicroPython also the allocations of an evaluation.

Run on CPython and on MicroPython; both must print the same runs. UTC seconds are beyond what is a small integer on a board.
"""
import gc
import sys

from app.codec import windows, posix_tz
from app.policy.plan import Plan
from app.policy.target import Target

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


def runs(posix):
    plan = Plan(PLAN, posix_tz.parse(posix)[0])
    print('--', posix, plan.hash)
    at = BEGIN_S
    while at < END_S:
        inside, until, current = plan.state(at)
        print(at, inside, current, plan.window_at(at), plan.run_at(at), plan.next_run(at), plan.local.offset_s(at), plan.local.next_time(at, 150))
        at = until


def aimed(posix):
    """A target of each evening, until half past seven: its end, and its states in 64 quarter hours before it."""
    plan = Plan(PLAN, posix_tz.parse(posix)[0])
    for at in range(BEGIN_S, END_S, 86400):
        until = plan.local.next_time(at, 450)
        target = Target()
        target.set(until, 20000, 0, bytes(range(1, 9)), at, 0)
        states = []
        for left_s in range(64 * 900, 0, -900):
            target.look(left_s, 20000, 3680, False, 0, 12)
            states.append(str(target.state))
        print(until, ''.join(states))


def allocated():
    """Bytes for a thousand evaluations while nothing changes."""
    target = Target()
    target.set(BEGIN_S + 30000, 20000, 0, bytes(8), BEGIN_S, 0)
    target.look(30000, 20000, 11000, True, 0, 12)
    plan = Plan(PLAN, posix_tz.parse(ZONES[0])[0])
    at = BEGIN_S + 3600
    plan.state(at)
    plan.window_at(at)
    plan.local.offset_s(at)
    target.knows(30000, 11000)
    before = gc.mem_alloc()
    for _ in range(1000):
        plan.state(at)
        plan.window_at(at)
        plan.local.offset_s(at)
        target.knows(30000, 11000)
    return gc.mem_alloc() - before


for name in ZONES:
    runs(name)
    aimed(name)
if sys.implementation.name == 'micropython':
    print('allocated', allocated())
