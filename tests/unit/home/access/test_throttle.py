"""home/access/throttle.py: guessing is slow, however many computers guess, and the owner comes in."""
import random

from home.access import throttle
from home.access.throttle import Throttle

HOUR_MS = 3_600_000


def tried(its, addresses, every_ms, begin_ms=0):
    """How many of these tries began, one each that many milliseconds."""
    return sum(not its.begin(address, begin_ms + place * every_ms) for place, address in enumerate(addresses))


def test_after_some_wrong_ones_each_costs_twice_the_wait_to_an_hour():
    its, now_ms, waits = Throttle(), 0, []
    for _ in range(throttle.ADDRESS_FREE + 16):
        now_ms += (wait_ms := its.begin("192.0.2.1", now_ms))
        assert not wait_ms or its.begin("192.0.2.1", now_ms) == 0
        waits.append(wait_ms)
    own = waits[throttle.ADDRESS_FREE:]
    assert waits[:throttle.ADDRESS_FREE] == [0] * throttle.ADDRESS_FREE and own[:4] == [1000, 2000, 4000, 8000] and own[-1] == HOUR_MS


def test_many_computers_together_come_to_one_try_in_a_minute(evidence):
    addresses = [f"10.{place >> 8}.{place & 255}.1" for place in range(10_000)]
    at_once, in_a_day = tried(Throttle(), addresses, 0), tried(Throttle(), addresses, 8640)
    evidence("10,000 wrong passwords from as many addresses at once: that many are checked", at_once, throttle.ALL_FREE)
    assert at_once == throttle.ALL_FREE and in_a_day <= 24 * 60 + 20


def test_who_was_right_from_there_before_is_not_kept_out_by_strangers():
    its = Throttle()
    assert its.begin("192.0.2.7", 0) == 0
    its.succeeded("192.0.2.7")
    tried(its, [f"10.0.{place}.1" for place in range(200)], 0)
    assert its.begin("192.0.2.8", 1) > 0 and its.begin("192.0.2.7", 1) == 0


def test_a_network_of_ipv6_counts_as_one_address_and_the_table_has_an_end():
    its = Throttle()
    assert tried(its, [f"2001:db8::{place:x}" for place in range(100)], 0) == throttle.ADDRESS_FREE
    draw = random.Random(1)
    for place in range(5000):
        its.begin(str(draw.randrange(1 << 32)), place * throttle.ALL_LONGEST_MS)
    assert len(its) == throttle.ADDRESSES_MAX


def test_a_day_without_a_try_is_a_new_begin():
    its = Throttle()
    tried(its, ["192.0.2.1"] * 30, 0)
    assert tried(its, ["192.0.2.1"] * 30, 0, throttle.FORGET_MS + HOUR_MS) == throttle.ADDRESS_FREE
