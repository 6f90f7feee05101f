"""Plain words: private ones do not come back, and no two helper classes of the tests share a name."""

import ast
import collections
import pathlib
import re

import pytest

from tools.checks import words

TESTS = pathlib.Path(__file__).resolve().parents[3]


def test_private_words_have_not_come_back():
    assert words.all_faults() == []


@pytest.mark.parametrize("source, word", [
    ("# Waits so long.\n", "so long"),
    ('"""What befalls a frame."""\n', "befalls"),
    ('def f():\n    """The record.\n\n    Written anew.\n    """\n', "anew"),
    ("do_deed = 1\n", "do_deed"),
    ("class RefugeLoop:\n    pass\n", "RefugeLoop"),
])
def test_a_private_word_in_comment_docstring_or_name_is_found(source, word):
    assert [found for _, found, _ in words.faults(source)] == [word]


@pytest.mark.parametrize("source", [
    "# As long as it lasts, so long as it lasts.\n",
    "text = 'what is wrong'\n",
    "indeed = 1     # indeed\n",
])
def test_a_plain_word_is_left_alone(source):
    assert words.faults(source) == []


def test_a_word_with_many_meanings_is_found_in_names_of_the_firmware_alone():
    assert [word for _, word, _ in words.faults("def told():\n    pass\n", firmware=True)] == ["told"]
    assert words.faults("def told():\n    pass\n") == []


def test_the_line_of_a_private_word_is_named():
    assert words.faults('def f():\n    """The record.\n\n    Written anew.\n    """\n')[0][0] == 4


def test_no_two_helper_classes_share_a_name():
    """pytest's own Test classes may: each is found by its file."""
    places = collections.defaultdict(list)
    for path in sorted(TESTS.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if not re.search(r"(?m)^\s*class (?!Test)", text):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("Test"):
                places[node.name].append(path.relative_to(TESTS).as_posix())
    assert {name: files for name, files in places.items() if len(files) > 1} == {}
