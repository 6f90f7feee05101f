"""The shrunken firmware (tools/board/shrink) on each fake board behaves like the firmware it was made from."""
import json
import pathlib
import shutil
import subprocess
import sys

import pytest
from tools.board import build, manifest, shrink
from tests.choice import first

ROOT = pathlib.Path(__file__).resolve().parents[2]
BOARDS = [name for name, board in manifest.BOARDS.items() if board.compiler != ""]


def lived(folder, platform):
    """What a life with the firmware in that folder comes to, and what the board's console said."""
    command = [sys.executable, ROOT / "tests" / "support" / "small_firmware.py", folder, ROOT, platform]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    *said, told = done.stdout.splitlines()
    return json.loads(told), said


@pytest.mark.parametrize("board", first(BOARDS))
def test_a_board_lives_as_from_source(board, tmp_path, evidence):
    platform = manifest.BOARDS[board].platform
    for path, text in shrink.shrink(build.texts(board, "0" * 40)).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    # CPython has no module micropython, and the simulated world asks for the contract's constants by name.
    for name in ("micropython.py", "hal/contract.py"):
        shutil.copyfile(build.SRC / name, tmp_path / name)
    small, said = lived(tmp_path, platform)
    assert small == lived(build.SRC, platform)[0]
    assert not [line for line in said if "crashed" in line or "stalled" in line], said
    assert small["resets"] == ["machine.reset"] and small["box"] not in ("E0", "A1") and [5, "E0E0"] in small["written"]
    assert {1, 2} & {data.get("command_id") for _, data in small["uplinks"]}
    evidence("%s: uplinks of a life on the fake board, made small and from source, that differ" % platform, 0, "0 of %d" % len(small["uplinks"]))
