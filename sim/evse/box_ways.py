"""State transitions that the wallbox makes by itself, and the conditions that block them (bits 3, 4 and 5 of 0x0006)."""

WAYS = ('A1B1', 'B1B2', 'E0A1')


class Ways:
    """permitted: the car that is there may start, by a key turned or a start after power came back."""

    def __init__(self, box, options):
        self.permitted = False
        self._box = box
        self._options = options
        self._blocked = set(options.blocked)

    def block(self, way, closed):
        """Close or open one of WAYS. ValueError for any other."""
        if way not in WAYS:
            raise ValueError('one of %s' % ' '.join(WAYS))
        (self._blocked.add if closed else self._blocked.discard)(way)

    def open(self, way):
        """Nobody closed it, and neither does the enable input where it rules the outlet."""
        if way == 'E0A1' and self._options.en_mode == 2 and not self._box.en1:
            return False
        return way not in self._blocked

    @property
    def waits_for_key(self):
        """The enable input is open that has to be closed to start."""
        return self._options.en_mode == 1 and not self._box.en1

    def first(self):
        """Where the box begins: an outlet that EN1 takes out of use begins so."""
        return 'A1' if self._options.en_mode != 2 or self._box.en1 else 'E0'

    def onward(self):
        """The state it goes to by itself from the one it is in, with a car; None to stay."""
        box = self._box
        if box.code == 'A1' and self.open('A1B1'):
            return 'B1'
        if box.code == 'B1' and self.open('B1B2'):
            held = box.limits.paused and self._options.held_code == 'B1'
            return 'B2' if (self.permitted or not self.waits_for_key) and not held else None
        return None
