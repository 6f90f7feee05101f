"""One module with the short names of a program."""
import ast

from tools.board.shrink.program import Scoped, own, walk
from tools.board.shrink.words import ARGUMENTS, arguments_of


class Renamed(Scoped):
    """One module with the short names."""

    def __init__(self, names, module):
        self.names = names
        self.module = module
        super().__init__()  # scopes: {long: short}
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
        node.attr = self.names.global_word(of, node.attr) if of else self.names.attributes.word(self.module, owner, node.attr)
        return self.generic_visit(node)

    def visit_keyword(self, node):
        node.arg = self.names.attributes.word(None, None, node.arg)
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

    def visit_Import(self, node):
        for alias in node.names:
            self._bind(alias, alias.asname or alias.name)
        return node

    def visit_ImportFrom(self, node):
        for alias in node.names:
            local = alias.asname or alias.name
            of, name = self.names.imports[self.module].get(local, (None, None))
            if name is not None:
                alias.name = self.names.global_word(of, name)
            self._bind(alias, local)
        return node

    def _bind(self, alias, local):
        word = self._word(local)
        alias.asname = None if word == alias.name else word

    def visit_ClassDef(self, node):
        node.bases = [self.visit(base) for base in node.bases]
        name = node.name
        node.name = self.names.attributes.word(None, None, name) if self._is_class() else self._word(name)
        around, self.owner = self.owner, name
        self.scopes.append((True, {part: self.names.attributes.word(self.module, name, part) for part in own(node.body)}))
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
        declared = {name for statement in body for part in walk(statement) if isinstance(part, (ast.Global, ast.Nonlocal)) for name in part.names}
        scope = {name: name for name in own(body) - declared}
        present = {getattr(part, "id", getattr(part, "arg", None)) for part in walk(node)} | set(scope)
        before = self.letters
        for argument in arguments_of(node):
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
            return self.names.attributes.word(None, None, name)
        while self.letters < len(ARGUMENTS) and ARGUMENTS[self.letters] in present:
            self.letters += 1
        if self.letters == len(ARGUMENTS):
            return name
        self.letters += 1
        return ARGUMENTS[self.letters - 1]
