"""How soon a password may be tried again: twice as long after each wrong one, for an address and for all of them together. Pure: time is an argument.

A try counts as wrong from its begin on, so that many at once gain nothing. Who was right from an address before is not kept out by strangers.
"""
import collections
import dataclasses
import ipaddress

FIRST_MS = 1000
ADDRESS_FREE, ADDRESS_LONGEST_MS = 5, 3_600_000
# All together: many computers that guess come to one try in a minute.
ALL_FREE, ALL_LONGEST_MS = 10, 60_000
FORGET_MS = 86_400_000
ADDRESSES_MAX, KNOWN_MAX = 1024, 64


@dataclasses.dataclass
class _Tries:
    count: int = 0
    last_ms: int = 0
    next_ms: int = 0

    def add(self, now_ms, free, longest_ms):
        self.count = 1 if now_ms - self.last_ms >= FORGET_MS else self.count + 1
        over = self.count - free
        self.last_ms = now_ms
        self.next_ms = now_ms if over < 0 else now_ms + min(FIRST_MS << min(over, 30), longest_ms)


class Throttle:
    """begin() before each try, succeeded() after a right one. Times are milliseconds that never go back."""

    def __init__(self):
        self._tries = collections.OrderedDict()     # address -> _Tries, the one that tried last at the end
        self._known = collections.OrderedDict()
        self._all = _Tries()

    def __len__(self):
        return len(self._tries)

    def begin(self, address, now_ms):
        """0 if a try may begin now, which then counts; else how many milliseconds to wait, and nothing counts."""
        address = place(address)
        its = self._tries.get(address) or _Tries()
        wait_ms = max(its.next_ms, 0 if address in self._known else self._all.next_ms) - now_ms
        if wait_ms > 0:
            return wait_ms
        its.add(now_ms, ADDRESS_FREE, ADDRESS_LONGEST_MS)
        self._all.add(now_ms, ALL_FREE, ALL_LONGEST_MS)
        self._tries[address] = its
        self._tries.move_to_end(address)
        if len(self._tries) > ADDRESSES_MAX:
            self._tries.popitem(last=False)
        return 0

    def succeeded(self, address):
        """The try that began last there was right."""
        address = place(address)
        self._tries.pop(address, None)
        self._all.count = max(0, self._all.count - 1)
        self._known[address] = True
        self._known.move_to_end(address)
        if len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)


def place(address):
    """Whose tries count together: of IPv6 a network of 64 bits, which one household has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 6:
        return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False).network_address)
    return address
