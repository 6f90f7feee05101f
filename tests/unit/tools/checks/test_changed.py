"""`make check` finds the unit tests of what changed."""

from tools.checks import changed

TESTS = {
    "test_plan.py": "from app.policy.plan import Plan\n",
    "test_orders.py": "from app.codec import vocabulary\nfrom app.policy import plan\n",
    "test_formatter.py": "import json\n",
    "test_make.py": "",
    "test_vocabulary.py": "",
    **{f"test_number_{n}.py": "from app.codec import vocabulary\n" for n in range(20)},
}


def test_a_module_runs_the_tests_that_import_it():
    assert changed.tests_of(["src/app/policy/plan.py"], TESTS) == ["test_plan.py", "test_orders.py"]


def test_the_tests_named_after_a_module_come_before_those_that_import_it():
    found = changed.tests_of(["src/app/codec/vocabulary.py"], TESTS)
    assert found[0] == "test_vocabulary.py" and len(found) == 22


def test_what_was_left_out_for_want_of_time_is_counted():
    assert changed.left_out("8 passed, 12 skipped in 31.2s\n") == "; 12 tests were left out for want of time"
    assert changed.left_out("8 passed in 31.2s\n") == ""


def test_a_test_that_changed_runs_itself():
    assert changed.tests_of(["tests/unit/app/policy/test_plan.py"], TESTS) == ["test_plan.py"]


def test_what_tests_read_without_importing_it_runs_them():
    assert changed.tests_of(["ttn/formatter.js"], TESTS) == ["test_formatter.py"]
    assert changed.tests_of(["Makefile"], TESTS) == ["test_make.py"]


def test_what_no_test_is_about_runs_none():
    assert changed.tests_of(["LICENSE", "src/app/__init__.py"], TESTS) == []


def test_the_changed_files_of_this_checkout_can_be_told():
    assert all(isinstance(path, str) for path in changed.changed())
