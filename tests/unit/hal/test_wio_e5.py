"""hal/wio_e5.py against the fake modem: cases outside the conformance suite, and faults of a modem."""
import types

import hal.wio_e5
import pytest
from hal.contract import ACKED, FAILED, HEARD, JOIN_FAILED, JOINED, LOST, RADIO, RECEIVED, SENT, HalError
from hypothesis import given, settings
from hypothesis import strategies as st
from sim.modems.wio_e5 import WioE5
from tests.support.modem_bench import KEYS, START_UTC_S, ModemBench

TERMINAL = (JOINED, JOIN_FAILED, SENT, ACKED, FAILED)


def bench(**given):
    return ModemBench(hal.wio_e5, WioE5, **given)


def joined(**given):
    return bench(**given).joined()


# --- set-up


def test_the_set_up_sets_the_region_first_then_the_channels_and_ends_before_the_join():
    here = bench()
    assert here.radio.join(2)
    assert here.run(20) == [JOINED_EVENT]
    assert [command.replace(KEYS.APP_KEY, "...") for command in here.modem.commands] == [
        "AT", "AT+VER", "AT+DR=SCHEME", "AT+ID", "AT+DR=AU915", "AT+CH=NUM,8-15,65", "AT+MODE=LWOTAA",
        'AT+ID=DevEui,"%s"' % KEYS.DEV_EUI, 'AT+ID=AppEui,"%s"' % KEYS.JOIN_EUI, 'AT+KEY=APPKEY,"..."',
        "AT+CLASS=C", "AT+ADR=OFF", "AT+REPT=1", "AT+RETRY=1", "AT+LW=BAT,0", "AT+RTC=LEAPSEC,18", "AT+DR=DR2", "AT+JOIN=FORCE", "AT+LW=LEN",
    ]


JOINED_EVENT = (JOINED, 0, None)


@pytest.mark.parametrize("region, channels", [("EU868", []), ("AS923", []), ("US915", ["AT+CH=NUM,8-15,65"]), ("AU915", ["AT+CH=NUM,8-15,65"])])
def test_every_region_is_joined(region, channels):
    here = bench(overrides={"REGION": region})
    if region in ("EU868", "AS923"):
        here.modem.eeprom["channels"] = "0-2"
    assert here.radio.join(2) and here.run(20) == [JOINED_EVENT]
    assert [command for command in here.modem.commands if command.startswith("AT+CH")] == channels


def test_each_command_is_one_write_that_ends_the_line_and_none_comes_before_the_answer_to_the_last():
    here = bench()
    here.radio.join(2)
    here.run(20)
    here.sent()
    here.sent(confirmed=True, port=11, data_rate=3)
    assert [data.decode() for data in here.serial.writes] == [command + "\r\n" for command in here.modem.commands]
    assert here.modem.violations == []
    assert not [command for command in here.modem.commands if command.startswith(("AT+RESET", "AT+FDEFAULT", "AT+LOWPOWER", "AT+UART", "AT+MSG="))]


def test_without_a_dev_eui_of_ours_the_modem_keeps_its_own():
    here = bench(keys=types.SimpleNamespace(DEV_EUI=None, JOIN_EUI="2" * 16, APP_KEY="3" * 32))
    here.radio.join(2)
    assert here.run(20) == [JOINED_EVENT]
    assert here.modem.eeprom["DevEui"] == "2C" * 8 and here.modem.eeprom["AppEui"] == "2" * 16


def test_a_session_that_outlived_the_board_is_kept_and_its_region_is_not_touched():
    here = joined()
    here.boot()
    assert here.radio.join(2) and here.run(20) == [JOINED_EVENT]
    assert here.on_air("join") == []
    assert "AT+JOIN" in here.modem.commands and "AT+DR=AU915" not in here.modem.commands
    assert here.sent() == [(SENT, 1, None)] and here.on_air()[0]["received"]


def test_a_session_that_was_taken_over_can_be_joined_anew():
    here = joined()
    here.boot()
    here.radio.join(2)
    here.run(20)
    here.network.lose_session()
    assert here.radio.join(2) and here.run(20) == [JOINED_EVENT]
    assert len(here.on_air("join")) == 1
    assert here.sent() == [(SENT, 1, None)] and here.on_air()[0]["received"]


@pytest.mark.parametrize("change", [{"DEV_EUI": "4" * 16}, {"JOIN_EUI": "5" * 16}])
def test_a_session_of_another_device_is_not_kept(change):
    here = joined()
    here.boot(types.SimpleNamespace(**{**vars(KEYS), **change}))
    here.radio.join(2)
    assert here.run(20) == [JOINED_EVENT]
    assert len(here.on_air("join")) == 1


def test_a_join_in_a_session_is_forced():
    here = joined()
    assert here.radio.join(6) and here.run(20) == [JOINED_EVENT]
    assert here.modem.commands[:2] == ["AT+DR=DR6", "AT+JOIN=FORCE"] and len(here.on_air("join")) == 1


@pytest.mark.parametrize("lines", [
    ["+JOIN: Done"], ["+JOIN: Start", "+JOIN: NORMAL", "+JOIN: Join failed", "+JOIN: Done"], ["+JOIN: LoRaWAN modem is busy"],
    ["+JOIN: Not in OTAA mode"], ["+JOIN: No band in 35000ms"], ["+JOIN: No free channel"], ["+JOIN: ERROR(-12)"], [],
])
def test_a_join_that_does_not_say_joined_has_failed(lines):
    here = bench()
    here.modem.answer("AT.JOIN", *lines)
    assert here.radio.join(2)
    assert here.run(19) == [(JOIN_FAILED, 0, None)]
    assert here.radio.send(10, b"hello", False, 2) is False


def test_the_modem_s_own_pause_between_joins_is_a_failed_attempt():
    here = bench()
    here.modem.join_duty = True
    here.network.gateway_down(60_000_000)
    here.radio.join(2)
    assert here.run(20) == [(JOIN_FAILED, 0, None)]
    here.radio.join(2)
    assert here.run(10) == [(JOIN_FAILED, 0, None)] and "No band in" in here.modem.said[-1]


@pytest.mark.parametrize("number", [-1, -10, -11, -12, -20, -21, -22, -23, -24])
@pytest.mark.parametrize("command, ends", [("AT.CLASS=", JOIN_FAILED), ("AT.MODE", JOIN_FAILED), ("AT.CH=", JOIN_FAILED), ("AT.LW=BAT", JOINED),
                                           ("AT.DR=SCHEME", JOINED), ("AT.ID$", JOINED), ("AT.RTC", JOINED)])
def test_what_the_modem_refuses_ends_the_join_only_where_it_matters(command, ends, number):
    here = bench()
    for _ in range(3):
        here.modem.answer(command, "+%s: ERROR(%d)" % ("AT" if number < -12 else command[3:].split("=")[0].rstrip("$"), number))
    assert here.radio.join(2)
    assert [event[0] for event in here.run(19)] == [ends]
    here.radio.join(2)
    assert here.run(25)[-1:] == [JOINED_EVENT]


@pytest.mark.parametrize("words", ["+AT: ERROR(-10)", "+AT: ERROR(-11)", "+AT: ERROR(-22)", "+AT: ERROR(-23)", "+INFO: Input timeout"])
@pytest.mark.parametrize("command", ["AT.CLASS=", "AT.JOIN", "AT.PORT=", "AT.MSGHEX"])
def test_an_error_answered_to_a_garbled_command_is_no_refusal(command, words):
    here = bench()
    for _ in range(2):
        here.modem.answer(command, words)
    assert here.radio.join(2) and here.run(20) == [JOINED_EVENT]
    assert here.sent() == [(SENT, 1, None)]


def test_an_adapter_that_echoes_changes_nothing():
    here = bench()
    here.modem.echo = True
    assert here.radio.join(2) and here.run(20) == [JOINED_EVENT]
    assert here.sent() == [(SENT, 1, None)]


def test_a_setting_that_is_never_taken_ends_the_join():
    here = bench()
    for _ in range(50):
        here.modem.answer("AT.CLASS=", "+CLASS: ERROR(-1)")
    assert here.radio.join(2) and here.run(19) == [(JOIN_FAILED, 0, None)]


# --- uplinks


def test_port_and_data_rate_are_set_when_they_change():
    here = joined()
    for port, data_rate in ((10, 2), (10, 2), (11, 2), (11, 3)):
        assert here.sent(b"\x00\xff", port, False, data_rate) == [(SENT, 1, None)]
    assert [command for command in here.modem.commands if command != "AT+LW=LEN"] == [
        "AT+DR=DR2", "AT+PORT=10", 'AT+MSGHEX="00ff"', 'AT+MSGHEX="00ff"', "AT+PORT=11", 'AT+MSGHEX="00ff"', "AT+DR=DR3", 'AT+MSGHEX="00ff"',
    ]
    assert [(entry["f_port"], entry["sf"]) for entry in here.on_air()] == [(10, 10), (10, 10), (11, 10), (11, 9)]


REFUSALS = ["Please join network first", "LoRaWAN modem is busy", "No free channel", "No band in 12345ms", "DR error", "Length error 8", "ERROR(-1)"]


def test_a_data_rate_without_any_room_is_flushed_once_and_then_refused():
    here = joined()
    for _ in range(5):
        here.modem.answer("AT.MSGHEX", "+MSGHEX: Length error 0")
    assert here.sent() == [(FAILED, 1, "MAC answers in the way")]
    assert [here.sent() for _ in range(3)] == [[(FAILED, 0, "refused")]] * 3
    assert here.modem.commands.count("AT+MSG") == 1


@pytest.mark.parametrize("words", REFUSALS)
@pytest.mark.parametrize("confirmed", [False, True])
def test_a_refusal_ends_the_uplink_at_once_and_cost_nothing(words, confirmed):
    here = joined()
    name = "CMSGHEX" if confirmed else "MSGHEX"
    here.modem.answer("MSGHEX", "+%s: %s" % (name, words))
    assert here.sent(confirmed=confirmed, seconds=2) == [(FAILED, 0, "refused")]
    assert here.on_air() == []


def test_a_frame_with_mac_answers_in_its_way_is_flushed_and_told_with_what_it_cost():
    here = joined()
    here.modem.mac_answers = 9
    assert here.sent() == [(FAILED, 1, "MAC answers in the way")]
    assert here.modem.commands.count("AT+MSG") == 1 and len(here.on_air()) == 1
    assert here.sent() == [(SENT, 1, None)]


def test_a_confirmed_frame_with_mac_answers_in_its_way_goes_after_the_flush():
    here = joined()
    here.modem.mac_answers = 9
    assert here.sent(confirmed=True, seconds=30) == [(ACKED, 2, None)]
    assert len(here.on_air()) == 2


def test_a_flush_that_does_not_help_is_not_repeated():
    here = joined()
    for _ in range(3):
        here.modem.answer("MSGHEX", "+CMSGHEX: Length error 0")
    assert here.sent(confirmed=True, seconds=30) == [(FAILED, 1, "refused")]
    assert here.modem.commands.count("AT+MSG") == 1


def test_the_room_is_the_modem_s_own_once_it_has_said():
    here = joined()
    assert here.radio.max_payload(2) == 11
    here.modem.mac_answers = 4
    here.modem.kernel.after(5_000_000, setattr, here.modem, "mac_answers", 4)
    here.sent()
    assert (here.radio.max_payload(2), here.radio.max_payload(3)) == (7, 53)
    assert here.radio.send(10, bytes(8), False, 2) is False
    assert here.sent(bytes(7)) == [(SENT, 1, None)]
    assert here.radio.max_payload(2) == 11


@pytest.mark.parametrize("lines", [
    ["+CMSGHEX: Start", "+CMSGHEX: Wait ACK", "+CMSGHEX: FPENDING", "+CMSGHEX: Link 21, 1", "+CMSGHEX: MULTICAST", "+CMSGHEX: ACK Received",
     '+CMSGHEX: PORT: 15; RX: "48656C6C6F"', "+CMSGHEX: RXWIN1, RSSI -43, SNR 10.0", "+CMSGHEX: Done"],
    ["+CMSGHEX: Start", "+CMSGHEX: Wait ACK", "+CMSGHEX: ACK Received", '+CMSGHEX: PORT: 15; RX: "48656c6c6f"',
     "+CMSGHEX: RXWIN214, SNR 4", "+CMSGHEX: Done"],
    ["+cmsghex:Start", "+cmsghex:Wait ACK", "+CMSGHEX:   ack received", '+CMSGHEX:PORT:15;RX:"48656C6C6F"',
     "+CMSGHEX: RXWIN2,RSSI -120,SNR -16.0", "+CMSGHEX:  done "],
    ["+CMSGHEX: Wait ACK", '+CMSGHEX: PORT: 15; RX: "48656C6C6F"', "+CMSGHEX: RXWIN2", "+CMSGHEX: ACK Received", "+CMSGHEX: Done"],
])
def test_every_way_of_telling_the_same_is_understood(lines):
    here = joined()
    here.modem.answer("CMSGHEX", *lines)
    assert here.sent(confirmed=True) == [(RECEIVED, 15, b"Hello"), (ACKED, 1, None)]


def test_a_confirmed_frame_that_ends_without_ack_is_not_acknowledged_though_something_was_heard():
    here = joined()
    here.modem.answer("CMSGHEX", "+CMSGHEX: Start", "+CMSGHEX: Wait ACK", "+CMSGHEX: RXWIN1, RSSI -43, SNR 10.0", "+CMSGHEX: Done")
    assert here.sent(confirmed=True) == [(HEARD, 0, None), (FAILED, 1, "no ack")]


@pytest.mark.parametrize("trials", [1, 2, 3])
def test_every_trial_that_the_modem_tells_of_is_counted(trials):
    here = joined()
    here.modem.answer("CMSGHEX", "+CMSGHEX: Start", *["+CMSGHEX: Wait ACK"] * trials, "+CMSGHEX: Done")
    assert here.sent(confirmed=True) == [(FAILED, trials, "no ack")]


def test_a_class_c_downlink_amid_an_uplink_is_neither_its_answer_nor_its_end():
    here = joined()
    here.modem.answer("CMSGHEX", "+CMSGHEX: Start", "+CMSGHEX: Wait ACK", '+MSG: PORT: 20; RX: "03"', "+MSG: RXWIN0, RSSI -47, SNR 9", "+MSG: Done",
                      "+CMSGHEX: ACK Received", "+CMSGHEX: Done")
    assert here.sent(confirmed=True) == [(RECEIVED, 20, b"\x03"), (ACKED, 1, None)]
    here.modem.answer("AT.MSGHEX", "+MSGHEX: Start", "+MSG: RXWIN0, RSSI -47, SNR 9", "+MSG: Done")
    assert here.sent() == [(HEARD, 0, None), (FAILED, 1, "no result")]


def test_a_class_c_downlink_amid_a_flush_does_not_end_it():
    here = joined()
    here.modem.mac_answers = 9
    here.modem.answer("AT.MSG$", "+MSG: Start", '+MSG: PORT: 20; RX: "03"', "+MSG: RXWIN0, RSSI -47, SNR 9", "+MSG: Done")
    assert here.radio.send(10, b"hello", False, 2)
    assert here.run(5) == [(RECEIVED, 20, b"\x03")]
    here.modem.say("+MSG: Done")
    assert here.run(5) == [(FAILED, 1, "MAC answers in the way")]


def test_a_real_class_c_downlink_in_the_wait_for_the_windows_is_received():
    here = joined()
    here.sent()
    here.network.push([{"f_port": 20, "payload": b"\x01", "confirmed": False}])
    assert here.radio.send(10, b"hello", False, 2)
    found = here.run(30)
    assert sorted(found) == [(SENT, 1, None), (RECEIVED, 20, b"\x01")]


def test_a_class_c_downlink_without_payload_is_heard():
    here = joined()
    here.modem.say("+MSG: RXWIN0, RSSI -47, SNR 9")
    here.modem.say("+MSG: Done")
    assert here.run(3) == [(HEARD, 0, None)]


@pytest.mark.parametrize("line", [
    '+MSG: PORT: 20; RX: "0"', '+MSG: PORT: ; RX: "00"', '+MSG: PORT: 20; RX: "0G"', '+MSG: PORT: 20; RX: "00', "+MSG: PORT", "+MSG",
    "+LW: LEN, x", "+RTC: 2026-1", "+RTC: 2026-04-30 12:30:4x", "+ID: x", "+DR: ", "+DR: DR", "+CLASS:", ":", "+", "+:", "++::",
])
def test_a_broken_line_is_no_event(line):
    here = joined()
    here.modem.say(line)
    assert here.run(3) == []
    assert here.sent() == [(SENT, 1, None)]


# --- data rate and time


def test_with_adr_the_network_s_data_rate_is_told_and_not_overruled():
    here = joined(overrides={"ADR": True})
    here.modem.answer("AT.DR$", "+DR: DR5", "+DR: AU915 DR5  SF7 BW125K ")
    assert here.sent()[-1] == (SENT, 1, None)
    assert here.radio.data_rate() == 5
    del here.modem.commands[:]
    here.sent(data_rate=2)
    assert not [command for command in here.modem.commands if command.startswith("AT+DR=")]


def test_without_adr_frames_go_as_asked():
    here = joined()
    here.sent()
    assert here.radio.data_rate() is None


def test_the_network_s_time_comes_with_the_next_uplink():
    here = joined()
    assert here.radio.utc_s() is None and here.radio.ask_time() is True
    here.sent()
    assert "AT+LW=DTR" in here.modem.commands and "AT+RTC=UTCMS" in here.modem.commands
    assert abs(here.radio.utc_s() - (START_UTC_S + here.kernel.now_us // 1_000_000)) <= 1
    del here.modem.commands[:]
    here.sent()
    assert "AT+LW=DTR" not in here.modem.commands


def test_a_question_for_the_time_takes_its_room_before_the_modem_says_so():
    here = joined()
    here.radio.ask_time()
    assert here.radio.max_payload(2) == 10
    assert here.sent(bytes(10)) == [(HEARD, 0, None), (SENT, 1, None)]
    assert here.radio.max_payload(2) == 11


def test_the_modem_s_clock_is_not_believed_before_the_network_told_it():
    here = joined()
    here.radio.ask_time()
    here.network.gateway_down(10**12)
    here.sent()
    assert "+RTC: 2020-01-01" in " ".join(here.modem.said) and here.radio.utc_s() is None


# --- a modem that fails


def test_a_modem_that_lost_its_session_says_so_once_and_the_next_join_sets_it_up_again():
    here = joined()
    here.modem.power_cycle()
    here.run(1)
    assert here.sent(seconds=3) == [(FAILED, 0, "refused")]
    assert here.radio.send(10, b"hello", False, 2) is False
    assert here.radio.join(2) and here.run(20) == [JOINED_EVENT]
    assert here.modem.mac.klass == "C" and "AT+CLASS=C" in here.modem.commands
    assert here.sent() == [(SENT, 1, None)]


def test_a_restart_in_silence_is_noticed_before_anything_is_sent():
    here = joined()
    here.modem.power_cycle()
    here.run(400)
    assert here.modem.mac.klass == "C" and "AT+CLASS=C" in here.modem.commands


@pytest.mark.parametrize("line", ["+RESET: OK", "+INFO: RESET", "+INFO: POWERON"])
def test_a_restart_that_is_told_makes_a_set_up(line):
    here = joined()
    here.modem.power_cycle()
    here.modem.say(line)
    here.run(15)
    assert "AT+CLASS=C" in here.modem.commands and here.modem.mac.klass == "C"


def test_a_restart_amid_an_uplink_ends_it_in_time():
    here = joined()
    here.radio.send(10, b"hello", False, 2)
    here.run(1)
    here.modem.power_cycle()
    assert here.run(14) == [(FAILED, 1, "no result"), (LOST, 1, None)]


def test_a_command_cut_short_is_no_uplink():
    here = joined()
    for _ in range(3):
        here.modem.answer("MSGHEX", "+INFO: Input timeout")
    assert here.sent(seconds=2) == [(FAILED, 0, "refused")]


def test_a_silent_modem_fails_each_attempt_in_time_then_says_that_it_is_dead_and_comes_back_by_itself():
    here = joined()
    here.modem.silent = True
    began_ms = here.now_ms()
    assert here.radio.send(10, b"hello", False, 2)
    assert here.run(15)[0][:2] == (FAILED, 0) and here.events[-1][0] - began_ms < 15000
    for call in (lambda: here.radio.join(2), lambda: here.radio.send(10, b"x", False, 2)):
        with pytest.raises(HalError) as caught:
            call()
        assert caught.value.args == (RADIO, "the modem is silent")
    here.run(60)
    here.modem.silent = False
    here.run(30)
    assert here.radio.join(2) and here.run(20) == [JOINED_EVENT]


def test_an_unplugged_adapter_is_a_dead_modem_until_it_is_back():
    here = bench()
    here.serial.unplugged = True
    assert here.radio.join(2) and here.run(19) == [(JOIN_FAILED, 0, None)]
    with pytest.raises(HalError) as caught:
        here.radio.join(2)
    assert caught.value.args[0] == RADIO
    here.run(20)
    here.serial.unplugged = False
    here.run(20)
    assert here.radio.join(2) and here.run(20) == [JOINED_EVENT]


def test_no_key_is_in_what_is_raised_or_reported():
    here = bench()
    real = here.serial.write

    def write(data):
        here.serial.unplugged = b"APPKEY" in data
        real(data)

    here.serial.write = write
    told = []
    for _ in range(4):
        try:
            here.radio.join(2)
        except HalError as error:
            told.append(repr(error))
        told += [repr(event) for event in here.run(20)]
        here.serial.unplugged = False
    assert told and not [text for text in told if KEYS.APP_KEY in text or KEYS.DEV_EUI in text]


def conversation(spoil):
    """A join, an uplink and a confirmed one on a line that spoil(modem) has spoilt; each must end once, in time, and honestly."""
    here = bench()
    spoil(here.modem)
    for start, limit_s in ((lambda: here.radio.join(2), 20), (lambda: here.radio.send(10, b"one", False, 2), 15),
                           (lambda: here.radio.send(11, b"two", True, 2), 36)):
        before = len(here.on_air())
        try:
            started = start()
        except HalError:
            continue
        found = [event for event in here.run(limit_s) if event[0] in TERMINAL]
        assert len(found) == (1 if started else 0), found
        if started and found[0][0] in (SENT, ACKED, FAILED):
            assert found[0][1] >= len(here.on_air()) - before
    here.run(30)
    said = len(here.modem.said)
    here.modem.say = types.MethodType(WioE5.say, here.modem)
    assert here.radio.join(2)
    assert here.run(20)[-1:] == [JOINED_EVENT]
    assert here.sent(b"three", 12) == [(SENT, 1, None)]
    return said


def test_a_line_lost_or_garbled_anywhere_never_holds_the_driver_up(evidence):
    said = conversation(lambda modem: None)
    for fault in ("drop", "garble"):
        for index in range(said):
            conversation(lambda modem, fault=fault, index=index: spoil_line(modem, fault, index))
    evidence("AT lines lost or garbled, one in each conversation, after which the driver went on", 2 * said)


def spoil_line(modem, fault, index):
    """The index-th line that the modem says is lost or garbled."""
    say, count = modem.say, [0]

    def counting(line):
        if count[0] == index:
            getattr(modem, fault)("")
        count[0] += 1
        say(line)

    modem.say = counting


LINES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([
        b"+MSG: ", b"+MSGHEX: ", b"+CMSGHEX: ", b"+JOIN: ", b"+LW: LEN, ", b"+RTC: ", b"+DR: ", b"+ID: ", b"+CLASS: ", b"+INFO: ", b"+AT: OK",
        b"Done", b"Start", b"Wait ACK", b"ACK Received", b'PORT: 1; RX: "00"', b"RXWIN0", b"Length error 0", b"Please join network first",
        b"ERROR(-1)", b"Network joined", b"Joined already", b"\r\n", b"\x00", b"2026-04-30 12:30:49.465",
    ]),
)


class ScriptedPort:
    """A port that gives what a test puts into it."""

    def __init__(self):
        self.data = b""

    def read(self):
        data, self.data = self.data, b""
        return data

    def reset(self):
        return False

    def write(self, data):
        assert data.endswith(b"\r\n") and data.count(b"\n") == 1 and len(data) <= 530


@settings(max_examples=150)
@given(st.lists(st.tuples(LINES, st.integers(0, 20000), st.sampled_from(["join", "send", "poll", "poll", "poll"])), max_size=60))
def test_no_bytes_raise_anything_but_that_the_modem_is_silent_and_nothing_grows(steps):
    now_ms = [0]
    line = ScriptedPort()
    radio = hal.wio_e5.Radio(line, bench().settings, KEYS)
    radio.start(lambda: now_ms[0], print)
    for data, wait_ms, act in steps:
        line.data += data
        now_ms[0] += wait_ms
        try:
            if act == "join":
                radio.join(2)
            elif act == "send":
                radio.send(10, b"hello", True, 2)
        except HalError as error:
            assert error.args == (RADIO, "the modem is silent")
        event = radio.poll()
        assert event is None or event[0] in (*TERMINAL, RECEIVED, HEARD)
        assert len(radio._events) <= 20 and len(radio._script) <= 20 and len(radio._lines._rest) <= 600
        assert radio.utc_s() is None or isinstance(radio.utc_s(), int)
        assert isinstance(radio.max_payload(2), int)
