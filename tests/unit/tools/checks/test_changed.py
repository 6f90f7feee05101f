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
    assert changed.tests_of(["src/app/policy/plan.py"], TESTS) == ["test_orders.py", "test_plan.py"]


def test_a_module_that_everything_imports_runs_the_tests_named_after_it():
    assert changed.tests_of(["src/app/codec/vocabulary.py"], TESTS) == ["test_vocabulary.py"]


def test_a_test_that_changed_runs_itself():
    assert changed.tests_of(["tests/unit/app/policy/test_plan.py"], TESTS) == ["test_plan.py"]


def test_what_tests_read_without_importing_it_runs_them():
    assert changed.tests_of(["ttn/formatter.js"], TESTS) == ["test_formatter.py"]
    assert changed.tests_of(["Makefile"], TESTS) == ["test_make.py"]


def test_what_no_test_is_about_runs_none():
    assert changed.tests_of(["LICENSE", "src/app/__init__.py"], TESTS) == []


def test_the_changed_files_of_this_checkout_can_be_told():
    assert all(isinstance(path, str) for path in changed.changed())
