"""`python -m home password`, `user` and `token`: who may look and who may switch, set by whoever may write beside home.toml."""
import getpass
import sys

from home.access.passwords import GUEST, OWNER, Passwords
from home.access.tokens import Tokens

AGAIN = "Whoever is logged in with the old one has to log in again."


class Refused(Exception):
    """It was not done; args[0] says why."""


def add_commands(command):
    """command(name, what, do): adds one to the program, and gives its parser."""
    password = command("password", "set the password of the page", _password)
    user = command("user", "users of the page with a name and a password of their own", _user)
    token = command("token", "tokens with which programs ask the API", _token)
    for parser in (password, user, token):
        parser.set_defaults(is_to_be_protected=True)
    password.add_argument("--look-only", action="store_true", help="a second password, with which one may look and not switch")
    _from_input(password)
    for parser, thing in ((user, "add"), (token, "new")):
        parser.add_argument("what", choices=(thing, "remove", "list"))
        parser.add_argument("name", nargs="?", metavar="NAME", help="not needed for list")
        parser.add_argument("--look-only", action="store_true", help="may look and not switch")
    _from_input(user)


def _from_input(parser):
    parser.add_argument("--stdin", action="store_true", help="take the password from the first line of standard input")


def _password(given, its):
    _set(Passwords(its.web.password_file), GUEST if given.look_only else OWNER, given)
    if its.web.is_private:
        print(f"It is not asked for yet: the page is for this computer alone, as long as listen in [web] of home.toml is {its.web.host}.")


def _user(given, its):
    passwords = Passwords(its.web.password_file)
    if given.what == "list":
        _list(passwords.all(), "user")
    elif given.what == "remove":
        _try(passwords.remove, _name(given))
        print(f"{given.name} may no longer log in, and is logged out")
    else:
        _set(passwords, _name(given), given)


def _token(given, its):
    tokens = Tokens(its.web.token_file)
    if given.what == "list":
        _list(tokens.all(), "token")
    elif given.what == "remove":
        _try(tokens.remove, _name(given))
        print(f"{given.name} is good for nothing any more")
    else:
        print(_try(tokens.new, _name(given), not given.look_only))
        print(f"This is the token of {given.name}, which {_may(not given.look_only)}. It is shown this once: only a hash is kept.", file=sys.stderr)


def _set(passwords, name, given):
    is_known = passwords.user(name) is not None
    _try(passwords.set, name, not given.look_only, _typed(given))
    print(f"The password of {name}, who {_may(not given.look_only)}, is set. {AGAIN if is_known else ''}".rstrip())


def _typed(given):
    """The password, typed twice where nobody sees it, or the first line of what is piped in."""
    if given.stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Refused("nobody can type a password here: give it to standard input, with --stdin")
    password = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != password:
        raise Refused("the two are not the same: nothing was changed")
    return password


def _name(given):
    if not given.name:
        raise Refused(f"{given.what} needs a name")
    return given.name


def _list(found, what):
    print("\n".join(f"{one.name} {_may(one.may_switch)}" for one in found) if found else f"there is no {what}")


def _may(may_switch):
    return "may look and switch" if may_switch else "may look only"


def _try(do, *arguments):
    try:
        return do(*arguments)
    except ValueError as problem:
        raise Refused(str(problem)) from None
