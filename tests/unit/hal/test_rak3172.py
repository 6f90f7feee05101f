"""hal/rak3172.py against the fake modem: cases outside the conformance suite. What it shares with the Wio-E5's driver is tested there."""
import types

import hal.rak3172
import pytest
from hal.contract import ACKED, EMITTED, FAILED, HEARD, JOIN_FAILED, JOINED, RADIO, RECEIVED, SENT, HalError
from hypothesis import given, settings
from hypothesis import strategies as st
from sim.modems.rak3172 import Rak3172
from tests.support.modem_bench import KEYS, START_UTC_S, ModemBench

JOINED_EVENT = (JOINED, 0, None)


def bench(**given):
    return ModemBench(hal.rak3172, Rak3172, **given)


def joined(**given):
    return bench(**given).joined()


def test_the_set_up_gives_only_what_differs():
    here = bench()
    assert here.radio.join(2) and here.run(20) == [JOINED_EVENT]
    assert [command.replace(KEYS.APP_KEY, "...") for command in here.modem.commands] == [
        "AT", "AT+VER=?", "AT+NWM=?", "AT+BAND=?", "AT+DEVEUI=?", "AT+APPEUI=?", "AT+NJS=?", "AT+LPM=?", "AT+PNM=?",
        "AT+JN1DL=?", "AT+JN2DL=?", "AT+LINKCHECK=?", "AT+TXP=?", "AT+CHS=?", "AT+BAND=6", "AT+DEVEUI=%s" % KEYS.DEV_EUI,
        "AT+APPEUI=%s" % KEYS.JOIN_EUI, "AT+NJM=1", "AT+APPKEY=...", "AT+MASK=0002", "AT+CLASS=C", "AT+ADR=0", "AT+RETY=0", "AT+DR=2",
        "AT+JOIN=1:0:255:1",
    ]


@pytest.mark.parametrize("region", ["EU868", "AS923", "US915"])
def test_every_region_is_joined(region):
    here = bench(overrides={"REGION": region})
    assert here.radio.join(2) and here.run(20) == [JOINED_EVENT]
    assert ("AT+MASK=0002" in here.modem.commands) is (region == "US915")


def test_a_session_that_outlived_the_board_is_kept():
    here = joined()
    here.boot()
    assert here.radio.join(2) and here.run(20) == [JOINED_EVENT]
    assert here.on_air("join") == [] and "AT+NJM=1" not in here.modem.commands
    assert here.sent() == [(SENT, 1, None)]


def test_a_session_of_another_device_is_not_kept():
    here = joined()
    here.boot(types.SimpleNamespace(**{**vars(KEYS), "DEV_EUI": "4" * 16}))
    assert here.radio.join(2) and here.run(20) == [JOINED_EVENT]
    assert len(here.on_air("join")) == 1


def test_a_failed_attempt_is_not_repeated_by_the_modem():
    here = bench()
    here.network.gateway_down(10**12)
    assert here.radio.join(2) and here.run(20) == [(JOIN_FAILED, 0, None)]
    assert here.modem.commands[-1] == "AT+JOIN=0:0:255:1"


def test_a_module_in_another_mode_restarts_and_is_set_up_again():
    here = bench()
    here.modem.flash["NWM"] = "0"
    assert here.radio.join(2) and here.run(20) == [JOINED_EVENT]
    assert here.modem.flash["NWM"] == "1" and here.modem.mac.klass == "C"


@pytest.mark.parametrize("old", [False, True])
def test_events_of_both_generations_are_understood(old):
    here = bench()
    here.modem.old = old
    here.joined()
    assert here.sent() == [(SENT, 1, None)] and here.sent(confirmed=True) == [(ACKED, 1, None)]
    here.network.push([{"f_port": 20, "payload": b"\x03\x00", "confirmed": False}])
    assert here.run(5) == [(RECEIVED, 20, b"\x03\x00")]
    here.network.gateway_down(10**12)
    assert here.sent(confirmed=True) == [(FAILED, 1, "no ack")]


def test_a_class_c_downlink_amid_an_uplink_is_not_its_end():
    here = joined()
    here.modem.answer("SEND", "", "OK", "+EVT:RX_C:-70:8:UNICAST:20:03")
    assert here.sent(seconds=5) == [(RECEIVED, 20, b"\x03")]
    here.modem.say("+EVT:TX_DONE")
    assert here.run(5) == [(SENT, 1, None)]


@pytest.mark.parametrize("line", [
    "+EVT:RX_1:-70:8:UNICAST:1:123", "+EVT:RX_1:-70:8:UNICAST::12", "+EVT:RX_1:-70", "+EVT:", "+EVT:RX_C, RSSI -70", "AT+", "AT+X",
    "AT+LTIME=", "LTIME:02h46m12s on 99/99/2026", "AT+DR=", "AT+NJS=x",
])
def test_a_broken_line_is_no_event(line):
    here = joined()
    here.modem.say(line)
    assert here.run(3) == []


@pytest.mark.parametrize("words", ["AT_ERROR", "AT_PARAM_ERROR", "AT_BUSY_ERROR", "AT_NO_NETWORK_JOINED", "AT_TEST_PARAM_OVERFLOW",
                                   "AT_DUTYCYCLE_RESTRICTED", "Restricted_Wait_3343902_ms"])
def test_a_refusal_ends_the_uplink_at_once_and_cost_nothing(words):
    here = joined()
    here.modem.answer("SEND", "", words)
    assert here.sent(seconds=2) == [(FAILED, 0, "refused")]
    assert here.on_air() == []


def test_the_network_s_time_comes_with_the_next_uplink():
    here = joined()
    assert here.radio.utc_s() is None and here.radio.ask_time() is True
    here.sent()
    assert abs(here.radio.utc_s() - (START_UTC_S + here.kernel.now_us // 1_000_000)) <= 1
    here.network.gateway_down(10**12)
    here.radio.ask_time()
    here.sent()


def test_with_adr_the_network_s_data_rate_is_told():
    here = joined(overrides={"ADR": True})
    here.modem.answer("AT.DR=.$", "AT+DR=5", "", "OK")
    here.sent()
    here.sent()
    assert here.radio.data_rate() is not None


def test_a_restart_in_silence_is_noticed_and_the_next_frame_refused():
    here = joined()
    here.modem.power_cycle()
    here.run(400)
    assert here.radio.send(10, b"hello", False, 2) is False
    assert here.radio.join(2) and here.run(20) == [JOINED_EVENT] and here.sent() == [(SENT, 1, None)]


def test_a_dead_modem_says_so_and_comes_back():
    here = joined()
    here.modem.silent = True
    assert here.radio.send(10, b"hello", False, 2) and here.run(15)[0][:2] in ((FAILED, 0), (FAILED, 1))
    here.run(30)
    with pytest.raises(HalError) as caught:
        here.radio.join(2)
    assert caught.value.args == (RADIO, "the modem is silent")
    here.modem.silent = False
    here.run(30)
    assert here.radio.join(2) and here.run(20) == [JOINED_EVENT]


# --- what it keeps in its flash, and what it does by itself


def push(here, confirmed=True, payload=b"\x03"):
    here.network.push([{"f_port": 20, "payload": payload, "confirmed": confirmed}])


def test_a_module_that_echoes_joins_sends_and_keeps_its_session():
    here = bench()
    here.modem.echo = True
    assert here.radio.join(2) and here.run(20) == [JOINED_EVENT]
    assert here.sent() == [(SENT, 1, None)] and here.sent(confirmed=True) == [(ACKED, 1, None)]
    here.run(400)       # a look whether it has restarted: AT+NJS=? comes back as well
    assert here.radio.joined and len(here.on_air("join")) == 1
    here.boot()
    assert here.radio.join(2) and here.run(20) == [JOINED_EVENT] and len(here.on_air("join")) == 1


def test_a_module_that_only_echoes_is_silent():
    here = bench()
    here.modem.echo = True
    here.modem.execute = lambda line: None
    here.radio.join(2)
    assert here.run(20) == [(JOIN_FAILED, 0, None)]
    here.run(30)
    with pytest.raises(HalError):
        here.radio.join(2)


@pytest.mark.parametrize("line", ["AT", "ATE", "AT+NJS=?", "AT+SEND=10:68656C6C6F", "T+NJS=?", "AT+NJS?", "AT+DR=?"])
def test_the_late_echo_of_another_command_says_nothing(line):
    here = joined()
    here.modem.answer("SEND", line, "", "OK")
    assert here.radio.send(10, b"hello", False, 2) and here.run(1) == []
    here.modem.say("+EVT:TX_DONE")
    assert here.run(3) == [(SENT, 1, None)] and here.radio.joined


def test_a_downlink_told_amid_an_echo_is_heard():
    here = joined()
    here.modem.answer("SEND", "AT+SEND=10:68+EVT:RX_C:-70:8:UNICAST:20:03", "656C6C6F", "", "OK")
    assert here.radio.send(10, b"hello", False, 2) and here.run(1) == [(RECEIVED, 20, b"\x03")]


@pytest.mark.parametrize("name, value, right", [
    ("LPM", "1", "0"), ("PNM", "0", "1"), ("JN1DL", "1", "5"), ("JN2DL", "9", "6"), ("LINKCHECK", "2", "0"), ("TXP", "5", "0"),
    ("CHS", "922000000", "0"),
])
def test_what_somebody_left_in_its_flash_and_would_hurt_is_set_right(name, value, right):
    here = bench()
    here.modem.flash[name] = value
    assert here.radio.join(2) and here.run(20) == [JOINED_EVENT]
    assert here.modem.flash[name] == right
    here.boot()
    del here.modem.commands[:]
    here.radio.join(2)
    here.run(20)
    assert "AT+%s=%s" % (name, right) not in here.modem.commands      # its flash is written once


def test_a_module_that_knows_none_of_these_settings_joins_as_well():
    here = bench()
    for name in ("LPM", "PNM", "JN1DL", "JN2DL", "LINKCHECK", "TXP", "CHS"):
        for _ in range(3):
            here.modem.answer("AT.%s=" % name, "", "AT_COMMAND_NOT_FOUND")
    assert here.radio.join(2) and here.run(20) == [JOINED_EVENT]


@pytest.mark.parametrize("echo", [False, True])
def test_a_module_that_mistakes_the_first_byte_after_sleep_is_asked_again(echo):
    here = bench()
    here.modem.flash["LPM"], here.modem.echo = "1", echo
    here.run(10)
    assert here.radio.join(2) and here.run(20) == [JOINED_EVENT]
    here.modem.flash["LPM"] = "1"       # somebody at its console
    for confirmed, event in ((False, SENT), (True, ACKED)):
        assert here.sent(confirmed=confirmed) == [(event, 1, None)]
    assert len(here.on_air()) == 2 and here.modem.violations == []


@pytest.mark.parametrize("pattern", ["AT.DR=", "AT.SEND=", "AT.CFM="])
@pytest.mark.parametrize("words", ["AT_COMMAND_NOT_FOUND", "AT_RX_ERROR"])
def test_an_error_answered_to_a_garbled_command_is_no_refusal(pattern, words):
    here = joined()
    here.modem.answer(pattern, "", words)
    here.modem.answer(pattern, "", words)
    assert here.sent(data_rate=3) == [(SENT, 1, None)]


def test_a_command_that_is_never_understood_is_given_up():
    here = joined()
    for _ in range(9):
        here.modem.answer("SEND", "", "AT_COMMAND_NOT_FOUND")
    assert here.sent(seconds=2) == [(FAILED, 0, "refused")]
    assert len([command for command in here.modem.commands if "SEND" in command]) == 3


@pytest.mark.parametrize("klass", ["A", "C"])
def test_its_own_acknowledgement_of_a_confirmed_downlink_is_told_when_it_is_over(klass):
    here = bench(klass=klass).joined()
    here.sent()
    push(here)
    told = here.sent() if klass == "A" else here.run(20)
    assert told[-1:] == [(EMITTED, 1, None)] and (RECEIVED, 20, b"\x03") in told
    own = here.on_air()[-1]
    assert (own["f_port"], own["hex"]) == (2, "")


def test_an_answer_that_meets_its_own_frame_is_refused_and_not_taken_for_sent():
    here = joined()
    here.sent()
    push(here)
    assert here.run(2) == [(RECEIVED, 20, b"\x03")]
    assert here.sent(seconds=1) == [(FAILED, 0, "refused")]
    assert here.run(10) == [(EMITTED, 1, None)]
    assert here.sent() == [(SENT, 1, None)]


def test_a_data_rate_that_meets_its_own_frame_is_set_for_the_next_try():
    here = joined()
    here.sent()
    push(here)
    here.run(2)
    assert here.sent(data_rate=3, seconds=1) == [(FAILED, 0, "refused")] and here.radio.joined
    here.run(10)
    assert here.sent(data_rate=3) == [(SENT, 1, None)] and here.on_air()[-1]["sf"] == 9
    assert "AT+NJM=1" not in here.modem.commands      # no set-up for it


def test_the_end_of_its_own_frame_is_not_the_end_of_ours():
    here = joined()
    here.modem.answer("SEND", "+EVT:TX_DONE", "", "OK")
    assert here.sent(seconds=5) == [(EMITTED, 1, None)]
    here.modem.say("+EVT:TX_DONE")
    assert here.run(3) == [(SENT, 1, None)]


def test_an_empty_frame_that_it_sends_instead_of_one_too_long_is_told():
    here = joined()
    here.modem.mac.send = lambda port, payload, *rest, send=here.modem.mac.send: not payload and send(port, payload, *rest)
    assert here.sent(bytes(11)) == [(FAILED, 0, "refused"), (EMITTED, 1, None)]


WORDS = st.one_of(st.binary(max_size=30), st.sampled_from([
    b"+EVT:", b"RX_1:-70:8:UNICAST:1:1234", b"RX_C, RSSI -70, SNR 8", b"UNICAST", b"1:1234", b"JOINED", b"TX_DONE", b"AT+NJS=", b"AT+DR=", b"AT+X=",
    b"LTIME:02h46m12s on 22/10/2026", b"OK", b"AT_ERROR", b"RAK", b"\r\n", b"\r\n", b"0", b"1",
]))


@settings(max_examples=100)
@given(st.lists(st.tuples(WORDS, st.integers(0, 20000), st.sampled_from(["join", "send", "poll"])), max_size=60))
def test_no_bytes_raise_anything_but_that_the_modem_is_silent_and_nothing_grows(steps):
    here = bench()
    here.modem.silent = True
    for data, wait_ms, act in steps:
        here.modem._deliver(data)
        here.kernel.run_until(here.kernel.now_us + wait_ms * 1000)
        try:
            if act == "join":
                here.radio.join(2)
            elif act == "send":
                here.radio.send(10, b"hello", True, 2)
        except HalError as error:
            assert error.args == (RADIO, "the modem is silent")
        event = here.radio.poll()
        assert event is None or event[0] in (JOINED, JOIN_FAILED, SENT, ACKED, FAILED, RECEIVED, HEARD, EMITTED)
        assert len(here.radio._events) <= 20 and len(here.radio._script) <= 20 and len(here.radio._values) <= 12
        assert here.radio.utc_s() is None or isinstance(here.radio.utc_s(), int)


@pytest.mark.parametrize("version, told", [
    ("RUI_4.0.6_RAK3172-E", "modem: ready, version rui_4.0.6_rak3172-e"), ("3.2.0-p2_22q1_final.87", "modem: ready, version 3.2.0-p2_22q1_final.87"),
    ("V1.0.4", "modem: ready, version v1.0.4, which is none of those known: rui_4., rui_3., 3.")])
def test_its_version_is_told_once_and_compared_with_those_known(version, told):
    here = bench()
    here.modem.version = version
    here.radio.join(2)
    here.run(40)
    assert here.lines == [told]


def test_its_silence_is_told_once_and_its_return():
    here = bench().joined()
    here.modem.silent = True
    here.run(700)
    here.modem.silent = False
    here.run(60)
    assert [line.split(",")[0] for line in here.lines] == ["modem: ready", "modem: silent", "modem: ready"]
