"""linux/Containerfile, its steps carried out without a container: its files are enough, and the page behind a proxy asks for its password."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

import pytest

from tests.home.brokers import HOST, free_port
from tests.home.client import until

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE = ROOT / "linux" / "Containerfile"
PLACE, VOLUME = "/opt/ev-charger-monitor", "/var/lib/ev-charger-home"
PASSWORD = "correct horse"
TOML = """\
[[network]]
name = "ttn"
host = "127.0.0.1"
port = {closed}
tls = false
application = "my-app"
[[device]]
id = "wallbox"
name = "Garage"
timezone = "Europe/Berlin"
[web]
listen = "127.0.0.1:{port}"
host = "box.example.org"
behind_proxy = "127.0.0.1"
"""


class Image:
    """What the steps make, in a folder: place and volume. Users are not made, and the base is this computer's Python."""

    def __init__(self, folder):
        self.folder = folder
        self.entry = self.command = None
        for line in re.sub(r"\\\n", " ", FILE.read_text()).splitlines():
            word, _, rest = line.partition(" ")
            if line and not line.startswith("#"):
                getattr(self, f"_{word.lower()}")(rest)

    def at(self, path):
        return self.folder / path.lstrip("/")

    def _from(self, rest):
        assert ":" in rest and not rest.endswith(":latest")

    def _workdir(self, rest):
        self._work = self.at(rest)
        self._work.mkdir(parents=True, exist_ok=True)

    def _env(self, rest):
        self.environment = {**getattr(self, "environment", {}), **dict(one.split("=") for one in rest.split())}

    def _copy(self, rest):
        what, where = rest.split()
        if (ROOT / what).is_dir():
            shutil.copytree(ROOT / what, self._work / where, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / what, self._work / where)

    def _run(self, rest):
        if rest.startswith("useradd "):
            return
        rest = rest.replace("python3 ", sys.executable + " ").replace("-o 10001 -g 10001 ", "").replace(VOLUME, str(self.at(VOLUME)))
        subprocess.run(["sh", "-euc", rest], cwd=self._work, check=True, capture_output=True, timeout=600)

    def _user(self, rest):
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", rest)

    def _volume(self, rest):
        assert rest == VOLUME

    def _expose(self, rest):
        assert rest == "8080"

    def _entrypoint(self, rest):
        self.entry = re.findall(r'"([^"]+)"', rest)

    def _cmd(self, rest):
        self.command = re.findall(r'"([^"]+)"', rest)

    def start(self, *command, **more):
        """The entry point with that command instead of CMD."""
        inside = [part.replace(PLACE, str(self.at(PLACE))) for part in [*self.entry, *(command or self.command)]]
        environment = {name: value.replace(PLACE, str(self.at(PLACE))) for name, value in self.environment.items()}
        return subprocess.Popen(inside, cwd=self._work, env={"PATH": os.environ["PATH"], **environment}, text=True, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return Image(tmp_path_factory.mktemp("image"))


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *given):
        return None


def asked(port, path, data=None, **headers):
    """(status, headers, text), as a proxy with TLS passes it on."""
    told = {"Host": "box.example.org", "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "Accept": "text/html", **headers}
    request = urllib.request.Request(f"http://{HOST}:{port}{path}", data and urllib.parse.urlencode(data).encode(), told)
    try:
        with urllib.request.build_opener(_Stay).open(request, timeout=5) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.status, answer.headers, answer.read().decode()
    except OSError:
        return None, None, None


def test_its_steps_make_a_service_that_asks_for_the_password_behind_a_proxy(image):
    port = free_port()
    (image.at(VOLUME) / "home.toml").write_text(TOML.format(closed=free_port(), port=port))
    refused = image.start().communicate(timeout=60)[0]
    assert "web.behind_proxy: the page is seen by others, which needs a password or a token_file." in refused
    assert "is set." in image.start("password", "--stdin").communicate(PASSWORD + "\n", timeout=60)[0]
    running = image.start()
    try:
        until(lambda: running.poll() is not None or asked(port, "/login")[0] == 200, lambda: "no page came", 30)
        status, headers, text = asked(port, "/")
        assert (status, headers["location"]) == (303, "/login?next=%2F")
        _, headers, text = asked(port, "/login")
        cookie = headers["set-cookie"].partition(";")[0]
        form = {"csrf": re.search(r'name="csrf" value="([^"]+)"', text)[1], "password": PASSWORD, "next": "/"}
        assert cookie.startswith("__Host-") and asked(port, "/login", form, Cookie=cookie, Origin="http://box.example.org")[0] == 403
        status, headers, _ = asked(port, "/login", form, Cookie=cookie, Origin="https://box.example.org")
        assert (status, headers["location"]) == (303, "/")
        status, _, text = asked(port, "/", Cookie=headers["set-cookie"].partition(";")[0])
        assert status == 200 and "Logged in as owner." in text
    finally:
        running.terminate()
        said = running.communicate(timeout=30)[0]
    assert running.returncode == 0 and "page https://box.example.org/" in said, said
