"""Computes the constants of a whole program, and replaces their names by the values."""
import ast
import collections

from tools.board.shrink.program import bound, imported, walk

# Texts of up to this length are inlined: the interpreter keeps one copy of each.
TEXT_MAX = 12

UNKNOWN = object()
_OPERATORS = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b, ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b, ast.LShift: lambda a, b: a << b, ast.RShift: lambda a, b: a >> b, ast.BitOr: lambda a, b: a | b,
    ast.BitAnd: lambda a, b: a & b, ast.BitXor: lambda a, b: a ^ b, ast.Pow: lambda a, b: a ** b,
}


class Constants:
    """Values of the module-level names of all modules that are assigned once, as far as they can be computed here."""

    def __init__(self, trees):
        self.values = {}     # (module, name): value
        self.aliases = {}    # module: {name: (module, name or None)}
        self.functions = {}  # (module, name): (arguments, the expression that it returns)
        for module, tree in trees.items():
            self.aliases[module] = imported(module, tree, trees)
            for name, (arguments, expression) in _expressions(tree):
                self.functions[module, name] = (arguments, module, expression)
        pending = [(module, *entry) for module, tree in trees.items() for entry in _assigned_once(tree)]
        while pending:
            left = []
            for entry in pending:
                module, name, node, index = entry
                value = self.value(module, node)
                if value is UNKNOWN:
                    left.append(entry)
                else:
                    self.values[module, name] = value if index is None else value[index]
            if len(left) == len(pending):
                return
            pending = left

    def _resolved(self, module, name, found):
        """What `found` has for a module-level name as that module sees it, or UNKNOWN."""
        while name is not None:
            if (module, name) in found:
                return found[module, name]
            module, name = self.aliases.get(module, {}).get(name, (None, None))
        return UNKNOWN

    def named(self, module, node, found=None):
        """The same for an expression: name, or module.name."""
        found = self.values if found is None else found
        if isinstance(node, ast.Name):
            return self._resolved(module, node.id, found)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            of, name = self.aliases[module].get(node.value.id, (None, ""))
            return self._resolved(of, node.attr, found) if of and name is None else UNKNOWN
        return UNKNOWN

    def value(self, module, node, local=None):
        """The value of an expression at module level, or UNKNOWN. local: {name: value} of what it is inside of."""
        compute = getattr(self, "_" + type(node).__name__.lower(), None)
        return compute(module, node, local or {}) if compute else UNKNOWN

    def _values(self, module, nodes, local):
        values = tuple(self.value(module, node, local) for node in nodes)
        return UNKNOWN if any(value is UNKNOWN for value in values) else values

    def _constant(self, module, node, local):
        return node.value

    def _name(self, module, node, local):
        return local[node.id] if node.id in local else self.named(module, node)

    def _attribute(self, module, node, local):
        return self.named(module, node)

    def _tuple(self, module, node, local):
        return self._values(module, node.elts, local)

    def _unaryop(self, module, node, local):
        value = self.value(module, node.operand, local)
        return -value if isinstance(node.op, ast.USub) and isinstance(value, int) else UNKNOWN

    def _binop(self, module, node, local):
        values = self._values(module, (node.left, node.right), local)
        if values is UNKNOWN or type(node.op) not in _OPERATORS or not all(isinstance(value, int) for value in values):
            return UNKNOWN
        return _OPERATORS[type(node.op)](*values)

    def _subscript(self, module, node, local):
        values = self._values(module, (node.value, node.slice), local)
        if values is UNKNOWN or not isinstance(values[0], tuple) or not isinstance(values[1], int):
            return UNKNOWN
        return values[0][values[1]]

    def _listcomp(self, module, node, local):
        over = node.generators[0]
        values = self.value(module, over.iter, local)
        if len(node.generators) > 1 or over.ifs or not isinstance(over.target, ast.Name) or not isinstance(values, tuple):
            return UNKNOWN
        found = tuple(self.value(module, node.elt, dict(local, **{over.target.id: value})) for value in values)
        return UNKNOWN if any(value is UNKNOWN for value in found) else found

    def _call(self, module, node, local):
        values = self._values(module, node.args, local)
        if values is UNKNOWN or node.keywords:
            return UNKNOWN
        function = self.named(module, node.func, self.functions)
        if function is not UNKNOWN and len(function[0]) == len(values):
            of, expression = function[1:]
            return self.value(of, expression, dict(zip(function[0], values)))
        called = getattr(node.func, "id", None)
        if called == "const" and len(values) == 1:
            return values[0]
        if called == "len" and len(values) == 1 and isinstance(values[0], (tuple, str, bytes)):
            return len(values[0])
        if called == "range" and all(isinstance(value, int) for value in values):
            return tuple(range(*values))
        if isinstance(node.func, ast.Attribute) and node.func.attr == "index":
            of = self.value(module, node.func.value, local)
            if isinstance(of, tuple) and values[0] in of:
                return of.index(values[0])
        return UNKNOWN


def _expressions(tree):
    """(name, (arguments, expression)) of the functions at module level that only return an expression."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and len(node.body) == 1 and isinstance(node.body[0], ast.Return) and node.body[0].value:
            plain = not (node.args.defaults or node.args.kwonlyargs or node.args.vararg or node.args.kwarg or node.decorator_list)
            if plain:
                yield node.name, ([argument.arg for argument in node.args.args], node.body[0].value)


def _assigned_once(tree):
    """(name, value, None or which item of the value) of module-level assignments whose name is bound nowhere else in the module."""
    counts = collections.Counter(bound(tree))
    for node in tree.body:
        if not isinstance(node, ast.Assign) or len(node.targets) > 1:
            continue
        target = node.targets[0]
        if isinstance(target, ast.Name) and counts[target.id] == 1:
            yield target.id, node.value, None
        elif isinstance(target, ast.Tuple):
            for index, one in enumerate(target.elts):
                if isinstance(one, ast.Name) and counts[one.id] == 1:
                    yield one.id, node.value, index


def _is_small(value):
    return value is None or isinstance(value, int) or isinstance(value, str) and len(value) <= TEXT_MAX


class Inlined(ast.NodeTransformer):
    """Constants where they are used."""

    def __init__(self, module, constants, tree):
        self.module = module
        self.constants = constants
        counts = collections.Counter(bound(tree))
        self.shadowed = {name for name, count in counts.items() if count > 1}

    def _put(self, node, value):
        if value is UNKNOWN or not _is_small(value):
            return None
        return ast.copy_location(ast.parse(repr(value), mode="eval").body, node)

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Load) and node.id not in self.shadowed:
            return self._put(node, self.constants.named(self.module, node)) or node
        return node

    def visit_Attribute(self, node):
        if isinstance(node.ctx, ast.Load) and isinstance(node.value, ast.Name) and node.value.id not in self.shadowed:
            put = self._put(node, self.constants.named(self.module, node))
            if put:
                return put
        return self.generic_visit(node)

    def _computed(self, node):
        if not self.shadowed & {part.id for part in walk(node) if isinstance(part, ast.Name)}:
            value = self.constants.value(self.module, node)
            if isinstance(value, int):
                return self._put(node, value)
        return self.generic_visit(node)

    visit_Call = visit_BinOp = visit_Subscript = _computed
