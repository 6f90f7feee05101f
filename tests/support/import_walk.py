"""The modules that a start from main imports, read from the syntax trees; the manifest is compared with them."""
import ast

from tools.board import build


def _imports(name, path, known):
    """Dotted names of the modules that one file imports, the packages they are in too; only those that known(name) has."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(filter(None, (package if node.level else "", node.module)))
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            continue
        for dotted in names:
            parts = dotted.split(".")
            found.update(".".join(parts[:count]) for count in range(1, len(parts) + 1))
    return {other for other in found if known(other)}


def reached(*roots):
    """Every module of the firmware and of umodbus that `roots` import, themselves included."""
    def known(name):
        return build.source(name) is not None

    todo = {".".join(root.split(".")[:count]) for root in roots for count in range(1, root.count(".") + 2)}
    seen = set()
    while todo:
        name = todo.pop()
        seen.add(name)
        todo |= _imports(name, build.source(name), known) - seen
    return seen
