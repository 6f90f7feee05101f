"""Prices of a source in the store: new ones take the place of what was told before for the same time."""
import sqlalchemy as sa

from home.store.schema import price


def put(connection, source, spans):
    """Keep [(start_s, end_s, price)], in order and without overlaps; whether anything is other than before.

    What was known of the time beside them stays, also the part of an hour that a quarter of an hour leaves.
    """
    changed = False
    for begin_s, end_s, group in _together(spans):
        rows = _known(connection, source, begin_s, end_s)
        if [row for row in rows if begin_s <= row[0] and row[1] <= end_s] == group and len(rows) == len(group):
            continue
        beside = [(row[0], begin_s, row[2]) for row in rows if row[0] < begin_s] + [(end_s, row[1], row[2]) for row in rows if row[1] > end_s]
        its = price.c
        connection.execute(sa.delete(price).where(its.source == source, its.end_s > begin_s, its.start_s < end_s))
        connection.execute(sa.insert(price), [dict(source=source, start_s=start_s, end_s=until_s, price_kwh=kwh)
                                              for start_s, until_s, kwh in [*group, *beside]])
        changed = True
    return changed


def known_until_s(connection, source):
    """The end of the newest price of a source; 0: there is none."""
    return connection.execute(sa.select(sa.func.max(price.c.end_s)).where(price.c.source == source)).scalar() or 0


def _known(connection, source, begin_s, end_s):
    its = price.c
    return [tuple(row) for row in connection.execute(sa.select(its.start_s, its.end_s, its.price_kwh).where(
        its.source == source, its.end_s > begin_s, its.start_s < end_s).order_by(its.start_s))]


def _together(spans):
    """[(begin_s, end_s, spans)] of those that follow each other without a hole."""
    groups = []
    for span in map(tuple, spans):
        if groups and groups[-1][-1][1] == span[0]:
            groups[-1].append(span)
        else:
            groups.append([span])
    return [(group[0][0], group[-1][1], group) for group in groups]
