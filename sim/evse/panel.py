"""The light and key panel of some wallboxes, the second talker on the bus.

Every 4.5 s or so in A1 and every second otherwise a frame with the state is seen that nobody asked for (docs/protocol.md). Two
readings of that are possible: the box sends it by itself (`spontaneous`), or the panel asks for it as a second master (`master`).
"""

from random import Random

from sim.evse import box_frames

# From one frame to the next: at least, and by chance up to so much more.
WAITING_US = (4_400_000, 200_000)      # in A1
OTHERWISE_US = (950_000, 100_000)
# How long it waits after somebody else's burst before it tries again.
PATIENCE_US = 3_000
# A master leaves others time for their answer too.
MASTER_PATIENCE_US = 20_000


class Panel:
    """Spontaneous frames: the box's own transmitter sends them."""

    def __init__(self, kernel, line, box, port, seed):
        self._kernel = kernel
        self._line = line
        self._box = box
        self._port = port
        self._jitter = Random(seed).random
        self._next()

    def _next(self):
        least_us, more_us = WAITING_US if self._box.code == 'A1' else OTHERWISE_US
        kernel = self._kernel
        kernel.at(kernel.now_us + least_us + int(self._jitter() * more_us), self._tick)

    def _tick(self):
        now_us = self._kernel.now_us
        port = self._port
        line = self._line
        if line.busy_until_us > now_us or port.answering:
            self._kernel.at(max(line.busy_until_us, now_us) + PATIENCE_US, self._tick)
            return
        if now_us >= port.deaf_until_us:
            line.transmit(port, port.state_frame or port.make_state_frame())
        self._next()


class MasterPanel(Panel):
    """A second master beside the box, which asks it for 0x0004."""

    def __init__(self, kernel, line, box, port, seed):
        super().__init__(kernel, line, box, port, seed)
        port.panel = self
        line.attach(self, far=True)

    def on_line(self, data, end_us):
        """It shows what it hears; nobody looks."""

    def _tick(self):
        kernel = self._kernel
        quiet_us = self._line.busy_until_us + MASTER_PATIENCE_US
        if quiet_us > kernel.now_us:
            kernel.at(quiet_us + int(self._jitter() * PATIENCE_US), self._tick)
            return
        if kernel.now_us >= self._port.deaf_until_us:
            self._line.transmit(self, box_frames.frame(b':', bytes((self._box.settings.id, 0x03, 0x00, 0x04, 0x00, 0x01))))
        self._next()


PANELS = {'spontaneous': Panel, 'master': MasterPanel}
