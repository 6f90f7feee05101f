"""Garbage collection on small boards is configured before the first import of the firmware, against fragmentation."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
PICO = 187 * 1024

# MicroPython's gc: its settings, and the modules of the firmware imported by then.
START = """
import sys
sys.path[:0] = ['src']
class Gc:
    def collect():
        pass
    def mem_alloc():
        return {heap} // 3
    def mem_free():
        return {heap} - {heap} // 3
class Threshold(Gc):
    def threshold(bytes):
        print(bytes, [name for name in sys.modules if name in ('config', 'modbus', 'lorawan', 'app') or name.startswith(('hal', 'app.'))])
sys.modules['gc'] = {kind}
import main
print('imported', 'app.application' in sys.modules)
"""


def start(kind, heap):
    source = START.format(kind=kind, heap=heap)
    return subprocess.run([sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


def test_a_board_collects_often_from_before_the_first_import_on():
    # A few kilobytes: what one import leaves behind.
    assert start("Threshold", PICO) == [f"{PICO // 32} []", "imported True"] and 4096 < PICO // 32 < 8192


def test_a_board_with_much_memory_collects_seldom():
    assert start("Threshold", 2500 << 10)[0] == f"{(2500 << 10) // 32} []"


def test_an_interpreter_that_cannot_be_told_is_left_alone():
    assert start("Gc", PICO) == ["imported True"]
