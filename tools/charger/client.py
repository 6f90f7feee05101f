"""A blocking client of the charger for programs on a computer: thin loops over the firmware's own start/poll functions.

    with Client("/dev/ttyUSB0") as client:
        print(client.reading().code, client.read(0x000F).values)

Getters never write. write() obeys the firmware's list of allowed writes; each is sent once, after an answered reading.
"""
import collections
import os
import select
import time

from hal.posix_ports import Bus
from modbus import ascii, charger, registers, transaction

from tools.charger import ports, find as seek
from tools.charger.ports import ChargerError

ACKED, REFUSED, SILENT = charger.ACKED, charger.REFUSED, charger.SILENT
_OUTCOMES = {transaction.ANSWERED: ACKED, transaction.REFUSED: REFUSED, transaction.UNANSWERED: SILENT}
_OVER = (transaction.ANSWERED, transaction.REFUSED, transaction.UNANSWERED, transaction.EXPIRED)
# Interval for checking an idle port, so that its loss is noticed.
_IDLE_MS = 200
# A port that was closed is tried again once a second (hal.posix_ports).
_REOPEN_MS = 1200

# One block of registers: address, data (bytes) and values (fields by name, or None where the map knows none).
Block = collections.namedtuple("Block", "address data values")


def now_ms():
    """Monotonic milliseconds."""
    return time.monotonic_ns() // 1_000_000


class Tap:
    """The bus, and the last bytes that were heard on it."""

    KEPT = 600

    def __init__(self, bus):
        self.tail = b""
        self._bus = bus
        self.transmit = bus.transmit
        self.fileno = bus.fileno
        self.is_open = bus.is_open
        self.lose = bus.lose

    def read(self):
        """As Bus.read()."""
        data = self._bus.read()
        if data:
            self.tail = (self.tail + data)[-self.KEPT:]
        return data


class Client:
    """One charger behind the serial port `path`. Every method raises ChargerError.

    device_id: 1 to 16, may be changed. direction: 'auto' (adapter switches itself) or 'rts'. counts: of transactions and of line errors.
    heard_ids: ids of boxes whose frames were heard. heard_master: somebody else asks questions on this bus.
    answered: the box has answered something. body: of the latest answer.
    """

    def __init__(self, path, device_id=1, direction="auto", phase_order=registers.PHASE_ORDER):
        check_id(device_id)
        self.path = path
        self.device_id = device_id
        self.direction = direction
        self.phase_order = phase_order
        self.counts = dict.fromkeys(charger.COUNTS, 0)
        self.heard_ids = set()
        self.heard_master = False
        self.answered = False
        self.body = b""
        self._claim = ports.claim(path)
        self.bus = Tap(Bus(path, direction))
        self._master = transaction.Master(self.bus, self.counts)
        if not self.bus.is_open():
            self.close()
            raise ChargerError("not_a_port", f"{path} cannot be set to 38400 baud, 8E1. {ports.hint()}")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        """Give the port back."""
        self.bus.lose()
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None

    # --- the bus

    def exchange(self, request, life_ms=None):
        """Send a transaction.Request in a gap, not later than in life_ms; returns transaction's ANSWERED, REFUSED, UNANSWERED or EXPIRED."""
        master = self._master
        master.start(request, now_ms(), None if life_ms is None else now_ms() + life_ms)
        while True:
            result = master.poll(now_ms())
            if result in _OVER:
                self.answered |= result in (transaction.ANSWERED, transaction.REFUSED)
                self.body = master.body
                return result
            if result == transaction.HEARD:
                self.note(master.start_char, master.body)
            else:
                self.wait(master.due_ms)

    def note(self, start_char, body):
        """Remember who else talks."""
        if start_char == ascii.REQUEST:
            self.heard_master = True
        elif 1 <= body[0] <= 16:
            self.heard_ids.add(body[0])

    def wait(self, until_ms):
        """Until that time or a byte on the bus; raises port_lost."""
        lost_ms = now_ms() + _REOPEN_MS
        while not self.bus.is_open():
            if now_ms() < lost_ms:
                self.rest(0.05)
                continue
            raise ChargerError("port_lost", f"{self.path} has gone: the adapter was unplugged, or the box's side was closed.")
        wait_ms = min(max(until_ms - now_ms(), 0), _IDLE_MS)
        select.select([self.bus.fileno()], (), (), wait_ms / 1000)

    def rest(self, seconds):
        """Do nothing for that long, port or no port."""
        time.sleep(seconds)

    def sleep(self, seconds):
        """Listen for that long."""
        until_ms = now_ms() + int(seconds * 1000)
        while now_ms() < until_ms:
            if self._master.poll(now_ms()) == transaction.HEARD:
                self.note(self._master.start_char, self._master.body)
            else:
                self.wait(until_ms)

    # --- reading

    def try_read(self, address, words=None):
        """A Block, or None if the box is silent about it. `words` is needed for a register that is not in the map."""
        register = mapped(address)
        if register is None and words is None:
            raise ChargerError("argument", f"0x{address:04X} is not in the register map: say how many words it has, as 0x{address:04X}:1")
        words = words or register[registers.WORDS]
        if self.exchange(transaction.read_request(self.device_id, address, words)) != transaction.ANSWERED:
            return None
        data = self.body[3:]
        return Block(address, data, registers.decode(register, data) if register is not None else None)

    def read(self, address, words=None):
        """A Block; no_answer (or what seems to be the reason) where the box is silent."""
        block = self.try_read(address, words)
        if block is not None:
            return block
        if self.answered:
            raise ChargerError("no_answer", f"Box {self.device_id} does not answer any more when asked for 0x{address:04X}: it has just gone, "
                               "or does not know that register.")
        raise seek.diagnose(self)

    def reading(self):
        """The state now: a registers.Reading."""
        reading = registers.Reading(self.phase_order)
        reading.update(self.read(registers.STATUS).data, now_ms())
        return reading

    def try_reading(self):
        """The state now, or None if the box is silent."""
        block = self.try_read(registers.STATUS)
        if block is None:
            return None
        reading = registers.Reading(self.phase_order)
        reading.update(block.data, now_ms())
        return reading

    def limits(self):
        """Duty cycles (box, default, icmax, effective) in 0.1 %, or () if the box does not tell them."""
        block = self.try_read(registers.LIMITS)
        return registers.limits_of(block.data) if block is not None else ()

    def fields(self, address):
        """Fields of a register of the map by name, or None if the box is silent about it."""
        block = self.try_read(address)
        return block.values if block is not None else None

    def device(self):
        """Fields of 0x0001, or None."""
        return self.fields(registers.DEVICE)

    def system(self):
        """Fields of 0x0006, or None."""
        return self.fields(registers.SYSTEM)

    def serial(self):
        """Type and serial number as one text, '' where nothing is programmed, None if the box is silent about it."""
        told = self.fields(registers.SERIAL)
        return None if told is None else (told["model"] or "") + (told["serial"] or "")

    # --- writing

    def write(self, address, value):
        """One write of normal operation, resting on a reading just made; returns ACKED, REFUSED or SILENT. Verifying is the caller's."""
        if not registers.may_write(address, value):
            raise ChargerError("not_allowed", f"0x{value:04X} is never written to 0x{address:04X} in normal operation.")
        self.reading()
        return self.send_write(transaction.write_request(self.device_id, address, value))

    def send_write(self, request):
        """Send a write once, whatever it is; the caller has read the state just before. Returns ACKED, REFUSED or SILENT."""
        result = self.exchange(request, charger.FRESH_MS)
        if result == transaction.EXPIRED:
            raise ChargerError("bus_busy", "Nothing was sent: others talk on this bus without a gap.")
        return _OUTCOMES[result]


def mapped(address):
    """The register of the map at an address, or None."""
    try:
        return registers.find(address)
    except KeyError:
        return None


def check_id(device_id):
    """Raises ChargerError unless 1 to 16."""
    if not 1 <= device_id <= 16:
        raise ChargerError("argument", f"A device id is 1 to 16, not {device_id}.")
