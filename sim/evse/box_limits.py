"""The box's current limit: duty cycles * 10, of 0.06 A each up to 51 A (ABL 05 0015 20 Rev. B, 3.2; docs/protocol.md)."""

MA_PER_DUTY = 60
PAUSE = 1000         # 0x0014: 100 % duty cycle, no current allowed
LEAST = 0x0050       # 0x0014: anything below is refused
DIGITAL = 50         # 5 %: the pulses of a car that negotiates; some boxes make them of 50 to 79 (empirical)
LEAST_OFFER = 100    # 8 to 10 % is raised to 10 %, 6 A (empirical)
REDUCED = 0x00A6     # 10 A, all that the box allows itself on BC3 to BC6

# Type, by the first four characters of the serial number, to its largest current.
OF_TYPE = {'1W11': 0x10B, '2W11': 0x10B, '3W11': 0x10B, '1W22': 0x215, '2W22': 0x215, '3W22': 0x215}


class BoxLimits:
    """box: what the type can do. default: what the installer set. icmax: as written to 0x0014, lost without power.

    least: the smallest Icmax accepted. shown: the last limit that was no pause, which 0x002E goes on showing. reduced: bit 14 of 0x002E.
    """

    def __init__(self, box_type, least=LEAST):
        self.least = least
        self.box = self.default = OF_TYPE[box_type]
        self.reduced = False
        self.restart()

    def restart(self):
        """Without power Icmax is forgotten."""
        self.icmax = self.default
        self._follow()

    def set_icmax(self, duty):
        """A write of 0x0014."""
        self.icmax = duty
        self._follow()

    def set_reduced(self, reduced):
        """BC3 to BC6 came or went."""
        self.reduced = reduced
        self._follow()

    @property
    def paused(self):
        """No current is allowed."""
        return self.icmax == PAUSE

    @property
    def digital(self):
        """5 % pulses: a current would have to be negotiated, of which the box knows nothing."""
        return self.icmax < LEAST

    @property
    def icmax_a(self):
        """The limit in force, amperes; 0 in a pause and with 5 % pulses."""
        return 0 if self.paused or self.digital else round(self.shown * MA_PER_DUTY / 1000, 2)

    @property
    def shown_ma(self):
        """The limit last shown, per phase."""
        return self.shown * MA_PER_DUTY

    def _follow(self):
        if self.digital:
            self.shown = DIGITAL
        elif not self.paused:
            duty = min(max(self.icmax, LEAST_OFFER), self.default)
            self.shown = min(duty, REDUCED) if self.reduced else duty
