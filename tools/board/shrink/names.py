"""Short names for a program's own words.

Attributes, and arguments given by name, get one word for one word throughout the program; those that only a class itself uses (self._x, and
nobody else's _x) may have the same short word in every class. Globals are known by the module that defines
them, so that two that no module sees together, or a global and an attribute, may have the same short word. Arguments that nobody gives by
name are a, b, c, ...; local variables stay, for the compiler makes numbers of them.
"""
import ast
import builtins
import collections
import io
import keyword
import string

from tools.board.shrink import privates
from tools.board.shrink.program import ROOTS, bound, imported, own, texts

# The modules of boards: what is asked of the vendor's is in no list of ours.
VENDORS = {"machine", "network", "pycom", "utime", "uio", "usocket", "esp32", "neopixel", "rp2", "vfs"}
# What every board keeps the words of.
CONTRACT = ("hal.contract", "hal.board")
# Arguments are called by these, globals and attributes never.
ARGUMENTS = "abcdefghijklmnopqrst"


def _known():
    """Words of the interpreter: built-in names, and methods of built-in types."""
    known = set(dir(builtins)) | set(keyword.kwlist)
    for kind in (str, bytes, bytearray, int, list, dict, set, frozenset, tuple, memoryview, property, BaseException, OSError, type, object, range,
                 io.FileIO, io.StringIO):
        known |= set(dir(kind))
    return known


KNOWN = _known()


def _foreign(tree, trees):
    """(modules that are not ours, names that the module has of them)."""
    modules, found = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name not in trees:
                    modules.add(alias.name)
                    found.add(alias.asname or alias.name)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module.split(".")[0] not in trees:
            modules.add(node.module)
            found |= {alias.asname or alias.name for alias in node.names}
    return modules, found


def contract(trees):
    """The words by which the layers above know every board."""
    words = set()
    for module in CONTRACT:
        for node in ast.walk(trees.get(module, ast.Module([], []))):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                words.add(node.attr)
            elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                words.add(node.name)
    return words


def _outside(trees):
    """Words that the outside knows, or may be meant by a text."""
    words = KNOWN | texts(trees) | VENDORS
    for module, tree in trees.items():
        modules, names = _foreign(tree, trees)
        words |= names | set(module.split(".")) | set(ROOTS.get(module, ()))
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                owner = getattr(node.value, "id", "")
                if owner in names or modules & VENDORS and owner != "self":
                    words.add(node.attr)
            elif isinstance(node, ast.keyword) and node.arg and modules & VENDORS:
                words.add(node.arg)
    return words


def short_words(taken):
    """Short words without end, none of them taken."""
    first = string.ascii_letters + "_"
    words = list(first)
    while True:
        yield from (word for word in words if word not in taken)
        words = [word + letter for word in words for letter in first + string.digits]


def _classes(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


def _arguments(node):
    return [*node.args.args, *node.args.kwonlyargs, *filter(None, (node.args.vararg, node.args.kwarg))]


class Names:
    """The short word for each long one of a program."""

    def __init__(self, trees, kept):
        """kept: words that stay, beside those that the outside knows."""
        self.trees = trees
        self.outside = _outside(trees) | kept
        self.given = {node.arg for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg}
        self.imports = {module: imported(module, tree, trees) for module, tree in trees.items()}
        self.seen = {module: own(tree.body) for module, tree in trees.items()}
        for module, tree in trees.items():
            # A function may set a global.
            self.seen[module] |= {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}
        self.bound = {word for tree in trees.values() for word in bound(tree)}
        self.private = privates.owned(trees, self.outside)
        self.attributes = self._attributes()
        more = short_words(self.bound | self.outside | set(ARGUMENTS) | set(self.attributes.values()))
        self.private_words = privates.chosen(self.private, self.attributes, more)
        self.globals = self._globals()

    def entity(self, module, name):
        """(module, name) of what a module's global is, where it is defined; None for a module."""
        while name in self.imports[module]:
            module, name = self.imports[module][name]
            if name is None:
                return None
        return module, name

    def module_of(self, module, node):
        """The module of ours that an expression is, or None."""
        if isinstance(node, ast.Name):
            of, name = self.imports[module].get(node.id, (None, ""))
            return of if name is None else None
        return None

    def _attributes(self):
        """{long: short} of attributes, and of arguments given by name."""
        found, counts = set(self.given), collections.Counter()
        for module, tree in self.trees.items():
            for node in _classes(tree):
                found |= own(node.body)
                counts.update(own(node.body))
            for node in ast.walk(tree):
                if isinstance(node, ast.Attribute) and not self.module_of(module, node.value):
                    counts[node.attr] += 1
                    if isinstance(node.ctx, ast.Store):
                        found.add(node.attr)
                elif isinstance(node, ast.keyword) and node.arg:
                    counts[node.arg] += 1
        renamed = {name for name in found - self.outside - privates.names(self.private) if not name.startswith("__")}
        everything = self.bound | set(counts) - renamed
        words = short_words(everything | self.outside | set(ARGUMENTS))
        return {name: next(words) for name in sorted(renamed, key=lambda name: (-counts[name], name))}

    def _globals(self):
        """{(module, long): short} of globals."""
        counts = collections.Counter()
        visible = collections.defaultdict(set)    # entity: modules that see it
        taken = {}
        for module, tree in self.trees.items():
            taken[module] = set(bound(tree)) | {self.attribute_word(module, node.name, name) for node in _classes(tree) for name in own(node.body)}
            taken[module] |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            for name in self.seen[module]:
                entity = self.entity(module, name)
                if entity is not None:
                    visible[entity].add(module)
            for node in ast.walk(tree):
                if isinstance(node, ast.Name) and node.id in self.seen[module]:
                    counts[self.entity(module, node.id)] += 1
        pool = sorted(self.attributes.values(), key=lambda word: (len(word), word))
        more = short_words(set(pool) | set(self.private_words.values()) | self.outside | set(ARGUMENTS) | self.bound)
        chosen = {}
        for entity in sorted(visible, key=lambda entity: (-counts[entity], entity)):
            if entity[1] in self.outside or entity[1].startswith("__") or entity[0] not in self.trees:
                continue
            word = next((word for word in pool if not any(word in taken[module] for module in visible[entity])), None)
            if word is None:
                word = next(more)
                pool.append(word)
            chosen[entity] = word
            for module in visible[entity]:
                taken[module].add(word)
        return chosen

    def global_word(self, module, name):
        """What a module calls its global from now on."""
        entity = self.entity(module, name) if name in self.seen[module] else None
        return self.globals.get(entity, name)

    def attribute_word(self, module, owner, name):
        """What an attribute is called from now on; owner: the class whose self it is of, or None."""
        return self.private_words.get((module, owner, name)) or self.attributes.get(name, name)

    def table(self):
        """(module, or module.Class, or '*', short, long) of everything."""
        yield from ((f"{module}.{owner}", short, long) for (module, owner, long), short in self.private_words.items())
        yield from (("*", short, long) for long, short in self.attributes.items())
        yield from ((module, short, long) for (module, long), short in self.globals.items())


class Renamed(ast.NodeTransformer):
    """One module with the short names."""

    def __init__(self, names, module):
        self.names = names
        self.module = module
        self.scopes = []    # (is it a class?, {long: short}), innermost last
        self.letters = 0    # of ARGUMENTS in use
        self.owner = None   # the class around

    def _is_class(self):
        return bool(self.scopes) and self.scopes[-1][0]

    def _word(self, name):
        for number, (is_class, scope) in enumerate(reversed(self.scopes)):
            if name in scope and not (is_class and number):
                return scope[name]
        return self.names.global_word(self.module, name)

    def visit_Name(self, node):
        node.id = self._word(node.id)
        return node

    def visit_Attribute(self, node):
        of = self.names.module_of(self.module, node.value)
        owner = self.owner if getattr(node.value, "id", "") == "self" else None
        node.attr = self.names.global_word(of, node.attr) if of else self.names.attribute_word(self.module, owner, node.attr)
        return self.generic_visit(node)

    def visit_keyword(self, node):
        node.arg = self.names.attributes.get(node.arg, node.arg)
        return self.generic_visit(node)

    def visit_Global(self, node):
        node.names = [self.names.global_word(self.module, name) for name in node.names]
        return node

    def visit_Nonlocal(self, node):
        node.names = [self._word(name) for name in node.names]
        return node

    def visit_ExceptHandler(self, node):
        node.name = node.name and self._word(node.name)
        return self.generic_visit(node)

    def visit_ImportFrom(self, node):
        if any(self.module_of_alias(alias) for alias in node.names):
            return node
        for alias in node.names:
            local = alias.asname or alias.name
            entity = self.names.entity(self.module, local) if local in self.names.imports[self.module] else None
            if entity in self.names.globals:
                alias.name, alias.asname = self.names.globals[entity], None
        return node

    def module_of_alias(self, alias):
        """True if what is imported is a module, whose name stays."""
        _, name = self.names.imports[self.module].get(alias.asname or alias.name, (None, ""))
        return name is None

    def visit_ClassDef(self, node):
        node.bases = [self.visit(base) for base in node.bases]
        name = node.name
        node.name = self.names.attributes.get(name, name) if self._is_class() else self._word(name)
        around, self.owner = self.owner, name
        self.scopes.append((True, {part: self.names.attribute_word(self.module, name, part) for part in own(node.body)}))
        node.body = [self.visit(part) for part in node.body]
        self.scopes.pop()
        self.owner = around
        return node

    def visit_FunctionDef(self, node):
        node.decorator_list = [self.visit(decorator) for decorator in node.decorator_list]
        node.name = self._word(node.name)
        return self._function(node)

    def visit_Lambda(self, node):
        return self._function(node)

    def _function(self, node):
        node.args.defaults = [self.visit(default) for default in node.args.defaults]
        node.args.kw_defaults = [default and self.visit(default) for default in node.args.kw_defaults]
        body = node.body if isinstance(node.body, list) else [node.body]
        declared = {name for statement in body for part in ast.walk(statement) if isinstance(part, (ast.Global, ast.Nonlocal)) for name in part.names}
        scope = {name: name for name in own(body) - declared}
        present = {getattr(part, "id", getattr(part, "arg", None)) for part in ast.walk(node)} | set(scope)
        before = self.letters
        for argument in _arguments(node):
            word = self._argument(argument.arg, present)
            scope[argument.arg] = word
            argument.arg = word
        self.scopes.append((False, scope))
        body = [self.visit(part) for part in body]
        self.scopes.pop()
        self.letters = before
        node.body = body if isinstance(node.body, list) else body[0]
        return node

    def _argument(self, name, present):
        if name in self.names.given:
            return self.names.attributes.get(name, name)
        while self.letters < len(ARGUMENTS) and ARGUMENTS[self.letters] in present:
            self.letters += 1
        if self.letters == len(ARGUMENTS):
            return name
        self.letters += 1
        return ARGUMENTS[self.letters - 1]

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
