"""The wallbox's 21 states: pilot signal, durations and fault codes (ABL 05 0015 20 Rev. B, 3.4; docs/protocol.md)."""

from sim.vehicle import PILOT_OFF, PILOT_STEADY

FAULTS = ('F1', 'F2', 'F3', 'F4', 'F5', 'F6', 'F7', 'F8', 'F9', 'FA', 'FB')
CHARGING = ('C2', 'C3', 'C4')
SERVICE = ('E1', 'E3')
CODES = ('A1', 'B1', 'B2') + CHARGING + ('E0', 'E1', 'E2', 'E3') + FAULTS

# Pilot signal without an offer; B2 and C add the PWM when current is allowed.
PILOT = {code: PILOT_STEADY if code[0] in 'ABC' else PILOT_OFF for code in CODES}
OFFERING = ('B2',) + CHARGING

# How long the box takes from one state to the next by itself: the traces show A1, B1 and B2 pass within a second or two.
STEP_US = {'A1': (200_000, 400_000), 'B1': (300_000, 600_000)}
# Between the acknowledgement of a reset and the dark; long enough for the acknowledgement to be out.
RESET_DELAY_US = 30_000
# Silence after a reset or when power comes back (docs/simulation.md).
BOOT_US = 3_000_000

# What a type is completed with to the 14 characters of 0x0050 (the printed example).
SERIAL = '2W22xy01234567'
