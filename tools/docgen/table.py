"""Markdown tables with arbitrary text in their cells."""


def cell(text):
    """`text` as one cell: on one line, without a column's border."""
    return str(text).replace("\n", " ").replace("|", "\\|")


def code(text):
    """`text` as code in a cell; line ends show as a return sign. Two backticks allow one inside."""
    shown = text.strip("\n").replace("\n", " ⏎ ").replace("|", "\\|")
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"


def table(heads, rows):
    """Lines of a table; cells of `rows` are text that went through cell() or code()."""
    lines = ["| " + " | ".join(heads) + " |", "| " + " | ".join("---" for _ in heads) + " |"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]
