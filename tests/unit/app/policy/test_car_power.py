"""src/app/policy/car_power.py: what is measured, the lowest of recent nights at another limit, and the energy of a night."""

from app.codec.packing import pack
from app.policy.car_power import RECORD_BYTES, CarPower

# As docs/charging.md has them, and not as the code has.
MINUTE_MS = 60000
NIGHTS = 60
LEAST_WH = 1000
VOLTS = 230
LIMIT_DA = 160
THREE = [160, 160, 160]


def night(power, currents_da, minutes=1, step_ms=2000, at_ms=0):
    """A car that draws for that time, and leaves again."""
    for now_ms in range(at_ms, at_ms + minutes * MINUTE_MS + step_ms, step_ms):
        power.step(now_ms, sum(currents_da), currents_da)


def plugged(*nights):
    power = CarPower(VOLTS, 3)
    for currents_da in nights:
        night(power, currents_da)
        power.left()
    return power


def test_before_anything_is_known_it_is_one_phase_at_the_limit():
    assert CarPower(VOLTS, 3).watts(LIMIT_DA) == 3680
    assert CarPower(VOLTS, 3).watts(0) == 1   # nothing is divided by zero


def test_a_minute_of_flow_is_measured_as_its_mean_and_each_further_one_anew():
    power = CarPower(VOLTS, 3)
    for now_ms in range(0, MINUTE_MS, 2000):
        power.step(now_ms, 300 if now_ms % 4000 else 340, THREE)
    assert not power.measured and power.watts(LIMIT_DA) == 3680
    power.step(MINUTE_MS, 320, THREE)
    assert power.measured and abs(power.watts(LIMIT_DA) - 320 * 23) < 25
    power.step(MINUTE_MS + 2000, 160, [160, 0, 0])
    assert abs(power.watts(LIMIT_DA) - 320 * 23) < 25     # not by one reading
    night(power, [160, 0, 0], at_ms=MINUTE_MS + 4000)
    assert power.watts(LIMIT_DA) == 3680


def test_a_further_minute_is_the_mean_of_its_own_readings():
    power = CarPower(VOLTS, 3)
    night(power, THREE)
    night(power, [100, 100, 100], at_ms=MINUTE_MS + 2000)
    assert power.watts(LIMIT_DA) == 300 * 23


def test_flow_that_stops_before_a_minute_teaches_nothing():
    power = CarPower(VOLTS, 3)
    for now_ms in range(0, 10 * MINUTE_MS, 2000):
        power.step(now_ms, 0 if now_ms % 40000 == 0 else 480, THREE)
    assert not power.measured


def test_after_a_pause_the_minute_begins_with_the_first_current_and_has_nothing_of_before():
    power = CarPower(VOLTS, 3)
    for now_ms, flow_da in ((0, 480), (30000, 480), (40000, 0), (50000, 60), (109999, 60)):
        power.step(now_ms, flow_da, THREE)
    assert not power.measured
    power.step(110000, 60, THREE)
    assert power.measured and power.watts(LIMIT_DA) == 60 * 23


def test_a_phase_with_an_ampere_carries_current_and_one_with_less_does_not():
    for least_da, phases in ((10, 2), (9, 1)):
        power = CarPower(VOLTS, 3)
        night(power, [100, least_da, 0])
        assert power.watts(40) == 40 * phases * 23


def test_when_the_car_has_left_the_lowest_of_recent_nights_counts_at_tonights_limit():
    power = plugged(THREE, [160, 0, 0], THREE)
    assert power.watts(LIMIT_DA) == 3680 and power.watts(60) == 1380
    assert plugged(THREE).watts(60) == 3 * 1380 and plugged(THREE).watts(320) == 11040


def test_the_lowest_is_forgotten_after_sixty_plug_ins_without_its_like():
    power = plugged([160, 0, 0], *[THREE] * NIGHTS)
    assert power.watts(LIMIT_DA) == 3680
    night(power, THREE)
    power.left()
    assert power.watts(LIMIT_DA) == 11040


def test_a_current_within_an_eighth_of_the_lowest_renews_it_and_a_higher_one_does_not():
    for again, watts in (([60, 60, 60], 3680), ([61, 60, 60], 11040)):
        assert plugged([53, 53, 54], *[THREE] * (NIGHTS - 1), again, THREE).watts(LIMIT_DA) == watts


def test_the_lowest_current_and_the_fewest_phases_may_be_of_two_cars():
    # Which of them is the slower one depends on tonight's limit.
    for cars in (([100, 100, 100], [320, 0, 0]), ([320, 0, 0], [100, 100, 100])):
        assert [plugged(*cars).watts(limit_da) for limit_da in (100, 160, 320)] == [2300, 3680, 6900]


def test_as_few_phases_are_forgotten_after_sixty_plug_ins_of_more_and_not_sooner():
    slow, wide = [320, 0, 0], [100, 100, 100]
    assert plugged(slow, *[wide] * NIGHTS).watts(LIMIT_DA) == 3680
    assert plugged(slow, *[wide] * (NIGHTS + 1)).watts(LIMIT_DA) == 6900


def test_two_cars_in_turn_are_both_recent_for_ever():
    """One has the fewer phases, the other the lower current."""
    power = CarPower(VOLTS, 3)
    for count in range(3 * NIGHTS):
        night(power, [320, 0, 0] if count % 2 else [80, 80, 80])
        power.left()
        if count:
            assert (power.watts(80), power.watts(320)) == (1840, 5520)
        record = power.dump()
        power = CarPower(VOLTS, 3)
        assert power.load(record)


def test_without_a_meter_the_phases_are_those_of_the_setting():
    power = CarPower(VOLTS, 2)
    for now_ms in range(0, MINUTE_MS + 2000, 2000):
        power.step(now_ms, 320, [None] * 3)
    power.left()
    assert power.watts(100) == 2 * 2300


def test_the_energy_of_a_night_is_learned_where_it_was_one():
    power = CarPower(VOLTS, 3)
    power.learn(LEAST_WH - 1)
    assert power.need_wh == 0
    power.learn(LEAST_WH)
    assert power.need_wh == LEAST_WH and not power.unsaved     # recorded with the next car that leaves


def test_all_of_it_comes_back_from_the_record_and_what_is_none_is_refused():
    power = plugged(THREE, [100, 100, 0])
    power.learn(9000)
    record = power.dump()
    again = CarPower(VOLTS, 3)
    assert len(record) == RECORD_BYTES and again.load(record) and not again.unsaved
    assert again.dump() == record and again.watts(LIMIT_DA) == 4600 and again.need_wh == 9000
    for wrong in (record[:-1], b'\2' + record[1:], b''):
        assert not CarPower(VOLTS, 3).load(wrong)


def test_a_record_is_read_as_every_firmware_wrote_it():
    power = CarPower(VOLTS, 3)
    """The one before knew nothing of when the phases were seen last; they count for sixty plug-ins from then on."""
    for phases, watts in ((2, 7360), (2 | NIGHTS << 2, 11040)):
        assert power.load(pack((1, 9000, 200, phases, 60), (1, 4, 2, 1, 1)))
        assert power.need_wh == 9000 and power.watts(LIMIT_DA) == 4600
        night(power, THREE)         # the 61st
        power.left()
        assert power.watts(LIMIT_DA) == watts


def test_a_night_is_written_once_with_its_first_minute_and_what_was_learned_as_the_car_leaves():
    power = plugged(THREE)
    power.dump()
    night(power, THREE, minutes=30)
    assert power.measured and power.unsaved
    record = power.dump()
    night(power, THREE, minutes=30, at_ms=40 * MINUTE_MS)
    power.learn(5000)
    assert not power.unsaved
    power.left()
    assert power.unsaved and not power.measured and power.dump() != record
    power.left()
    assert not power.unsaved


def test_a_car_that_stops_by_itself_teaches_once_a_plug_in():
    power = CarPower(VOLTS, 3)
    power.ended(12000)
    assert power.need_wh == 0 and not power.unsaved     # it never drew for a minute
    night(power, THREE)
    power.dump()
    power.ended(12000)
    assert power.need_wh == 12000 and power.unsaved
    power.dump()
    power.learn(5000)       # a target said so
    power.dump()
    night(power, THREE, at_ms=5 * MINUTE_MS)
    power.ended(12000)
    assert power.need_wh == 5000 and not power.unsaved
    power.left()
    power.dump()
    night(power, THREE, at_ms=9 * MINUTE_MS)
    power.ended(12000)
    assert power.need_wh == 12000
