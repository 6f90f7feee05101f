"""No single wrong frame is ever believed: 10,000 of them, of every kind, and no uplink reports a state that the box was not in."""

from random import Random

import pytest
from hal import contract
from sim.evse.box_frames import frame
from tests.choice import first
from tests.support.watched_world import HOUR_S, SECOND_US, WatchedWorld, word_of

GLITCHES_EACH = 2000
STATES = ('A1', 'B1', 'C2', 'B2', 'E0')
CODES = tuple(range(0xA1, 0xA3)) + (0xB1, 0xB2, 0xC2, 0xC3, 0xC4, 0xE0, 0xE1, 0xE2, 0xE3, 0xF1, 0xF9, 0xFB, 0xFF, 0x00, 0xD1)
COLOURS = {'A1': contract.BLUE, 'B1': contract.YELLOW, 'C2': contract.GREEN, 'B2': contract.WHITE, 'E0': contract.PURPLE}
# An uplink tells what was stable when it was packed: the second look, B2 held back for 20 s, the radio's 400 ms.
NEWS_S = 25


class Gremlin:
    """Puts one wrong frame after another on the line or in place of the box's, each after a true one was heard.

    count: how many until now. It is a node of the line, so it hears what the monitor hears.
    """

    def __init__(self, house, kinds, seed):
        self.count = 0
        self._world = house.world
        self._kinds = kinds
        self._random = Random(seed)
        self._armed = None      # kind of the glitch that waits for the box's next frame
        self._pending = False
        self._transmit = self._world.line.transmit
        self._world.line.transmit = self._transmitted
        self._world.line.attach(self)

    def _is_box(self, node):
        board = self._world.board
        return board is not None and node is not None and node is not board.bus

    def on_line(self, data, end_us):
        """After a true frame of the box, the next glitch may come, at any phase."""
        if self._pending or not self._is_box(self._world.line.sender):
            return
        if data[:9] in (b'>01030204', b'>01030A2E') and data[9:11] == self._world.box.code.encode():
            self._pending = True
            self._world.kernel.after(self._random.randrange(10_000, 2_200_000), self._strike)

    def _wrong(self):
        true = int(self._world.box.code, 16)
        return self._random.choice([code for code in CODES if code != true])

    def _strike(self):
        kind = self._random.choice(self._kinds)
        line = self._world.line
        if kind == 'panel frame':
            line.inject(frame(b'>', bytes((1, 3, 2, 4, self._wrong()))))
        elif kind == 'answer nobody asked for':
            line.inject(frame(b'>', bytes((1, 3, 10, 0x2E, self._wrong(), 0x10, 0x6D) + (3, 0xE8) * 3)))
        elif kind == 'broken frame':
            line.inject(self._broken(frame(b'>', bytes((1, 3, 2, 4, self._wrong())))))
        else:
            self._armed = kind
            return
        self._struck()

    def _struck(self):
        self.count += 1
        self._armed = None
        self._pending = False

    def _broken(self, text):
        cells = bytearray(text)
        for _ in range(self._random.randrange(1, 4)):
            cells[self._random.randrange(len(cells))] ^= 1 << self._random.randrange(8)
        return bytes(cells)

    def _transmitted(self, node, data):
        if self._armed and self._is_box(node) and data[:9] in (b'>01030204', b'>01030A2E'):
            if self._armed == 'false frame':
                body = bytearray.fromhex(data[1:-4].decode())
                body[4] = self._wrong()
                data = frame(b'>', bytes(body))
            else:
                data = self._broken(data)
            self._struck()
        return self._transmit(node, data)


INJECTED = ('panel frame', 'answer nobody asked for', 'broken frame')
REPLACED = ('false frame', 'damaged frame')


def false_states(house, from_s=0.0):
    """Uplinks whose code the box was not in, whose word is not the code's, or that say it cannot be reached."""
    wrong = []
    for entry in house.of('uplink', from_s):
        said = entry['decoded']
        if said['type'] in ('session', 'device'):
            continue   # what was, not what is
        if said['code'] not in house.codes(entry['t'] - NEWS_S, entry['t']) or said['reason'] == 'unreachable' or (
                said['type'] == 'status' and said['state'] != word_of(said['code'])):
            wrong.append(entry)
    return wrong


def haunted(code, panel, seed, glitches=GLITCHES_EACH):
    """The box stays in that state under that many glitches; returns the house and the gremlin."""
    house = WatchedWorld(seed=seed, config={'LORAWAN_CLASS': 'A'}, charger={'panel_frames': panel},
                  vehicle={'needs_kwh': 1000, 'model': 'full' if code == 'B2' else 'eager'})
    house.reach(code, 1)
    gremlins = []
    red = []

    def begin():
        gremlins.append(Gremlin(house, INJECTED + REPLACED, seed))
        look()

    def look():
        """The light is as good as an uplink, and can be seen at any time."""
        if house.world.board.indicator.colour != COLOURS[code]:
            red.append((house.world.kernel.now_us, house.world.board.indicator.colour))
        if gremlins[0].count >= glitches:
            house.world.end()
        else:
            house.world.kernel.after(SECOND_US // 5, look)

    house.at(120, begin)
    house.run(10 * HOUR_S)
    assert gremlins[0].count >= glitches
    return house, red


@pytest.mark.parametrize('panel', first([True, False]), ids=['panel', 'no panel'])
def test_no_false_state_in_ten_thousand_single_frame_glitches(panel, evidence):
    false = []
    glitches = 0
    for seed, code in enumerate(STATES):
        house, red = haunted(code, panel, seed + 1)
        glitches += GLITCHES_EACH
        assert house.codes(100, 1e9) == {code}
        assert house.told(0, code=code)
        false += false_states(house, 60) + red
        assert house.of('bus_write') == []
    evidence('false states in %d single-frame glitches, %s' % (glitches, 'with panel frames' if panel else 'without panel frames'), len(false), 0)
    assert glitches == 10000
    assert false == []


@pytest.mark.parametrize('times', first([5, 20]))
def test_news_is_still_told_among_glitches_and_nothing_else(times):
    """A car comes, charges, is full and goes, some times, while every other frame is a false one. At SF7, for the sake of airtime."""
    house = WatchedWorld(seed=7, vehicle={'needs_kwh': 1}, network={'data_rate': 5})
    for number in range(times):
        at_s = 300 + 1500 * number
        house.do(at_s, 'plug')
        house.do(at_s + 300, 'key', position='unlocked')
        house.do(at_s + 310, 'key', position='locked')
        house.do(at_s + 1100, 'unplug')
    gremlins = []
    house.at(100, lambda: gremlins.append(Gremlin(house, INJECTED + REPLACED, 7)))
    house.run(300 + 1500 * times)
    assert gremlins[0].count > 250 * times
    assert false_states(house) == []
    for number in range(times):
        at_s = 300 + 1500 * number
        assert house.told(at_s, code='B1') < at_s + 30
        assert house.told(at_s + 300, code='C2') < at_s + 340
        # After a silence A1 is no unplugging for half a minute, and among such glitches there are silences.
        assert house.told(at_s + 1100, code='A1') < at_s + 1190


@pytest.mark.parametrize('panel', [True, False], ids=['panel', 'no panel'])
def test_a_single_false_reading_moves_nobody_to_act(panel):
    """The monitor's lock stands: one frame with another state is no reason to write."""
    house = WatchedWorld(seed=3, charger={'panel_frames': panel})
    house.do(60, 'plug')
    house.do(120, 'downlink', f_port=1, payload_hex='01')
    house.at(200, Gremlin, house, INJECTED + REPLACED, 3)
    house.run(2000)
    assert [(entry['register'], entry['value']) for entry in house.of('bus_write')] == [(5, 'E0E0')]
    assert house.codes(200, 2000) == {'E0'}


@pytest.mark.parametrize('times', first([50, 200]))
def test_an_answer_tells_no_state_from_a_single_false_reading(times):
    """Unlock of an unlocked box is answered immediately, from the last reading."""
    house = WatchedWorld(seed=5, charger={'panel_frames': False})
    house.do(60, 'plug')
    for number in range(times):
        house.do(300 + 100 * number, 'downlink', f_port=1, payload_hex='02')
    house.at(200, Gremlin, house, REPLACED, 5)
    house.run(300 + 100 * times)
    answers = house.of('uplink', 300)
    assert len([entry for entry in answers if entry['f_port'] == 11]) >= 30
    assert {entry['decoded']['code'] for entry in answers} == {'B1'}
