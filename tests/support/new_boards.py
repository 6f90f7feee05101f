"""Boards out of their parcels, behind pseudo-terminals and folders: they wait in their loaders, and run the MicroPython that they get."""
import os

from tests.support.micropython_board import FlashBoard
from tests.support.rom_loader import RomLoader


class NewBoard:
    """A board that was never flashed, at a port of its own name: its loader, and after a write the MicroPython that it got."""

    def __init__(self, path, **options):
        self._path = path
        self.loader = RomLoader(on_end=self._start, **options)
        self.running = None
        self.port = str(path / "port")
        os.symlink(self.loader.port, self.port)

    def _start(self):
        (self._path / "flash").mkdir()
        self.running = FlashBoard(self._path / "flash", self._path / "log", machine="XIAO ESP32S3 with ESP32S3")
        os.symlink(self.running.port, self.port + ".new")
        os.replace(self.port + ".new", self.port)

    def close(self):
        self.loader.close()
        if self.running:
            self.running.close()


class Drive:
    """The drive of a Pico that waits: it takes a whole file and is gone."""

    def __init__(self, path, board_id="RPI-RP2"):
        self.place = path / "RPI-RP2"
        self.place.mkdir()
        (self.place / "INFO_UF2.TXT").write_text(f"UF2 Bootloader v3.0\nModel: Raspberry Pi RP2\nBoard-ID: {board_id}\n")
        path.joinpath("mounts").write_text(f"proc /proc proc rw 0 0\n/dev/sda1 {self.place} vfat rw 0 0\n")

    @property
    def holds(self):
        path = self.place / "firmware.uf2"
        return path.read_bytes() if path.exists() else None
