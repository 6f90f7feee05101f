"""The cheapest quarter hours for a night, in a limited number of runs: an exact optimum by dynamic programming. Pure."""

import math


def choose(prices_by_quarter, quarters_needed, runs_max=4, run_min=1, one_block=False, ceiling=None):
    """The cheapest quarters as a sorted tuple of places in prices_by_quarter, which is in order of time.

    prices_by_quarter: a price for each quarter hour, None where it must not be used. quarters_needed: at most so many; fewer where there are
    no more, where their runs would be too many or too short, or where they cost more than ceiling. runs_max: most runs of quarters in a row;
    one_block: a single one. run_min: shortest run. Of equal cost the later ones are chosen.
    """
    runs = 1 if one_block else runs_max
    usable = [price is not None and (ceiling is None or price <= ceiling) for price in prices_by_quarter]
    for count in range(min(quarters_needed, sum(usable)), 0, -1):
        found = _cheapest(prices_by_quarter, usable, count, runs, run_min)
        if found is not None:
            return found
    return ()


def _cheapest(prices, usable, count, runs, run_min):
    """Exactly count quarters, or None. A state is (chosen so far, runs begun, length of the current run, capped at run_min; 0: none)."""
    # By state: (cost, sum of places negated, link to the choice before), the best so far: later places are better.
    states = {(0, 0, 0): (0, 0, None)}
    left = [0] * (len(prices) + 1)
    for place in range(len(prices) - 1, -1, -1):
        left[place] = left[place + 1] + usable[place]
    for place, price in enumerate(prices):
        after = {}
        for (chosen, begun, length), (cost, rank, link) in states.items():
            if chosen + left[place] < count:
                continue
            if length == 0 or length >= run_min:
                _keep(after, (chosen, begun, 0), (cost, rank, link))
            if usable[place] and chosen < count:
                new = begun + (length == 0)
                if new <= runs:
                    _keep(after, (chosen + 1, new, min(length + 1, run_min)), (cost + price, rank - place, (place, link)))
        states = after
    ends = [states[state] for state in states if state[0] == count and (state[2] == 0 or state[2] >= run_min)]
    if not ends:
        return None
    link = min(ends, key=lambda end: end[:2])[2]
    found = []
    while link is not None:
        found.append(link[0])
        link = link[1]
    return tuple(reversed(found))


def _keep(states, state, value):
    """The better of two ways to a state."""
    known = states.get(state)
    if known is None or value[:2] < known[:2]:
        states[state] = value


def cost(prices_by_quarter, chosen):
    """Sum of the prices of these quarters."""
    return math.fsum(prices_by_quarter[place] for place in chosen)
