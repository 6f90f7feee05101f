"""Sources of prices for tests: settings made as home.toml makes them, and a web server that answers what a test wants."""
import http.server
import pathlib
import tempfile
import threading

from tests.support.house import given
from home import settings


def source(folder=None, key=None, **table):
    """The settings.PriceSource of a [[price_source]]; without url, file or topics in it of one with a url."""
    folder = pathlib.Path(folder or tempfile.gettempdir())
    if key:
        (folder / "price.key").write_text(key)
        (folder / "price.key").chmod(0o600)
        table["key_file"] = "price.key"
    return checked(folder, {"name": "spot", "timezone": "Europe/Berlin", **table}).price_sources[0]


def checked(folder, *tables, **others):
    """The Settings of a house with these [[price_source]]."""
    return settings.checked(given(price_source=[dict(table) for table in tables], **others), folder)


class PriceServer:
    """url; answers: [(status, headers, text)], one a request, the last for ever. requests: [(path, headers, body)]."""

    def __init__(self, *answers):
        self.answers, self.requests = list(answers), []
        its = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                length = int(self.headers.get("Content-Length", 0))
                its.requests.append((self.path, dict(self.headers), self.rfile.read(length).decode()))
                status, headers, text = its.answers.pop(0) if len(its.answers) > 1 else its.answers[0]
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            do_POST = do_GET

            def log_message(self, *_args):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
