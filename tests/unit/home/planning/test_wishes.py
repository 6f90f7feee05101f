"""home/planning/wishes.py: what Home Assistant may wish for, and for which departure it is kept."""
import pytest
from tests.support.house import given
from tests.support.stores import store
from home import settings
from home.planning import wishes
from home.store import database
from home.store.database import reading

# 2026-11-29T17:00:00Z, 18:00 in Berlin.
NOW_S = 1_795_971_600
MORNING_S = NOW_S + 13 * 3600 + 1800


@pytest.mark.parametrize("body, wish", [
    (b'{"until": "07:30", "kwh": 20}', {"by": "07:30", "kwh": 20, "current_a": None}),
    (b'{"until": "07:44:59", "kwh": 0.01, "current_a": 15.9}', {"by": "07:30", "kwh": 0.01, "current_a": 16}),
    (b'{"until": "07:30", "kwh": 6.666666666666667, "current_a": 10.3}', {"by": "07:30", "kwh": 6.67, "current_a": 10.5}),
    (b"{}", None), (b'{"until": null, "kwh": null}', None)])
def test_a_wish_is_an_hour_and_an_energy(body, wish):
    assert wishes.parsed(body) == wish


@pytest.mark.parametrize("body, wrong", [
    (b"", "must be as"), (b"20", "must be as"), (b"\xff", "must be as"), (b'{"kwh": 20}', "until: 'None' is no time"),
    (b'{"until": "24:00", "kwh": 20}', "until: '24:00' is no time"), (b'{"until": 730, "kwh": 20}', "until: '730' is no time"),
    (b'{"until": "07:30"}', "kwh: must be 0.01 to 655.35"), (b'{"until": "07:30", "kwh": NaN}', "kwh: must be"),
    (b'{"until": "07:30", "kwh": true}', "kwh: must be"), (b'{"until": "07:30", "kwh": "20"}', "kwh: must be"),
    (b'{"until": "07:30", "kwh": 20, "current_a": 5}', "current_a: must be 6 to 80"), (b"{" + b" " * 1000 + b"}", "must be as")])
def test_what_is_no_wish_is_named(body, wrong):
    with pytest.raises(ValueError, match=wrong):
        wishes.parsed(body)


def test_a_wish_holds_until_its_departure_is_over_and_a_later_one_takes_its_place():
    device = settings.checked(given(), "/nowhere").devices[0]
    with store() as engine:
        def put(wish):
            wishes.put(engine, database.insert_of(engine), 1, wish, device.timezone, NOW_S)

        def departure(now_s):
            with reading(engine) as connection:
                return wishes.departure(connection, 1, device, now_s)

        assert departure(NOW_S) is None
        put({"by": "07:30", "kwh": 20, "current_a": 16})
        found = departure(MORNING_S - 1)
        assert (found.until_s, str(found.day), found.order.kwh, found.order.current_a) == (MORNING_S, "2026-11-30", 20, 16)
        assert departure(MORNING_S) is None
        put({"by": "06:00", "kwh": 10, "current_a": None})
        assert departure(NOW_S).until_s == MORNING_S - 5400
        put(None)
        assert departure(NOW_S) is None
