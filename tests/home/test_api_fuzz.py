"""schemathesis draws requests from the API's own document: no server error, and every answer is as the document says."""
import contextlib
import re
import subprocess
import sys
import threading

import uvicorn
from tests.home.brokers import free_port
from tests.home.client import until
from tests.support.house import BEGIN_MS, StoredHouse, given, month
from tests.support.stores import store
from tests.support.uplinks import DAY_MS
from home import settings
from home.access.tokens import Tokens
from home.api import app

EXAMPLES = 100


@contextlib.contextmanager
def served(its):
    """The address of an API over a house."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app.app(its), "127.0.0.1", port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        until(lambda: server.started)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def test_no_request_makes_a_server_error(tmp_path, evidence):
    with store(tmp_path / "home.db") as engine:
        its = StoredHouse(engine, given())
        its.settings = settings.checked(given(), tmp_path)
        token = Tokens(tmp_path / "web.tokens").new("fuzz", True)
        device = month(its, lost=(7, 8))
        its.hear(device.event(BEGIN_MS + 40 * DAY_MS))
        with served(its) as address:
            done = subprocess.run(
                [sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json",
                 "-H", f"Authorization: Bearer {token}", "--seed", "16",
                 "--max-examples", str(EXAMPLES),
                 "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
                 "--generation-database", "none", "--no-color"],
                cwd=tmp_path, capture_output=True, text=True, timeout=600)
    cases, errors = (re.search(words, done.stdout) for words in (r"(\d+) generated", r"Server error: (\d+)"))
    assert cases and int(cases[1]) > EXAMPLES, done.stdout[-5000:] + done.stderr[-2000:]
    evidence("server errors of the API under schemathesis, of its requests", f"{errors[1] if errors else 0} of {cases[1]}", 0)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
