"""tools/charger/client.py: the blocking client, on the simulated box and on every kind of nonsense."""
import fcntl
import os

import pytest
from modbus import registers, transaction
from tools.charger import ports, find as seek
from tools.charger.client import ACKED, SILENT, Client
from tools.charger.ports import ChargerError

from tests.support.fake_bus import telegram

pytest_plugins = ["tests.support.charger_process"]
pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def impatient(monkeypatch):
    """For buses on which no answer comes anyway."""
    monkeypatch.setattr(transaction, "RESPONSE_MS", 60)


def refusal(path, act=lambda client: client.reading(), device_id=1):
    with pytest.raises(ChargerError) as caught:
        with Client(path, device_id) as client:
            act(client)
    assert caught.value.kind in ChargerError.KINDS
    return caught.value


def test_a_status_is_read_and_decoded(box):
    wallbox = box("--model", "1W11")
    with Client(wallbox.link) as client:
        reading = client.reading()
        assert (reading.code, reading.ev_connected, reading.currents_da) == (0xA1, False, [None] * 3)
        assert client.limits() == (0x10B, 0x10B, 0x10B, 0)
        assert client.device()["meter"] is True
        assert client.serial() == "1W11xy01234567"
        assert client.system()["after_power_cycle"] == "start"


def test_a_register_of_the_map_comes_raw_and_decoded(box):
    with Client(box().link) as client:
        block = client.read(registers.PANEL)
        assert (block.data, block.values) == (b"\x04\xa1", {"code": 0xA1})


def test_a_register_outside_the_map_needs_its_number_of_words(box, monkeypatch):
    monkeypatch.setattr(registers, "REGISTERS", tuple(one for one in registers.REGISTERS if one[registers.ADDRESS] != 0x0003))
    with Client(box().link) as client:
        block = client.read(0x0003, 1)
        assert (block.data, block.values) == (b"\x03\x27", None)
        with pytest.raises(ChargerError, match="0x0003:1"):
            client.read(0x0003)


def test_a_sleeping_box_is_woken(box):
    with Client(box("--sleepy").link) as client:
        assert client.reading().code == 0xA1
        assert client.counts["retries"] == 1


def test_a_write_is_sent_once_after_a_reading(box, cable):
    line = cable(lambda request: True, box())
    with Client(line.path) as client:
        assert client.write(registers.ICMAX, 100) == ACKED
        assert client.limits()[2] == 100
    assert line.requests[:2] == [telegram(":", "0103002E0005"), telegram(":", "011000140001020064")]
    assert len(line.requests) == 3


@pytest.mark.parametrize("address, value", [(0x0005, 0xE2E2), (0x0005, 0xF1F1), (0x0005, 0x3838), (0x002C, 0xF001), (0x0014, 50), (0x0013, 267)])
def test_what_the_firmware_may_not_write_is_not_sent(cable, address, value):
    line = cable(lambda request: None)
    assert refusal(line.path, lambda client: client.write(address, value)).kind == "not_allowed"
    assert line.requests == []


def test_a_write_that_nobody_answers_is_not_repeated(box, cable, impatient):
    line = cable(lambda request: request[3:5] == b"03", box())
    with Client(line.path) as client:
        assert client.write(registers.ICMAX, 100) == SILENT
    assert sum(request[3:5] == b"10" for request in line.requests) == 1


# --- no box


def test_a_port_that_is_not_there_is_named_with_what_there_is(tmp_path):
    error = refusal(tmp_path / "ttyUSB9")
    assert error.kind == "port_missing" and "ttyUSB9" in str(error) and "erial port" in str(error)


@pytest.mark.parametrize("path", ["/dev/null", "/etc/passwd", "/tmp"])
def test_what_is_no_serial_port_is_not_taken_for_one(path):
    assert refusal(path).kind == "not_a_port"


def test_a_port_that_is_forbidden_says_which_group_to_join(tmp_path, monkeypatch):
    path = tmp_path / "port"
    path.write_text("")

    def forbidden(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(ports.os, "open", forbidden)
    monkeypatch.setattr(ports.grp, "getgrgid", lambda number: type("Group", (), {"gr_name": "dialout"}))
    error = refusal(path)
    assert error.kind == "port_forbidden" and "usermod -aG dialout" in str(error)


def test_a_port_in_use_by_another_console_is_left_alone(box):
    link = box().link
    with Client(link) as client:
        client.reading()
        error = refusal(link)
        assert error.kind == "port_busy" and "in use" in str(error)
        client.reading()
    with Client(link) as client:
        client.reading()


def test_a_port_locked_by_a_terminal_program_is_busy(box, tmp_path, monkeypatch):
    link = box().link
    monkeypatch.setattr(ports, "LOCKS", tmp_path)
    (tmp_path / ("LCK.." + os.path.basename(os.path.realpath(link)))).write_text(f"{os.getppid():>10}\n")
    assert f"process {os.getppid()}" in str(refusal(link))
    (tmp_path / ("LCK.." + os.path.basename(os.path.realpath(link)))).write_text("garbage")
    with Client(link) as client:
        client.reading()


def test_who_has_a_port_open_is_named(tmp_path):
    process = tmp_path / "4711"
    (process / "fd").mkdir(parents=True)
    (process / "comm").write_text("minicom\n")
    os.symlink("/dev/ttyUSB7", process / "fd" / "4")
    assert ports._holders("/dev/ttyUSB7", tmp_path) == ["minicom (process 4711)"]
    assert ports._holders("/dev/ttyUSB8", tmp_path) == []


def test_the_port_is_given_back_at_the_end(cable):
    line = cable(lambda request: None)
    with Client(line.path):
        pass
    fd = os.open(line.path, os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(fd)


# --- no answer


@pytest.mark.parametrize("device_id", [0, 17, -1])
def test_an_id_outside_1_to_16_is_a_wrong_argument(cable, device_id):
    assert refusal(cable(lambda request: None).path, device_id=device_id).kind == "argument"


def test_a_silent_bus_says_what_to_look_at(cable, impatient):
    error = refusal(cable(lambda request: None).path)
    assert error.kind == "no_answer"
    assert "power" in str(error) and "A and B" in str(error)


def test_garbage_points_at_the_wires(cable, impatient):
    error = refusal(cable(lambda request: b"\xfe\x81\x00\x13>4").path)
    assert error.kind == "garbage" and "fe 81" in str(error)


def test_an_adapter_that_hears_only_itself_has_no_box(cable, impatient):
    error = refusal(cable(lambda request: request).path)
    assert error.kind == "no_answer"


def test_a_box_with_another_id_is_named(box):
    error = refusal(box("--id", "7").link)
    assert error.kind == "wrong_id" and "--id 7" in str(error)


def test_an_id_is_never_taken_from_a_frame_with_a_wrong_checksum(cable, impatient):
    error = refusal(cable(lambda request: telegram(">", "070304018113BE").replace(b">07", b">08")).path)
    assert error.kind == "garbage"


@pytest.mark.parametrize("ask", [b"!1 02\r\n", b"!0 02\r\n"])
def test_an_older_box_is_named_when_it_understands_its_own_language(cable, impatient, ask):
    error = refusal(cable(lambda request: b">" + ask[1:5] + b" 0161\r\n" if request == ask else None).path)
    assert error.kind == "older_protocol" and "V2.7" in str(error)


def test_an_older_box_is_recognised_when_it_is_overheard(cable, impatient):
    line = cable(lambda request: b">1 18 0000\r\n")
    assert refusal(line.path).kind == "older_protocol"
    assert all(request.startswith(b":01") for request in line.requests)


def test_after_nobody_answered_the_client_can_go_on(cable, impatient):
    here = []
    line = cable(lambda request: telegram(">", "01030A2EA1110B03E803E803E8") if here else None)
    with Client(line.path) as client:
        with pytest.raises(ChargerError):
            client.reading()
        here.append(True)
        assert client.reading().code == 0xA1


def test_a_register_that_the_box_does_not_know_is_told_from_a_dead_box(cable, impatient):
    line = cable(lambda request: telegram(">", "01030A2EA1110B03E803E803E8") if b"002E" in request else None)
    with Client(line.path) as client:
        client.reading()
        assert client.limits() == ()
        assert client.serial() is None
        with pytest.raises(ChargerError, match="0x0001") as caught:
            client.read(registers.DEVICE)
    assert caught.value.kind == "no_answer"


def test_an_adapter_pulled_out_in_the_middle_is_noticed(cable):
    line = cable(lambda request: line.pull())
    assert refusal(line.path).kind == "port_lost"


def test_an_unprogrammed_serial_number_is_empty(cable):
    line = cable(lambda request: telegram(">", "0103105000" + "FF" * 14))
    with Client(line.path) as client:
        assert client.serial() == ""


def test_a_bus_without_a_gap_gets_no_write(cable, monkeypatch):
    with Client(cable(lambda request: None).path) as client:
        monkeypatch.setattr(client, "exchange", lambda request, life_ms: transaction.EXPIRED)
        with pytest.raises(ChargerError, match="Nothing was sent"):
            client.send_write(None)


# --- finding


def test_a_box_is_found_by_broadcast(box):
    with Client(box("--id", "16").link) as client:
        assert seek.find(client) == [16]


@pytest.mark.parametrize("answer, found", [
    ("050304014550BE", [5]), ("000304014650BE", [6]), ("000304014050BE", []), ("180304014550BE", []), ("050304064550BE", [])])
def test_a_broadcast_answer_names_its_sender(cable, impatient, monkeypatch, answer, found):
    monkeypatch.setattr(seek, "LISTEN_S", 0.1)
    line = cable(lambda request: telegram(">", answer) if request.startswith(b":00") else None)
    with Client(line.path) as client:
        assert seek.broadcast(client) == (found[0] if found else None)


def test_boxes_that_ignore_a_broadcast_are_asked_one_by_one(cable, impatient):
    line = cable(lambda request: telegram(">", request[1:3].decode() + "0304018113BE") if request[1:3] in (b"03", b"0B") else None)
    told = []
    with Client(line.path) as client:
        assert seek.find(client, told.append) == [3, 11]
    assert len(told) == 2


def test_a_box_that_only_talks_is_found_by_listening(cable, impatient, monkeypatch):
    monkeypatch.setattr(seek, "LISTEN_S", 1)
    line = cable(lambda request: None)
    with Client(line.path) as client:
        sleep = client.sleep

        def listen(seconds):
            line.say(telegram(">", "04030204A1"))
            sleep(seconds)

        monkeypatch.setattr(client, "sleep", listen)
        assert seek.find(client) == [4]
