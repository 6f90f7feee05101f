"""Settings over the air: all or nothing, kept over reboots, and reverted if they cut the radio link."""

import config
import main
import pytest
from app.codec import setting_bytes, vocabulary
from app.runtime.journal import SITE_RECORD, Journal
from app.runtime.site_settings import TRIAL_H, SiteSettings
from hal.contract import STORE, HalError
from hypothesis import given
from hypothesis import strategies as st
from sim import scenario
from sim.boards.simulated_board import Flash, SimStore
from sim.world import World

HOUR_MS = 3600000


class StoreThatFills(dict):
    """A store that can be full."""

    full = False

    def put(self, name, value):
        if self.full:
            raise HalError(STORE, 'full')
        self[name] = value


def boot(store, **overrides):
    return SiteSettings(config.Settings(overrides), Journal(store), main.check)


def values(a_site):
    return {name: getattr(a_site, name) for name in config.NAMES}


def bad(name):
    return vocabulary.BAD_SETTING + setting_bytes.number_of(name)


def test_without_a_change_they_are_those_of_the_configuration():
    assert values(boot(StoreThatFills(), HOLD='always')) == values(config.Settings({'HOLD': 'always'}))


def test_a_change_is_in_force_at_once_and_after_a_reboot():
    store = StoreThatFills()
    a_site = boot(store)
    assert a_site.change((('hold', 'always'), ('current_limit_a', 16), ('heartbeat_min', 45)), 0) == 0
    assert (a_site.HOLD, a_site.CURRENT_LIMIT_A, a_site.HEARTBEAT_MIN) == ('always', 16, 45)
    assert values(boot(store)) == values(a_site)
    assert not a_site.trial and not a_site.needs_reboot


def test_a_later_change_leaves_an_earlier_one_alone():
    store = StoreThatFills()
    a_site = boot(store)
    a_site.change((('hold', 'always'),), 0)
    a_site.change((('unknown_time', 12), ('current_limit_a', None)), 0)
    assert (boot(store).HOLD, boot(store).UNKNOWN_TIME) == ('always', 12)


@pytest.mark.parametrize('pairs, detail', [
    ((('hold', 'always'), ('current_limit_a', 5)), bad('current_limit_a')),
    ((('hold', 'always'), ('phase_order', 'L1')), bad('phase_order')),
    ((('hold', 'always'), ('adr', True), ('data_rate', 3)), bad('adr')),
    ((('hold', 'always'), ('data_rate', 6)), bad('data_rate')),
    ((('hold', 'always'), ('adr', 1)), bad('adr')),
    ((('hold', 'always'), ('colour', 'red')), vocabulary.DETAILS.index('bad_setting')),
    ((('hold', 'always'), ('plan', [])), vocabulary.DETAILS.index('bad_setting')),
])
def test_a_bad_one_is_named_and_changes_nothing_at_all(pairs, detail):
    store = StoreThatFills()
    a_site = boot(store, REGION='EU868')
    before = values(a_site)
    assert a_site.change(pairs, 0) == detail
    assert (values(a_site), a_site.trial, store) == (before, False, {})


def test_what_cannot_be_kept_is_refused():
    store = StoreThatFills()
    a_site = boot(store)
    store.full = True
    assert a_site.change((('hold', 'always'), ('lorawan_class', 'A')), 0) == vocabulary.DETAILS.index('no_room')
    assert (a_site.HOLD, a_site.LORAWAN_CLASS, a_site.trial) == ('with_car', 'C', False)


def test_what_is_read_back_is_what_is_in_force():
    a_site = boot(StoreThatFills())
    a_site.change((('key_turn', 'ignore'),), 0)
    told = {vocabulary.SETTINGS[number][0]: setting_bytes.value_of(number, byte) for number, byte in a_site.wire_values()}
    assert told['key_turn'] == 'ignore' and told['current_limit_a'] is None
    assert all(getattr(a_site, name.upper()) == value for name, value in told.items())
    assert {row[0] for row in vocabulary.SETTINGS} - set(told) == {'heartbeat_not_connected_min', 'heartbeat_connected_min', 'heartbeat_min'}


# --- on trial


def test_a_radio_setting_is_on_trial_from_the_reboot_until_a_downlink():
    store = StoreThatFills()
    a_site = boot(store)
    a_site.change((('lorawan_class', 'A'),), 0)
    assert a_site.trial and a_site.needs_reboot
    a_site.proven()      # a downlink of the old session
    assert a_site.trial
    a_site = boot(store)
    assert a_site.trial and not a_site.needs_reboot and a_site.LORAWAN_CLASS == 'A'
    a_site.proven()
    assert not a_site.trial and not boot(store).trial and boot(store).LORAWAN_CLASS == 'A'


def test_without_a_downlink_it_is_rolled_back_and_nothing_else_is():
    store = StoreThatFills()
    boot(store).change((('lorawan_class', 'A'), ('hold', 'always')), 0)
    a_site = boot(store)
    hours = [hour for hour in range(2 * TRIAL_H) if a_site.tick(hour * HOUR_MS)]
    assert hours == [TRIAL_H - 1]        # the boot counts for one
    assert a_site.rolled_back and not a_site.trial and a_site.needs_reboot
    a_site = boot(store)
    assert (a_site.LORAWAN_CLASS, a_site.HOLD, a_site.rolled_back, a_site.needs_reboot) == ('C', 'always', True, False)
    a_site.rollback_sent()
    assert not boot(store).rolled_back


def test_a_monitor_that_never_lives_an_hour_gets_its_old_settings_back_too():
    store = StoreThatFills()
    boot(store).change((('data_rate', 4),), 0)
    rates = [boot(store).DATA_RATE for _ in range(TRIAL_H + 1)]
    assert rates == [4] * (TRIAL_H - 1) + [None] * 2


def test_what_was_proven_before_comes_back_not_the_configuration():
    store = StoreThatFills()
    boot(store).change((('data_rate', 4),), 0)
    boot(store).proven()
    a_site = boot(store)
    a_site.change((('data_rate', 5),), 0)
    a_site.change((('data_rate', 6), ('adr', False)), HOUR_MS)       # another one while on trial
    for hour in range(1, 2 * TRIAL_H):
        a_site.tick(hour * HOUR_MS)
    assert (a_site.DATA_RATE, boot(store).DATA_RATE) == (4, 4)


def test_taking_it_back_ends_the_trial():
    a_site = boot(StoreThatFills())
    a_site.change((('lorawan_class', 'A'),), 0)
    a_site.change((('lorawan_class', 'C'),), 0)
    assert not a_site.needs_reboot
    assert not any(a_site.tick(hour * HOUR_MS) and a_site.needs_reboot for hour in range(2 * TRIAL_H))


def test_a_change_of_others_does_not_begin_the_trial_anew():
    a_site = boot(StoreThatFills())
    a_site.change((('lorawan_class', 'A'),), 0)
    for hour in range(TRIAL_H):
        assert not a_site.tick(hour * HOUR_MS)
        a_site.change((('unknown_time', hour + 1),), hour * HOUR_MS)
    assert a_site.tick(TRIAL_H * HOUR_MS)


def test_a_trial_writes_once_an_hour_and_no_trial_never():
    store = StoreThatFills()
    journal = Journal(store)
    a_site = SiteSettings(config.Settings(), journal, main.check)
    a_site.change((('hold', 'always'),), 0)
    writes = journal.writes
    for minute in range(60 * 48):
        a_site.tick(minute * 60000)
    assert journal.writes == writes
    a_site.change((('lorawan_class', 'A'),), 0)
    writes = journal.writes
    for minute in range(60 * 48):
        a_site.tick(minute * 60000)
    assert journal.writes - writes == TRIAL_H


# --- the record


def load(record, **overrides):
    store = StoreThatFills()
    if record:
        Journal(store).put(SITE_RECORD, record)
    return boot(store, **overrides)


@given(st.binary(max_size=60), st.sampled_from(['AU915', 'EU868', 'US915', 'AS923']))
def test_no_record_keeps_the_monitor_from_starting_with_right_settings(record, region):
    a_site = load(record, REGION=region)
    assert main.check(a_site) == []
    assert a_site.change((('hold', 'always'),), 0) == 0


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), max_size=20), st.integers(0, 255), st.integers(0, 255), st.integers(0, 41))
def test_whatever_is_wrong_in_a_record_the_rest_is_taken(pairs, flags, hours, cut):
    record = bytes([1, flags, hours]) + b''.join(bytes(pair) for pair in pairs)
    for a_site in (load(record), load(record[:cut])):
        assert main.check(a_site) == []
    a_site = load(record)
    last = dict(pairs)
    for name in ('hold', 'key_turn', 'current_limit_a'):
        number = setting_bytes.number_of(name)
        known = [byte for other, byte in pairs if other == number and setting_bytes.is_known(number, byte)]
        expected = setting_bytes.value_of(number, known[-1]) if known else getattr(config.Settings(), name.upper())
        assert getattr(a_site, name.upper()) == expected, last


def test_numbers_of_a_later_firmware_are_skipped():
    a_site = load(bytes([1, 0, 0, 100, 7, setting_bytes.number_of('hold'), 1, 127, 0]))
    assert (a_site.HOLD, a_site.dropped) == ('always', 2)


def test_what_another_configuration_does_not_bear_is_dropped_and_nothing_else():
    store = StoreThatFills()
    boot(store).change((('data_rate', 6), ('hold', 'always')), 0)
    a_site = boot(store, REGION='EU868')
    assert (a_site.DATA_RATE, a_site.HOLD, a_site.dropped) == (None, 'always', 1)
    assert a_site.change((('unknown_time', 'charge'),), 0) == 0


def test_settings_that_are_only_right_together_are_taken_together():
    store = StoreThatFills()
    assert boot(store, DATA_RATE=3).change((('adr', True), ('data_rate', None)), 0) == 0
    a_site = boot(store, DATA_RATE=3)
    assert (a_site.ADR, a_site.DATA_RATE, a_site.dropped) == (True, None, 0)


def test_a_record_of_another_version_is_none():
    assert load(bytes([2, 0, 0, setting_bytes.number_of('hold'), 1])).HOLD == 'with_car'


# --- in the whole firmware


def changed_flash(pairs):
    """What a board was left with by that change."""
    flash = Flash()
    store = SimStore(flash)
    assert SiteSettings(config.Settings(), Journal(store), main.check).change(pairs, 0) == 0
    return flash


def test_the_modem_is_started_with_what_was_changed_and_a_frame_of_the_network_proves_it():
    flash = changed_flash((('lorawan_class', 'A'),))
    world = World(scenario.complete({'duration_s': 300}), flash=flash)
    world.run(300)
    assert world.network.device.klass == 'A' and world.resets == 0
    assert not SiteSettings(config.Settings(), Journal(SimStore(flash)), main.check).trial


@pytest.mark.long
def test_a_deaf_monitor_is_back_on_its_old_settings_within_the_trial():
    flash = changed_flash((('lorawan_class', 'A'),))
    days = {'duration_s': 34 * 3600, 'charger': {'panel_frames': False}, 'events': [{'t': 0, 'do': 'gateway_down', 'for_s': 30 * 3600}]}
    world = World(scenario.complete(days), flash=flash)
    world.run(34 * 3600)
    a_site = SiteSettings(config.Settings(), Journal(SimStore(flash)), main.check)
    assert (world.network.device.klass, a_site.LORAWAN_CLASS) == ('C', 'C')
    told = [entry for entry in world.timeline if entry['kind'] == 'uplink' and entry['decoded'].get('detail') == 'rolled_back']
    assert a_site.rolled_back == (not told)      # until it has been on the air


@pytest.mark.long
def test_a_rollback_is_told_on_the_air_once(evidence):
    """A data rate that reaches nobody: nothing comes any more, so after 26 h it is as before, and says so once it is heard."""
    world = World(scenario.complete({'duration_s': 34 * 3600, 'charger': {'panel_frames': False}}))
    for t_s, what in ((300, lambda: world.send({'settings': {'data_rate': 5}})), (317.5, lambda: setattr(world.network, 'uplink_loss', 1.0)),
                      (28 * 3600, lambda: setattr(world.network, 'uplink_loss', 0.0))):
        world.kernel.at(int(t_s * 1000000), what)
    world.run(34 * 3600)
    results = [entry['decoded'] for entry in world.timeline if entry['kind'] == 'uplink' and entry['f_port'] == 11]
    told = [result for result in results if result.get('detail') == 'rolled_back']
    assert [result['result'] for result in results[:1]] == ['done']
    assert len(told) == 1 and told[0]['command'] == 'settings' and told[0]['result'] == 'failed'
    evidence('h until a data rate that nobody hears is given up', round(
        next(entry['t'] for entry in world.timeline if entry['kind'] == 'reset' and entry['cause'] == 'settings') / 3600, 1), 27)
