"""Shortens imports from the module's own package: from .states import A instead of from app.evse.states import A."""
import ast


class Nearby(ast.NodeTransformer):
    """One module with such imports."""

    def __init__(self, module, trees):
        self.package = module.rpartition(".")[0]
        self.trees = trees

    def visit_ImportFrom(self, node):
        package, _, name = (node.module or "").rpartition(".")
        if node.level == 0 and self.package and self.package in (package, node.module) and node.module in self.trees:
            node.module, node.level = None if node.module == self.package else name, 1
        return node
