"""The firmware's bus client, a wallbox and a second master on one line, in virtual time: answers and collisions."""

from random import Random

from modbus import charger
from sim.boards.simulated_board import SimBus
from sim.kernel import Kernel
from sim.bus.rs485_line import Rs485Line
from sim.vehicle import make_vehicle
from sim.evse.wallbox import Wallbox

SECOND_US = 1_000_000
READ_US = 2 * SECOND_US


class Interference:
    """Garbles the line, in strokes of a mean length, for that share of the time; hears nothing."""

    def __init__(self, kernel, line, seed, share, stroke_us):
        self._kernel = kernel
        self._line = line
        self._random = Random(seed)
        self._rest_us = stroke_us * (1 - share) / share
        self._stroke_us = stroke_us
        self._begin()

    def _begin(self):
        self._kernel.after(int(self._random.expovariate(1 / self._rest_us)), self._strike)

    def _strike(self):
        self._line.drive(self, True)
        self._kernel.after(int(self._random.expovariate(1 / self._stroke_us)), self._end)

    def _end(self):
        self._line.drive(self, False)
        self._begin()


class SharedBus:
    """reads: those begun. took_us: how long each answered one took. late: answered after more than 2 s, or not at all."""

    def __init__(self, seed=1, noise=0.0, storm=None, **options):
        self.kernel = Kernel()
        self.line = Rs485Line(self.kernel, seed)
        self.box = Wallbox(self.kernel, self.line, lambda kind, t_us=None, **fields: None, seed=seed, **options)
        self.box.plug(make_vehicle(self.kernel, seed=seed))
        self.storm = Interference(self.kernel, self.line, seed, *storm) if storm else None
        if noise:
            self.line.noise(noise, 1 << 62)
        self.bus = SimBus(self.kernel, self.line)
        self.client = charger.ChargerClient(self.bus)
        self.reads = self.late = 0
        self.took_us = []

    def run(self, reads):
        """Run until that many reads are over."""
        kernel, client = self.kernel, self.client
        begun_us = None
        while self.reads < reads:
            counted = client.counts['reads']
            event = client.poll(kernel.now_us // 1000)
            if event == charger.READING:
                took_us = kernel.now_us - begun_us
                self.took_us.append(took_us)
                self.reads += 1
                self.late += took_us > READ_US
                begun_us = None
            elif event == charger.READ_FAILED:
                self.reads += 1
                self.late += 1
                begun_us = None
            if client.counts['reads'] != counted:
                begun_us = kernel.now_us
            due_us = client.due_ms * 1000
            if due_us > kernel.now_us:
                kernel.sleep_until(due_us)
        return self

    @property
    def ours(self):
        """Collisions that we caused; against the storm nobody can listen."""
        return [collision for collision in self.line.collisions if collision[1] is self.bus and collision[2] is not self.storm]
