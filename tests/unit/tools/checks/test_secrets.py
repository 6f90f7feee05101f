"""No key in the tree: neither a file of keys, nor text that looks like one."""
import io
import os
import pathlib
import re
import stat
import subprocess

import keys_example
import pytest
from tools.board import keys

ROOT = pathlib.Path(__file__).resolve().parents[4]

# An EUI has 16 hexadecimal digits, a key 32. A Modbus ASCII frame, quoted from its : or > on, is none.
KEY_LIKE = re.compile(
    r"""(?<![0-9A-Za-z_])(?<!['"`][:>])((?:[0-9A-Fa-f]{16}){1,2})(?![0-9A-Za-z_])"""  # in one piece
    r"""|((?:0x[0-9A-Fa-f]{1,2},\s*){15}0x[0-9A-Fa-f]{1,2})(?!\s*,\s*0x)"""  # 16 bytes as a list
    r"""|(?<!\\x..)((?:\\x[0-9A-Fa-f]{2}){16})(?!\\x)"""  # 16 bytes as a literal
    r"""|(?<![0-9A-Fa-f]{2}[:-])((?:[0-9A-Fa-f]{2}[:-]){7}(?:(?:[0-9A-Fa-f]{2}[:-]){8})?[0-9A-Fa-f]{2})(?![:-]?[0-9A-Fa-f])"""
)

# What is no key but has the length of one: file -> literals. One that is no longer there is an error.
ALLOWED = {
    # EUIs that the simulated network shows in its messages: of a device and a join server that do not exist.
    "sim/lorawan/the_things_stack_messages.py": {"70B3D57ED0060C5A", "70B3D57ED0000000"},
    # The keys of the fake LoPy4; its AppKey repeats one octet.
    "tests/contract/rig.py": {"70B3D549000000AA"},
    # Data of the charger's registers without their frames: the serial number of the document, readings; a frame with a wrong checksum.
    "tests/unit/sim/test_foreign_clients.py": {"50003257323278793031323334353637"},
    "tests/unit/modbus/test_identity.py": {"5000325732324d313031323334353637"},
    "tests/unit/tools/charger/test_console.py": {"110B03E803E803E8"},
    # A command to reboot.
    "tests/micropython/evening.py": {"0b0969d0c5f00258"},
    "tests/unit/modbus/test_id_finder.py": {"0103050141123455"},
}


def is_frame(digits):
    """True for a Modbus ASCII body without its start character: a read, write or refusal of ids 0 to 16 whose checksum is right."""
    body = bytes.fromhex(digits)
    return body[0] <= 16 and body[1] in (0x03, 0x10, 0x90) and sum(body) & 0xFF == 0


def key_likes(text):
    """The literals in `text` that could be an EUI or a key. One of two digits, or that counts from 0 to F, is a placeholder."""
    found = {match.group(0) for match in KEY_LIKE.finditer(text)}
    digits = {literal: re.sub(r"0x|\\x|[^0-9a-f]", "", literal.lower()) for literal in found}
    return {
        literal for literal in found
        if len(set(digits[literal])) > 2 and digits[literal] not in "0123456789abcdef" * 2 and not is_frame(digits[literal])
    }


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_no_tracked_file_holds_a_key():
    here = pathlib.Path(__file__).relative_to(ROOT).as_posix()
    allowed = dict(ALLOWED, **{here: set().union(*ALLOWED.values())})
    found = {}
    for name in tracked():
        literals = key_likes((ROOT / name).read_text(errors="replace")) - allowed.get(name, set())
        if literals:
            found[name] = sorted(literals)
    assert found == {}


def test_every_allowed_literal_is_still_there():
    stale = {name: literals - key_likes((ROOT / name).read_text()) for name, literals in ALLOWED.items()}
    assert {name: literals for name, literals in stale.items() if literals} == {}


def test_git_ignores_the_keys():
    assert subprocess.run(["git", "check-ignore", "-q", "src/keys.py"], cwd=ROOT).returncode == 0
    assert "src/keys.py" not in tracked()


def test_the_example_holds_placeholders_only():
    for name in ("JOIN_EUI", "APP_KEY"):
        with pytest.raises(ValueError):
            bytes.fromhex(getattr(keys_example, name))


# Built here, so that this file does not hold what it forbids.
EUI = "70B3D57E" + "D0001234"
KEY = "000102030405060708" + "090A0B0C0D0E0F"


@pytest.mark.parametrize(
    "text",
    [
        EUI, f"JOIN_EUI = '{EUI}'", f"DevEUI: {EUI.lower()}.", f"x={KEY}", f"AT+KEY=APPKEY,\"{KEY}\"",
        ", ".join(f"0x{octet:02X}" for octet in range(16)), "".join(f"\\x{octet:02x}" for octet in range(16)),
        ":".join(EUI[i : i + 2] for i in range(0, 16, 2)), "-".join(KEY[i : i + 2] for i in range(0, 32, 2)),
    ],
)
def test_what_could_be_a_key_is_found(text):
    assert key_likes(text)


@pytest.mark.parametrize(
    "text",
    [
        "0" * 16, "FF" * 16, "a" * 40, "0123456789" + "ABCDEF", EUI + "00", "commit_" + EUI, "':0103002E" + "0005C9AB'",
        "0x01, 0x02, 0x03",
    ],
)
def test_what_is_none_is_not(text):
    assert key_likes(text) == set()


def test_new_keys_are_written_once_and_for_the_owner_alone(tmp_path, capsys):
    path = tmp_path / "keys.py"
    assert keys.main(["--to", str(path)]) == 0
    said, text = capsys.readouterr().out, path.read_text()
    values = {}
    exec(text, values)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert [len(bytes.fromhex(values[name])) for name in ("JOIN_EUI", "DEV_EUI", "APP_KEY")] == [8, 8, 16]
    assert not any(values[name].lower() in said.lower() for name in ("JOIN_EUI", "DEV_EUI", "APP_KEY"))

    assert keys.main(["--to", str(path)]) == 2
    refused = capsys.readouterr().err
    assert "stays as it is" in refused and "make registration" in refused
    assert path.read_text() == text


def test_a_board_with_its_own_eui_keeps_it(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    keys.main(["--to", str(tmp_path / "keys.py"), "--own-dev-eui"])
    values = {}
    exec((tmp_path / "keys.py").read_text(), values)
    assert values["DEV_EUI"] is None


def test_a_random_eui_cannot_be_a_manufacturers():
    octets = {int(keys.random_eui()[:2], 16) & 0x03 for _ in range(100)}
    assert octets == {0x02}
