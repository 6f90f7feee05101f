"""A device's registration: The Things Stack's JSON of an end device, as its console imports it, read on its own terms.

What the stack does with the file, as read in its source: without supports_join the device is registered for activation by personalization;
MAC and regional parameters must belong together; the frequency plan names the region.
"""

import json
from collections import namedtuple

# Plans begin with this; the rest of the id is sub-band or variant.
_REGIONS = {'EU_863_870': 'EU868', 'AU_915_928': 'AU915', 'US_902_928': 'US915', 'AS_920_923': 'AS923', 'AS_923': 'AS923'}
_PHY = {'MAC_V1_0_2': ('PHY_V1_0_2_REV_A', 'PHY_V1_0_2_REV_B'), 'MAC_V1_0_3': ('PHY_V1_0_3_REV_A',)}

# identity: (DevEUI, JoinEUI, AppKey) in upper-case hex, what a join request must prove; script: the payload formatter's text.
Registration = namedtuple('Registration', 'device_id region identity class_c script')


class RegistrationError(ValueError):
    """The stack would not register this; args[0] says why."""


def read(path):
    """The registration in that file. RegistrationError or OSError."""
    with open(path, encoding='utf-8') as file:
        text = file.read()
    try:
        return _read(json.loads(text))
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        if isinstance(problem, RegistrationError):
            raise
        raise RegistrationError('%s is no end device of The Things Stack: %s %s' % (path, type(problem).__name__, problem)) from None


def _read(device):
    ids, formatters = device['ids'], device['formatters']
    if not device.get('supports_join'):
        raise RegistrationError('without supports_join the device could not join')
    if device['lorawan_phy_version'] not in _PHY.get(device['lorawan_version'], ()):
        raise RegistrationError('%(lorawan_version)s and %(lorawan_phy_version)s do not belong together' % device)
    region = next((region for plan, region in _REGIONS.items() if device['frequency_plan_id'].startswith(plan)), None)
    if region is None:
        raise RegistrationError('%s is no frequency plan of these regions' % device['frequency_plan_id'])
    for name in ('up', 'down'):
        if formatters[name + '_formatter'] != 'FORMATTER_JAVASCRIPT':
            raise RegistrationError('no payload formatter in JavaScript, %slink' % name)
    if formatters['up_formatter_parameter'] != formatters['down_formatter_parameter']:
        raise RegistrationError('the formatter is one file for both directions')
    identity = tuple(_hex(*part) for part in ((ids['dev_eui'], 16), (ids['join_eui'], 16), (device['root_keys']['app_key']['key'], 32)))
    return Registration(ids['device_id'], region, identity, bool(device.get('supports_class_c')), formatters['up_formatter_parameter'])


def _hex(text, digits):
    if len(text) != digits or not set(text.upper()) <= set('0123456789ABCDEF'):
        raise RegistrationError('%d hexadecimal digits are wanted' % digits)
    return text.upper()
