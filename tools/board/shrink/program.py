"""A program as syntax trees: the names that its modules bind and import, their texts; and its form without docstrings and annotations."""
import ast
import functools

# Words of a board's module that main.run() uses; it imports the module by name.
_OF_A_BOARD = ("open", "cannot_do", "needs_keys", "refuse")
# Entry points, words of the owner's files, and words that tests replace: these stay.
ROOTS = {"main": ("run", "start", "build", "check", "loop", "sys"), "config": ("Settings",), "keys": ("JOIN_EUI", "APP_KEY", "DEV_EUI"),
         "hal.lopy4": _OF_A_BOARD, "hal.mainline": _OF_A_BOARD}
_BY_TEXT = ("getattr", "hasattr", "setattr")
# Fields of a syntax tree's nodes in which no other node is; the context of a name is a node, and of no interest to a walk.
_PLAIN = frozenset(("ctx", "id", "attr", "arg", "name", "module", "level", "asname", "kind", "lineno", "type_comment", "type_ignores"))
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class ShrinkError(Exception):
    """Source that the shrinker cannot change safely; args[0] is the place and the reason."""


def module_name(path):
    """'app/control/controller.py' as 'app.control.controller', 'app/__init__.py' as 'app'."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@functools.cache
def _fields(kind):
    """Fields of a kind of node in which other nodes may be."""
    return tuple(field for field in kind._fields if field not in _PLAIN) if kind is not ast.Constant else ()


def walk(tree):
    """As ast.walk(), in the same order and in half of its time, in which the shrinker spent most of its own; without the contexts of names."""
    left = [tree]
    for node in left:
        for field in _fields(type(node)):
            value = getattr(node, field, None)
            if isinstance(value, ast.AST):
                left.append(value)
            elif isinstance(value, list):
                left += [one for one in value if isinstance(one, ast.AST)]
        yield node


class Bare(ast.NodeTransformer):
    """Without annotations, docstrings and other statements that do nothing."""

    def visit_arg(self, node):
        node.annotation = None
        return node

    def visit_FunctionDef(self, node):
        node.returns = None
        return self.generic_visit(node)

    def visit_ClassDef(self, node):
        node.bases = [base for base in node.bases if getattr(base, "id", "") != "object"]
        return self.generic_visit(node)

    def visit_Assign(self, node):
        # MicroPython makes nothing of it, and its texts would keep the words long.
        return None if getattr(node.targets[0], "id", "") == "__slots__" else self.generic_visit(node)

    def visit_Expr(self, node):
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)


def filled(tree):
    """No empty bodies."""
    for node in walk(tree):
        if isinstance(getattr(node, "body", None), list) and not node.body and not isinstance(node, ast.Module):
            node.body = [ast.Pass()]
    return tree


def parsed(sources):
    """{module: bare tree} of {path: text}."""
    trees = {}
    for path in sorted(sources):
        try:
            trees[module_name(path)] = filled(Bare().visit(ast.parse(sources[path])))
        except SyntaxError as error:
            raise ShrinkError(f"{path}: {error}") from None
    return trees


def statements(body):
    """The statements of a body and of all bodies in it."""
    for node in body:
        yield node
        for field in ("body", "orelse", "finalbody", "handlers"):
            yield from statements(getattr(node, field, ()))


def imported(module, tree, trees):
    """Imports of a module from the program: {name: (module, name)}, (module, None) for a module itself."""
    package = module if any(other.startswith(module + ".") for other in trees) else module.rpartition(".")[0]
    found = {}

    def note(alias, of, name):
        local = alias.asname or alias.name
        if found.setdefault(local, (of, name)) != (of, name):
            raise ShrinkError(f"{module}: {local} is imported as two things; give them two names")

    for node in statements(tree.body):    # a function may import, too
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in trees:
                    if "." in alias.name:
                        raise ShrinkError(f"{module}: import {alias.name}; write from ... import ...")
                    note(alias, alias.name, None)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(filter(None, (package if node.level else "", node.module)))
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                if whole in trees:
                    note(alias, whole, None)
                elif base in trees:
                    note(alias, base, alias.name)
    return found


def bound(node):
    """Names that a statement or expression and all in it bind, each as often as it does."""
    for part in walk(node):
        if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
            yield part.id
        elif isinstance(part, (ast.FunctionDef, ast.ClassDef)):
            yield part.name
        elif isinstance(part, ast.arg):
            yield part.arg
        elif isinstance(part, ast.alias):
            yield part.asname or part.name
        elif isinstance(part, ast.ExceptHandler) and part.name:
            yield part.name


def own(body):
    """Names that the statements of one scope bind themselves, without those of functions, classes and comprehensions in it."""
    found = set()
    left = list(body)
    while left:
        node = left.pop()
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
            continue
        if isinstance(node, (ast.Lambda, *_COMPREHENSIONS)):
            continue
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name.split(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        left += ast.iter_child_nodes(node)
    return found


class Scoped(ast.NodeTransformer):
    """Knows which names a place binds itself. scopes: (is it a class?, a dict or set of its names), the innermost last."""

    def __init__(self):
        self.scopes = []

    def _comprehension(self, node):
        first = node.generators[0]
        first.iter = self.visit(first.iter)
        self.scopes.append((False, {name: name for generator in node.generators for name in bound(generator.target)}))
        for generator in node.generators:
            if generator is not first:
                generator.iter = self.visit(generator.iter)
            generator.ifs = [self.visit(condition) for condition in generator.ifs]
        for field in ("elt", "key", "value"):
            if hasattr(node, field):
                setattr(node, field, self.visit(getattr(node, field)))
        self.scopes.pop()
        return node

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension


def meant(node):
    """What texts in it may mean to getattr(): a word in a call of getattr, hasattr or setattr, and every word in capitals, which may be a setting."""
    found = set()
    for part in walk(node):
        if isinstance(part, ast.Call) and getattr(part.func, "id", "") in _BY_TEXT and isinstance(part.args[1], ast.Constant):
            found.add(part.args[1].value)
        elif isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value.isupper():
            found.add(part.value)
    return found


def texts(tree):
    """Every text in it."""
    return {node.value for node in walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
