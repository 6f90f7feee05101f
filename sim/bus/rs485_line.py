"""The simulated RS485 pair: bit times, collisions, noise and a cut wire.

38400 Bd 8E1, so 11 bits a character (ABL 05 0015 20 Rev. B, 1.3; docs/protocol.md). A burst is handed over whole, at the end of
its last stop bit. Nothing here knows what the bytes mean.
"""

from random import Random

BAUD = 38400
BITS_PER_CHAR = 11
CHAR_US = BITS_PER_CHAR * 1_000_000 / BAUD
# Wire time of a burst by its length, in whole microseconds, rounded up.
_WIRE_US = [-(-n * BITS_PER_CHAR * 1_000_000 // BAUD) for n in range(512)]


def wire_us(length):
    """How long that many characters occupy the line, microseconds."""
    return _WIRE_US[length] if length < 512 else -(-length * BITS_PER_CHAR * 1_000_000 // BAUD)


class _Burst:
    """Bytes under way. damage: None, or intervals (from_us, to_us, node) in which that node drove the line too."""

    __slots__ = ('node', 'data', 'start_us', 'end_us', 'damage')

    def __init__(self, node, data, start_us, end_us):
        self.node = node
        self.data = data
        self.start_us = start_us
        self.end_us = end_us
        self.damage = None

    def damaged_by(self, node, from_us, to_us):
        """Another node drove the line from from_us to to_us."""
        from_us = max(from_us, self.start_us)
        to_us = min(to_us, self.end_us)
        if from_us < to_us:
            if self.damage is None:
                self.damage = []
            self.damage.append((from_us, to_us, node))

    def touched(self, from_us, to_us):
        """Indexes of the characters that an interval touches."""
        first = int((from_us - self.start_us) / CHAR_US)
        last = int((to_us - self.start_us - 1) / CHAR_US)
        return range(first, min(last + 1, len(self.data)))


class Rs485Line:
    """One pair of wires.

    busy_until_us: the end of the last burst begun so far.
    sender: while on_line is called, the node whose burst it is (None: a stranger, see inject).
    collisions: (t_us, who, whom): node `who` began to drive while `whom` was on the line.
    trailing_nul: receivers see a NUL when a driver lets go (the original's scope capture, docs/protocol.md).
    """

    def __init__(self, kernel, seed, trailing_nul=False):
        self.busy_until_us = 0
        self.sender = None
        self.collisions = []
        self._kernel = kernel
        self._random = Random(seed)
        self._nodes = []
        self._far = set()
        self._active = []
        self._drivers = {}
        self._noise = 0.0
        self._noise_until_us = 0
        self._cut_until_us = 0
        self._nul = b''
        # Bursts that begin before this take the slow path at their end.
        self._trouble_until_us = 0
        self.trailing_nul(trailing_nul)

    def attach(self, node, far=False):
        """Add a listener: node.on_line(data, end_us) hears every burst but its own. far: beyond the place where cut() cuts."""
        self._nodes.append(node)
        if far:
            self._far.add(node)

    def detach(self, node):
        """Forget a listener, and let go of its driver; one that is not attached is no error."""
        self.drive(node, False)
        if node in self._nodes:
            self._nodes.remove(node)
            self._far.discard(node)

    def transmit(self, node, data):
        """Put data on the line now (after the node's own burst, if one is under way). Returns when it ends, microseconds."""
        kernel = self._kernel
        now_us = kernel.now_us
        length = len(data)
        end_us = now_us + (_WIRE_US[length] if length < 512 else wire_us(length))
        if self._active or (self._drivers and len(self._drivers) > (node in self._drivers)):
            return self._transmit_into(node, data, end_us - now_us)
        burst = _Burst(node, data, now_us, end_us)
        self._active.append(burst)
        self.busy_until_us = end_us
        kernel.at(end_us, self._deliver, burst)
        return end_us

    def inject(self, data):
        """Bytes from a stranger that every node hears. Returns when they end."""
        return self.transmit(None, data)

    def drive(self, node, on):
        """Switch the node's driver (DE). While it drives it hears nothing, and what others send is garbled."""
        drivers = self._drivers
        now_us = self._kernel.now_us
        if on:
            if node not in drivers:
                drivers[node] = now_us
                if self._active:
                    self.collisions += [(now_us, node, burst.node) for burst in self._others(node)]
        elif node in drivers:
            since_us = drivers.pop(node)
            for burst in self._active:
                if burst.node is not node and not self._apart(node, burst.node):
                    burst.damaged_by(node, since_us, now_us)

    def driven_us(self, node):
        """Since when the node drives the line, or None."""
        return self._drivers.get(node)

    def noise(self, rate, until_us):
        """Until then each byte is flipped or lost with this probability; 0 ends it."""
        self._noise = rate
        self._noise_until_us = until_us if rate else 0
        self._trouble()

    @property
    def noise_rate(self):
        """That probability now."""
        return self._noise if self._kernel.now_us < self._noise_until_us else 0

    def trailing_nul(self, on):
        """Whether receivers see a NUL when a driver lets go, from now on."""
        self._nul = b'\x00' if on else b''
        self._trouble()

    def cut(self, until_us):
        """Until then nothing passes between the near and the far nodes."""
        self._cut_until_us = until_us
        self._trouble()

    def _trouble(self):
        self._trouble_until_us = float('inf') if self._nul else max(self._noise_until_us, self._cut_until_us)

    def _apart(self, one, other):
        """The cut lies between them."""
        if self._kernel.now_us >= self._cut_until_us or one is None or other is None:
            return False
        return (one in self._far) != (other in self._far)

    def _others(self, node):
        """Bursts of others that the node runs into now."""
        now_us = self._kernel.now_us
        return [burst for burst in self._active
                if burst.node is not node and burst.start_us <= now_us < burst.end_us and not self._apart(node, burst.node)]

    def _transmit_into(self, node, data, duration_us):
        """Somebody else is on the line, or the node itself still is."""
        kernel = self._kernel
        now_us = kernel.now_us
        own_end_us = max((burst.end_us for burst in self._active if burst.node is node), default=0)
        if own_end_us > now_us:
            # A UART sends one after the other: stand in line, and look again when it is our turn.
            burst = _Burst(node, data, own_end_us, own_end_us + duration_us)
            self._active.append(burst)
            kernel.at(own_end_us, self._begin, burst)
        else:
            burst = _Burst(node, data, now_us, now_us + duration_us)
            self._begin(burst)
            self._active.append(burst)
        self.busy_until_us = max(self.busy_until_us, burst.end_us)
        return burst.end_us

    def _begin(self, burst):
        now_us = self._kernel.now_us
        node = burst.node
        for other in self._others(node):
            burst.damaged_by(other.node, now_us, other.end_us)
            other.damaged_by(node, now_us, burst.end_us)
            if node not in self._drivers:
                # Who drives already was counted when he began to.
                self.collisions.append((now_us, node, other.node))
        for driver in self._drivers:
            if driver is not node and not self._apart(node, driver):
                self.collisions.append((now_us, node, driver))
        self._kernel.at(burst.end_us, self._deliver, burst)

    def _deliver(self, burst):
        self._active.remove(burst)
        self.sender = sender = burst.node
        drivers = self._drivers
        if burst.damage is not None or self._trouble_until_us > burst.start_us or len(drivers) > (sender in drivers):
            self._deliver_damaged(burst)
            return
        data = burst.data
        end_us = burst.end_us
        for node in self._nodes:
            if node is not sender:
                node.on_line(data, end_us)

    def _deliver_damaged(self, burst):
        for driver, since_us in self._drivers.items():
            if driver is not burst.node and not self._apart(driver, burst.node):
                burst.damaged_by(driver, since_us, burst.end_us)
        damage = burst.damage or ()
        cells = list(burst.data)
        for from_us, to_us, _ in damage:
            for index in burst.touched(from_us, to_us):
                cells[index] = self._garbled()
        if burst.start_us < self._noise_until_us:
            self._add_noise(cells)
        cut = burst.start_us < self._cut_until_us
        sender_far = burst.node in self._far
        for node in self._nodes:
            if node is burst.node or (cut and (node in self._far) != sender_far and burst.node is not None):
                continue
            heard = self._heard_by(node, burst, cells, damage) + self._nul
            if heard:
                node.on_line(heard, burst.end_us)

    def _garbled(self):
        """What a UART makes of two drivers: a wrong byte, or none where parity or stop bit is wrong."""
        bits = self._random.getrandbits(9)
        return bits & 0xFF if bits & 0x100 else None

    def _add_noise(self, cells):
        draw = self._random.random
        rate = self._noise
        for index, cell in enumerate(cells):
            if draw() < rate and cell is not None:
                bits = self._random.getrandbits(4)
                cells[index] = cell ^ (1 << (bits & 7)) if bits & 8 else None

    @staticmethod
    def _heard_by(node, burst, cells, damage):
        deaf = set()
        for from_us, to_us, driver in damage:
            if driver is node:
                deaf.update(burst.touched(from_us, to_us))
        return bytes(cell for index, cell in enumerate(cells) if cell is not None and index not in deaf)
