"""What tests with real programs share: the network's broker, a browser, which of them run again with the newest programs, and how long all takes."""
import re
import time

import pytest
from tests.home import brokers, programs
from tests.home.brokers import Stack

HOME_ASSISTANT = ("tests.home.assistant", "tests.home.fed_assistant")
BROKERS = (brokers.HomeBroker, brokers.Mosquitto)
# How long a build server may take for everything.
CI_MIN = int(re.search(r"timeout-minutes: (\d+)", (programs.ROOT / ".github" / "workflows" / "ci.yml").read_text())[1])
began_s = pytest.StashKey[float]()


def meets_home_assistant(item):
    """True if the test's file has something of those modules."""
    return any(getattr(each, "__module__", None) in HOME_ASSISTANT for each in vars(item.module).values())


def meets_both(item):
    """True if it is to run with the oldest programs and with the newest: it meets Home Assistant, the bridge or the broker of a house."""
    return meets_home_assistant(item) or any(vars(item.module).get(each.__name__) is each for each in BROKERS)


def pytest_collection_modifyitems(config, items):
    """With the newest programs only what meets them: the rest has run already."""
    if programs.IS_NEWEST:
        config.hook.pytest_deselected(items=[item for item in items if not meets_both(item)])
        items[:] = [item for item in items if meets_both(item)]


def pytest_sessionstart(session):
    session.config.stash[began_s] = time.time()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session):
    """Puts on record how long these programs' set-up and all that was chosen of this folder took; a run that is too long has failed."""
    config = session.config
    record = config.pluginmanager.get_plugin("EvidenceFile")
    set_up_s = programs.FOLDER.parent / "set-up-seconds"
    if record is None or config.args != ["tests/home"] or config.option.keyword or not set_up_s.exists():
        return
    run_min = (time.time() - config.stash[began_s]) / 60
    set_up_min = int(set_up_s.read_text()) / 60
    is_in_time = run_min + set_up_min <= CI_MIN
    what = "tests/home" + (f" -m '{config.option.markexpr}'" if config.option.markexpr else "")
    claim = f"minutes of the set-up and of {what}, in {config.option.numprocesses or 1} processes ({programs.names(True)})"
    record.rows.append({"claim": claim, "figure": f"{set_up_min:.1f} + {run_min:.1f}", "limit": CI_MIN, "test": what, "passed": is_in_time})
    if not is_in_time:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def evidence(evidence, request):
    """Its claims say which programs they are of, where the newest are tested, too."""
    if not meets_both(request.node):
        return evidence

    def record(claim, *rest, **more):
        evidence(f"{claim} ({programs.names(meets_home_assistant(request.node))})", *rest, **more)

    return record


@pytest.fixture
def stack(tmp_path):
    """The network's broker, started and stopped."""
    made = Stack(tmp_path / "stack")
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def browser():
    """A Chromium for the tests of one module."""
    from tests.home.chromium import chromium

    with chromium() as its:
        yield its
