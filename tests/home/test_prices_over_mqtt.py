"""Prices of a sensor of Home Assistant over a real broker of the house: retained ones at once, new ones as they come."""
import json
import subprocess
import time

import pytest
from tests.home.brokers import HOST, Mosquitto, free_port
from tests.home.client import until
from tests.home.programs import program
from tests.support.price_sources import checked
from tests.support.stores import store
from home.notices import Notices
from home.prices.fetcher import Fetcher
from home.store import queries
from home.store.database import reading

TOPIC = "homeassistant/sensor/nordpool/raw_today"
# 2026-11-29T23:00:00Z, midnight in Berlin.
BEGIN_S = 1_795_993_200


@pytest.fixture
def port(tmp_path):
    made = free_port()
    broker = Mosquitto(tmp_path / "broker", f"listener {made} {HOST}\nallow_anonymous true\n", [made])
    broker.start()
    yield made
    broker.stop()


def publish(port, *prices):
    rows = [{"start": f"2026-11-30T{place:02}:00:00+01:00", "end": f"2026-11-30T{place + 1:02}:00:00+01:00", "value": price}
            for place, price in enumerate(prices)]
    subprocess.run([program("mosquitto_pub"), "-h", HOST, "-p", str(port), "-t", TOPIC, "-r", "-m", json.dumps(rows)], check=True, timeout=20)


def test_prices_that_the_broker_keeps_and_those_that_come_are_in_the_store(port, tmp_path):
    publish(port, 0.2, 0.3)
    its = checked(tmp_path, {"name": "spot", "kind": "home-assistant", "topics": [TOPIC]}, house_mqtt={"host": HOST, "port": port})
    said, changed = [], []
    with store(tmp_path / "home.db") as engine:
        def known():
            with reading(engine) as connection:
                return [(start - BEGIN_S, end - BEGIN_S, price) for start, end, price in queries.prices(connection, "spot", 0, 1 << 40)]

        fetcher = Fetcher(its.price_sources, its.house_mqtt, engine, Notices(time.monotonic, lambda *words: said.append(words)), changed.append,
                          lambda: BEGIN_S)
        fetcher.start()
        try:
            until(lambda: known() == [(0, 3600, 0.2), (3600, 7200, 0.3)], lambda: f"{known()} {said}")
            publish(port, 0.2, -0.1, 0.5)
            until(lambda: known() == [(0, 3600, 0.2), (3600, 7200, -0.1), (7200, 10800, 0.5)], lambda: f"{known()} {said}")
        finally:
            fetcher.stop()
    assert changed == ["spot", "spot"] and said == []
