"""Words that may not change, and the short ones for those that may."""
import ast
import builtins
import io
import keyword
import string

from tools.board.shrink.program import ROOTS, meant, walk

# The vendors' modules of boards: there is no list of the words that are used of them.
VENDORS = {"machine", "network", "pycom", "utime", "uio", "usocket", "esp32", "neopixel", "rp2", "vfs"}
# Modules with words that every board keeps.
CONTRACT = ("hal.contract", "hal.board")
# Arguments are called by these, globals never.
ARGUMENTS = "abcdefghijklmnopqrst"


def _known():
    """Words of the interpreter: built-in names, and methods of built-in types."""
    known = set(dir(builtins)) | set(keyword.kwlist)
    for kind in (str, bytes, bytearray, int, list, dict, set, frozenset, tuple, memoryview, property, BaseException, OSError, type, object, range,
                 io.FileIO, io.StringIO):
        known |= set(dir(kind))
    return known


KNOWN = _known()


def _foreign(tree, trees):
    """(modules outside the program, names that the module imports from them)."""
    modules, found = set(), set()
    for node in walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name not in trees:
                    modules.add(alias.name)
                    found.add(alias.asname or alias.name)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module.split(".")[0] not in trees:
            modules.add(node.module)
            found |= {alias.asname or alias.name for alias in node.names}
    return modules, found


def contract(trees):
    """The words that the layers above use of every board."""
    words = set()
    for module in CONTRACT:
        for node in walk(trees.get(module, ast.Module([], []))):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                words.add(node.attr)
            elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                words.add(node.name)
    return words


def outside(trees):
    """Words that are known outside, or that a text may mean."""
    words = KNOWN | VENDORS
    for module, tree in trees.items():
        modules, names = _foreign(tree, trees)
        words |= names | meant(tree) | set(ROOTS.get(module, ()))
        for node in walk(tree):
            if isinstance(node, ast.Attribute):
                owner = getattr(node.value, "id", "")
                if owner in names or modules & VENDORS and owner != "self":
                    words.add(node.attr)
            elif isinstance(node, ast.keyword) and node.arg and modules & VENDORS:
                words.add(node.arg)
    return words


def arguments_of(node):
    """The arguments of a function, as they stand."""
    return [*node.args.args, *node.args.kwonlyargs, *filter(None, (node.args.vararg, node.args.kwarg))]


def short_words(taken):
    """Short words without end, none of them taken."""
    first = string.ascii_letters + "_"
    words = list(first)
    while True:
        yield from (word for word in words if word not in taken)
        words = [word + letter for word in words for letter in first + string.digits]
