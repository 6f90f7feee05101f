"""Attributes that only a class itself uses: self._x in its methods, and an _x of nobody else's."""
import ast
import collections

from tools.board.shrink.program import own


def _accesses(trees):
    """(module, class or None, attribute node) of every attribute; the class is None unless it is one of its self."""
    def walk(module, node, owner):
        if isinstance(node, ast.ClassDef):
            owner = node.name
        elif isinstance(node, ast.Attribute):
            yield module, owner if getattr(node.value, "id", "") == "self" else None, node
        for child in ast.iter_child_nodes(node):
            yield from walk(module, child, owner)

    for module, tree in trees.items():
        yield from walk(module, tree, None)


class Private:
    """counts: {(module, class, name): how often}. taken: {(module, class): public names that its objects have}. foreign: names set from outside."""

    def __init__(self):
        self.counts = collections.Counter()
        self.taken = collections.defaultdict(set)
        self.foreign = set()


def owned(trees, outside):
    """The Private of a program."""
    found = Private()
    classes = {(module, node.name): node for module, tree in trees.items() for node in tree.body if isinstance(node, ast.ClassDef)}
    # What is inherited is more than one class's.
    alone = {key for key, node in classes.items() if not node.bases}
    bases = {getattr(base, "id", getattr(base, "attr", "")) for node in classes.values() for base in node.bases}
    alone = {key for key in alone if key[1] not in bases}
    shared = set(outside)
    uses = []
    for module, owner, node in _accesses(trees):
        if (module, owner) in alone:
            uses.append((module, owner, node.attr))
        else:
            shared.add(node.attr)
            if isinstance(node.ctx, ast.Store):
                found.foreign.add(node.attr)
    for key, node in classes.items():
        names = own(node.body)
        if key in alone:
            uses += [(*key, name) for name in names]
        else:
            shared |= names
    for module, owner, name in uses:
        if name.startswith("_") and not name.startswith("__") and name not in shared:
            found.counts[module, owner, name] += 1
        else:
            found.taken[module, owner].add(name)
    return found


def names(found):
    """The names in it."""
    return {name for _, _, name in found.counts}


def chosen(found, attributes, more):
    """{(module, class, name): short word}: one that is another attribute's, but of no attribute that the class's objects have.

    more: an iterator of words that nobody has, for where none is left.
    """
    pool = sorted(attributes.values(), key=lambda word: (len(word), word))
    taken = {key: {attributes.get(name, name) for name in public | found.foreign} for key, public in found.taken.items()}
    words = {}
    for key in sorted(found.counts, key=lambda key: (-found.counts[key], key)):
        here = taken.setdefault(key[:2], {attributes.get(name, name) for name in found.foreign})
        word = next((word for word in pool if word not in here), None)
        if word is None:
            word = next(more)
            pool.append(word)
        words[key] = word
        here.add(words[key])
    return words
