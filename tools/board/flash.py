"""`make flash BOARD= PORT=`: writes the firmware to a board; an interruption at any moment leaves the old version running (docs/flashing.md).

Everything is checked before the board is touched; the slot that does not run is made equal to the build and read back; the record that
names it is written last. Exit status 0 only if the new version was seen to start.
"""
import argparse
import errno
import importlib
import os
import sys

import loader
from lorawan import regions

from home import time_zone_mistakes
from tools.board import build, images, manifest, uf2_drive
from tools.checks import commit
from tools.charger import ports
from tools.board.link import RESTART_S, Link, LinkLost, entry

# What a boot takes until "started": imports, and the modem of a board that has one.
STARTED_S = 90
# A reset that did not happen is ordered again.
RESETS = 3
# Blocks for folders, the records, and a second main.py for a moment.
SPARE_BLOCKS = 16
NEW_LOADER = "main.new"
DEVICE = "the board"

WORDS = {
    errno.EROFS: "its flash is read-only. Nothing was changed. A board that shows itself as a disk: eject it there; else flash MicroPython anew",
    errno.ENOSPC: "its flash is full. The version before still runs. Remove what is not of this project:"
                  "  .venv/bin/python -m mpremote connect {port} fs ls",
    errno.EIO: "its flash fails. The version before still runs. Try again; if it fails again, flash MicroPython anew, or change the board",
}


# Errors of reading a file that a person edited.
BROKEN = (ArithmeticError, AttributeError, LookupError, NameError, SyntaxError, TypeError, ValueError)


class FlashError(Exception):
    """An error and its remedy, one line or a list of them."""


def check(platform):
    """(every error in the settings and the keys, as (setting, error); the Settings or None)."""
    modules = {}
    errors = []
    settings = None
    for name in ("config", "local_config", "keys"):
        try:
            modules[name] = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                errors.append((f"{name}.py", f"imports {error.name}, which there is not on a board"))
        except BROKEN as error:
            errors.append((f"{name}.py", f"cannot be read: {type(error).__name__}: {error}"))
    if "config" in modules:
        import main
        from hal import pins

        try:
            settings = modules["config"].Settings() if errors else modules["config"].of_site()
        except KeyError as error:
            errors.append(("config.py", f"has no {error.args[0]}"))
        else:
            wrong = main.check(settings)
            errors += wrong + pins.check(settings, [name for name, _ in wrong], platform)
        if not any(name == "keys.py" for name, _ in errors):
            errors += modules["config"].validate_keys(modules.get("keys"))
    return errors, settings


def refuse_kind(kind, board, form):
    """FlashError if the connected board (a Kind) does not fit this build."""
    wanted = manifest.BOARDS[board]
    if kind.platform != wanted.platform:
        named = [name for name, other in manifest.BOARDS.items() if other.platform == kind.platform]
        raise FlashError(f"this board says it is {kind.platform!r}, BOARD={board} is {wanted.platform!r}. Nothing was changed. "
                         + (f"Type:  make flash BOARD={named[0]} ..." if named else "Which port is the right one?"))
    if images.PICO_W in kind.machine:
        raise FlashError(f"{images.FOR_WIFI}. Nothing was changed. Put that on it first (docs/flashing.md), its button BOOTSEL held")
    needs_mpy = "RP2040" in kind.machine
    if form == "py" and needs_mpy:
        raise FlashError("this board is an RP2040, whose memory is too small to compile the source: it would end in a MemoryError at each start. "
                         "Nothing was changed. Leave FORMAT=py out")
    if form == "mpy" and kind.mpy != wanted.mpy:
        version = ".".join(map(str, kind.version))
        raise FlashError(f"MicroPython {version} on this board loads .mpy files of version {kind.mpy}, this build has version {wanted.mpy}. "
                         f"Nothing was changed. It should be {wanted.what}" + ("" if needs_mpy else "; or add FORMAT=py, which flashes source"))


class Plan:
    """What is to be done to make one slot equal to the build."""

    def __init__(self, wanted, seen, target, active):
        """wanted: {path in the slot: bytes}; seen: the Flash; active: the slot to leave alone, or None."""
        self.entries = {f"{target}/{path}": entry(data) for path, data in wanted.items()}
        there = {path for path in seen.files if path.startswith(target + "/")}
        self.remove = sorted(there - set(self.entries))
        differ = [path for path in sorted(self.entries) if seen.files.get(path) != self.entries[path]]
        twin = {path: f"{active}/{path[len(target) + 1:]}" for path in differ}
        self.copy = [(twin[path], path) for path in differ if active and seen.files.get(twin[path]) == self.entries[path]]
        copied = {path for _, path in self.copy}
        self.upload = [(path, wanted[path[len(target) + 1:]]) for path in differ if path not in copied]
        self.folders = sorted({path.rsplit("/", count)[0] for path in self.entries for count in range(1, path.count("/") + 1)})
        # MicroPython takes an empty folder before a module of that name.
        self.remove_folders = [path for path in seen.folders if path.startswith(target + "/") and path not in self.folders]

        def blocks(size):
            return -(-size // seen.block) * seen.block

        freed = sum(blocks(seen.files[path][0]) for path in there if path in self.remove or path in differ)
        self.needs = sum(blocks(self.entries[path][0]) for path in differ) + SPARE_BLOCKS * seen.block if differ else 0
        self.has = seen.free + freed

    def is_done(self, seen):
        """Is the slot equal to the build already?"""
        return not self.remove and not self.remove_folders and all(seen.files.get(path) == what for path, what in self.entries.items())


def fill(link, plan, tell):
    """Make the slot what it is to be, and read it back."""
    for path in plan.remove:
        link.remove(path)
    for folder in plan.remove_folders:
        link.remove_folder(folder)
    for folder in plan.folders:
        link.make_folder(folder)
    for source, path in plan.copy:
        link.copy(source, path)
    total = sum(len(data) for _, data in plan.upload)
    done = 0
    for path, data in plan.upload:
        link.write(path, data)
        done += len(data)
        tell(f"\r  {done * 100 // total if total else 100:3} %  {path:40}")
    if plan.upload:
        tell("\r" + 60 * " " + "\r")
    link.sync()


def verify(link, expected, under):
    """FlashError unless exactly `expected` ({path: (size, digest)}) is there."""
    seen = link.look(under).files
    wrong = sorted(path for path in set(seen) | set(expected) if seen.get(path) != expected.get(path))
    if wrong:
        raise FlashError(f"what was written does not read back: {', '.join(wrong[:3])}. The version before still runs. Try again; "
                         "if it fails again, the flash or the cable is bad")


def name_slot(link, slot, boots, other):
    """Write the record that names a slot, over the older copy, and see that it is whole."""
    record, copy = loader.newest([link.read(name) for name in loader.RECORDS])
    text = loader.pack(record[0] + 1 if record else 1, slot, boots, other)
    link.write(loader.RECORDS[copy], text.encode())
    link.sync()
    if link.read(loader.RECORDS[copy]) != text:
        raise FlashError("the record that names the new version does not read back. The version before still runs. Try again")


def put(link, files, tell):
    """All of the update; the slot to be started. Nothing if it is there already."""
    slot_files = {path[len(build.SLOT) + 1:]: data for path, data in files.items() if path.startswith(build.SLOT + "/")}
    start = files[build.LOADER]
    seen = link.look((*loader.SLOTS, build.LOADER))
    record, _ = loader.newest([link.read(name) for name in loader.RECORDS])
    active, other, on_trial = None, loader.NONE, False
    if record:
        _, active, boots, other = record
        on_trial = boots != loader.NONE
    renews = seen.files.get(build.LOADER) != entry(start)
    if active and Plan(slot_files, seen, active, None).is_done(seen):
        tell(f"  slot {active} has it already\n")
        target = active
    else:
        if on_trial:
            # What runs has not proven itself: it is given up for the one before, which stays.
            active = other
        target = loader.SLOTS[1] if active == loader.SLOTS[0] else loader.SLOTS[0]
        plan = Plan(slot_files, seen, target, active)
        if plan.needs > plan.has:
            raise FlashError(f"its flash is full: {plan.needs // 1024} KB are needed, {plan.has // 1024} KB are free. Nothing was changed. "
                             f"Remove what is not of this project:  .venv/bin/python -m mpremote connect {link.path} fs ls")
        if on_trial:
            name_slot(link, active, loader.NONE, loader.NONE)
        tell(f"  slot {target}: {len(plan.upload)} files to send, {len(plan.copy)} taken from slot {active or '-'}, {len(plan.remove)} to remove\n")
        fill(link, plan, tell)
        verify(link, plan.entries, (target,))
    if renews:
        link.write(NEW_LOADER, start)
        verify(link, {NEW_LOADER: entry(start)}, (NEW_LOADER,))
    if target != active:
        name_slot(link, target, loader.BOOTS if active else loader.NONE, active or loader.NONE)
    if renews:
        # Last: on a board that had no slots yet this is what starts ours.
        link.rename(NEW_LOADER, build.LOADER)
        link.sync()
    return target


def follow(link, slot, tell):
    """The log until the first line of life. FlashError if it does not come."""
    lines = []
    for line in link.lines(STARTED_S):
        if not line:
            continue
        tell(f"  | {line}\n")
        if line.startswith("started"):
            return
        if line.startswith("starts again"):
            break
        lines.append(line)
        if line.startswith(("settings:", "no firmware")) or line.startswith("slot ") and not line.startswith(f"slot {slot}"):
            break
    said = f"its last words: {lines[-1]}" if lines else "it says nothing"
    raise FlashError(f"the new version does not start, {said}. If there was a version before, it comes back by itself after {loader.BOOTS} boots. "
                     f"See what happens:  make logs PORT={link.path}")


def flash(board, path, files, form, tell):
    """Everything that needs the board. FlashError in words."""
    try:
        os.close(ports.claim(path, DEVICE))
    except ports.ChargerError as error:
        raise FlashError(f"{error} Nothing was changed.{of_a_drive(board, path)}") from None
    with Link(path) as link:
        try:
            greet(link, board, form)
            slot = update(link, files, tell)
        except KeyboardInterrupt:
            go_on(link)
            raise
        link.reset()
        follow(link, slot, tell)


def without_micropython(board, path):
    """What to do with a board that has none yet."""
    if manifest.BOARDS[board].compiler is None:
        return f"A new board gets MicroPython first:  make micropython BOARD={board} PORT={path}"
    return "A board without MicroPython gets it by its maker's updater: docs/lopy4.md"


def of_a_drive(board, path):
    """Where the port is missing because the board waits as a drive: what to type. Else ''."""
    if manifest.BOARDS[board].platform != "rp2" or not (uf2_drive.drives() or uf2_drive.unmounted()):
        return ""
    return (" A board shows itself as a drive: it has no MicroPython yet, or its button was held. "
            f"Type:  make micropython BOARD={board} PORT={path}")


def greet(link, board, form):
    """Get the prompt of the right board, with memory and watchdog as after a reset."""
    try:
        link.prompt(RESTART_S / 3, soft_reset=False)
        kind = link.identify()
    except LinkLost:
        raise FlashError(f"nothing on {link.path} answers as MicroPython does. Nothing was changed. {without_micropython(board, link.path)} "
                         "Else: is it the right port, is it powered? A board that hangs: press its reset button and type the same again") from None
    try:
        refuse_kind(kind, board, form)
    except FlashError:
        go_on(link)
        raise


def update(link, files, tell):
    """put(), with words for what can go wrong meanwhile."""
    try:
        # The watchdog of the firmware would bite in the middle: after a reset it does not run until the firmware feeds it.
        reset(link)
        link.prompt(RESTART_S, soft_reset=True)
        link.arm()
        return put(link, files, tell)
    except LinkLost as error:
        raise FlashError(f"the board does not answer any more ({error}). By itself it starts the version before, or the new one if that was "
                         "complete. Look at cable and power, then type the same again") from None
    except FlashError:
        go_on(link)
        raise
    except OSError as error:
        go_on(link)
        words = WORDS.get(error.errno, f"it refuses with error {error.errno}. The version before still runs. Try again")
        raise FlashError(words.format(port=link.path)) from None


def reset(link):
    """Restart the board and have its prompt. FlashError if it does not restart."""
    for _ in range(RESETS):
        link.reset()
        link.prompt(RESTART_S, soft_reset=False)
        if link.has_reset():
            return
    raise FlashError("the board does not restart when it is told to. Nothing was changed. Press its reset button and type the same again")


def go_on(link):
    """Let what was there run on."""
    try:
        link.prompt(RESTART_S, soft_reset=False)
        link.reset()
    except LinkLost:
        pass    # its watchdog does it, and the error has been reported


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="make flash", description="Put the firmware on a board.")
    parser.add_argument("board", choices=sorted(manifest.BOARDS), help="BOARD=")
    parser.add_argument("port", help="PORT=")
    parser.add_argument("--format", choices=("mpy", "py"), default="mpy", help="FORMAT=: compiled, or as source")
    given = parser.parse_args(arguments)
    kind = manifest.BOARDS[given.board]
    if kind.compiler == "":
        print("make flash: a Linux computer is not flashed: docs/linux.md says how the monitor becomes a service there", file=sys.stderr)
        return 2

    def tell(text):
        sys.stdout.write(text)
        sys.stdout.flush()

    try:
        errors, settings = check(kind.platform)
        if errors:
            raise FlashError("\n".join(["the settings (src/local_config.py) and keys (src/keys.py) are not right. Nothing was changed."]
                                       + [f"  {name} {what}" for name, what in errors]))
        doubt = time_zone_mistakes.doubt(settings.TIMEZONE)
        if doubt:
            tell(f"look at src/local_config.py, TIMEZONE: {doubt}\n")
        of = commit.last(*build.CODE)
        try:
            files = build.content(given.board, given.format, of)
        except ValueError as error:
            raise FlashError(f"{error}. Nothing was changed") from None
        tell(f"{kind.what} on {given.port}, commit {commit.short(of) or 'unknown'}, {regions.in_words(settings.REGION, settings.SUB_BAND)}\n")
        flash(given.board, given.port, files, given.format, tell)
    except FlashError as error:
        print(f"make flash: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nmake flash: stopped. The board starts the version before.", file=sys.stderr)
        return 1
    tell("done\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
