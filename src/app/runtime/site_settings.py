"""The settings in force: config.py and changes over the air. Changes that may cut the radio link are on trial until a downlink arrives."""

from micropython import const

import config
from hal.contract import HalError

from app.codec import setting_bytes, vocabulary
from app.codec.vocabulary import DETAIL_BAD_SETTING, DETAIL_NO_ROOM
from app.runtime.journal import SITE_RECORD

# Layout: version, flags, hours on trial, then (number, byte) as on the air; number + 128: the byte of a radio setting before the trial.
_VERSION = const(1)
_HEAD = const(3)
_ON_TRIAL = const(1)
_ROLLED_BACK = const(2)
_BEFORE = const(128)

# Settings that take effect with the modem's next start, and may cut the radio link.
RADIO = ('LORAWAN_CLASS', 'ADR', 'DATA_RATE')
# The Things Stack asks for the device's status once a day, and the monitor twice for the time: after two hours more there is no link.
TRIAL_H = const(26)
_HOUR_MS = const(3600000)


class Draft:
    """Settings with some values in the place of others."""

    unknown = ()

    def __init__(self, settings, values):
        """values: {name: value}."""
        self._settings = settings
        for name in values:
            setattr(self, name, values[name])

    def __getattr__(self, name):
        return getattr(self._settings, name)


class SiteSettings:
    """Attributes as config.Settings.

    trial: radio settings wait for a downlink. rolled_back: no downlink came, and the old ones are in force again; the caller sends an answer,
    then calls rollback_sent(). needs_reboot: radio settings in force are not those of this boot. dropped: settings of the record that were not used.
    """

    def __init__(self, settings, journal, check):
        """settings: valid config.Settings; check(settings, names) -> [(name, error), ...] for the new settings `names`."""
        self.dropped = 0
        self.rolled_back = False
        self._config = settings
        self._journal = journal
        self._check = check
        self.unknown = settings.unknown
        self._own = config.NAMES  # names to be set back to config.py's values with the next change
        self._changed = {}       # number: byte
        self._before = {}        # the same of the proven radio settings
        self._trial = False
        self._trial_h = 0
        self._hour_ms = None     # begin of the trial's current hour; None before the first in this boot
        self._load(journal.get(SITE_RECORD))
        self._at_boot = self._radio()

    @property
    def trial(self):
        """True while radio settings wait for a downlink."""
        return self._trial

    @property
    def needs_reboot(self):
        """True while the modem still runs with the settings before."""
        return self._radio() != self._at_boot

    def change(self, pairs, now_ms):
        """Change ((name, value), ...) named as in vocabulary.SETTINGS; 0, or the detail of the error, and then nothing is changed."""
        changed = dict(self._changed)
        for name, value in pairs:
            number = setting_bytes.number_of(name)
            byte = None if number is None else setting_bytes.byte_of(number, value)
            if byte is None:
                return DETAIL_BAD_SETTING if number is None else vocabulary.BAD_SETTING + number
            changed[number] = byte
        error = self._wrong(changed)
        if error is not None:
            number = setting_bytes.number_of(error)
            return DETAIL_BAD_SETTING if number is None else vocabulary.BAD_SETTING + number
        kept = self._state()
        self._begin_trial(changed, now_ms)
        self._changed = changed
        if not self.save(True):
            # A setting that is not in flash would be lost with the next power cut.
            self._changed, self._before, self._trial, self._trial_h, self._hour_ms = kept
            return DETAIL_NO_ROOM
        self._apply()
        return 0

    def proven(self):
        """A downlink has arrived in a session of this boot; under the settings before the change it would prove nothing."""
        if self._trial and not self.needs_reboot:
            self._trial = False
            self._before = {}
            self.save()

    def tick(self, now_ms):
        """Called about once a second; True if the radio settings were just rolled back."""
        if not self._trial:
            return False
        if self._hour_ms is None:
            self._hour_ms = now_ms
        if now_ms - self._hour_ms < _HOUR_MS:
            return False
        self._hour_ms += _HOUR_MS
        self._trial_h += 1
        over = self._trial_h >= TRIAL_H
        if over:
            self._roll_back()
        self.save()
        return over

    def rollback_sent(self):
        """The rollback is in an answer that was sent."""
        if self.rolled_back:
            self.rolled_back = False
            self.save()

    def wire_values(self):
        """((number, byte), ...) of every setting that has a byte, for the read-back."""
        found = []
        for number, row in enumerate(vocabulary.SETTINGS):
            byte = setting_bytes.byte_of(number, getattr(self, row[0].upper()))
            if byte is not None:
                found.append((number, byte))
        return tuple(found)

    # --- trial

    def _radio(self):
        return [getattr(self, name) for name in RADIO]

    def _state(self):
        return self._changed, self._before, self._trial, self._trial_h, self._hour_ms

    def _begin_trial(self, changed, now_ms):
        """Begin a trial if the radio settings are new; end it if they are the proven ones."""
        asked = _radio_part(changed)
        if asked == _radio_part(self._changed):
            return
        before = self._before if self._trial else _radio_part(self._changed)
        self._trial = asked != before
        self._before = before if self._trial else {}
        self._trial_h = 0
        self._hour_ms = now_ms

    def _roll_back(self):
        changed = dict(self._before)
        for number in self._changed:
            if not _is_radio(number):
                changed[number] = self._changed[number]
        self._changed = changed
        self._before = {}
        self._trial = False
        self.rolled_back = True
        self._take()

    # --- settings in force

    def _wrong(self, changed):
        """The name of a setting that is wrong after these changes, or None."""
        values = _values(changed)
        errors = self._check(Draft(self._config, values), values)
        return errors[0][0] if errors else None

    def _take(self):
        """Apply the changes, without those that are wrong for this firmware or this config.py."""
        changed = dict(self._changed)
        error = self._wrong(changed)
        while error is not None and changed:
            number = setting_bytes.number_of(error)
            if number not in changed:
                # A combination: the radio settings are the ones that can be wrong together.
                radio = _radio_part(changed)
                number = max(radio or changed)
            del changed[number]
            self.dropped += 1
            error = self._wrong(changed)
        self._changed = changed
        self._apply()

    def _apply(self):
        """Reset the settings that are no longer changed, then set the changed ones."""
        for name in self._own:
            setattr(self, name, getattr(self._config, name))
        self._own = _values(self._changed)
        for name in self._own:
            setattr(self, name, self._own[name])

    # --- record

    def _load(self, record):
        if record is None:
            record = b''
        elif len(record) < _HEAD or record[0] != _VERSION:
            self.dropped += 1
            self._journal.reject(SITE_RECORD)
            record = b''
        for at in range(_HEAD, len(record) - 1, 2):
            number, byte = record[at], record[at + 1]
            before = number >= _BEFORE
            number &= _BEFORE - 1
            if not setting_bytes.is_known(number, byte) or before and not _is_radio(number):
                self.dropped += 1
            else:
                (self._before if before else self._changed)[number] = byte
        if record:
            self.rolled_back = bool(record[1] & _ROLLED_BACK)
            self._trial = bool(record[1] & _ON_TRIAL)
            self._trial_h = record[2]
        self._take()
        if self._trial:
            self._boot_on_trial()

    def _boot_on_trial(self):
        """Each boot counts as an hour, so that a monitor that keeps rebooting gets its old settings back too."""
        self._trial_h += 1
        if self._trial_h >= TRIAL_H:
            self._roll_back()
        self.save()

    def save(self, both=False):
        """Write the changes. False if the store failed."""
        flags = (_ON_TRIAL if self._trial else 0) | (_ROLLED_BACK if self.rolled_back else 0)
        record = bytearray((_VERSION, flags, min(self._trial_h, 255) if self._trial else 0))
        for number in sorted(self._changed):
            record.append(number)
            record.append(self._changed[number])
        for number in sorted(self._before):
            record.append(_BEFORE + number)
            record.append(self._before[number])
        try:
            self._journal.put(SITE_RECORD, bytes(record), both)
        except HalError:
            return False
        return True


def _values(changed):
    """{name: value} of {number: byte}."""
    values = {}
    for number in changed:
        values[vocabulary.SETTINGS[number][0].upper()] = setting_bytes.value_of(number, changed[number])
    return values


def _is_radio(number):
    return vocabulary.SETTINGS[number][0].upper() in RADIO


def _radio_part(changed):
    """The radio settings among them."""
    part = {}
    for number in changed:
        if _is_radio(number):
            part[number] = changed[number]
    return part
