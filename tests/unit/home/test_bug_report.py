"""home/bug_report.py: what helps to find a fault is in the file, and nothing that names somebody, something or a place."""
import dataclasses
import json
import subprocess
import sys

import pytest

from home import bug_report, firmware
from home.store.database import reading
from tests.support.house import BEGIN_MS, house, month
from tests.support.uplinks import Device

# Each would be a find; none may be a part of a word in the file.
KEY, EUI, JOIN_EUI, ADDRESS, GATEWAY = "NNSXS.ZQJXW7KTSECRET", "D7D7D7D7D7D7D7D7", "0A0A0A0A0A0A0A0A", "260B4F9E", "eui-c4c4c4c4c4c4c4c4"
LATITUDE, HOST, USER, DEVICE = "48.137154", "broker.zimmermann.lan", "zimmermann", "wallbox-zimmermann"
NAME, PLACE = "Garage Zimmermann", "Ahornweg 7"
VEHICLE, WHO, NETWORK, APPLICATION, TENANT = "Z-XY 123", "Ottilie", "Netz Zimmermann", "app-zimmermann", "tenant-zimmermann"
NOTIFY, SERIAL, WORDS = "ntfy://topsecret@ntfy.zimmermann.lan", "SN99887766", "Hallo Zimmermann"
SECRETS = [KEY, EUI, JOIN_EUI, ADDRESS, GATEWAY, LATITUDE, HOST, USER, DEVICE, NAME, PLACE, VEHICLE, WHO, NETWORK, APPLICATION, TENANT, NOTIFY,
           SERIAL, WORDS, "Zimmermann", "Europe/Berlin", "topsecret"]


def everywhere(value):
    """A dict with every secret as a name, as a value, in a list and deep down."""
    return {"deep": {"deeper": [{secret: secret} for secret in SECRETS]}, **{secret: 1 for secret in SECRETS}, "list": list(SECRETS), **value}


def planted(uplink):
    """The uplink as The Things Stack tells it, with all that it tells besides."""
    message = json.loads(uplink.message)
    message["end_device_ids"] = {"device_id": DEVICE, "dev_eui": EUI, "join_eui": JOIN_EUI, "dev_addr": ADDRESS,
                                 "application_ids": {"application_id": APPLICATION}}
    message["uplink_message"]["rx_metadata"] = [{"gateway_ids": {"gateway_id": GATEWAY, "eui": EUI}, "location": {"latitude": float(LATITUDE)},
                                                 "uplink_token": KEY}]
    message["uplink_message"]["session_key_id"] = KEY
    return dataclasses.replace(uplink, message=json.dumps(message), identity=f"{KEY}/{uplink.f_cnt}")


@pytest.fixture
def its(tmp_path):
    for name, text in (("key", KEY), ("password", USER)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    tables = {
        "network": [{"name": NETWORK, "host": HOST, "user": USER, "application": APPLICATION, "tenant": TENANT, "key_file": str(tmp_path / "key"),
                     "storage_url": f"https://{HOST}/api"}],
        "device": [{"id": DEVICE, "name": NAME, "timezone": "Europe/Berlin", "place": PLACE, "vehicle": VEHICLE}],
        "house_mqtt": {"host": HOST, "user": USER, "password_file": str(tmp_path / "password")},
        "tariff": [{"part": "energy", "place": PLACE, "price_kwh": 0.2}], "notify": {"urls": [NOTIFY]},
    }
    with house(**tables) as made:
        device = Device(DEVICE)
        kinds = [device.status(BEGIN_MS, 1.5, 7.0, place=PLACE, fault_text=WORDS, override="boost"),
                 device.status(BEGIN_MS + 1, reason=WORDS, code=WORDS, state=WORDS), device.event(BEGIN_MS + 2, WORDS),
                 device.session(5, BEGIN_MS + 3, reason=WORDS), device.uplink(BEGIN_MS + 4, 14, everywhere({"type": "readback", "part": WORDS})),
                 device.uplink(BEGIN_MS + 5, 12, {"type": "device", "part": "serial", "page": 4, "pages": 7, "serial": SERIAL, "model": SERIAL}),
                 device.uplink(BEGIN_MS + 6, 12, {"type": "device", "part": "boot", "firmware": "0.5.0", "commit": "5f4c", "boot_cause": "watchdog"}),
                 device.uplink(BEGIN_MS + 7, 14, {"type": "readback", "part": "timezone", "page": 1, "timezone_part": "<+01>-1<+02>"}),
                 device.uplink(BEGIN_MS + 8, 12, {"type": "device", "part": "crash", "error": "KeyError", "module": WORDS, "line": 7})]
        made.now_ms = BEGIN_MS + 10
        made.writer.write(NETWORK, [planted(one) for one in kinds])
        made.desk.ask(made.settings.devices[0], {"command": "boost", "until": "07:30"}, WHO)
        made.desk.ask(made.settings.devices[0], {"settings": {"hold": "always"}}, WHO)
        yield made


def text(its):
    with reading(its.engine) as connection:
        return bug_report.text(connection, its, its.now_ms)


def test_nothing_that_names_somebody_something_or_a_place_is_in_it(its, evidence):
    written = text(its)
    found = [secret for secret in SECRETS if secret.lower() in written.lower()]
    evidence("secrets, names and places planted everywhere, of which the bug-report file has none", len(SECRETS))
    assert found == [] and bug_report.REMOVED in written


def test_what_helps_is_in_it(its):
    (device,) = (made := json.loads(text(its)))["devices"]
    newest = {one["what"]: one["decoded"] for one in device["newest"]}
    assert newest["device.boot"] == {"type": "device", "part": "boot", "firmware": "0.5.0", "commit": "5f4c", "boot_cause": "watchdog"}
    assert newest["readback.timezone"]["timezone_part"] == "<+01>-1<+02>"
    assert device["uplinks"][-1]["decoded"]["power_kw"] == 7.0 and device["uplinks"][-1]["decoded"]["override"] == "boost"
    assert [(one["request"].get("until"), one["request"].get("settings"), one["who"]) for one in device["commands"]] == [
        (None, {"hold": "always"}, 1), ("07:30", None, 1)]
    assert made["settings"]["networks"] == [{"network": 1, "kind": "the-things-stack", "tls": True, "has_key": True, "has_storage": True}]
    assert set(made["versions"]) == {"monitor", "python", "sqlalchemy", "store", "database"}


def test_of_many_uplinks_the_last_200_are_in_it():
    with house() as its:
        month(its)
        (device,) = json.loads(text(its))["devices"]
        times = [one["received_ms"] for one in device["uplinks"]]
    assert len(times) == 200 and times == sorted(times, reverse=True)


DEEP = {"state": {"state": {"state": {"state": {"state": {"state": {"state": 1}}}}}}}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10 ** 400, "\ud800", DEEP])
def test_nonsense_is_no_trouble(value):
    json.dumps(bug_report.kept({"state": value}), allow_nan=False)


def test_the_firmware_s_words_are_there_however_the_service_was_started():
    code = "import home.bug_report as one; print(len(one.WORDS))"
    found = subprocess.run([sys.executable, "-c", code], cwd=firmware.SRC.removesuffix("src"), capture_output=True, text=True, timeout=60, check=True)
    assert int(found.stdout) > 100
