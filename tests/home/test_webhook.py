"""Messages of the running service, by a webhook: an event on the broker becomes one message, over a restart too, and no address is in the log."""
import http.server
import json
import threading
import time

import pytest
from tests.home.brokers import APP, DEVICE, THERE, Stack
from tests.home.client import client, until
from tests.home.house_process import HouseProcess
from tests.home.test_service import rfc3339

LIMIT_S = 30


class WebhookOfTheHouse(http.server.BaseHTTPRequestHandler):
    heard = []

    def do_POST(self):
        self.heard.append((time.monotonic(), json.loads(self.rfile.read(int(self.headers["Content-Length"])))["title"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words):
        pass


@pytest.fixture
def hook():
    WebhookOfTheHouse.heard = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), WebhookOfTheHouse)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"json://me:secret@127.0.0.1:{server.server_address[1]}/hook"
    server.shutdown()
    server.server_close()
    thread.join()


def event(number, word):
    data = {"type": "event", "state": "Charged", "event": word, "code": "B2", "event_number": number, "event_at": int(time.time())}
    return json.dumps({
        "end_device_ids": {"device_id": DEVICE, "application_ids": {"application_id": APP}}, "received_at": rfc3339(time.time()),
        "uplink_message": {"session_key_id": "AYfg8rhha5n+FWx0ZaAprA==", "f_port": 15, "f_cnt": number, "frm_payload": "FQA=",
                           "received_at": rfc3339(time.time()), "decoded_payload": data}})


def titles():
    return [title for _, title in WebhookOfTheHouse.heard]


def test_an_event_is_one_message_over_a_restart_too(tmp_path, hook, evidence):
    stack = Stack(tmp_path / "stack")
    stack.start()
    try:
        with HouseProcess(tmp_path / "house", stack.port) as house:
            house.stop()
            house.config.write_text(f'{house.config.read_text()}[notify]\nurls = ["{hook}"]\n')
            house.start()
            until(lambda: house.said().count(" connected\n") == 2, house.said, 30)
            with client(stack.network_port) as out:
                began_s = time.monotonic()
                out.publish(THERE + "up", event(1, "finished"))
                until(lambda: titles() == ["The car has finished charging"], lambda: f"{titles()}\n{house.said()}", LIMIT_S)
                evidence("s from an event on the broker to its message", round(WebhookOfTheHouse.heard[0][0] - began_s, 1), LIMIT_S)
                assert house.stop() == 0
                house.start()
                until(lambda: house.said().count(" connected\n") == 3, house.said, 30)
                out.publish(THERE + "up", event(2, "fault"))
                until(lambda: len(titles()) > 1, lambda: f"{titles()}\n{house.said()}", LIMIT_S)
            assert titles() == ["The car has finished charging", "The wallbox has a fault"]
            assert "secret" not in house.said() and "Traceback" not in house.said()
    finally:
        stack.stop()
