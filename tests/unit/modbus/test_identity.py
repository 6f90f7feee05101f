"""The box's identity: properties that it reports, and properties that only its behaviour shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.fake_bus import Box, Wire

from modbus import registers
from modbus.charger import ChargerClient
from modbus.identity import ADDRESSES, KEY_ENABLES, KEY_STARTS, Identity, Interview


def identity_of(device='014150be', system='06000000', serial='5000325732324d313031323334353637'):
    identity = Identity()
    for address, text in ((0x0001, device), (0x0006, system), (0x0050, serial)):
        identity.take(address, None if text is None else bytes.fromhex(text))
    return identity


def reading_of(code, *currents):
    reading = registers.Reading()
    reading.update(b''.join(word.to_bytes(2, 'big') for word in (0x2E00 | code, 0x9100) + currents), 0)
    return reading


def test_the_traced_box_describes_itself():
    identity = identity_of()
    assert (identity.device_id, identity.hardware, identity.firmware) == (1, '160307', (5, 0))
    assert (identity.model, identity.serial, identity.key) == ('2W22M1', '01234567', KEY_ENABLES)
    assert (identity.meter, identity.upstream_timeout, identity.socket, identity.residual_current_monitor) == (True, False, True, True)
    assert identity.meter_works is None and identity.silent == [] and identity.older_protocol is False


@pytest.mark.parametrize('device, key', [('01411200', 'none'), ('01411201', KEY_STARTS), ('01411202', KEY_ENABLES), ('01411203', 'invalid')])
def test_the_key_switch_has_the_function_that_is_configured(device, key):
    assert identity_of(device=device).key == key


@pytest.mark.parametrize('device, system, timeout, fault, after', [
    ('01415040', '06008000', True, 'F4', 'start'), ('01415000', '06004000', False, 'F14', 'wait'), ('01415040', '0600c000', True, 'F4', 'wait'),
])
def test_the_options_are_read_where_they_can_be(device, system, timeout, fault, after):
    identity = identity_of(device, system)
    assert (identity.upstream_timeout, identity.upstream_fault, identity.after_power_cycle) == (timeout, fault, after)


@pytest.mark.parametrize('readings, works', [
    ([], None),
    ([(0xB2, 1000, 1000, 1000), (0xA1, 1000, 1000, 1000)], None),
    ([(0xC2, 1000, 1000, 1000)], False),
    ([(0xC2, 1, 1, 150)], True),
    ([(0xC2, 1, 1, 150), (0xC4, 1000, 1000, 1000)], True),
    ([(0xC3, 1000, 1000, 1000), (0xC2, 0, 0, 0)], True),
])
def test_whether_the_meter_works_shows_while_it_charges(readings, works):
    identity = identity_of(device='01411220')
    for row in readings:
        identity.observe(reading_of(*row))
    assert identity.meter is True and identity.meter_works is works


def test_a_box_that_misses_its_meter_has_none_that_works():
    assert identity_of(system='06000040').meter_works is False and identity_of(system='06000000').meter_works is None


def test_a_box_without_serial_number_or_silent_about_it_has_none():
    assert identity_of(serial='5000' + 'ff' * 14).serial is None and identity_of(serial='5000' + '00' * 14).model is None
    identity = identity_of(system=None, serial=None)
    assert identity.silent == [0x0006, 0x0050] and identity.model is None and identity.after_power_cycle is None and identity.device_id == 1


@given(st.sampled_from(ADDRESSES), st.one_of(st.none(), st.binary(max_size=18), st.binary(min_size=16, max_size=16)))
def test_no_answer_makes_it_raise(address, data):
    identity = Identity()
    identity.take(address, data)
    assert identity.device_id in (None,) + tuple(range(1, 17))


class DescribedBox(Box):
    """A box that knows the identifying blocks too."""

    def answer(self, function, address, rest):
        blocks = {0x0001: '014150be', 0x0006: '06024000', 0x0050: '5000' + b'1W1101  123456'.hex()}
        if function == 3 and address in blocks and address not in self.mute:
            return '03%02x%s' % (len(blocks[address]) // 2, blocks[address])
        return super().answer(function, address, rest)


def interviewed(mute=(), junk=b''):
    wire = Wire()
    box = DescribedBox(wire, sleeps_after_ms=20_000)
    box.mute = mute
    client = ChargerClient(wire)
    interview = Interview()
    wire.run(client, 5000)
    wire.inject(junk)
    interview.start(client, 5000)
    wire.run(client, 30_000, lambda ms, event: interview.step(client, event, ms))
    return interview, client


def test_an_interview_asks_one_after_the_other_beside_the_readings():
    interview, client = interviewed()
    identity = interview.identity
    assert interview.is_over and identity.silent == []
    assert (identity.firmware, identity.model, identity.serial, identity.after_power_cycle) == ((5, 0), '1W1101', '123456', 'wait')
    assert client.counts['reads'] >= 17 and client.reading.code == 0xB2


def test_an_interview_ends_whatever_the_box_is_silent_about():
    interview, _ = interviewed(mute=ADDRESSES)
    assert interview.is_over and interview.identity.silent == list(ADDRESSES) and interview.identity.device_id is None


def test_an_older_controller_is_named():
    interview, client = interviewed(ADDRESSES, b'>1 02 0161\r\n')
    assert interview.identity.older_protocol is True and client.counts['older_protocol'] == 1
    assert interviewed((), b'>1 02 0161\r\n')[0].identity.older_protocol is False
