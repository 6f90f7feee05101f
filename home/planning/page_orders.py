"""Standing orders that are set on the page: kept in the store, checked as those of home.toml, and obeyed beside them."""
from home.planning import standing_orders
from home.store import memory
from home.store.database import writing

MOST = 8


class Full(ValueError):
    """There are as many as there may be."""


def every(connection, settings, device, key):
    """The StandingOrders of a device: those of home.toml, then those of the page."""
    its = tuple(order for order in settings.standing_orders if order.device == device.name)
    return its + tuple(standing_orders.of_words(device.name, words) for _, words in kept(connection, key))


def kept(connection, key):
    """[(number, fields of [[standing_order]])] of those of the page, as they were set."""
    return [(number, words) for number, words in memory.get(connection, _place(key), [])]


def add(engine, insert, key, words):
    """Keep one more. standing_orders.Wrong where it is none, Full where there are too many."""
    standing_orders.of_words("", words)
    with writing(engine) as connection:
        known = kept(connection, key)
        if len(known) >= MOST:
            raise Full
        memory.put(connection, insert, _place(key), [*known, (1 + max((number for number, _ in known), default=0), words)])


def remove(engine, insert, key, number):
    """Whether there was one of that number."""
    with writing(engine) as connection:
        known = kept(connection, key)
        memory.put(connection, insert, _place(key), [one for one in known if one[0] != number])
    return number in dict(known)


def _place(key):
    return f"planning/orders/{key}"
