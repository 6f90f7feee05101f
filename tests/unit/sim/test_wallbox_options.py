"""Open questions about a real box: each variant of the simulated one on the bus."""

import pathlib

import pytest

from sim.evse import box_options
from sim.kernel import Kernel
from sim.bus.rs485_line import Rs485Line
from sim.evse.wallbox import Wallbox
from tests.support.wallbox_bench import WallboxBench

ROOT = pathlib.Path(__file__).resolve().parents[3]
IDENTITY, FLAGS, STATUS = '000300010002', '010300060002', '0103002E0005'


def test_an_unknown_option_or_choice_is_an_error_that_names_it():
    with pytest.raises(TypeError, match='colour'):
        WallboxBench(colour='red')
    with pytest.raises(ValueError, match='held_code: one of B2, B1'):
        WallboxBench(held_code='C2')
    with pytest.raises(ValueError, match='model'):
        WallboxBench(model='9X99')


@pytest.mark.parametrize('name, choices', sorted(box_options.VARIANTS.items()))
def test_every_variant_can_be_typed_and_makes_a_box_that_answers(name, choices):
    for choice in choices:
        typed = {True: 'yes', False: 'no'}.get(choice, choice)
        assert box_options.parsed('%s=%s' % (name, typed)) == (name, choice)
        assert WallboxBench(**{name: choice}).ask('010300040001') == '01030204A1'
    for wrong in (name, name + '=', name + '=maybe', 'colour=red'):
        with pytest.raises(ValueError):
            box_options.parsed(wrong)


def test_every_variant_is_in_the_manual():
    manual = (ROOT / 'docs' / 'simulation.md').read_text()
    for name, choices in box_options.VARIANTS.items():
        rows = [row for row in manual.splitlines() if row.startswith('| `%s`' % name)]
        assert len(rows) == 1, name
        for choice in choices:
            assert '`%s`' % {True: 'yes', False: 'no'}.get(choice, choice) in rows[0], (name, choice)


def test_a_car_behind_a_closed_way_stays_where_it_is_and_the_flags_say_so():
    made = WallboxBench(key='unlocked', blocked=('A1B1',))
    made.plug()
    made.run(60)
    assert made.box.code == 'A1' and made.ask(FLAGS)[-4:] == '8008'
    assert made.ask(STATUS)[8:11] == 'A19'
    assert made.ask('010300330003') == '0103063380A1646464'
    made.box.block('B1B2', True)
    made.box.block('A1B1', False)
    made.run(60)
    assert made.box.code == 'B1' and made.ask(FLAGS)[-4:] == '8010'
    made.box.block('B1B2', False)
    made.run(5)
    assert made.box.code == 'C2' and made.ask(FLAGS)[-4:] == '8000'
    with pytest.raises(ValueError, match='A1B1 B1B2 E0A1'):
        made.box.block('C2A1', True)


def test_an_outlet_that_may_not_come_back_refuses_a1a1():
    made = WallboxBench(blocked=('E0A1',))
    made.write(0x0005, 0xE0E0)
    assert made.ask(FLAGS)[-4:] == '8030'
    assert made.write(0x0005, 0xA1A1) == '019004'
    assert made.box.code == 'E0'
    made.box.block('E0A1', False)
    assert made.write(0x0005, 0xA1A1) == '011000050001'


def test_an_outlet_that_the_enable_input_rules_cannot_be_unlocked_over_the_bus():
    made = WallboxBench(en_mode=2)
    assert made.box.code == 'E0' and made.ask(FLAGS)[-4:] == '8020'
    assert made.write(0x0005, 0xA1A1) == '019004'
    made.box.key(True)
    assert made.box.code == 'A1' and made.ask(FLAGS)[-4:] == '8000'


@pytest.mark.parametrize('usable, flag', [(False, '0'), (True, '8')])
def test_the_ev_bit_in_e0(usable, flag):
    made = WallboxBench(ev_bit_in_e0=usable)
    made.plug()
    made.run(3)
    made.write(0x0005, 0xE0E0)
    assert made.ask(STATUS)[8:11] == 'E0' + flag
    made.box.unplug()
    assert made.ask(STATUS)[8:11] == 'E00'
    made.box.fault('F9')
    made.plug()
    assert made.ask(STATUS)[8:11] == 'F90'


@pytest.mark.parametrize('choice, unit', [('own', '07'), ('zero', '00')])
def test_the_id_in_the_answer_to_a_broadcast(choice, unit):
    made = WallboxBench(id=7, broadcast_reply_id=choice)
    for _ in range(2):
        assert made.ask(IDENTITY) == unit + '030401' + '87' + '13BD'
        assert made.ask('070300010002') == '07030401' + '87' + '13BD'


@pytest.mark.parametrize('choice, contents', [
    ('printed', b'2W22M101234567'), ('spaces', b'2W22M1        '), ('ff', b'\xff' * 14), ('00', b'\x00' * 14)])
def test_the_serial_number(choice, contents):
    assert WallboxBench(serial=choice).ask('010300500008') == '0103105000' + contents.hex().upper()


def test_a1a1_where_it_means_nothing():
    assert WallboxBench().write(0x0005, 0xA1A1) == ''
    assert WallboxBench(a1a1_elsewhere='refused').write(0x0005, 0xA1A1) == '019004'


def test_a_reset_that_is_not_acknowledged_happens_all_the_same():
    made = WallboxBench(reset_acknowledged=False)
    made.write(0x0014, 0x64)
    assert made.write(0x0005, 0x5A5A) == ''
    made.run(4)
    assert made.ask('0103000F0005')[18:22] == '0215'
    assert made.timeline[-1][2] == {'register': 5, 'value': '5A5A', 'accepted': True}


@pytest.mark.parametrize('kept, icmax', [(False, '0215'), (True, '0064')])
def test_whether_icmax_outlives_a_reset_and_a_power_cut(kept, icmax):
    made = WallboxBench(icmax_kept=kept)
    for end in (lambda: made.write(0x0005, 0x5A5A), lambda: (made.box.power(False), made.run(1), made.box.power(True))):
        made.write(0x0014, 0x64)
        end()
        made.run(4)
        assert made.ask('0103000F0005')[18:22] == icmax


@pytest.mark.parametrize('choice, value, answer', [
    ('refused', 79, '019004'), ('digital', 79, '011000140001'), ('digital', 50, '011000140001'), ('digital', 49, '019004')])
def test_an_icmax_below_8_percent(choice, value, answer):
    made = WallboxBench(icmax_below_8=choice, key='unlocked')
    made.plug(model='full')
    made.run(3)
    assert made.write(0x0014, value) == answer
    effective = made.ask('0103000F0005')[22:]
    assert effective == ('0032' if answer[:2] == '01' and answer[2:4] == '10' else '0215')


def test_small_letters():
    assert WallboxBench().send(b':0103002e0005c9\r\n')
    strict = WallboxBench(lower_case=False)
    assert strict.send(b':0103002e0005c9\r\n') == b''
    assert strict.send(b':0103002E0005C9\r\n')
    assert strict.send(b':010300300005C7\r\n') == b''
    assert strict.ask('010300330003')


def test_chinese_limits_are_bits_13_and_12():
    assert WallboxBench(cp_limits='china').ask(FLAGS)[-4:] == 'A010'


def test_the_surveyed_registers_answer_only_where_they_are_there():
    assert WallboxBench().ask('010300090002') == ''
    made = WallboxBench(leds_readable=True)
    assert made.ask('010300090002') == '01030409000100'
    assert made.ask('0103000D0002') == '0103040D000000'
    made.write(0x0005, 0xE0E0)
    assert made.ask('010300090002') == '01030409000300'


@pytest.mark.parametrize('code, minus', [('A1', '0000'), ('E0', '0B08'), ('F9', '0B08')])
def test_the_pilot_rests_at_minus_12_v_in_e_and_f(code, minus):
    made = WallboxBench()
    if code == 'E0':
        made.write(0x0005, 0xE0E0)
    elif code == 'F9':
        made.box.fault(code)
    assert made.ask('010300150005')[14:18] == minus


def test_a_deaf_box_goes_on_charging():
    made = WallboxBench()
    made.charging()
    made.box.deafen(10)
    assert made.ask('010300040001', 9) == ''
    assert made.box.code == 'C2'
    made.run(2)
    assert made.ask('010300040001') == '01030204C2'


def test_a_nul_after_each_telegram_can_be_switched_on_and_off():
    made = WallboxBench()
    made.line.trailing_nul(True)
    assert made.send(b':010300040001F7\r\n') == b'>01030204A155\r\n\x00'
    assert made.send(b':010300040001F7\r\n') == b'>01030204A155\r\n\x00'
    made.line.trailing_nul(False)
    assert made.send(b':010300040001F7\r\n') == b'>01030204A155\r\n'


def test_a_wallbox_needs_no_option():
    kernel = Kernel()
    assert Wallbox(kernel, Rs485Line(kernel, 1), lambda kind, t_us=None, **fields: None).code == 'A1'


@pytest.mark.parametrize('a1_s', [0.5, 2.0])
def test_a_box_that_starts_shows_a1_and_no_car_for_as_long_as_it_is_told(a1_s):
    made = WallboxBench(key='unlocked', start_a1_s=a1_s)
    made.plug()
    made.run(3)
    made.box.power(False)
    made.box.power(True)
    made.run(3 + a1_s - 0.1)
    assert made.ask(STATUS)[8:11] == 'A11'
    made.run(0.2)
    assert made.box.code == 'B1' and made.ask(STATUS)[10] == '9'
