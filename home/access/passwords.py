"""Passwords as argon2id hashes: the file has a name, what it may, and the hash on each line. A hash alone is the owner's."""
import dataclasses
import hashlib
import re
import threading

from home.access.guarded_file import GuardedFile
from home.access.tokens import LOOK, NAME, NAME_WORDS, RESERVED, SWITCH

OWNER, GUEST = "owner", "guest"         # of the two passwords without a name
PAGE = "page"           # who pressed, where nobody logs in
SHORTEST = 8
# OWASP's least for argon2id: 19 MiB, so that a check leaves the house's small computer its memory.
_COST = {"time_cost": 2, "memory_cost": 19456, "parallelism": 1}
_LINE = re.compile(rf"(\S+) ({SWITCH}|{LOOK}) (\$argon2id\$\S+)")


@dataclasses.dataclass(frozen=True)
class User:
    name: str
    may_switch: bool
    hash: str

    @property
    def mark(self):
        """Of the password: another one has another mark."""
        return hashlib.sha256(self.hash.encode()).hexdigest()[:20]


class Passwords:
    """The users of a file, as it is now."""

    def __init__(self, path):
        from argon2 import PasswordHasher
        self._file = GuardedFile(path)
        self._hasher = PasswordHasher(**_COST)
        self._nobody = None
        # One check at a time: each takes its memory.
        self._one = threading.Lock()

    def all(self):
        """Every User, in the order of the file; a line that is none counts as nobody."""
        return [user for user in map(_user, self._file.lines()) if user]

    def user(self, name):
        """The User of that name, or None."""
        return next((user for user in self.all() if user.name == name), None)

    def check(self, name, password):
        """The User who has that password; None if it is wrong. Without a name it is one of the two without one.

        It takes as long for a name that does not exist.
        """
        found = None
        with self._one:
            for one in [name] if name else [OWNER, GUEST]:
                user = self.user(one)
                if self._is_right(user.hash if user else self._of_nobody(), password) and user:
                    found = found or user
        return found

    def set(self, name, may_switch, password):
        """That user's password; a new user if there was none. ValueError if name or password will not do."""
        if not NAME.fullmatch(name) or name in RESERVED:
            raise ValueError(f"{name!r} is no name for a user: {NAME_WORDS}")
        if len(password) < SHORTEST:
            raise ValueError(f"a password has at least {SHORTEST} characters")
        new = User(name, may_switch, self._hasher.hash(password))
        users = self.all()
        kept = [new if user.name == name else user for user in users] if self.user(name) else [*users, new]
        self._write(kept)

    def remove(self, name):
        """ValueError if there is none of that name."""
        if not self.user(name):
            raise ValueError(f"there is no user {name!r}")
        self._write([user for user in self.all() if user.name != name])

    def _write(self, users):
        self._file.write([f"{user.name} {SWITCH if user.may_switch else LOOK} {user.hash}" for user in users])

    def _is_right(self, its_hash, password):
        from argon2.exceptions import InvalidHashError, VerificationError
        try:
            return self._hasher.verify(its_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    def _of_nobody(self):
        if self._nobody is None:
            self._nobody = self._hasher.hash(hashlib.sha256(str(id(self)).encode()).hexdigest())
        return self._nobody


def _user(line):
    found = _LINE.fullmatch(line)
    if found:
        return User(found[1], found[2] == SWITCH, found[3])
    return User(OWNER, True, line) if line.startswith("$argon2") else None
