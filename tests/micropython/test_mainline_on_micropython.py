"""The boards' modules on a real MicroPython, over stand-ins for the chip's modules: the same as on CPython, without allocations where required."""
import json

from tests.micropython.test_on_micropython import allocated_bytes, run, run_here


def test_the_board_module_runs_on_the_interpreter_of_its_boards_and_idles_without_allocating(evidence):
    expected = run_here("mainline.py")
    *lines, cost = run("mainline.py").splitlines()
    assert lines == expected
    assert "('uart', 1, 38400, 8, 0, 1, 5, 6)" in lines and "store True b'' None" in lines and "next cause 3" in lines
    order = [line for line in lines if line.startswith(("('enable'", "('write', 1"))]
    assert order == ["('enable', 1)", "('write', 1, b':01\\r\\n')", "('enable', 0)"]
    evidence("On MicroPython, bytes allocated by 1000 idle turns of an ESP32's clock, bus, watchdog and light", allocated_bytes(cost), 0)
    assert allocated_bytes(cost) == 0


def test_nothing_allocates_while_the_driver_of_the_bus_is_on(evidence):
    figures = json.loads(run("driver.py"))
    careless = figures.pop("careless")
    assert careless["heap"] > 0 and careless["frames"] > 0
    assert {name.split(",")[0] for name in figures} == {"lopy4", "mainline"} and len(figures) == 6
    assert min(figure["looks"] for figure in figures.values()) >= 5 and figures["mainline, hangs"]["looks"] > 1000
    most = max(figure["heap"] + figure["frames"] for figure in figures.values())
    evidence("On MicroPython, bytes allocated while the driver of the bus is on, frames of called functions included: LoPy4, ESP32 and RP2, "
             "a port that hangs or takes less among them", most, 0)
    assert {name: figure for name, figure in figures.items() if figure["heap"] or figure["frames"]} == {}
