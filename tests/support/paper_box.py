"""A minimal model of wallbox and car in steps of half a second: states, contactor and who switched it. No bus, no bytes."""

from app.evse.evse_model import EvseModel
from modbus import charger as bus

TICK_MS = 500
STATE, ICMAX = 0x0005, 0x0014
RESET, A1, E0, PAUSE = 0x5A5A, 0xA1A1, 0xE0E0, 1000
OWN_DUTY = 267
FAULTS = (0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF9, 0xFA, 0xFB)
# What becomes of a write: done and acknowledged; lost; done, the acknowledgement lost; refused; acknowledged, nothing done; never sent.
WORKS, LOST, MUTE, REFUSED, DEAF, NOT_SENT = range(6)
_OUTCOMES = {WORKS: bus.ACKED, LOST: bus.SILENT, MUTE: bus.SILENT, REFUSED: bus.REFUSED, DEAF: bus.ACKED, NOT_SENT: bus.NOT_SENT}
# A reset takes this long, silent.
BOOT_MS = 3000
FLAGS_STARTS, FLAGS_KEY = 0x8000, 0xC000   # 0x0006 with and without a start after a power cycle


class Sight:
    """What a reading says."""

    def __init__(self, box):
        self.code = box.code
        self.ev_connected = None if box.code >= 0xE0 else box.car and box.code != 0xA1
        self.enable_input = box.key
        self.limit_duty = OWN_DUTY
        self.currents_da = [160, 160, 160] if box.closed else [0, 0, 0]
        self.at_ms = box.now_ms


class PaperBox:
    """moves: (ms, closed, ours, by_reset) of the contactor. fate: of our writes. deaf: answers nothing. blind: does not answer 0x000F.

    facts: what a shell would know of it, kept up by live().
    """

    def __init__(self):
        self.now_ms = 0
        self.code = 0xA1
        self.icmax = OWN_DUTY
        self.key = True
        self.starts = True           # after a reset a connected car needs no key
        self.car = False
        self.willing = True          # the car wants current
        self.fault = None
        self.fate = WORKS
        self.deaf = False
        self.blind = False
        self.moves = []
        self.facts = EvseModel()
        self.facts.en_mode = 1
        self._permitted = False
        self._away_until_ms = 0
        self._cause = (False, False)   # ours, by our reset: what last let current flow, or stopped it
        self._others_ms = 0
        self._read_ms = 0
        self._limits_ms = 0

    @property
    def closed(self):
        return self.code == 0xC2

    def _enter(self, code):
        was = self.closed
        self.code = code
        if self.closed is not was:
            self.moves.append((self.now_ms, self.closed) + self._cause)

    # --- the world

    def others(self):
        """Somebody else, or the car, is the cause of what happens now."""
        self._cause = (False, False)
        self._others_ms = self.now_ms

    def plug(self, there):
        self.others()
        self.car = there
        self._permitted = False
        if not there and self.code in (0xB1, 0xB2, 0xC2):
            self._enter(0xA1)

    def strike(self, code):
        self.others()
        self.fault = code
        self._enter(code)

    def mend(self):
        if self.fault is not None:
            self.others()
            self.fault = None
            self._permitted = False
            self._enter(0xA1)

    def jump(self, code):
        self.others()
        if self.fault is None:
            self._enter(code)

    def restart(self):
        """Reset or power cut."""
        if self.fault == 0xF4:
            self.fault = None
        self._enter(0xA1 if self.fault is None else self.fault)
        self._away_until_ms = self.now_ms + BOOT_MS
        self.icmax = OWN_DUTY
        self._permitted = self.starts and self.car

    # --- what we do to it

    def write(self, register, value):
        """The outcome."""
        if self.deaf or self.now_ms < self._away_until_ms:
            return bus.SILENT
        if self.fate in (WORKS, MUTE):
            self._obey(register, value)
        self._limits_ms = 0
        self._read_ms = -10000   # the next reading follows immediately
        return _OUTCOMES[self.fate]

    def _obey(self, register, value):
        if register == ICMAX:
            # A current that we give while somebody else begins something is not what closes the contactor.
            if value == PAUSE or self.icmax == PAUSE and self.now_ms - self._others_ms > 2500:
                self._cause = (True, False)
            self.icmax = value
        elif value == RESET:
            self._cause = (True, True)
            self.restart()
        elif value == E0 and self.fault is None:
            self._cause = (True, False)
            self._enter(0xE0)
        elif value == A1 and self.code in (0xE0, 0xE2):
            self._cause = (True, False)
            self._permitted = False
            self._enter(0xA1)

    # --- its own life

    def live(self):
        """Half a second."""
        self.now_ms += TICK_MS
        if self.now_ms < self._away_until_ms:
            return
        self._walk()
        if not self.deaf:
            self._tell()

    def _walk(self):
        paused = self.icmax == PAUSE
        if self.code == 0xA1 and self.car:
            self._enter(0xB1)
        elif self.code == 0xB1 and (self.key or self._permitted):
            self._permitted = True
            self._enter(0xB2)
        elif self.code == 0xB2 and not paused and self.willing:
            self._enter(0xC2)
        elif self.closed and (paused or not self.willing):
            if not self.willing:
                self.others()
            self._enter(0xB2)

    def _tell(self):
        facts = self.facts
        if self.now_ms - self._read_ms >= 2000 or facts.reading is None or facts.reading.code != self.code and self.now_ms - self._read_ms >= 1000:
            self._read_ms = self.now_ms
            before = facts.reading
            facts.reading = Sight(self)
            facts.stable_code = self.code if before is not None and before.code == self.code else facts.stable_code
            if self.code in (0xB1, 0xB2, 0xC2):
                facts.car = True
            elif self.code == 0xA1 and not self.car:
                facts.car = False
        facts.flags = FLAGS_STARTS if self.starts else FLAGS_KEY

    def tell_limits(self, at_once):
        """0x000F, as the shell asks for it."""
        if self.deaf or self.now_ms < self._away_until_ms or not at_once and self.now_ms - self._limits_ms < 10000:
            return
        self._limits_ms = self.now_ms
        self.facts.icmax_ms = self.now_ms
        if not self.blind:
            self.facts.icmax, self.facts.box_limit_duty = self.icmax, OWN_DUTY
