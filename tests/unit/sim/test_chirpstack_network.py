"""The simulated ChirpStack: its queue, clock and commands; and every event that it publishes, judged by ChirpStack's own protobuf."""
import json

import pytest
from sim.live.live_run import LiveRun
from sim.lorawan import network_kinds
from sim.lorawan.chirpstack_messages import as_struct
from sim.lorawan.clock_server import chirpstack_answers, gps_us
from sim.mqtt import chirpstack_commands
from sim.mqtt.network_dialects import DIALECTS, IDS
from sim.mqtt.downlink_requests import Refused
from sim.scenario import complete
from sim.world import World
from tests.support import chirpstack_judge
from tests.support.air import START_UTC_S, joined
from tools.docgen.screenshot import Nobody
from tests.unit.sim.test_clock_server import GPS_S, SECOND_US, UTC_S, corrections, request
from ttn.formatter import Formatter

APPLICATION, DEV_EUI = IDS[network_kinds.CHIRPSTACK]
DIALECT = DIALECTS[network_kinds.CHIRPSTACK](APPLICATION, '', DEV_EUI)
COMMAND = {'f_port': 1, 'payload': b'\x03', 'queue_id': '1bbcab1d-6ec6-4136-b3f5-d63be1dc08de'}
OTHER = dict(COMMAND, payload=b'\x01', queue_id='42cb6459-a640-46ec-9623-bdff39dc4736')


@pytest.fixture(scope='module')
def formatter():
    return Formatter()


def decode(f_port, payload):
    return {'state': 'Charging'} if payload == b'\xa1' else None


def air_of_chirpstack(klass='C'):
    return joined(klass, decode=decode, **DIALECT.network_options()).run(3000)


def told(air, since=0):
    """(end of the topic, code or '', queue item's id or None) of what it said of downlinks."""
    return [(suffix, message.get('code', ''), message.get('queueItemId') or message.get('context', {}).get('queue_item_id'))
            for suffix, _, message in air.messages[since:] if suffix not in ('event/up', 'event/join', 'event/status')]


# --- what it publishes

def an_evening():
    """What is published while a car comes, charges by plan and by start, a fault comes and goes, and a gateway is away for half an hour."""
    decoded = [
        (900, {'timezone': 'UTC0'}), (1200, {'plan': {'windows': [{'days': 'daily', 'from': '08:00', 'to': '09:00'}]}}),
        (5000, {'command': 'start', 'id': 3}), (6500, {'command': 'report', 'id': 4, 'what': 'device'}),
        (7000, {'command': 'report', 'id': 5, 'what': 'plan'}),
        (8500, {'command': 'stop', 'id': 6}), (9000, {'command': 'unlock', 'id': 7})]
    events = [{'t': 600, 'do': 'plug'}, {'t': 7500, 'do': 'fault', 'code': 'F9'}, {'t': 7800, 'do': 'clear_fault'},
              {'t': 8400, 'do': 'gateway_down', 'for_s': 1800}, {'t': 11000, 'do': 'unplug'}, {'t': 11400, 'do': 'monitor_power', 'on': False},
              {'t': 11500, 'do': 'monitor_power', 'on': True}, {'t': 5400, 'do': 'downlink', 'f_port': 1, 'payload_hex': '01', 'confirmed': True},
              *[{'t': t, 'do': 'downlink', 'data': data} for t, data in decoded]]
    published = []
    world = World(complete({'duration_s': 13000, 'events': events, 'charger': {'panel_frames': False}}),
                  lambda suffix, message: published.append((suffix, json.dumps(message))),
                  network={**DIALECT.network_options(), 'path_loss_db': (125, 138)})
    world.network.kind = world.network.kind._replace(class_c_timeout_us=20_000_000)
    world.kernel.at(8_500_000_000, world.network.push, [dict(COMMAND, expires_at_s=START_UTC_S + 8600)])
    world.kernel.at(9_600_000_000, world.network.push, [{'f_port': 20, 'payload': bytes(250)}])
    world.run(13000)
    return published


def test_every_event_of_an_evening_is_as_chirpstack_s_own_protobuf_writes_it(evidence):
    published = an_evening()
    found = [difference for suffix, body in published for difference in chirpstack_judge.differences(suffix, body)]
    evidence('unknown fields, wrong types and other differences, by chirpstack-api, in events of the simulated ChirpStack', len(found), 0)
    evidence('events that were judged', len(published), 40)
    assert found == [] and len(published) >= 40
    codes = {json.loads(body).get('code') for suffix, body in published if suffix == 'event/log'}
    assert {suffix for suffix, _ in published} >= {'event/up', 'event/join', 'event/txack', 'event/ack', 'event/log'}
    assert codes == {'EXPIRED', 'DOWNLINK_PAYLOAD_SIZE'}


def test_the_status_that_the_network_asks_for_once_a_day_is_an_event_of_its_own():
    air = air_of_chirpstack().run(86_400)
    for _ in range(3):
        air.up(seconds=60)
    suffix, _, message = next(one for one in air.messages if one[0] == 'event/status')
    assert message['externalPowerSource'] is True and chirpstack_judge.differences(suffix, json.dumps(message)) == []


def test_a_frame_without_data_of_the_codec_has_no_object_and_a_log_event_before_it():
    air = air_of_chirpstack()
    air.up(b'\xff', port=10)
    (log, _, said), (up, _, message) = air.messages[-2:]
    assert (log, said['code'], said['level'], up) == ('event/log', 'UPLINK_CODEC', 'ERROR', 'event/up') and 'object' not in message
    assert said['context']['deduplication_id'] == message['deduplicationId']


def test_a_number_has_a_point_and_a_zero_of_the_codec_stays():
    assert json.dumps(as_struct({'a': [0, 16, True, None, 'x'], 'b': {'c': 0.25}})) == '{"a": [0.0, 16.0, true, null, "x"], "b": {"c": 0.25}}'


# --- the queue

def test_nothing_is_said_of_what_is_queued_and_txack_comes_when_the_gateway_takes_it():
    air = air_of_chirpstack()
    since, pushed_us = len(air.messages), air.kernel.now_us
    assert air.network.push([COMMAND]) == [] and len(air.messages) == since
    air.run(10)
    assert told(air, since) == [('event/txack', '', COMMAND['queue_id'])]
    assert air.messages[since][1] - pushed_us == 1_000_000 and air.messages[since][2]['txInfo']['timing'] == {'immediately': {}}
    assert air.of('downlink')[-1]['received']


def test_an_id_that_waits_already_refuses_the_new_one_in_silence_and_is_free_again_once_it_was_sent():
    air = air_of_chirpstack()
    air.network.push([COMMAND])
    (refused,) = air.network.push([COMMAND])
    assert refused.queue_id == COMMAND['queue_id'] and len(air.network.queue) == 1
    air.run(10)
    assert air.network.push([COMMAND]) == []


def test_class_c_downlinks_go_out_in_order_five_seconds_apart():
    air = air_of_chirpstack()
    air.network.push([OTHER, COMMAND])
    air.run(20)
    first, second = air.of('downlink')[-2:]
    assert (first['hex'], second['hex']) == ('01', '03') and second['t_us'] - first['t_us'] == 5_000_000


def test_what_expired_or_is_too_long_goes_when_its_turn_comes_with_a_log_event():
    air = air_of_chirpstack()
    since = len(air.messages)
    air.network.gateway_down(air.kernel.now_us + 60_000_000)
    air.network.push([dict(COMMAND, expires_at_s=START_UTC_S + air.kernel.now_us // 1_000_000 + 30), dict(OTHER, payload=bytes(250))])
    air.run(40)
    assert told(air, since) == []
    air.up(seconds=40)
    assert told(air, since) == [('event/log', 'EXPIRED', COMMAND['queue_id']), ('event/log', 'DOWNLINK_PAYLOAD_SIZE', OTHER['queue_id'])]
    assert len(air.network.queue) == 0


@pytest.mark.parametrize('klass', ['A', 'C'])
def test_a_confirmed_one_is_sent_once_and_holds_the_others_up_until_it_is_acknowledged_or_given_up(klass):
    air = air_of_chirpstack(klass)
    air.network.downlink_loss = 1.0
    since = len(air.messages)
    air.network.push([dict(COMMAND, confirmed=True), OTHER])
    if klass == 'A':
        air.up()
    air.run(30)
    assert told(air, since) == [('event/txack', '', COMMAND['queue_id'])]
    air.run(60)
    if klass == 'A':
        air.up()
    assert told(air, since)[1:3] == [('event/ack', '', COMMAND['queue_id']), ('event/txack', '', OTHER['queue_id'])]
    assert 'acknowledged' not in air.message('event/ack')


def test_an_acknowledgement_is_told_as_such():
    air = air_of_chirpstack()
    air.network.push([dict(COMMAND, confirmed=True)])
    air.run(20)
    air.up()
    assert air.message('event/ack')['acknowledged'] is True


# --- the clock

@pytest.mark.parametrize('ahead_us, wants, correction', [
    (0, True, 0), (0, False, None), (1_999_999, False, 1), (-999_999, False, None), (3600 * SECOND_US, True, 3600)])
def test_any_whole_second_is_corrected_and_none_where_nothing_is_off_and_nothing_is_asked(ahead_us, wants, correction):
    found = corrections(chirpstack_answers(request(GPS_S, 5, wants, state=3), UTC_S * SECOND_US + ahead_us))
    assert found == ([] if correction is None else [(correction, 5)])


@pytest.mark.parametrize('payload', [b'', b'\x00', request(GPS_S) * 2, request(GPS_S)[:5], b'\x02' + request(GPS_S)[1:]])
def test_only_a_lone_request_is_answered(payload):
    assert chirpstack_answers(payload, UTC_S * SECOND_US) == b''


def test_a_clock_that_was_never_set_gets_the_whole_time():
    (found,) = corrections(chirpstack_answers(request(15), UTC_S * SECOND_US))
    assert found[0] == gps_us(UTC_S * SECOND_US) // SECOND_US - 15


# --- commands

def item(formatter, **fields):
    body = json.dumps({'devEui': DEV_EUI, 'fPort': 20, **fields}).encode()
    return chirpstack_commands.item_of_body(body, DEV_EUI, formatter, UTC_S)


def test_an_object_is_encoded_with_numbers_as_doubles_and_the_codec_s_port_counts(formatter):
    found = item(formatter, object={'command': 'start', 'id': 7.0, 'issued_at': float(UTC_S), 'expires_in_s': 600.0}, fPort=99)
    plain = formatter.encode_downlink({'command': 'start', 'id': 7, 'issued_at': UTC_S, 'expires_in_s': 600}, utc_s=UTC_S)
    assert (found['f_port'], list(found['payload'])) == (20, plain['bytes'])


def test_bytes_id_and_expiry_are_taken(formatter):
    found = item(formatter, data='Aw==', fPort=1, confirmed=True, id=COMMAND['queue_id'].upper(), expiresAt='2026-11-29T13:14:41Z')
    assert found == {'f_port': 1, 'payload': b'\x03', 'confirmed': True, 'queue_id': COMMAND['queue_id'], 'expires_at_s': 1795958081.0}


@pytest.mark.parametrize('fields, words', [
    ({'devEui': DEV_EUI.upper()}, 'does not match topic'), ({'fPort': 0, 'data': 'Aw=='}, 'between 1 - 255'),
    ({'fPort': 256, 'data': 'Aw=='}, 'between 1 - 255'), ({'fPort': 1.5}, 'whole number'), ({'data': '???'}, 'base64'),
    ({'object': {'command': 'fly'}}, 'encodeDownlink returned errors: '), ({'object': []}, 'an object'),
    ({'priority': 'NORMAL'}, 'unknown field'), ({'id': '7'}, 'UUID'), ({'expiresAt': 'soon'}, 'expires_at'), ({'confirmed': 1}, 'true or false')])
def test_what_chirpstack_would_refuse_in_its_log_is_refused(formatter, fields, words):
    with pytest.raises(Refused, match=words):
        item(formatter, **fields)


@pytest.mark.parametrize('body', [b'', b'[]', b'\xff', b'{"fPort": NaN}', b'[' * 70_000])
def test_what_is_no_command_is_refused(formatter, body):
    with pytest.raises(Refused):
        chirpstack_commands.item_of_body(body, DEV_EUI, formatter, UTC_S)


# --- a live run

def test_a_command_over_mqtt_is_queued_sent_and_seen_on_its_way_and_a_refused_one_is_told_in_the_run_alone():
    run = LiveRun(complete({'duration_s': 150}), Nobody(), 1.0, ('127.0.0.1', 1883), APPLICATION, '', DEV_EUI, network_kinds.CHIRPSTACK)
    run.world.kernel.pace = None
    for t_s, fields in ((90, {'object': {'command': 'report', 'id': 1}, 'id': COMMAND['queue_id']}), (91, {'object': {'command': 'fly'}}),
                        (92, {'object': {'timezone': 'UTC+3'}})):
        run.world.kernel.at(t_s * 1_000_000, run._on_push, False, json.dumps({'devEui': DEV_EUI, 'fPort': 20, **fields}).encode())
    run.world.kernel.at(93_000_000, run.typed, 'lock')
    run.world.run(150)
    run.pace.close()
    said = [text for _, source, text in run.watch.log if source in ('mqtt', 'problem')]
    assert any('command/down refused: encodeDownlink returned errors: command: must be one of' in text for text in said)
    assert [(sent.f_port, sent.outcome) for sent in run.watch.downlinks] == [
        (202, 'received'), (20, 'received'), (20, 'received'), (1, 'acknowledged')]
    assert run.watch.downlinks[1].key == COMMAND['queue_id']
