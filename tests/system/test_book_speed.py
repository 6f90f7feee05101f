"""The store of the house with five years of ten devices in it: how fast it takes more, and how fast it answers."""
import itertools
import time

import pytest
from tests.home.brokers import DEVICE
from tests.home.house_process import HouseProcess
from tests.support.house import StoredHouse, given
from tests.support.stores import store
from tests.support.uplinks import DAY_MS, HOUR_MS, MIN_MS, Device
from home.report import Report
from home.store.database import reading

BEGIN_MS = 1_767_225_600_000      # 2026-01-01
NAMES = [f"wallbox-{place}" for place in range(10)]
# About as long as The Things Stack's are.
REST = "x" * 900
MEMORY_MB = 120


def day(device, number):
    """A device's day: a session of four hours with a reading each half an hour, then silence with heartbeats; 55 uplinks."""
    begin_ms = BEGIN_MS + number * DAY_MS
    made = [device.status(begin_ms + place * 30 * MIN_MS, place * 3.5, 7.0) for place in range(8)]
    made += [device.status(begin_ms + 4 * HOUR_MS, 28.0, connected=False), device.session(number, begin_ms, 240, 28.0)]
    made += [device.energy(begin_ms + 4 * HOUR_MS + MIN_MS, 28.0 * (number + 1), number % 128)]
    return made + [device.status(begin_ms + 5 * HOUR_MS + place * 25 * MIN_MS, 28.0, connected=False) for place in range(44)]


def padded(uplinks):
    for uplink in uplinks:
        yield uplink.__class__(**{**uplink.__dict__, "message": uplink.message[:-1] + f', "rest": "{REST}"}}'})


def filled(engine, days, names=tuple(NAMES)):
    """A house whose devices have such days; uplinks a second, the last tenth of the time compared with the first."""
    tables = given(device=[{"id": name, "timezone": "Europe/Berlin"} for name in names])
    its = StoredHouse(engine, tables)
    devices = [Device(name) for name in names]
    uplinks = padded(itertools.chain.from_iterable(day(device, number) for number in range(days) for device in devices))
    rates = []
    while batch := list(itertools.islice(uplinks, 500)):
        began = time.perf_counter()
        its.writer.write("ttn", batch)
        rates.append(len(batch) / (time.perf_counter() - began))
    return its, rates


def median(values):
    return sorted(values)[len(values) // 2]


def asked_ms(its, ask):
    """Median time of a question about each device, in ms."""
    taken = []
    for device in its.settings.devices:
        for _ in range(3):
            began = time.perf_counter()
            with reading(its.engine) as connection:
                assert ask(Report(connection, its.settings, device, its.key(device)))
            taken.append(1000 * (time.perf_counter() - began))
    return median(taken)


def check(its, rates, days, evidence, name, rate_min, ms_max):
    last_ms = BEGIN_MS + days * DAY_MS
    tenth = max(len(rates) // 10, 1)
    growth = median(rates[:tenth]) / median(rates[-tenth:])
    rate = median(rates)
    listing = asked_ms(its, lambda report: report.sessions(last_ms - 30 * DAY_MS, last_ms))
    months = asked_ms(its, lambda report: report.months(last_ms - 30 * DAY_MS, last_ms))
    evidence(f"uplinks a second into {name}, one core", round(rate), rate_min)
    evidence(f"ingest at the begin against the end of {name}, times", round(growth, 2), 2)
    evidence(f"session list of a month from {name}, ms", round(listing, 1), ms_max)
    evidence(f"month view from {name}, ms", round(months, 1), ms_max)
    assert rate >= rate_min and growth <= 2 and listing <= ms_max and months <= ms_max


def answering_mb(folder, path):
    """Memory of the service, in MB, after it has answered for each device of the store in that file what pages ask for."""
    house = HouseProcess(folder, 9, store=f"sqlite:///{path}")
    one = f'[[device]]\nid = "{DEVICE}"\n'
    text = house.config.read_text().replace('name = "stack"', 'name = "ttn"').replace("[store]", "[store]\nraw_days = 9999")
    house.config.write_text(text.replace(one, "".join(f'[[device]]\nid = "{name}"\n' for name in NAMES)))
    with house:
        for name in NAMES:
            for what in ("sessions?from=2030-12-01&", "sessions?", "months?", "status?"):
                assert house.get(f"{what}device={name}")
        return house.memory_mb()


@pytest.mark.bench
def test_a_year_of_one_house_is_written_and_read_at_once(tmp_path, evidence):
    with store(tmp_path / "home.db") as engine:
        its, rates = filled(engine, 40)
        check(its, rates, 40, evidence, "a store of 22,000 uplinks", 500, 200)


@pytest.mark.bench
@pytest.mark.long
def test_a_million_uplinks_of_ten_devices_over_five_years(tmp_path, evidence):
    with store(tmp_path / "home.db") as engine:
        its, rates = filled(engine, 1826)
        check(its, rates, 1826, evidence, "a store of a million uplinks", 2000, 50)
    used_mb = answering_mb(tmp_path / "house", tmp_path / "home.db")
    evidence("memory of the service after answers from a store of a million uplinks, with all sessions of five years in one, MB", round(used_mb),
             MEMORY_MB)
    assert used_mb <= MEMORY_MB
