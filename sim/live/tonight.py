"""The coming night in one line: the window, who decides now, what comes next and when."""

from collections import namedtuple

# app.policy.claims and app.codec.vocabulary.HOLDERS as the view knows them: the claims on the box, and their holders.
LEAVE, HOLD, CHARGE, LOCK = range(4)
HOLDERS = ('none', 'plan', 'boost', 'skip', 'stop', 'lock', 'fault', 'key', 'target')
_NOW_WITHOUT_CAR = 'waits for a car to give it current'
_NOW = ('leaves the box alone', 'holds the car', 'gives current', 'keeps the outlet locked')
# What follows a boost, without and with a plan.
_BACK = ('hold', 'plan again')
_MINUTE_S = 60

# Days ahead from which a moment is told with its day.
_DAY_S = 86400

# window: '22:00-07:00', '' without one; is_open: now; is_skipped: it will not count; now: the present action; holder: who decides, '' for nobody;
# next: what comes, '' for nothing; left_s: until then, None if it has no hour; also: what else stands and will count, in words.
Tonight = namedtuple('Tonight', ('window', 'is_open', 'is_skipped', 'now', 'holder', 'next', 'left_s', 'also'))


def tonight_of(decision, tariff, utc_s, has_car, skipped=(0, 0), wh_left=None, standing=(), time_known=True):
    """decision: the firmware's (want, holder, until), None while it is down. tariff: sim.oracle.tariff.Tariff; utc_s: the true time; skipped: from
    and until, UTC s, no window of it counts; wh_left: of a boost for energy; standing: (holder, until) of every claim in force; time_known: to the
    monitor."""
    run = tariff.now_or_next(int(utc_s))
    window = '%s-%s' % tuple(_clock(tariff, edge_s) for edge_s in run) if run else ''
    is_open = bool(run) and run[0] <= utc_s
    if decision is None:
        return Tonight(window, is_open, False, 'is down: the box goes on by itself', '', '', None, ())
    holder = HOLDERS[decision.holder]
    holder = '' if holder == 'none' else holder
    is_skipped = bool(run) and _is_skipped(run, skipped)
    now = _NOW[decision.want] if has_car or decision.want != CHARGE else _NOW_WITHOUT_CAR
    also = tuple(_stands(tariff, utc_s, skipped, *row) for row in standing if HOLDERS[row[0]] not in (holder, 'none', 'plan')
                 and not (HOLDERS[row[0]] == 'skip' and is_skipped))
    if holder == 'boost' and wh_left is not None:
        return Tonight(window, is_open, is_skipped, now, holder, '%s after %.1f kWh' % (_BACK[bool(tariff.windows)], wh_left / 1000), None, also)
    if holder == 'plan' and decision.until and decision.want != CHARGE:
        coming, at_s = _charges(tariff, run, is_open, skipped, has_car)
    else:
        coming, at_s = _next(decision, holder, bool(tariff.windows), time_known)
    if at_s:
        coming += ' %s' % _when(tariff, utc_s, at_s)
    return Tonight(window, is_open, is_skipped, now, holder, coming, max(at_s - utc_s, 0) if at_s else None, also)


def _is_skipped(run, skipped):
    return skipped[0] <= run[0] < skipped[1]


def _charges(tariff, run, is_open, skipped, has_car):
    """(what comes, UTC s) where the plan holds the car: the next window that is not skipped."""
    passed = 0
    while run and (_is_skipped(run, skipped) or is_open):
        passed += not is_open
        is_open = False
        run = tariff.now_or_next(int(run[1]))
    skips = 'skips %d windows, ' % passed if passed > 1 else ''
    return (skips + ('charge' if has_car else 'charge a car that is there'), run[0]) if run else (skips + 'nothing more', 0)


def _stands(tariff, utc_s, skipped, holder, until):
    """A claim that does not decide yet, in words."""
    if HOLDERS[holder] == 'skip':
        return 'the window of %s is skipped' % tariff.local.local_of(skipped[0]).strftime('%a %H:%M')
    return '%s stands%s' % (HOLDERS[holder], ' until %s' % _when(tariff, utc_s, until).removeprefix('at ').removeprefix('on ') if until else '')


def _next(decision, holder, has_plan, time_known):
    """(what the firmware will do of itself, UTC s or 0)."""
    if holder == 'lock':
        return 'nothing until unlocked', 0
    if holder == 'stop':
        return 'nothing until unplugged or started', 0
    if holder == 'key':
        return _BACK[has_plan] + ' when the key is opened or the car unplugged', 0
    if holder in ('boost', 'skip'):
        return (_BACK[has_plan], decision.until) if decision.until else (_BACK[has_plan] + ' when unplugged', 0)
    if not has_plan:
        return ('nothing unasked' if holder == '' else ''), 0
    if decision.until:
        return 'stop', decision.until
    return ('' if time_known else 'asks for the time'), 0


def parts(tonight):
    """What there is to tell, piece by piece."""
    window = 'no plan' if not tonight.window else tonight.window + (' open' if tonight.is_open else '') + (' skipped' if tonight.is_skipped else '')
    who = 'monitor' if not tonight.holder else tonight.holder
    told = [window, '%s %s' % (who, tonight.now)]
    if tonight.next:
        told.append(tonight.next + ('' if tonight.left_s is None else ', %s left' % _span(tonight.left_s)))
    return told + list(tonight.also)


def text(tonight):
    """All of it in one line."""
    return ' · '.join(parts(tonight))


def lines(tonight, width):
    """All of it in lines of that width."""
    told = []
    for part in parts(tonight):
        if told and len(told[-1]) + len(part) + 3 <= width:
            told[-1] += ' · ' + part
        else:
            told.append(part)
    return told


def _span(seconds):
    minutes = int(-(-seconds // _MINUTE_S))
    return '%d h %02d min' % divmod(minutes, 60) if minutes >= 60 else '%d min' % minutes


def _clock(tariff, utc_s):
    return tariff.local.local_of(utc_s).strftime('%H:%M')


def _when(tariff, utc_s, at_s):
    """'at 22:00', 'on Sun at 22:00', 'on Sun 14 Jun at 22:00', by how far off it is."""
    local = tariff.local.local_of(at_s)
    if at_s - utc_s < _DAY_S:
        return 'at ' + local.strftime('%H:%M')
    return local.strftime('on %a at %H:%M' if at_s - utc_s < 6 * _DAY_S else 'on %a %d %b at %H:%M')
