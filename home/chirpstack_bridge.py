"""`make bridge NETWORK=chirpstack`: the file that joins a house's mosquitto to ChirpStack's broker, and what to type to install it.

Where Home Assistant may use ChirpStack's own broker, nothing is to be joined: docs/chirpstack.md.
"""
import pathlib
import secrets
import sys

from home import bridge
from home.arguments import PORT, Parser, broker
from home.entity_dialects import DIALECTS
from home.network import chirpstack
from tools import text_file

TLS_PORT = 8883
STEPS = """\
Written to {path}  (mode 600)

Now, on the machine with the house's mosquitto, in that directory:
  sudo install -o mosquitto -g mosquitto -m 600 {name} /etc/mosquitto/conf.d/
  sudo systemctl restart mosquitto

Then a 1 says that the line is up, and the next uplink shows itself:
  mosquitto_sub -v -t '{state}' -t 'application/#'
Nothing, or a 0: sudo grep -i bridge /var/log/mosquitto/mosquitto.log. Where programs log in stays as it is.
{addresses}"""


def parser():
    words = Parser(prog="make bridge", description="Make the file that joins mosquitto to ChirpStack's broker.")
    words.add_argument("--app", help="APP=: the application's UUID")
    words.add_argument("--device", help="DEV=: the DevEUI, lower case")
    words.add_argument("--cluster", type=broker, help="CLUSTER=: HOST[:PORT] of ChirpStack's broker")
    words.add_argument("--for", dest="consumer", choices=("home-assistant",), default="home-assistant",
                       help="FOR=: Home Assistant alone; Home Manager knows The Things Stack's topics only")
    words.add_argument("--user", help="MQTT_USER=: to log in as, where that broker asks; then KEY_FILE= holds the password")
    words.add_argument("--key-file", type=pathlib.Path, help="KEY_FILE=: file with the password, one line")
    words.add_argument("--ca", help="CA=: TLS, and the file with the authorities trusted (default: no TLS)")
    words.add_argument("--out", type=pathlib.Path, default=bridge.OUT, help="OUT=: directory (default build/mosquitto)")
    words.add_argument("--remove", action="store_true", help="REMOVE=1: delete what was written there")
    return words


def login(given):
    """The lines about TLS and who logs in. Wrong where a password would cross the network for all to read."""
    lines = [f"bridge_cafile {given.ca}"] if given.ca else []
    if bool(given.user) != bool(given.key_file):
        raise bridge.Wrong("MQTT_USER= and KEY_FILE=, the file with its password, go together: give both or none")
    if given.user:
        if not given.ca and not bridge.is_loopback(given.cluster[0]):
            raise bridge.Wrong("without CA= the password would cross the network for all to read. Give CA=, or let ChirpStack's broker ask for none")
        try:
            password = text_file.read(given.key_file).strip()
        except (OSError, ValueError) as problem:
            raise bridge.Wrong(f"no password: {problem}") from None
        if len(password.split("\n")) != 1 or not password:
            raise bridge.Wrong(f"{given.key_file} has no password: one line, no more")
        lines += [f"remote_username {given.user}", f"remote_password {password}"]
    return "\n".join(lines or ["# No login: that broker lets everybody in."])


def make(given):
    """Write the file; what to type next."""
    for _, problem in chirpstack.problems(given.app, [given.device]):
        raise bridge.Wrong(problem)
    host, port = given.cluster
    name, state = f"chirpstack-{given.device}.conf", f"{DIALECTS['chirpstack'].line}/{given.device}/home-assistant"
    text = bridge.template("chirpstack.conf").substitute(
        device=given.device, prefix=f"application/{given.app}/device/{given.device}", login=login(given), state=state,
        address=f"{host}:{TLS_PORT if given.ca and port == PORT else port}", client=f"{given.device}-home-{secrets.token_hex(3)}")
    given.out.mkdir(parents=True, exist_ok=True)
    bridge.write(given.out / name, text, 0o600)
    return STEPS.format(path=given.out / name, name=name, state=state, addresses=bridge.several(host))


def main(arguments=None):
    words = parser()
    given = words.parse_args(arguments)
    if given.remove:
        for path in bridge.remove(given.out):
            print(f"deleted {path}")
        return 0
    missing = [name for name, value in (("APP", given.app), ("DEV", given.device), ("CLUSTER", given.cluster)) if not value]
    if missing:
        words.error(f"{', '.join(missing)} missing. Type:  make bridge NETWORK=chirpstack APP=<application UUID> DEV=<DevEUI> CLUSTER=<its broker>")
    try:
        print(make(given), end="")
    except (bridge.Wrong, OSError) as problem:
        print(f"make bridge: {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
