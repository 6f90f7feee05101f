"""What a night costs by its plan, by charging at once, and within a plain window. Pure.

Quarters are those of replan: n back from the departure. per_quarter: the kWh that fit into one.
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Night:
    """kwh: what fits; amount: what it costs, None where a price is not known."""
    kwh: float
    amount: float | None


def spread(quarters, kwh, per_quarter):
    """{n: kWh} of energy that flows in these quarters as they are listed, until there is enough; rounded to Wh."""
    found, left = {}, kwh
    for n in quarters:
        if left <= 0.0005:
            break
        found[n] = round(min(left, per_quarter), 3)
        left -= found[n]
    return found


def night(prices, quarters, kwh, per_quarter):
    """The Night in which that much flows in these quarters. prices: {n: price or None}."""
    flows = spread(quarters, kwh, per_quarter)
    costs = [None if prices.get(n) is None else prices[n] * its for n, its in flows.items()]
    return Night(sum(flows.values()), None if None in costs else sum(costs))


def saved(ours, other):
    """By how much ours is cheaper; None where one of them is not known, or they do not charge the same."""
    if ours.amount is None or other.amount is None or abs(ours.kwh - other.kwh) > 0.05:
        return None
    return other.amount - ours.amount
