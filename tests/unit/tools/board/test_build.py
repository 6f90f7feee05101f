"""make build: the manifest equals what the imports need, the bytes depend on the source alone, version and commit are inside."""
import shutil
import subprocess
import sys
import time

import loader
import main
import pytest
from tests.choice import first
from tests.support.import_walk import reached
from tools.board import build, manifest, shrink
from tools.checks import commit, dialect, micropython

COMMIT = "0123456789" * 4
MCUS = [name for name, board in manifest.BOARDS.items() if board.compiler != ""]


def test_every_board_that_main_knows_is_in_the_manifest():
    assert {board.platform for board in manifest.BOARDS.values()} == set(main.BOARDS)


@pytest.mark.parametrize("name", manifest.BOARDS)
def test_the_manifest_is_what_the_imports_reach(name, evidence):
    board = manifest.BOARDS[name]
    needed = reached("main", main.BOARDS[board.platform]) - {manifest.KEYS}
    if board.compiler != "":
        needed -= {"micropython"}    # its own
    listed = manifest.modules(name)
    evidence(f"modules on {name}; listed but not imported, or imported but not listed", f"{len(listed)}; {len(needed ^ set(listed))}", 0)
    assert len(listed) == len(set(listed)) > 70
    assert {"missing in tools/board/manifest.py": needed - set(listed), "not needed in it": set(listed) - needed} == {
        "missing in tools/board/manifest.py": set(), "not needed in it": set()}


def test_the_command_writes_what_is_flashed_and_says_its_sum(tmp_path, capsys):
    assert build.main(["linux", "--to", str(tmp_path / "linux")]) == 0
    files = {path.relative_to(tmp_path / "linux").as_posix(): path.read_bytes() for path in (tmp_path / "linux").rglob("*") if path.is_file()}
    assert "main.py" in files and f"bytes in {len(files)} files, SHA-256 {build.digest(files)}" in capsys.readouterr().out


def test_what_only_a_computer_uses_is_on_no_board():
    for name in MCUS:
        assert not {"micropython", "modbus.registers", "modbus.identity", "umodbus.serial", "umodbus.tcp"} & set(manifest.modules(name))


@pytest.fixture
def few(monkeypatch):
    """A build of three modules, one of them the stamped one."""
    monkeypatch.setattr(manifest, "EVERYWHERE", ["main", "app", "app.version"])
    monkeypatch.setattr(manifest, "BOARDS", {name: board._replace(own=[]) for name, board in manifest.BOARDS.items()})


def test_what_is_built_twice_is_the_same(few):
    assert build.content("lopy4", of=COMMIT) == build.content("lopy4", of=COMMIT)


@pytest.mark.long
def test_a_build_is_the_same_bytes_in_another_folder_at_another_time(tmp_path, evidence):
    seen = []
    for folder in ("one", "another/place"):
        command = [sys.executable, "-m", "tools.board.build", "lopy4", "--to", str(tmp_path / folder)]
        said = subprocess.run(command, cwd=build.ROOT, capture_output=True, text=True)
        assert said.returncode == 0, said.stderr
        files = {path.relative_to(tmp_path / folder).as_posix(): path.read_bytes() for path in (tmp_path / folder).rglob("*") if path.is_file()}
        seen.append((files, next(line for line in said.stdout.splitlines() if "SHA-256" in line)))
        time.sleep(0.01)
    files, line = seen[0]
    others, other_line = seen[1]
    differing = {name for name in {*files, *others} if files.get(name) != others.get(name)}
    evidence("files of a build that differ when it is built again elsewhere", len(differing), 0)
    assert differing == set() and line == other_line
    assert build.digest(files) in line and len(files) == len(shrink.shrink(build.texts("lopy4", COMMIT))) + 1
    evidence("bytes on a LoPy4 as built, loader and umodbus included", sum(map(len, files.values())))


@pytest.mark.parametrize("name, version", [("lopy4", 4), ("esp32", 6), ("rp2", 6)])
def test_files_are_of_the_version_that_the_board_loads(few, name, version):
    files = build.content(name, of=COMMIT)
    compiled = [data for path, data in files.items() if path.endswith(".mpy")]
    assert version == manifest.BOARDS[name].mpy and len(compiled) == 3 and all(data[:2] == bytes((ord("M"), version)) for data in compiled)


@pytest.mark.parametrize("form", first(["py", "mpy"]))
def test_the_board_s_start_and_the_firmware_run_on_micropython_until_the_hardware(tmp_path, form):
    build.write(build.content("esp32", form, of=COMMIT), tmp_path)
    (tmp_path / "record").write_text(loader.pack(1, "a", loader.NONE, loader.NONE))
    code, said = micropython.run(tmp_path / "main.py", {"/a": tmp_path / "slot", "/slot.0": tmp_path / "record"})
    # No board has that sys.platform; to get there main has imported all that is no hardware.
    assert code == 1 and said.startswith("slot a\n") and "KeyError: webassembly" in said


def test_another_option_of_the_compiler_makes_another_build(few, monkeypatch):
    before = build.digest(build.content("rp2", of=COMMIT))
    monkeypatch.setattr(manifest, "OPTIONS", ("-O0",))
    assert build.digest(build.content("rp2", of=COMMIT)) != before


def test_source_goes_as_it_is(few):
    files = build.content("lopy4", "py", of=COMMIT)
    assert set(files) == {"main.py", "slot/main.py", "slot/app/__init__.py", "slot/app/version.py"}
    assert files["slot/main.py"] == (build.SRC / "main.py").read_bytes() and files["main.py"] == (build.SRC / "loader.py").read_bytes()


def test_linux_gets_source_and_the_stand_in_and_no_loader():
    files = build.content("linux", of=COMMIT)
    assert {"main.py", "micropython.py", "hal/posix.py", "umodbus/functions.py"} <= set(files) and all(path.endswith(".py") for path in files)
    assert files["main.py"] == (build.SRC / "main.py").read_bytes()


def inside(of):
    names = {}
    exec(build.stamped(build.source("app.version").read_text(), of), names)
    return names["COMMIT"], names["BUILD"]


def test_version_and_commit_are_inside():
    assert inside(COMMIT) == (0x0123, "0123456789")


def test_a_tree_with_changes_says_so():
    assert inside(COMMIT + "+") == (0, "0123456789+")
    assert inside("") == (0, "unknown")


def test_a_change_of_the_sites_settings_is_no_change_of_the_firmware(tmp_path, monkeypatch):
    shutil.copyfile(build.ROOT / ".gitignore", tmp_path / ".gitignore")
    for name in ("src/app/x.py", "src/local_config.py", "requirements.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1\n")
    for arguments in (["init", "-q"], ["add", "."], ["-c", "user.name=x", "-c", "user.email=x", "commit", "-qm", "x"]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    monkeypatch.setattr(commit, "ROOT", tmp_path)
    (tmp_path / "src/local_config.py").write_text("2\n")
    assert len(commit.last(*build.CODE)) == 40
    (tmp_path / "src/app/x.py").write_text("2\n")
    assert commit.last(*build.CODE).endswith("+")


def test_the_sites_settings_go_along_as_they_are_and_a_release_has_none(tmp_path, monkeypatch):
    site = tmp_path / "local_config.py"
    site.write_text("REGION = 'EU868'\nPHASES = 1\n")
    found = build.source
    monkeypatch.setattr(build, "source", lambda name: site if name == "local_config" else found(name))
    monkeypatch.setattr(build.manifest, "modules", lambda board: ["main", "config", "app", "app.version"])
    files = build.content("lopy4", of="0" * 40)
    assert b"REGION" in files["slot/local_config.mpy"] and b"PHASES" in files["slot/local_config.mpy"]
    assert "slot/local_config.mpy" not in build.content("lopy4", of="0" * 40, site=False)
    assert build.content("linux", of="0" * 40)["local_config.py"].decode() == site.read_text()


def test_without_git_the_commit_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setattr(commit, "ROOT", tmp_path)
    assert commit.last("src") == ""


def test_the_keys_go_along_where_there_are_some_and_are_nobody_elses(few, monkeypatch, tmp_path):
    for name in ("main", "app/__init__", "app/version", "loader", "keys"):
        (tmp_path / f"src/{name}.py").parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"src/{name}.py").write_text("COMMIT = 0\nBUILD = 'checkout'\n")
    monkeypatch.setattr(build, "SRC", tmp_path / "src")
    files = build.content("rp2", of=COMMIT)
    assert "slot/keys.mpy" in files
    build.write(files, tmp_path / "out")
    assert (tmp_path / "out/slot/keys.mpy").stat().st_mode & 0o777 == 0o600
    (tmp_path / "src/keys.py").unlink()
    assert "slot/keys.mpy" not in build.content("rp2", of=COMMIT)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_settings_and_keys_saved_by_any_editor_reach_the_board_as_plain_source(few, monkeypatch, tmp_path, encoding):
    for name in ("main", "app/__init__", "app/version", "loader", "keys"):
        (tmp_path / f"src/{name}.py").parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"src/{name}.py").write_bytes("COMMIT = 0\r\nBUILD = 'checkout'\r\n".encode(encoding if name == "keys" else "utf-8"))
    monkeypatch.setattr(build, "SRC", tmp_path / "src")
    assert build.content("rp2", of=COMMIT, form="py")["slot/keys.py"] == b"COMMIT = 0\nBUILD = 'checkout'\n"
    (tmp_path / "src/keys.py").write_bytes(b"KEY = '\xe4'\n")
    with pytest.raises(ValueError, match="keys.py is no text"):
        build.content("rp2", of=COMMIT)


def test_what_an_earlier_build_left_is_gone(tmp_path):
    build.write({"old/file": b"1"}, tmp_path / "out")
    build.write({"new": b"2"}, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["new"]


def test_a_file_that_the_compiler_refuses_is_named():
    with pytest.raises(ValueError, match="(?s)app/x.py: .*line 1"):
        build.compiled({"app/x.py": "x = f'{1}'\n"}, "1.11")
    assert dialect.compiler("1.11") != dialect.compiler(None)
