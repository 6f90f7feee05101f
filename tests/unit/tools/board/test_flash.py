"""make flash, end to end, on a real MicroPython behind a pseudo-terminal: interrupted at any moment, and every error."""
import importlib
import os
import pathlib
import pty
import re
import shutil
import sys
import time

import config
import loader
import pytest
from tests.choice import first
from tests.support import small_firmwares
from tests.support.micropython_board import FlashBoard
from tests.support.small_firmwares import firmware
from tools.board import link, build, flash, manifest

FOREIGN = "import sys\nsys.stdout.write('started by hand\\n')\n"


def silent(text):
    pass


@pytest.fixture
def make_board(tmp_path):
    """make_board(files, **options) is a board with those on its flash."""
    boards = []

    def make(files=None, **options):
        folder = tmp_path / f"board{len(boards)}"
        for name, data in (files or {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
        folder.mkdir(exist_ok=True)
        boards.append(FlashBoard(folder, tmp_path / f"log{len(boards)}", **options))
        return boards[-1]

    yield make
    for board in boards:
        board.close()


def put(board, files, kind="esp32", form="py"):
    flash.flash(kind, board.port, files, form, silent)


def holds(folder):
    """{path: bytes} of a flash."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in pathlib.Path(folder).rglob("*") if path.is_file()}


def a_flash(version="old", slot="a", other=loader.NONE):
    """A flash that runs that version."""
    files = {name.replace("slot", slot, 1): data for name, data in firmware(version).items()}
    return {**files, loader.RECORDS[0]: loader.pack(1, slot, loader.NONE, other)}


# --- a cut at any moment


def of(version, same=()):
    return f"started {version} {'any' if 'one' in same else version} {version} {version}"


def test_a_cut_at_any_moment_leaves_the_old_version_or_the_new_one(make_board, tmp_path, evidence):
    board = make_board({"main.py": FOREIGN})
    first, second, third = firmware("first"), firmware("second", same=("one",)), firmware("third", same=("one",))
    tried, mixed, without = 0, [], []
    sure = ("one",)
    steps = [(first, "started by hand", of("first")), (second, of("first"), of("second", sure)), (third, of("second", sure), of("third", sure))]
    # The third one while the second is still on trial: it is given up for the first.
    also = {id(third): of("first")}
    for number, (files, old, new) in enumerate(steps):
        before = tmp_path / f"before{number}"
        shutil.copytree(board.folder, before)
        done = len(board.changes())
        put(board, files)
        # The board counts its own boots in the records: what the tool did ends with the first of them.
        changes = board.changes()[done:]
        seen = list(small_firmwares.cuts(before, changes, tmp_path / f"scratch{number}"))
        tried += len(seen)
        mixed += [cut for cut in seen if cut[1] not in (old, new, also.get(id(files)), None)]
        without += [(number, changes[int(cut[0])]) for cut in seen if cut[1] is None]
        assert seen[0][1] == old and seen[-1][1] == new
    evidence("make flash cut after each change of the flash and inside each write, three updates: states tried; neither the old version nor the new",
             f"{tried}; {len(mixed) + len(without)}", "1, on FAT, at the first installation")
    assert mixed == [] and tried > 80
    # FAT has no rename that replaces; LittleFS has. The loader comes once.
    assert without == [(0, ["rename", "/main.new", "/main.py"])]


@pytest.mark.parametrize("at", first([11, 3]))
def test_after_a_cut_of_the_power_in_the_middle_the_old_version_starts_and_the_next_flash_does_the_rest(make_board, tmp_path, at):
    board = make_board(a_flash(), powerFailsAt=at)
    with pytest.raises(flash.FlashError, match="type the same again"):
        put(board, firmware("new"))
    assert len(board.changes()) == at
    assert small_firmwares.started(board.folder) == of("old")
    again = FlashBoard(board.folder, tmp_path / "log-again")
    try:
        put(again, firmware("new"))
    finally:
        again.close()
    assert small_firmwares.started(board.folder) == of("new")


def eventually(is_so):
    """True once it is so; False if it is not within ten seconds."""
    for _ in range(200):
        if is_so():
            return True
        time.sleep(0.05)
    return False


def test_a_board_whose_cable_is_cut_starts_the_old_version_by_itself(make_board):
    board = make_board(a_flash(), cableCutAt=9, watchdogs=4)
    with pytest.raises(flash.FlashError, match="By itself it starts the version before"):
        put(board, firmware("new"))
    before = len(board.heard)
    assert eventually(lambda: b"started old" in board.heard[before:])


# --- the reset before anything is changed


def test_a_reset_that_takes_a_while_is_waited_for(make_board):
    board = make_board(a_flash(), resetMs=60)
    resets = []

    def tell(text):
        if text.startswith("  slot"):
            resets.append(board.resets())

    flash.flash("esp32", board.port, firmware("new"), "py", tell)
    assert resets == [1] and board.resets() >= 2    # before the first change, and at the end
    assert small_firmwares.started(board.folder) == of("new")


def test_a_board_that_does_not_reset_is_told_before_anything_is_changed(make_board, monkeypatch, refused):
    monkeypatch.setattr(link, "RESET_S", 0)
    board = make_board(a_flash(), resetMs=5000)
    refused("a board that does not restart", board, "does not restart when it is told to. Nothing was changed. Press its reset button")


# --- what is sent


def test_only_what_differs_is_sent_and_the_rest_is_taken_from_the_other_slot(make_board):
    board = make_board({**a_flash(), "b/app/only_in_older.py": b"", "mine.txt": b"kept"})
    told = []
    flash.flash("esp32", board.port, firmware("new", same=()), "py", told.append)
    files = holds(board.folder)
    assert {name[2:]: data for name, data in files.items() if name.startswith("b/")} == {
        name[5:]: data for name, data in firmware("new").items() if name.startswith("slot/")}
    assert files["mine.txt"] == b"kept"
    assert "  slot b: 5 files to send, 1 taken from slot a, 1 to remove\n" in told
    assert any("| started new" in line for line in told)


def test_a_version_that_is_there_is_not_written_again(make_board):
    board = make_board(a_flash())
    put(board, firmware("old"))
    assert board.changes() == []


def test_a_version_that_does_not_get_going_gives_way_to_the_one_before(make_board):
    files = firmware("bad", then="raise ValueError('at boot')")
    files[build.LOADER] = files[build.LOADER].replace(b"WAIT_MS = 5000", b"WAIT_MS = 10")
    board = make_board({**a_flash(), "main.py": files[build.LOADER]})
    put(board, files)     # it says "started" before it fails
    assert eventually(lambda: loader.newest([(board.folder / name).read_text() for name in loader.RECORDS])[0][1] == "a")
    assert small_firmwares.started(board.folder) == of("old")


def test_a_version_that_does_not_start_is_told_with_its_last_words(make_board):
    files = firmware("bad")
    files["slot/main.py"] = b"import nothing_of_that_name\n"
    board = make_board(a_flash())
    with pytest.raises(flash.FlashError, match="not start, its last words: .*nothing_of_that_name.*back by itself after 3 boots.*make logs"):
        put(board, files)


# --- what can be wrong: one message, and nothing is changed


@pytest.fixture
def refused(monkeypatch, capsys, evidence):
    """refused(error, board or port, words): make flash says so in one line, ends with 1 and has changed nothing."""
    def refuse(wrong, board, words, form="py"):
        monkeypatch.setattr(flash, "check", lambda platform: ([], config.Settings()))
        monkeypatch.setattr(build, "content", lambda *_: firmware("new"))
        port = board if isinstance(board, str) else board.port
        before = {} if isinstance(board, str) else holds(board.folder)
        code, said = run(capsys, "esp32", port, "--format", form)
        lines = said.splitlines()
        changed = 0 if isinstance(board, str) else len(board.changes()) + (holds(board.folder) != before)
        evidence(f"make flash, {wrong}: exit status, lines of error, changes", f"{code}, {len(lines)}, {changed}", "not 0, 1, 0")
        assert re.search("^make flash: .*" + words, said) and (code, len(lines), changed) == (1, 1, 0)

    return refuse


def test_a_wrong_board_is_refused_before_anything_is_changed(make_board, refused):
    refused("wrong board", make_board(a_flash(), platform="rp2"), "says it is 'rp2', BOARD=esp32 is 'esp32'.*make flash BOARD=rp2")


def test_a_micropython_of_another_generation_is_refused(make_board, refused):
    board = make_board(a_flash(), version="1.18.0", mpy=5)
    refused("another MicroPython", board, r"MicroPython 1\.18 .*version 5, this build has version 6.*FORMAT=py", form="mpy")


def test_source_is_refused_on_an_rp2040_which_could_not_compile_it(make_board):
    board = make_board(a_flash(), platform="rp2", machine="Raspberry Pi Pico with RP2040")
    with pytest.raises(flash.FlashError, match="an RP2040, whose memory is too small to compile .* Nothing was changed. Leave FORMAT=py out"):
        put(board, firmware("new"), kind="rp2", form="py")
    assert board.changes() == []
    with pytest.raises(flash.FlashError, match="this build has version 6. Nothing was changed.*newer$"):
        flash.refuse_kind(link.Kind("rp2", (1, 18), 5, "Raspberry Pi Pico with RP2040"), "rp2", "mpy")


def test_a_pico_w_with_its_own_micropython_is_refused_for_wifi_leaves_too_little_memory(make_board):
    board = make_board(a_flash(), platform="rp2", machine="Raspberry Pi Pico W with RP2040")
    with pytest.raises(flash.FlashError, match="keeps 40 KB of its memory for Wi-Fi.*RPI_PICO, as well. Nothing was changed"):
        put(board, firmware("new"), kind="rp2")
    assert board.changes() == []
    flash.refuse_kind(link.Kind("rp2", (1, 28), 6, "Raspberry Pi Pico 2 W with RP2350"), "rp2", "mpy")


def test_an_rp2350_takes_source(make_board):
    board = make_board(a_flash(), platform="rp2", machine="Raspberry Pi Pico2 with RP2350")
    put(board, firmware("new"), kind="rp2", form="py")
    assert small_firmwares.started(board.folder) == of("new")


def test_a_lopy4_says_nothing_of_mpy_and_knows_no_raw_paste(make_board):
    board = make_board(a_flash(), platform="LoPy4", version="1.11.0", mpy=0, rawPaste=False)
    put(board, firmware("new"), kind="lopy4", form="mpy")
    assert small_firmwares.started(board.folder) == of("new")


def test_a_read_only_flash_is_told(make_board, refused):
    refused("read-only flash", make_board(a_flash(), readOnly=True), "read-only. Nothing was changed")


def test_a_full_flash_is_told_before_anything_is_written(make_board, refused):
    board = make_board({**a_flash(), "big": bytes(200 << 10)}, bytes=256 << 10)
    refused("full flash", board, "is full: .* KB are needed, .* KB are free. Nothing was changed")


def test_a_flash_that_fills_up_all_the_same_leaves_the_old_version(make_board):
    board = make_board({**a_flash(), "big": bytes(200 << 10)}, bytes=256 << 10, lies=True)
    with pytest.raises(flash.FlashError, match="is full. The version before still runs"):
        put(board, firmware("new"))
    assert small_firmwares.started(board.folder) == of("old")


@pytest.mark.parametrize("path", first(["/b/app/two.py", "/slot.1", "/main.new"]))
def test_what_does_not_read_back_is_not_started(make_board, path):
    board = make_board({**a_flash(), "main.py": FOREIGN}, rots=path)
    with pytest.raises(flash.FlashError, match="not read back.*The version before still runs. Try again"):
        put(board, firmware("new"))
    assert small_firmwares.started(board.folder) == "started by hand"
    assert path == "/slot.1" or loader.newest([(board.folder / name).read_text() for name in loader.RECORDS[:1]] + [""])[0][1] == "a"


def test_ctrl_c_lets_the_version_before_run_on(make_board):
    def tell(text):
        if "%" in text:
            raise KeyboardInterrupt

    board = make_board(a_flash())
    before = len(board.heard)
    with pytest.raises(KeyboardInterrupt):
        flash.flash("esp32", board.port, firmware("new"), "py", tell)
    assert eventually(lambda: b"started old" in board.heard[before:].split(b"raw REPL")[-1])


def test_a_port_where_nothing_answers_is_told(monkeypatch, refused):
    monkeypatch.setattr(flash, "RESTART_S", 0.3)
    master, terminal = pty.openpty()
    try:
        refused("no board at the port", os.ttyname(terminal), "nothing on .* answers as MicroPython does. Nothing was changed")
    finally:
        os.close(master)
        os.close(terminal)


def run(capsys, *arguments):
    code = flash.main(list(arguments))
    return code, capsys.readouterr().err


def test_a_wrong_port_is_told(refused):
    refused("wrong port", "/dev/none", "There is no port /dev/none.*Nothing was changed")


def test_bad_settings_and_keys_are_all_told_and_the_port_is_not_touched(capsys, monkeypatch, evidence):
    monkeypatch.setattr(config, "REGION", "EU")
    monkeypatch.setattr(config, "CHARGER_ID", 99)
    monkeypatch.setattr(flash, "flash", None)
    monkeypatch.setitem(sys.modules, "keys", None)
    code, said = run(capsys, "rp2", "/dev/none")
    assert code == 1
    evidence("make flash, bad configuration: exit status, lines (a head, one for each error), port opened", f"{code}, {len(said.splitlines())}, no")
    for words in ("REGION is 'EU'", "CHARGER_ID is 99", "WATCHDOG_S is 60", "keys.py is missing: `make keys` makes it", "Nothing was changed"):
        assert words in said


def test_a_time_zone_that_is_probably_a_mistake_is_told(capsys, monkeypatch):
    monkeypatch.setattr(flash, "check", lambda platform: ([], config.Settings()))
    monkeypatch.setattr(build, "content", lambda *_: {})
    monkeypatch.setattr(config, "TIMEZONE", "UTC+10")
    flash.main(["esp32", "/dev/none"])
    assert capsys.readouterr().out.startswith("look at src/local_config.py, TIMEZONE: UTC+10 lies ten hours west of Greenwich")


def test_a_settings_file_that_cannot_be_read_is_told(monkeypatch):
    def broken(name):
        raise SyntaxError("invalid syntax (config.py, line 3)")

    monkeypatch.setattr(importlib, "import_module", broken)
    assert ("config.py", "cannot be read: SyntaxError: invalid syntax (config.py, line 3)") in flash.check("rp2")[0]


def test_a_setting_that_was_taken_out_is_told(monkeypatch):
    monkeypatch.delattr(config, "REGION")
    monkeypatch.setitem(sys.modules, "keys", None)
    assert flash.check("rp2")[0] == [("config.py", "has no REGION"), ("keys.py", "is missing: `make keys` makes it")]


def test_a_linux_computer_is_not_flashed(capsys):
    code, said = run(capsys, "linux", "/dev/none")
    assert code == 2 and "docs/linux.md" in said


def test_every_board_but_linux_can_be_flashed():
    assert [name for name, board in manifest.BOARDS.items() if board.compiler == ""] == ["linux"]
