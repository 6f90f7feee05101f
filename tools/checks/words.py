"""Private words that must not come back: in comments, docstrings and names, each with the plain word to use instead.

`python -m tools.checks.words` (part of `make lint`) prints `file:line: word -> plain word`. docs/architecture.md has a glossary.
"""

import ast
import io
import pathlib
import re
import sys
import tokenize

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("src", "sim", "tools", "tests")
# What speaks of the words themselves.
ABOUT_WORDS = ("tools/checks/words.py", "tests/unit/tools/checks/test_words.py")

# (in comments and docstrings, what to say instead)
PHRASES = (
    (r"deeds?", "command, step or action"),
    (r"refuge", "safe mode"),
    (r"dossier", "device report"),
    (r"the book", "command log"),
    (r"governor", "airtime budget"),
    (r"ledgers?", "airtime log"),
    (r"joiner", "join schedule"),
    (r"(the|its|'s) ladder", "start sequence, or fallback of the data rate"),
    (r"rungs?", "step"),
    (r"the actor", "controller"),
    (r"so long(?! as)", "this long, that long, or the time as a noun"),
    (r"so (often|many)", "this, that or the number as a noun"),
    (r"of ours", "of the monitor, of the firmware"),
    (r"what is wrong", "error"),
    (r"anew", "again, or a verb with re-"),
    (r"seldom", "rarely"),
    (r"in vain", "failed, without an answer"),
    (r"amid", "during"),
    (r"befalls?", "happens to"),
    (r"nought", "zero, nothing"),
    (r"whoever", "the reader, the caller, the other device"),
    (r"reckon(s|ed|ing)?", "calculate, count, allow for"),
)
# (as a part of a name, the name to give instead)
NAMES = (
    ("deed", "command, action"), ("deeds", "commands, actions"), ("refuge", "safe_mode"), ("governor", "airtime_budget"), ("ledger", "airtime_log"),
    ("joiner", "join_schedule"), ("rung", "step"), ("rungs", "steps"),
)
# (the same, in the firmware alone)
FIRMWARE_NAMES = (("told", "sent, reported"), ("said", "sent, recorded"))

_PHRASES = tuple((re.compile(rf"(?i)\b{pattern}\b"), plain) for pattern, plain in PHRASES)
# What a file must have to be looked at, one of the firmware or another: most have none of it.
_ANY = {firmware: re.compile("(?i)" + "|".join([rf"\b{pattern}\b" for pattern, _ in PHRASES] + [name for name, _ in names]))
        for firmware, names in ((False, NAMES), (True, NAMES + FIRMWARE_NAMES))}
_PART = re.compile(r"[A-Z]?[a-z]+")


def _texts(source):
    """(line, text) of each comment and of each line of a docstring."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node, clean=False) is not None:
            place = node.body[0]
            yield from zip(range(place.lineno, place.end_lineno + 1), place.value.value.split("\n"), strict=False)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _names(source):
    """(line, name) of every name in the code."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME:
            yield token.start[0], token.string


def faults(source, firmware=False):
    """Sorted (line, word, plain word) of the private words in the text `source`; firmware: it is a module of src."""
    if not _ANY[firmware].search(source):
        return []
    found = {(line, match.group().lower(), plain) for line, text in _texts(source) for pattern, plain in _PHRASES for match in pattern.finditer(text)}
    plain_names = dict(NAMES + FIRMWARE_NAMES if firmware else NAMES)
    for line, name in _names(source):
        found.update((line, name, plain_names[part.lower()]) for part in _PART.findall(name) if part.lower() in plain_names)
    return sorted(found)


def all_faults():
    """Every private word in all files, one line each."""
    lines = []
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(ABOUT_WORDS):
                lines += [f"{name}:{line}: {word} -> {plain}" for line, word, plain in faults(path.read_text(encoding="utf-8"), folder == "src")]
    return lines


def main():
    """The command; exit code 1 if a private word is back."""
    found = all_faults()
    print("\n".join(found) or f"words: none is private in {', '.join(FOLDERS)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
