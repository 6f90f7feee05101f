"""Known values of the box and its car, collected for one step of the reconciler."""


class EvseModel:
    """reading: modbus.reading.Reading or None; stable_code: the stable state, 0 for none; car: one is there; finished: it charged and
    stopped by itself; drew: it has drawn current since it was allowed to, and was not held since.
    icmax: word 3 of 0x000F, None if the box does not answer that; icmax_ms: when it answered or was found silent,
    None before. box_limit_duty: word 2 of 0x000F, or None. en_mode: bits 1..0 of 0x0001, has_meter: bit 5 of it (phase currents are measured),
    flags: low word of 0x0006, None while not known.
    utc_s: None while not known.
    """

    __slots__ = ('reading', 'stable_code', 'car', 'finished', 'drew', 'icmax', 'icmax_ms', 'box_limit_duty', 'en_mode', 'has_meter',
                 'flags', 'utc_s')

    def __init__(self):
        self.reading = None
        self.stable_code = 0
        self.car = False
        self.finished = False
        self.drew = False
        self.icmax = None
        self.icmax_ms = None
        self.box_limit_duty = None
        self.en_mode = None
        self.has_meter = None
        self.flags = None
        self.utc_s = None

    def restore(self, finished, drew):
        """State of the car as known to an earlier boot."""
        self.finished = finished
        self.drew = drew
