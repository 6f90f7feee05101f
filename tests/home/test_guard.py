"""make guard between the bridge and Home Manager, with real brokers."""
import contextlib
import signal
import subprocess
import sys

from home.bridge import GUARDED

from tests.home.brokers import APP, HOST, ROOT, THERE, HomeBroker, Stack, running
from tests.home.client import WAIT_S, client, until
from tests.home.test_bridge import HM_UP, UP

EMPTY = b'{"uplink_message": {"f_cnt": 7, "rx_metadata": []}}'


@contextlib.contextmanager
def guard(port, log):
    """The guard as a process; ends it as systemd does, and sees it end well."""
    command = [sys.executable, "-m", "home.guard", "--app", APP, "--host", HOST, "--port", str(port)]
    with open(log, "wb") as said:
        process = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said, stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_S) == 0


def test_an_uplink_without_a_state_is_withheld_and_the_rest_passes_unchanged(tmp_path):
    stack = Stack(tmp_path / "stack")
    home = HomeBroker(tmp_path / "home", f"{HOST}:{stack.port}", "--for", "both", "--guard")
    log = tmp_path / "guard.log"
    with running(stack, home), guard(home.port, log):
        for number in range(2):     # the second time after a restart of the broker at home
            with client(stack.network_port) as network, client(home.port, HM_UP, THERE + "up") as listening:
                home.wait_for_bridge(stack)
                until(lambda: any(GUARDED.format(app=APP) in topics for topics in home.subscribers().values()), log.read_text)
                network.publish(THERE + "up", EMPTY)
                network.publish(THERE + "up", UP)
                listening.wait_for(HM_UP, UP)
                listening.wait_for(THERE + "up", UP)
                assert listening.payloads(HM_UP) == [UP] and listening.payloads(THERE + "up") == [EMPTY, UP]
            assert log.read_text().count("withheld: no state") == number + 1
            home.restart()
