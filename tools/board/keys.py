"""`make keys`: writes src/keys.py with random keys and prints what to enter at registration on The Things Stack.

Never overwrites: the keys of a registered device cannot be had back. The file is readable by its owner alone.
"""
import argparse
import os
import pathlib
import secrets
import sys

TARGET = pathlib.Path(__file__).resolve().parents[2] / "src" / "keys.py"

TEXT = """# Made by `make keys`. Keep it to yourself: whoever has the AppKey can be this device. Ignored by git.

JOIN_EUI = '{join_eui}'
APP_KEY = '{app_key}'
DEV_EUI = {dev_eui}
"""

WORDS = """\
Written to {path}, readable by you alone. Keep a copy: it is made only once.

At The Things Stack: Applications -> your application -> End devices -> Register end device -> Enter end device
specifics manually. Frequency plan as in src/config.py; LoRaWAN version 1.0.2 for a LoPy4, 1.0.3 for a Wio-E5 modem.

  JoinEUI  {join_eui}
  DevEUI   {dev_eui_words}
  AppKey   {app_key}

Under "Show advanced activation, LoRaWAN class and cluster settings" choose class C, unless LORAWAN_CLASS in
src/config.py is 'A'. All of it step by step, the payload formatter included: docs/registration.md.
"""
OWN_EUI = """the board's own. A LoPy4 shows it at its prompt:
             import binascii; from network import LoRa
             print(binascii.hexlify(LoRa(mode=LoRa.LORAWAN).mac()))"""


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
    parser = argparse.ArgumentParser(prog="make keys", description="Make src/keys.py.")
    parser.add_argument("--own-dev-eui", action="store_true", help="the board or the modem has a DevEUI: use that one (LoPy4)")
    parser.add_argument("--to", type=pathlib.Path, default=TARGET, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    join_eui, app_key = random_eui(), secrets.token_hex(16).upper()
    dev_eui = None if given.own_dev_eui else random_eui()
    try:
        write(given.to, TEXT.format(join_eui=join_eui, app_key=app_key, dev_eui=repr(dev_eui)))
    except FileExistsError:
        print(f"{given.to} is there already and stays as it is. For new keys move it away first.", file=sys.stderr)
        return 2
    print(WORDS.format(path=given.to, join_eui=join_eui, app_key=app_key, dev_eui_words=dev_eui or OWN_EUI))
    return 0


if __name__ == "__main__":
    sys.exit(main())
