"""Independent programs on `python -m sim charger`, and our client on an independent server.

Both foreign masters know only `:` as a first character, so what the box says passes a shim that makes `:` of its `>`.
"""

import asyncio
import os
import pathlib
import select
import subprocess
import sys
import termios
import threading
import time
import tty

import minimalmodbus
import pytest
import serial
from hal.posix_ports import Bus
from modbus import charger as our
from modbus import registers, transaction
from pymodbus import ExceptionResponse, FramerType, ModbusException
from pymodbus.client import ModbusSerialClient
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

ROOT = pathlib.Path(__file__).resolve().parents[3]
PATIENCE_S = 10
TIMEOUT_S = 0.3
# What a box of type 2W22 with firmware 1.3 says, without a car and with its key locked: block by block, as the maker's document and
# published traces have it.
CONTENTS = {
    0x0001: '018113BD', 0x0003: '0327', 0x0004: '04A1', 0x0006: '06A18010', 0x000F: '0F3F0215021502150000',
    0x0015: '15A10ADA000000000ACB', 0x002E: '2EA1021503E803E803E8', 0x0033: '3300A1646464', 0x0050: '50003257323278793031323334353637',
}
WORDS = {address: [int(text[at:at + 4], 16) for at in range(0, len(text), 4)] for address, text in CONTENTS.items()}
ICMAX, STATE = 0x0014, 0x0005


def colon(data):
    """The shim."""
    return data.replace(b'>', b':')


class ShimmedPort(serial.Serial):
    """A serial port whose answers begin with `:`."""

    def read(self, size=1):
        return colon(super().read(size))


@pytest.fixture(scope='module')
def link(tmp_path_factory):
    """One box, awake and alone on its bus, for all that leave it as it was."""
    path = str(tmp_path_factory.mktemp('bus') / 'wallbox')
    process = subprocess.Popen([sys.executable, '-m', 'sim', 'charger', '--link', path], cwd=ROOT, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == 'ready %s\n' % path
    yield path
    process.terminate()
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0


def patiently(connect):
    """The first true result. Right after another program the terminal may not be armed again, see sim/bus/pty_port.py."""
    ends = time.monotonic() + PATIENCE_S
    while True:
        connected = connect()
        if connected:
            return connected
        assert time.monotonic() < ends
        time.sleep(0.01)


def opened(kind, link):
    def connect():
        try:
            return kind(link, 38400, parity=serial.PARITY_EVEN, timeout=TIMEOUT_S)
        except (termios.error, OSError):
            return None
    return patiently(connect)


@pytest.fixture
def minimal(link):
    port = opened(ShimmedPort, link)
    yield minimalmodbus.Instrument(port, 1, mode=minimalmodbus.MODE_ASCII)
    port.close()


@pytest.fixture
def pymodbus(link):
    client = ModbusSerialClient(link, framer=FramerType.ASCII, baudrate=38400, parity='E', timeout=TIMEOUT_S, retries=0,
                                trace_packet=lambda sending, data: data if sending else colon(data))
    patiently(client.connect)
    yield client
    client.close()


@pytest.mark.parametrize('address', sorted(WORDS))
def test_both_read_every_register(address, minimal, pymodbus):
    words = WORDS[address]
    assert minimal.read_registers(address, len(words)) == words
    assert pymodbus.read_holding_registers(address, count=len(words), device_id=1).registers == words


def icmax(minimal):
    return minimal.read_registers(0x000F, 5)[3]


def test_both_set_the_current_and_see_it_in_the_limits(minimal, pymodbus):
    try:
        minimal.write_registers(ICMAX, [0x0064])
        assert icmax(minimal) == 0x0064
        answer = pymodbus.write_registers(ICMAX, [0x010A], device_id=1)
        assert not answer.isError() and (answer.address, answer.count) == (ICMAX, 1)
        assert icmax(minimal) == 0x010A
    finally:
        minimal.write_registers(ICMAX, [0x0215])


def test_both_are_told_of_a_refused_write(minimal, pymodbus):
    with pytest.raises(minimalmodbus.SlaveReportedException):
        minimal.write_registers(ICMAX, [0xFFFF])
    answer = pymodbus.write_registers(ICMAX, [0xFFFF], device_id=1)
    assert isinstance(answer, ExceptionResponse) and answer.exception_code == ExcCodes.DEVICE_FAILURE
    assert icmax(minimal) == 0x0215


@pytest.mark.parametrize('address, count', [(ICMAX, 1), (0x0001, 3), (0x002E, 1), (0x0009, 2)])
def test_both_meet_silence_where_the_document_says_so(address, count, minimal, pymodbus):
    with pytest.raises(minimalmodbus.NoResponseError):
        minimal.read_registers(address, count)
    with pytest.raises(ModbusException):
        pymodbus.read_holding_registers(address, count=count, device_id=1)


def test_both_meet_silence_with_another_function(minimal, pymodbus):
    with pytest.raises(minimalmodbus.NoResponseError):
        minimal.write_register(ICMAX, 100, functioncode=6)
    with pytest.raises(ModbusException):
        pymodbus.read_input_registers(0x0001, count=2, device_id=1)


def test_both_lock_and_unlock(minimal, pymodbus):
    minimal.write_registers(STATE, [0xE0E0])
    assert pymodbus.read_holding_registers(0x0004, count=1, device_id=1).registers == [0x04E0]
    assert not pymodbus.write_registers(STATE, [0xA1A1], device_id=1).isError()
    assert minimal.read_registers(0x0004, 1) == [0x04A1]


def test_a_broadcast_write_is_obeyed_in_silence(minimal, link, pymodbus):
    everybody = minimalmodbus.Instrument(minimal.serial, 0, mode=minimalmodbus.MODE_ASCII)
    try:
        everybody.write_registers(ICMAX, [0x00A6])
        assert icmax(minimal) == 0x00A6
        pymodbus.write_registers(ICMAX, [0x0085], device_id=0, no_response_expected=True)
        time.sleep(0.05)
        assert icmax(minimal) == 0x0085
    finally:
        minimal.write_registers(ICMAX, [0x0215])


def test_without_the_shim_neither_understands_the_box(link):
    """Should this ever fail, the shim may go."""
    with opened(serial.Serial, link) as port:
        with pytest.raises(minimalmodbus.ModbusException):
            minimalmodbus.Instrument(port, 1, mode=minimalmodbus.MODE_ASCII).read_registers(0x0004, 1)


# --- our client and a server that is not ours


class JoinedPtys:
    """Two pseudo-terminals, joined: what is written to one is read from the other."""

    def __init__(self):
        pairs = [os.openpty(), os.openpty()]
        for _, terminal in pairs:
            tty.setraw(terminal)
        self.ends = [os.ttyname(terminal) for _, terminal in pairs]
        self._fds = [fd for pair in pairs for fd in pair]
        self._joined = [pair[0] for pair in pairs]
        self._stop, self._stopped = os.pipe()
        self._thread = threading.Thread(target=self._carry)
        self._thread.start()

    def _carry(self):
        one, other = self._joined
        across = {one: other, other: one}
        while True:
            ready = select.select([one, other, self._stop], (), ())[0]
            if self._stop in ready:
                return
            for fd in ready:
                os.write(across[fd], os.read(fd, 4096))

    def close(self):
        os.write(self._stopped, b'x')
        self._thread.join()
        for fd in self._fds + [self._stop, self._stopped]:
            os.close(fd)


class PymodbusServer:
    """pymodbus's ASCII server with the box's registers at their addresses; values above Icmax's range it refuses."""

    def __init__(self, path):
        writable = {STATE: [0], ICMAX: [0x0215]}
        blocks = [SimData(address, values=list(words), datatype=DataType.REGISTERS)
                  for address, words in sorted({**WORDS, **writable}.items())]
        self.written = []
        self._device = SimDevice(id=1, simdata=blocks, action=self._accessed)
        self._path = path
        self._loop = asyncio.new_event_loop()
        self._serving = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._thread.start()
        assert self._serving.wait(PATIENCE_S)

    async def _accessed(self, function_code, start_address, address, count, current_registers, set_values):
        if set_values is None:
            return None
        if address == ICMAX and set_values[0] > 1000:
            return ExcCodes.DEVICE_FAILURE
        self.written.append((address, list(set_values)))
        return None

    async def _serve(self):
        self._server = ModbusSerialServer(self._device, framer=FramerType.ASCII, port=self._path, baudrate=38400, parity='N')
        await self._server.serve_forever(background=True)
        self._serving.set()
        await self._server.serving

    def close(self):
        asyncio.run_coroutine_threadsafe(self._server.shutdown(), self._loop).result(PATIENCE_S)
        self._thread.join(PATIENCE_S)
        self._loop.close()


@pytest.fixture
def served():
    wire = JoinedPtys()
    server = PymodbusServer(wire.ends[0])
    bus = Bus(wire.ends[1], 'auto')
    yield server, our.ChargerClient(bus)
    bus.lose()
    server.close()
    wire.close()


def now_ms():
    return time.monotonic_ns() // 1_000_000


def until(client, wanted):
    """Poll until that event."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        event = client.poll(now_ms())
        if event == wanted:
            return
        assert event == our.IDLE, event
        time.sleep(0.001)
    raise AssertionError('event %d did not come' % wanted)


def test_our_client_reads_and_writes_a_server_that_is_not_ours(served):
    server, client = served
    client.watch_limits = True
    until(client, our.READING)
    reading = client.reading
    assert (reading.code, reading.ev_connected, reading.enable_input, reading.limit_duty) == (0xA1, False, False, 0x0215)
    assert reading.currents_da == [None, None, None]
    until(client, our.LIMITS)
    assert client.limits == (0x0215, 0x0215, 0x0215, 0)
    assert client.write(ICMAX, 0x00A6, now_ms())
    until(client, our.WRITTEN)
    assert client.outcome == our.ACKED and server.written == [(ICMAX, [0x00A6])]
    assert client.write(STATE, 0xE0E0, now_ms())
    until(client, our.READING)
    until(client, our.WRITTEN)
    assert client.outcome == our.ACKED and server.written[1:] == [(STATE, [0xE0E0])]
    counts = client.counts
    assert counts['sent'] == counts['answered'] and counts['lrc_errors'] == counts['timeouts'] == counts['foreign'] == 0


def test_our_client_finds_every_register_of_the_map_at_its_address_there(served):
    _, client = served
    master = client._master
    readable = [row[0] for row in registers.REGISTERS if row[0] in WORDS]
    assert sorted(readable) == sorted(WORDS)
    for address in readable:
        master.start(transaction.read_request(1, address, registers.find(address)[registers.WORDS]), now_ms())
        ends = time.monotonic() + PATIENCE_S
        while master.poll(now_ms()) != transaction.ANSWERED:
            assert time.monotonic() < ends
            time.sleep(0.001)
        assert master.body[3:].hex().upper() == CONTENTS[address]
