"""One run of a fake board with the firmware in a folder: what the box and the network received. Run by test_small_firmware.py.

    python small_firmware.py FOLDER ROOT PLATFORM
"""
import json
import sys

import pytest

sys.path[:0] = sys.argv[1:3]


def life(platform):
    """Joined, plugged in, locked, read back, rebooted by command, unlocked."""
    from tests.support.fake_board_world import FakeBoardWorld

    house = FakeBoardWorld(platform)
    house.at(40, house.plug)
    house.at(90, house.push, 1, b"\x01")
    house.at(120, house.send, {"command": "report", "id": 3, "what": "device"})
    house.at(150, house.send, {"timezone": "AEST-10AEDT,M10.1.0,M4.1.0/3"})
    house.at(160, house.send, {"plan": {"windows": [{"days": "mon-fri", "from": "22:00", "to": "07:00", "current_a": 10}]}})
    house.at(170, house.send, {"settings": {"hold": "always"}})
    house.at(180, house.send, {"command": "reboot", "id": 1})
    house.at(290, house.send, {"command": "unlock", "id": 2})
    with pytest.MonkeyPatch.context() as monkeypatch:
        house.run(monkeypatch, 360)
    written = [(fields["register"], fields["value"]) for kind, _, fields in house.records if kind == "bus_write"]
    return {"uplinks": house.uplinks(), "resets": house.resets, "joins": house.joins(), "box": house.box.code, "reads": house.box.reads,
            "written": written}


if __name__ == "__main__":
    print(json.dumps(life(sys.argv[3])))
