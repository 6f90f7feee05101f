"""What a network allows a device in 24 hours."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Limits:
    """None: there is no such limit. ordinary: of the downlinks, those for what neither takes current or the outlet away nor gives it back."""
    airtime_s: int | None = None
    downlinks: int | None = None
    ordinary: int | None = None
