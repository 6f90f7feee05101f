"""A file that only its owner may read, with a secret or a hash on each line. It is read again as soon as it has changed."""
import os
import pathlib
import secrets
import tempfile

MODE = 0o600


class GuardedFile:
    """lines(): what stands in it now, without blank lines and comments; none while it is not there, or others may read it."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self._state, self._lines = None, ()

    def lines(self):
        try:
            found = self.path.stat()
            state = (found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode)
            if state != self._state:
                text = "" if found.st_mode & 0o077 else self.path.read_text(encoding="utf-8-sig")
                self._lines = tuple(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))
                self._state = state
        except (OSError, UnicodeDecodeError):
            self._state, self._lines = None, ()
        return self._lines

    def write(self, lines):
        """These lines instead: all of them or, where it fails (OSError), those from before."""
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=self.path.name)      # its mode is 600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.writelines(line + "\n" for line in lines)
                file.flush()
                if os.geteuid() == 0:
                    # Written by root, it is still read by the service, whose folder it is.
                    its = self.path.parent.stat()
                    os.fchown(handle, its.st_uid, its.st_gid)
                os.fsync(file.fileno())
            os.replace(name, self.path)
        except BaseException:
            os.unlink(name)
            raise


def key(path):
    """The key of that file as bytes, made where there is none; of this process alone where the folder cannot be written."""
    file = GuardedFile(path)
    if not file.lines():
        made = secrets.token_hex(32)
        try:
            file.write([made])
        except OSError:
            return made.encode()
    return file.lines()[0].encode()
