"""Settings that the wallbox keeps without power: its id and the two options of 0x002C."""


class BoxSettings:
    """id (1 to 16), upstream_timeout (F4 when nobody polls), start_after_power_cycle (a connected car needs no key then)."""

    def __init__(self, device_id, upstream_timeout, start_after_power_cycle):
        self.id = device_id
        self.upstream_timeout = upstream_timeout
        self.start_after_power_cycle = start_after_power_cycle

    def copy(self):
        """The same, to be changed apart."""
        return BoxSettings(self.id, self.upstream_timeout, self.start_after_power_cycle)

    def change(self, device_id, timeout_bits, start_bits):
        """A write of 0x002C: two bits each, of which 00 and 11 change nothing (ABL 05 0015 20 Rev. B; docs/protocol.md)."""
        self.id = device_id
        if timeout_bits in (1, 2):
            self.upstream_timeout = timeout_bits == 2
        if start_bits in (1, 2):
            self.start_after_power_cycle = start_bits == 1
