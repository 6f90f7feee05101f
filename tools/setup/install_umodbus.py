"""Puts `umodbus` (micropython-modbus) into the virtual environment that runs this file.

pip refuses its source archive because there is no build file in it, so this downloads the archive through the package
index that pip is configured for, checks its SHA-256 and unpacks the package. A second call finds the version and
does nothing. `make build` takes the same files for the board.
"""
import hashlib
import os
import pathlib
import ssl
import subprocess
import sys
import sysconfig
import tarfile
import tempfile

NAME = "micropython-modbus"
VERSION = "2.3.7"
SHA256 = "b9351a66af0ff29dd585900e53827a989dedcb02ec63b1041358165089652271"
PACKAGE = "umodbus"


def installed_version(site):
    """The version that a former call left in the directory `site`, or None."""
    try:
        return (site / PACKAGE / "INSTALLED").read_text()
    except OSError:
        return None


def pip_setting(name):
    """Values of pip's setting `name`, from its files and environment; [] where it has none."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    found = []
    for line in lines:
        key, _, value = line.partition("=")
        if key.rpartition(".")[2] == name:
            found += value.strip("'\"").split()
    return found


def certificates():
    """The environment in which a download trusts what pip trusts, on a machine without certificates of its own too."""
    environment = dict(os.environ)
    known = ssl.get_default_verify_paths()
    chosen = pip_setting("cert")
    if chosen:
        environment["SSL_CERT_FILE"] = chosen[-1]
    elif not known.cafile and not (known.capath and os.listdir(known.capath)):
        from pip._vendor import certifi

        environment["SSL_CERT_FILE"] = certifi.where()
    return environment


def download(directory):
    """The archive as bytes. SystemExit with the downloader's words where it cannot be had."""
    command = [sys.executable, "-m", "unearth", NAME + "==" + VERSION, "--no-binary", "--download", str(directory)]
    for url in pip_setting("index-url"):
        command += ["--index-url", url]
    result = subprocess.run(command, env=certificates(), capture_output=True, text=True)
    archives = list(directory.glob("*.tar.gz"))
    if result.returncode or len(archives) != 1:
        raise SystemExit(f"could not download {NAME} {VERSION}: {(result.stderr or result.stdout).strip()}")
    return archives[0].read_bytes()


def unpack(archive, site):
    """Write the modules of the package in the tar file `archive` (a path) into `site`; nothing else in it is touched."""
    target = site / PACKAGE
    target.mkdir(exist_ok=True)
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            path = pathlib.PurePosixPath(member.name)
            if member.isfile() and path.suffix == ".py" and path.parts[1:-1] == (PACKAGE,):
                (target / path.name).write_bytes(tar.extractfile(member).read())
    (target / "INSTALLED").write_text(VERSION)  # last: an interrupted call is done again


def main():
    site = pathlib.Path(sysconfig.get_paths()["purelib"])
    if installed_version(site) == VERSION:
        return
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        archive = download(directory)
        digest = hashlib.sha256(archive).hexdigest()
        if digest != SHA256:
            raise SystemExit(f"{NAME} {VERSION} has SHA-256 {digest}, expected {SHA256}: not installed")
        path = directory / "checked.tar.gz"
        path.write_bytes(archive)
        unpack(path, site)


if __name__ == "__main__":
    main()
