"""Bytes that the bus code allocates on MicroPython: prints a JSON object, figure by name.

gc.mem_alloc() before and after a call gives exactly what it allocated, because nothing is collected while a script runs. What the
bus delivers is made before: its cost depends on the board. Heap blocks are 16 bytes, as on an ESP32.
"""
import gc
import json
import sys

import config
import main
from modbus import ascii, transaction
from modbus.charger import IDLE, READ_EVERY_MS, READING, SIGHTING, ChargerClient
from modbus.transaction import PARTIAL_MS
from tests.support.fake_board import Board

STATUS = b'>01030A2EC29100000100010096D9\r\n'
PANEL = b'>01030204C234\r\n'
PIECES = [bytes((byte,)) for byte in STATUS]
NOISE = [bytes((byte,)) for byte in b'0123\xff\xfe\x80 x\0' * 4]


class AnsweringLine:
    """A line on which data lies until it is read; what is sent gets `answer`."""

    def __init__(self, answer):
        self.data = b''
        self.answer = answer

    def read(self):
        data = self.data
        self.data = b''
        return data

    def transmit(self, frame):
        self.data = self.answer


class RtuUart:
    """machine.UART for umodbus; answers with the same five registers in RTU."""

    ANSWER = bytes.fromhex('01030a2ec291000001000100962982')

    def __init__(self, *ignored, **also_ignored):
        self._left = 0

    def any(self):
        return self._left

    def read(self):
        if self._left:
            self._left = 0
            return self.ANSWER

    def write(self, data):
        self._left = len(self.ANSWER)

    def flush(self):
        pass


class MachineModule:
    """The module `machine` as umodbus.serial wants it."""

    UART = RtuUart
    Pin = None


def cost(function, *arguments):
    """Bytes that function(*arguments) allocates. The second call counts: the first one may still make what then stays."""
    function(*arguments)
    before = gc.mem_alloc()
    function(*arguments)
    return gc.mem_alloc() - before


def listening():
    """A master without a request, and what lies on its bus piece by piece."""
    bus = AnsweringLine(b'')
    counts = {name: 0 for name in ascii.COUNTS + transaction.COUNTS}
    master = transaction.Master(bus, counts)

    def hear(pieces):
        for piece in pieces:
            bus.data = piece
            while master.poll(0) == transaction.HEARD:
                pass

    found = {
        'frame_whole': cost(hear, [STATUS]), 'frame_in_two': cost(hear, [STATUS[:15], STATUS[15:]]), 'frame_bytewise': cost(hear, PIECES),
        'noise_bytewise': cost(hear, NOISE),
    }
    hear(PIECES[:1])
    found['middle_bytewise'] = cost(hear, PIECES[1:-2])
    assert counts['foreign'] == 6
    return found


class Reading:
    """One status reading of a running client: the poll that sends, an idle one, the poll that decodes."""

    def __init__(self):
        self.bus = AnsweringLine(STATUS)
        self.client = ChargerClient(self.bus)
        self.now_ms = 0
        while self.client.poll(self.now_ms) != READING:
            self.now_ms += 1

    def read(self):
        client = self.client
        client.poll(client.due_ms)
        event = client.poll(client.due_ms - 1)
        assert event == READING

    def idle(self):
        event = self.client.poll(self.client.due_ms - 1)
        assert event == IDLE

    def overhear(self):
        self.bus.data = PANEL
        event = self.client.poll(self.client.due_ms - PARTIAL_MS)
        assert event == SIGHTING


def ours():
    reading = Reading()
    assert reading.client.due_ms - reading.now_ms <= READ_EVERY_MS
    found = {'status_reading': cost(reading.read), 'idle_poll': cost(reading.idle), 'sighting': cost(reading.overhear)}
    assert reading.client.reading.code == 0xC2 and reading.client.reading.currents_da == [150, 0, 0]
    return found


def umodbus_itself():
    """The same five registers through umodbus: its messages alone, and its whole RTU master, of which ours is the counterpart."""
    sys.modules['machine'] = MachineModule
    from umodbus.functions import read_holding_registers, to_short
    from umodbus.serial import Serial

    def messages():
        read_holding_registers(0x2E, 5)
        to_short(data, False)

    data = bytes.fromhex('2ec29100000100010096')
    host = Serial(uart_id=1, baudrate=38400, pins=(1, 2))
    assert host.read_holding_registers(1, 0x2E, 5, False) == (0x2EC2, 0x9100, 1, 1, 0x96)
    return {'umodbus_messages': cost(messages), 'umodbus_reading': cost(host.read_holding_registers, 1, 0x2E, 5, False)}


def application():
    """An idle poll of the whole application."""
    board = Board()
    monitor = main.build(board, config.Settings({'REGION': 'AU915'}))
    board.run(lambda: main.loop(board, monitor), 60000)
    return {'idle_application': cost(monitor.poll, monitor.poll(board.clock.now_ms()) - 1)}


figures = {}
for part in (listening, ours, umodbus_itself, application):
    figures.update(part())
print(json.dumps(figures))
