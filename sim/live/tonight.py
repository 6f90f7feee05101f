"""The coming night in one line: the window, who decides now, what comes next and when."""

from collections import namedtuple

# app.policy.claims and app.codec.vocabulary.HOLDERS as the view knows them: the claims on the box, and their holders.
LEAVE, HOLD, CHARGE, LOCK = range(4)
HOLDERS = ('none', 'plan', 'boost', 'skip', 'stop', 'lock', 'fault', 'key')
_NOW = ('leaves the box alone', 'holds the car', 'gives current', 'keeps the outlet locked')
# What follows a boost, without and with a plan.
_BACK = ('hold', 'plan again')
_MINUTE_S = 60

# window: '22:00-07:00', '' without one; is_open: now; now: the present action; holder: who decides, '' for nobody; next: what comes,
# '' for nothing; left_s: until then, None if it has no hour.
Tonight = namedtuple('Tonight', ('window', 'is_open', 'now', 'holder', 'next', 'left_s'))


def tonight_of(decision, tariff, utc_s, has_car, skipped=(0, 0), wh_left=None):
    """decision: the firmware's (want, holder, until), None while it is down. tariff: sim.oracle.tariff.Tariff; utc_s: the true time; skipped: from
    and until, UTC s, no window of it counts; wh_left: of a boost for energy."""
    run = tariff.now_or_next(int(utc_s))
    window = '%s-%s' % tuple(_clock(tariff, edge_s) for edge_s in run) if run else ''
    is_open = bool(run) and run[0] <= utc_s
    if decision is None:
        return Tonight(window, is_open, 'is down: the box goes on by itself', '', '', None)
    holder = HOLDERS[decision.holder]
    holder = '' if holder == 'none' else holder
    if holder == 'boost' and wh_left is not None:
        return Tonight(window, is_open, _NOW[decision.want], holder, '%s after %.1f kWh' % (_BACK[bool(tariff.windows)], wh_left / 1000), None)
    if holder == 'plan' and decision.until and decision.want != CHARGE:
        coming, at_s = _charges(tariff, run, is_open, skipped, has_car)
    else:
        coming, at_s = _next(decision, holder, bool(tariff.windows))
    if at_s:
        coming += ' at %s' % _clock(tariff, at_s)
    return Tonight(window, is_open, _NOW[decision.want], holder, coming, max(at_s - utc_s, 0) if at_s else None)


def _charges(tariff, run, is_open, skipped, has_car):
    """(what comes, UTC s) where the plan holds the car: the next window that is not skipped."""
    passed = 0
    while run and (run[0] < skipped[1] and run[0] >= skipped[0] or is_open):
        passed += not is_open
        is_open = False
        run = tariff.now_or_next(int(run[1]))
    skips = 'skips %d window%s, ' % (passed, 's' * (passed > 1)) if passed else ''
    return (skips + ('charge' if has_car else 'charge a car that is there'), run[0]) if run else (skips + 'nothing more', 0)


def _next(decision, holder, has_plan):
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
    return ('stop', decision.until) if decision.until else ('asks for the time', 0)


def text(tonight):
    """The line."""
    window = 'no plan' if not tonight.window else tonight.window + (' open' if tonight.is_open else '')
    who = 'monitor' if not tonight.holder else tonight.holder
    parts = [window, '%s %s' % (who, tonight.now)]
    if tonight.next:
        parts.append(tonight.next + ('' if tonight.left_s is None else ', %s left' % _span(tonight.left_s)))
    return ' · '.join(parts)


def _span(seconds):
    minutes = int(-(-seconds // _MINUTE_S))
    return '%d h %02d min' % divmod(minutes, 60) if minutes >= 60 else '%d min' % minutes


def _clock(tariff, utc_s):
    return tariff.local.local_of(utc_s).strftime('%H:%M')
