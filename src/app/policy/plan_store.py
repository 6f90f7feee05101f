"""The plan and the time zone in force: those of config.py until others arrive over the air, which then survive every power cut."""

from hal.contract import HalError

from app.codec import windows, posix_tz
from app.codec.packing import pack, unpack
from app.codec.vocabulary import DETAIL_NO_ROOM, DETAIL_SUPERSEDED
from app.policy.plan import Plan
from app.runtime.journal import PLAN_RECORD

# Record: version; issued_at of the windows (4 bytes, 0: config.py's), then of the zone; length of the packed zone, the zone, the packed windows.
_VERSION = 1
_HEAD = 10
_HEAD_WIDTHS = (1, 4, 4, 1)


class PlanStore:
    """plan: app.policy.plan.Plan, empty or not; in_force: the same, None while it is empty; avoid: that of AVOID, or None.
    bad_records: number of unreadable records."""

    def __init__(self, settings, journal):
        """settings.PLAN and settings.TIMEZONE are valid (see check)."""
        self.bad_records = 0
        self._settings = settings
        self._journal = journal
        self._windows = windows.parse(settings.PLAN)[0]
        self._zone = posix_tz.parse(settings.TIMEZONE)[0]
        self._windows_at = self._zone_at = 0
        self._load(journal.get(PLAN_RECORD))
        self._renew()

    @property
    def windows(self):
        """As in app.codec.windows."""
        return self._windows

    @property
    def zone(self):
        """As in app.codec.posix_tz."""
        return self._zone

    def set_windows(self, plan_windows, issued_at):
        """Set another plan; 0, or the detail of the error: a later one is in force, or the store failed."""
        if issued_at < self._windows_at:
            return DETAIL_SUPERSEDED
        before = self._windows, self._windows_at
        self._windows, self._windows_at = plan_windows, issued_at
        if not self.save():
            self._windows, self._windows_at = before
            return DETAIL_NO_ROOM
        self._renew()
        return 0

    def set_zone(self, local_zone, issued_at):
        """Set another time zone, likewise."""
        if issued_at < self._zone_at:
            return DETAIL_SUPERSEDED
        before = self._zone, self._zone_at
        self._zone, self._zone_at = local_zone, issued_at
        if not self.save():
            self._zone, self._zone_at = before
            return DETAIL_NO_ROOM
        self._renew()
        return 0

    def _renew(self):
        self.plan = Plan(self._windows, self._zone)
        avoid = windows.parse(self._settings.AVOID)[0]
        self.avoid = Plan(avoid, self._zone) if avoid else None
        self.in_force = self.plan if self.plan else None

    def save(self):
        """Write plan and zone. False if the store failed: a plan that is not in flash would be lost with the next power cut."""
        packed = posix_tz.pack(self._zone)
        head = pack((_VERSION, self._windows_at, self._zone_at, len(packed)), _HEAD_WIDTHS)
        try:
            self._journal.put(PLAN_RECORD, head + packed + windows.pack(self._windows), True)
        except HalError:
            return False
        return True

    def _reject(self):
        self.bad_records += 1
        self._journal.reject(PLAN_RECORD)

    def _load(self, record):
        if record is None:
            return
        if len(record) < _HEAD or record[0] != _VERSION:
            self._reject()
            return
        _, windows_at, zone_at, zone_bytes = unpack(record, 0, _HEAD_WIDTHS)
        split = _HEAD + zone_bytes
        local_zone = posix_tz.unpack(record[_HEAD:split])
        plan_windows = windows.unpack(record[split:])
        if local_zone is None or plan_windows is None:
            self._reject()
            return
        self._windows_at, self._zone_at = windows_at, zone_at
        # A plan or zone never set over the air stays that of config.py, which may have changed.
        if self._windows_at:
            self._windows = plan_windows
        if self._zone_at:
            self._zone = local_zone


def check(settings, names):
    """Errors in PLAN, TIMEZONE and AVOID, if they are in names, as (setting, error)."""
    errors = []
    for name, parse in (('PLAN', windows.parse), ('TIMEZONE', posix_tz.parse), ('AVOID', windows.parse)):
        if name not in names:
            continue
        _, problem = parse(getattr(settings, name))
        if problem:
            errors.append((name, problem))
    return errors
