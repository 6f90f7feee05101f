"""home/settings.py: home.toml as the contract has it, and everything that is wrong said at once."""
import contextlib
import datetime
import os
import socket

import pytest
from home import setting_fields, settings
from home.settings import Wrong

GOOD = """
[[network]]
name = "ttn"
kind = "the-things-stack"
host = "eu1.cloud.thethings.network"
application = "my-app"
key_file = "ttn.key"
storage_url = "https://eu1.cloud.thethings.network/"

[[device]]
id = "wallbox"
name = "Garage"
network = "ttn"
timezone = "Europe/Berlin"
place = "home"

[house_mqtt]
host = "127.0.0.1"
user = "home"
password_file = "mqtt.password"

[store]
url = "sqlite:///home.db"
raw_days = 30

[web]
listen = "127.0.0.1:8080"

[[tariff]]
part = "energy"
price_kwh = 0.25
vat = 19
from = 2026-01-01
to = "2026-12-31"

[[tariff]]
part = "network"
price_kwh = 0.03
vat = 0.19
months = "oct-mar"
windows = [{days = "mon-fri", from = "22:00", to = "06:00"}, {days = "sat,sun", from = "00:00", to = "00:00"}]

[[tariff]]
part = "base"
price_month = 9.9
months = [1, 2]

[notify]
urls = []
events = ["fault"]
"""


@pytest.fixture
def folder(tmp_path):
    for name in ("ttn.key", "mqtt.password"):
        (tmp_path / name).write_text(f"secret of {name}\n")
        (tmp_path / name).chmod(0o600)
    return tmp_path


def loaded(folder, text):
    (folder / "home.toml").write_text(text)
    return settings.load(folder / "home.toml")


def errors(folder, text):
    with pytest.raises(Wrong) as wrong:
        loaded(folder, text)
    return wrong.value.args[0]


def test_a_whole_file_gives_all_of_it(folder):
    found = loaded(folder, GOOD)
    (network,), (device,) = found.networks, found.devices
    assert (network.port, network.tls, network.tenant, network.key) == (8883, True, "ttn", "secret of ttn.key")
    assert network.storage_url == "https://eu1.cloud.thethings.network"
    assert (device.id, device.name, str(device.timezone), device.place) == ("wallbox", "Garage", "Europe/Berlin", "home")
    assert (found.house_mqtt.port, found.house_mqtt.password) == (1883, "secret of mqtt.password")
    assert (found.store.url, found.store.raw_days) == (f"sqlite:///{folder}/home.db", 30)
    assert (found.web.host, found.web.port, found.web.is_private) == ("127.0.0.1", 8080, True)
    energy, network_fee, base = found.tariff
    assert (energy.vat, energy.first, energy.last) == (0.19, datetime.date(2026, 1, 1), datetime.date(2026, 12, 31))
    assert network_fee.vat == 0.19 and network_fee.months == {10, 11, 12, 1, 2, 3} and len(network_fee.windows) == 2
    assert base.price_month == 9.9 and base.months == {1, 2}


def test_the_least_that_is_needed_is_a_network_and_a_device(folder):
    found = loaded(folder, """
        [[network]]
        name = "house"
        host = "127.0.0.1"
        tls = false
        application = "my-app"
        [[device]]
        id = "wallbox"
        timezone = "AEST-10AEDT,M10.1.0,M4.1.0/3"
    """)
    assert (found.networks[0].port, found.devices[0].name, found.devices[0].network) == (1883, "wallbox", "house")
    assert (found.house_mqtt, found.store.raw_days, found.web.port, found.tariff) == (None, 90, 8080, ())
    summer = datetime.datetime(2026, 1, 1, tzinfo=found.devices[0].timezone)
    assert summer.utcoffset() == datetime.timedelta(hours=11)


def test_all_that_is_wrong_is_said_at_once_and_each_names_its_setting(folder):
    (folder / "ttn.key").chmod(0o644)
    found = errors(folder, GOOD.replace('host = "eu1', 'hots = "eu1').replace("raw_days = 30", "raw_days = 0")
                   .replace("Europe/Berlin", "Europe/Berln").replace('network = "ttn"', 'network = "tnn"')
                   .replace('part = "base"', 'part = "bass"').replace('"22:00"', '"22:10"')
                   .replace("vat = 19\n", "vat = true\n").replace('"127.0.0.1:8080"', '"0.0.0.0:8080"') + "\n[webb]\n")
    assert found == [
        "network[1].hots: there is no such setting: did you mean 'host'?",
        "network[1].host: is missing",
        "device[1].timezone: 'Europe/Berln' is no time zone: a name as Europe/Berlin, or a POSIX TZ string",
        "store.raw_days: must be a whole number from 1 to 36500",
        "tariff[1].vat: must be a number from 0 to 100",
        "tariff[2].windows: '22:10' is no time to the quarter hour, as 22:15",
        "tariff[3].part: must be 'energy' or 'network' or 'levy' or 'base': did you mean 'base'?",
        "webb: there is no such setting: did you mean 'web'?",
        f"network[1].key_file: others may read {folder}/ttn.key. Type:  chmod 600 {folder}/ttn.key",
        "device[1].network: there is no [[network]] with the name 'tnn': did you mean 'ttn'?",
        f"web.listen: 0.0.0.0 is seen by others, which needs a password or a token_file."
        f" Type:  .venv/bin/python -m home password --config {folder}/home.toml",
    ]


@pytest.mark.parametrize("text, words", [
    ("[[network]\n", "is no TOML: "), ("", "network: at least one [[network]] is needed"), ("network = 5\n", "network: must be a list of tables"),
    ("[network]\nname = 'a'\n", "each begins with [[network]]"), ("store = 'home.db'\n", "store: must be one table, [store]"),
    (GOOD.replace("kind =", "# kind =").replace('name = "ttn"', "name = 7"), "network[1].name: must be text"),
    (GOOD.replace('"the-things-stack"', '"chirpstak"'), "network[1].kind: must be 'the-things-stack'"),
    (GOOD.replace("ttn.key", "none.key"), "none.key: No such file or directory"),
    (GOOD.replace('id = "wallbox"', 'id = "wall/box"'), "device[1].id: 'wall/box' is no id of the network"),
    (GOOD.replace('id = "wallbox"', 'id = "<script>"'), "is no id of the network"),
    (GOOD.replace("price_kwh = 0.25", "price_month = 0"), "tariff[1]: has no price"),
    (GOOD.replace("price_kwh = 0.25", "price_kwh = 0.25\nsource = 'x'"), "has price_kwh and source: one of them"),
    (GOOD.replace("2026-12-31", "2025-12-31"), "tariff[1].to: is before from"),
    (GOOD + GOOD[GOOD.index("[[device]]"):GOOD.index("[house_mqtt]")], "two are named 'Garage'"),
    (GOOD.replace('host = "eu1', 'host = "https://eu1'), "network[1].host: 'https://eu1.cloud.thethings.network' is no name"),
    (GOOD.replace('host = "eu1.', 'host = "eu1..'), "is no name or address of a computer"),
    (GOOD.replace('[[device]]', 'tenant = "#"\n[[device]]', 1), "network[1].tenant: '#' is no id"),
    (GOOD.replace('storage_url = "https://eu1.cloud.thethings.network/"', 'storage_url = "http://["'), "storage_url: must be a web address"),
    (GOOD.replace('[[device]]', f'ca_file = "{"x" * 3000}"\n[[device]]', 1), "network[1].ca_file: "),
    (GOOD.replace('[house_mqtt]', '[house_mqtt]\nca_file = "none.crt"'), "none.crt is not there"),
    (GOOD.replace('[house_mqtt]', '[house_mqtt]\nca_file = "/etc/passwd"'), "house_mqtt.ca_file: /etc/passwd holds no certificate in PEM"),
    (GOOD.replace('[house_mqtt]', '[house_mqtt]\nprefix = "home/#"'), "house_mqtt.prefix: must be a topic of MQTT without + and #"),
    (GOOD.replace('127.0.0.1:8080', '127.0.0.1:\u00b2'), "web.listen: must be ADDRESS:PORT"),
    (GOOD.replace("sqlite:///home.db", "mysql://x"), 'store.url: must be "sqlite:///FILE"'),
])
def test_a_typo_is_named(folder, text, words):
    assert any(words in error for error in errors(folder, text))


@pytest.mark.parametrize("price", ['price_kwh = "0.30"', "price_month = -1", "source = 5"])
def test_a_price_that_is_wrong_is_not_called_missing_too(folder, price):
    (error,) = errors(folder, GOOD.replace("price_kwh = 0.25", price))
    assert error.startswith(f"tariff[1].{price.split()[0]}: must be ")


def test_a_file_that_is_not_there_is_one_sentence(folder):
    with pytest.raises(Wrong, match="nowhere.toml: No such file or directory. docs/home-service.md shows"):
        settings.load(folder / "nowhere.toml")


def test_a_file_with_a_byte_order_mark_is_read(folder):
    assert loaded(folder, "\ufeff" + GOOD).networks


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_that_others_may_read_is_refused(folder, mode):
    (folder / "mqtt.password").chmod(mode)
    assert any("house_mqtt.password_file: others may read" in error for error in errors(folder, GOOD))


@pytest.mark.parametrize("web, page", [
    ("", "http://127.0.0.1:8080/"), ("listen = '[::1]:81'", "http://[::1]:81/"), ("listen = '192.168.1.7:80'", "http://192.168.1.7:80/"),
    ("listen = '0.0.0.0:8080'", f"http://{socket.gethostname()}:8080/"),
    ("behind_proxy = '127.0.0.1'\nhost = 'Box.example.org'", "https://box.example.org/"),
])
def test_the_page_has_an_address_to_type(folder, web, page):
    (folder / "web.tokens").write_text("open sesame")
    (folder / "web.tokens").chmod(0o600)
    assert loaded(folder, GOOD.replace('[web]\nlisten = "127.0.0.1:8080"', "[web]\n" + web)).web.page == page


@pytest.mark.parametrize("text, words", [
    ("host = 'https://box.example.org'", "web.host: 'https://box.example.org' is no name of a computer"),
    ("host = 5", "web.host: must be a list of text"),
    ("behind_proxy = 'the proxy'", "web.behind_proxy: must be an address or a list of them"),
    ("behind_proxy = ['192.0.2.1']", "web.behind_proxy: the page is seen by others, which needs a password or a token_file"),
    ("host = 'box.example.org'", "web.host: the page is seen by others"),
])
def test_a_proxy_and_a_name_are_checked_and_show_the_page_to_others(folder, text, words):
    assert any(words in error for error in errors(folder, GOOD.replace("[web]", "[web]\n" + text)))


STRANGE = [None, True, 0, -1, 1.5, 10 ** 30, float("nan"), float("inf"), "", " ", "x",
           "\0", "\u00b2", "\ud800", "x" * 5000, [], [1], [""], ["x"], [[]], [{}],
           {}, {"a": 1}, datetime.date(2026, 1, 1), datetime.datetime(2026, 1, 1), datetime.time(1), "../..", "/dev/null", "a\nb", "127.0.0.1:\u00b2",
           "http://[", "{", "#/a", "sqlite:///", "postgresql+psycopg://[", "Europe/../..", "[::1:80"]


@pytest.mark.parametrize("table", setting_fields.REFERENCE)
def test_whatever_stands_in_a_setting_it_is_taken_or_named(tmp_path, table):
    given = {"network": [{"name": "ttn", "host": "h", "application": "a"}], "device": [{"id": "wallbox"}], "tariff": [{"part": "energy"}],
             "price_source": [{"name": "spot", "kind": "energy-charts"}], **{name: {} for name in ("house_mqtt", "store", "web", "notify")}}
    given.setdefault(table, [{}] if table in setting_fields.LISTS else {})
    for field in (None, *setting_fields.REFERENCE[table][1]):
        for value in STRANGE:
            its = {name: [dict(one) for one in rest] if isinstance(rest, list) else dict(rest) for name, rest in given.items()}
            if field is None:
                its[table] = value
            else:
                (its[table][0] if table in setting_fields.LISTS else its[table])[field] = value
            with contextlib.suppress(Wrong):
                settings.checked(its, tmp_path)
