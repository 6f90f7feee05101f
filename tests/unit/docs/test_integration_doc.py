"""docs/integration.md: its messages equal the formatter's output for their bytes, and the stack accepts them."""

import base64
import json
import pathlib
import re

from ttn.formatter import Formatter
from sim.mqtt.downlink_requests import items_of_body

DOC = (pathlib.Path(__file__).parents[3] / 'docs' / 'integration.md').read_text()
UPLINK, DOWNLINK, ANSWER = re.findall(r'```json\n(.*?)```', DOC, re.S)
NOW_S = 1_800_000_000


def test_the_uplinks_on_the_page_decode_to_what_stands_beside_them():
    for text in (UPLINK, ANSWER):
        message = json.loads(text)['uplink_message']
        said = Formatter().decode_uplink(message['f_port'], base64.b64decode(message['frm_payload']))
        assert said['data'] == message['decoded_payload']


def test_the_downlink_on_the_page_is_taken_and_the_answer_is_to_it():
    item, = items_of_body(DOWNLINK.encode(), Formatter(), NOW_S)
    assert item['f_port'] == 20
    asked = json.loads(DOWNLINK)['downlinks'][0]['decoded_payload']
    answer = json.loads(ANSWER)['uplink_message']['decoded_payload']
    assert (answer['type'], answer['command'], answer['command_id']) == ('result', asked['command'], asked['id'])
