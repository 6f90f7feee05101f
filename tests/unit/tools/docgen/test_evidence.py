"""tools/docgen/evidence.py: the page of evidence, and the selection at its beginning."""

import re

import pytest
from tools.docgen import evidence

PAGE = evidence.TARGET.read_text()
NOW = "a" * 40


def row(claim, figure, passed=True, test="tests/a.py::test_it"):
    return {"claim": claim, "figure": figure, "limit": None, "passed": passed, "test": test, "commit": NOW}


def test_the_page_begins_with_what_matters_in_the_order_of_the_choice_and_has_all_of_it_below():
    rows = [row("defects of the original brought back and caught by a test, of 3 mutations", 3), row("a | b", "c"),
            row("class C, SF10: lock and unlock at worst, part 1", "3.28 s", passed=False)]
    page = evidence.document(rows, [], NOW)
    head, below = page.split(evidence.MEASURED_HEAD)
    assert [found[:2] for found in evidence.rows_of(head)] == [
        ("The slowest lock or unlock among them", "3.28 s (**the test failed**)"),
        ("Defects of the original, brought back and caught by a test, of 3", "3")]
    assert [found[0] for found in evidence.rows_of(below)] == [r"a \| b", rows[2]["claim"], rows[0]["claim"]]
    assert all(found[2] == "`pytest tests/a.py::test_it`" for found in evidence.rows_of(page))


def test_rows_of_tests_that_were_not_measured_now_stay_with_their_commit_and_those_of_tests_that_are_gone_do_not():
    here = "tests/unit/tools/docgen/test_evidence.py::test_the_choice_is_about_twenty_lines"
    page = evidence.document([row("old | old", 1, test=here + "[1]"), row("lost", 2, test=here + "_no_more"), row("gone", 3)], [], NOW)
    again = evidence.document([dict(row("b", 4, test=here), commit="b" * 40)], [], NOW, page)
    assert evidence.cells_on(again) == [["b", "4", "-", "b" * 10, f"`pytest {here}`"], [r"old \| old", "1", "-", "a" * 10, f"`pytest {here}[1]`"]]
    assert evidence.is_there("tests/home") and evidence.is_there("tests/home -m 'evidence'") and not evidence.is_there("tests/nowhere")
    measured = evidence.document([row("new", 5, test=here + "[1]")], [], NOW, page)
    assert evidence.rows_of(measured) == [("new", "5", f"`pytest {here}[1]`")]


def test_a_soak_s_claim_is_chosen_with_the_mark_of_its_age():
    claim = "soak: power cuts after which anything acknowledged was lost, invented, done twice or not done"
    figure = {"claim": claim, "test": "tests/b.py::test_cuts", "limit": 0, "rounds": 1, "lowest": 0, "highest": 0}
    entry = {"commit": "b" * 40, "date": "2026-11-23", "minutes": 3.0, "seeds": [1, 5], "failed_seeds": [], "figures": [figure]}
    head = evidence.document([], [entry], NOW).split(evidence.MEASURED_HEAD)[0]
    assert evidence.rows_of(head) == [("The same in the soaks", "0 (stale)", "`pytest tests/b.py::test_cuts --soak-seed N`")]


def test_the_beginning_made_anew_changes_nothing():
    assert evidence.with_what_matters(PAGE) == PAGE, "python -m tools.docgen.evidence --head"


@pytest.mark.parametrize("words, expression", evidence.WHAT_MATTERS)
def test_each_claim_that_matters_is_one_row_of_the_page(words, expression):
    below = PAGE[PAGE.index(evidence.MEASURED_HEAD):]
    assert len([claim for claim, _, _ in evidence.rows_of(below) if re.fullmatch(expression, claim)]) == 1


def test_the_choice_is_about_twenty_lines():
    assert 18 <= len(evidence.WHAT_MATTERS) <= 25
