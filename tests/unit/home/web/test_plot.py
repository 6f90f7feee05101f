"""home/web/plot.py: axes in round numbers, lines where the values are, breaks where nothing is known."""
import pytest

from home.web import plot


@pytest.mark.parametrize("values, from_zero, expected", [
    ([0, 7.0], True, (0, 8)), ([0, 11.04], True, (0, 12)), ([16, 10], True, (0, 16)), ([0, 0], True, (0, 1)), ([None, None], True, (0, 1)),
    ([3.4], True, (0, 4)),
    ([-110, -90], False, (-110, -90)), ([-7.5, 9], False, (-10, 10)), ([7.5], False, (7.5, 8.5))])
def test_an_axis_reaches_around_its_values_in_four_even_steps(values, from_zero, expected):
    assert plot.scale(values, from_zero) == pytest.approx(expected)


def test_the_values_of_an_axis_stand_from_the_top_down():
    assert plot.y_ticks(0, 8) == [8, 6, 4, 2, 0] and plot.x_ticks(0, 100) == [0, 25, 50, 75, 100]


@pytest.mark.parametrize("low, high, expected", [
    (0, 8, ["8", "6", "4", "2", "0"]), (-111, -109, ["-109.0", "-109.5", "-110.0", "-110.5", "-111.0"]),
    (0, 1, ["1.00", "0.75", "0.50", "0.25", "0.00"])])
def test_no_two_values_of_an_axis_read_the_same(low, high, expected):
    assert plot.tick_words(low, high, lambda value, digits: f"{value:.{digits}f}") == expected


def test_a_line_goes_through_its_points_and_breaks_where_nothing_is_known():
    points = [(0, 0), (50, 4), (60, None), (75, 8), (100, 8)]
    assert plot.line(plot.Series("power", "", "", points, 0, 8), 0, 100).path == "M0.0 300.0L500.0 150.0M750.0 0.0L1000.0 0.0"
    assert plot.line(plot.Series("power", "", "", points, 0, 8, is_step=True), 0, 100).path == "M0.0 300.0H500.0V150.0H600.0M750.0 0.0H1000.0V0.0"
    assert plot.line(plot.Series("rssi", "", "", [(50, 4)], 0, 8, is_dots=True), 0, 100).path == "M500.0 150.0h0"


def test_what_lies_outside_is_drawn_at_the_edge():
    assert plot.line(plot.Series("power", "", "", [(0, -3), (100, 99)], 0, 8), 0, 100).path == "M0.0 300.0L1000.0 0.0"


def test_many_points_become_few_and_no_peak_is_lost():
    points = [(place, 100 if place == 12_345 else -50 if place == 4_321 else place % 7) for place in range(20_000)]
    thin = plot.thinned(points)
    assert len(thin) <= plot.POINTS_MAX + 2 and (12_345, 100) in thin and (4_321, -50) in thin and thin == sorted(thin)


def test_a_span_is_cut_at_the_edges_of_the_field():
    assert plot.bands([("charging", -50, 50), ("locked", 150, 200), ("fault", 90, 300)], 0, 100) == [
        plot.Band("charging", 0, 500), plot.Band("fault", 900, 100)]


def test_the_script_gets_one_axis_of_time_for_all_series():
    power = plot.Series("power", "Power", "kW", [(0, 1), (2000, None), (4000, 3)], 0, 4, is_step=True)
    rssi = plot.Series("rssi", "RSSI", "dBm", [(1000, -90)], -100, -80)
    its = plot.aligned([power, rssi], 0, 5000, 3600, "Time")
    assert its["x"] == [0, 1, 2, 2.001, 4] and its["span"] == [0, 5] and its["offset_s"] == 3600
    assert [one["y"] for one in its["series"]] == [[1, 1, 1, None, 3], ["", -90, "", "", ""]] and its["series"][1]["range"] == [-100, -80]


def test_a_value_that_holds_is_drawn_up_to_the_gap_and_a_gap_stays_one():
    assert plot.held_to_the_gap([(0, None), (10, 11), (400, None), (500, None), (600, 0)]) == [
        (0, None), (10, 11), (400, 11), (401, None), (500, None), (600, 0)]
