"""Reads limits, flags and identity of the box when they are needed, and follows whether the car has charged and finished."""

from modbus import reading as wire
from modbus.write_map import da_of_duty

from app.evse.evse_model import EvseModel
from app.evse.states import CODE_A1, CODE_B2

# Greatest age of flags while they are needed.
FLAGS_EVERY_MS = 30000
# The identity of the box is read once, this time after the start, and again later if it did not answer.
_IDENTIFY_MS = 60000
_AGAIN_MS = 3600000


class Poller:
    """box: the EvseModel for the reconciler. Its methods take the events of the bus. firmware, upstream_timeout: of 0x0001, None
    while not known."""

    def __init__(self, charger, evse_monitor):
        self.box = EvseModel()
        self._charger = charger
        self._evse_monitor = evse_monitor
        self._changes = 0         # of the car, in the EVSE monitor
        self._asking = None       # address of the requested block
        self._flags_ms = None     # the latest request of flags
        self._identify_ms = _IDENTIFY_MS
        self.firmware = None      # (major, minor)
        self.upstream_timeout = None

    # --- events of the bus

    def limits(self, now_ms):
        """0x000F was answered."""
        self._take_limits(self._charger.limits, now_ms)

    def read_failed(self, now_ms):
        """A read went unanswered."""
        if self._charger.failed_address == wire.LIMITS:
            self._take_limits(None, now_ms)

    def block(self, now_ms):
        """A requested block arrived, or was not answered."""
        asked, block = self._asking, self._charger.block
        self._asking = None
        if asked == wire.LIMITS:
            self._take_limits(None if block is None else wire.limits_of(block), now_ms)
        elif block is None:
            return
        elif asked == wire.DEVICE:
            self.box.en_mode = block[3] & 3
            self.firmware = block[2] >> 4, block[2] & 15
            self.box.has_meter = block[3] & 0x20 != 0
            self.upstream_timeout = block[3] & 0x40 != 0
        elif asked == wire.SYSTEM:
            self.box.flags = block[2] << 8 | block[3]

    def _take_limits(self, limits, now_ms):
        box = self.box
        if limits is not None:
            box.box_limit_duty = limits[1]
            box.icmax = limits[2]
            box.icmax_ms = now_ms
        elif box.icmax is None:
            # It never answered, and is known to be silent now.
            box.icmax_ms = now_ms

    # --- known values, and requests

    def look(self, utc_s, held, flowing):
        """The box as of now. held: the decision is to hold the car or to lock the outlet; flowing: current flows."""
        box = self.box
        evse_monitor = self._evse_monitor
        reading = self._charger.reading
        box.reading = reading if reading.code is not None else None
        box.stable_code = evse_monitor.code
        box.car = evse_monitor.car
        box.utc_s = utc_s
        if evse_monitor.changes != self._changes or not evse_monitor.car and evse_monitor.code == CODE_A1:
            self._changes = evse_monitor.changes
            box.drew = box.finished = False
        elif not evse_monitor.car:
            return box
        elif held:
            # A finished car stays finished the next night; a car stopped by the monitor has not finished.
            box.drew = False
        elif flowing:
            box.drew = True
            box.finished = False
        elif box.drew and box.reading is not None and reading.code == CODE_B2 == evse_monitor.code:
            # It drew current and stopped, though it was allowed more.
            box.finished = True
        return box

    def ask(self, reconciler, now_ms):
        """Request the values that the next step needs."""
        self._charger.want_limits(reconciler.wants_limits)
        if reconciler.limits_stale:
            self._read(wire.LIMITS, wire.LIMITS_WORDS, now_ms)
        if reconciler.wants_flags and (self._flags_ms is None or now_ms - self._flags_ms >= FLAGS_EVERY_MS):
            if self.box.en_mode is None and self._flags_ms is None:
                if self._read(wire.DEVICE, wire.DEVICE_WORDS, now_ms):
                    self._flags_ms = now_ms - FLAGS_EVERY_MS
            elif self._read(wire.SYSTEM, wire.SYSTEM_WORDS, now_ms):
                self._flags_ms = now_ms

        elif now_ms >= self._identify_ms:
            if self.firmware is None:
                asked = self._read(wire.DEVICE, wire.DEVICE_WORDS, now_ms)
            else:
                asked = self.box.flags is not None or self._read(wire.SYSTEM, wire.SYSTEM_WORDS, now_ms)
            if asked:
                self._identify_ms = now_ms + (_AGAIN_MS if self.firmware is not None else _IDENTIFY_MS)

    @property
    def starts(self):
        """True if a car may start after a power cycle without the key; None while not known."""
        return None if self.box.flags is None else not self.box.flags & wire.NO_START

    def limit_da(self):
        """The box's own limit in 0.1 A, None while not known."""
        return None if self.box.box_limit_duty is None else da_of_duty(self.box.box_limit_duty)

    def _read(self, address, words, now_ms):
        if self._asking is not None or not self._charger.read(address, words, now_ms):
            return False
        self._asking = address
        return True
