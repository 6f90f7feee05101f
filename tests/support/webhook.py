"""A webhook on this machine: what is posted to it is kept, and it answers as it is told."""
import http.server
import json
import threading
import time


class Webhook(http.server.ThreadingHTTPServer):
    """heard: [(monotonic seconds, what was posted), ...]; status: what it says to that; url: in the words of apprise. For a with statement."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Answer)
        self.heard, self.status = [], 200
        self.url = f"json://user:secret@127.0.0.1:{self.server_address[1]}/hook"
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *problem):
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.heard.append((time.monotonic(), json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        self.send_response(self.server.status)
        if 300 <= self.server.status < 400:
            self.send_header("Location", "/login")
        self.end_headers()

    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words):
        pass
