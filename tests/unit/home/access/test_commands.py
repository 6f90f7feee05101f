"""`python -m home password`, user and token: what they write, and that the service knows at once."""
import io

import pytest
from home import __main__ as program
from home import corrections
from home.access.guarded_file import GuardedFile
from home.access.passwords import PAGE, Passwords
from home.access.tokens import RESERVED, Tokens
from home.commands import fate
from home.planning import replan

TOML = """\
[[network]]
name = "house"
host = "127.0.0.1"
tls = false
application = "my-app"
[[device]]
id = "wallbox"
timezone = "UTC"
[web]
listen = "%s:8080"
"""


@pytest.fixture
def home(tmp_path, capsys, monkeypatch):
    """home(arguments, typed): (status, what it said, what it complained of), where others would see the page."""
    (tmp_path / "home.toml").write_text(TOML % "0.0.0.0")

    def run(arguments, typed=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        status = program.main([*arguments.split(), "--config", str(tmp_path / "home.toml")])
        said = capsys.readouterr()
        return status, said.out, said.err
    run.folder = tmp_path
    run.passwords, run.tokens = Passwords(tmp_path / "web.passwords"), Tokens(tmp_path / "web.tokens")
    return run


def test_without_a_password_it_does_not_run_and_says_what_to_type(home):
    status, _, complaint = home("run")
    command = f".venv/bin/python -m home password --config {home.folder}/home.toml"
    assert status == 2 and "0.0.0.0 is seen by others, which needs a password or a token_file" in complaint and complaint.rstrip().endswith(command)


def test_a_hash_costs_who_guesses_the_memory_and_the_time_that_owasp_asks(home, monkeypatch):
    monkeypatch.undo()
    Passwords(home.folder / "web.passwords").set("owner", True, "correct horse")
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in (home.folder / "web.passwords").read_text()


def test_a_password_is_kept_as_a_hash_that_only_its_owner_may_read(home):
    status, said, _ = home("password --stdin", "correct horse\n")
    file = home.folder / "web.passwords"
    assert (status, said) == (0, "The password of owner, who may look and switch, is set.\n")
    assert file.stat().st_mode & 0o777 == 0o600 and file.read_text().startswith("owner switch $argon2id$") and "horse" not in file.read_text()
    assert home.passwords.check("", "correct horse").may_switch and home.passwords.check("", "correct horse ") is None
    assert "has to log in again" in home("password --stdin", "another one\n")[1]


def test_the_second_one_is_for_looking_only_and_users_have_their_own(home):
    home("password --look-only --stdin", "only looking\n")
    home("user add anne --stdin", "battery staple\n")
    home("user add bob --look-only --stdin", "stapled battery\n")
    assert home("user list")[1] == "guest may look only\nanne may look and switch\nbob may look only\n"
    assert home.passwords.check("", "only looking").name == "guest" and home.passwords.check("bob", "stapled battery").may_switch is False
    assert home("user remove bob")[0] == 0 and home.passwords.user("bob") is None


def test_a_token_is_shown_once_and_kept_as_a_hash(home):
    status, said, remark = home("token new kitchen")
    text = said.strip()
    assert status == 0 and "shown this once" in remark and text not in (home.folder / "web.tokens").read_text()
    assert home.tokens.find(text).name == "kitchen" and home.tokens.find(text).may_switch and home.tokens.find(text[:-1]) is None
    assert home("token list")[1] == "kitchen may look and switch\n"
    assert home("token remove kitchen")[0] == 0 and home.tokens.find(text) is None and home("token list")[1] == "there is no token\n"


def test_a_file_with_a_bare_token_goes_on_working_beside_new_ones(home):
    GuardedFile(home.folder / "web.tokens").write(["open sesame"])
    screen = home("token new screen --look-only")[1].strip()
    assert (home.tokens.find("open sesame").name, home.tokens.find("open sesame").may_switch) == ("token", True)
    assert home.tokens.find(screen).may_switch is False


@pytest.mark.parametrize("arguments, typed, words", [
    ("password --stdin", "short\n", "at least 8 characters"), ("password", "", "with --stdin"), ("user add", "", "add needs a name"),
    ("user add page --stdin", "long enough\n", "'page' is no name"), ("user add a:b --stdin", "long enough\n", "'a:b' is no name"),
    ("user remove nobody", "", "there is no user 'nobody'"), ("token new a/b", "", "'a/b' is no name"),
    ("token remove x", "", "there is no token 'x'"),
])
def test_what_will_not_do_is_said_and_nothing_is_written(home, arguments, typed, words):
    status, _, complaint = home(arguments, typed)
    assert status == 2 and words in complaint and [path.name for path in home.folder.iterdir()] == ["home.toml"]


def test_a_password_is_typed_twice_where_nobody_sees_it(home, monkeypatch):
    class TypedTerminal(io.StringIO):
        def isatty(self):
            return True

    typed = iter(["correct horse", "correct hrose", "correct horse", "correct horse"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(typed))
    monkeypatch.setattr(io, "StringIO", lambda text: TypedTerminal())
    assert "not the same" in home("password")[2] and home("password")[0] == 0


def test_a_file_that_others_may_read_is_named(home):
    home("password --stdin", "correct horse\n")
    (home.folder / "web.passwords").chmod(0o644)
    assert f"Type:  chmod 600 {home.folder}/web.passwords" in home("run")[2]
    assert home.passwords.all() == [], "and the service does not go by it"


def test_on_this_computer_alone_a_password_is_not_asked_for_and_that_is_said(home):
    (home.folder / "home.toml").write_text(TOML % "127.0.0.1")
    assert "It is not asked for yet" in home("password --stdin", "correct horse\n")[1]


def test_nobody_and_no_program_is_named_as_the_service_names_itself_and_others(home):
    """A press of who is called so would be taken for one of another program, which is not repeated."""
    assert set(RESERVED) == {PAGE, fate.ELSEWHERE, fate.SERVICE, corrections.COMMAND, replan.PLANNER}
    for name in RESERVED:
        assert home(f"user add {name} --stdin", "long enough\n")[0] == home(f"token new {name}")[0] == 2
    assert home.passwords.all() == home.tokens.all() == []
