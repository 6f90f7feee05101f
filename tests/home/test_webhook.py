"""Messages of the running service, by a webhook: an event on the broker becomes one message, over a restart too, and no address is in the log."""
import json
import time

from tests.home.brokers import APP, DEVICE, THERE
from tests.home.client import client, until
from tests.home.house_process import HouseProcess
from tests.home.test_service import rfc3339
from tests.support.webhook import Webhook

LIMIT_S = 30


def event(number, word):
    data = {"type": "event", "state": "Charged", "event": word, "code": "B2", "event_number": number, "event_at": int(time.time())}
    return json.dumps({
        "end_device_ids": {"device_id": DEVICE, "application_ids": {"application_id": APP}}, "received_at": rfc3339(time.time()),
        "uplink_message": {"session_key_id": "AYfg8rhha5n+FWx0ZaAprA==", "f_port": 15, "f_cnt": number, "frm_payload": "FQA=",
                           "received_at": rfc3339(time.time()), "decoded_payload": data}})


def test_an_event_is_one_message_over_a_restart_too(tmp_path, stack, evidence):
    with Webhook() as hook, HouseProcess(tmp_path / "house", stack.port) as house:
        def titles():
            return [posted["title"] for _, posted in hook.heard]

        house.stop()
        house.config.write_text(f'{house.config.read_text()}[notify]\nurls = ["{hook.url}"]\n')
        house.start()
        until(lambda: house.said().count(" connected\n") == 2, house.said, 30)
        with client(stack.network_port) as out:
            began_s = time.monotonic()
            out.publish(THERE + "up", event(1, "finished"))
            until(lambda: titles() == ["The car has finished charging"], lambda: f"{titles()}\n{house.said()}", LIMIT_S)
            evidence("s from an event on the broker to its message", round(hook.heard[0][0] - began_s, 1), LIMIT_S)
            assert house.stop() == 0
            house.start()
            until(lambda: house.said().count(" connected\n") == 3, house.said, 30)
            out.publish(THERE + "up", event(2, "fault"))
            until(lambda: len(titles()) > 1, lambda: f"{titles()}\n{house.said()}", LIMIT_S)
        assert titles() == ["The car has finished charging", "The wallbox has a fault"]
        assert "secret" not in house.said() and "Traceback" not in house.said()
