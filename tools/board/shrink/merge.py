"""Puts the body of a function that is called in one place only there, where the call is a statement of its own.

That is `f(...)`, `x = f(...)` or `return f(...)`, with a function of the same module or a method of self; one that returns from within a loop only
if the caller ends there too. A call that a statement evaluates before all else, as in `if f(...) > 1`, becomes such a statement first. A method of
another object is put so if only one class of the program has that name, and if it needs nothing of its own module and sets what its class sets
anyway. Arguments become locals: these have no name on a board.
"""
import ast
import builtins
import collections
import copy
import itertools

from tools.board.shrink.program import ROOTS, bound, filled, own, walk

# What a body may not have: a scope of its own, or names that are not its locals.
_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.FunctionDef, ast.ClassDef, ast.Yield, ast.YieldFrom)
_NAMES = (ast.Global, ast.Nonlocal, ast.Delete, ast.Import, ast.ImportFrom)


def _loaded(node, with_names=True):
    """Names in it, and attributes of self."""
    for part in walk(node):
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


def _called(call, is_method):
    """The name of the function or method of self that a call calls, or None."""
    if is_method:
        return call.func.attr if isinstance(call.func, ast.Attribute) and _is_self(call.func.value) else None
    return getattr(call.func, "id", None)


def _called_of_another(call):
    """The name of the method of another object than self that a call calls, or None."""
    function = call.func
    of = function.value if isinstance(function, ast.Attribute) else None
    while isinstance(of, ast.Attribute):
        of = of.value
    return function.attr if isinstance(of, ast.Name) and not _is_self(function.value) else None


# The field of an expression that is evaluated before the others.
_FIRST = {ast.Compare: "left", ast.BinOp: "left", ast.BoolOp: "values", ast.UnaryOp: "operand", ast.IfExp: "test", ast.Subscript: "value",
          ast.Attribute: "value", ast.Tuple: "elts"}


def _calls_first(node):
    """(call, expression and field that it is in) of the calls that a statement evaluates before all else, the outermost first."""
    field = "test" if isinstance(node, ast.If) else "value" if isinstance(node, (ast.Expr, ast.Assign, ast.Return)) else None
    while field is not None:
        value = getattr(node, field)
        if isinstance(value, list):
            value = value[0] if value else None
        if isinstance(value, ast.Call):
            yield value, node, field
            # The word of a function means the same before and after its arguments.
            field = "args" if isinstance(value.func, ast.Name) else None
        else:
            field = _FIRST.get(type(value))
        node = value


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
        """Would its body mean the same in the caller, which is of the same module?"""
        if not isinstance(self.node, ast.Return) and not self.may_return() and self._valued(self.callee.body) is None:
            return False
        free = {part.id for part in walk(self.callee) if isinstance(part, ast.Name)} - own(self.callee.body) - set(given)
        return not free & set(bound(self.caller)) and not any(isinstance(part, (ast.Global, ast.Nonlocal)) for part in walk(self.caller))

    def may_return(self):
        """May the caller end where the callee does?"""
        early = [part for node in self.callee.body for part in walk(node) if isinstance(part, ast.Return) and part is not self.last]
        return not early or isinstance(self.node, ast.Expr) and self.ends and all(_is_none(one.value) for one in early)

    def made(self):
        """The statements in its place, or None."""
        given = self.given()
        if given is None or not self.is_possible(given):
            return None
        set_here, theirs = own(self.callee.body), set(bound(self.caller))
        values = {name: value for name, value in given.items() if name not in set_here and (
            isinstance(value, ast.Constant) or isinstance(value, ast.Name) and value.id in theirs)}
        taken = theirs | set(_loaded(self.caller))
        others = {part.id for part in walk(self.callee) if isinstance(part, ast.Name)}
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
        if not self.may_return():
            return self._valued(body)
        value = body.pop().value if self.last else None
        return body + self._value(value)

    def _value(self, value):
        """What the statement does with the callee's value, an expression or None."""
        if isinstance(self.node, ast.Assign):
            return [ast.Assign(self.node.targets, value or ast.Constant(None), lineno=0)]
        return [] if value is None or isinstance(value, (ast.Constant, ast.Name)) else [ast.Expr(value)]

    def _valued(self, body):
        """The body with self._value() for its returns, and what an early one jumps over as the other branch of its if; None if that cannot be."""
        for index, node in enumerate(body):
            if isinstance(node, ast.Return):
                return body[:index] + self._value(node.value)
            if not any(isinstance(part, ast.Return) for part in walk(node)):
                continue
            rest = body[index + 1:]
            if not isinstance(node, ast.If) or rest and not _returns(node.body) and not _returns(node.orelse):
                return None
            then = self._valued(node.body if _returns(node.body) else node.body + rest)
            other = self._valued(node.orelse + rest if _returns(node.body) else node.orelse)
            if then is None or other is None:
                return None
            if other and not then:
                return body[:index] + [ast.If(ast.UnaryOp(ast.Not(), node.test), other, [])]
            return body[:index] + [ast.If(node.test, then or [ast.Pass()], other)]
        return body + self._value(None)


def _returns(body):
    """Does it return in any case?"""
    last = body[-1] if body else None
    return isinstance(last, ast.Return) or isinstance(last, ast.If) and _returns(last.body) and _returns(last.orelse)


class _Program:
    """What of the whole program decides where a function may be called."""

    def __init__(self, trees, outside):
        classes = [node for tree in trees.values() for node in walk(tree) if isinstance(node, ast.ClassDef)]
        self.bases = {getattr(base, "id", getattr(base, "attr", "")) for node in classes for base in node.bases}
        self.elsewhere = set(outside)     # also attributes of other objects than self, and what is imported
        for tree in trees.values():
            for node in walk(tree):
                if isinstance(node, ast.Attribute) and not _is_self(node.value):
                    self.elsewhere.add(node.attr)
                elif isinstance(node, ast.ImportFrom):
                    self.elsewhere |= {alias.name for alias in node.names}

    def is_alone(self, node):
        """True for a class without inheritance."""
        return not node.bases and node.name not in self.bases and "__getattr__" not in own(node.body)

    def callees(self, module, around, elsewhere=None):
        """{name: function} of those of a module or a class that may be put elsewhere: without names of elsewhere, those that others can call."""
        elsewhere = self.elsewhere if elsewhere is None else elsewhere
        found = {}
        for node in _functions(around):
            parts = [part for part in walk(node) if part is not node]
            odd = node.decorator_list or node.args.kwonlyargs or node.args.vararg or node.args.kwarg or node.name.startswith("__")
            if not odd and not any(isinstance(part, _SCOPES + _NAMES) for part in parts):
                found[node.name] = node
        return {name: node for name, node in found.items() if name not in elsewhere and name not in ROOTS.get(module, ())}


def _put(caller, callee_of):
    """Put one function where caller calls it, callee_of(call) being the function that a call may be replaced by; that function, or None."""
    for body, index, ends in _places(caller.body, True):
        for call, node, field in _calls_first(body[index]):
            callee = callee_of(call)
            if callee is None or callee is caller:
                continue
            is_alone = node is body[index] and field == "value"
            word = _new_word(caller)
            statement = node if is_alone else ast.Assign([ast.Name(word, ast.Store())], call, lineno=0)
            made = _Merge(callee, caller, statement, ends and is_alone).made()
            if made is not None:
                if not is_alone:
                    _replace(node, field, ast.Name(word, ast.Load()))
                    made.append(body[index])
                body[index:index + 1] = made
                filled(caller)
                return callee
    return None


def _new_word(caller):
    """One for a value that a caller has no word for yet."""
    taken = set(bound(caller)) | set(_loaded(caller))
    return next(word for word in itertools.chain(["first"], (f"first_{number}" for number in itertools.count(2))) if word not in taken)


def _replace(node, field, value):
    if isinstance(getattr(node, field), list):
        getattr(node, field)[0] = value
    else:
        setattr(node, field, value)


def _merge_one(around, callers, callees, is_method):
    """Merge one of the callees; False if there is none."""
    names = [getattr(node, "args", node) for node in around.body] if is_method else []     # a table of the class, a default
    counts = collections.Counter(itertools.chain(_loaded(around, not is_method), *map(_loaded, names)))
    once = {name: node for name, node in callees.items() if counts[name] == 1}
    for caller in callers:
        callee = _put(caller, lambda call: once.get(_called(call, is_method)))
        if callee:
            around.body.remove(callee)
            filled(around)
            return True
    return False


def _set(node):
    """Attributes of self that are set in it."""
    return {part.attr for part in walk(node) if isinstance(part, ast.Attribute) and _is_self(part.value) and not isinstance(part.ctx, ast.Load)}


def _of_others(trees, outside):
    """{name: (class, method)} of the methods that the program calls by their object in one place only."""
    program = _Program(trees, outside)
    loads, names, found = collections.Counter(), collections.Counter(), {}
    for module, tree in trees.items():
        for node in walk(tree):
            if isinstance(node, ast.Attribute):
                loads[node.attr] += 1
            elif isinstance(node, ast.Name):
                names[node.id] += 1
            elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                names[node.name] += 1
        for around in filter(program.is_alone, [node for node in tree.body if isinstance(node, ast.ClassDef)]):
            for name, node in program.callees(module, around, outside).items():
                needs = {part.id for part in walk(node) if isinstance(part, ast.Name)} - own(node.body) - {one.arg for one in node.args.args}
                if needs <= _BUILTINS:
                    found[name] = around, node
    found = {name: one for name, one in found.items() if loads[name] == 1 and names[name] == 1}
    return {name: (around, node) for name, (around, node) in found.items() if _set(node) <= own(around.body).union(
        *(_set(other) for other in _functions(around) if other.name not in found))}


_BUILTINS = set(dir(builtins))


def _merge_others(trees, outside):
    """Merge methods of other objects; True if there was one."""
    callees = _of_others(trees, outside)
    merged = False
    for caller in [node for tree in trees.values() for node in walk(tree) if isinstance(node, ast.FunctionDef)]:
        while True:
            callee = _put(caller, lambda call: callees.get(_called_of_another(call), (None, None))[1])
            if callee is None:
                break
            around, _ = callees.pop(callee.name)
            around.body.remove(callee)
            filled(around)
            merged = True
    return merged


def _merge_own(trees, outside):
    """Merge functions of the same module, and methods of self."""
    program = _Program(trees, outside)
    for module, tree in trees.items():
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
        for around in filter(program.is_alone, classes):
            while _merge_one(around, _functions(around), program.callees(module, around), True):
                pass
        while _merge_one(tree, [caller for part in [tree, *classes] for caller in _functions(part)], program.callees(module, tree), False):
            pass


def merge(trees, outside):
    """Put what is called in one place there."""
    _merge_own(trees, outside)
    while _merge_others(trees, outside):
        _merge_own(trees, outside)
