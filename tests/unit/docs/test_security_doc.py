"""docs/security.md: what it claims of recorded requests, and that no password stands on a command line that a page or tool prints."""
import pathlib
import re

import pytest
from tests.support import documents
from ttn.formatter import Formatter

ROOT = pathlib.Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "security.md").read_text()
# -P of mosquitto's clients, --password, -p of mysql and the like, a key or token with its value.
ON_A_LINE = re.compile(
    r"(mosquitto_(?:sub|pub|rr)[^\n]*\s(?:-P|--pw)\b|mosquitto_passwd[^\n]*\s-b\b|--(?:password|token|api-key|app-key|key)[ =]\S|\bKEY=NNSXS|"
    r"Bearer (?:[A-Za-z0-9]{8,}|\$)|app-key\.key)")
TOOLS = [path for folder in ("tools", "home", "sim", "linux", "ttn") for path in sorted((ROOT / folder).rglob("*"))
         if path.suffix in (".py", ".sh", ".conf", ".service", "") and path.is_file() and "__pycache__" not in path.parts]


def test_no_page_has_a_password_or_key_on_a_command_line():
    found = {page.name: ON_A_LINE.findall(page.read_text()) for page in documents.pages()}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_no_tool_prints_or_takes_one():
    found = {}
    for path in [*TOOLS, ROOT / "Makefile"]:
        lines = ON_A_LINE.findall(path.read_text(errors="replace"))
        if lines:
            found[str(path.relative_to(ROOT))] = lines
    assert found == {}


@pytest.mark.parametrize("line", [
    "mosquitto_sub -u home -P secret -t '#'", "mosquitto_passwd -b -c file user secret", "thing --password=secret", "make bridge KEY=NNSXS.A.B",
    "curl -H 'Authorization: Bearer abcdefgh1234'", 'curl -H "Authorization: Bearer $TOKEN"',
    "--root-keys.app-key.key 00",
])
def test_such_a_line_is_found(line):
    assert ON_A_LINE.search(line)


def encoded(data, utc_s):
    return Formatter().encode_downlink(data, utc_s=utc_s)["bytes"]


def test_a_request_with_its_time_stays_the_same_and_one_without_is_new_each_time():
    mine = {"command": "start", "id": 7, "issued_at": 1790000000, "expires_in_s": 600}
    assert encoded(mine, 1790000001) == encoded(mine, 1790009999)
    without = {"command": "start", "id": 7}
    assert encoded(without, 1790000001) != encoded(without, 1790009999)
    assert encoded({"mode": "Reset Charger"}, 1790000001) == encoded({"mode": "Reset Charger"}, 1790009999) == [3]


def test_the_tests_that_it_names_exist():
    named = re.findall(r"`(tests/[\w/.]+)`", PAGE)
    assert len(named) >= 6 and all((ROOT / path).exists() for path in named)
