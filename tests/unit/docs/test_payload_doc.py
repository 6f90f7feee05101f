"""docs/payload.md says the same as the vectors, the firmware's words and the formatter."""

import json
import pathlib
import re

import dukpy
import pytest

from app.codec import windows, vocabulary

ROOT = pathlib.Path(__file__).parents[3]
DOC = (ROOT / 'docs' / 'payload.md').read_text()
ALL = json.loads((ROOT / 'ttn' / 'vectors.json').read_text())
VECTORS = {v['description']: v for v in ALL['uplink']}
REQUESTS = {v['description']: v for v in ALL['downlink']}
EXAMPLE = re.compile(r'(.+)\n\nfPort (\d+): `([0-9A-F ]+)`\n.*?```json\n(.*?)```\s*', re.S)


def section(title):
    """The text from a heading to the next one."""
    return re.search(rf'^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)', DOC, re.M | re.S).group(1)


def rows(text):
    """The cells of a table's rows, without its head."""
    return [[cell.strip() for cell in line.strip('|').split('|')] for line in text.splitlines() if re.match(r'\| +[`\d]', line)]


def examples():
    worked = DOC[DOC.index('## Worked examples'):DOC.index('## Compatibility rules')]
    found = [EXAMPLE.fullmatch(part).groups() for part in worked.split('\n### ')[1:]]
    assert len(found) >= 8
    return [pytest.param(*parts, id=parts[0]) for parts in found]


@pytest.mark.parametrize('description, f_port, sent, decoded', examples())
def test_an_example_is_one_of_the_vectors(description, f_port, sent, decoded):
    packed = {'fPort': int(f_port), 'bytes': list(bytes.fromhex(sent))}
    if description.startswith('down: '):
        vector = REQUESTS[description.removeprefix('down: ')]
        assert (vector['input'], vector['output']) == ({'data': json.loads(decoded)}, packed)
    else:
        assert (VECTORS[description]['input'], VECTORS[description]['output']) == (packed, {'data': json.loads(decoded)})


@pytest.mark.parametrize('title, table', [
    ('States', vocabulary.STATES), ('Reasons', vocabulary.REASONS), ('Overrides', vocabulary.OVERRIDES), ('Commands', vocabulary.COMMANDS),
    ('Results', vocabulary.RESULTS), ('Details', vocabulary.DETAILS), ('Holders', vocabulary.HOLDERS), ('Events', vocabulary.EVENTS),
    ('Causes', vocabulary.CAUSES),
])
def test_a_table_of_words_is_the_firmware_s(title, table):
    described = [(int(row[0]), row[1]) for row in rows(section(title))]
    assert [index for index, _ in described] == list(range(len(table)))
    for (_, said), word in zip(described, table, strict=True):
        assert said == f'`{word}`' if word else not said.startswith('`')


def test_the_settings_are_the_firmware_s():
    described = [(int(row[0]), row[1].strip('`'), re.findall('`(.*?)`', row[2]), row[3]) for row in rows(section('Settings'))]
    plain = {None: 'null', True: 'true', False: 'false'}
    assert described == [
        (number, name, [plain.get(value, value) for value in values], '' if highest is None else '%d to %d' % (lowest, highest))
        for number, (name, values, lowest, highest) in enumerate(vocabulary.SETTINGS)]


def test_the_parts_and_errors_are_the_firmware_s():
    assert [row[0].strip('`') for row in rows(section('fPort 12: device'))] == list(vocabulary.DEVICE_PARTS)
    assert [row[0].strip('`') for row in rows(section('fPort 14: read-back'))] == list(vocabulary.READBACK_PARTS)
    assert tuple(re.findall(r'\d\s`(\w+)`', section('Errors'))) == vocabulary.ERRORS


def test_the_hash_on_the_page_is_the_firmware_s():
    plan, _ = windows.parse(REQUESTS['plan']['input']['data']['plan']['windows'])
    assert int(re.search(r'\(`00 00 00`\) give (\d+)', DOC).group(1)) == windows.plan_hash(plan, bytes(3))


def test_each_field_of_a_request_is_described():
    fields = {name for v in REQUESTS.values() if 'bytes' in v['output'] for name in v['input']['data']}
    assert fields <= set(re.findall(r'`([a-z_]+)`', DOC)) | set(re.findall(r'"([a-z_]+)":', DOC))


@pytest.fixture(scope='module')
def js():
    interpreter = dukpy.JSInterpreter()
    interpreter.evaljs((ROOT / 'ttn' / 'formatter.js').read_text())
    return interpreter


def test_the_codes_and_faults_are_the_formatter_s(js):
    described = {}
    texts = {}
    for codes, meaning in rows(section('Codes, status and faults')):
        if meaning.startswith('`'):
            described.update({code: meaning.strip('`') for code in re.findall(r'`(\w\w)`', codes) if code not in ('F0', 'FF')})
        else:
            texts[codes.strip('`')] = meaning
    assert js.evaljs('STATUSES') == described
    assert js.evaljs('FAULT_TEXTS') == texts


def test_the_states_of_the_original_are_the_formatter_s(js):
    said = rows(section('fPort 1 and 2, up: the original'))
    described = {code: row[1].strip('`') for row in said for code in re.findall(r'`(\w\w)`', row[0])}
    assert set(described) == {'A1', 'B1', 'B2', 'C2', 'C3', 'C4', 'AA', 'BB', 'CC', 'E0', 'E2'}
    for code, state in described.items():
        assert js.evaljs('decodeUplink(dukpy.input)', input={'fPort': 1, 'bytes': [int(code, 16)]})['data']['state'] == state


def test_each_field_the_formatter_gives_is_described():
    fields = {name for vector in VECTORS.values() for name in vector['output'].get('data', {})}
    assert fields <= set(re.findall(r'`([a-z_]+)`', DOC))


def test_the_modes_of_home_manager_are_the_formatter_s(js):
    said = re.findall(r'\| `0(\d)` \| `(\{"mode": .*?\})` \| (\w+) \|', section('fPort 1 and 2, down: the commands of the original'))
    assert len(said) == 3
    for byte, request, command in said:
        assert js.evaljs('encodeDownlink(dukpy.input)', input={'data': json.loads(request)}) == {'fPort': 1, 'bytes': [int(byte)]}
        assert vocabulary.COMMANDS[int(byte)] == command
