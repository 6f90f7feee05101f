"""tools.checks.typecheck finds errors that a board would only meet at run time, and accepts attributes that begin as None."""
from tools.checks import typecheck

WRONG = """import machine
import time
from hal.contract import HalError


class Part:
    def __init__(self):
        self.later = None

    def use(self, other):
        self.later = other
        return self.later.anything


def wrong(part):
    machine.Pinn(1)                 # no such class
    machine.UART(1).wait_tx_done(2)  # the LoPy4's, not a mainline board's
    time.perf_counter()             # CPython's
    Part().usee(3)                  # no such method
    Part().use()                    # an argument is missing
    return HalErorr                 # no such name
"""


def test_a_wrong_name_of_board_interpreter_or_our_own_is_found(tmp_path):
    path = tmp_path / "probe.py"
    path.write_text(WRONG)
    lines = [line for where, line, _ in typecheck.faults((path,), ()) if where == path]
    assert lines == [number for number, line in enumerate(WRONG.splitlines(), 1) if "   # " in line or "  # " in line]
