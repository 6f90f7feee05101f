"""Every table of the pages has its head: a blank line within one would make text with strokes of the rows below."""
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
PAGES = sorted((ROOT / "docs").rglob("*.md")) + sorted(ROOT.glob("*.md"))
RULE = re.compile(r"\|[\s:|-]+$")


def headless(lines):
    """Numbers of the lines with which rows begin that have no head."""
    lines = ["", *lines, ""]
    return [number for number in range(1, len(lines) - 1)
            if lines[number].startswith("|") and not lines[number - 1].startswith("|") and not RULE.match(lines[number + 1])]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_table_has_its_head(page):
    assert headless(page.read_text().splitlines()) == []


def test_rows_behind_a_blank_line_are_found():
    assert headless(["| a | b |", "|---|---|", "| 1 | 2 |", "", "| 3 | 4 |"]) == [5]
