"""make micropython: the real esptool against an ESP32's loader on a pseudo-terminal, the drive of an RP2 as a folder, and every error."""
import os
import pathlib
import pty
import re
import threading
import time

import pytest
from tests.support.firmware_images import esp, uf2
from tests.support.micropython_board import FlashBoard
from tests.support.new_boards import Drive, NewBoard
from tests.support.rom_loader import ESP32_C3
from tools.board import flash, images, link, micropython, uf2_drive
from tools.charger import ports


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    """No real drive is looked for, and nothing is waited for longer than a fake takes."""
    monkeypatch.setattr(micropython, "ATTEMPTS", 1)
    monkeypatch.setattr(micropython, "LOOKS_S", 0.2)
    monkeypatch.setattr(micropython, "PROMPT_S", 0.2)
    monkeypatch.setattr(link, "PROMPT_S", 0.5)
    monkeypatch.setattr(micropython, "PLACES", ())
    monkeypatch.setattr(uf2_drive, "MOUNTS", tmp_path / "mounts")
    monkeypatch.setattr(uf2_drive, "LABELS", tmp_path / "labels")
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))


@pytest.fixture
def new_board(tmp_path):
    """new_board(**options of RomLoader)"""
    made = []

    def make(**options):
        made.append(NewBoard(tmp_path, **options))
        return made[0]

    yield make
    for board in made:
        board.close()


@pytest.fixture
def file(tmp_path):
    """file(data, name): a download."""
    def make(data, name="SEEED_XIAO_ESP32S3-20991231-v1.29.0.bin"):
        (tmp_path / name).write_bytes(data)
        return str(tmp_path / name)

    return make


def run(capsys, *arguments):
    code = micropython.main(list(arguments))
    told = capsys.readouterr()
    return code, told.out, told.err


@pytest.fixture
def refused(capsys):
    """refused(words, *arguments): it says so in one line and ends with 1."""
    def refuse(words, *arguments):
        code, _, said = run(capsys, *arguments)
        assert re.search("^make micropython: .*" + words, said) and (code, len(said.splitlines())) == (1, 1), said

    return refuse


# --- ESP32


def test_a_new_esp32_is_erased_written_verified_and_answers(new_board, file, capsys, evidence):
    board, data = new_board(), esp()
    began_s = time.monotonic()
    code, said, _ = run(capsys, "esp32", board.port, "--file", file(data))
    evidence("make micropython on a new ESP32-S3: erased, bytes written of the file's, what it says at last",
             f"{board.loader.erased}, {board.loader.written} of {len(data)}, {said.splitlines()[-1].split(':')[0]}",
             "1, all, MicroPython answers", f"{time.monotonic() - began_s:.0f} s against the real esptool")
    assert code == 0 and board.loader.erased == 1
    assert board.loader.flash[:len(data)] == data and board.loader.flash[len(data)] == 0xFF
    assert "MicroPython 1.29.0 for an ESP32-S3, SHA-256 " in said and re.search(r"\r +100 % written", said)
    assert said.endswith(f"MicroPython 1.27 answers on {board.port}: XIAO ESP32S3 with ESP32S3. Next:  make flash BOARD=esp32 PORT={board.port}\n")


def test_a_board_of_another_chip_is_left_as_it_was(new_board, file, refused):
    board = new_board(chip=ESP32_C3)
    refused("the file is for an ESP32-S3, the board is an ESP32-C3. Nothing was written", "esp32", board.port, "--file", file(esp()))
    assert (board.loader.erased, board.loader.written) == (0, 0)


def test_a_board_whose_button_was_not_held_says_how_to_hold_it(new_board, file, refused):
    refused("does not answer its loader. Hold the button BOOT .* type the same again$", "esp32", new_board(is_deaf=True).port, "--file", file(esp()))


def test_what_does_not_read_back_is_told(new_board, file, refused):
    refused("does not read back: try another cable", "esp32", new_board(spoil=True).port, "--file", file(esp()))


def test_a_board_that_starts_only_when_its_button_is_pressed_is_waited_for(new_board, file, capsys, monkeypatch):
    monkeypatch.setattr(micropython, "BUTTON_S", 0)
    board = new_board()
    start, board.loader.on_end = board.loader.on_end, lambda: None
    said = []

    def tell(text):
        said.append(text)
        if "press the board's RESET" in text:
            start()

    micropython.put("esp32", board.port, file(esp()), False, tell)
    assert said[-1].startswith("MicroPython 1.27 answers") and sum("press" in text for text in said) == 1


def test_a_board_that_never_answers_is_told_and_where_its_port_may_be(new_board, file, refused, monkeypatch):
    monkeypatch.setattr(micropython, "ANSWERS_S", 0.1)
    monkeypatch.setattr(ports, "known", lambda: "/dev/ttyACM1 (USB JTAG)")
    board = new_board()
    board.loader.on_end = lambda: None
    refused("all of it is written, but nothing answers on .*another name now: /dev/ttyACM1", "esp32", board.port, "--file", file(esp()))


@pytest.fixture
def with_micropython(tmp_path):
    (tmp_path / "old").mkdir()
    board = FlashBoard(tmp_path / "old", tmp_path / "old.log")
    yield board
    board.close()


def test_a_board_that_has_micropython_is_sent_to_make_flash(with_micropython, file, refused, monkeypatch):
    monkeypatch.setattr(micropython, "LOOKS_S", 30)
    monkeypatch.setattr(link, "PROMPT_S", 2)
    monkeypatch.setattr(micropython, "write_esp", None)
    refused("MicroPython 1.27 is on .* already. Nothing was written. Go on with  make flash BOARD=esp32 .* AGAIN=1 .* what the monitor remembers",
            "esp32", with_micropython.port, "--file", file(esp()))


def test_it_is_written_anew_where_that_is_wanted(with_micropython, file, monkeypatch):
    monkeypatch.setattr(micropython, "LOOKS_S", 30)
    monkeypatch.setattr(link, "PROMPT_S", 2)
    written = []
    monkeypatch.setattr(micropython, "write_esp", lambda image, port, tell: written.append(port))
    micropython.put("esp32", with_micropython.port, file(esp()), True, lambda text: None)
    assert written == [with_micropython.port]


@pytest.mark.parametrize("said, words", [
    ("A fatal error occurred: The chip stopped responding.", "Hold the button BOOT"),
    ("A fatal error occurred: File (length 9) at offset 0x0 will not fit in 4194304 bytes of flash.", "flash of 4194304 bytes. Nothing was written"),
    ("A fatal error occurred: Secure Boot V1 detected", "locked to its maker's firmware"),
    ("A fatal error occurred: Something new", "esptool failed, and says: A fatal error occurred: Something new"),
    ("", "says: nothing"),
])
def test_what_esptool_says_is_told_in_words(said, words):
    assert words in micropython._meaning([said])


# --- RP2


@pytest.fixture
def drive(tmp_path):
    return Drive(tmp_path)


def test_a_pico_s_drive_is_found_and_gets_the_file(drive, file, capsys):
    path = file(uf2(), "RPI_PICO-20991231-v1.26.1.uf2")
    code, said, _ = run(capsys, "rp2", str(drive.place), "--file", path)
    assert code == 0 and drive.holds == uf2()
    assert "Next:  make flash BOARD=rp2 PORT=/dev/ttyACM0" in said


def test_after_the_drive_its_port_is_waited_for(drive, file, tmp_path, monkeypatch):
    monkeypatch.setattr(micropython, "PROMPT_S", 2)
    monkeypatch.setattr(link, "PROMPT_S", 2)
    port, started = tmp_path / "ttyACM0", []

    def start():
        while drive.holds != uf2():
            time.sleep(0.01)
        (tmp_path / "flash").mkdir()
        started.append(FlashBoard(tmp_path / "flash", tmp_path / "log", platform="rp2", machine="Raspberry Pi Pico with RP2040"))
        os.symlink(started[0].port, port)

    board = threading.Thread(target=start)
    board.start()
    said = []
    try:
        micropython.put("rp2", str(port), file(uf2(), "pico.uf2"), False, said.append)
    finally:
        board.join()
        started[0].close()
    assert said[-1] == f"MicroPython 1.27 answers on {port}: Raspberry Pi Pico with RP2040. Next:  make flash BOARD=rp2 PORT={port}\n"


@pytest.mark.parametrize("board_id, data, words", [
    ("RP2350", uf2(), "file is for an RP2040, the board on .* is an RP2350. Nothing was written"),
    ("RPI-RP2", uf2(0xE48BFF59), "file is for an RP2350, the board on .* is an RP2040. Nothing was written"),
    ("SAMD21G18A", uf2(), "is none that is known here. Nothing was written"),
])
def test_a_file_for_another_chip_is_not_written(tmp_path, file, refused, board_id, data, words):
    drive = Drive(tmp_path, board_id)
    refused(words, "rp2", str(tmp_path / "none"), "--file", file(data, "pico.uf2"))
    assert drive.holds is None


def test_a_drive_that_goes_away_with_its_last_block_is_no_error_and_in_the_middle_it_is(drive, monkeypatch):
    writes = []

    def fsync(fd):
        writes.append(fd)
        if len(writes) == at:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    data = uf2(blocks=200)
    at = -(-len(data) // uf2_drive.PIECE)
    uf2_drive.write(data, drive.place, lambda text: None)
    writes.clear()
    at = 1
    with pytest.raises(uf2_drive.DriveError, match="went away in the middle .* BOOTSEL"):
        uf2_drive.write(data, drive.place, lambda text: None)


def test_no_drive_says_how_to_get_one(file, refused, tmp_path):
    path = file(uf2(), "pico.uf2")
    refused("no board shows itself as a drive. Hold the button BOOTSEL", "rp2", "/dev/none", "--file", path)
    refused("is no drive of a board: there is no INFO_UF2.TXT on it. Hold", "rp2", str(tmp_path), "--file", path)


def test_two_drives_are_asked_about(drive, file, refused, tmp_path):
    (tmp_path / "other").mkdir()
    second = Drive(tmp_path / "other")
    with open(tmp_path / "mounts", "a") as mounts:
        mounts.write(f"/dev/sdb1 {second.place} vfat rw 0 0\n")
    refused(f"Choose one:  PORT={drive.place}  or  PORT={second.place}", "rp2", "/dev/none", "--file", file(uf2(), "pico.uf2"))


def test_a_drive_that_nobody_has_mounted_says_what_to_type(file, refused, tmp_path):
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "RPI-RP2").touch()
    refused("not mounted. Type:  sudo mount .*/RPI-RP2 /mnt  and then  sudo make micropython BOARD=rp2 PORT=/mnt FILE=",
            "rp2", "/dev/none", "--file", file(uf2(), "pico.uf2"))


@pytest.mark.parametrize("script, words", [
    ("exit 0", None), ("echo No accessible devices >&2; exit 7", "picotool failed, and says: No accessible devices")])
def test_picotool_writes_where_it_is_and_the_drive_is_not_mounted(file, capsys, tmp_path, monkeypatch, script, words):
    for folder in ("labels", "programs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "labels" / "RPI-RP2").touch()
    program = tmp_path / "programs" / "picotool"
    program.write_text(f"#!/bin/sh\necho \"$@\" > {tmp_path}/called\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(micropython, "wait_for_answer", lambda port, tell: link.Kind("rp2", (1, 29), 6, ""))
    path = file(uf2(), "pico.uf2")
    code, _, said = run(capsys, "rp2", "/dev/none", "--file", path)
    assert (tmp_path / "called").read_text() == f"load -v -x {path}\n"
    assert (code, words is None or words in said) == ((0, True) if words is None else (1, True))


# --- the file


def test_without_a_file_the_only_one_that_fits_is_taken(tmp_path):
    (tmp_path / "SEEED_XIAO_ESP32S3-20991231-v1.29.0.bin").write_bytes(esp())
    (tmp_path / "photo.bin").write_bytes(b"nothing of the kind")
    (tmp_path / "RPI_PICO-20991231-v1.26.1.uf2").write_bytes(uf2())
    assert micropython.find("esp32", "", (str(tmp_path),)).path.name.startswith("SEEED")
    assert micropython.find("rp2", "", (str(tmp_path),)).path.name.startswith("RPI_PICO")


def test_several_files_that_fit_are_asked_about_and_none_says_where_to_get_one(tmp_path):
    with pytest.raises(micropython.MicropythonError, match="Download the newest release, XIAO ESP32-S3: https://micropython.org/download/SEEED_XIAO_ESP32S3/"):
        micropython.find("esp32", "", (str(tmp_path),))
    (tmp_path / "ESP32_GENERIC_S3-20991231-v1.29.0.bin").write_bytes(esp()[:100])
    with pytest.raises(micropython.MicropythonError, match="ESP32_GENERIC_S3.* has no table of partitions"):
        micropython.find("esp32", "", (str(tmp_path),))
    for name in ("one.bin", "two.bin"):
        (tmp_path / name).write_bytes(esp(version=name.encode().replace(b"one.bin", b"1.28").replace(b"two.bin", b"1.29")))
    with pytest.raises(micropython.MicropythonError, match="several files .*FILE=.*one.bin  or  FILE=.*two.bin"):
        micropython.find("esp32", "", (str(tmp_path),))


def test_a_file_of_another_kind_of_board_is_refused_before_the_port_is_touched(file, refused):
    refused("is for an RP2040, BOARD=esp32 is another kind of board. Nothing was written. Type:  make micropython BOARD=rp2",
            "esp32", "/dev/none", "--file", file(uf2(), "pico.uf2"))
    refused("pico.bin is no firmware image.*Nothing was written", "esp32", "/dev/none", "--file", file(b"<html>", "pico.bin"))


# --- what is no board of these, and what make flash says


def test_a_missing_port_is_told(file, refused):
    refused("There is no port /dev/none.*Nothing was written", "esp32", "/dev/none", "--file", file(esp()))


@pytest.mark.parametrize("board, words", [("lopy4", "Pycom's updater"), ("linux", "docs/linux.md")])
def test_other_boards_say_what_else(capsys, board, words):
    code, _, said = run(capsys, board, "/dev/ttyUSB0")
    assert code == 2 and words in said and len(said.splitlines()) == 1


def flash_says(board, port, monkeypatch):
    monkeypatch.setattr(flash, "RESTART_S", 0.3)
    with pytest.raises(flash.FlashError) as told:
        flash.flash(board, port, {}, "py", lambda text: None)
    return str(told.value)


def test_make_flash_of_a_board_without_micropython_says_this_command(monkeypatch):
    master, terminal = pty.openpty()
    port = os.ttyname(terminal)
    try:
        assert f"A new board gets MicroPython first:  make micropython BOARD=esp32 PORT={port}" in flash_says("esp32", port, monkeypatch)
        assert "docs/lopy4.md" in flash_says("lopy4", port, monkeypatch)
    finally:
        os.close(master)
        os.close(terminal)


def test_make_flash_of_a_pico_that_waits_as_a_drive_says_this_command(drive, monkeypatch):
    assert "A board shows itself as a drive: it has no MicroPython yet, or its button was held. Type:  make micropython BOARD=rp2 PORT=/dev/none" in (
        flash_says("rp2", "/dev/none", monkeypatch))
    assert "drive" not in flash_says("esp32", "/dev/none", monkeypatch)


def test_the_page_names_every_download_and_every_known_sum():
    page = (pathlib.Path(__file__).resolve().parents[4] / "docs" / "flashing.md").read_text()
    for of_board in micropython.PAGES.values():
        for name, what in of_board.items():
            assert re.search(r"\| %s \|.*`%s`" % (re.escape(what), name), page), name
    for name, digest in images.KNOWN.items():
        assert f"| `{name}` | `{digest}` |" in page
