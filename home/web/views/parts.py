"""The newest messages of a device by what they tell: pages that belong together, each with when it came."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Part:
    received_ms: int
    data: dict


def pages(newest, kind, part):
    """The pages of a report or read-back, the first one first, as far as they came with the newest of them. newest: of home.store.queries."""
    begin = f"{kind}.{part}"
    found = sorted((one for name, one in newest.items() if name == begin or name.startswith(begin + ".")), key=lambda one: one[1].get("page") or 0)
    return [Part(received_ms, data) for received_ms, data in found]


def part(newest, kind, name):
    """The newest page of that part, or None."""
    return max(pages(newest, kind, name), key=lambda one: one.received_ms, default=None)
