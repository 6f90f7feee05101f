"""The drive as which an RP2040 or RP2350 shows itself when it is started with its button BOOTSEL held."""
import contextlib
import os
import pathlib
import re

MOUNTS = pathlib.Path("/proc/mounts")
LABELS = pathlib.Path("/dev/disk/by-label")
INFO = "INFO_UF2.TXT"
# Board-ID in there, which is the name of the drive too: the chip.
DRIVES = {"RPI-RP2": "RP2040", "RP2350": "RP2350"}
PIECE = 32 * 1024
HOLD = "Hold the button BOOTSEL down while you plug its cable in, then let go: it shows itself as a drive. Then type the same again"


class DriveError(Exception):
    """The drive cannot be written to, and the remedy; one line."""


def drives():
    """{mount point: chip} of boards that show themselves as a drive, ''  for a chip that is unknown here."""
    found = {}
    with contextlib.suppress(OSError):
        for line in MOUNTS.read_text().splitlines():
            # Spaces in a mount point are written as \040.
            place = pathlib.Path(line.split()[1].encode().decode("unicode_escape"))
            chip = chip_of(place)
            if chip is not None:
                found[place] = chip
    return found


def chip_of(place):
    """The chip whose loader's drive that folder is, '' for an unknown one; None where it is no such drive."""
    try:
        text = (place / INFO).read_text(errors="replace")
    except OSError:
        return None
    board_id = re.search(r"^Board-ID:\s*(\S+)", text, re.MULTILINE)
    return DRIVES.get(board_id[1], "") if board_id else ""


def unmounted():
    """The device of such a drive that nobody has mounted, or None."""
    return next((str(LABELS / name) for name in DRIVES if (LABELS / name).exists()), None)


def write(data, place, tell):
    """Copy a UF2 to the drive; the board takes it and restarts, and the drive is gone."""
    total = len(data)
    done = 0
    try:
        fd = os.open(place / "firmware.uf2", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    except OSError as error:
        raise DriveError(f"the drive {place} cannot be written to ({error.strerror}). Nothing was written. "
                               "Is it mounted for you? Else put sudo before the command") from None
    try:
        while done < total:
            done += os.write(fd, data[done:done + PIECE])
            os.fsync(fd)
            tell(f"\r  {done * 100 // total:3} % written")
    except OSError as error:
        # With its last block the board restarts, and takes the drive away before all is said.
        if done < total:
            raise DriveError(f"the drive went away in the middle ({error.strerror}). " + HOLD) from None
    finally:
        with contextlib.suppress(OSError):
            os.close(fd)
    tell("\r" + 30 * " " + "\r")
