"""Removes unused imports, functions, classes, methods, constants, attributes and modules."""
import ast
import collections

from tools.board.shrink.constants import UNKNOWN
from tools.board.shrink.program import ROOTS, filled, imported, meant, texts, walk


def _is_pure(node):
    """True for an expression without side effects."""
    allowed = (ast.Constant, ast.Name, ast.Attribute, ast.Tuple, ast.List, ast.Dict, ast.UnaryOp, ast.BinOp, ast.expr_context, ast.operator,
               ast.unaryop, ast.Lambda)
    if isinstance(node, ast.Lambda):
        return True
    return isinstance(node, allowed) and all(_is_pure(child) for child in ast.iter_child_nodes(node))


class _Facts:
    """References of a part of the program, with their numbers: loads of names, attributes; and words that its texts may mean."""

    def __init__(self, node):
        self.loads = collections.Counter()
        self.attributes = collections.Counter()
        self.texts = meant(node)
        for part in walk(node):
            kind = type(part)
            if kind is ast.Name:
                if not isinstance(part.ctx, ast.Store):
                    self.loads[part.id] += 1
            elif kind is ast.Attribute:
                if isinstance(part.ctx, ast.Load):
                    self.attributes[part.attr] += 1
            elif kind in (ast.Global, ast.Nonlocal):
                self.loads.update(part.names)
            elif kind is ast.AugAssign and isinstance(part.target, ast.Name):
                self.loads[part.target.id] += 1


def _counts(of_parts):
    """Counters added up."""
    found = collections.Counter()
    for one in of_parts:
        found.update(one)
    return found


def _without_unused_imports(tree):
    used = {node.id for node in walk(tree) if isinstance(node, ast.Name)}
    body = []
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            node.names = [alias for alias in node.names if (alias.asname or alias.name).split(".")[0] in used]
            if not node.names:
                continue
        body.append(node)
    tree.body = body


def _wanted(trees):
    """{module: words} that other modules use of each."""
    wanted = collections.defaultdict(set)
    for module, tree in trees.items():
        aliases = imported(module, tree, trees)
        for of, name in aliases.values():
            if name is not None:
                wanted[of].add(name)
        for node in walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                of, name = aliases.get(node.value.id, (None, ""))
                if of and name is None:
                    wanted[of].add(node.attr)
    return wanted


class _Read(ast.NodeTransformer):
    """A part of the program without assignments to attributes that are never read."""

    def __init__(self, read):
        self.read = read
        self.changed = False

    def _is_unread(self, target, value):
        return isinstance(target, ast.Attribute) and target.attr not in self.read and _is_pure(target.value) and _is_pure(value)

    def visit_Assign(self, node):
        left = [target for target in node.targets if not self._is_unread(target, node.value)]
        self.changed |= len(left) < len(node.targets)
        node.targets = left
        return node if left else None

    def visit_AugAssign(self, node):
        if not self._is_unread(node.target, node.value):
            return node
        self.changed = True
        return None


class _Dead:
    """Finds and removes unused parts, module by module; the references of a part are collected once, for they do not change."""

    def __init__(self, trees, constants, outside):
        self.trees = trees
        self.constants = constants
        self.outside = outside
        self.facts = {}     # node: _Facts
        self.changed = True

    def of(self, node):
        """Its _Facts."""
        if node not in self.facts:
            self.facts[node] = _Facts(node)
        return self.facts[node]

    def round(self):
        """Remove the parts that are unused now; self.changed is True if there was one."""
        self.changed = False
        for tree in self.trees.values():
            _without_unused_imports(tree)
        parts = {module: [self.of(node) for node in tree.body] for module, tree in self.trees.items()}
        every = [facts for of_module in parts.values() for facts in of_module]
        said = set().union(*(facts.texts for facts in every))
        attributes = _counts(facts.attributes for facts in every)
        wanted = _wanted(self.trees)
        for module, tree in self.trees.items():
            loads = _counts(facts.loads for facts in parts[module])
            kept = said | wanted[module] | set(ROOTS.get(module, ()))

            def is_dead(name, node, loads=loads, kept=kept):
                return name not in kept and loads[name] <= self.of(node).loads[name]

            def is_dead_method(name, node, is_dead=is_dead):
                return not name.startswith("__") and is_dead(name, node) and attributes[name] <= self.of(node).attributes[name]

            self._drop(module, tree, is_dead)
            for node in tree.body:
                if isinstance(node, ast.ClassDef):
                    self._drop(module, node, is_dead_method)
                self._drop_unread(node, self.outside | said | set(attributes))

    def _drop_unread(self, node, read):
        left = _Read(read)
        left.visit(node)
        if left.changed:
            filled(node)
            for part in walk(node):
                self.facts.pop(part, None)
            self.changed = True

    def _drop(self, module, owner, is_dead):
        left = [node for node in owner.body if not self._is_dropped(module, node, is_dead)]
        if len(left) != len(owner.body):
            owner.body = left
            filled(owner)
            self.facts.pop(owner, None)
            self.changed = True

    def _is_dropped(self, module, node, is_dead):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            return is_dead(node.name, node)
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            targets = target.elts if isinstance(target, ast.Tuple) else [target]
            if all(isinstance(one, ast.Name) and is_dead(one.id, node) for one in targets):
                return _is_pure(node.value) or self.constants.value(module, node.value) is not UNKNOWN
        return False


def drop_dead(trees, constants, outside):
    """Remove definitions without a reference outside themselves, and attributes that are only set, until none is left; outside: words that stay."""
    dead = _Dead(trees, constants, outside)
    while dead.changed:
        dead.round()


def reachable(trees):
    """The modules that the program still imports, or names in a text, beginning with its roots; packages with what is in them."""
    for tree in trees.values():
        _without_unused_imports(tree)
    seen = set()
    left = [module for module in trees if module in ROOTS]
    while left:
        module = left.pop()
        if module in seen or module not in trees:
            continue
        seen.add(module)
        left.append(module.rpartition(".")[0])
        left += [of for of, _ in imported(module, trees[module], trees).values()]
        left += texts(trees[module])
    return {module: tree for module, tree in trees.items() if module in seen}
