"""home/prices/fetcher.py: prices get into the store and stay there, troubles are one sentence and are tried again."""
import datetime
import json

import pytest
from tests.support.price_sources import checked
from tests.support.stores import store
from home.notices import Notices
from home.prices.fetcher import Fetcher
from home.prices.http_request import Refused
from home.store import queries
from home.store.database import reading
from home.tariff.prices import QUARTER_S, Tariff

# 2026-11-29T23:00:00Z, midnight in Berlin.
BEGIN_S = 1_795_993_200
TABLE = {"name": "spot", "url": "https://prices.example/", "timezone": "Europe/Berlin"}


def answer(*prices, minutes=60, begin_s=BEGIN_S, **more):
    return json.dumps([{"start": begin_s + 60 * minutes * place, "price": price, **more} for place, price in enumerate(prices)])


class HouseWithPrices:
    """A fetcher over a store, whose source answers what `answers` says: a text or an exception, the last for ever."""

    def __init__(self, engine, folder, table, **others):
        self.engine, self.now_s, self.answers, self.asked = engine, BEGIN_S, [], []
        self.said, self.changed = [], []
        self.settings = checked(folder, table, **others)
        notices = Notices(lambda: self.now_s, lambda form, *words: self.said.append(form % words))
        self.fetcher = Fetcher(self.settings.price_sources, self.settings.house_mqtt, engine, notices, self.changed.append, lambda: self.now_s,
                               self.ask)

    def ask(self, its, now_s):
        self.asked.append(now_s)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(found, Exception):
            raise found
        return found

    def look(self, *answers):
        self.answers[:] = answers or self.answers
        self.fetcher.look()

    def prices(self):
        with reading(self.engine) as connection:
            return [(start - BEGIN_S, end - BEGIN_S, price) for start, end, price in queries.prices(connection, "spot", 0, 1 << 40)]


@pytest.fixture
def house(tmp_path):
    with store(tmp_path / "home.db") as engine:
        yield HouseWithPrices(engine, tmp_path, TABLE)


def test_prices_are_stored_and_told_and_the_same_again_is_no_change(house):
    house.look(answer(*[0.1] * 24))
    assert len(house.prices()) == 24 and house.changed == ["spot"]
    house.now_s += 3600
    house.look()
    assert len(house.asked) == 2 and house.changed == ["spot"] and house.said == []


def test_a_tariff_adds_taxes_and_fees_to_what_the_source_tells(house, tmp_path):
    house.look(answer(-0.1, 0.2))
    tariff = checked(tmp_path, TABLE, tariff=[{"part": "energy", "source": "spot", "vat": 20}, {"part": "levy", "price_kwh": 0.1, "vat": 20}])
    with reading(house.engine) as connection:
        its = Tariff(tariff.tariff, "", datetime.timezone.utc, lambda *span: queries.prices(connection, *span))
        assert [its.price(BEGIN_S // QUARTER_S + place).kwh for place in (0, 4, 8)] == [pytest.approx(0), pytest.approx(0.36), None]


def test_hours_that_become_quarters_are_replaced_and_what_lies_beside_stays(house):
    house.look(answer(1, 2, 3))
    house.now_s += 3600
    house.look(answer(7, 8, minutes=15, begin_s=BEGIN_S + 3600 + 900))
    assert house.prices() == [(0, 3600, 1), (3600, 4500, 2), (4500, 5400, 7), (5400, 6300, 8), (6300, 7200, 2), (7200, 10800, 3)]
    house.now_s += 3600
    house.look(answer(5, 6))
    assert house.prices() == [(0, 3600, 5), (3600, 7200, 6), (7200, 10800, 3)] and len(house.changed) == 3


def test_another_currency_is_said_once_and_the_old_prices_stay(tmp_path):
    with store(tmp_path / "home.db") as engine:
        house = HouseWithPrices(engine, tmp_path, {**TABLE, "currency_at": "currency"})
        house.look(answer(1, 2, currency="EUR"))
        for _ in range(3):
            house.now_s += 3600
            house.look(answer(9, 9, currency="SEK"))
        assert house.prices() == [(0, 3600, 1), (3600, 7200, 2)]
        assert house.said[0] == "prices of spot: its prices are in SEK now, not in EUR: none is taken until currency says so, too"


def test_a_source_that_fails_is_tried_again_later_each_time_with_one_sentence(house):
    house.look(Refused("prices.example does not answer (timed out)", None))
    for _ in range(6):
        house.now_s += 60
        house.look()
    assert [at_s - BEGIN_S for at_s in house.asked] == [0, 60, 180] and house.said == ["prices of spot: prices.example does not answer (timed out)"]
    house.now_s += 600
    house.look(answer(*[0.1] * 24))
    house.now_s += 3600
    house.look(Refused("prices.example is asked too often", 7200))
    assert len(house.said) == 2
    house.now_s += 7199
    asked = len(house.asked)
    house.look()
    assert len(house.asked) == asked and len(house.prices()) == 24


def test_prices_that_are_late_are_said_and_asked_for_each_quarter_of_an_hour(house):
    house.now_s = BEGIN_S + 10 * 3600
    house.look(answer(0.1, 0.2))
    assert house.said == ["prices of spot: its newest price is of the past"]
    house.now_s += 900
    house.look()
    assert len(house.asked) == 2


def test_a_file_is_read_again_when_it_is_another_one(tmp_path):
    with store(tmp_path / "home.db") as engine:
        house = HouseWithPrices(engine, tmp_path, {"name": "spot", "file": "prices.csv", "kind": "file", "timezone": "Europe/Berlin"})
        house.look("unused")
        assert house.said == [f"prices of spot: {tmp_path}/prices.csv: No such file or directory"]
        (tmp_path / "prices.csv").write_text("start,price\n2026-11-30 00:00,0.1\n2026-11-30 01:00,0.2\n")
        for _ in range(3):
            house.now_s += 300
            house.look()
        assert house.prices() == [(0, 3600, 0.1), (3600, 7200, 0.2)] and house.changed == ["spot"] and house.asked == []
        (tmp_path / "prices.csv").write_text("start,price\n2026-11-30 00:00,0.1\n2026-11-30 01:00,0.25\n")
        house.now_s += 300
        house.look()
        assert house.prices()[1] == (3600, 7200, 0.25)


def test_what_comes_over_the_house_s_broker_is_taken_by_its_topic(tmp_path):
    with store(tmp_path / "home.db") as engine:
        house = HouseWithPrices(engine, tmp_path, {"name": "spot", "kind": "home-assistant", "topics": ["statestream/sensor/nordpool/+"]},
                      house_mqtt={"host": "127.0.0.1"})
        rows = json.dumps([{"start": "2026-11-30T00:00:00+01:00", "end": "2026-11-30T00:15:00+01:00", "value": 0.2}])
        house.fetcher.put("statestream/sensor/nordpool/raw_today", rows.encode())
        house.fetcher.put("statestream/sensor/other/raw_today", rows.replace("0.2", "0.9").encode())
        house.look("unused")
        assert house.prices() == [(0, 900, 0.2)] and house.changed == ["spot"]
        house.fetcher.put("statestream/sensor/nordpool/raw_today", b"\xff not json")
        house.look()
        assert len(house.said) == 1 and house.prices() == [(0, 900, 0.2)]


def test_an_answer_that_nobody_foresaw_ends_no_thread(house, monkeypatch):
    def unforeseen(answer, its):
        raise OverflowError("what nobody foresaw")

    monkeypatch.setattr("home.prices.answer_parser.spans", unforeseen)
    house.look(answer(0.1))
    assert house.said == ["prices of spot: its answer cannot be used (OverflowError)"] and house.prices() == []
