"""How much of a board the firmware takes: bytes of .mpy in flash, bytes retained in RAM. `python -m tools.board.footprint` prints both by module.

Modules are those that the start on a LoPy4 imports, umodbus's too, made small (tools/board/shrink) and compiled without line numbers: for flash
by the LoPy4's compiler, for RAM by the newest one, whose files the MicroPython of the tests loads.
"""
import ast
import json
import pathlib
import subprocess
import sys
import tempfile

from tools.checks import dialect, micropython
from tools.board import manifest, shrink

SRC = micropython.ROOT / "src"
MEMORY = micropython.ROOT / "tests" / "micropython" / "memory.py"
# The start on a LoPy4, and the board module that it opens by name.
LOPY4 = ("main", "hal.lopy4")


def _base(name):
    return micropython.SITE if name.split(".")[0] == "umodbus" else SRC


def _path(name):
    """The file of a module of the firmware or of umodbus; None for the interpreter's own."""
    stem = _base(name) / name.replace(".", "/")
    return next((path for path in (stem / "__init__.py", stem.with_suffix(".py")) if path.exists()), None)


def _imports(name, text):
    """Dotted names that the module imports, packages before their modules."""
    package = name if _path(name).name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(filter(None, (package if node.level else "", node.module)))
            found = [base] + [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for dotted in found:
            parts = dotted.split(".")
            yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def sources(roots=LOPY4):
    """{path: text} of everything that `roots` import, each after what it imports itself."""
    found = {}
    seen = set()

    def visit(name):
        path = _path(name)
        if name in seen or path is None:
            return
        seen.add(name)
        text = path.read_text()
        for other in _imports(name, text):
            visit(other)
        found[path.relative_to(_base(name)).as_posix()] = text

    for root in roots:
        parts = root.split(".")
        for count in range(1, len(parts) + 1):
            visit(".".join(parts[:count]))
    return found


def compiled(texts, folder, version):
    """Compiles {path: text} into folder; {path: bytes of .mpy}."""
    program = dialect.compiler(version)
    sizes = {}
    for name, text in texts.items():
        path = pathlib.Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        # What a trace calls it: no longer than the module's own name, which is there anyway.
        subprocess.run([program, *manifest.OPTIONS, "-s", path.stem, str(path)], check=True)
        path.unlink()
        sizes[name] = path.with_suffix(".mpy").stat().st_size
    return sizes


def flash(texts):
    """{path: bytes of .mpy} on a LoPy4."""
    with tempfile.TemporaryDirectory() as folder:
        return compiled(texts, folder, "1.11")


def ram(texts):
    """Bytes on MicroPython: ({path: retained by its import}, {`imported`, `built`, `a minute`, `an hour`, `two hours`: retained in all}, and
    allocated by a status cycle, {`cycle`: the median of an hour, and the most of its kinds})."""
    modules = [shrink.module_name(path) for path in texts]
    with tempfile.TemporaryDirectory() as folder:
        compiled(texts, folder, None)
        code, output = micropython.run(MEMORY, {"/fw": folder}, modules)
    if code:
        raise RuntimeError(f"tests/micropython/memory.py ended with {code}: {output}")
    figures = json.loads(output)
    marks = [figures["before " + module] for module in modules] + [figures["imported"]]
    by_path = {path: marks[number + 1] - marks[number] for number, path in enumerate(texts)}
    retained = {what: figures[what] - marks[0] for what in ("imported", "built", "a minute", "an hour", "two hours")}
    return by_path, retained, {what: figures[what] for what in figures if "cycle" in what}


def small():
    """What goes on a LoPy4, made small, in the order in which it is imported."""
    texts = sources()
    made = shrink.shrink(texts)
    return {path: made[path] for path in texts if path in made}


def main():
    texts = small()
    sizes = flash(texts)
    retained, totals, cycles = ram(texts)
    print(f"{'flash':>7}{'RAM':>8}  module")
    for path in sorted(sizes, key=sizes.get, reverse=True):
        print(f"{sizes[path]:7}{retained[path]:8}  {path}")
    print(f"{sum(sizes.values()):7}{sum(retained.values()):8}  all {len(sizes)} modules")
    print("RAM retained with the application: " + ", ".join(f"{what} {count}" for what, count in totals.items()))
    print("RAM allocated: " + ", ".join(f"{what} {count}" for what, count in cycles.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
