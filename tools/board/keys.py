"""`make keys`: writes src/keys.py with random keys, and beside it the files that register the device (tools/network/registration.py).

Never overwrites: the keys of a registered device cannot be had back. The file is readable by its owner alone. Neither keys nor EUIs are printed:
what stands on a screen stands in its scrollback and in logs.
"""
import argparse
import os
import pathlib
import secrets
import sys
import types

from home.arguments import Parser
from tools.network import registration

TARGET = pathlib.Path(__file__).resolve().parents[2] / "src" / "keys.py"

TEXT = """# Made by `make keys`. Keep it to yourself: whoever has the AppKey can be this device. Ignored by git.

JOIN_EUI = '{JOIN_EUI}'
APP_KEY = '{APP_KEY}'
DEV_EUI = {DEV_EUI!r}
"""


def random_eui():
    """16 hexadecimal digits; locally administered and no multicast, so that it cannot be a manufacturer's."""
    octets = bytearray(secrets.token_bytes(8))
    octets[0] = octets[0] & 0xFC | 0x02
    return octets.hex().upper()


def write(path, text):
    """Create `path` with mode 600 from the first moment on; FileExistsError where there is one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def main(arguments=None):
    parser = Parser(prog="make keys", description="Make src/keys.py and the files that register the device.")
    parser.add_argument("--own-dev-eui", action="store_true", help="the DevEUI of the board or the modem counts, and is asked for")
    parser.add_argument("--to", type=pathlib.Path, default=TARGET, help=argparse.SUPPRESS)
    registration.add_options(parser)
    given = parser.parse_args(arguments)
    site = None
    if given.to != TARGET:
        # Keys of another site, beside its settings.
        site = given.to.parent / "local_config.py"
        if given.out == registration.OUT:
            given.out = given.to.parent / "registration"
    made = {"JOIN_EUI": random_eui(), "APP_KEY": secrets.token_hex(16).upper(), "DEV_EUI": None if given.own_dev_eui else random_eui()}
    try:
        write(given.to, TEXT.format(**made))
    except FileExistsError:
        print(f"{given.to} is there already and stays as it is. For new keys move it away first; for the files to register with what is in it:"
              " make registration", file=sys.stderr)
        return 2
    print(f"Written to {given.to}, readable by you alone. Keep a copy: it is made only once.")
    try:
        print(registration.make(given, types.SimpleNamespace(**made), site), end="")
    except registration.Wrong as problem:
        print(f"No files for the registration yet: {problem}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
