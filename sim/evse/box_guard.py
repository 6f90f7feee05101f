"""The wallbox's own protection: faults, reduced current, overcurrent, and the timeout when no master polls it.

ABL 05 0015 20 Rev. B, 1.4.3 and 3.4 (docs/protocol.md): F states, the reactions BC3 to BC6 inside B and C, and their bits in
0x0006. How long nobody may ask and how a fault ends is in no source: options choose (sim/evse/box_options.py).
"""

SECOND_US = 1_000_000
# Reaction: its bit in 0x0006, and the state of a car that charges with it.
REACTIONS = {
    'BC3': (8, 'C4'),   # load imbalance (F15)
    'BC4': (6, 'C3'),   # phase meter lost
    'BC5': (7, 'C3'),   # board at 60 to 80 degrees C
    'BC6': (9, 'C2'),   # upstream communication lost (F14, which has no state of its own)
}
# These states as injected from outside, by their likeliest cause.
CAUSE_OF = {'C3': 'BC5', 'C4': 'BC3'}
# Overcurrent: above that share of the limit in percent; bits 2..0 of 0x0006; F9 after that many seconds.
OVERCURRENT = ((120, 0b111, 10), (110, 0b011, 100), (105, 0b101, 1000), (100, 0b001, None))
# The older controllers try again that often (ABL V2.7 manual 03 0009 01 F).
RETRY_US = 30 * SECOND_US


class Guard:
    """code: the F state in force, or None. reactions: those of REACTIONS in force. over: bits 2..0 of 0x0006.

    It calls box.guard_changed(): code or reactions are others now.
    """

    def __init__(self, kernel, box, port, options):
        self.code = None
        self.reactions = set()
        self.over = 0
        self._kernel = kernel
        self._box = box
        self._port = port
        self._options = options
        self._cause = False       # what led to the F state is still there
        self._asked_us = 0
        self._lost = False        # nobody asked for too long
        self._watching = None
        self._retrying = None
        self._tripping = None

    @property
    def charging_code(self):
        """The state of a car that charges now: C2, or C3 or C4 with less current."""
        codes = [REACTIONS[name][1] for name in self.reactions]
        return max(codes, default='C2')

    @property
    def bits(self):
        """9..6 and 2..0 of 0x0006."""
        return sum(1 << REACTIONS[name][0] for name in self.reactions) | self.over

    # --- faults and reactions

    def strike(self, name):
        """An F state, or a reaction, from now on."""
        if name in REACTIONS:
            self.reactions.add(name)
        else:
            self.code = name
            self._cause = True
            if name == 'F4':
                self._lost = True
                self._port.on_asked = self._asked
            self._retry_later()
        self._box.guard_changed()

    def mend(self):
        """What was wrong is repaired. Whether an F state ends now, with the next retry or a reset is the option fault_ends."""
        self.reactions.clear()
        self._cause = False
        if self.code is not None and self._options.fault_ends == 'mended':
            self.code = None
        self._box.guard_changed()

    def restart(self):
        """Reset or power-up: repaired faults and timeouts are over, and the upstream timeout starts again."""
        if not self._cause or self.code == 'F4':
            self.code = None
            self._cause = False
        else:
            self._retry_later()
        self.listen()

    def _retry_later(self):
        self._kernel.cancel(self._retrying)
        if self._options.fault_ends == 'retry':
            self._retrying = self._kernel.after(RETRY_US, self._retry)

    def _retry(self):
        if self.code is None:
            return
        if self._cause:
            self._retry_later()
        else:
            self.code = None
            self._box.guard_changed()

    # --- whether anybody asks

    def listen(self):
        """The upstream timeout begins, unless the settings in force say that there is none."""
        self._found()
        watched = self._box.settings.upstream_timeout
        self._port.on_asked = self._asked if watched else None
        if watched:
            self._asked_us = self._kernel.now_us
            self._watch()

    def stop(self):
        """No power."""
        for timer in (self._watching, self._tripping, self._retrying):
            self._kernel.cancel(timer)
        self.over = 0

    def _watch(self):
        self._watching = self._kernel.at(self._asked_us + int(self._options.upstream_timeout_s * SECOND_US), self._look)

    def _look(self):
        if self._kernel.now_us < self._asked_us + self._options.upstream_timeout_s * SECOND_US:
            self._watch()
            return
        if self._options.upstream_reaction == 'F14':
            self._lost = True
            self.strike('BC6')
        elif self.code is None:
            self.strike('F4')
        else:
            # Two simultaneous faults are not distinguished: look again when the first may be over.
            self._asked_us = self._kernel.now_us
            self._watch()

    def _asked(self, wrote):
        """The port: a telegram for this box."""
        if not wrote and self._options.upstream_fed_by == 'writes':
            return
        self._asked_us = self._kernel.now_us
        if self._lost:
            self._found()
            if self._box.settings.upstream_timeout:
                self._watch()
            self._box.guard_changed()

    def _found(self):
        """Somebody asks again."""
        if not self._lost:
            return
        self._lost = False
        self.reactions.discard('BC6')
        if self.code == 'F4':
            self._cause = False
            if self._options.f4_ends == 'polling':
                self.code = None

    # --- overcurrent

    def measure(self, draw_ma, limit_ma):
        """The car draws that much per phase of what it may; limit_ma None: nobody measures."""
        over, after_s = 0, None
        if limit_ma:
            for percent, bits, seconds in OVERCURRENT:
                if draw_ma * 100 > limit_ma * percent:
                    over, after_s = bits, seconds
                    break
        if over != self.over:
            self.over = over
            self._kernel.cancel(self._tripping)
            self._tripping = None if after_s is None else self._kernel.after(after_s * SECOND_US, self.strike, 'F9')
