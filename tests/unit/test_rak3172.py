"""hal/rak3172.py against the fake modem: what the conformance suite cannot see. What it shares with the Wio-E5's driver is tested there."""
import types

import hal.rak3172
import pytest
from hal.contract import ACKED, FAILED, HEARD, JOIN_FAILED, JOINED, RADIO, RECEIVED, SENT, HalError
from hypothesis import given, settings
from hypothesis import strategies as st
from sim.rak3172 import Rak3172
from tests.unit.modem_bench import KEYS, START_UTC_S, Bench

JOINED_EVENT = (JOINED, 0, None)


def bench(**given):
    return Bench(hal.rak3172, Rak3172, **given)


def joined(**given):
    return bench(**given).joined()


def test_the_set_up_gives_only_what_differs():
    here = bench()
    assert here.radio.join(2) and here.run(20) == [JOINED_EVENT]
    assert [command.replace(KEYS.APP_KEY, "...") for command in here.modem.commands] == [
        "AT", "AT+NWM=?", "AT+BAND=?", "AT+DEVEUI=?", "AT+APPEUI=?", "AT+NJS=?", "AT+BAND=6", "AT+DEVEUI=%s" % KEYS.DEV_EUI,
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


@pytest.mark.parametrize("words", ["AT_ERROR", "AT_PARAM_ERROR", "AT_BUSY_ERROR", "AT_NO_NETWORK_JOINED", "AT_TEST_PARAM_OVERFLOW", "AT_RX_ERROR",
                                   "AT_DUTYCYCLE_RESTRICTED", "Restricted_Wait_3343902_ms", "AT_COMMAND_NOT_FOUND"])
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
        assert event is None or event[0] in (JOINED, JOIN_FAILED, SENT, ACKED, FAILED, RECEIVED, HEARD)
        assert len(here.radio._events) <= 20 and len(here.radio._script) <= 20 and len(here.radio._values) <= 5
        assert here.radio.utc_s() is None or isinstance(here.radio.utc_s(), int)
