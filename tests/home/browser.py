"""The page of Home Assistant in a real browser: Debian's chromium, driven by tests/home/page.py."""
import json
import re
import subprocess
import sys

from tests.home.programs import ROOT, program

CARD = re.search(r"```yaml\n(type: vertical-stack\n.*?)```", (ROOT / "docs" / "home-assistant.md").read_text(), re.S)[1]
# The card of the docs as the one card of the one view.
DASHBOARD = "title: Home\nviews:\n  - title: Wallbox\n    cards:\n      - " + CARD.replace("\n", "\n        ") + "\n"


def look(assistant, picture, press, until, after):
    """Open the dashboard, press a button by its name, call after(), and take a picture once the words `until` are to be read."""
    given = {"url": assistant.url, "tokens": assistant.tokens, "picture": str(picture), "press": press, "until": until,
             "chromium": program("chromium")}
    picture.parent.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen([sys.executable, ROOT / "tests" / "home" / "page.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as page:
        page.stdin.write(json.dumps(given) + "\n")
        page.stdin.flush()
        said = page.stdout.readline()
        assert said == "pressed\n", said + page.stdout.read()
        try:
            after()
        finally:
            said = page.communicate("\n")[0]
        assert page.returncode == 0, said
