"""What the pages say to type: the commands in their fenced blocks."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
# A block in another language than the shell's.
LANGUAGES = ("json", "toml", "python", "js", "javascript", "yaml", "ini", "c", "html", "xml", "text", "nginx", "mermaid")


def pages():
    """The pages whose commands somebody types."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page, under=None):
    """[(heading, language, [lines])] of a page, or of one heading of it alone."""
    found, heading, block, language = [], "", None, ""
    for line in page.read_text().splitlines():
        fence = re.match(r"\s*```(\w*)", line)
        if fence and block is None:
            block, language = [], fence[1]
        elif fence:
            found.append((heading, language, block))
            block = None
        elif block is not None:
            block.append(line)
        elif line.startswith("#"):
            heading = line.lstrip("# ")
    return [one for one in found if under is None or one[0] == under]


def commands(lines):
    """The commands of a block as they are typed: continued lines joined, comments and a prompt taken away."""
    text = re.sub(r"\\\n\s*", "", "\n".join(lines))
    typed = (re.sub(r"\s{2,}#.*$|^#.*$|^\$ ", "", line).strip() for line in text.splitlines())
    return [line for line in typed if line]
