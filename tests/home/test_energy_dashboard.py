"""A month of the simulated world in a real Home Assistant: what its energy dashboard shows of each hour, against what flowed through the box.

Its clock is set by tests/home/statistics_of_month.py; state machine, MQTT, recorder and statistics are its own.
"""
import json
import subprocess

import pytest
from tests.home.assistant import environment
from tests.home.brokers import HOST, ROOT, Mosquitto, free_port
from tests.home.programs import program
from tests.support.book_month import HOUR_S, BookMonth
from tests.support.stores import store

ENTITY = "sensor.wallbox_total_energy"
DAYS = 3
SUM, EACH = 0.01, 0.05
# What Home Assistant sees of less is rounded: the device tells 10 Wh and 0.1 A.
LEAST_KWH = 0.5
EVEN_KWH = 0.1
# The longest silence of a device, which is how long an outage may be felt after its end.
SILENCE_S = 2 * HOUR_S


def shown(month, folder):
    """{UTC s of an hour: kWh} of the energy dashboard."""
    port = free_port()
    broker = Mosquitto(folder / "broker", f"listener {port} {HOST}\nallow_anonymous true\n", [port])
    (folder / "assistant").mkdir()
    broker.start()
    try:
        done = subprocess.run(
            [program("python"), ROOT / "tests" / "home" / "statistics_of_month.py", folder / "assistant", str(port), ENTITY],
            input=json.dumps(month.assistant.messages), capture_output=True, text=True, timeout=1200, env=environment())
    finally:
        broker.stop()
    assert done.returncode == 0, done.stderr[-3000:]
    return {int(hour): kwh for hour, kwh in json.loads(done.stdout)["hours"].items()}


def flowed(month):
    """{UTC s of an hour: kWh} of the box, since the total was known."""
    since_s = next(at_s for at_s, topic, payload in month.assistant.messages if topic.endswith("/state") and json.loads(payload)["total"] is not None)
    found = {}
    for at_s, wh in month.flowed:
        if at_s >= since_s:
            hour = int(at_s // HOUR_S * HOUR_S)
            found[hour] = found.get(hour, 0) + wh / 1000
    return found


def quiet(month, hour):
    """True if nothing was in the way between device and Home Assistant in that hour, nor before as far as it is felt."""
    begin_s, end_s = hour - SILENCE_S - month.world.start_utc_s, hour + HOUR_S - month.world.start_utc_s
    if any(off_s < end_s and on_s > begin_s for _what, off_s, on_s in month.outages):
        return False
    frames = [entry for entry in month.world.timeline if entry["kind"] == "uplink" and begin_s <= entry["t"] < end_s]
    charging = [entry["decoded"] for entry in frames if entry["decoded"]["type"] == "status" and entry["decoded"]["state"] == "Charging"]
    return all(entry["received"] for entry in frames) and all(told.get("power_kw") is not None for told in charging)


def is_even(there, true, hour):
    """True if nothing of before that hour is still to be made up for: the total never falls, so what was carried on too far in an outage is."""
    return abs(sum(kwh for at, kwh in there.items() if at < hour) - sum(kwh for at, kwh in true.items() if at < hour)) <= EVEN_KWH


def lived(seed, days, losses, folder, evidence):
    with store() as engine:
        month = BookMonth(engine, seed, days, losses, tells=True).run()
    there, true = shown(month, folder), flowed(month)
    errors = {hour: abs(there.get(hour, 0) / kwh - 1) for hour, kwh in true.items() if kwh >= LEAST_KWH}
    undisturbed = [error for hour, error in errors.items() if quiet(month, hour) and is_even(there, true, hour)]
    off = abs(sum(there.values()) / sum(true.values()) - 1)
    words = f"Home Assistant's energy dashboard, {days} days of outages and kills, {losses:.0%} of frames lost"
    evidence(f"{words}: the sum of its hours against the box, %", round(100 * off, 2), 100 * SUM)
    evidence(f"{words}: worst of {len(undisturbed)} hours while the network is up, with nothing to make up for, %", round(100 * max(undisturbed), 2),
             100 * EACH)
    evidence(f"{words}: of all {len(errors)} hours in which something flowed, within {EACH:.0%}", sum(error <= EACH for error in errors.values()))
    assert off <= SUM and max(undisturbed) <= EACH


def test_some_days_in_home_assistant(tmp_path, evidence):
    lived(9, DAYS, 0, tmp_path, evidence)


@pytest.mark.long
@pytest.mark.parametrize("losses", [0.2, 0])
def test_a_month_in_home_assistant(losses, tmp_path, evidence):
    lived(0, 30, losses, tmp_path, evidence)
