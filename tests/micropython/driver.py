"""Allocations of the board modules while the driver of the RS485 line is on, on MicroPython: prints a JSON object, figures by case.

The stand-ins for pin, port and delay look at heap and stack at each call between enable(1) and enable(0). This build keeps the frames of
running functions on a stack of their own; a board has none and takes them from the heap. So a frame that lies deeper than that of
transmit() counts like bytes of the heap.
"""
import gc
import json
import sys
from array import array

import micropython
from tests.support.fake_board import Part

LOOKS = 1100
heap = array("i", [0] * LOOKS)      # bytes in use at each look
depth = array("i", [0] * LOOKS)     # bytes of frames, those of the stand-in taken off
looks = 0
driving = False
own = {"enable": 0, "write": 0, "sleep_us": 0, "done": 0}   # bytes of frames of each stand-in
takes = 1000                        # bytes that the port's buffer takes
finishes = True


def look(name):
    """Before anything of the stand-in's own."""
    global looks
    if driving and looks < LOOKS:
        heap[looks] = gc.mem_alloc()
        depth[looks] = micropython.pystack_use() - own[name]
        looks += 1


def enable(level):
    global driving
    if level:
        driving = True
    look("enable")
    driving = level == 1


def write(data):
    look("write")
    return len(data) if len(data) < takes else takes


def sleep_us(us):
    look("sleep_us")


def done(patience_ms=0):
    look("done")
    return finishes


def weigh(name, stand_in, argument):
    """How much stack a stand-in takes for itself."""
    global driving, looks
    driving, looks = True, 0
    before = micropython.pystack_use()
    stand_in(argument)
    own[name] = depth[0] - before
    driving, looks = False, 0


class EnablePin:
    OUT = 3

    def __new__(cls, *ignored, **also_ignored):
        return enable


class SilentUart:
    EVEN = 0

    def __new__(cls, *ignored, **also_ignored):
        return Part(any=lambda: 0, write=write, txdone=done, wait_tx_done=done)


class Careless:
    """A bus that does it wrong, so that the looks are seen to see it."""

    def transmit(self, frame):
        enable(1)
        self._send(frame + b"\r\n")
        enable(0)

    def _send(self, frame):
        write(frame)


class Anything:
    """network, pycom or usocket, for import only: every name is there."""

    def __getattr__(self, name):
        return self


def driven(bus, frame):
    """Most bytes that anything took since the driver was enabled, and how often it was looked."""
    global looks
    for _ in range(2):     # the first call may still make what then stays
        looks = 0
        try:
            bus.transmit(frame)
        except HalError:
            pass
    return {"heap": max(heap[:looks]) - heap[0], "frames": max(depth[:looks]) - depth[0], "looks": looks}


sys.modules["machine"] = Part(Pin=EnablePin, UART=SilentUart)
sys.modules["time"] = sys.modules["utime"] = Part(sleep_us=sleep_us, sleep_ms=sleep_us)
for missing in ("network", "pycom", "usocket"):
    sys.modules[missing] = Anything()

from hal import lopy4, mainline_ports  # noqa: E402
from hal.contract import HalError  # noqa: E402

weigh("write", write, b"")
weigh("sleep_us", sleep_us, 1)
weigh("done", done, 1)
weigh("enable", enable, 1)
figures = {}
for board, bus in (("lopy4", lopy4.Bus()), ("mainline", mainline_ports.Bus(1, 5, 6, 3))):
    for case, room, ends in (("usual", 1000, True), ("hangs", 1000, False), ("full", 3, True)):
        takes, finishes = room, ends
        figures[board + ", " + case] = driven(bus, b":0103002E0005C9\r\n")
figures["careless"] = driven(Careless(), b":0103")
print(json.dumps(figures))
