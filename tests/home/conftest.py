"""What tests with real programs share: the network's broker, and a browser."""
import pytest
from tests.home.brokers import Stack


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
