"""What the device reported of itself in several pages, put together: pure. newest: {kind: (received_ms, data)}, as the store has it."""

# Pages of one report come within that time.
_TOGETHER_MS = 15 * 60_000


def pages(newest, part, field):
    """(received_ms, [the field of each page]) of a read-back that is all there, or (None, None)."""
    first_ms, first = newest.get(f"readback.{part}", (None, {}))
    count = first.get("pages")
    if not isinstance(count, int) or not 1 <= count <= 15:
        return None, None
    found = [newest.get(f"readback.{part}" + (f".{page}" if page > 1 else ""), (None, {})) for page in range(1, count + 1)]
    times = [ms for ms, data in found if ms is not None and data.get("pages") == count and field in data]
    if len(times) < count or max(times) - min(times) > _TOGETHER_MS:
        return None, None
    return max(times), [data[field] for _, data in found]


def zone(newest):
    """The POSIX TZ string that the device reported, or None."""
    parts = pages(newest, "timezone", "timezone_part")[1]
    return ",".join(map(str, parts)) if parts else None
