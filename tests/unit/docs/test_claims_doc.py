"""docs/commands.md, "Who decides": its tables equal those computed from the claims."""

import pathlib
import re

import pytest
from app.codec import vocabulary
from app.policy.claims import CHARGE, Claims
from app.codec.vocabulary import UNTIL_TIME

DOC = (pathlib.Path(__file__).parents[3] / 'docs' / 'commands.md').read_text()
NOW_S = 1_800_000_000
INSIDE = (True, NOW_S + 7200, 0)

# Each is said, or happens, in a plan whose window is open; a boost is one until a time that is not over yet; a second target is a newer one.
CLAIMS = {
    'lock': lambda claims: claims.lock(),
    'stop': lambda claims: claims.stop(),
    'key turned': lambda claims: claims.turn_key(),
    'start': lambda claims: claims.start(True),
    'boost': lambda claims: claims.boost_until(UNTIL_TIME, NOW_S + 3600),
    'target': lambda claims: claims.target.set(NOW_S + 7200, 20000, 0, bytes(8), claims.target.issued_at + 1, 0),
    'skip': lambda claims: claims.skip(NOW_S, NOW_S + 7200),
}
ENDS = {
    'unlock': lambda claims: claims.unlock(),
    'resume_plan': lambda claims: claims.resume_plan(),
    'key opened': lambda claims: claims.open_key(),
    'unplugged': lambda claims: claims.unplugged(),
    'end of the boost': lambda claims: claims.expire(NOW_S + 3600, 0, True),
    'end of the target': lambda claims: claims.target.end(),
    'end of the window': lambda claims: claims.expire(NOW_S + 7200, 0, True) and claims.expire(NOW_S + 7200, 0, True),
    'reboot': lambda claims: None,   # there is one after each of the others, too
}
OPERATIONS = ('unlock', 'resume_plan')


def reboot(claims):
    """The claims as they are after a power cut."""
    again = Claims()
    assert again.load(claims.dump()) and again.target.load(claims.target.dump())
    return again


def standing(claims):
    """What stands, the highest first, as a cell."""
    return ', '.join(vocabulary.HOLDERS[row[0]] for row in claims.standing()) or 'none'


def after(*happenings):
    claims = Claims()
    for happens in happenings:
        happens(claims)
        claims = reboot(claims)
    return standing(claims)


def pairs(second):
    """The rows of a table: what stood, and what stands after each of those words."""
    head = ['', *second]
    rows = [head, ['---'] * len(head)]
    for name, first in CLAIMS.items():
        rows.append([name, *[after(first, happens) for happens in second.values()]])
    return '\n'.join('| ' + ' | '.join(f'`{cell}`' if cell in OPERATIONS else cell for cell in row) + ' |' for row in rows)


@pytest.mark.parametrize('title, second', [('said then', CLAIMS), ('what ends them', ENDS)])
def test_the_table_of_pairs_is_what_the_claims_do(title, second, evidence):
    found = re.search(rf'\*\*{re.escape(title.capitalize())}.*?\n\n(\|.*?)\n\n', DOC, re.S)
    assert found and found.group(1) == pairs(second), pairs(second)
    with_target = [(one, other) for one in CLAIMS for other in second if 'target' in (one, other)]
    evidence(f'pairs of claims in the table "{title}", each over a reboot too; of these with a target',
             f'{len(CLAIMS) * len(second)}; {len(with_target)}')


@pytest.mark.parametrize('first', CLAIMS)
@pytest.mark.parametrize('second', CLAIMS)
def test_of_two_the_higher_decides_and_a_lower_one_is_never_silently_dropped(first, second):
    claims = Claims()
    CLAIMS[first](claims)
    CLAIMS[second](claims)
    claims = reboot(claims)
    rows = standing(claims).split(', ')
    decision = claims.decide(NOW_S, INSIDE, True)
    assert vocabulary.HOLDERS[decision.holder] == rows[0]
    # The words about the car replace each other, but a key turned leaves a boost by command; locks, skips and targets stand by themselves, but for
    # a skip, which ends a target.
    assert ('target' in rows) == (second == 'target' or first == 'target' and second != 'skip')
    for name in ('lock', 'skip'):
        assert (name in rows) == (name in (first, second))
    assert ('stop' in rows) == (second == 'stop' or first == 'stop' and second in ('stop', 'lock', 'skip', 'target'))
    assert (decision.want == CHARGE) == (rows[0] in ('key', 'boost'))
