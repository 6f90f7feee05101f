"""The service of the house with a real broker: what comes is in the session book, through outages of everything, and it names each error."""
import collections
import json
import random
import time
from datetime import datetime, timezone

import pytest
from sim.mqtt.storage_integration import StorageIntegration
from tests.home.brokers import APP, DEVICE, KEY, THERE
from tests.home.client import client, until
from tests.home.house_process import START_S, HouseProcess

DAY_S = 86400
# Far enough for the records of the longest test, 40 minutes apart.
BEGIN_S = int(time.time()) - 200 * DAY_S


def rfc3339(utc_s):
    return datetime.fromtimestamp(utc_s, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")


class Network:
    """The stack's side: publishes session records on the broker, and keeps them in its Storage Integration."""

    def __init__(self, stack, storage):
        self.storage = storage
        self._port = stack.network_port
        self._number = 0

    def uplink(self):
        """The next session record; its number."""
        self._number += 1
        began_s = BEGIN_S + 2400 * self._number
        message = {
            "end_device_ids": {"device_id": DEVICE, "application_ids": {"application_id": APP}}, "received_at": rfc3339(time.time()),
            "uplink_message": {
                "session_key_id": "AYfg8rhha5n+FWx0ZaAprA==", "f_port": 13, "f_cnt": self._number, "frm_payload": "EwA=",
                "received_at": rfc3339(time.time()), "decoded_payload": {
                    "type": "session", "state": "Charged", "reason": "vehicle_full", "started_at": began_s, "duration_min": 30, "session_kwh": 1.0,
                    "energy_estimated": False, "session_number": self._number % 128}}}
        self.storage.keep(message)
        return self._number, message

    def send(self, count):
        """That number of records, to all that listen on the broker."""
        with client(self._port) as out:
            for _ in range(count):
                number, message = self.uplink()
                out.publish(THERE + "up", json.dumps(message).encode())


@pytest.fixture
def storage():
    made = StorageIntegration(APP, time.time, KEY)
    made.start()
    yield made
    made.stop()


def numbers(house):
    return [one.get("number", one.get("gap")) for one in house.get("sessions") or []]


def wait_for_numbers(house, count, within_s=120):
    until(lambda: numbers(house) == list(range(1, count + 1)), lambda: f"... {numbers(house)[-9:]}\n{house.said()}", within_s)


def wait_connected(house, times=1):
    until(lambda: house.said().count(" connected\n") >= times, house.said, 30)


def test_what_comes_is_in_the_book_and_what_was_missed_is_fetched(tmp_path, stack, storage):
    network = Network(stack, storage)
    network.uplink(), network.uplink()      # while nobody listened
    with HouseProcess(tmp_path / "house", stack.port, storage.url) as house:
        wait_for_numbers(house, 2)
        wait_connected(house)
        network.send(3)
        wait_for_numbers(house, 5, 5)
        stack.stop()
        until(lambda: "the line is gone" in house.said(), house.said)
        network.uplink(), network.uplink()
        stack.start()
        wait_connected(house, 2)
        network.send(1)
        wait_for_numbers(house, 8)
        assert house.stop() == 0
        network.uplink()
        house.start()
        wait_for_numbers(house, 9)
        assert "were new" in house.said() and "Traceback" not in house.said()


def test_killed_at_any_moment_it_has_every_record_once(tmp_path, stack, storage, evidence, kills=8):
    network, chance = Network(stack, storage), random.Random(16)
    with HouseProcess(tmp_path / "house", stack.port, storage.url) as house:
        wait_connected(house)
        sent = 0
        for _ in range(kills):
            network.send(10)
            sent += 10
            time.sleep(chance.uniform(0, 0.3))
            house.kill()
            # One in four dies while it starts, the others at work: fetching what was missed, and hearing what comes.
            is_early = chance.random() < 0.25
            house.start(*[0] if is_early else [])
            time.sleep(chance.uniform(0, 1))
        house.kill()
        house.start()
        wait_for_numbers(house, sent)
        found = collections.Counter(numbers(house))
        wrong = [number for number in range(1, sent + 1) if found[number] != 1]
        evidence(f"records that the book lacks or has twice after {kills} kills (-9) of the service", len(wrong), 0)
        assert wrong == [] and found.total() == sent and "Traceback" not in house.said()


@pytest.mark.long
def test_killed_at_300_moments_it_has_every_record_once(tmp_path, stack, storage, evidence):
    test_killed_at_any_moment_it_has_every_record_once(tmp_path, stack, storage, evidence, 300)


def test_a_key_that_the_broker_refuses_is_said_once_and_it_tries_on(tmp_path, stack):
    with HouseProcess(tmp_path / "house", stack.port, key="NNSXS.WRONG") as house:
        until(lambda: "refuses the login" in house.said(), house.said)
        time.sleep(5)
        assert house.said().count("refuses the login: Not authorized. Is it this application's key that key_file holds?") == 1
        assert house.get("devices")[0]["network_connected"] is False


def test_a_key_without_the_right_to_read_names_the_right(tmp_path, stack, storage):
    storage.readers = set()
    with HouseProcess(tmp_path / "house", stack.port, storage.url) as house:
        until(lambda: "the key lacks the right RIGHT_APPLICATION_TRAFFIC_READ" in house.said(), house.said)
        Network(stack, storage).send(1)
        wait_for_numbers(house, 1)


def test_its_memory_stays_within_its_bounds(tmp_path, stack, storage, evidence):
    network = Network(stack, storage)
    with HouseProcess(tmp_path / "house", stack.port, storage.url) as house:
        wait_connected(house)
        for _ in range(10):
            network.send(200)
            numbers(house)
        wait_for_numbers(house, 2000)
        used = house.memory_mb()
        evidence("memory of the service of the house with 2,000 sessions, MB", round(used), 120)
        assert used <= 120


def test_two_services_cannot_share_a_port(tmp_path, stack):
    with HouseProcess(tmp_path / "house", stack.port) as house:
        second = HouseProcess(tmp_path / "second", stack.port)
        second.config.write_text(second.config.read_text().replace(str(second.web), str(house.web)))
        second.start(patience_s=0)
        assert second._process.wait(START_S) == 2
        assert "cannot be listened on: is the service running already, or is this no address of this computer?" in second.said()
