"""`make micropython BOARD= PORT= [FILE=]`: MicroPython onto a new board, from a file that its owner downloaded (docs/flashing.md).

The file is read first: nothing is written where it does not fit the board. Exit status 0 only if MicroPython was seen to answer, or, where
there is no port to ask, if the drive of the board took all of the file.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

from tools.board import flash, images, manifest, uf2_drive
from tools.board.link import PROMPT_S, RESTART_S, Link, LinkLost
from tools.charger import ports

DOWNLOADS = "https://micropython.org/download/"
# Where a browser leaves a file, and where the call is typed.
PLACES = ("~/Downloads", ".")
# What there is to download for each kind of board: its page there, and the boards it is for.
PAGES = {
    "esp32": {"SEEED_XIAO_ESP32S3": "XIAO ESP32-S3", "ESP32_GENERIC_S3": "any other ESP32-S3", "ESP32_GENERIC": "the first ESP32"},
    "rp2": {"RPI_PICO": "Pico, Pico W", "RPI_PICO2": "Pico 2", "RPI_PICO2_W": "Pico 2 W"},
}
# Boards that get none of mainline's MicroPython, and what they get.
OTHERS = {
    "lopy4": "a LoPy4 has Pycom's own MicroPython, which comes with its firmware 1.20.2.r6 by Pycom's updater, not from micropython.org: "
             "docs/lopy4.md. Where its prompt answers, go on with  make flash BOARD=lopy4 PORT={port}",
    "linux": "a Linux computer runs the firmware on Python, without MicroPython: docs/linux.md says how the monitor becomes a service there",
}
# How often the loader of an ESP32 is called, 0.7 s each.
ATTEMPTS = 7
# A UART bridge takes that; a USB port of the chip's own does not care.
BAUD = 460800
# A board that has MicroPython already, and a firmware that is busy, has answered by then.
LOOKS_S = RESTART_S / 3
# From the end of writing until MicroPython answers: start, the making of its file system, USB.
ANSWERS_S = 30
# By then a board that starts by itself has started.
BUTTON_S = 6

HOLD_ESP = ("Hold the button BOOT (B) down, press and let go RESET (R), then let go BOOT; or plug the cable in while BOOT is held. "
            "Then type the same again")
# What esptool says, and what it means.
ESPTOOL_SAYS = (
    (r"This chip is ([\w-]+),? not ([\w-]+)", "the file is for an {1}, the board is an {0}. Nothing was written"),
    (r"(?:Unexpected|Invalid) chip", "the file is for another chip than the board's. Nothing was written"),
    (r"Failed to connect|No serial data received|Wrong boot mode|stopped responding|No more data",
     "the board does not answer its loader. " + HOLD_ESP),
    (r"will not fit in (\d+) bytes of flash", "the file is larger than the board's flash of {0} bytes. Nothing was written"),
    (r"MD5 of file does not match|Verif\w+ failed|digest mismatch",
     "what was written does not read back: try another cable, then type the same again"),
    (r"[Ss]ecure [Bb]oot|encryption", "the board is locked to its maker's firmware. Nothing was written"),
)


class MicropythonError(Exception):
    """An error and its remedy, one line."""


def named(board):
    """Where the file is to be had, in words."""
    return "; ".join(f"{what}: {DOWNLOADS}{page}/" for page, what in PAGES[board].items())


def find(board, given, places=PLACES):
    """The Image to write: that of the path given, or the only one lying about. MicropythonError in words."""
    if given:
        path = pathlib.Path(given).expanduser()
        try:
            image = images.read(path)
        except images.ImageError as error:
            raise MicropythonError(f"{path.name} {error}. Nothing was written") from None
        if image.chip.board != board:
            raise MicropythonError(f"{path.name} is for an {image.chip.name}, BOARD={board} is another kind of board. Nothing was written. "
                                   f"Type:  make micropython BOARD={image.chip.board} ...")
        return image
    fitting, wrong = {}, []
    for place in places:
        for path in sorted(pathlib.Path(place).expanduser().glob("*.bin" if board == "esp32" else "*.uf2")):
            try:
                image = images.read(path)
            except images.ImageError as error:
                if path.name.startswith(tuple(PAGES[board])):
                    wrong.append(f"{path} {error}")
                continue
            if image.chip.board == board:
                fitting.setdefault(image.sha256, image)
    if len(fitting) == 1:
        return next(iter(fitting.values()))
    if fitting:
        choice = "  or  ".join(f"FILE={image.path}" for image in fitting.values())
        raise MicropythonError(f"there are several files that would do. Choose one:  {choice}")
    if wrong:
        raise MicropythonError("; ".join(wrong))
    raise MicropythonError(f"no file to write is in {' or '.join(places)}. Download the newest release, {named(board)} "
                           f"and type the same again, or add FILE= and where it lies")


# --- ESP32


def write_esp(image, port, tell):
    """Erase the board at `port` and write the image, by esptool, which verifies it. MicropythonError in words."""
    command = [sys.executable, "-m", "esptool", "--chip", image.chip.esptool, "--port", port, "--baud", str(BAUD),
               "--connect-attempts", str(ATTEMPTS),
               "--before", "default-reset", "--after", "hard-reset", "write-flash", "--erase-all", hex(image.chip.offset), str(image.path)]
    said, line, percent = [], "", None
    environment = dict(os.environ, NO_COLOR="1", TERM="dumb", COLUMNS="200", PYTHONUNBUFFERED="1", PYTHONIOENCODING="utf-8")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", env=environment) as process:
        try:
            while character := process.stdout.read(1):
                if character not in "\r\n":
                    line += character
                    continue
                found = re.search(r"([\d.]+) ?%", line)
                if found and int(float(found[1])) != percent:
                    percent = int(float(found[1]))
                    tell(f"\r  {percent:3} % written")
                elif line.strip() and not found:
                    said.append(line.strip())
                line = ""
        except KeyboardInterrupt:
            process.terminate()
            raise
    if percent is not None:
        tell("\r" + 30 * " " + "\r")
    if process.returncode:
        raise MicropythonError(_meaning(said + [line.strip()]))


def _meaning(said):
    """The error of esptool in plain words."""
    text = " ".join(said)
    for pattern, words in ESPTOOL_SAYS:
        found = re.search(pattern, text)
        if found:
            return words.format(*found.groups())
    errors = [line for line in said if "error" in line.lower()] or [line for line in said if line] or ["nothing"]
    return f"esptool failed, and says: {errors[-1]}"


# --- RP2


def by_picotool(image):
    """Write by picotool, where that program is; for a board in its loader whose drive is not mounted."""
    done = subprocess.run(["picotool", "load", "-v", "-x", str(image.path)], capture_output=True, text=True)
    if done.returncode:
        said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()] or ["nothing"]
        raise MicropythonError(f"picotool failed, and says: {said[-1]}")


def put_rp2(image, port, tell):
    """Find the board's drive and write to it. MicropythonError in words."""
    place = pathlib.Path(port)
    there = {place: uf2_drive.chip_of(place)} if place.is_dir() else uf2_drive.drives()
    if None in there.values():
        raise MicropythonError(f"{place} is no drive of a board: there is no {uf2_drive.INFO} on it. {uf2_drive.HOLD}")
    if len(there) > 1:
        raise MicropythonError(f"several boards show themselves as drives. Choose one:  {'  or  '.join(f'PORT={one}' for one in there)}")
    for place, chip in there.items():
        if chip != image.chip.name:
            board = f"an {chip}" if chip else "none that is known here"
            raise MicropythonError(f"the file is for an {image.chip.name}, the board on {place} is {board}. Nothing was written. "
                                   f"Take  {named('rp2')}")
        tell(f"  to the drive {place}\n")
        try:
            uf2_drive.write(image.data, place, tell)
        except uf2_drive.DriveError as error:
            raise MicropythonError(str(error)) from None
        return
    device = uf2_drive.unmounted()
    if device and not shutil.which("picotool"):
        raise MicropythonError(f"the board's drive is there, but not mounted. Type:  sudo mount {device} /mnt  and then  "
                               f"sudo make micropython BOARD=rp2 PORT=/mnt FILE={image.path}")
    if device:
        tell("  by picotool\n")
        by_picotool(image)
        return
    raise MicropythonError(f"no board shows itself as a drive. {uf2_drive.HOLD}")


# --- both


def refuse_what_is_there(port, board, again):
    """MicropythonError if the board at `port` has MicroPython already, unless it is to be written again."""
    with Link(port) as link:
        try:
            link.prompt(LOOKS_S, soft_reset=False)
            kind = link.identify()
        except LinkLost:
            return
        flash.go_on(link)
    if again:
        return
    what = "erases all that is on the board, what the monitor remembers too" if board == "esp32" else "keeps the board's files"
    raise MicropythonError(f"MicroPython {'.'.join(map(str, kind.version))} is on {port} already. Nothing was written. Go on with  "
                           f"make flash BOARD={board} PORT={port}  or add AGAIN=1 to write it again, which {what}")


def wait_for_answer(port, tell):
    """Until MicroPython answers there; its Kind. MicropythonError if it does not."""
    began = time.monotonic()
    has_asked = False
    while True:
        try:
            with Link(port) as link:
                link.prompt(PROMPT_S, soft_reset=False)
                return link.identify()
        except LinkLost:
            pass
        waited_s = time.monotonic() - began
        if waited_s > ANSWERS_S:
            raise MicropythonError(f"all of it is written, but nothing answers on {port}. Press the board's RESET (R), or unplug it and plug it in "
                                   f"again; then go on with make flash. Its port may have another name now: {ports.known() or 'none is to be seen'}")
        if waited_s > BUTTON_S and not has_asked:
            has_asked = True
            tell("  written; press the board's RESET (R) once, or unplug it and plug it in again\n")
        time.sleep(0.1)


def put(board, port, given, again, tell):
    """All of it. MicropythonError in words."""
    image = find(board, given)
    tell(f"{image.path}\n  MicroPython {image.version} for an {image.chip.name}, SHA-256 {image.sha256}"
         f"{', as known of that release' if image.is_known else ''}\n")
    is_port = not os.path.isdir(port)
    if board == "esp32" or is_port and os.path.exists(port):
        try:
            os.close(ports.claim(port, flash.DEVICE))
        except ports.ChargerError as error:
            raise MicropythonError(f"{error} Nothing was written.") from None
        refuse_what_is_there(port, board, again)
    if board == "esp32":
        write_esp(image, port, tell)
    else:
        put_rp2(image, port, tell)
        if not is_port:
            tell("written; the board restarts and gets a port, mostly /dev/ttyACM0. Next:  make flash BOARD=rp2 PORT=/dev/ttyACM0\n")
            return
    kind = wait_for_answer(port, tell)
    tell(f"MicroPython {'.'.join(map(str, kind.version))} answers on {port}{': ' + kind.machine if kind.machine else ''}. "
         f"Next:  make flash BOARD={board} PORT={port}\n")


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="make micropython", description="Put MicroPython on a new board, from a file that you downloaded.")
    parser.add_argument("board", choices=sorted(manifest.BOARDS), help="BOARD=")
    parser.add_argument("port", help="PORT=: its serial port; of an RP2 also the folder of its drive")
    parser.add_argument("--file", default="", help="FILE=: the file from micropython.org; without it, the only one in ~/Downloads")
    parser.add_argument("--again", action="store_true", help="AGAIN=1: although there is MicroPython on it")
    given = parser.parse_args(arguments)
    if given.board in OTHERS:
        print(f"make micropython: {OTHERS[given.board].format(port=given.port)}", file=sys.stderr)
        return 2

    def tell(text):
        sys.stdout.write(text)
        sys.stdout.flush()

    try:
        put(given.board, given.port, given.file, given.again, tell)
    except MicropythonError as error:
        print(f"make micropython: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nmake micropython: stopped. A board that was being written to has no MicroPython now: type the same again.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
