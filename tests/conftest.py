"""Shared by all tests: hypothesis without chance, the `evidence` and `soak_seed` fixtures, checks for required tools.

With CI=true a skipped test is a failed one: a machine that lacks a tool has not checked what the tool checks.
"""
import gc
import json
import os
import pathlib
import signal
import sys
import time
import types

import config
import hypothesis
import pytest
from tools.checks.commit import code_commit

CI = os.environ.get("CI", "").lower() in ("true", "1")
# Only run when asked for, by marker (-m) or by name (file::test).
ASKED_FOR = ("bench", "long", "soak")

# A site that has chosen its region, and nothing else; what this tree's own site has chosen is no matter of the tests.
config.REGION = "AU915"
sys.modules["local_config"] = types.ModuleType("local_config")

# Python looks through all objects for garbage each time some hundred more are there, and ten thousand collected tests are many objects:
# a fourth of the time of all tests. Benchmarks, which run in one process, have it as programs have.
if "PYTEST_XDIST_WORKER" in os.environ:
    gc.set_threshold(200_000, 20, 20)

hypothesis.settings.register_profile("project", derandomize=True, deadline=None, database=None)
hypothesis.settings.register_profile("soak", deadline=None, database=None, print_blob=True, max_examples=1000)
hypothesis.settings.load_profile("project")


def pytest_addoption(parser):
    group = parser.getgroup("charger monitor")
    group.addoption("--evidence", metavar="FILE", help="write the figures of the `evidence` fixture to FILE, as JSON")
    group.addoption("--begin-until", metavar="S", type=float, help="skip what would begin after that moment, in seconds since 1970 (make check)")
    group.addoption("--soak-seed", metavar="N", type=int, help="the seed of this soak run; hypothesis then draws at random from it")


def hear_signals():
    """A shell starts what runs in the background deaf to Ctrl-C, and so would be all that the tests start to interrupt it."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    hear_signals()
    seed = config.getoption("--soak-seed")
    if seed is not None:
        hypothesis.settings.load_profile("soak")
        config.option.hypothesis_seed = seed
    if config.getoption("--evidence") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(EvidenceFile(config.getoption("--evidence")), EvidenceFile.__name__)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Marks what uses `evidence`; leaves out what takes long or wants the machine for itself, where nobody asked for it."""
    for item in items:
        if "evidence" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.evidence)
    if config.getoption("-m") or any("::" in argument for argument in config.invocation_params.args):
        return
    left_out, kept = [], []
    for item in items:
        (left_out if any(mark.name in ASKED_FOR for mark in item.iter_markers()) else kept).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def pytest_ignore_collect(collection_path, config):
    """Of the benchmarks alone, files without one are not imported, which takes longer than some of them."""
    if config.getoption("-m").startswith("bench and ") and collection_path.name.startswith("test_") and collection_path.suffix == ".py":
        return "mark.bench" not in collection_path.read_text(encoding="utf-8") or None
    return None


def _failed_instead_of_skipped(report):
    if CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"


def pytest_runtest_setup(item):
    until_s = item.config.getoption("--begin-until")
    if until_s is not None and time.time() > until_s:
        pytest.skip("no time left")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    report = yield
    _failed_instead_of_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    report = yield
    _failed_instead_of_skipped(report)
    return report


@pytest.fixture
def soak_seed(request):
    """The seed of this soak run: 0 unless `make soak` gives another one."""
    return request.config.getoption("--soak-seed") or 0


@pytest.fixture
def evidence(request):
    """evidence(claim, figure, limit=None, adds_up=False) records a measured figure: number or text, with its unit in the claim or the text.

    It prints the row, and `make evidence` puts it into docs/evidence.md beside the command that measures it again.
    It asserts nothing: the test does, before or after. adds_up: a count, of which the rounds of a soak make one.
    """

    def record(claim, figure, limit=None, adds_up=False):
        row = {"claim": claim, "figure": figure, "limit": limit, "test": request.node.nodeid}
        if adds_up:
            row["adds_up"] = True
        request.node.user_properties.append(("evidence", row))
        print(f"evidence: {claim}: {figure}" + ("" if limit is None else f" (limit {limit})"))

    return record


class EvidenceFile:
    """Collects the rows of all tests, those of xdist's workers too, and writes them in a stable order."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.rows = []

    def pytest_runtest_logreport(self, report):
        if report.when != "call":
            return
        for name, row in report.user_properties:
            if name == "evidence":
                self.rows.append(dict(row, passed=report.passed))

    def pytest_sessionfinish(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.rows.sort(key=lambda row: (row["test"], row["claim"]))
        commit = code_commit()
        self.path.write_text(json.dumps([dict(row, commit=commit) for row in self.rows], indent=1) + "\n")

    def pytest_terminal_summary(self, terminalreporter):
        for row in self.rows:
            terminalreporter.write_line(f"evidence: {row['claim']}: {row['figure']}")
