"""`python -m sim charger | modem | run | scenario`: see `python -m sim --help`."""

import sys

HELP = """usage: python -m sim COMMAND ...

  charger   one wallbox on a pseudo-terminal, for any Modbus program
  modem     one LoRaWAN modem on a pseudo-terminal, with network and MQTT behind it
  run       the whole system live: wallbox, car, firmware, radio, network, MQTT
  scenario  one scenario in virtual time, from a file to a file

python -m sim COMMAND --help says more."""


def main(argv):
    """Run one command; returns the exit code."""
    command = argv[0] if argv else '--help'
    if command == 'charger':
        from sim.evse import wallbox_on_pty as runner
    elif command == 'modem':
        from sim.modems import modem_on_pty as runner
    elif command == 'run':
        from sim.live import run as runner
    elif command == 'scenario':
        from sim import scenario as runner
    else:
        print(HELP, file=sys.stdout if command in ('-h', '--help') else sys.stderr)
        return 0 if command in ('-h', '--help') else 2
    return runner.main(argv[1:])


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
