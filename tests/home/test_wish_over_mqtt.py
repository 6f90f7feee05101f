"""A wish of Home Assistant over a real broker of the house: kept for its departure, and not one that the broker keeps."""
from tests.home.brokers import HOST, Mosquitto, free_port, running
from tests.home.client import client, until
from tests.support.house import StoredHouse, given
from tests.support.stores import store
from home.home_assistant import HouseBroker, wish_topic
from home.notices import Notices
from home.planning import wishes
from home.store.database import reading


def test_a_wish_that_is_published_is_kept_for_its_departure_and_a_retained_one_is_none(tmp_path):
    port = free_port()
    with store() as engine, running(Mosquitto(tmp_path, f"listener {port} {HOST}\nallow_anonymous true\n", [port])), client(port) as phone:
        its = StoredHouse(engine, given(house_mqtt={"host": HOST, "port": port}))
        its.notices, heard, device = Notices(), [], its.settings.devices[0]
        its.changes.listen(heard.append)

        def kept():
            with reading(engine) as connection:
                return wishes.departure(connection, its.key(device), device, its.clock())

        phone.publish(wish_topic(device), b'{"until": "05:00", "kwh": 5}', qos=1, retain=True)
        house = HouseBroker(its, lambda is_up, sentence: None)
        house.start()
        try:
            # Until it has subscribed nobody hears of it.
            until(lambda: phone.publish(wish_topic(device), b'{"until": "07:30", "kwh": 20}') or heard)
        finally:
            house.stop()
        assert (kept().order.by, kept().order.kwh) == ("07:30", 20)
        house = HouseBroker(its, lambda is_up, sentence: None)
        with client(port, "ev-charger-home/status") as other:
            house.start()
            try:
                other.wait_for("ev-charger-home/status", b"online")
                phone.publish(wish_topic(device), b"{}")
                until(lambda: kept() is None)
            finally:
                house.stop()
