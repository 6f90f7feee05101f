"""From a parcel to a first uplink: the commands of the pages, in order, for a XIAO, a Pico and a Raspberry Pi, against fakes and pseudo-terminals."""
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import threading

import config
import pytest
from tests.support import documents, scratch_tree
from tests.support.firmware_images import esp, uf2
from tests.support.lines import PATIENCE_S, Lines
from tests.support.micropython_board import FlashBoard
from tests.support.new_boards import Drive, NewBoard
from tests.support.small_firmwares import firmware
from tools.board import build, flash

ROOT = pathlib.Path(__file__).resolve().parents[2]
# To `make settings`: the box's rating, region, modem, EN1, phases, limit, time zone, plan.
ANSWERS = "32\nEU868\n\nkey\n\n16\nEurope/Berlin\nmon-fri 22:00-05:00 16A; sat,sun 00:00-12:00\n"
FLASHING, LINUX = ROOT / "docs" / "flashing.md", ROOT / "docs" / "linux.md"


@pytest.fixture
def newcomer(tmp_path, monkeypatch):
    """newcomer(board): one who types the page's path for that board."""
    monkeypatch.setattr(flash, "check", lambda platform: ([], config.Settings()))
    monkeypatch.setattr(build, "content", lambda *_: firmware("new"))
    return lambda board, port: Newcomer(tmp_path, board, port)


def path_of(board):
    """The commands of the page for that board."""
    found = [documents.commands(lines) for _, _, lines in documents.blocks(FLASHING, "Building and flashing")]
    return next(commands for commands in found if any(f"BOARD={board} " in command for command in commands))


class Newcomer:
    """His tree, his downloads, and what he reads on his screen."""

    def __init__(self, path, board, port):
        self.tree = scratch_tree.tree(path / "tree")
        self.home, self.port = path, str(port)
        self.commands = [command.replace("/dev/ttyACM0", self.port) for command in path_of(board)]
        self.typed = []
        (path / "Downloads").mkdir()

    def types(self, what, answers=""):
        """The next command of the page, which must be that one; what it said to these answers."""
        command = self.commands[len(self.typed)]
        assert command.split()[:2] == ["make", what], command
        self.typed.append(command)
        done = subprocess.run(command, shell=True, cwd=self.tree, env=scratch_tree.environment(HOME=str(self.home)), input=answers,
                              capture_output=True, text=True, timeout=2 * PATIENCE_S)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def flashes(self, capsys):
        """`make flash` as the Makefile calls it, with a firmware that the interpreter behind the terminal can run; what it said."""
        command = self.commands[len(self.typed)]
        self.typed.append(command)
        called = subprocess.run(f"{command} -n", shell=True, cwd=self.tree, env=scratch_tree.environment(), capture_output=True, text=True).stdout
        words = shlex.split(next(line for line in called.splitlines() if "tools.board.flash" in line))
        assert words[:3] == [".venv/bin/python", "-m", "tools.board.flash"]
        code = flash.main(words[3:])
        told = capsys.readouterr()
        assert code == 0, told.err
        return told.out

    def reads_the_log(self):
        """The last command, until the board has started once more."""
        command = self.commands[len(self.typed)]
        self.typed.append(command)
        log = Lines(command, self.tree)
        try:
            log.until(lambda line: line.endswith("until Ctrl-C:"))
            with open(self.port, "wb", buffering=0) as port:
                for _ in range(PATIENCE_S):
                    port.write(b"\r\x03\x02\x04")       # its prompt, and a soft reset; one that is busy may miss it
                    if log.has(lambda line: line.startswith("started new"), 2):
                        return True
            return False
        finally:
            log.end()


@pytest.mark.long
def test_a_xiao_from_its_parcel_to_its_first_line_of_log(tmp_path, newcomer, capsys, evidence):
    board = NewBoard(tmp_path)
    try:
        owner = newcomer("esp32", board.port)
        (owner.home / "Downloads" / "SEEED_XIAO_ESP32S3-20991231-v1.29.0.bin").write_bytes(esp())
        assert "REGION = 'EU868'" in owner.types("settings", ANSWERS)
        assert "readable by you alone" in owner.types("keys")
        said = owner.types("micropython")
        assert f"Next:  make flash BOARD=esp32 PORT={board.port}" in said and owner.commands[3] in said
        assert owner.flashes(capsys).endswith("done\n")
        assert owner.reads_the_log()
    finally:
        board.close()
    evidence("the path of a newcomer, XIAO: commands of docs/flashing.md typed in order", f"{len(owner.typed)} of {len(owner.commands)}", "all")
    assert owner.typed == owner.commands


def test_a_pico_from_its_parcel_to_its_first_line_of_log(tmp_path, newcomer, capsys, monkeypatch, evidence):
    port, boards = tmp_path / "ttyACM0", []
    drive = Drive(tmp_path)
    data = uf2()

    def start():
        # Its loader: it takes the whole file, and the drive is gone and a port is there.
        while drive.holds != data and not over.wait(0.02):
            pass
        (tmp_path / "flash").mkdir()
        boards.append(FlashBoard(tmp_path / "flash", tmp_path / "log", platform="rp2", machine="Raspberry Pi Pico with RP2040"))
        os.symlink(boards[0].port, port)

    over = threading.Event()
    loader = threading.Thread(target=start)
    loader.start()
    try:
        owner = newcomer("rp2", port)
        # The drives of this machine are looked for where the system says what is mounted.
        place = owner.tree / "tools" / "board" / "uf2_drive.py"
        place.write_text(place.read_text().replace('"/proc/mounts"', repr(str(tmp_path / "mounts"))))
        (owner.home / "Downloads" / "RPI_PICO-20991231-v1.26.1.uf2").write_bytes(data)
        assert "REGION = 'EU868'" in owner.types("settings", ANSWERS)
        assert "readable by you alone" in owner.types("keys")
        said = owner.types("micropython")
        assert owner.commands[3] in said and "Raspberry Pi Pico with RP2040" in said
        assert owner.flashes(capsys).endswith("done\n")
        assert owner.reads_the_log()
    finally:
        over.set()
        loader.join()
        for board in boards:
            board.close()
    evidence("the path of a newcomer, Pico: commands of docs/flashing.md typed in order", f"{len(owner.typed)} of {len(owner.commands)}", "all")
    assert owner.typed == owner.commands


# --- Raspberry Pi

# Programs of the system that would change this machine, and what stands for the reader's own hands.
FAKES = {
    "sudo": 'exec "$@"',
    "git": 'echo "git $*" >> $ROOM/called',
    "useradd": 'echo "useradd $*" >> $ROOM/called',
    "chown": 'echo "chown $*" >> $ROOM/called; test -e "$2"',
    "systemctl": 'echo "systemctl $*" >> $ROOM/called; [ "$1" = enable ] || exit 0\n'
                 "echo \"STORE_DIR = '$ROOM/store'\" >> $ROOM/tree/src/local_config.py\n"
                 'command=$(sed -n "s|^ExecStart=||p" $ROOM/etc/ev-charger-monitor.service | sed "s|/opt/ev-charger-monitor|$ROOM/tree|g")\n'
                 "setsid $command > $ROOM/journal 2>&1 & echo $! > $ROOM/pid",
    "journalctl": 'until grep -q started $ROOM/journal; do kill -0 $(cat $ROOM/pid) || break; sleep 0.1; done; cat $ROOM/journal',
}


@pytest.fixture
def garage(tmp_path):
    """The box and the modem by their names, and the fakes; ends what was started."""
    for folder in ("by-id", "etc", "programs", "store"):
        (tmp_path / folder).mkdir()
    for name, script in FAKES.items():
        program = tmp_path / "programs" / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    box = Lines([sys.executable, "-m", "sim", "charger", "--link", str(tmp_path / "by-id" / "box")])
    modem = Lines([sys.executable, "-m", "sim", "modem", "--link", str(tmp_path / "by-id" / "modem"), "--speed", "20"])
    try:
        for served in (box, modem):
            served.until(lambda line: line.startswith("ready"))
        yield tmp_path, modem
    finally:
        pid = tmp_path / "pid"
        if pid.exists():
            os.kill(int(pid.read_text()), signal.SIGTERM)
        modem.end()
        box.end()


def test_a_raspberry_pi_from_nothing_to_its_first_uplink(garage, evidence):
    room, modem = garage
    scratch_tree.tree(room / "tree")
    commands = documents.commands(documents.blocks(LINUX, "On Linux, as a service")[0][2])
    here = {"/opt/ev-charger-monitor": str(room / "tree"), "/etc/systemd/system/": f"{room}/etc/", "/dev/serial/by-id/": f"{room}/by-id/",
            "<this repository>": "https://example.org/monitor.git"}
    answers = f"16\nAU915\n2\nwio_e5\n{room}/by-id/box\n{room}/by-id/modem\nkey\n3\nnone\nAustralia/Sydney\nmon-fri 22:00-07:00\n"
    script = "set -e\n" + "\n".join(f"{command}\necho '== {number}'" for number, command in enumerate(commands))
    script = re.sub("|".join(map(re.escape, here)), lambda found: here[found[0]], script)
    done = subprocess.run(["sh", "-c", script], cwd=room, input=answers, capture_output=True, text=True, timeout=3 * PATIENCE_S,
                          env=scratch_tree.environment(ROOM=str(room), PATH=f"{room / 'programs'}:{os.environ['PATH']}"))
    typed = len(re.findall("^== ", done.stdout, re.M))
    assert done.returncode == 0 and typed == len(commands), done.stdout + done.stderr
    assert "started" in done.stdout and "box" in done.stdout
    modem.event("join", accepted=True)
    modem.until(lambda line: '"Not Connected"' in line and '"type": "status"' in line)
    called = (room / "called").read_text()
    assert "useradd --system --no-create-home --groups dialout ev-charger-monitor" in called and "systemctl enable --now ev-charger-monitor" in called
    assert oct((room / "tree" / "src" / "keys.py").stat().st_mode)[-3:] == "640"
    evidence("the path of a newcomer, Raspberry Pi: commands of docs/linux.md typed in order, then a join and a status on the simulated network",
             f"{typed} of {len(commands)}", "all")
