"""`python -m home run` as a process, with a home.toml of its own on a stand-in for the stack."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import urllib.error
import urllib.request

from tests.home.brokers import APP, DEVICE, HOST, KEY, ROOT, free_port
from tests.home.client import until

START_S = 300
TOML = """\
[[network]]
name = "stack"
host = "{host}"
port = {port}
tls = false
application = "{app}"
key_file = "key"
{storage}
[[device]]
id = "{device}"
timezone = "Australia/Sydney"
[store]
url = "{store}"
[web]
listen = "127.0.0.1:{web}"
"""


class HouseProcess:
    """start(), then stop() or kill(); get() asks its API. storage_url: of the simulated Storage Integration."""

    def __init__(self, folder, port, storage_url=None, key=KEY, store="sqlite:///home.db"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / "house.log"
        self.web = free_port()
        self.config = self.folder / "home.toml"
        self._process = None
        (self.folder / "key").write_text(key)
        (self.folder / "key").chmod(0o600)
        storage = f'storage_url = "{storage_url}"' if storage_url else ""
        self.config.write_text(TOML.format(host=HOST, port=port, app=APP, device=DEVICE, storage=storage, store=store, web=self.web))

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *problem):
        self.kill()

    def start(self, patience_s=START_S):
        """Return once it answers."""
        with open(self.log, "ab") as said:
            self._process = subprocess.Popen([sys.executable, "-m", "home", "run", "--config", self.config], cwd=ROOT, stdout=said, stderr=said,
                                             stdin=subprocess.DEVNULL)
        if patience_s:
            until(lambda: self._process.poll() is not None or self.get("devices"), self.said, patience_s)
            assert self._process.poll() is None, self.said()

    def stop(self, within_s=20):
        """As systemd does it; its status."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(within_s)

    def kill(self):
        if self._process and self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGKILL)
        if self._process:
            self._process.wait()

    def memory_mb(self):
        """What it has in memory now."""
        for line in pathlib.Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return None

    def said(self):
        return self.log.read_text()

    def get(self, path):
        """What the API answers, or None while it does not."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.web}/api/v1/{path}", timeout=5) as answer:
                return json.load(answer)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return None
