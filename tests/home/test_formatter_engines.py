"""ttn/formatter.js in two real ES5.1 engines: the examples of the device repository's entry, and random bytes against the clock.

MuJS knows nothing newer than ES5.1 and refuses the rest; Duktape is the other engine of that edition that is still kept.
"""
import json
import resource
import shutil
import subprocess

import pytest
from tests.support.formatter_node import FORMATTER
from tests.support.repository_rules import same
from tests.unit.tools.network.test_device_repository import CODEC, LEAST_EXAMPLES, ROUTINES

ENGINES = {"mujs": "mujs", "duk": "duktape"}    # program: Debian package
CALLS = 100_000
LIMIT_MS = 5
# The stack stops a script that takes longer, its loading included.
STACK_MS = 100
# print() is what both engines have. What seems slow is timed again and its best time counts: the machine has other work.
EXAMPLES = """
for (var i = 0; i < CALLS.length; i += 1) { print(JSON.stringify(this[CALLS[i][0]](CALLS[i][1]))); }
"""
STORM = """
var seed = 8, slowest = 0, decoded = 0, refused = 0, count, port, bytes, j, start, answer, took, tries;
function below(n) { seed = (seed * 1103515245 + 12345) % 2147483648; return Math.floor(seed / 65536) % n; }
for (count = 0; count < CALLS; count += 1) {
  port = [1, 2, 10, 11, 12, 13, 14, 15, 202][below(9)];
  bytes = [];
  for (j = port < 10 ? 0 : below(12); j >= 0; j -= 1) { bytes.push(below(256)); }
  if (port > 2 && port < 16) { bytes[0] = port + 6; }
  took = 9;
  for (tries = 0; tries < 50 && took > 1; tries += 1) {
    start = Date.now();
    answer = count % 2 ? decodeUplink({fPort: port, bytes: bytes}) : decodeDownlink({fPort: [1, 20, 202][count % 3], bytes: bytes});
    took = Math.min(took, Date.now() - start);
  }
  slowest = Math.max(slowest, took);
  if (answer.data) { decoded += 1; } else if (answer.errors.length === 1) { refused += 1; }
}
print(JSON.stringify({decoded: decoded, refused: refused, slowest_ms: slowest}));
"""


@pytest.fixture(params=ENGINES)
def engine(request, tmp_path):
    """engine(script) runs the formatter and then that script; the JSON of each line printed."""
    path = shutil.which(request.param)
    assert path, f"{request.param} is missing. Type:  sudo apt-get install {ENGINES[request.param]}"

    def run(script):
        file = tmp_path / "script.js"
        file.write_text(FORMATTER.read_text() + script)
        result = subprocess.run([path, file], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert result.returncode == 0 and not result.stderr, result.stderr[-2000:]
        return [json.loads(line) for line in result.stdout.splitlines()]

    run.name = request.param
    return run


def test_the_examples_pass(engine, evidence):
    rows = [(ROUTINES[part], example) for part, script in CODEC.items() for example in script["examples"]]
    calls = json.dumps([[routine, example["input"]] for routine, example in rows])
    found = engine(f"var CALLS = {calls};{EXAMPLES}")
    wrong = [example["description"] for (_, example), output in zip(rows, found, strict=True) if not same(example["output"], output)]
    evidence(f"examples that differ in the ES5.1 engine {engine.name}, of {len(rows)}", len(wrong), 0)
    assert wrong == [] and len(rows) >= LEAST_EXAMPLES


@pytest.mark.parametrize("newer", ["let a = 1;", "var f = () => 1;", "var s = `x`;", "class A {}", "var a = [...[1]];"])
def test_the_engine_refuses_what_is_newer(engine, newer):
    with pytest.raises(AssertionError):
        engine(newer)


def test_random_bytes_are_read_in_time(engine, evidence):
    report, = engine(f"var CALLS = {CALLS};{STORM}")
    evidence(f"slowest of {CALLS:,} random frames in the ES5.1 engine {engine.name}, in ms", report["slowest_ms"], LIMIT_MS)
    assert report["decoded"] + report["refused"] == CALLS and report["decoded"] > CALLS / 4
    assert report["slowest_ms"] < LIMIT_MS


def test_loading_it_for_one_frame_takes_a_part_of_what_the_stack_gives(engine, evidence):
    def once():
        """Its own time on the processor: other work of the machine does not count."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        engine("print(JSON.stringify(decodeUplink({fPort: 10, bytes: [16, 161, 33, 104, 32]})));")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    best_ms = min(once() for _ in range(5))
    evidence(f"{engine.name} started, the formatter loaded, one frame decoded, ms of the processor (the stack does so for each)",
             round(best_ms), STACK_MS)
    assert best_ms < STACK_MS
