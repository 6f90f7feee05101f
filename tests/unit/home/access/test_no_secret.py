"""No key, password, hash or token of the house is on a page, in the log, in an export or in a backup."""
import gzip
import logging

import pytest
from fastapi.testclient import TestClient
from tests.support.doors import ELSEWHERE, csrf_of, paths
from tests.support.house import GIVEN, StoredHouse, given, month
from tests.support.stores import store
from home import __main__ as program
from home.access import passwords
from home.access.tokens import Tokens
from home.api import app

PASSWORD, KEY, BROKERS, PRICES = "correct horse battery", "NNSXS.ABCDEFGH.IJKLMNOP", "staple of the broker", "psk_key_of_the_prices"
# What does not end by itself.
STREAMS = ("/live",)


@pytest.fixture
def site(tmp_path):
    """(browser that is logged in, folder, secrets), with a month in the store."""
    for name, secret in (("ttn.key", KEY), ("mqtt.password", BROKERS), ("price.key", PRICES)):
        (tmp_path / name).write_text(secret)
        (tmp_path / name).chmod(0o600)
    passwords.Passwords(tmp_path / "web.passwords").set(passwords.OWNER, True, PASSWORD)
    token = Tokens(tmp_path / "web.tokens").new("kitchen", True)
    tables = given(network=[{**GIVEN["network"][0], "key_file": "ttn.key"}], house_mqtt={"host": "127.0.0.1", "password_file": "mqtt.password"},
                   web={"listen": "0.0.0.0:8080"}, price_source=[{"name": "spot", "kind": "tibber", "key_file": "price.key"}])
    with store(tmp_path / "home.db") as engine:
        its = StoredHouse(engine, tables, tmp_path)
        assert its.settings.networks[0].key == KEY
        month(its)
        browser = TestClient(app.app(its), base_url=ELSEWHERE, follow_redirects=False)
        answer = browser.post("/login", data={"csrf": csrf_of(browser, "/login"), "password": PASSWORD}, headers={"Origin": ELSEWHERE})
        assert answer.status_code == 303
        key = (tmp_path / "web.key").read_text().strip()
        kept = [line.split()[-1] for name in ("web.passwords", "web.tokens") for line in (tmp_path / name).read_text().splitlines()]
        yield browser, tmp_path, [PASSWORD, KEY, BROKERS, PRICES, token, key, *kept]


def found(text, secrets):
    return [secret for secret in secrets if secret in text]


def test_every_page_and_path_as_who_is_logged_in_sees_it_is_free_of_them(site, caplog, evidence):
    browser, _, secrets = site
    its_paths = sorted({path for method, path in paths(browser.app, True) if method == "GET" and path not in STREAMS})
    with caplog.at_level(logging.DEBUG):
        for path in its_paths:
            for word, given_ in (("", {}), ("?device=nobody", {}), ("", {"Authorization": f"Bearer {secrets[4]}"}), ("", {"Host": "evil.example"})):
                answer = browser.get(path + word, headers={"Accept": "text/html", **given_})
                assert found(answer.text + str(answer.headers), secrets) == [], path
    evidence("pages and paths of the service: those with a key, password, hash or token of the house in it", f"0 of {len(its_paths)}")
    assert found(caplog.text, secrets) == [] and len(its_paths) > 10


def test_who_is_wrong_and_right_by_turns_leaves_none_in_the_log(site, caplog):
    browser, _, secrets = site
    with caplog.at_level(logging.DEBUG, "home"):
        for password in ("not the right one", PASSWORD, "not the right one"):
            browser.cookies.clear()
            browser.post("/login", data={"csrf": csrf_of(browser, "/login"), "password": password, "name": ""}, headers={"Origin": ELSEWHERE})
    assert "a wrong password from" in caplog.text and found(caplog.text, [*secrets, "not the right one"]) == []


def test_exports_and_backups_are_free_of_them(site, capsys, tmp_path):
    _, folder, secrets = site
    (folder / "home.toml").write_text(f"""\
[[network]]
name = "ttn"
host = "127.0.0.1"
application = "ev-charger"
key_file = "ttn.key"
[[device]]
id = "wallbox"
timezone = "Europe/Berlin"
[store]
url = "sqlite:///{folder}/home.db"
[web]
listen = "0.0.0.0:8080"
""")
    backup = tmp_path / "all.backup"
    for arguments in ("export sessions", "export months --format json", f"backup {backup}"):
        assert program.main([*arguments.split(), "--config", str(folder / "home.toml")]) == 0
    text = gzip.decompress(backup.read_bytes()).decode()
    assert found(capsys.readouterr().out + text, secrets) == [] and len(text) > 1000
