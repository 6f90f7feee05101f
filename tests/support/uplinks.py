"""Uplinks of a device in the words of the formatter, for the tests of the service of the house."""
import json

from home.network.uplink import Uplink

T = 1_790_000_000_000        # milliseconds
MIN_MS = 60_000
HOUR_MS = 60 * MIN_MS
DAY_MS = 24 * HOUR_MS


class Device:
    """Makes uplinks of one device, each with the next frame counter."""

    def __init__(self, device_id="wallbox"):
        self.device_id = device_id
        self._f_cnt = 0

    def uplink(self, at_ms, f_port, data):
        self._f_cnt += 1
        message = json.dumps({"uplink_message": {"f_port": f_port, "f_cnt": self._f_cnt, "decoded_payload": data}})
        return Uplink(self.device_id, f"key/{self._f_cnt}", at_ms, f_port, self._f_cnt, b"", data, message, -110.0, 7.5, 10, 371, 1)

    def status(self, at_ms, session_kwh=0.0, power_kw=0.0, connected=True, **rest):
        state = "Charging" if power_kw else "Connected and Locked" if connected else "Not Connected"
        return self.uplink(at_ms, 10, {
            "type": "status", "state": state, "code": "C2" if power_kw else "B1" if connected else "A1",
            "reason": "charging" if power_kw else "outside_plan", "ev_connected": connected, "current_limit_a": 16, "power_kw": power_kw,
            "session_kwh": session_kwh, "energy_estimated": False, **rest})

    def session(self, number, started_ms, minutes=60, kwh=7.0, received_ms=None, **rest):
        received_ms = started_ms + minutes * MIN_MS + 5000 if received_ms is None else received_ms
        return self.uplink(received_ms, 13, {
            "type": "session", "state": "Not Connected", "reason": "vehicle_full", "started_at": started_ms // 1000, "duration_min": minutes,
            "session_kwh": kwh, "energy_estimated": False, "session_number": number % 128, **rest})

    def energy(self, at_ms, total_kwh, number, **rest):
        return self.uplink(at_ms, 12, {"type": "device", "state": "Not Connected", "part": "energy", "page": 1, "pages": 1,
                                       "energy_total_kwh": total_kwh, "session_number": number % 128, **rest})

    def event(self, at_ms, event="finished", **rest):
        return self.uplink(at_ms, 15, {"type": "event", "state": "Charged", "event": event, "code": "B2", "event_number": 7,
                                       "event_at": at_ms // 1000 - 3, **rest})
