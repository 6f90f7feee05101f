"""What a session cost, by when its energy flowed; and the worst half hour of a month, where a demand charge asks for it."""
import dataclasses

# So much of the energy may lie in quarters of which one does not know that it flowed then, and the cost is no estimate yet.
UNSURE_PART = 0.01


@dataclasses.dataclass(frozen=True)
class Cost:
    """amount: None if a price or a currency is missing. is_estimated: energy or its time is not known well enough."""
    amount: float | None
    currency: str | None
    is_estimated: bool


NONE = Cost(None, None, False)


def of_session(quarters, is_energy_estimated, tariff):
    """quarters: [(quarter, Wh, is_sure)]."""
    if tariff.is_empty:
        return NONE
    total_wh, unsure_wh, amount = 0, 0, 0.0
    currencies, unsure_prices = set(), set()
    for quarter, wh, is_sure in quarters:
        price = tariff.price(quarter)
        if price.kwh is None or price.currency is None:
            return NONE
        amount += price.kwh * wh / 1000
        currencies.add(price.currency)
        total_wh += wh
        if not is_sure:
            unsure_wh += wh
            unsure_prices.add(price.kwh)
    if len(currencies) > 1:
        return NONE
    is_unsure = unsure_wh > UNSURE_PART * total_wh and len(unsure_prices) > 1
    return Cost(amount, next(iter(currencies), None), is_energy_estimated or is_unsure) if quarters else Cost(0.0, _currency(tariff), False)


def _currency(tariff):
    return tariff.parts[-1].currency


def average(tariff, days):
    """The mean Price.kwh of all quarters of those days, or None if one is missing."""
    prices = [tariff.price(quarter).kwh for day in days for quarter in tariff.quarters(day)]
    return None if not prices or None in prices else sum(prices) / len(prices)


def demand(quarters, tariff):
    """[(part, kW, amount)] of a month's demand charges: quarters is {quarter: Wh} of all that flowed; the worst half hour by the clock counts."""
    if not any(part.price_kw for part in tariff.parts):
        return []
    worst = {}
    halves = {}
    for quarter, wh in quarters.items():
        halves.setdefault(quarter // 2, []).append((quarter, wh))
    for its in halves.values():
        day = tariff.day_of(its[0][0])
        for part in tariff.demand_parts(day):
            inside = tariff.in_window(part, day)
            kw = sum(wh for quarter, wh in its if quarter in inside) * 2 / 1000
            if kw > worst.get(id(part), (part, 0))[1]:
                worst[id(part)] = part, kw
    return [(part, kw, kw * part.price_kw * (1 + part.vat)) for part, kw in worst.values()]
