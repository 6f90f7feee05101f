"""The other side of `make bridge`: where the programs of the house reach mosquitto, with whose password, and who of them may press.

On this machine alone nobody logs in. Elsewhere everybody does, through TLS, and each user reads and writes what he needs and nothing else: who may
write on a topic that ends on down/push switches the box. docs/security.md has the threats, docs/bridge.md the users.
"""
import pathlib
import string

from home.arguments import PORT

TEMPLATES = pathlib.Path(__file__).resolve().parent.parent / "ttn" / "mosquitto"
TLS_PORT = 8883
LISTENER, RIGHTS = "ttn-listener.conf", "ttn.acl"
THERE = "/etc/mosquitto"
PASSWORDS, RIGHTS_THERE = f"{THERE}/ttn.passwd", f"{THERE}/{RIGHTS}"
CERTIFICATE, CERTIFICATE_KEY = f"{THERE}/certs/ttn.crt", f"{THERE}/certs/ttn.key"
ALL_DAYS = 3650
# Of Home Assistant: what it says of itself, and what discovery and the service at home keep for it.
ASSISTANT = ("homeassistant/#", "ev-charger-home/#")

CHECK = "  grep -rn '^ *listener' /etc/mosquitto     (says something? Then leave the next line out and keep that listener)\n"
INSTALL = "  sudo install -m 644 {listener} /etc/mosquitto/conf.d/\n"
PASSWORD = """\
  sudo touch {passwords} && sudo chown mosquitto:mosquitto {passwords} && sudo chmod 600 {passwords}
{users}
  sudo install -o mosquitto -g mosquitto -m 600 {rights} {there}/
"""
USER = "  sudo mosquitto_passwd {passwords} {user}     (asks for a password: {what})"
CERTIFY = """\
  sudo openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days {days} -subj /CN=$(hostname) \\
    -addext subjectAltName=DNS:$(hostname),DNS:$(hostname).local,DNS:localhost,IP:{address} -keyout {key} -out {certificate}
  sudo chown mosquitto:mosquitto {key} {certificate} && sudo chmod 600 {key}
  (every program of the house needs a copy of {certificate} as its authority, and port {port})
"""
LOGIN = """\
  mkdir -p ~/.config && install -m 600 /dev/null ~/.config/mosquitto_sub && nano ~/.config/mosquitto_sub
  (for the line below, so that no password stands on it; write:  -u look   -P PASSWORD{port}   each on a line of its own)
"""


def is_loopback(host):
    return host == "localhost" or host.startswith("127.")


def _template(name):
    return string.Template((TEMPLATES / name).read_text())


def users(consumers, guarded):
    """[(user, what for)] that the rights know."""
    named = [("home", "Home Assistant, make discovery, the service at home")] if "home-assistant" in consumers else []
    named += [("home-manager", "Home Manager")] if "home-manager" in consumers else []
    named += [("guard", "make guard")] if guarded else []
    return [*named, ("look", "who only looks")]


def rights_file(app, consumers, routes, guarded, notes=()):
    """The text of the file with the rights, for every device of the application.

    routes(consumer, device): (direction, topic here, topic there) of each topic line of the bridge. notes: what Home Assistant writes for itself.
    """
    rules = {user: [] for user, _ in users(consumers, guarded)}
    for consumer in consumers:
        user = "home" if consumer == "home-assistant" else "home-manager"
        line = f"ttn-bridge/+/{consumer}"
        heard = [here for direction, here, _ in routes(consumer, "+") if direction == "in"]
        asked = [here for direction, here, _ in routes(consumer, "+") if direction == "out"]
        rules["look"] += [("read", topic) for topic in [*heard, line]]
        if guarded and user == "home-manager":
            rules["guard"] += [("read", topic) for topic in heard] + [("write", f"ttn/{app}/up"), ("readwrite", f"ttn/{app}/down/push")]
            heard = [f"ttn/{app}/up"]
        rules[user] += [("read", topic) for topic in [*heard, line]]
        # Home Assistant shows what it asked for; Home Manager only asks.
        rules[user] += [("readwrite" if user == "home" else "write", topic) for topic in asked]
    if "home" in rules:
        rules["home"] += [("readwrite", topic) for topic in (*notes, *ASSISTANT)]
    blocks = ["\n".join([f"user {user}", *(f"topic {right} {topic}" for right, topic in lines)]) for user, lines in rules.items()]
    return _template("rights.acl").substitute(rules="\n\n".join(blocks))


def port_of(host, port, is_plain):
    """The port, where none was given MQTT's own."""
    return port or (PORT if is_loopback(host) or is_plain else TLS_PORT)


def listener_file(host, port, is_plain=False):
    """The text of the file with the listener. is_plain: no TLS although it leaves this machine."""
    if is_loopback(host):
        return _template("listener.conf").substitute(listeners=f"listener {port} {host}", access="allow_anonymous true")
    listeners = f"listener {port} {host}"
    if not is_plain:
        listeners = f"listener {PORT} 127.0.0.1\n\n{listeners}\ncertfile {CERTIFICATE}\nkeyfile {CERTIFICATE_KEY}"
    access = f"allow_anonymous false\npassword_file {PASSWORDS}\nacl_file {RIGHTS_THERE}"
    return _template("listener.conf").substitute(listeners=listeners, access=access)


def steps(host, port, consumers, guarded, is_plain):
    """What to type for it, in words."""
    told = CHECK + INSTALL.format(listener=LISTENER)
    if is_loopback(host):
        return told
    told += PASSWORD.format(passwords=PASSWORDS, rights=RIGHTS, there=THERE, users="\n".join(
        USER.format(passwords=PASSWORDS, user=user, what=what) for user, what in users(consumers, guarded)))
    if not is_plain:
        told += CERTIFY.format(days=ALL_DAYS, key=CERTIFICATE_KEY, certificate=CERTIFICATE, port=port,
                               address="127.0.0.1" if host == "0.0.0.0" else host)
    return told + LOGIN.format(port=f"   -p {port}" if is_plain and port != PORT else "")
