"""Every wrong setting is named, all at once, before anything is transmitted."""

import pathlib
import sys

import config
import main
import pytest
from app.codec import setting_bytes, vocabulary
from config import CHECKS, Settings, validate


def test_the_shipped_settings_are_right_but_for_the_region_that_a_site_chooses(monkeypatch):
    assert validate(Settings()) == main.check(Settings()) == []
    monkeypatch.setattr(config, 'REGION', None)    # as shipped: tests/conftest.py chooses one
    assert main.check(Settings()) == [
        ('REGION', "is None, must be 'AU915' or 'EU868' or 'US915' or 'AS923': `make settings` asks for it")]


def test_what_is_shipped_has_no_region():
    assert "\nREGION = None " in pathlib.Path(config.__file__).read_text()


class SettingsOfSite:
    """A local_config.py, as import gives it."""

    def __init__(self, **settings):
        vars(self).update(settings, __name__='local_config', _night={'from': '22:00'})


def test_the_sites_own_settings_stand_before_the_defaults_and_an_unknown_one_is_an_error(monkeypatch):
    monkeypatch.setitem(sys.modules, 'local_config', SettingsOfSite(REGION='EU868', COLOUR='red', PHASES=9))
    settings = config.of_site()
    assert (settings.REGION, settings.SUB_BAND) == ('EU868', 2)
    assert [name for name, _ in main.check(settings)] == ['COLOUR', 'PHASES']


def test_a_site_without_settings_of_its_own_has_the_defaults(monkeypatch):
    monkeypatch.setitem(sys.modules, 'local_config', None)      # there is none
    assert vars(config.of_site()) == vars(Settings())


def test_errors_of_plan_and_radio_come_with_all_others():
    wrong = {'REGION': 'US915', 'DATA_RATE': 5, 'CHARGER_ID': 0, 'PLAN': [{'days': 'mon'}], 'TIMEZONE': 'noon', 'AVOID': 5}
    assert sorted(name for name, _ in main.check(Settings(wrong))) == ['AVOID', 'CHARGER_ID', 'DATA_RATE', 'PLAN', 'TIMEZONE']


def test_every_setting_has_a_check():
    constants = [name for name in dir(config) if name.isupper() and not name.startswith('_') and name not in ('CHECKS', 'KEYS', 'NAMES', 'OF_SITE')]
    assert sorted(constants) == sorted(row[0] for row in CHECKS) == sorted(config.NAMES)


def test_all_errors_come_at_once_and_each_names_its_setting():
    errors = validate(Settings({'REGION': 'EU', 'CHARGER_ID': 17, 'ADR': 1, 'COLOUR': 'red'}))
    assert [name for name, _ in errors] == ['COLOUR', 'REGION', 'ADR', 'CHARGER_ID']
    assert "'EU'" in errors[1][1] and 'AU915' in errors[1][1]


@pytest.mark.parametrize('name', [row[0] for row in CHECKS])
@pytest.mark.parametrize('value', [None, [], {}, object(), -1, 10**9, 1.5, '', 'nonsense', b'\x00', True])
def test_nonsense_never_raises_and_is_named(name, value):
    errors = main.check(Settings({name: value}))
    assert all(error[0] == name for error in errors)
    right = {'DATA_RATE': (None,), 'CHARGER_ID': (None,), 'ADR': (True,), 'RADIO_PORT': (None,), 'CLOCK_SYNC': (True,), 'CLOCK_STATE': (True,),
             'PLAN': ([],), 'AVOID': ([],), 'CURRENT_LIMIT_A': (None,), 'HEARTBEAT_NOT_CONNECTED_MIN': (None,), 'HEARTBEAT_CONNECTED_MIN': (None,),
             'HEARTBEAT_MIN': (None,), 'KEEP_ALIVE': (True,), 'NOT_PLUGGED_IN_AT': (None,), 'BUS_DE_PIN': (None,), 'LIGHT': (None,),
             'EN1': (None,), 'RADIO_RESET_DAYS': (None,), 'RADIO_RESET_LINE': (None,), 'RADIO_RESET_PIN': (None,)}.get(name, ())
    if name in ('BUS_PORT', 'RADIO_PORT', 'STORE_DIR') and isinstance(value, str) and value:
        assert errors == []
    elif any(value is given or (value == given and isinstance(value, list)) for given in right):
        assert errors == []
    else:
        assert len(errors) == 1, (name, value)


@pytest.mark.parametrize('overrides, setting', [
    ({'REGION': 'US915', 'DATA_RATE': 5}, 'DATA_RATE'),
    ({'REGION': 'AS923', 'DATA_RATE': 0}, 'DATA_RATE'),
    ({'DATA_RATE': 3, 'ADR': True}, 'ADR'),
])
def test_a_combination_that_the_region_forbids_is_an_error(overrides, setting):
    assert [error[0] for error in main.check(Settings(overrides))] == [setting]


class Nothing:
    """A board every part of which must stay untouched but its light and its log."""

    def __init__(self):
        self.lines = []
        self.colours = []
        self.system = self.indicator = self

    def log(self, text):
        self.lines.append(text)

    def show(self, colour):
        self.colours.append(colour)


def test_a_wrong_setting_transmits_nothing_and_says_why():
    board = Nothing()
    main.start(board, Settings({'REGION': 'EU', 'CHARGER_ID': 0}))
    assert [line.split()[1] for line in board.lines] == ['REGION', 'CHARGER_ID']
    assert board.colours == [main.RED]


class Keys:
    JOIN_EUI = '0123456789abcdef'
    APP_KEY = 'A' * 32
    DEV_EUI = None


def test_right_keys_pass_and_missing_ones_are_named():
    assert config.validate_keys(Keys) == []
    assert [name for name, _ in config.validate_keys(None)] == ['keys.py']
    assert [name for name, _ in config.validate_keys(object())] == ['JOIN_EUI', 'APP_KEY']


@pytest.mark.parametrize('value', ['', 'zz' * 16, 'A' * 31, 'A' * 33, 5, b'A' * 32, 'app_key: 32 hexadecimal digits'])
def test_a_wrong_key_is_named_and_never_shown(value):
    class Wrong(Keys):
        APP_KEY = value

    errors = config.validate_keys(Wrong)
    assert [name for name, _ in errors] == ['APP_KEY']
    assert not value or str(value) not in errors[0][1]


@pytest.mark.parametrize('name, lowest, highest', [
    ('CURRENT_LIMIT_A', 6, 80), ('HEARTBEAT_NOT_CONNECTED_MIN', 5, 90), ('HEARTBEAT_CONNECTED_MIN', 5, 90), ('HEARTBEAT_MIN', 5, 90),
])
def test_a_number_is_right_from_its_lowest_to_its_highest(name, lowest, highest):
    right = [value for value in range(100) if validate(Settings({name: value})) == []]
    assert right == list(range(lowest, highest + 1))


def test_every_setting_of_the_air_is_one_of_the_site_and_takes_each_of_its_values():
    for number, row in enumerate(vocabulary.SETTINGS):
        values = [setting_bytes.value_of(number, byte) for byte in range(256) if setting_bytes.is_known(number, byte)]
        assert len(values) >= 2
        for value in values:
            assert validate(Settings({row[0].upper(): value})) == []
        assert setting_bytes.byte_of(number, getattr(Settings(), row[0].upper())) is not None or getattr(Settings(), row[0].upper()) is None
