"""Instruments the firmware's source with its cost on a board: nanoseconds, estimated from MicroPython's bytecodes.

A function is compiled again from its source, with a statement before each of its own that adds what that one costs to SPENT_NS. The
bytecodes are those that MicroPython's compiler makes of the source (py/compile.c), so that the account is the same on every CPython,
whose own bytecodes change from release to release.
"""

import ast
import types

# What is assumed of a board: 2 us a bytecode on average, calls and what they allocate included, as of an ESP32 at 160 MHz (one of 240 MHz
# is said to run some 1400 pystones of about 500 bytecodes each in a second). A call, which makes a frame or does the work of a built-in, takes
# most of that: one bytecode in ten is a call.
BYTECODE_NS = 1200
CALL_NS = 9000

SPENT_NS = [0]
# The names under which the code finds the account, among the built-ins.
ACCOUNT, SPEND = '__board_spent_ns__', '__board_spend__'


def spend(cost_ns, value):
    """Add the cost and return value."""
    SPENT_NS[0] += cost_ns
    return value


BUILTINS = {ACCOUNT: SPENT_NS, SPEND: spend}

# Bytecodes of a node beside those of its parts, where those are always evaluated; the others have a method below.
_BYTECODES = {
    ast.Constant: 1, ast.Name: 1, ast.Attribute: 1, ast.Subscript: 1, ast.BinOp: 1, ast.Tuple: 1, ast.List: 1, ast.Set: 1, ast.Starred: 0,
    ast.keyword: 1, ast.arguments: 0, ast.arg: 0, ast.alias: 2, ast.Import: 3, ast.ImportFrom: 3,
    ast.Raise: 1, ast.Assert: 1, ast.Delete: 0, ast.Break: 1, ast.Continue: 1, ast.Pass: 0, ast.Global: 0, ast.Nonlocal: 0,
}
# A turn of a loop takes the next one and jumps back; over a range, which is no iterator there, it adds and compares.
_TURN, _TURN_OF_RANGE = 2, 8


def codes(path):
    """{code of a function in that file: the code that adds what it costs}."""
    with open(path) as file:
        source = file.read()
    tree = ast.parse(source, path)
    tree.body = _block(tree.body)
    written = compile(ast.fix_missing_locations(tree), path, 'exec')
    return dict(zip(_within(compile(source, path, 'exec')), _within(written), strict=True))


def _within(code):
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _within(constant)


def _statement(cost_ns):
    """Adds that to the account."""
    place = ast.Subscript(ast.Name(ACCOUNT, ast.Load()), ast.Constant(0), ast.Store())
    return ast.AugAssign(place, ast.Add(), ast.Constant(cost_ns))


def _block(statements, first_ns=0):
    """The statements, each after its price."""
    written = [_statement(first_ns)] if first_ns else []
    for statement in statements:
        written += [_statement(_cost_ns(statement)), statement]
    return written


def _perhaps(node, more=0):
    """Replaces an expression evaluated any number of times: the same, with its price and that many more bytecodes."""
    return ast.Call(ast.Name(SPEND, ast.Load()), [ast.Constant(_cost_ns(node) + more * BYTECODE_NS), node], [])


def _cost_ns(node):
    """Cost of the node each time it is reached; its conditional parts are rewritten to add their own."""
    if _is_constant(node):
        return BYTECODE_NS
    method = _METHODS.get(type(node))
    return method(node) if method else _BYTECODES[type(node)] * BYTECODE_NS + _parts_ns(node)


def _parts_ns(node):
    return _sum_ns(part for part in ast.iter_child_nodes(node) if not isinstance(part, (ast.expr_context, ast.operator)))


def _sum_ns(nodes, more=0):
    """Cost of the nodes that are not None, plus that many bytecodes."""
    return sum(_cost_ns(node) for node in nodes if node is not None) + more * BYTECODE_NS


def _is_constant(node):
    """Folded into one object by the compiler."""
    if isinstance(node, (ast.Tuple, ast.BinOp, ast.UnaryOp)) and not isinstance(getattr(node, 'ctx', None), ast.Store):
        return all(_is_constant(part) for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr))
    return isinstance(node, ast.Constant)


def _unary(node):
    # `not` is mostly in a condition: another jump, no bytecode.
    return _sum_ns([node.operand], not isinstance(node.op, ast.Not))


def _compare(node):
    inverted = sum(isinstance(op, (ast.IsNot, ast.NotIn)) for op in node.ops)
    return _sum_ns([node.left, *node.comparators], len(node.ops) + inverted)


def _boolean(node):
    first, *others = node.values
    cost_ns = _sum_ns([first], 1)
    node.values = [first] + [_perhaps(other, other is not others[-1]) for other in others]
    return cost_ns


def _conditional(node):
    node.body, node.orelse = _perhaps(node.body, 1), _perhaps(node.orelse)
    return _sum_ns([node.test], 1)


def _call(node):
    return CALL_NS + _parts_ns(node)


def _dict(node):
    return _sum_ns([*node.keys, *node.values], 1 + len(node.keys))


def _slice(node):
    # Each bound is an object, None too.
    return _sum_ns([node.lower, node.upper, node.step], 1 + (node.lower is None) + (node.upper is None))


def _lambda(node):
    node.body = _perhaps(node.body, 1)
    return _sum_ns([node.args], 1)


def _comprehension(node):
    """A separate function: made, called, and returning its result."""
    cost_ns = CALL_NS + _sum_ns([node.generators[0].iter], 5)
    turn = 0
    for number, loop in enumerate(node.generators):
        if number:
            loop.iter = _perhaps(loop.iter, turn + 1)
        turn = _TURN + _cost_ns(loop.target) // BYTECODE_NS
        for place, test in enumerate(loop.ifs):
            loop.ifs[place] = _perhaps(test, turn + 1)
            turn = 0
    name = 'key' if isinstance(node, ast.DictComp) else 'elt'
    value_ns = _cost_ns(node.value) if name == 'key' else 0
    setattr(node, name, _perhaps(getattr(node, name), turn + 1 + value_ns // BYTECODE_NS))
    return cost_ns


def _expression(node):
    return 0 if isinstance(node.value, ast.Constant) else _sum_ns([node.value], 1)


def _assign(node):
    return _sum_ns([node.value, *node.targets], len(node.targets) - 1)


def _change(node):
    # The place is kept while its old value is worked upon.
    return _sum_ns([node.target, node.value], 2 if isinstance(node.target, ast.Name) else 4)


def _return(node):
    return _sum_ns([node.value], 1 + (node.value is None))


def _if(node):
    node.body, node.orelse = _block(node.body, BYTECODE_NS * bool(node.orelse)), _block(node.orelse)
    return _sum_ns([node.test], 1)


def _while(node):
    endless = _is_constant(node.test)
    node.body, node.orelse = _block(node.body, BYTECODE_NS * endless), _block(node.orelse)
    if not endless:
        node.test = _perhaps(node.test, 1)
    return BYTECODE_NS


def _for(node):
    over = node.iter
    if isinstance(over, ast.Call) and isinstance(over.func, ast.Name) and over.func.id == 'range':
        cost_ns, turn_ns = _sum_ns(over.args, 2), _TURN_OF_RANGE * BYTECODE_NS
    else:
        cost_ns, turn_ns = _sum_ns([over], 2), _sum_ns([node.target], _TURN)
    node.body, node.orelse = _block(node.body, turn_ns), _block(node.orelse)
    return cost_ns


def _try(node):
    node.body, node.orelse, node.finalbody = _block(node.body), _block(node.orelse), _block(node.finalbody)
    tests_ns = 0
    for handler in node.handlers:
        tests_ns += _sum_ns([handler.type], 3)
        handler.body = _block(handler.body, tests_ns + (7 if handler.name else 2) * BYTECODE_NS)
    return BYTECODE_NS * (2 * bool(node.handlers) + 3 * bool(node.finalbody))


def _with(node):
    node.body = _block(node.body)
    return sum(2 * CALL_NS + _sum_ns([item.context_expr, item.optional_vars], 5) for item in node.items)


def _function(node):
    node.body = _block(node.body)
    if not isinstance(node.body[-1], (ast.Return, ast.Raise)):
        node.body.append(_statement(2 * BYTECODE_NS))
    return _sum_ns([node.args, *node.decorator_list], 2)


def _class(node):
    node.body = _block(node.body)
    return _sum_ns(node.bases, 4)


_METHODS = {
    ast.UnaryOp: _unary, ast.Compare: _compare, ast.BoolOp: _boolean, ast.IfExp: _conditional, ast.Call: _call, ast.Dict: _dict, ast.Slice: _slice,
    ast.Lambda: _lambda, ast.ListComp: _comprehension, ast.SetComp: _comprehension, ast.DictComp: _comprehension, ast.GeneratorExp: _comprehension,
    ast.Expr: _expression, ast.Assign: _assign, ast.AugAssign: _change, ast.Return: _return, ast.If: _if, ast.While: _while, ast.For: _for,
    ast.Try: _try, ast.With: _with, ast.FunctionDef: _function, ast.ClassDef: _class,
}
