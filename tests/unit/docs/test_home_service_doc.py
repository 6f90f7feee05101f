"""docs/home-service.md: its home.toml is one, its table has every setting, its paths and commands are there."""
import pathlib
import re
import tomllib

import pytest
from home import setting_fields, settings
from home.__main__ import parser
from home.api import app

ROOT = pathlib.Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "home-service.md").read_text()


def test_the_example_is_taken_as_it_stands(tmp_path):
    (tmp_path / "ttn.key").write_text("NNSXS.KEY")
    (tmp_path / "ttn.key").chmod(0o600)
    found = settings.checked(tomllib.loads(re.search(r"```toml\n(.*?)```", PAGE, re.S)[1]), tmp_path)
    assert found.devices[0].vehicle == "Zoe" and len(found.tariff) == 2


@pytest.mark.parametrize("table", setting_fields.REFERENCE)
def test_the_table_has_every_setting(table):
    rows = re.findall(r"^\| (.*?) \|", PAGE, re.M)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert set(setting_fields.REFERENCE[table][1]) <= named


def test_the_paths_are_those_of_the_api():
    source = "".join(path.read_text() for path in pathlib.Path(app.__file__).parent.glob("*.py"))
    assert set(re.findall(r"`(?:GET |POST |DELETE )?(/api/v1/[\w/{}]+)", PAGE)) == set(re.findall(r'"(/api/v1/[\w/{}]+)"', source))


def test_the_commands_are_those_of_the_program():
    (commands,) = [action for action in parser()._actions if action.dest == "command"]
    assert set(re.findall(r"`.venv/bin/python -m home (\w+)", PAGE)) == set(commands.choices)
