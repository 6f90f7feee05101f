"""What the API answers, for its OpenAPI document. Times are ISO 8601 with offset, local to the device; null is: not known."""
from typing import Any

from pydantic import BaseModel, ConfigDict


class Problem(BaseModel):
    detail: str


class Device(BaseModel):
    name: str
    id: str
    network: str
    place: str
    network_connected: bool
    heard_at: str | None


class Radio(BaseModel):
    rssi: float | None
    snr: float | None
    spreading_factor: int | None
    gateways: int


class Status(BaseModel):
    """The newest status, in the words of docs/payload.md; whatever else it has is there, too."""
    model_config = ConfigDict(extra="allow")
    device: str
    network_connected: bool
    received_at: str | None
    age_s: int | None
    state: str | None = None
    energy_total_kwh: float | None
    radio: Radio | None


class Session(BaseModel):
    device: str
    box: int
    number: int
    started_at: str | None
    ended_at: str | None
    duration_min: int | None
    energy_kwh: float | None
    estimated: bool
    cost: float | None
    currency: str | None
    cost_estimated: bool
    vehicle: str | None
    reason: str | None
    received_at: str


class Gap(BaseModel):
    """Records that never came: the first and the last number."""
    gap: tuple[int, int]


class Month(BaseModel):
    device: str
    month: str
    sessions: int
    missing: int
    energy_kwh: float
    estimated: bool
    cost: float | None
    currency: str | None
    cost_estimated: bool
    base: float | None
    demand_kw: float | None
    demand: float | None


class Event(BaseModel):
    received_at: str
    event_at: str | None
    event: str
    number: int | None
    code: str | None
    reason: str | None
    kwh: float | None
    minutes: int | None


class Command(BaseModel):
    """What the device was asked for. fate: asked, queued, sent, then done, refused, failed, expired, busy, unanswered or withdrawn."""
    key: int
    device: str
    asked_at: str
    who: str
    request: dict[str, Any]
    name: str
    command_id: int | None
    expires_at: str
    fate: str
    detail: str | None
    changed_at: str
    sends: int
