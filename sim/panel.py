"""The light and key panel of some wallboxes, the other talker on the bus.

Every 4.5 s or so in A1 and every second otherwise a frame with the state is seen that nobody asked for (reference section 1). Two
readings of that are possible: the box sends it by itself (`spontaneous`), or the panel asks for it as a second master (`master`).
"""

from random import Random

from sim import box_frames

WAITING_US = 4_400_000      # in A1
OTHERWISE_US = 950_000
JITTER_US = {WAITING_US: 200_000, OTHERWISE_US: 100_000}
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
        kernel.after(self._period_us(), self._tick)

    def _period_us(self):
        base_us = WAITING_US if self._box.code == 'A1' else OTHERWISE_US
        return base_us + int(self._jitter() * JITTER_US[base_us])

    def _tick(self):
        kernel = self._kernel
        port = self._port
        busy_until_us = self._line.busy_until_us
        if busy_until_us > kernel.now_us or port.answering:
            kernel.at(max(busy_until_us, kernel.now_us) + PATIENCE_US, self._tick)
            return
        if not port.deaf:
            self._line.transmit(port, port.state_frame())
        kernel.after(self._period_us(), self._tick)


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
        if not self._port.deaf:
            self._line.transmit(self, box_frames.frame(b':', bytes((self._box.settings.id, 0x03, 0x00, 0x04, 0x00, 0x01))))
        kernel.after(self._period_us(), self._tick)


PANELS = {'spontaneous': Panel, 'master': MasterPanel}
