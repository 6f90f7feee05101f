"""`make logs PORT=`: a board's output, without disturbing it. `make console PORT=`: its prompt, by mpremote."""
import os
import sys

from tools.charger import ports
from tools.board.link import Link

FOR_EVER_S = 1 << 30
HELP = "Ctrl-C stops the firmware, Ctrl-D starts it again, Ctrl-X leaves. A firmware that was stopped stays so until Ctrl-D or a reset."


def claim(path):
    """0, or the exit status after the words about a port that cannot be had."""
    try:
        os.close(ports.claim(path, "the board"))
    except ports.ChargerError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def logs(path):
    """Print until Ctrl-C."""
    print(f"{path}, until Ctrl-C:", flush=True)
    with Link(path) as link:
        try:
            for line in link.lines(FOR_EVER_S):
                print(line, flush=True)
        except KeyboardInterrupt:
            print()
    return 0


def console(path):
    """mpremote's own terminal takes the place of this program."""
    print(HELP, flush=True)
    os.execv(sys.executable, [sys.executable, "-m", "mpremote", "connect", path, "repl"])


def main(arguments=None):
    what, path = arguments or sys.argv[1:]
    return claim(path) or {"logs": logs, "console": console}[what](path)


if __name__ == "__main__":
    sys.exit(main())
