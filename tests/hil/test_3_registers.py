"""Every readable register, and the values that must agree with each other."""
import pytest
from modbus import registers

# Read beside the map's: (address, words). The survey of goingelectric.de t=38749 found them; nobody knows what they mean.
UNDOCUMENTED = ((0x0009, 2), (0x000D, 2), (0x0015, 5))
DOCUMENTED = ((0x0001, 2), (0x0003, 1), (0x0004, 1), (0x0006, 2), (0x000F, 5), (0x002E, 5), (0x0033, 3), (0x0050, 8))
MAPPED = ((one[registers.ADDRESS], one[registers.WORDS]) for one in registers.REGISTERS if one[registers.ACCESS] & registers.READ)
# Without these the firmware cannot work, or cannot say what it is connected to (ABL 05 0015 20 Rev. B, 1.4).
NEEDED = (0x0001, 0x0003, 0x0006, 0x002E, 0x0033)
READABLE = sorted({*UNDOCUMENTED, *DOCUMENTED, *MAPPED})

PLAIN_LINE = 0x27     # 38400 baud, even parity, one stop bit
NO_CURRENT_DA, NO_CURRENT_A = 1000, 100


@pytest.mark.parametrize("address, words", READABLE, ids=[f"0x{address:04X}" for address, _ in READABLE])
def test_a_readable_register_is_read(site, client, found, address, words):
    site.capture.note(f"register 0x{address:04X}")
    block = client.try_read(address, words)
    found.setdefault("registers", {})[address, words] = block
    if address == 0x0006 and block is not None:
        found["system"] = block.data[2] << 8 | block.data[3]
    assert block is not None or address not in NEEDED, "silence"


def test_a_wrong_number_of_words_is_not_answered_with_something_else(site):
    """ABL 1.4.3: silence."""
    assert site.ask(0x0001, 3) is None


def test_a_register_for_writing_only_is_not_answered(site):
    assert site.ask(0x0014, 1) is None


def test_line_settings_are_those_it_was_reached_with(client):
    assert client.read(0x0003, 1).data[1] == PLAIN_LINE


def test_all_registers_agree_on_the_state(client):
    """The state may change between two readings, but hardly three times."""
    seen = []
    for _ in range(3):
        panel, short = client.try_read(0x0004, 1), client.read(0x0033, 3).data
        codes = {client.reading().code, short[2]} | ({panel.data[1]} if panel is not None else set())
        seen.append(codes)
        if len(codes) == 1:
            return
    pytest.fail(f"0x0004, 0x002E and 0x0033 say different states: {seen}")


def test_both_registers_agree_on_the_currents(client):
    """0x002E in 0.1 A, 0x0033 in 1 A; a charging car may change its mind in between."""
    for _ in range(3):
        fine, coarse = client.read(0x002E, 5).data, client.read(0x0033, 3).data
        fine_da = [fine[at] << 8 | fine[at + 1] for at in (4, 6, 8)]
        coarse_a = list(coarse[3:6])
        if all(a == NO_CURRENT_A if da == NO_CURRENT_DA else abs(da - 10 * a) <= 20 for da, a in zip(fine_da, coarse_a)):
            return
    pytest.fail(f"0x002E says {fine_da} in 0.1 A, 0x0033 {coarse_a} in A")


def test_limits_are_in_their_order(client):
    limits = client.limits()
    if limits:
        box, default, icmax, effective = limits
        assert default <= box and effective <= max(default, registers.DUTY_PAUSE)
