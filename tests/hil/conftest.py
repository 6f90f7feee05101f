"""One run against one box: its options, the Site shared by all tests, and the final report. docs/hil.md says how to run it."""
import argparse
import atexit
import pathlib
import shlex

import pytest
from tools.hil import report as hil_report, site as hil_site
from tools.hil.analysis import Traffic
from tools.charger.ports import ChargerError

ROOT = pathlib.Path(__file__).resolve().parents[2]
SITE = pytest.StashKey()
RESULTS = pytest.StashKey()
# Twice the interval of the slowest known panel, and what a short run can afford.
LISTEN_S, LISTEN_LEAST_S = 12, 1
NO_PORT = "say which serial port the USB-RS485 adapter is:  make hil PORT=/dev/ttyUSB0   (or try it without a box:  make hil-sim)"


def _minutes(text):
    minutes = float(text) if text.replace(".", "", 1).isdigit() else 0
    if not 0 < minutes <= 1440:
        raise argparse.ArgumentTypeError(f"{text!r}: how many minutes to poll, as MINUTES=10")
    return minutes


def _control(text):
    if text not in ("", "0", "1"):
        raise argparse.ArgumentTypeError(f"{text!r}: CONTROL=1 to let the suite lock, unlock, limit, pause and reset the box, else leave it out")
    return text == "1"


def pytest_addoption(parser):
    group = parser.getgroup("hardware in the loop")
    group.addoption("--port", metavar="PORT", help="serial port of the USB-RS485 adapter")
    group.addoption("--sim", metavar="OPTIONS", help="instead of a port: a simulated box with these options of `python -m sim charger`")
    group.addoption("--control", metavar="1", type=_control, default=False, help="1: also lock, unlock, limits, pause, reset, and all of it undone")
    group.addoption("--minutes", metavar="N", type=_minutes, default=10.0, help="how long to poll (default 10)")
    group.addoption("--id", metavar="1..16", type=int, choices=range(1, 17), help="device id (default: found)")
    group.addoption("--direction", choices=("auto", "rts"), default="auto", help="who switches the adapter's driver: itself, or RTS")
    group.addoption("--out", metavar="FOLDER", default=str(ROOT / "build" / "hil"), help="where report and capture go (default build/hil)")


def pytest_configure(config):
    config.addinivalue_line("markers", "control: writes to the box (CONTROL=1)")
    config.stash[RESULTS] = {}
    config.stash[SITE] = None
    if config.getoption("--port") is None and config.getoption("--sim") is None:
        raise pytest.UsageError(NO_PORT)


def pytest_collection_modifyitems(config, items):
    """Reads only, unless asked otherwise."""
    if not config.getoption("--control"):
        left_out = [item for item in items if item.get_closest_marker("control")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def say(request):
    """say(text) shows the progress of the run immediately."""
    manager = request.config.pluginmanager.getplugin("capturemanager")

    def show(text):
        with manager.global_and_fixture_disabled():
            print(f"\n  {text}", end="", flush=True)

    return show


@pytest.fixture(scope="session")
def port(request):
    """The port to use; with --sim that of a simulated box."""
    options = request.config.option
    if options.sim is None:
        yield options.port
        return
    folder = pathlib.Path(options.out)
    folder.mkdir(parents=True, exist_ok=True)
    box = hil_site.SimulatedBox(folder / "wallbox", shlex.split(options.sim))
    yield str(folder / "wallbox")
    box.stop()


@pytest.fixture(scope="session")
def site(request, port, say):
    """The box, found and identified; at the end everything is given back, whatever ends the run."""
    options = request.config.option
    try:
        made = hil_site.Site(port, options.out, control=options.control, minutes=options.minutes, device_id=options.id, direction=options.direction,
                             simulated=options.sim is not None, say=say)
    except ChargerError as error:
        pytest.exit(str(error), returncode=2)
    request.config.stash[SITE] = made
    hil_site.end_on_signals()
    atexit.register(made.close)     # a second Ctrl-C may cut pytest's own ending short
    try:
        made.begin(min(LISTEN_S, max(LISTEN_LEAST_S, 60 * options.minutes)))
    except ChargerError as error:
        made.close()
        pytest.exit(str(error), returncode=1)
    yield made
    if made.baseline is not None:
        say("giving back what the box was set to; this takes a moment, please let it end")
    made.close()
    assert made.left is None or made.left[0], made.left[1]


@pytest.fixture(scope="session")
def client(site):
    """The blocking client of tools/."""
    return site.client


@pytest.fixture(scope="session")
def found(site):
    """What the run has found out, by name; see tools/hil/questions.py."""
    return site.found


def _why(failure):
    crash = getattr(failure, "reprcrash", None)
    lines = (crash.message if crash is not None else str(failure)).strip().splitlines()
    return lines[0] if lines else ""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    results = item.config.stash[RESULTS]
    name = item.nodeid.rsplit("/", 1)[-1]
    if report.failed:
        results[name] = ("failed", _why(report.longrepr))
    elif report.when == "call":
        results.setdefault(name, (report.outcome, ""))
    return report


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session):
    """After the last teardown: the report, also of a run that was broken off."""
    try:
        return (yield)
    finally:
        config = session.config
        made = config.stash[SITE]
        if made is not None:
            made.close()
            path = pathlib.Path(config.getoption("--out")) / "hil-report.md"
            made.found["whole"] = Traffic(made.capture.events)
            hil_report.write(path, made, [(name, *result) for name, result in config.stash[RESULTS].items()])


def pytest_terminal_summary(terminalreporter, config):
    made = config.stash[SITE]
    if made is None:
        return
    if made.left is not None:
        terminalreporter.write_line(f"The box: {made.left[1]}", red=not made.left[0], bold=not made.left[0])
    folder = config.getoption("--out")
    terminalreporter.write_line(f"Report: {folder}/hil-report.md   Capture: {folder}/{made.capture.path.name}")
