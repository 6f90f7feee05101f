"""Finds where the firmware sets another object's attribute: each part is built once, complete, and changed by its own methods.

`python -m tools.checks.assignments` (part of `make lint`) checks src/app and src/lorawan and prints `file:line: error`. MEANT lists the records
that a module fills in.
"""
import ast
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ("src/app", "src/lorawan")
# Module -> names of the records whose attributes it sets, as they are called there: the rows of a log, the model of the box, the decision of the
# arbiter, the text that a parser reads, the rows of the scheduler (a call for each would be paid in every turn).
MEANT = {
    "command_log": {"entry"},
    "legacy": {"entry"},
    "poller": {"box"},
    "claims": {"decision"},
    "arbiter": {"decision"},
    "posix_tz": {"text"},
    "scheduler": {"task", "looks"},
}


def _targets(node):
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from target.elts if isinstance(target, ast.Tuple) else [target]
    elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
        yield node.target


def _name(node):
    """The last name of the object, as in self.box or box."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def faults(source, stem):
    """(line, what) for each attribute of another object that the module `stem` with the text `source` sets and that is not MEANT."""
    found = []
    for node in ast.walk(ast.parse(source)):
        for target in _targets(node):
            if isinstance(target, ast.Attribute) and _name(target.value) not in {"self"} | MEANT.get(stem, set()):
                found.append((target.lineno, f"{ast.unparse(target)} belongs to another object: give it when that is built, or let it change itself"))
    return found


def main():
    """Print the faults; exit code 1 if there are any."""
    failed = False
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for line, what in faults(path.read_text(), path.stem):
                failed = True
                print(f"{path.relative_to(ROOT)}:{line}: {what}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
