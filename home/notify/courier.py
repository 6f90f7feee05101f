"""Carries one message to one address, by apprise, in a process of its own: it takes 50 MB while it works, and may hang.

`python -m home.notify.courier` reads {"url", "title", "text"} from its standard input, so that the address, which may hold a password, is on no
command line. Status 0: delivered; 1: not; 2: no address that apprise knows.
"""
import json
import logging
import pathlib
import re
import subprocess
import sys

DELIVERED, NOT_DELIVERED, UNKNOWN = 0, 1, 2
PATIENCE_S = 45
ROOT = pathlib.Path(__file__).resolve().parents[2]


class Courier:
    """deliver() from one thread, abort() from any other."""

    def __init__(self, patience_s=PATIENCE_S):
        self._patience_s = patience_s
        self._process = None

    def deliver(self, url, title, text):
        """DELIVERED, NOT_DELIVERED or UNKNOWN."""
        try:
            self._process = subprocess.Popen([sys.executable, "-m", "home.notify.courier"], cwd=ROOT, stdin=subprocess.PIPE,
                                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except OSError:
            return NOT_DELIVERED
        try:
            self._process.communicate(json.dumps({"url": url, "title": title, "text": text}).encode(), self._patience_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        return self._process.returncode if self._process.returncode in (DELIVERED, UNKNOWN) else NOT_DELIVERED

    def abort(self):
        """What is under way is not delivered."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()


def kind(url):
    """The kind of an address, as ntfy: all of it that may be shown."""
    found = re.match(r"[a-z][a-z0-9]{0,20}(?=s?://)", url)
    return found[0] if found else "unknown"


def main():
    import apprise
    # Its own log would have the address.
    logging.disable(logging.CRITICAL)
    given = json.load(sys.stdin)
    # A page of a login that answers well has no message. Who is moved for good writes the new address; ?redirect=yes follows all the same.
    one = apprise.Apprise.instantiate(given["url"], asset=apprise.AppriseAsset(http_redirects=False))
    if one is None:
        return UNKNOWN
    carrier = apprise.Apprise()
    carrier.add(one)
    return DELIVERED if carrier.notify(body=given["text"], title=given["title"]) else NOT_DELIVERED


if __name__ == "__main__":
    sys.exit(main())
