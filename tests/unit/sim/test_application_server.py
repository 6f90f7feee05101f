"""The Things Stack's MQTT over a real broker on loopback, with an independent client."""

import json
import queue
import socket
import threading
import time

import paho.mqtt.client as paho
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sim.mqtt import application_server, downlink_requests
from sim.mqtt.broker import Broker
from ttn.formatter import Formatter

TOPIC = 'v3/ev-charger@ttn/devices/wallbox/'
WAIT_S = 10
RESET = b'{"downlinks":[{"f_port":1,"confirmed":true,"decoded_payload":{"mode":"Reset Charger"}}]}'


@pytest.fixture(scope='module')
def formatter():
    return Formatter()


@pytest.fixture(scope='module')
def broker():
    broker = Broker(0)
    broker.start()
    yield broker
    broker.stop()


class Stranger:
    """A client of another make than ours: paho as a home server uses it."""

    def __init__(self, port):
        self.got = queue.Queue()
        self._subscribed = threading.Event()
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self.client.on_connect = lambda client, *rest: client.subscribe('v3/#')
        self.client.on_subscribe = lambda *rest: self._subscribed.set()
        self.client.on_message = lambda client, userdata, message: self.got.put((message.topic, message.payload))
        self.client.connect('127.0.0.1', port)
        self.client.loop_start()
        assert self._subscribed.wait(WAIT_S)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def stranger(broker):
    stranger = Stranger(broker.port)
    yield stranger
    stranger.close()


def until(condition):
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def ours(broker):
    pushed = queue.Queue()
    client = application_server.ApplicationServer('127.0.0.1', broker.port, TOPIC, lambda replace, body: pushed.put((replace, body)))
    client.pushed = pushed
    client.start()
    until(lambda: client.ready)
    yield client
    client.stop()


# --- the connection

def test_a_push_from_a_stranger_is_delivered(ours, stranger):
    stranger.client.publish(TOPIC + 'down/push', RESET)
    assert ours.pushed.get(timeout=WAIT_S) == (False, RESET)
    stranger.client.publish(TOPIC + 'down/replace', b'{}')
    assert ours.pushed.get(timeout=WAIT_S) == (True, b'{}')


def test_what_is_published_reaches_a_stranger_as_json(ours, stranger):
    ours.publish('up', {'uplink_message': {'decoded_payload': {'state': 'Charging', 'text': 'Ω\ud800'}}})
    topic, payload = stranger.got.get(timeout=WAIT_S)
    assert topic == 'v3/ev-charger@ttn/devices/wallbox/up'
    assert json.loads(payload)['uplink_message']['decoded_payload']['state'] == 'Charging'


def test_a_push_for_another_device_is_not_ours(ours, stranger):
    stranger.client.publish('v3/ev-charger@ttn/devices/other/down/push', RESET)
    stranger.client.publish(TOPIC + 'down/push', b'last')
    assert ours.pushed.get(timeout=WAIT_S) == (False, b'last')


def test_a_retained_push_is_no_command(broker, stranger):
    stranger.client.publish(TOPIC + 'down/push', RESET, retain=True)
    stranger.got.get(timeout=WAIT_S)
    pushed = queue.Queue()
    late = application_server.ApplicationServer('127.0.0.1', broker.port, TOPIC, lambda replace, body: pushed.put(body))
    late.start()
    until(lambda: late.ready)
    stranger.client.publish(TOPIC + 'down/push', b'', retain=True)
    stranger.client.publish(TOPIC + 'down/push', b'live')
    bodies = [pushed.get(timeout=WAIT_S)]
    while bodies[-1] != b'live':
        bodies.append(pushed.get(timeout=WAIT_S))
    late.stop()
    assert RESET not in bodies


def test_publishing_without_a_broker_is_lost_and_no_error():
    client = application_server.ApplicationServer('127.0.0.1', 1, TOPIC, None)
    client.start()
    client.publish('up', {})
    assert not client.connected
    client.stop()


def test_the_connection_comes_back_by_itself():
    broker = Broker(0)
    broker.start()
    client = application_server.ApplicationServer('127.0.0.1', broker.port, TOPIC, None)
    client.start()
    until(lambda: client.ready)
    broker.stop()
    until(lambda: not client.connected)
    again = Broker(broker.port)
    again.start()
    assert again.port == broker.port
    until(lambda: client.ready)
    client.stop()
    again.stop()


# --- the broker

def test_a_second_broker_takes_another_port(broker):
    second = Broker(broker.port)
    second.start()
    assert second.port != broker.port
    second.stop()


def test_the_broker_listens_on_loopback_only(broker):
    with socket.create_connection(('127.0.0.1', broker.port), WAIT_S):
        pass
    with pytest.raises(OSError):
        socket.create_connection(('127.0.0.2', broker.port), 1)


def test_the_broker_survives_garbage(broker, ours, stranger):
    with socket.create_connection(('127.0.0.1', broker.port), WAIT_S) as raw:
        raw.sendall(b'GET / HTTP/1.1\r\n\r\n' * 20)
    with socket.create_connection(('127.0.0.1', broker.port), WAIT_S) as raw:
        raw.sendall(b'\x10\xff\xff\xff\x7f' + bytes(100))
    stranger.client.publish(TOPIC + 'down/push', RESET)
    assert ours.pushed.get(timeout=WAIT_S) == (False, RESET)


def test_a_stopped_broker_leaves_no_thread_and_no_port():
    before = set(threading.enumerate())
    broker = Broker(0)
    broker.start()
    guest = Stranger(broker.port)
    broker.stop()
    broker.stop()
    guest.close()
    assert set(threading.enumerate()) <= before
    with pytest.raises(OSError):
        socket.create_connection(('127.0.0.1', broker.port), 1)


# --- addresses and topics

@pytest.mark.parametrize('text, address', [
    ('localhost', ('localhost', 1883)), ('192.168.1.10:8883', ('192.168.1.10', 8883)), ('[::1]:1884', ('::1', 1884)), ('[::1]', ('::1', 1883))])
def test_an_address(text, address):
    assert application_server.address(text) == address


@pytest.mark.parametrize('text', ['', ':1883', 'host:', 'host:port', 'host:0', 'host:70000', 'host:-1'])
def test_a_bad_address_is_named(text):
    with pytest.raises(ValueError, match='HOST:PORT'):
        application_server.address(text)


def test_a_stack_without_tenants_has_none_in_its_topics():
    assert application_server.topic_of('app', '', 'dev') == 'v3/app/devices/dev/'


# --- what a push says

def refused(body, formatter):
    with pytest.raises(downlink_requests.Refused) as caught:
        downlink_requests.items_of_body(body, formatter, 0)
    return caught.value.args[0]


def test_the_push_of_home_manager_is_one_confirmed_byte(formatter):
    assert downlink_requests.items_of_body(RESET, formatter, 0) == [
        {'f_port': 1, 'payload': b'\x03', 'confirmed': True, 'priority': 'LOWEST', 'correlation_ids': []}]


def test_bytes_win_over_words(formatter):
    body = b'{"downlinks":[{"f_port":9,"frm_payload":"qg==","decoded_payload":{"mode":"Reset Charger"},"priority":"HIGH","correlation_ids":["x"]}]}'
    assert downlink_requests.items_of_body(body, formatter, 0) == [
        {'f_port': 9, 'payload': b'\xaa', 'confirmed': False, 'priority': 'HIGH', 'correlation_ids': ['x']}]


def test_empty_bytes_are_absent_bytes(formatter):
    body = b'{"downlinks":[{"frm_payload":"","decoded_payload":{"mode":"Lock Outlet"}}]}'
    assert downlink_requests.items_of_body(body, formatter, 0)[0]['payload'] == b'\x01'
    assert downlink_requests.items_of_body(b'{"downlinks":[{"f_port":5}]}', formatter, 0)[0]['payload'] == b''


@pytest.mark.parametrize('body', [b'{}', b'{"downlinks":[]}'])
def test_an_empty_list_is_no_error(formatter, body):
    assert downlink_requests.items_of_body(body, formatter, 0) == []


@pytest.mark.parametrize('body, why', [
    (b'', 'not JSON'), (b'reset', 'not JSON'), (b'\xff\xfe', 'not JSON'), (b'[' * 60000, 'not JSON'), (b'{"downlinks":NaN}', 'not JSON'),
    (b'1' * 5000, 'not JSON'), (b' ' * 70000, '70000 bytes are too many'), (b'[]', 'not {"downlinks": [...]}'), (b'"x"', 'not {"downlinks": [...]}'),
    (b'{"downlinks":{}}', 'not {"downlinks": [...]}'), (b'{"downlinks":null}', 'not {"downlinks": [...]}'),
    (b'{"downlinks":[3]}', 'downlink 1: not an object'),
    (b'{"downlinks":[' + b'{},' * 100 + b'{}]}', '101 downlinks are too many'),
    (b'{"downlinks":[{}]}', 'downlink 1: f_port must be 1..255, not 224'),
    (b'{"downlinks":[{"f_port":224,"frm_payload":"qg=="}]}', 'downlink 1: f_port must be 1..255, not 224'),
    (b'{"downlinks":[{"f_port":256,"frm_payload":"qg=="}]}', 'downlink 1: f_port must be 1..255, not 224'),
    (b'{"downlinks":[{"f_port":"1","frm_payload":"qg=="}]}', 'downlink 1: f_port must be a whole number'),
    (b'{"downlinks":[{"f_port":true,"frm_payload":"qg=="}]}', 'downlink 1: f_port must be a whole number'),
    (b'{"downlinks":[{"f_port":1.5,"frm_payload":"qg=="}]}', 'downlink 1: f_port must be a whole number'),
    (b'{"downlinks":[{"f_port":1,"frm_payload":"03"}]}', 'downlink 1: frm_payload must be base64'),
    (b'{"downlinks":[{"f_port":1,"frm_payload":"\xc3\xa9\xc3\xa9=="}]}', 'downlink 1: frm_payload must be base64'),
    (b'{"downlinks":[{"f_port":1,"frm_payload":[3]}]}', 'downlink 1: frm_payload must be base64'),
    (b'{"downlinks":[{"f_port":1,"frm_payload":"' + b'A' * 344 + b'"}]}', 'downlink 1: 258 bytes are too many'),
    (b'{"downlinks":[{"f_port":1,"decoded_payload":"Reset Charger"}]}', 'downlink 1: decoded_payload must be an object'),
    (b'{"downlinks":[{"f_port":1,"frm_payload":"qg==","confirmed":"yes"}]}', 'downlink 1: confirmed must be true or false'),
    (b'{"downlinks":[{"f_port":1,"frm_payload":"qg==","priority":"URGENT"}]}', 'downlink 1: priority must be one of LOWEST'),
    (b'{"downlinks":[{"f_port":1,"frm_payload":"qg==","priority":[]}]}', None),
    (b'{"downlinks":[{"f_port":1,"frm_payload":"qg==","priority":{"a":1}}]}', 'downlink 1: priority must be one of LOWEST'),
    (b'{"downlinks":[{"f_port":1,"frm_payload":"qg==","correlation_ids":"x"}]}', 'downlink 1: correlation_ids must be texts'),
    (b'{"downlinks":[{"f_port":1,"frm_payload":"qg==","correlation_ids":["' + b'x' * 101 + b'"]}]}', 'downlink 1: correlation_ids must be texts'),
])
def test_a_bad_push_is_refused_with_its_reason(formatter, body, why):
    if why is None:
        assert len(downlink_requests.items_of_body(body, formatter, 0)) == 1
    else:
        assert refused(body, formatter).startswith(why)


def test_one_bad_downlink_refuses_all(formatter):
    body = b'{"downlinks":[{"f_port":1,"frm_payload":"Aw=="},{"decoded_payload":{"mode":"Explode"}}]}'
    assert refused(body, formatter).startswith('downlink 2: mode')


def test_the_reason_names_all_commands_that_there_are(formatter):
    told = refused(b'{"downlinks":[{"decoded_payload":{"command":"fly"}}]}', formatter)
    assert told.startswith('downlink 1: command: must be one of lock, ') and told.endswith(', report, reboot')


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(['Aw==', 'HIGH', 'Reset Charger']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ['downlinks', 'f_port', 'frm_payload', 'decoded_payload', 'confirmed', 'priority', 'correlation_ids', 'mode']), inner, max_size=5),
    max_leaves=12)


@settings(max_examples=300)
@given(st.one_of(st.binary(max_size=80), json_values.map(lambda value: json.dumps(value).encode()),
                 st.lists(json_values, max_size=2).map(lambda value: json.dumps({'downlinks': value}).encode())))
def test_no_body_does_anything_but_be_refused_or_queued(formatter, body):
    try:
        items = downlink_requests.items_of_body(body, formatter, 0)
    except downlink_requests.Refused as problem:
        assert problem.args[0].isprintable() and len(problem.args[0]) <= downlink_requests.LONGEST_PROBLEM
        return
    for item in items:
        assert 1 <= item['f_port'] <= 255 and len(item['payload']) <= 255 and item['confirmed'] in (True, False)


# --- what is added to the network's messages

@pytest.mark.parametrize('name', ['downlink_queued', 'downlink_sent', 'downlink_ack', 'downlink_nack'])
def test_a_downlink_s_message_says_what_the_bytes_mean(formatter, name):
    message = {'end_device_ids': {}, name: {'f_port': 1, 'frm_payload': 'Aw=='}}
    told = application_server.with_decoded(message, formatter)
    assert told[name] == {'f_port': 1, 'frm_payload': 'Aw==', 'decoded_payload': {'mode': 'Reset Charger'}}
    assert 'decoded_payload' not in message[name]


def test_a_failed_downlink_s_message_does_too(formatter):
    told = application_server.with_decoded({'downlink_failed': {'downlink': {'f_port': 1, 'frm_payload': 'AQ=='}, 'error': {}}}, formatter)
    assert told['downlink_failed']['downlink']['decoded_payload'] == {'mode': 'Lock Outlet'}


@pytest.mark.parametrize('downlink', [{'f_port': 1, 'frm_payload': '7w=='}, {'f_port': 1}, {'frm_payload': 'Aw=='}])
def test_bytes_that_mean_nothing_stand_alone(formatter, downlink):
    assert application_server.with_decoded({'downlink_sent': downlink}, formatter) == {'downlink_sent': downlink}


def test_messages_carry_the_ids_of_their_topic():
    message = {'end_device_ids': {'device_id': 'a', 'application_ids': {'application_id': 'b'}, 'dev_eui': 'E'}, 'x': 1}
    assert application_server.with_ids(message, 'app', 'dev') == {
        'end_device_ids': {'device_id': 'dev', 'application_ids': {'application_id': 'app'}, 'dev_eui': 'E'}, 'x': 1}
