"""Inlines functions that only return an expression, if the expression takes less than the call.

Only if each argument is a name, a number or a text; if the function is the only one of its name, and not used as a value; and in
another module only if it uses nothing of its own module.
"""
import ast
import builtins
import collections
import copy

from tools.board.shrink.program import ROOTS, bound, filled, own, walk

# Bytes of a function beside its expression, of a call beside its arguments, of a node of an expression on average.
_FUNCTION, _CALL, _NODE = 28, 4, 2
_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Yield)


class _Short:
    """A function that only returns an expression; owner: its class, or None."""

    def __init__(self, module, around, node):
        """around: the tree of the module or of a class."""
        self.module = module
        self.around = around
        self.owner = owner = getattr(around, "name", None)
        self.node = node
        self.arguments = [argument.arg for argument in node.args.args]
        self.expression = node.body[0].value
        self.key = node.name if owner else (module, node.name)
        self.is_property = bool(node.decorator_list)
        self.size = sum(isinstance(part, ast.expr) for part in walk(self.expression)) * _NODE
        self.free = {part.id for part in walk(self.expression) if isinstance(part, ast.Name)} - set(self.arguments)

    def saves(self, uses):
        """Are the expressions shorter than the function and its calls?"""
        return uses * (self.size - _CALL) < _FUNCTION + self.size


def _short(module, around, node):
    """The _Short that a statement is, or None."""
    if not isinstance(node, ast.FunctionDef) or len(node.body) != 1 or not isinstance(node.body[0], ast.Return) or not node.body[0].value:
        return None
    given = node.args
    if given.defaults or given.kwonlyargs or given.vararg or given.kwarg or any(isinstance(part, _SCOPES) for part in walk(node.body[0])):
        return None
    decorators = [getattr(one, "id", "") for one in node.decorator_list]
    if decorators and not (isinstance(around, ast.ClassDef) and decorators == ["property"]) or node.name.startswith("__"):
        return None
    return _Short(module, around, node)


class _Uses:
    """Number and kind of the uses of each word in the program."""

    def __init__(self, trees):
        self.loads = collections.Counter()      # of attributes
        self.calls = collections.Counter()      # of what is an attribute, or (module, name)
        self.names = collections.Counter()      # (module, name) loaded
        self.elsewhere = set()                  # imported by name, set, given by name
        self.defined = collections.Counter()    # by classes
        for module, tree in trees.items():
            for node in walk(tree):
                if isinstance(node, ast.Attribute):
                    self.loads[node.attr] += 1
                    if not isinstance(node.ctx, ast.Load):
                        self.elsewhere.add(node.attr)
                elif isinstance(node, ast.Name):
                    self.names[module, node.id] += 1
                elif isinstance(node, ast.Call) and not node.keywords:
                    self.calls[getattr(node.func, "attr", None) or (module, getattr(node.func, "id", None))] += 1
                elif isinstance(node, ast.ImportFrom):
                    self.elsewhere |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ClassDef):
                    self.defined.update(own(node.body))


    def allow(self, one):
        """Is it always called, the only one of its name, and is it worth it?"""
        name = one.node.name
        count = self.loads[name] if one.owner else self.names[one.key]
        is_only = self.defined[name] == 1 if one.owner else not self.defined[name] and not self.loads[name]
        return is_only and count and (one.is_property or count == self.calls[one.key]) and one.saves(count)


class _Put(ast.NodeTransformer):
    """An expression with values in the place of its names."""

    def __init__(self, values):
        self.values = values

    def visit_Name(self, node):
        return copy.deepcopy(self.values[node.id]) if node.id in self.values else node


def _is_chain(node):
    """self, or self.a.b"""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


class _Expanded(ast.NodeTransformer):
    """One module with the expressions of the functions in `short` {(module, name), or name of a method: _Short}; or as it is, where left is a set:
    left gets the keys of those with calls that stay."""

    def __init__(self, module, short, left, is_trial=False):
        self.module = module
        self.short = short
        self.left = left
        self.is_trial = is_trial
        self.around = []       # what the functions around bind

    def visit_FunctionDef(self, node):
        self.around.append(set(bound(node)))
        node = self.generic_visit(node)
        self.around.pop()
        return node

    visit_Lambda = visit_FunctionDef

    def _expression(self, one, of, values, node):
        """The expression for the call `node`."""
        here = {name: value for name, value in zip(one.arguments, ([of] if one.owner else []) + values)}
        is_plain = all(isinstance(value, (ast.Name, ast.Constant)) for value in values) and (of is None or _is_chain(of))
        shadowed = set().union(*self.around)
        if not is_plain or len(here) != len(one.arguments) or one.free & shadowed or one.module != self.module and one.free - _BUILTINS:
            self.left.add(one.key)
            return node
        return node if self.is_trial else _Put(here).visit(copy.deepcopy(one.expression))

    def visit_Call(self, node):
        node.args = [self.visit(value) for value in node.args]
        node.keywords = [self.visit(value) for value in node.keywords]
        if isinstance(node.func, ast.Attribute):
            node.func.value = self.visit(node.func.value)
            one = self.short.get(node.func.attr)
            if one and not one.is_property:
                return self._expression(one, node.func.value, node.args, node)
            return node if one is None else self.generic_visit(node)
        one = self.short.get((self.module, getattr(node.func, "id", None)))
        if one:
            return self._expression(one, None, node.args, node)
        node.func = self.visit(node.func)
        return node

    def visit_Attribute(self, node):
        node.value = self.visit(node.value)
        one = self.short.get(node.attr)
        return self._expression(one, node.value, [], node) if one and one.is_property and isinstance(node.ctx, ast.Load) else node


_BUILTINS = set(dir(builtins))


def expand(trees, outside):
    """One round: inline short functions; True if there was one."""
    uses = _Uses(trees)
    short = {}
    for module, tree in trees.items():
        for around in [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]:
            for one in filter(None, (_short(module, around, node) for node in around.body)):
                name = one.node.name
                if name not in outside and name not in uses.elsewhere and name not in ROOTS.get(module, ()) and uses.allow(one):
                    short[one.key] = one
    # One within another takes another round: an expression that is put somewhere is whole.
    inner = {key: set(_refers(one)) & set(short) for key, one in short.items()}
    short = {key: one for key, one in short.items() if not inner[key]}
    left = set()
    for module, tree in trees.items():
        _Expanded(module, short, left, True).visit(tree)
    short = {key: one for key, one in short.items() if key not in left}
    for module, tree in trees.items() if short else ():
        trees[module] = _Expanded(module, short, left).visit(tree)
    for key, one in short.items():
        if key not in left:
            one.around.body.remove(one.node)
            filled(one.around)
    return bool(short)


def _refers(one):
    """The keys of the words that an expression uses."""
    for part in walk(one.expression):
        if isinstance(part, ast.Attribute):
            yield part.attr
        elif isinstance(part, ast.Name):
            yield one.module, part.id
