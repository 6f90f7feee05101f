"""`make bridge`: the files that join a house's mosquitto to The Things Stack, from ttn/mosquitto/, and what to type to install them.

The API key is never an argument, which every user of the machine could read: it is asked for, or comes from a file, from
TTN_API_KEY or from standard input. docs/bridge.md says what the bridge does and why.
"""
import argparse
import ast
import getpass
import os
import pathlib
import re
import secrets
import string
import sys
import tempfile

from home import mosquitto_listener, name_lookup
from home.arguments import PORT as PLAIN_PORT
from home.arguments import Parser, listener, tenant, topic_word
from home.mosquitto_listener import LISTENER, RIGHTS, TLS_PORT, is_loopback
from tools import text_file

ROOT = pathlib.Path(__file__).resolve().parent.parent
# The settings of the site, and the defaults.
CONFIGS = (ROOT / "src" / "local_config.py", ROOT / "src" / "config.py")
TEMPLATES = ROOT / "ttn" / "mosquitto"
OUT = ROOT / "build" / "mosquitto"
MARK = "# Made by make bridge:"
KEY_VARIABLE = "TTN_API_KEY"
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
CLUSTERS = ("eu1", "nam1", "au1")
EVENTS = ("join", "down/queued", "down/sent", "down/ack", "down/nack", "down/failed")

# What each consumer needs: (direction, topic of the device at the stack, topic here; {up} is the stack's own topic kept).
ROUTES = {
    "home-manager": [("in", "up", "ttn/{app}/up"), ("out", "down/push", "ttn/{app}/down/push")],
    "home-assistant": [
        ("in", "up", "{same}"), *[("in", event, "{same}") for event in EVENTS], ("out", "down/push", "{same}"), ("out", "down/replace", "{same}"),
    ],
}
# What the blueprint that repeats commands notes for its own sensor: no line takes it out of the house.
NOTE = "v3/{user}/devices/+/down/unanswered"
# Where Home Manager's uplinks go instead if home/guard.py stands between.
GUARDED = "ttn-guard/{app}/up"
# Modems that acknowledge a confirmed downlink, as Home Manager's are, by an empty frame of their own, of which Home Manager dies.
ACKNOWLEDGING = ("rak3172",)
MODEMS = ("lopy4", "wio_e5", *ACKNOWLEDGING)
WANTED = {"home-manager": ["home-manager"], "home-assistant": ["home-assistant"], "both": ["home-manager", "home-assistant"]}

STEPS = """\
Written to {out}:
  {files}

Now, on the machine with mosquitto (sudo apt-get install mosquitto mosquitto-clients ca-certificates), in that directory:
{steps}
  sudo install -o mosquitto -g mosquitto -m 600 {bridge} /etc/mosquitto/conf.d/
  sudo systemctl restart mosquitto

Then a 1 says that the line is up, and the next uplink shows itself:
  mosquitto_sub -v -t 'ttn-bridge/#' -t '{watch}'
Nothing, or a 0: sudo grep -i bridge /var/log/mosquitto/mosquitto.log, and docs/bridge.md.
{addresses}The copy here still holds the key: delete it with  make bridge REMOVE=1{where}
"""
SEVERAL = """\
{name} has {count} addresses now: {addresses}. mosquitto tries the first that it is told, and no other.
If the line stays at 0 although the others answer, choose one:  echo 'ADDRESS {name}' | sudo tee -a /etc/hosts
"""


class Wrong(Exception):
    """What was given cannot be used; args[0] says why and what to give."""


def endpoint(text):
    """(host, port or None) of eu1, nam1, au1, HOST or HOST:PORT."""
    if text in CLUSTERS:
        return f"{text}.cloud.thethings.network", None
    found = re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9.-]*)(?::([0-9]{1,5}))?", text)
    if not found or "." not in found[1] and found[1] != "localhost" or found[2] and not 0 < int(found[2]) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is no cluster: eu1, nam1, au1, or the HOST or HOST:PORT of another one")
    return found[1], found[2] and int(found[2])


def read_key(path=None, environment=os.environ, stdin=sys.stdin):
    """The API key, from the first of: that file, TTN_API_KEY, a question without echo, standard input. Wrong if it is none."""
    if path is not None:
        try:
            key = text_file.read(path).strip()
        except OSError as problem:
            raise Wrong(f"no key in {path}: {problem.strerror}")
        except ValueError as problem:
            raise Wrong(f"no key: {problem}")
    elif environment.get(KEY_VARIABLE):
        key = environment[KEY_VARIABLE].strip()
    elif stdin.isatty():
        key = getpass.getpass("API key of the application (not shown; begins with NNSXS.): ").strip()
    else:
        try:
            key = stdin.readline().strip().removeprefix("\ufeff")
        except ValueError:
            key = ""        # not even text
    if not re.fullmatch(r"NNSXS\.[A-Z0-9]+\.[A-Z0-9]+", key):
        raise Wrong("that is no API key: it looks like NNSXS.ABC.DEF. Make one in the console: application -> API keys, with the rights"
                    " 'Read application traffic' and 'Write downlink application traffic'; then type it when asked, or give KEY_FILE=,"
                    f" {KEY_VARIABLE} or standard input")
    return key


def modem_of(paths=CONFIGS):
    """RADIO_MODEM of the first of these files that sets it, read and not run; None where none says. A LoPy4 has what config.py was shipped with."""
    for path in paths:
        try:
            body = ast.parse(text_file.read(path)).body
        except (OSError, SyntaxError, ValueError):
            continue
        for line in body:
            if isinstance(line, ast.Assign) and [getattr(target, "id", None) for target in line.targets] == ["RADIO_MODEM"]:
                return getattr(line.value, "value", None)
    return None


def require_guard(given):
    """Wrong where Home Manager would be ended by the first of its own commands, and where a guard would have nothing to do."""
    if given.guard and "home-manager" not in WANTED[given.consumer]:
        raise Wrong(f"GUARD=1 stands before Home Manager, which FOR={given.consumer} leaves out: leave one of the two out")
    modem = given.modem or modem_of()
    if modem in ACKNOWLEDGING and "home-manager" in WANTED[given.consumer] and not given.guard:
        raise Wrong(f"a {modem.upper()} acknowledges each of Home Manager's commands by an empty frame, which ends Home Manager's MQTT. Give"
                    " GUARD=1 and let make guard run (docs/home-manager.md), or FOR=home-assistant. Another modem than the settings say:"
                    " MODEM=lopy4 or wio_e5")


def routes(consumer, app, device, user, guarded=False):
    """(direction, topic here, topic at the stack) of each topic line of that consumer."""
    there = f"v3/{user}/devices/{device}/"
    lines = []
    for direction, topic, here in ROUTES[consumer]:
        if guarded and consumer == "home-manager" and direction == "in":
            here = GUARDED
        lines.append((direction, here.format(app=app, same=there + topic), there + topic))
    return lines


def topic_line(direction, here, there):
    """One topic line. The last level is the pattern, the rest are the prefixes, which mosquitto exchanges."""
    pattern = here.rpartition("/")[2]
    return f"topic {pattern} {direction} 0 {here.removesuffix(pattern)} {there.removesuffix(pattern)}"


def template(name):
    return string.Template((TEMPLATES / name).read_text())


def without_comments(text):
    return "\n" + "".join(line for line in text.splitlines(True) if line.strip() and not line.startswith("#"))


def user_of(given):
    """The name to log in with at the stack, which is also the application's place in topics."""
    return f"{given.app}@{given.tenant}" if given.tenant else given.app


def bridge_file(given, key):
    """The text of the file with the connections: one for each consumer, because a message takes only the first `in` that fits."""
    user = user_of(given)
    host, port = given.cluster
    address = f"{host}:{port or (PLAIN_PORT if given.plain else TLS_PORT)}"
    tls = "# None: to this very machine only." if given.plain else f"bridge_cafile {given.ca}"
    said, blocks = [], []
    for consumer in WANTED[given.consumer]:
        lines = routes(consumer, given.app, given.device, user, given.guard)
        said += [f"#   {consumer:15}{here}  {'<-' if way == 'in' else '->'}  {there}" for way, here, there in lines]
        block = template("the_things_stack_connection.conf").substitute(
            name=f"ttn-{given.device}-{consumer}", address=address, tls=tls, user=user, key=key, state=f"ttn-bridge/{given.device}/{consumer}",
            client=f"{given.device}-{consumer}-{secrets.token_hex(3)}", topics="\n".join(topic_line(*line) for line in lines))
        blocks.append(without_comments(block) if blocks else block)
    return template("the_things_stack.conf").substitute(device=given.device, routes="\n".join(said)) + "".join(blocks)


def is_ours(path):
    return path.is_file() and path.read_text(errors="replace").startswith(MARK)


def write(path, text, mode):
    """Replace `path` in one step by a file that had its mode from the first moment on. Wrong if what is there is not ours."""
    if path.exists() and not is_ours(path):
        raise Wrong(f"{path} is there and was not made by make bridge: move it away, or give another OUT=")
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".")
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    os.chmod(draft, mode)
    os.replace(draft, path)


def remove(folder):
    """Delete what make bridge wrote into that directory; the names of it."""
    ours = [path for path in sorted([*folder.glob("*.conf"), *folder.glob("*.acl")]) if is_ours(path)]
    for path in ours:
        path.unlink()
    return ours


def place_of(given):
    """(address, port) to listen on."""
    host, port = given.listen
    return host, mosquitto_listener.port_of(host, port, given.no_tls)


def house_files(given):
    """[(name, text, mode)] of the files about the house's side."""
    if not given.listen:
        return []
    host, port = place_of(given)
    files = [(LISTENER, mosquitto_listener.listener_file(host, port, given.no_tls), 0o644)]
    if is_loopback(host):
        return files
    user = user_of(given)
    rights = mosquitto_listener.rights_file(given.app, WANTED[given.consumer], lambda consumer, device: routes(
        consumer, given.app, device, user, given.guard), given.guard, [NOTE.format(user=user)])
    return [*files, (RIGHTS, rights, 0o644)]


def several(name):
    """What to say of a name that has several addresses; "" of one that has not."""
    found = name_lookup.addresses(name)
    return SEVERAL.format(name=name, count=len(found), addresses=", ".join(found)) if len(found) > 1 else ""


def make(given):
    """Write the files; what to type next."""
    require_guard(given)
    key = read_key(given.key_file)
    files = [(f"ttn-{given.device}.conf", bridge_file(given, key), 0o600)]
    files += house_files(given)
    for name in {LISTENER, RIGHTS} - {name for name, _, _ in files}:
        if is_ours(given.out / name):
            (given.out / name).unlink()
    given.out.mkdir(parents=True, exist_ok=True)
    for name, text, mode in files:
        write(given.out / name, text, mode)
    consumers = WANTED[given.consumer]
    steps = mosquitto_listener.steps(*place_of(given), consumers, given.guard, given.no_tls) if given.listen else ""
    watch = "v3/#" if given.consumer == "home-assistant" else (GUARDED if given.guard else "ttn/{app}/up").format(app=given.app)
    return STEPS.format(
        addresses=several(given.cluster[0]), out=given.out,
        files="\n  ".join(f"{name}  (mode {mode:o})" for name, _, mode in files), bridge=files[0][0],
        steps=steps.rstrip("\n"), watch=watch, where="" if given.out == OUT else f" OUT={given.out}")


def parser():
    words = Parser(prog="make bridge", description="Make the files that join mosquitto to The Things Stack.")
    words.add_argument("--app", type=topic_word, help="APP=: application id")
    words.add_argument("--device", type=topic_word, help="DEV=: device id")
    words.add_argument("--cluster", type=endpoint, help="CLUSTER=: eu1, nam1, au1, or HOST[:PORT] of another stack")
    words.add_argument("--tenant", type=tenant, default="ttn", help="TENANT=: ttn (default); empty for a stack without tenants")
    words.add_argument("--for", dest="consumer", choices=WANTED, default="both", help="FOR=: whose topics (default both)")
    words.add_argument("--guard", action="store_true", help="GUARD=1: Home Manager's uplinks go through make guard")
    words.add_argument("--modem", choices=MODEMS, help="MODEM=: of the monitor (default: RADIO_MODEM of the settings); a rak3172 needs GUARD=1")
    words.add_argument("--listen", type=listener, default="127.0.0.1", metavar="ADDRESS[:PORT]",
                       help="LISTEN=: 127.0.0.1 (default), 0.0.0.0 for the house (with passwords and TLS), or none")
    words.add_argument("--no-tls", action="store_true", help="TLS=0: a listener for the house without TLS, where passwords can be read on their way")
    words.add_argument("--ca", default=AUTHORITIES, help=f"CA=: file with the authorities trusted (default {AUTHORITIES})")
    words.add_argument("--plain", action="store_true", help="PLAIN=1: no TLS, for tests on this machine only")
    words.add_argument("--key-file", type=pathlib.Path, help=f"KEY_FILE=: file with the API key (else {KEY_VARIABLE}, a question, or stdin)")
    words.add_argument("--out", type=pathlib.Path, default=OUT, help="OUT=: directory (default build/mosquitto)")
    words.add_argument("--remove", action="store_true", help="REMOVE=1: delete what was written there")
    return words


def main(arguments=None):
    words = parser()
    given = words.parse_args(arguments)
    if given.remove:
        for path in remove(given.out):
            print(f"deleted {path}")
        return 0
    missing = [name for name, value in (("APP", given.app), ("DEV", given.device), ("CLUSTER", given.cluster)) if not value]
    if missing:
        words.error(f"{', '.join(missing)} missing. Type:  make bridge APP=my-app DEV=wallbox CLUSTER=eu1   (or nam1, au1)")
    if given.no_tls and (not given.listen or is_loopback(given.listen[0])):
        words.error("TLS=0 is for a LISTEN= of the house; there is none here. Leave it out")
    if given.listen and not given.no_tls and not is_loopback(given.listen[0]) and given.listen[1] == PLAIN_PORT:
        words.error(f"port {PLAIN_PORT} is this machine's own then, without TLS: leave it out of LISTEN=, or give another one")
    if given.plain and not is_loopback(given.cluster[0]):
        words.error("PLAIN=1 is for a stack on this machine: the key would cross the network for all to read. Leave it out")
    try:
        print(make(given), end="")
    except (Wrong, OSError) as problem:
        print(f"make bridge: {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
