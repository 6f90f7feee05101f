"""One uplink as every network tells it, in our own words."""
import dataclasses
import hashlib


# Of requests, and of the original's modes.
F_PORT, MODE_PORT = 20, 1


@dataclasses.dataclass(frozen=True)
class Uplink:
    """identity: the same for every delivery of this uplink, and no other one's of that device. decoded: the formatter's data, or None."""
    device_id: str
    identity: str
    received_ms: int            # when the network had it, UTC
    f_port: int
    f_cnt: int
    payload: bytes
    decoded: dict | None
    message: str                # as it came
    rssi: float | None = None
    snr: float | None = None
    spreading_factor: int | None = None
    airtime_ms: int | None = None
    gateways: int = 0


@dataclasses.dataclass(frozen=True)
class Downlink:
    """What a network said about one. correlation_ids: as they came. error: the network's word, where it could not be sent.

    item: what it takes to queue it again. identity: (id, issued_at) of its request, where the network names downlinks by it. words: the request
    itself, where the message has it and not its bytes.
    """
    f_port: int
    payload: bytes
    correlation_ids: list
    error: str | None
    item: dict
    identity: tuple | None = None
    words: dict | None = None


class NotUnderstood(Exception):
    """A message that is no uplink or downlink of this network; args[0] says why."""


def f_port_of(request):
    """The port of a request in the formatter's words."""
    return MODE_PORT if "mode" in request else F_PORT


def digest(*parts):
    """A short word for what has no identity of its own."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
