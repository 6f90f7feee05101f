"""Every Radio against hal/contract.py, in class C at SF10."""
import inspect

from hal.contract import ACKED, FAILED, HEARD, JOIN_FAILED, JOINED, RECEIVED, SENT

from tests.contract import adapters

DATA_RATE = 2
SECOND_MS = 1000


def events(rig, ms):
    """Every event within that many milliseconds; the board polls like its main loop."""
    clock, radio = rig.board.clock, rig.board.radio
    until_ms = clock.now_ms() + ms
    found = []
    while clock.now_ms() < until_ms:
        event = radio.poll()
        if event is None:
            clock.sleep_ms(min(200, until_ms - clock.now_ms()))
        else:
            assert len(event) == 3
            found.append(event)
    return found


def joined(rig):
    assert rig.board.radio.join(DATA_RATE)
    assert events(rig, 15 * SECOND_MS) == [(JOINED, 0, None)]
    return rig.board.radio


def kinds(found):
    return [kind for kind, _, _ in found]


def test_a_radio_that_has_not_joined_sends_nothing(radio_rig):
    assert radio_rig.board.radio.send(10, b"hello", False, DATA_RATE) is False
    assert events(radio_rig, SECOND_MS) == []
    assert radio_rig.uplinks() == []


def test_a_join_is_answered_once(radio_rig):
    joined(radio_rig)
    assert events(radio_rig, 30 * SECOND_MS) == []


def test_starting_a_join_does_not_wait_for_its_end(radio_rig):
    clock = radio_rig.board.clock
    before = clock.now_ms()
    radio_rig.board.radio.join(DATA_RATE)
    assert clock.now_ms() - before <= 60


def test_there_is_one_join_at_a_time(radio_rig):
    assert radio_rig.board.radio.join(DATA_RATE) is True
    assert radio_rig.board.radio.join(DATA_RATE) is False
    assert events(radio_rig, 15 * SECOND_MS) == [(JOINED, 0, None)]


def test_a_join_that_nobody_answers_fails_once_and_is_not_repeated(radio_rig):
    radio_rig.gateway(False)
    assert radio_rig.board.radio.join(DATA_RATE)
    assert events(radio_rig, 60 * SECOND_MS) == [(JOIN_FAILED, 0, None)]
    radio_rig.gateway(True)
    joined(radio_rig)


def test_a_session_can_be_joined_anew(radio_rig):
    joined(radio_rig)
    joined(radio_rig)
    assert radio_rig.board.radio.send(10, b"hello", False, DATA_RATE)


def test_an_unconfirmed_uplink_ends_with_sent(radio_rig):
    assert joined(radio_rig).send(10, b"\x00hello", False, DATA_RATE) is True
    assert events(radio_rig, 20 * SECOND_MS) == [(SENT, 1, None)]
    assert radio_rig.uplinks() == [(10, b"\x00hello")]


def test_there_is_one_uplink_at_a_time(radio_rig):
    radio = joined(radio_rig)
    assert radio.send(10, b"one", False, DATA_RATE) is True
    assert radio.send(11, b"two", False, DATA_RATE) is False
    assert radio.join(DATA_RATE) is False
    assert kinds(events(radio_rig, 20 * SECOND_MS)) == [SENT]
    assert radio.send(11, b"two", False, DATA_RATE) is True
    assert kinds(events(radio_rig, 20 * SECOND_MS)) == [SENT]
    assert radio_rig.uplinks() == [(10, b"one"), (11, b"two")]


def test_a_frame_that_does_not_fit_is_refused_and_the_longest_that_fits_is_sent(radio_rig):
    radio = joined(radio_rig)
    for data_rate in (2, 3, 5):
        longest = radio.max_payload(data_rate)
        assert longest >= 11
        assert radio.send(10, bytes(longest + 1), False, data_rate) is False
        assert radio.send(10, bytes(longest), False, data_rate) is True
        assert kinds(events(radio_rig, 20 * SECOND_MS)) == [SENT]


def test_a_confirmed_uplink_is_acknowledged(radio_rig):
    assert joined(radio_rig).send(10, b"hello", True, DATA_RATE)
    assert events(radio_rig, 30 * SECOND_MS) == [(ACKED, 1, None)]


def test_a_confirmed_uplink_without_acknowledgement_fails_with_its_emissions(radio_rig):
    radio = joined(radio_rig)
    radio_rig.gateway(False)
    assert radio.send(10, b"hello", True, DATA_RATE)
    found = events(radio_rig, 60 * SECOND_MS)
    assert kinds(found) == [FAILED]
    assert found[0][1] == len(radio_rig.uplinks())


def test_a_downlink_reaches_a_class_c_radio_at_any_time(radio_rig):
    radio = joined(radio_rig)
    radio.send(10, b"hello", False, DATA_RATE)
    events(radio_rig, 20 * SECOND_MS)
    for payload in (b"\x03", b"\x00\x01\x02"):
        radio_rig.push(20, payload)
        assert events(radio_rig, 5 * SECOND_MS) == [(RECEIVED, 20, payload)]


def test_a_downlink_behind_an_uplink_is_received_and_the_uplink_still_ends(radio_rig):
    radio = joined(radio_rig)
    radio.send(10, b"hello", False, DATA_RATE)
    radio_rig.push(1, b"\x01")
    found = events(radio_rig, 30 * SECOND_MS)
    assert sorted(found) == [(SENT, 1, None), (RECEIVED, 1, b"\x01")]


def test_a_downlink_ends_the_idling(radio_rig):
    radio = joined(radio_rig)
    radio.send(10, b"hello", False, DATA_RATE)
    events(radio_rig, 20 * SECOND_MS)
    radio_rig.push(20, b"\x03")
    clock = radio_rig.board.clock
    before = clock.now_ms()
    clock.sleep_ms(60 * SECOND_MS)
    assert clock.now_ms() - before < 5 * SECOND_MS
    assert radio.poll() == (RECEIVED, 20, b"\x03")


def test_a_frame_for_the_modem_only_is_heard(mac_rig):
    radio = joined(mac_rig)
    mac_rig.mac_only()
    assert radio.send(10, b"hello", False, DATA_RATE)
    assert sorted(kinds(events(mac_rig, 20 * SECOND_MS))) == [SENT, HEARD]
    assert radio.send(10, b"hello", False, DATA_RATE)
    assert kinds(events(mac_rig, 20 * SECOND_MS)) == [SENT]


def test_the_network_s_time_is_a_whole_number_or_unknown(radio_rig):
    utc_s = radio_rig.board.radio.utc_s()
    assert utc_s is None or isinstance(utc_s, int)


def test_a_power_cut_ends_the_session(radio_rig):
    joined(radio_rig)
    radio_rig.power_cycle()
    assert radio_rig.board.radio.send(10, b"hello", False, DATA_RATE) is False
    joined(radio_rig)


def test_every_driver_passes_the_same_tests(evidence):
    here = [function for name, function in globals().items() if name.startswith("test_") and "radio_rig" in inspect.signature(function).parameters]
    drivers = [name for name in adapters.WITH_RADIO if name != "lopy4 wraps"]
    evidence("Radio conformance tests that all pass alike: %s" % ", ".join(drivers), len(here))
    assert len(here) >= 16 and {"lopy4", "wio_e5"} <= set(drivers)
