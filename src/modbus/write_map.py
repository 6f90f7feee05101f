"""The writes allowed in normal operation, and conversion between amperes and duty cycles. Pure; part of the loop, so small.

Sources as in modbus.registers, which has the whole map.
"""

# Registers.
STATE = 0x0005
ICMAX = 0x0014

# Values of STATE. The others trip a residual current device (0xF1F1) or belong to a service visit (0x3838, 0xE2E2).
RESET = 0x5A5A
JUMP_A1 = 0xA1A1
JUMP_E0 = 0xE0E0

# Duty cycle of the control pilot in 0.1 % (ABL on 0x0014; the two straight lines are IEC 61851-1's).
DUTY_PAUSE = 1000     # "100 %: no current allowed"
DUTY_MIN = 80
DUTY_KNEE = 850       # 51 A on the first line
DUTY_MAX = 960        # 80 A, the upper end of the second
AMPS_MIN = 6
AMPS_KNEE = 51
AMPS_MAX = 80


def may_write(address, value):
    """True for the writes of normal operation; everything else stays with commissioning, or is never done."""
    if address == STATE:
        return value in (RESET, JUMP_A1, JUMP_E0)
    if address == ICMAX:
        return DUTY_MIN <= value <= DUTY_MAX or value == DUTY_PAUSE
    return False


def duty_of_amps(amps, box_duty=DUTY_MAX):
    """Duty cycle in 0.1 % that offers at most this many whole amperes: 6 to what box_duty, the box's own limit, offers; else ValueError."""
    if not isinstance(amps, int) or amps < AMPS_MIN or amps * 10 > (da_of_duty(box_duty) or 0):
        raise ValueError('amps')
    if amps < AMPS_KNEE:
        return amps * 50 // 3   # I = duty * 0.6 A per %, rounded down: never more than asked for
    return amps * 4 + 640       # I = (duty - 64 %) * 2.5 A per %


def da_of_duty(duty):
    """Current in 0.1 A (rounded) that a duty cycle in 0.1 % offers: 0 for none, None where it is no analogue current."""
    if duty == 0 or duty == DUTY_PAUSE:
        return 0
    if not DUTY_MIN <= duty <= DUTY_MAX:
        return None
    if duty <= DUTY_KNEE:
        return max((duty * 6 + 5) // 10, AMPS_MIN * 10)   # 8 to 10 % are 6 A
    return (duty - 640) * 5 // 2
