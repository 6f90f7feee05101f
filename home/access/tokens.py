"""Tokens of programs: each line of the file has a name, what it may, and a hash.

A line of another shape is a token itself, as a file by hand has it.
"""
import dataclasses
import hashlib
import hmac
import re
import secrets

from home.access.guarded_file import GuardedFile

SWITCH, LOOK = "switch", "look"
PREFIX = "evc_"
BY_HAND = "token"
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._@-]{0,30}[A-Za-z0-9])?")
NAME_WORDS = "letters, digits and . _ @ - inside, at most 32, and none of the service's own"
# Who pressed, where it was nobody with a name: a person or program called so would be taken for one of these.
RESERVED = ("page", "elsewhere", "service", "command", "planner")
_LINE = re.compile(rf"(\S+) ({SWITCH}|{LOOK}) sha256:([0-9a-f]{{64}})")


@dataclasses.dataclass(frozen=True)
class Token:
    name: str
    may_switch: bool
    digest: str


class Tokens:
    """The tokens of a file, as it is now."""

    def __init__(self, path):
        self._file = GuardedFile(path)

    def all(self):
        """Every Token, in the order of the file."""
        return [_token(line) for line in self._file.lines()]

    def find(self, given):
        """The Token of that text; None if there is none. A token is long and random: a fast hash is enough."""
        digest, found = _digest(given), None
        for token in self.all():
            if hmac.compare_digest(token.digest, digest):
                found = token
        return found

    def new(self, name, may_switch):
        """A new token's text, which is kept nowhere; ValueError if the name is taken, or none."""
        if not NAME.fullmatch(name) or name in RESERVED:
            raise ValueError(f"{name!r} is no name for a token: {NAME_WORDS}")
        if any(token.name == name for token in self.all()):
            raise ValueError(f"there is a token {name!r} already")
        text = PREFIX + secrets.token_urlsafe(32)
        self._file.write([*self._file.lines(), f"{name} {SWITCH if may_switch else LOOK} sha256:{_digest(text)}"])
        return text

    def remove(self, name):
        """ValueError if there is none of that name."""
        kept = [line for line in self._file.lines() if _token(line).name != name]
        if len(kept) == len(self._file.lines()):
            raise ValueError(f"there is no token {name!r}")
        self._file.write(kept)


def _token(line):
    found = _LINE.fullmatch(line)
    return Token(found[1], found[2] == SWITCH, found[3]) if found else Token(BY_HAND, True, _digest(line))


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()
