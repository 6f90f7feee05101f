"""Folds a module that only one neighbour imports into that neighbour: a module of its own costs a board a dictionary, a file and three words.

A neighbour is a module of the same package. The globals of the folded one get names that nobody else has, beginning with its own; its imports
join the neighbour's, and its statements stand before the first one that uses them. Left alone is what is known outside, what a function imports,
for that takes memory only then, and what is used as a value.
"""
import ast
import collections
import itertools

from tools.board.shrink.program import ROOTS, Scoped, bound, imported, own, statements, walk
from tools.board.shrink.words import CONTRACT

# What asks for the module it stands in.
_OF_ITS_MODULE = {"globals", "locals", "vars", "dir", "eval", "exec", "__name__", "__file__"}
# Between a folded module's own name and that of its global, where the table of words has a dot.
MARK = "__"
_IMPORTS = (ast.Import, ast.ImportFrom)


class _Moved(Scoped):
    """A module whose globals have other names: names {old: new}, and of modules {name: {its global: new}}, as in `its_module.its_global`."""

    def __init__(self, names, modules=None):
        super().__init__()
        self.names = names
        self.modules = modules or {}

    def _is_global(self, name):
        return not any(name in scope for number, (is_class, scope) in enumerate(reversed(self.scopes)) if not is_class or not number)

    def _word(self, name):
        return self.names.get(name, name) if self._is_global(name) else name

    def visit_Name(self, node):
        node.id = self._word(node.id)
        return node

    def visit_Attribute(self, node):
        of = node.value
        if isinstance(of, ast.Name) and of.id in self.modules and self._is_global(of.id):
            return ast.Name(self.modules[of.id][node.attr], node.ctx)
        return self.generic_visit(node)

    def visit_Global(self, node):
        node.names = [self.names.get(name, name) for name in node.names]
        return node

    def visit_ExceptHandler(self, node):
        node.name = node.name and self._word(node.name)
        return self.generic_visit(node)

    def visit_alias(self, node):
        local = node.asname or node.name
        word = self._word(local)
        node.asname = None if word == node.name else word
        return node

    def visit_ClassDef(self, node):
        node.bases = [self.visit(base) for base in node.bases]
        node.decorator_list = [self.visit(one) for one in node.decorator_list]
        node.name = self._word(node.name)
        self._body(node, True, own(node.body))
        return node

    def visit_FunctionDef(self, node):
        node.decorator_list = [self.visit(one) for one in node.decorator_list]
        node.name = self._word(node.name)
        return self._function(node, node.body)

    def visit_Lambda(self, node):
        return self._function(node, [node.body])

    def _function(self, node, body):
        given = node.args
        given.defaults = [self.visit(one) for one in given.defaults]
        given.kw_defaults = [one and self.visit(one) for one in given.kw_defaults]
        declared = {name for part in walk(node) if isinstance(part, ast.Global) for name in part.names}
        arguments = {part.arg for part in walk(given) if isinstance(part, ast.arg)}
        self._body(node, False, (own(body) | arguments) - declared)
        return node

    def _body(self, node, is_class, names):
        self.scopes.append((is_class, names))
        node.body = [self.visit(part) for part in node.body] if isinstance(node.body, list) else self.visit(node.body)
        self.scopes.pop()


def _globals(tree):
    """Names that a module binds."""
    return own(tree.body) | {name for node in walk(tree) if isinstance(node, ast.Global) for name in node.names}


def _aliases(body):
    """(statement, alias) of the plain imports of a module."""
    return [(node, alias) for node in body if isinstance(node, _IMPORTS) for alias in node.names]


def _key(node, alias):
    """What an import imports, whatever it is called here."""
    return getattr(node, "module", None), getattr(node, "level", 0), alias.name


def _is_whole(tree, name, of):
    """Is the module of that name only used as in `name.part` there, with globals of its own?"""
    parts = {id(node.value) for node in walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and node.attr in of}
    uses = [node for node in walk(tree) if isinstance(node, ast.Name) and node.id == name]
    return all(id(node) in parts and isinstance(node.ctx, ast.Load) for node in uses)


def _make_way(tree, names):
    """Call what a module imports under one of these names otherwise: the rest of the shrinker takes a local of an imported module's name for it."""
    clash = {alias.asname or alias.name for _, alias in _aliases(tree.body)} & names
    if not clash:
        return
    taken = names | set(bound(tree))
    words = {}
    for name in sorted(clash):
        words[name] = next(word for word in (name + "_" * count for count in itertools.count(1)) if word not in taken)
        taken.add(words[name])
    tree.body = [_Moved(words).visit(node) for node in tree.body]


class _Folding:
    """Module `name` into the module `user`."""

    def __init__(self, name, user, trees):
        self.name = name
        self.trees = trees
        self.tree, self.into = trees[name], trees[user]
        self.globals = _globals(self.tree)
        self.known = {local: one for local, one in imported(user, self.into, trees).items() if one[0] == name}
        self.user = user

    def is_possible(self):
        """Would it mean the same there?"""
        plain = {alias.asname or alias.name for _, alias in _aliases(self.into.body)}
        inner = [node for node in statements(self.tree.body) if isinstance(node, _IMPORTS) and node not in self.tree.body]
        names = {node.id for node in walk(self.tree) if isinstance(node, ast.Name)}
        mine, theirs = imported(self.name, self.tree, self.trees), imported(self.user, self.into, self.trees)
        times = collections.Counter(bound(self.into))
        why_not = (
            not set(self.known) <= plain,                                                       # a function imports it
            bool(names & _OF_ITS_MODULE),
            any(of == self.user for of, _ in mine.values()),                                    # each imports the other
            any(getattr(node, "level", 0) for node, _ in _aliases(self.tree.body)),             # from . would be another place
            any((alias.asname or alias.name) in theirs for node in inner for alias in node.names),
            any(times[local] > 1 for local in self.known),                                      # something else there has its name, too
            any(part not in self.globals if part else not _is_whole(self.into, local, self.globals) for local, (_, part) in self.known.items()),
        )
        return not any(why_not)

    def fold(self):
        """Do it."""
        _make_way(self.into, set(bound(self.tree)) - self.globals)
        self.known = {local: one for local, one in imported(self.user, self.into, self.trees).items() if one[0] == self.name}
        stem = self.name.rpartition(".")[2]
        taken = {node.id for node in walk(self.into) if isinstance(node, ast.Name)} | set(bound(self.into))
        words = {}
        for name in sorted(self.globals):
            # What was folded into this one already has its name.
            words[name] = name if MARK in name.lstrip("_") else stem + MARK + name
            while words[name] in taken:
                words[name] += "_"
        heads, rest = _split(self.into.body)
        heads = [node for node in (_without(node, self.known) for node in heads) if node.names]
        there = {_key(node, alias): alias.asname or alias.name for node, alias in _aliases(heads)}
        more = []
        for node, alias in _aliases(self.tree.body):
            local, same = alias.asname or alias.name, there.get(_key(node, alias))
            if same is not None and (same == local or same not in set(bound(self.tree))):
                words[local] = same
            else:
                alias = ast.alias(alias.name, words[local])
                more.append(ast.Import([alias]) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, [alias], 0))
        moved = [_Moved(words).visit(node) for node in self.tree.body if not isinstance(node, _IMPORTS)]
        first = next((number for number, node in enumerate(rest) if _uses(node, self.known)), len(rest))
        names = {local: words[part] for local, (_, part) in self.known.items() if part}
        modules = {local: words for local, (_, part) in self.known.items() if not part}
        rest = [_Moved(names, modules).visit(node) for node in rest]
        self.into.body = heads + more + rest[:first] + moved + rest[first:]


def _split(body):
    """(plain imports, other statements)"""
    return [node for node in body if isinstance(node, _IMPORTS)], [node for node in body if not isinstance(node, _IMPORTS)]


def _without(node, names):
    node.names = [alias for alias in node.names if (alias.asname or alias.name) not in names]
    return node


def _uses(node, names):
    return any(isinstance(part, ast.Name) and part.id in names for part in walk(node))


def _package(name):
    return name.rpartition(".")[0]


def _one(trees):
    """A _Folding that is possible, or None."""
    users = {}
    for module, tree in trees.items():
        for of, _ in imported(module, tree, trees).values():
            users.setdefault(of, set()).add(module)
    known = {*CONTRACT, *ROOTS, *map(_package, trees)}
    for name, its in sorted(users.items()):
        (user,) = its if len(its) == 1 else (None,)
        if user not in (None, name) and name not in known and _package(name) and _package(user) == _package(name):
            folding = _Folding(name, user, trees)
            if folding.is_possible():
                return folding
    return None


def fold(trees):
    """{module: tree} without those that became a part of the only one that imports them."""
    trees = dict(trees)
    while (folding := _one(trees)) is not None:
        folding.fold()
        del trees[folding.name]
    return trees
