"""hal/mainline.py on a real MicroPython, over stand-ins for the chip's modules: the same as on CPython, and idling allocates nothing."""

from tests.micropython.test_on_micropython import run, run_here


def test_the_board_module_runs_on_the_interpreter_of_its_boards_and_idles_without_allocating(evidence):
    expected = run_here("mainline.py")
    *lines, cost = run("mainline.py").splitlines()
    assert lines == expected
    assert "('uart', 1, 38400, 8, 0, 1, 5, 6)" in lines and "store True b'' None" in lines and "next cause 3" in lines
    order = [line for line in lines if line.startswith(("('enable'", "('write', 1"))]
    assert order == ["('enable', 1)", "('write', 1, b':01\\r\\n')", "('enable', 0)"]
    assert cost == "allocated 0"
    evidence("On MicroPython, bytes allocated by 1000 idle turns of an ESP32's clock, bus, watchdog and light", 0, 0)
