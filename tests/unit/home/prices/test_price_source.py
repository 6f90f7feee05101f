"""home/prices/source.py: [[price_source]] of home.toml, completed by presets, and the errors in it."""
import pytest
from tests.support.price_sources import checked, source
from home.prices.presets import PRESETS
from home.settings import Wrong

LEVY = {"part": "energy", "source": "spot"}


def wrong(tmp_path, *tables, **others):
    with pytest.raises(Wrong) as problem:
        checked(tmp_path, *tables, **others)
    return problem.value.args[0]


def test_a_preset_fills_in_what_is_not_written_and_gives_way_to_what_is():
    its = source(kind="energy-charts")
    assert (its.area, its.unit, its.every_min, its.currency) == ("DE-LU", "MWh", 60, "EUR")
    its = source(kind="energy-charts", area="AT", every_min=30, unit="kWh")
    assert (its.area, its.unit, its.every_min, its.start) == ("AT", "kWh", 30, "unix_seconds")


def test_a_source_without_a_preset_has_all_of_its_own(tmp_path):
    its = source(url="https://prices.example/{area}", area="X", rows=["a.b"], start="t", price="p", unit="cent/kWh", currency="CHF", interval_min=15)
    assert (its.rows, its.unit, its.currency, its.interval_min) == (("a.b",), "cent/kWh", "CHF", 15)
    assert source(tmp_path, file="prices.csv").file == tmp_path / "prices.csv"


def test_every_preset_becomes_a_source_with_what_it_needs(tmp_path):
    own = {"json": {"url": "https://prices.example/"}, "file": {"file": "prices.csv"}, "home-assistant": {"topics": ["sensor/prices"]}}
    for kind in PRESETS:
        table = {"name": "spot", "kind": kind, "timezone": "Europe/Berlin", **own.get(kind, {})}
        if kind in ("amber", "octopus-agile"):
            table["area"] = "C"
        key = "key" if kind in ("amber", "tibber") else None
        if key:
            (tmp_path / "price.key").write_text(key)
            (tmp_path / "price.key").chmod(0o600)
            table["key_file"] = "price.key"
        assert checked(tmp_path, table, house_mqtt={"host": "127.0.0.1"}).price_sources[0].kind == kind


@pytest.mark.parametrize("table, words", [
    ({"kind": "energy-chart"}, "did you mean 'energy-charts'?"),
    ({"kind": "tibber"}, "price_source[1].key_file: is missing"),
    ({"kind": "amber"}, "price_source[1].area: is missing"), ({}, "price_source[1]: needs url"),
    ({"kind": "file"}, "price_source[1]: needs file"),
    ({"url": "https://prices.example/", "file": "x.csv"}, "has url and file: one of them"), ({"url": "ftp://x"}, "must be a web address"),
    ({"url": "https://x/{areas}"}, "{areas} is none of area"),
    ({"url": "https://x/", "key_header": "Bearer {key}"}, "must be a header with {key} in it"),
    ({"url": "https://x/", "every_min": 1}, "must be a whole number from 5 to 1440"),
    ({"url": "https://x/", "interval_min": 20}, "must be 5, 15, 30 or 60"),
    ({"topics": ["a/#/b"]}, "'a/#/b' is no topic of MQTT"), ({"topics": "x+"}, "is no topic of MQTT"), ({"topics": [""]}, "topics: "),
    ({"url": "http://[/{area}"}, "must be a web address"),
    ({"topics": ["x"]}, "needs [house_mqtt]"), ({"url": "https://x/", "area": "a/../b"}, "must be letters"),
    ({"url": "https://x/", "only": "channel"}, "must be conditions"), ({"url": "https://x/", "unit": "Wh"}, "must be 'kWh'"),
])
def test_what_is_wrong_names_its_setting(tmp_path, table, words):
    assert any(words in sentence for sentence in wrong(tmp_path, {"name": "spot", **table}))


def test_a_key_is_not_sent_where_others_can_read_it(tmp_path):
    with pytest.raises(Wrong, match="must begin with https://"):
        source(tmp_path, "key", url="http://prices.example/")


def test_a_tariff_names_a_source_that_is_there_and_of_its_currency(tmp_path):
    spot = {"name": "spot", "kind": "energy-charts"}
    assert checked(tmp_path, spot, tariff=[LEVY]).tariff[0].source == "spot"
    assert wrong(tmp_path, spot, tariff=[{**LEVY, "source": "sport"}]) == [
        "tariff[1].source: there is no [[price_source]] with the name 'sport': did you mean 'spot'?"]
    assert wrong(tmp_path, spot, tariff=[{**LEVY, "currency": "DKK"}]) == ["tariff[1].currency: is DKK, but the prices of 'spot' are in EUR"]


def test_two_sources_of_one_name_are_an_error(tmp_path):
    spot = {"name": "spot", "kind": "energy-charts"}
    assert wrong(tmp_path, spot, spot) == ["price_source[2].name: two are named 'spot': give each a name of its own"]
