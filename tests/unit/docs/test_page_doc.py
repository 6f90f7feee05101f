"""docs/page.md: eight steps, each with what one sees; its settings are taken, its sentences said; unit and container start what it installs."""
import io
import pathlib
import re
import tomllib

import pytest
from home import __main__ as program
from home import settings
from home.__main__ import parser

ROOT = pathlib.Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "page.md").read_text()
UNIT = (ROOT / "linux" / "ev-charger-home.service").read_text()
CONTAINER = (ROOT / "linux" / "Containerfile").read_text()
EXAMPLE, OF_TLS = re.findall(r"```toml\n(.*?)```", PAGE, re.S)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "ttn.key").write_text("NNSXS.KEY")
    (tmp_path / "ttn.key").chmod(0o600)
    return tmp_path


def test_there_are_at_most_eight_steps_and_each_says_what_one_sees_and_what_if_not():
    texts = re.split(r"^## ", PAGE, flags=re.M)
    steps = [text for text in texts if re.match(r"\d\. ", text)]
    assert [step[0] for step in steps] == list("12345678")
    assert all("**You see**" in step and "\nIf not: " in step for step in steps)


def test_without_the_password_of_step_5_the_settings_of_step_4_are_refused_and_with_it_they_are_taken(folder, capsys, monkeypatch):
    (folder / "home.toml").write_text(EXAMPLE)
    with pytest.raises(settings.Wrong, match="needs a password or a token_file. Type:  .venv/bin/python -m home password --config"):
        settings.load(folder / "home.toml")
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\n"))
    assert program.main(["password", "--stdin", "--config", str(folder / "home.toml")]) == 0
    assert capsys.readouterr().out.strip() == re.search(r"\*\*You see\*\* `(The password[^`]+)`", PAGE)[1]
    found = settings.load(folder / "home.toml")
    assert found.devices[0].name == "Garage" and not found.web.is_private and found.web.page.endswith(":8080/")


def test_the_settings_for_tls_are_taken_and_give_the_address_of_the_page(folder):
    (folder / "web.passwords").write_text("$argon2id$x")
    (folder / "web.passwords").chmod(0o600)
    web = tomllib.loads(OF_TLS)["web"]
    found = settings.checked({**tomllib.loads(EXAMPLE), "web": web}, folder)
    assert f"`page {found.web.page}`" in PAGE and not found.web.is_private


def test_its_commands_are_there():
    (commands,) = [action for action in parser()._actions if action.dest == "command"]
    assert set(re.findall(r"python -m home (\w+)", PAGE)) <= set(commands.choices)


def test_the_unit_starts_what_the_page_installs():
    assert "/opt/ev-charger-monitor/.venv/bin/python -m home run --config /var/lib/ev-charger-home/home.toml" in UNIT
    for words in ("useradd --system --no-create-home", "/var/lib/ev-charger-home", "linux/ev-charger-home.service",
                  "systemctl enable --now ev-charger-home"):
        assert words in PAGE
    assert "RestartPreventExitStatus=2" in UNIT and "User=ev-charger-home" in UNIT and "docs/page.md" in UNIT


def test_the_container_has_a_pinned_base_a_user_without_rights_and_one_volume():
    assert re.search(r"^FROM docker\.io/library/python:\d+\.\d+\.\d+-slim-\w+$", CONTAINER, re.M)
    assert re.search(r"^USER 10001:10001$", CONTAINER, re.M) and re.findall(r"^VOLUME (.*)$", CONTAINER, re.M) == ["/var/lib/ev-charger-home"]
    for words in ("-f linux/Containerfile .", "ev-charger-home:/var/lib/ev-charger-home", "-p 8080:8080"):
        assert words in PAGE
