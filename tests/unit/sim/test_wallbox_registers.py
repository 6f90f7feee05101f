"""The simulated box's registers against the frames of real boxes, and silence where real boxes are silent."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.evse.box_frames import RequestReader, frame
from sim.evse.box_states import CODES
from tests.support.wallbox_bench import WallboxBench, request

READS = {0x0001: 2, 0x0003: 1, 0x0004: 1, 0x0006: 2, 0x000F: 5, 0x0015: 5, 0x002E: 5, 0x0033: 3, 0x0050: 8}


def read(address):
    return ':0103%04X%04X' % (address, READS[address])


def bench(code='A1', vehicle=None, icmax=None, **options):
    """A box brought into a state from outside."""
    options.setdefault('key', 'unlocked')
    made = WallboxBench(**options)
    if vehicle is not None:
        made.plug(**vehicle)
        made.run(5)
    if icmax is not None:
        assert made.write(0x0014, icmax) == '011000140001'
    if code[0] == 'F':
        made.box.fault(code)
    if code in ('E0', 'E2'):
        made.write(0x0005, int(code * 2, 16))
    made.run(1)
    assert made.box.code == code
    return made


@pytest.mark.parametrize('text, setting', [
    ('>01030204A155', {}),
    ('>01030204B145', {'code': 'B1', 'vehicle': {}, 'key': 'locked'}),
    ('>01030204B244', {'code': 'B2', 'vehicle': {'model': 'full'}}),
    ('>01030204C234', {'code': 'C2', 'vehicle': {}}),
    ('>01030204E016', {'code': 'E0'}),
    ('>01030204E214', {'code': 'E2'}),
    ('>01030204F402', {'code': 'F4'}),
    ('>010304014150BEA8', {'hardware': 1, 'firmware': '5.0', 'en_mode': 2}),
    ('>010304018113BEA5', {'en_mode': 2}),
    ('>0103020327D0', {}),
    ('>01030A2EA1106403E803E803E8EE', {'model': '1W11', 'icmax': 0x64}),
    ('>01030A2EA1108503E803E803E8CD', {'model': '1W11', 'icmax': 0x85}),
    ('>01030A2EA1110B03E803E803E846', {'model': '1W11'}),
    ('>01030A2EB2910B03E803E803E8B5', {'code': 'B2', 'model': '1W11', 'meter': False, 'vehicle': {'model': 'full'}}),
    ('>01030A2EC29100000100010096D9', {'code': 'C2', 'model': '1W11', 'icmax': 0x100, 'vehicle': {'max_a': 15, 'phases': 1}}),
    ('>01030A2EE0106403E803E803E8AF', {'code': 'E0', 'model': '1W11', 'icmax': 0x64}),
    ('>01030A2EF4106403E803E803E89B', {'code': 'F4', 'model': '1W11', 'icmax': 0x64}),
    ('>01030A0F3F010B010B00E900E9BA', {'code': 'C2', 'model': '1W11', 'icmax': 0xE9, 'vehicle': {}}),
    ('>01030A0F3F010B010B00E90000A3', {'model': '1W11', 'icmax': 0xE9}),
    ('>01030A15A10ADA000000000ACB83', {}),
    ('>0103063300A1646464F6', {}),
    ('>0103105000325732327879303132333435363722', {'model': '2W22'}),
])
def test_the_box_answers_a_read_with_the_bytes_of_a_real_box(text, setting):
    made = bench(**setting)
    address = int(text[7:9], 16) if text[5:7] != '10' else 0x0050
    assert made.send(request(read(address)[1:])) == text.encode() + b'\r\n'


def test_reduced_current_shows_in_bit_14_and_in_the_code():
    made = bench(code='B2', vehicle={'model': 'full'}, model='1W11', meter=False, icmax=0x64)
    made.box.fault('C3')
    assert made.send(b':0103002E0005C9\r\n') == b'>01030A2EB2D06403E803E803E81D\r\n'
    made.box.vehicle.become('eager')
    made.run(3)
    assert made.box.code == 'C3'


@pytest.mark.parametrize('text', [
    ':010300010002F9', ':000300010002FA', ':010300030001F8', ':010300040001F7', ':010300060002F4', ':0103000F0005E8', ':010300150005E2',
    ':0103002E0005C9', ':010300330003C6', ':010300500008A4', ':0110001400010200A632', ':01100014000102006474', ':01100014000102010ACD',
    ':01100014000102010BCC', ':011000140001020215C1', ':0110001400010203E8ED', ':01100005000102E0E027', ':011000050001025A5A33',
    ':01100005000102E2E223'])
def test_the_box_answers_every_request_that_real_boxes_answer(text):
    answer = WallboxBench().send(text.encode() + b'\r\n')
    assert answer.startswith(b'>0103' if text[3:5] == '03' else b'>' + text[1:13].encode())


@pytest.mark.parametrize('text, why', [
    (':01060005A1A1B2', 'no FC06'), (':010300140001E7', '0x0014 cannot be read'), (':010300010003F8', 'wrong count'),
    (':0103002E0004CA', 'wrong count'), (':0103002E0005C8', 'wrong LRC'), (':000300040001F8', 'only 0x0001 is read by broadcast'),
    (':0203002E0005C8', 'another box'), (':010300090002F1', 'unknown register'), (':0110001300010201', 'cut'),
    (':01100013000102010BCD', 'register that is not writable'), (':010300040001F', 'odd digits'), ('>01030204A155', 'no request'),
    (':0110001400020400640064AE', 'two registers at once'), (':01 0300040001F7', 'space'), (':', 'nothing'), (':FF', 'LRC alone'),
])
def test_the_box_is_silent(text, why):
    made = WallboxBench()
    assert made.send(text.encode() + b'\r\n') == b''
    assert made.box.reads == 0
    assert made.ask('010300040001') == '01030204A1'


def test_a_broadcast_read_names_the_box_and_a_broadcast_write_is_obeyed_in_silence():
    made = WallboxBench(id=7)
    assert made.ask('000300010002')[:2] == '07'
    assert made.ask('00100005000102E0E0') == ''
    assert made.box.code == 'E0'
    assert made.ask('0010001400010203E9') == ''
    assert made.seen('bus_write') == [5, 20]
    assert [fields['accepted'] for _, kind, fields in made.timeline if kind == 'bus_write'] == [True, False]


@pytest.mark.parametrize('value, stored, effective', [
    (0x0050, 80, 100), (99, 99, 100), (100, 100, 100), (0x010A, 266, 266), (0x010B, 267, 267), (400, 400, 267), (999, 999, 267)])
def test_icmax_is_kept_as_written_and_offered_within_the_default(value, stored, effective):
    made = bench(code='B2', vehicle={'model': 'full'}, model='1W11')
    assert made.write(0x0014, value) == '011000140001'
    assert made.ask('0103000F0005') == '01030A0F3F%04X%04X%04X%04X' % (0x10B, 0x10B, stored, effective)
    assert made.ask('0103002E0005')[10:14] == '%04X' % (0x9000 | effective)


@pytest.mark.parametrize('value', [0, 0x004F, 1001, 0xFFFF])
def test_an_icmax_out_of_range_is_refused_and_changes_nothing(value):
    made = WallboxBench()
    assert made.write(0x0014, value) == '019004'
    assert made.ask('0103000F0005')[18:22] == '0215'
    assert made.timeline[-1][2] == {'register': 0x0014, 'value': '%04X' % value, 'accepted': False}


def test_while_paused_the_status_goes_on_showing_the_last_limit_and_only_000f_tells():
    made = bench(code='C2', vehicle={})
    made.write(0x0014, 0x00A6)
    made.write(0x0014, 1000)
    made.run(2)
    assert made.ask('0103002E0005')[8:14] == 'B290A6'
    assert made.ask('0103000F0005') == '01030A0F3F0215021503E80000'


def test_the_third_word_is_l1_and_an_idle_phase_reads_a_tenth():
    made = bench(code='C2', vehicle={'phases': 2, 'max_a': 10}, icmax=0x10A)
    assert made.ask('0103002E0005')[14:] == '000100640064'
    assert made.ask('010300330003') == '0103063380C2000A0A'
    assert made.box.currents_da == (100, 100, 1)
    made.box.vehicle.become('full')
    made.run(2)
    assert made.ask('0103002E0005')[14:] == '000100010001'


def test_a_box_without_meter_says_so_while_it_charges():
    made = bench(code='C2', vehicle={}, meter=False)
    assert made.ask('0103002E0005')[14:] == '03E803E803E8'
    assert made.ask('010300330003') == '0103063380C2646464'
    assert made.ask('010300010002')[12:14] == '9D'
    assert made.box.energy_wh > 0


def test_the_key_switch_is_bit_12_and_the_start_option_bit_14_of_the_flags():
    made = WallboxBench(start_after_power_cycle=False)
    assert made.ask('0103002E0005')[10:14] == '0215'
    assert made.ask('010300060002') == '01030406A1C010'
    made.box.key(True)
    assert made.ask('0103002E0005')[10:14] == '1215'
    assert made.ask('010300060002') == '01030406A1C000'


@pytest.mark.parametrize('code', CODES)
def test_every_state_has_its_byte_in_every_block_that_carries_it(code):
    made = WallboxBench(key='unlocked')
    if code in ('B1', 'B2', 'C2', 'C3', 'C4'):
        made.box.key(code != 'B1')
        made.plug(model='full' if code == 'B2' else 'eager')
    if code in ('C3', 'C4', 'E1', 'E3') or code[0] == 'F':
        made.box.fault(code)
    if code in ('E0', 'E2'):
        made.write(0x0005, int(code * 2, 16))
    made.run(5)
    assert made.box.code == code
    assert made.ask('010300040001') == '01030204' + code
    assert made.ask('0103002E0005')[8:10] == code
    assert made.ask('010300330003')[10:12] == code
    assert made.ask('010300150005')[8:10] == code
    connected = made.ask('0103002E0005')[10] in '89ABCDEF'
    assert connected == (code[0] in 'BC')


@pytest.mark.parametrize('data, answers', [
    (b'\x00\xffjunk:0103002E0005C9\r\n', 1),
    (b':0103002:0103002E0005C9\r\n', 1),
    (b'>01030204A155\r\n:0103002E0005C9\r\n', 1),
    (b':0103002E0005C9\r\n:010300040001F7\r\n', 1),
    (b':0103002e0005c9\r\n', 1),
    (b':0103002E0005C9\n', 0),
    (b':0103002E0005C9 \n', 0),
])
def test_a_request_is_found_among_other_bytes(data, answers):
    assert WallboxBench().send(data).count(b'\r\n') == answers


def test_a_request_in_two_pieces_is_whole_within_a_second_and_lost_after():
    made = WallboxBench()
    assert made.send(b':0103002E', 0.5) == b''
    assert made.send(b'0005C9\r\n').startswith(b'>01030A2E')
    made.send(b':0103002E', 2)
    assert made.send(b'0005C9\r\n') == b''


def test_the_end_of_a_request_alone_is_no_request_even_if_it_once_completed_one():
    made = WallboxBench()
    made.send(b':0103002E', 0.01)
    assert made.send(b'0005C9\r\n')
    assert made.send(b'0005C9\r\n') == b''


def test_a_frame_without_end_is_given_up():
    reader = RequestReader()
    for _ in range(20):
        reader.feed(b':' + b'0' * 60, 0)
        reader.feed(b'0' * 60, 0)
        assert len(reader.pending) <= 64


HEX_LIKE = st.text(alphabet='0123456789ABCDEFabcdef:>\r\n\x00 ', max_size=60).map(str.encode)
VALID = st.builds(lambda unit, function, rest: frame(b':', bytes((unit, function)) + rest),
                  st.integers(0, 17), st.sampled_from((3, 16, 6, 0x83)), st.binary(max_size=9))


@settings(max_examples=150)
@given(st.lists(st.one_of(HEX_LIKE, VALID, st.binary(max_size=80)), max_size=8))
def test_whatever_comes_the_box_neither_fails_nor_grows_and_answers_the_next_clean_request(pieces):
    made = WallboxBench()
    for piece in pieces:
        made.send(piece)
        assert len(made.box._port._reader.pending) <= 64
    made.run(4)
    assert made.send(b'\r\n:010300030001F8\r\n') == b'>0103020327D0\r\n'


@settings(max_examples=100)
@given(st.lists(st.binary(min_size=2, max_size=9), min_size=1, max_size=5), st.data())
def test_the_reader_finds_whole_frames_however_they_are_cut(bodies, data):
    stream = b''.join(frame(b':', body) for body in bodies)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    reader = RequestReader()
    found = []
    for start, end in zip([0] + cuts, cuts + [len(stream)]):
        found += reader.feed(stream[start:end], 0)
    assert found == bodies
