"""The rows of tests/mutants.py stay true while the code moves; `make mutants` is what runs them."""
import ast
import pathlib
from collections import Counter

import pytest
from tests.mutants import DEFECTS, IMPOSSIBLE, MUTANTS
from tools.checks import mutants as runner
from tools.docgen.table import code

ROOT = pathlib.Path(__file__).resolve().parents[4]


def names_in(path):
    """Node names (`test_x`, `Class::test_x`) that the file `path` defines."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.ClassDef):
            names |= {f"{node.name}::{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)}
    return names


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.defect)
def test_a_mutation_finds_its_place_once_and_changes_it(mutant):
    assert (ROOT / mutant.file).read_text().count(mutant.old) == 1
    assert mutant.new != mutant.old


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.defect)
def test_the_test_that_catches_it_exists(mutant):
    file, _, name = mutant.test.partition("::")
    assert name.split("[")[0] in names_in(ROOT / file)


def test_every_row_is_about_a_known_defect_and_says_which():
    rows = [row.defect for row in MUTANTS + IMPOSSIBLE]
    assert set(rows) - set(DEFECTS) == set()
    assert all(row.was for row in MUTANTS + IMPOSSIBLE)


def test_a_defect_is_either_caught_or_impossible():
    assert {row.defect for row in MUTANTS} & {row.defect for row in IMPOSSIBLE} == set()


def test_no_mutation_stands_twice():
    assert max(Counter((m.file, m.old, m.new) for m in MUTANTS).values()) == 1


def test_the_page_shows_the_present_rows(evidence):
    page = (ROOT / "docs" / "defects.md").read_text()
    caught = page.count("| yes |")
    evidence(f"defects of the original brought back and caught by a test, of {len(MUTANTS)} mutations", caught, len(MUTANTS))
    assert caught == len(MUTANTS), "docs/defects.md: every mutation must be caught"
    absent = [m.defect for m in MUTANTS if f"`{m.test}`" not in page or code(m.old) not in page]
    assert absent == [], "make mutants writes docs/defects.md anew"


def a_tree(folder, test):
    (folder / "tests").mkdir(parents=True)
    (folder / "answer.py").write_text("ANSWER = 42\nOTHER = 1\n")
    (folder / "tests" / "test_answer.py").write_text(test)
    return folder


@pytest.mark.parametrize(
    "test, old, verdict",
    [
        ("def test_it():\n    assert 'ANSWER = 42' in open('answer.py').read()\n", "42", runner.CAUGHT),
        ("def test_it():\n    assert True\n", "42", runner.LIVES),
        ("def test_it():\n    assert True\n", "nowhere", "NO: the old text occurs 0 times in answer.py"),
    ],
)
def test_only_a_failing_test_catches_a_mutant(tmp_path, test, old, verdict):
    tree = a_tree(tmp_path / "tree", test)
    mutant = type(MUTANTS[0])("D-01", "was", "tests/test_answer.py::test_it", "answer.py", old, "43")
    assert runner.try_mutant(tree, mutant) == verdict
    assert (tree / "answer.py").read_text() == "ANSWER = 42\nOTHER = 1\n"


def test_a_test_that_cannot_run_catches_nothing(tmp_path):
    tree = a_tree(tmp_path / "tree", "import nonsense_that_is_not_there\n")
    mutant = type(MUTANTS[0])("D-01", "was", "tests/test_answer.py::test_it", "answer.py", "42", "43")
    assert runner.try_mutant(tree, mutant).startswith("NO: pytest could not run it")


def test_the_page_names_what_is_missing():
    page = runner.document([(MUTANTS[0], runner.CAUGHT)], (), ["D-07"])
    assert f"| {MUTANTS[0].defect} | " in page and "Not in the table yet: D-07." in page
