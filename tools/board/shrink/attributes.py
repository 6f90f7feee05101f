"""Short words for attributes. Two attributes may have the same short word, unless one object has both.

An attribute belongs to the classes that define it: in their body, or by self.x in their methods; an assignment from outside sets one of theirs.
A private word of a class (_x) is identified by its class, any other by itself, since the class of an object is not known. An attribute that no
class defines, that is also an argument given by name, or that is of a class with __getattr__, belongs to all classes. Methods of one module
have different words, so that a trace is unambiguous.
"""
import ast
import collections

from tools.board.shrink.program import bound, own, walk
from tools.board.shrink.words import ARGUMENTS, short_words

EVERYWHERE = "everywhere"


class _Class:
    """One class: its methods, its bases, and whether it has __getattr__."""

    def __init__(self, node):
        self.node = node
        self.methods = {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
        self.passes_on = "__getattr__" in self.methods
        self.bases = {getattr(base, "id", getattr(base, "attr", "")) for base in node.bases}


def _is_self(node):
    return getattr(node, "id", "") == "self"


def _functions(node, owner=None):
    """(its class or None, all nodes) of each function, and of the code outside functions."""
    parts = []
    left = list(ast.iter_child_nodes(node))
    while left:
        part = left.pop()
        parts.append(part)
        if isinstance(part, ast.ClassDef):
            yield from _functions(part, part.name)
        elif isinstance(part, ast.FunctionDef):
            yield from _functions(part, owner)
        else:
            left += ast.iter_child_nodes(part)
    yield owner, parts


class Attributes:
    """Places and short words of all attributes by key: (module, class, name) of a private one of a class, ("", "", name) of any other.

    places: {key: where it belongs: (module, class) of those that define it, (module, "") for a method, or EVERYWHERE}; words: {key: short}.
    """

    def __init__(self, trees, outside, given, module_of):
        """outside: words that stay; given: names of arguments given by name; module_of(module, node): the module of an expression, or None."""
        self.outside = outside
        self.classes = {(module, node.name): _Class(node) for module, tree in trees.items() for node in walk(tree)
                        if isinstance(node, ast.ClassDef)}
        bases = set().union(*(one.bases for one in self.classes.values()))
        # Classes without inheritance from or to another class of the program.
        self.alone = {key for key, one in self.classes.items() if not one.bases and not one.passes_on and key[1] not in bases}
        self.shared = self._shared(trees)
        self.places = collections.defaultdict(set, {("", "", name): {EVERYWHERE} for name in given})
        self.counts = collections.Counter()            # key: in how many functions
        for module, tree in trees.items():
            self._note(module, tree, module_of)
        for places in self.places.values():
            if not places:
                places.add(EVERYWHERE)
        never = set(ARGUMENTS).union(*(bound(tree) for tree in trees.values()))    # of what is given by name
        self.words = self._chosen({("", "", name) for name in given}, never)

    def _key(self, module, owner, name):
        is_own = (module, owner) in self.alone and name.startswith("_") and not name.startswith("__") and name not in self.shared
        return (module, owner, name) if is_own else ("", "", name)

    def word(self, module, owner, name):
        """The new word of an attribute; owner: its class if it is of self, or None."""
        return self.words.get(self._key(module, owner, name), name)

    def table(self):
        """(module.Class, or '*', short, long) of all attributes."""
        for key, short in self.words.items():
            if EVERYWHERE in self.places[key]:
                yield "*", short, key[2]
            else:
                yield from ((f"{module}.{owner}", short, key[2]) for module, owner in self.places[key] if owner)

    def _shared(self, trees):
        """Names that are used with other objects than the self of one class."""
        found = set(self.outside)
        for module, tree in trees.items():
            for owner, parts in _functions(tree):
                is_alone = (module, owner) in self.alone
                found |= {node.attr for node in parts if isinstance(node, ast.Attribute) and not (is_alone and _is_self(node.value))}
        return found.union(*(own(one.node.body) for key, one in self.classes.items() if key not in self.alone))

    def _place(self, module, owner):
        return (module, owner) if (module, owner) in self.alone else EVERYWHERE

    def _note(self, module, tree, module_of):
        """Count a module's attributes, and note their classes."""
        for owner, parts in _functions(tree):
            used = set()
            for node in parts:
                if isinstance(node, ast.Attribute) and not module_of(module, node.value):
                    key = self._key(module, owner if _is_self(node.value) else None, node.attr)
                    used.add(key)
                    if not isinstance(node.ctx, ast.Load):
                        self.places[key] |= {self._place(module, owner)} if _is_self(node.value) else set()
                elif isinstance(node, ast.keyword) and node.arg:
                    used.add(("", "", node.arg))
            self.counts.update(used)
        for (of, owner), one in self.classes.items():
            for name in own(one.node.body) if of == module else ():
                key = self._key(module, owner, name)
                self.counts[key] += 1
                self.places[key] |= {self._place(module, owner)} | ({(module, "")} if name in one.methods else set())

    def _chosen(self, given, never):
        """{key: short}; arguments given by name get no word of never."""
        renamed = [key for key in self.places if key[0] or key[2] not in self.outside and not key[2].startswith("__")]
        more = short_words(self.outside | {key[2] for key in set(self.counts).difference(renamed)})
        pool = []
        taken = collections.defaultdict(set)           # place: words
        chosen = {}
        # Attributes of all classes come last: no other may have their words.
        for key in sorted(renamed, key=lambda key: (EVERYWHERE in self.places[key], -self.counts[key], key)):
            places = set(taken) if EVERYWHERE in self.places[key] else self.places[key]
            not_these = set().union(taken[EVERYWHERE], never if key in given else (), *(taken[place] for place in places))
            word = next((word for word in pool if word not in not_these), None)
            while word is None:
                pool.append(next(more))
                word = None if pool[-1] in not_these else pool[-1]
            chosen[key] = word
            for place in self.places[key]:
                taken[place].add(word)
        return chosen
