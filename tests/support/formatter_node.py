"""ttn/formatter.js under Node: examples as the device repository runs them, and millions of random inputs."""
import json
import pathlib
import subprocess

from tools.checks.micropython import NODE_ALONE

FOLDER = pathlib.Path(__file__).parent
FORMATTER = FOLDER.parents[1] / "ttn" / "formatter.js"


def run(script, *arguments, given=""):
    """The JSON that a script of this folder prints, called with the formatter's path and those arguments."""
    command = [*NODE_ALONE, str(FOLDER / script), str(FORMATTER), *map(str, arguments)]
    result = subprocess.run(command, input=given, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
    return json.loads(result.stdout)


def outputs(examples):
    """What each (routine, input) gives, each in a fresh context with nothing but JavaScript in it."""
    return run("formatter_examples.js", given=json.dumps(examples))


def storm(count, seed):
    """The report of formatter_storm.js."""
    return run("formatter_storm.js", count, seed)
