"""Shrinks the firmware's source for a board: the same program in less space, and the same result for the same source.

`shrink(sources)` takes {path: text} of all files of a board and returns an equivalent program that needs less flash and RAM. It works on
the whole program, because only that shows unused parts and the meaning of each word:

1. annotations and docstrings go (program);
2. constants are computed and put where they are used (constants);
3. unused imports, functions, methods, constants, attributes and modules go (dead);
4. a module that one neighbour alone imports becomes a part of it (fold);
5. short functions are inlined (expand), and those called in one place only (merge);
6. words of the program become short (names);
7. modules import their neighbours by their own names alone (nearby).

`table(sources)` lists the long word for each short one, to read a trace by. Not touched are words known outside: of the
interpreter, of a board's modules, of hal.contract (every board keeps its words), and possible arguments of getattr(): a text in its call, or any
text in capitals, which may be a setting.
"""
import ast
import functools

from tools.board.shrink import constants, dead, expand, fold, merge, names, nearby, program, renamed, words
from tools.board.shrink.program import ShrinkError, module_name

__all__ = ["ShrinkError", "module_name", "shrink", "table"]


@functools.lru_cache(maxsize=4)
def _made(items):
    """(texts by path, table) of the sorted items of sources."""
    sources = dict(items)
    trees = program.parsed(sources)
    kept = words.contract(trees)
    known = constants.Constants(trees)
    for module, tree in trees.items():
        trees[module] = constants.Inlined(module, known, tree).visit(tree)
    outside = kept | words.outside(trees)
    dead.drop_dead(trees, known, outside)
    trees = fold.fold(trees)
    while expand.expand(trees, outside):
        pass
    merge.merge(trees, outside)
    trees = fold.fold(dead.reachable(trees))
    short = names.Names(trees, kept)
    table = "".join(sorted(f"{module} {word} {long}\n".replace(fold.MARK, ".") for module, word, long in short.table()))
    for module, tree in trees.items():
        trees[module] = nearby.Nearby(module, trees).visit(renamed.Renamed(short, module).visit(tree))
    kept_paths = [path for path in sorted(sources) if module_name(path) in trees]
    return {path: ast.unparse(ast.fix_missing_locations(trees[module_name(path)])) + "\n" for path in kept_paths}, table


def shrink(sources):
    """{path: text} made small, without files that become empty. The same sources give the same bytes."""
    return dict(_made(tuple(sorted(sources.items())))[0])


def table(sources):
    """Lines `module short long` of shrink(sources), sorted; * for a word that is the same in all modules."""
    return _made(tuple(sorted(sources.items())))[1]
