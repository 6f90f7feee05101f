"""Time to recover after an outage: join schedule and airtime budget alone, against thousands of random outages.

The model: at 0, with the network gone and an empty airtime log, a board boots and searches for a session, or asks the first question that is
not answered. The network comes back after the outage, whose length is drawn log-uniformly within its class; back means the first try
(question to a session that is intact, or join) that is answered. Without loss that is the first one.
"""
import random

import pytest
from lorawan.airtime_budget import AirtimeBudget
from lorawan.join_schedule import DENSE_FOR_MS, JoinSchedule
from lorawan.airtime_log import DAY_MS
from lorawan.regions import REGIONS
from lorawan.link_supervision import PROBE_EVERY_MS, PROBES_MAX

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
TRY_MS = 7_000          # request, windows
CLASSES = (("up to 2 h", MINUTE_MS, 2 * HOUR_MS), ("2 to 6 h", 2 * HOUR_MS, 6 * HOUR_MS), ("6 to 24 h", 6 * HOUR_MS, DAY_MS),
           ("1 to 7 days", DAY_MS, 7 * DAY_MS))
BOARDS = 20             # each with a draw of its own
OUTAGES = 1500
# A sixteenth above the even pace of 20 a day, and the rest of a bucket of the log.
SECOND_DAY_MS = 80 * MINUTE_MS


class ForgetfulStore:
    torn = 0

    def get(self, name):
        return None

    def put(self, name, value):
        pass


def tries_ms(seed, suspect):
    """When a board asks or tries to join that never gets an answer. suspect: it begins with six questions, ten minutes apart."""
    draw = random.Random(seed)
    airtime_budget = AirtimeBudget(ForgetfulStore(), 0)
    airtime_budget.reserve(371, 88 * MINUTE_MS)
    times = []
    join_schedule = JoinSchedule(lambda now_ms, data_rate: times.append(now_ms) or True, airtime_budget, REGIONS["AU915"], draw.randrange, 0)
    now_ms = 0
    if suspect:
        times = [number * PROBE_EVERY_MS for number in range(PROBES_MAX)]
        now_ms = times[-1] + TRY_MS
        join_schedule.worked = True
        join_schedule.start_over(now_ms, DENSE_FOR_MS)
    while now_ms < 9 * DAY_MS:
        now_ms = join_schedule.due_ms
        if join_schedule.begin(now_ms):
            now_ms += TRY_MS
            join_schedule.end(now_ms)
            join_schedule.back_off(now_ms)
    return times


def waits_ms(boards, outages, answered, seed):
    """Sorted: from the network's return to the first try that is answered, and how many joins counted then."""
    draw = random.Random(seed)
    waits = []
    for number in range(OUTAGES):
        low_ms, high_ms = outages
        back_ms = int(low_ms * (high_ms / low_ms) ** draw.random())
        first = [at_ms for at_ms in boards[number % len(boards)] if at_ms >= back_ms]
        waits.append(next(at_ms for at_ms in first if draw.random() < answered) - back_ms)
    return sorted(waits)


@pytest.fixture(scope="module", params=(False, True), ids=("boot", "suspicion"))
def search(request):
    return request.param, [tries_ms(seed, request.param) for seed in range(BOARDS)]


def test_the_wait_after_an_outage(search, evidence):
    suspect, boards = search
    begin = "suspicion" if suspect else "boot"
    for answered, loss in ((1.0, "no loss"), (0.64, "20 % loss each way")):
        for name, low_ms, high_ms in CLASSES:
            waits = waits_ms(boards, (low_ms, high_ms), answered, 7)
            middle, most, worst = (waits[int(share * (OUTAGES - 1))] / MINUTE_MS for share in (0.5, 0.95, 1.0))
            evidence("joined again after an outage of %s that began before a %s, %s: p50 / p95 / worst, min" % (name, begin, loss),
                     "%.0f / %.0f / %.0f" % (middle, most, worst))
            if answered == 1.0 and name == "up to 2 h":
                assert worst <= 10
            if answered == 1.0 and name == "2 to 6 h":
                assert worst < (150 if suspect else 285)
            if answered == 1.0 and name == "1 to 7 days":
                assert most <= SECOND_DAY_MS / MINUTE_MS


def test_from_the_second_day_on_every_try_comes_as_soon_as_twenty_a_day_permit(search):
    """There, no join is ever held back: the wait is for the day's limit alone."""
    suspect, boards = search
    for times in boards:
        times = times[PROBES_MAX:] if suspect else times
        late = [at_ms for at_ms in times if at_ms > 2 * DAY_MS]
        assert max(later - at_ms for at_ms, later in zip(late, late[1:], strict=False)) <= SECOND_DAY_MS
        for index in range(len(times) - 20):
            assert times[index + 20] - times[index] >= DAY_MS
        per_day = len(late) / ((late[-1] - late[0]) / DAY_MS)
        assert per_day > 18.5
