"""What tests with real programs share: the network's broker, a browser, and which of them run again with the newest programs."""
import pytest
from tests.home import brokers, programs
from tests.home.brokers import Stack

HOME_ASSISTANT = ("tests.home.assistant", "tests.home.fed_assistant")
BROKERS = (brokers.HomeBroker, brokers.Mosquitto)


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
