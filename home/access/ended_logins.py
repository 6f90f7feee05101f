"""Visits that were ended by a logout: their cookie is good for nothing, wherever a copy of it is. Kept until the cookie would be too old anyway."""
from home.access.cookies import LIFE_S
from home.access.guarded_file import GuardedFile


class Ended:
    """The visits of a file; where it cannot be written, of this process. clock(): UTC seconds."""

    def __init__(self, path, clock):
        self._file = GuardedFile(path)
        self._clock = clock
        self._here = {}

    def __contains__(self, number):
        return number in self._here or any(line.startswith(f"{number} ") for line in self._file.lines())

    def add(self, number):
        now_s = int(self._clock())
        self._here[number] = now_s + LIFE_S
        kept = {**self._kept(), **self._here}
        self._here = {one: until_s for one, until_s in kept.items() if until_s > now_s}
        try:
            self._file.write([f"{one} {until_s}" for one, until_s in self._here.items()])
        except OSError:
            pass

    def _kept(self):
        found = {}
        for line in self._file.lines():
            number, _, until_s = line.partition(" ")
            if until_s.isdigit():
                found[number] = int(until_s)
        return found
