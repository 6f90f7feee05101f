"""Every printed frame with a correct checksum decodes to what its source states, and encodes from it."""

import pytest
from modbus import ascii, registers
from modbus.charger import COUNTS
from modbus.transaction import ANSWERED, REFUSED, Master, read_request, write_request
from tests.unit.modbus.test_ascii import ANSWERS, MISPRINTS, REQUESTS

READS = {
    '010300010002F9': (1, 0x0001, 2), '000300010002FA': (0, 0x0001, 2), '010300030001F8': (1, 0x0003, 1), '010300040001F7': (1, 0x0004, 1),
    '010300060002F4': (1, 0x0006, 2), '0103000F0005E8': (1, 0x000F, 5), '010300150005E2': (1, 0x0015, 5), '0103002E0005C9': (1, 0x002E, 5),
    '010300330003C6': (1, 0x0033, 3), '010300500008A4': (1, 0x0050, 8),
}
WRITES = {
    '0110001400010200A632': (1, 'icmax', {'icmax_duty': 166}), '01100014000102006474': (1, 'icmax', {'icmax_duty': 100}),
    '01100014000102010ACD': (1, 'icmax', {'icmax_duty': 266}), '01100014000102010BCC': (1, 'icmax', {'icmax_duty': 267}),
    '011000140001020215C1': (1, 'icmax', {'icmax_duty': 533}), '0110001400010203E8ED': (1, 'icmax', {'icmax_duty': 'pause'}),
    '01100005000102E0E027': (1, 'state', {'command': 'lock'}), '01100005000102A1A1A5': (1, 'state', {'command': 'unlock'}),
    '011000050001025A5A33': (1, 'state', {'command': 'reset'}), '01100005000102E2E223': (1, 'state', {'command': 'setup'}),
    '0010002C000102F001D0': (0, 'options', {'upstream_timeout': 'unchanged', 'after_power_cycle': 'unchanged', 'device_id': 1}),
    '001000050001025A5A34': (0, 'state', {'command': 'reset'}), '021000050001025A5A32': (2, 'state', {'command': 'reset'}),
}
# What no box answers: function 06, reading 0x0014, a wrong count. Sound frames all the same.
NEGATIVE = {'01060005A1A1B2', '010300140001E7', '010300010003F8'}

CAPABLE = {'coding_resistor': True, 'upstream_timeout': False, 'meter': True, 'residual_current_monitor': True, 'socket': True,
           'welding_detection': True, 'enable_mode': 'closed_to_enable'}


def device(hardware, device_id, major, minor, **options):
    return dict(CAPABLE, hardware=hardware, device_id=device_id, firmware_major=major, firmware_minor=minor, **options)


def status(code, limit_duty, ev=False, reduced=False, currents=(None, None, None)):
    return {'code': code, 'ev_connected': ev, 'reduced': reduced, 'enable_input2': False, 'enable_input': True, 'limit_duty': limit_duty,
            'current1_da': currents[0], 'current2_da': currents[1], 'current3_da': currents[2]}


def limits(effective):
    return {'box_duty': 267, 'default_duty': 267, 'icmax_duty': 233, 'effective_duty': effective}


BLOCKS = {
    '010304014150BEA8': device('160307', 1, 5, 0), '010304018113BEA5': device('170725', 1, 1, 3),
    '01030401011237AD': device('141215', 1, 1, 2, coding_resistor=False, socket=False, enable_mode='invalid'),
    '010304010F1509CA': device('141215', 15, 1, 5, coding_resistor=False, meter=False, residual_current_monitor=False, welding_detection=False,
                               enable_mode='closed_to_start'),
    '0103020327D0': {'stop_bits': 1, 'parity': 'even', 'baud': 38400},
    '01030A2EA1106403E803E803E8EE': status(0xA1, 100), '01030A2EA1108503E803E803E8CD': status(0xA1, 133),
    '01030A2EA1110B03E803E803E846': status(0xA1, 267), '01030A2EB2910B03E803E803E8B5': status(0xB2, 267, ev=True),
    '01030A2EB2D06403E803E803E81D': status(0xB2, 100, ev=True, reduced=True),
    '01030A2EC29100000100010096D9': status(0xC2, 256, ev=True, currents=(0, 0, 150)),
    '01030A2EE0106403E803E803E8AF': status(0xE0, 100), '01030A2EF4106403E803E803E89B': status(0xF4, 100),
    '01030A0F3F010B010B00E900E9BA': limits(233), '01030A0F3F010B010B00E90000A3': limits(0),
    '01030A15A10ADA000000000ACB83': {'code': 0xA1, 'pilot_high': 2778, 'pilot_low': 0, 'proximity': 0, 'temperature': 0x0ACB},
    '0103063300A1646464F6': {'ev_connected': False, 'code': 0xA1, 'current1_a': None, 'current2_a': None, 'current3_a': None},
    '0103105000325732327879303132333435363722': {'model': '2W22xy', 'serial': '01234567'},
}
BLOCKS.update({text: {'code': int(text[8:10], 16)} for text in ANSWERS if text.startswith('01030204')})
# Neither a block of the map (0x0014 is not to be read, says ABL elsewhere) nor one of values.
OTHERS = {'01030A140002490AFA020001FF8D', '011000140001DA', '0190046B'}


def raw_of(text):
    """As the reader gives it, from an answer on the wire."""
    return ascii.Reader(dict.fromkeys(ascii.COUNTS, 0)).take(('>' + text + '\r\n').encode())


def test_no_printed_frame_is_left_out():
    assert set(READS) | set(WRITES) | NEGATIVE == set(REQUESTS)
    assert set(BLOCKS) | OTHERS == set(ANSWERS)


@pytest.mark.parametrize('text', READS)
def test_a_printed_question_is_the_one_we_ask(text):
    device_id, address, words = READS[text]
    assert read_request(device_id, address, words).frame == (':' + text + '\r\n').encode()
    register = registers.find(address)
    assert register[registers.WORDS] == words and register[registers.ACCESS] == registers.READ
    assert device_id or register[registers.BROADCAST]


@pytest.mark.parametrize('text', WRITES)
def test_a_printed_command_is_the_one_we_give(text):
    device_id, title, values = WRITES[text]
    register = [row for row in registers.REGISTERS if row[registers.TITLE] == title][0]
    word = registers.encode(register, values)
    assert write_request(device_id, register[registers.ADDRESS], word).frame == (':' + text + '\r\n').encode()
    assert registers.decode(register, bytes.fromhex(text)[7:-1]) == values
    assert device_id or register[registers.BROADCAST]


@pytest.mark.parametrize('text', BLOCKS)
def test_a_printed_answer_says_what_its_source_states(text):
    raw = raw_of(text)
    register = registers.find(raw[3])
    assert registers.decode(register, raw[3:-1]) == BLOCKS[text]
    # It is an answer to our question for that block, and made of its bytes it is the printed one again.
    question = read_request(1, register[registers.ADDRESS], register[registers.WORDS])
    assert len(raw) - 1 == question.length and raw.startswith(question.head)
    assert ascii.encode(raw[:-1]) == (':' + text + '\r\n').encode()


class ScriptedBus:
    """What is heard is put there."""

    heard = b''

    def read(self):
        return self.heard

    def transmit(self, frame):
        pass


@pytest.mark.parametrize('text, result', [('011000140001DA', ANSWERED), ('0190046B', REFUSED)])
def test_the_printed_acknowledgement_and_refusal_end_a_write(text, result):
    bus = ScriptedBus()
    master = Master(bus, dict.fromkeys(COUNTS, 0))
    master.start(write_request(1, 0x0014, 166), 0)
    master.poll(1200)
    assert master.sent
    bus.heard = ('>' + text + '\r\n').encode()
    assert master.poll(1230) == result


@pytest.mark.parametrize('text', MISPRINTS)
def test_a_misprint_says_nothing(text):
    assert raw_of(text) is None
