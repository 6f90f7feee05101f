"""Gives short names to a program's own words.

Attributes, and arguments given by name: see attributes. Globals are known by the module that defines them, so that two that no module sees
together, or a global and an attribute, may have the same short word; what a module imports and has no short word has one there. Arguments that
are never given by name are a, b, c, ...; local variables stay, for the compiler makes numbers of them.
"""
import ast
import collections

from tools.board.shrink.attributes import Attributes
from tools.board.shrink.program import ROOTS, bound, imported, own, statements, walk
from tools.board.shrink.words import ARGUMENTS, outside, short_words


def _classes(tree):
    return [node for node in walk(tree) if isinstance(node, ast.ClassDef)]


class Names:
    """The short word for each long one of a program."""

    def __init__(self, trees, kept):
        """kept: words that stay, beside those that the outside knows."""
        self.trees = trees
        self.outside = outside(trees) | kept
        self.given = {node.arg for tree in trees.values() for node in walk(tree) if isinstance(node, ast.keyword) and node.arg}
        self.imports = {module: imported(module, tree, trees) for module, tree in trees.items()}
        self.seen = {module: own(tree.body) for module, tree in trees.items()}
        for module, tree in trees.items():
            # A function may set a global.
            self.seen[module] |= {name for node in walk(tree) if isinstance(node, ast.Global) for name in node.names}
        self.attributes = Attributes(trees, self.outside, self.given, self.module_of)
        self.globals = self._globals()

    def entity(self, module, name):
        """(module, name) of a module's global at its definition; of a module, or of a word known outside, at its import."""
        at, long = module, name
        while long in self.imports[at]:
            at, long = self.imports[at][long]
            if long is None:
                return module, name
        return (module, name) if self._stays(at, long) else (at, long)

    def _stays(self, module, name):
        return name in self.outside or name.startswith("__")

    def module_of(self, module, node):
        """The module of the program that an expression is, or None."""
        if isinstance(node, ast.Name):
            of, name = self.imports[module].get(node.id, (None, ""))
            return of if name is None else None
        return None

    def _globals(self):
        """{(module, long): short} of globals."""
        counts = collections.Counter()
        visible = collections.defaultdict(set)    # entity: modules that see it
        taken = {}
        imports = set()                           # what a module may call as it likes
        for module, tree in self.trees.items():
            taken[module] = set(bound(tree)) | {self.attributes.word(module, node.name, name) for node in _classes(tree) for name in own(node.body)}
            taken[module] |= {node.id for node in walk(tree) if isinstance(node, ast.Name)}
            imports |= {(module, alias.asname or alias.name) for node in statements(tree.body) if isinstance(node, (ast.Import, ast.ImportFrom))
                        for alias in node.names if (alias.asname or alias.name) not in ROOTS.get(module, ())}
            for name in self.seen[module]:
                visible[self.entity(module, name)].add(module)
            for node in walk(tree):
                if isinstance(node, ast.Name) and node.id in self.seen[module]:
                    counts[self.entity(module, node.id)] += 1
        pool = sorted(set(self.attributes.words.values()) - set(ARGUMENTS), key=lambda word: (len(word), word))
        more = short_words(set(pool) | self.outside | set(ARGUMENTS))
        chosen = {}
        for entity in sorted(visible, key=lambda entity: (-counts[entity], entity)):
            if entity not in imports and self._stays(*entity) or entity[0] not in self.trees:
                continue
            word = next((word for word in pool if not any(word in taken[module] for module in visible[entity])), None)
            while word is None:
                pool.append(next(more))
                word = next((word for word in pool[-1:] if not any(word in taken[module] for module in visible[entity])), None)
            chosen[entity] = word
            for module in visible[entity]:
                taken[module].add(word)
        return chosen

    def global_word(self, module, name):
        """The new word of a module for its global."""
        return self.globals.get(self.entity(module, name), name) if name in self.seen[module] else name

    def table(self):
        """(module, or module.Class, or '*', short, long) of all words; * for a word that is the same in all modules."""
        yield from self.attributes.table()
        yield from ((module, short, long) for (module, long), short in self.globals.items() if long not in self.imports[module])
