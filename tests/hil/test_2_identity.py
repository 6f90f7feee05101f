"""The box's identity: id, equipment, type and serial number, and whether its answers agree with each other."""


def test_it_answers_under_the_id_that_its_register_says(client, found):
    assert found["device"]["device_id"] == client.device_id


def test_its_controller_is_one_of_the_document(found):
    assert found["device"]["hardware"] in ("141215", "160307", "170725")


def test_its_key_switch_function_is_a_valid_one(found):
    assert found["device"]["enable_mode"] != "invalid"


def test_its_type_and_number_are_legible_or_not_programmed(found):
    assert found["box"]["serial"] is None or found["box"]["serial"] == "" or len(found["box"]["serial"]) >= 4


def test_whoever_answers_a_broadcast_read_names_its_id(found, client):
    """The reply as such is an open question; a wrong id in it would lead the search for boxes astray."""
    body = found["broadcast"]
    assert body is None or body[4] & 0x3F == client.device_id


def test_lower_case_hex_is_tried(site, client, found):
    client.reading()
    site.capture.note("lower case")
    found["lower_case"] = any(site.ask(0x002E, 5, bytes.lower) is not None for _ in range(3))
    assert client.reading().code is not None
