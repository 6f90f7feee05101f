"""A PostgreSQL server of our own, from Debian's package, in a folder of its own and never as root."""
import contextlib
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

from tests.home.brokers import HOST, free_port

USERS = ("postgres", "nobody")


def _program(name):
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    assert found, f"{name} is missing. Type:  sudo apt-get install postgresql"
    return str(found[-1])


def _who():
    """How to run as somebody who is not root: arguments for subprocess, and his number."""
    if os.getuid():
        return {}, os.getuid()
    known = [user.pw_name for user in pwd.getpwall()]
    user = pwd.getpwnam(next(name for name in USERS if name in known))
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}, user.pw_uid


@contextlib.contextmanager
def postgres():
    """The URL of an empty database, for as long as the `with` lasts."""
    who, number = _who()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pg"))
    os.chown(folder, number, -1)
    port = free_port()

    def run(*command, **rest):
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, **who, **rest)

    try:
        run(_program("initdb"), "-D", folder / "data", "-U", "house", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        options = f"-c listen_addresses={HOST} -c port={port} -c unix_socket_directories={folder} -c fsync=off"
        run(_program("pg_ctl"), "-D", folder / "data", "-l", folder / "log", "-w", "-o", options, "start", stderr=subprocess.DEVNULL)
        try:
            yield f"postgresql+psycopg://house@{HOST}:{port}/postgres"
        finally:
            run(_program("pg_ctl"), "-D", folder / "data", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
