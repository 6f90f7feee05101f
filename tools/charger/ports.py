"""Serial ports and their usual errors: missing, busy, forbidden; each with its remedy."""
import errno
import fcntl
import grp
import os
import pathlib

from serial.tools import list_ports

PROC = pathlib.Path("/proc")
LOCKS = pathlib.Path("/var/lock")  # LCK..ttyUSB0 of minicom and its like (Filesystem Hierarchy Standard 3.0, 5.9)
_GONE = (errno.ENXIO, errno.ENODEV, errno.EIO, errno.ENOTDIR)


class ChargerError(Exception):
    """What went wrong, in words for people; `kind` is the same for programs, one of KINDS."""

    KINDS = ("port_missing", "port_busy", "port_forbidden", "not_a_port", "port_lost", "no_answer", "wrong_id", "older_protocol", "garbage",
             "refused", "not_allowed", "bus_busy", "argument")

    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind


def known():
    """Serial ports of this computer, in words; '' without any."""
    named = ((port.device, port.description) for port in list_ports.comports())
    return ", ".join(device if text in (None, "n/a") else f"{device} ({text})" for device, text in named)


ADAPTER = "the USB-RS485 adapter"


def hint(device=ADAPTER):
    """Where to find the right port."""
    ports = known()
    return f"Serial ports here: {ports}." if ports else f"No serial port is to be seen here: plug in {device}."


def claim(path, device=ADAPTER):
    """Open the terminal at `path` and lock it against a second program of this kind; returns the descriptor to close at the end.

    Raises ChargerError: port_missing, port_forbidden, not_a_port, port_busy.
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as error:
        raise _words(path, error, device) from None
    try:
        if not os.isatty(fd):
            raise ChargerError("not_a_port", f"{path} is no serial port. {hint(device)}")
        _refuse_busy(path, fd)
    except ChargerError:
        os.close(fd)
        raise
    return fd


def _words(path, error, device):
    """ChargerError of an OSError at opening."""
    if isinstance(error, FileNotFoundError) or error.errno in _GONE:
        return ChargerError("port_missing", f"There is no port {path}. {hint(device)}")
    if isinstance(error, PermissionError):
        return ChargerError("port_forbidden", f"You may not use {path}. {_permission(path)}")
    if error.errno == errno.EBUSY:
        return _busy(path, _holders(path))
    return ChargerError("not_a_port", f"{path} is no serial port ({error.strerror}). {hint(device)}")


def _permission(path):
    try:
        group = grp.getgrgid(os.stat(path).st_gid).gr_name
    except (OSError, KeyError):
        group = "dialout"
    if group == "root":
        return "It belongs to root: run this with sudo, or give the port to a group of yours."
    return f"Join its group:  sudo usermod -aG {group} $USER  and log in anew."


def _refuse_busy(path, fd):
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _busy(path, _holders(path)) from None
    # Two readers of one terminal take each other's bytes. A pseudo-terminal is the simulated box, which holds its own end open.
    holders = [] if os.path.realpath(path).startswith("/dev/pts/") else _holders(path)
    owner = _locked_by(path)
    if holders or owner:
        raise _busy(path, holders or [f"process {owner}"])


def _busy(path, holders):
    who = f" by {', '.join(holders)}" if holders else ""
    return ChargerError("port_busy", f"{path} is in use{who}. Stop that program first (the monitor itself, a terminal program, another console).")


def _holders(path, proc=None):
    """Other processes that have the device open, as far as we may see: ['python3 (process 123)']."""
    target = os.path.realpath(path)
    found = []
    for process in (proc or PROC).glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        try:
            if any(os.path.realpath(fd) == target for fd in (process / "fd").iterdir()):
                found.append(f"{(process / 'comm').read_text().strip()} (process {process.name})")
        except OSError:
            continue  # ended meanwhile, or somebody else's
    return found


def _locked_by(path, locks=None):
    """Process id in the lock file of the device, if that process lives; else None."""
    try:
        owner = int((locks or LOCKS).joinpath("LCK.." + os.path.basename(os.path.realpath(path))).read_text().split()[0])
        os.kill(owner, 0)
    except PermissionError:
        return owner
    except (OSError, ValueError, IndexError):
        return None
    return owner if owner != os.getpid() else None
