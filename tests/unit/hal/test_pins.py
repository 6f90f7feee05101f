"""hal/pins.py: settings that are valid by themselves but not on a kind of board."""
import pytest
from config import CHECKS, Settings, validate
from hal import pins

from tests.contract.mainline_rig import PICO

# Where a Pico has its UARTs (RP2040 datasheet, 1.4.3).
PICO_UARTS = {'TX': {0: (0, 12, 16, 28), 1: (4, 8, 20, 24)}, 'RX': {0: (1, 13, 17, 29), 1: (5, 9, 21, 25)}}


def board_errors(platform, **overrides):
    settings = Settings(overrides)
    return pins.check(settings, [name for name, _ in validate(settings)], platform)


def test_the_shipped_settings_are_right_for_the_board_they_name_and_for_those_without_such_pins():
    assert [board_errors(platform) for platform in ('esp32', 'LoPy4', 'linux')] == [[], [], []]


def test_the_watchdog_of_an_rp2_is_short():
    errors = board_errors('rp2', **dict(PICO, WATCHDOG_S=9))
    assert [name for name, _ in errors] == ['WATCHDOG_S'] and '5 to 8' in errors[0][1]
    assert board_errors('rp2', **PICO) == [] and board_errors('esp32', WATCHDOG_S=600) == []


@pytest.mark.parametrize('overrides, names', [
    ({'BUS_UART': 0}, ['BUS_UART']),
    ({'BUS_UART': 2}, ['RADIO_UART']),
    ({'BUS_RX_PIN': 5}, ['BUS_RX_PIN']),
    ({'RADIO_TX_PIN': 3, 'LIGHT_PIN': 3}, ['RADIO_TX_PIN', 'LIGHT_PIN']),
    ({'LIGHT_PIN': 3, 'LIGHT': None}, []),
    ({'BUS_DE_PIN': None}, []),
    ({'LIGHT_PIN': 'LED'}, []),
])
def test_a_pin_has_one_task_and_a_uart_too(overrides, names):
    assert [name for name, _ in board_errors('esp32', **overrides)] == names


def test_the_uarts_of_an_rp2_are_where_its_datasheet_has_them():
    for kind, by_uart in PICO_UARTS.items():
        for uart, expected in by_uart.items():
            overrides = dict(PICO, BUS_UART=uart, RADIO_UART=1 - uart, BUS_DE_PIN=None, LIGHT=None)
            right = [pin for pin in range(30)
                     if not [name for name, _ in board_errors('rp2', **dict(overrides, **{'BUS_%s_PIN' % kind: pin})) if name == 'BUS_%s_PIN' % kind]]
            other = overrides['BUS_RX_PIN' if kind == 'TX' else 'BUS_TX_PIN']
            assert sorted(set(right) - {other}) == sorted(expected)


@pytest.mark.parametrize('name', [row[0] for row in CHECKS])
@pytest.mark.parametrize('value', [None, [], object(), -1, 10**9, 1.5, '', 'nonsense', True])
def test_a_setting_of_the_wrong_kind_is_left_to_validate(name, value):
    for platform in ('esp32', 'rp2'):
        overrides = dict(PICO if platform == 'rp2' else {}, **{name: value})
        wrong = [error[0] for error in validate(Settings(overrides))]
        assert not set(wrong) & {error[0] for error in board_errors(platform, **overrides)}
