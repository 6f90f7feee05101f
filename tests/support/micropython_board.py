"""A board to flash: a real MicroPython (its WebAssembly build) behind a pseudo-terminal, with a folder as its flash and a power switch."""
import json
import os
import pathlib
import pty
import select
import subprocess
import threading
import tty

from tools.checks import micropython

SCRIPT = pathlib.Path(__file__).with_suffix(".mjs")


class FlashBoard:
    """options as in flash_board.mjs. port: the terminal to flash to; folder: its flash; log: every change of it, one JSON list a line;
    heard: all that it printed."""

    def __init__(self, folder, log, **options):
        self.folder, self.log = folder, log
        self.heard = b""
        self._master, self._terminal = pty.openpty()
        tty.setraw(self._terminal)
        self.port = os.ttyname(self._terminal)
        # The board looks whether something came; it does not wait for it.
        to_read, self._to_board = os.pipe()
        os.set_blocking(to_read, False)
        command = [*micropython.NODE_ALONE, str(SCRIPT), str(folder), str(log), json.dumps(options)]
        environment = dict(os.environ, MICROPYTHON=str(micropython.HOME / "node_modules"))
        self._process = subprocess.Popen(command, env=environment, stdin=to_read, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.close(to_read)
        self._relay = threading.Thread(target=self._carry, daemon=True)
        self._relay.start()

    def _carry(self):
        """Bytes to and fro, until the power fails or the cable is cut: then the terminal is gone, as that of a board on USB."""
        said, cut = self._process.stdout.fileno(), self._process.stderr.fileno()
        sources = [said, cut, self._master]
        while True:
            ready, _, _ = select.select(sources, [], [])
            if said in ready:
                data = os.read(said, 4096)
                self.heard += data
                if not data:
                    break
                if self._master in sources:
                    os.write(self._master, data)
            elif cut in ready:
                word = os.read(cut, 4096)
                sources.remove(cut)
                if word == b"cut":
                    self._unplug(sources)
                elif word:
                    self.heard += word    # it crashed, which is to be seen where it matters
                    break
            elif self._master in ready:
                os.write(self._to_board, os.read(self._master, 4096))
        self._unplug(sources)

    def _unplug(self, sources):
        if self._master in sources:
            sources.remove(self._master)
            os.close(self._terminal)
            os.close(self._master)

    def changes(self):
        """The changes of the flash until now."""
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []

    def resets(self):
        """How often machine.reset() restarted it."""
        path = self.log.with_name(self.log.name + ".resets")
        return len(path.read_text()) if path.exists() else 0

    def close(self):
        """The end of it."""
        self._process.kill()
        self._process.wait()
        self._relay.join()
        os.close(self._to_board)
        self._process.stdout.close()
        self._process.stderr.close()
