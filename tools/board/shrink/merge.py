"""Puts the body of a function that is called in one place only there, where the call is a statement of its own.

That is `f(...)`, `x = f(...)` or `return f(...)`, with a function of the same module or a method of self; with a return in its middle only if
the caller ends there too. Arguments become locals: these have no name on a board.
"""
import ast
import collections
import copy
import itertools

from tools.board.shrink.program import ROOTS, bound, filled, own

# What a body may not have: a scope of its own, or names that are not its locals.
_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.FunctionDef, ast.ClassDef, ast.Yield, ast.YieldFrom)
_NAMES = (ast.Global, ast.Nonlocal, ast.Delete, ast.Import, ast.ImportFrom)


def _loaded(node, with_names=True):
    """Names in it, and attributes of self."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and with_names:
            yield part.id
        elif isinstance(part, ast.Attribute) and _is_self(part.value):
            yield part.attr


def _is_self(node):
    return getattr(node, "id", "") == "self"


def _is_none(node):
    return node is None or isinstance(node, ast.Constant) and node.value is None


def _functions(around):
    return [node for node in around.body if isinstance(node, ast.FunctionDef)]


def _places(body, is_end):
    """(body, index, does the function end after it?) of each statement of a function, without those of functions in it."""
    for index, node in enumerate(body):
        after = body[index + 1:index + 2]
        ends = isinstance(after[0], ast.Return) and _is_none(after[0].value) if after else is_end
        yield body, index, ends
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            for field in ("body", "orelse", "finalbody"):
                yield from _places(getattr(node, field, ()), ends and isinstance(node, ast.If))
            for handler in getattr(node, "handlers", ()):
                yield from _places(handler.body, False)


def _called(node, is_method):
    """The name of the function that a statement calls, or None."""
    call = node.value if isinstance(node, (ast.Expr, ast.Assign, ast.Return)) else None
    function = call.func if isinstance(call, ast.Call) else None
    if is_method:
        return function.attr if isinstance(function, ast.Attribute) and _is_self(function.value) else None
    return getattr(function, "id", None)


class _Local(ast.NodeTransformer):
    """A body with other names, or values, for its locals."""

    def __init__(self, values):
        self.values = values

    def visit_Name(self, node):
        value = self.values.get(node.id, node)
        return ast.Name(value, node.ctx) if isinstance(value, str) else copy.deepcopy(value)

    def visit_ExceptHandler(self, node):
        node.name = self.values.get(node.name, node.name)
        return self.generic_visit(node)


class _Merge:
    """A statement `node` of caller that calls callee; ends: the caller ends after it."""

    def __init__(self, callee, caller, node, ends):
        self.callee = callee
        self.caller = caller
        self.node = node
        self.ends = ends
        self.last = callee.body[-1] if isinstance(callee.body[-1], ast.Return) else None

    def given(self):
        """{argument: its value}, in the order of their evaluation; None if that is not known here."""
        call, arguments = self.node.value, self.callee.args
        names = [argument.arg for argument in arguments.args]
        values = [call.func.value] if isinstance(call.func, ast.Attribute) else []
        if any(isinstance(value, ast.Starred) for value in call.args) or any(word.arg is None for word in call.keywords):
            return None
        given = dict(zip(names, values + call.args))
        given.update((word.arg, word.value) for word in call.keywords)
        for name, value in zip(reversed(names), reversed(arguments.defaults)):
            if isinstance(value, ast.Constant):
                given.setdefault(name, value)
        return given if set(given) == set(names) else None

    def is_possible(self, given):
        """Would its body mean the same in the caller?"""
        early = [part for node in self.callee.body for part in ast.walk(node) if isinstance(part, ast.Return) and part is not self.last]
        if early and not isinstance(self.node, ast.Return):
            if isinstance(self.node, ast.Assign) or not self.ends or not all(_is_none(one.value) for one in early):
                return False
        free = {part.id for part in ast.walk(self.callee) if isinstance(part, ast.Name)} - own(self.callee.body) - set(given)
        return not free & set(bound(self.caller)) and not any(isinstance(part, (ast.Global, ast.Nonlocal)) for part in ast.walk(self.caller))

    def made(self):
        """The statements in its place, or None."""
        given = self.given()
        if given is None or not self.is_possible(given):
            return None
        set_here, theirs = own(self.callee.body), set(bound(self.caller))
        values = {name: value for name, value in given.items() if name not in set_here and (
            isinstance(value, ast.Constant) or isinstance(value, ast.Name) and value.id in theirs)}
        taken = theirs | set(_loaded(self.caller))
        others = {part.id for part in ast.walk(self.callee) if isinstance(part, ast.Name)}
        for name in [*given, *sorted(set_here)]:
            if name not in values:
                words = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
                values[name] = next(word for word in words if word not in taken and (word == name or word not in others))
                taken.add(values[name])
        locals_made = [ast.Assign([ast.Name(values[name], ast.Store())], value, lineno=0)
                       for name, value in given.items() if isinstance(values[name], str)]
        return locals_made + self._ended([_Local(values).visit(copy.deepcopy(part)) for part in self.callee.body])

    def _ended(self, body):
        """The body, and its value as the statement uses it."""
        if isinstance(self.node, ast.Return):
            return body if self.last else body + [ast.Return(None)]
        value = body.pop().value if self.last else None
        if isinstance(self.node, ast.Assign):
            body.append(ast.Assign(self.node.targets, value or ast.Constant(None), lineno=0))
        elif value is not None and not isinstance(value, (ast.Constant, ast.Name)):
            body.append(ast.Expr(value))
        return body


class _Program:
    """What of the whole program decides where a function may be called."""

    def __init__(self, trees, outside):
        classes = [node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        self.bases = {getattr(base, "id", getattr(base, "attr", "")) for node in classes for base in node.bases}
        self.elsewhere = set(outside)     # also attributes of other objects than self, and what is imported
        for tree in trees.values():
            for node in ast.walk(tree):
                if isinstance(node, ast.Attribute) and not _is_self(node.value):
                    self.elsewhere.add(node.attr)
                elif isinstance(node, ast.ImportFrom):
                    self.elsewhere |= {alias.name for alias in node.names}

    def is_alone(self, node):
        """True for a class without inheritance."""
        return not node.bases and node.name not in self.bases and "__getattr__" not in own(node.body)

    def callees(self, module, around):
        """{name: function} of those of a module or a class that it alone can call."""
        found = {}
        for node in _functions(around):
            parts = [part for part in ast.walk(node) if part is not node]
            odd = node.decorator_list or node.args.kwonlyargs or node.args.vararg or node.args.kwarg or node.name.startswith("__")
            if not odd and not any(isinstance(part, _SCOPES + _NAMES) for part in parts):
                found[node.name] = node
        return {name: node for name, node in found.items() if name not in self.elsewhere and name not in ROOTS.get(module, ())}


def _merge_one(around, callers, callees, is_method):
    """Merge one of the callees; False if there is none."""
    names = [getattr(node, "args", node) for node in around.body] if is_method else []     # a table of the class, a default
    counts = collections.Counter(itertools.chain(_loaded(around, not is_method), *map(_loaded, names)))
    for caller in callers:
        for body, index, ends in _places(caller.body, True):
            callee = callees.get(_called(body[index], is_method))
            if callee is None or callee is caller or counts[callee.name] != 1:
                continue
            made = _Merge(callee, caller, body[index], ends).made()
            if made is not None:
                body[index:index + 1] = made
                filled(caller)
                around.body.remove(callee)
                filled(around)
                return True
    return False


def merge(trees, outside):
    """Put what is called in one place there."""
    program = _Program(trees, outside)
    for module, tree in trees.items():
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
        for around in filter(program.is_alone, classes):
            while _merge_one(around, _functions(around), program.callees(module, around), True):
                pass
        while _merge_one(tree, [caller for part in [tree, *classes] for caller in _functions(part)], program.callees(module, tree), False):
            pass
