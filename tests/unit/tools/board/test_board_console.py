"""make logs shows a board's output without disturbing it; make console starts mpremote."""
import signal
import subprocess
import sys
import time

from tests.support.micropython_board import FlashBoard
from tools.board import console, build

MAIN = "import time\ncount = 0\nwhile True:\n    print('line', count)\n    count += 1\n    time.sleep_ms(20)\n"


def test_logs_follow_a_board_until_ctrl_c_and_do_not_stop_it(tmp_path):
    folder = tmp_path / "flash"
    folder.mkdir()
    (folder / "main.py").write_text(MAIN)
    board = FlashBoard(folder, tmp_path / "log")
    try:
        command = [sys.executable, "-m", "tools.board.console", "logs", board.port]
        logs = subprocess.Popen(command, cwd=build.ROOT, stdout=subprocess.PIPE, text=True)
        assert "until Ctrl-C" in logs.stdout.readline()
        seen = [logs.stdout.readline() for _ in range(5)]
        logs.send_signal(signal.SIGINT)
        rest, _ = logs.communicate(timeout=10)
        assert all(line.startswith("line ") for line in seen[1:]) and logs.returncode == 0
        before = len(board.heard)
        for _ in range(200):
            if len(board.heard) > before + 100:
                break
            time.sleep(0.05)
        assert len(board.heard) > before + 100
        assert b"Traceback" not in board.heard
    finally:
        board.close()


def test_a_wrong_port_is_told(capsys):
    for what in ("logs", "console"):
        assert console.main([what, "/dev/none"]) == 2
        assert "There is no port /dev/none" in capsys.readouterr().err


def test_the_console_is_mpremote_s_and_says_how_to_leave(monkeypatch, capsys):
    seen = []
    monkeypatch.setattr(console, "claim", lambda path: 0)
    monkeypatch.setattr(console.os, "execv", lambda program, arguments: seen.append(arguments[1:]))
    console.main(["console", "/dev/ttyUSB0"])
    assert seen == [["-m", "mpremote", "connect", "/dev/ttyUSB0", "repl"]]
    assert "Ctrl-X leaves" in capsys.readouterr().out
