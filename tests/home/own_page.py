"""The service's own page in a real browser: Debian's chromium, driven by tests/home/open_page.py."""
import json
import subprocess
import sys

from tests.home.brokers import ROOT, program


class OwnPage:
    """A browser with one page. goto(address), click(selector), shows(selector, text), ...: (what it gave, when it was done in UTC seconds)."""

    def __init__(self, width=360, height=640, patience_s=30):
        self._given = {"chromium": program("chromium"), "width": width, "height": height, "patience_s": patience_s}
        self._process = None

    def __enter__(self):
        script = ROOT / "tests" / "home" / "open_page.py"
        self._process = subprocess.Popen([sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._process.stdin.write(json.dumps(self._given) + "\n")
        return self

    def __exit__(self, *problem):
        self._process.stdin.close()
        try:
            self._process.wait(20)
        finally:
            self._process.kill()
            self._process.stdout.close()

    def __getattr__(self, name):
        def ask(*arguments):
            self._process.stdin.write(json.dumps([name, *arguments]) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
            assert answer, f"the browser ended at {name} {arguments}"
            answer = json.loads(answer)
            return answer["value"], answer["at_s"]
        return ask
