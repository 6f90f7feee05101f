"""hal/lopy4.py on the fake LoPy4: one test for each trap of the vendor's firmware, and that the fake has them."""
import pathlib
import types

import config
import pytest
from hal.contract import (
    ACKED, CRASH, FAILED, HEARD, JOIN_FAILED, JOINED, PLANNED, POWER_ON, PURPLE, RADIO, RECEIVED, RED, SENT, STORE, WATCHDOG, HalError,
)
from sim.boards.pycom import BROWN_OUT_RESET, HARD_RESET, PWRON_RESET, SOFT_RESET, WDT_RESET, BoardReset, LoPy4
from sim.boards.pycom_lora import Hang, LoRaTimeout

from tests.contract.adapters import KEYS, load_lopy4
from tests.contract.test_radio import events, joined, kinds

ROOT = pathlib.Path(__file__).resolve().parents[3]
REQUEST = b":0103002E0005C9\r\n"


class FirmwareOnFakeLopy4:
    """A board on a fake, shaped like the rigs of the conformance suite."""

    def __init__(self, fake=None, **overrides):
        self.fake = fake or LoPy4()
        self.settings = config.Settings(overrides)
        self.boot()

    def boot(self):
        self.board = load_lopy4(self.fake).open(self.settings, KEYS)
        self.board.open_radio(self.settings)

    @property
    def uart(self):
        return self.fake.uart

    @property
    def air(self):
        return self.fake.air


def level_over(fake, act):
    """Levels of P8 that act() leads through, sampled at every call of the fake."""
    seen = []
    spend = fake.spend
    fake.spend = lambda us: (seen.append(fake.level("P8")), spend(us))
    act()
    del fake.spend
    return seen


# --- bus


def test_the_bus_is_uart_1_at_38400_8e1_on_p3_and_p4():
    bench = FirmwareOnFakeLopy4()
    assert bench.uart.pins == ("P3", "P4")
    assert bench.uart.frame == (38400, 8, bench.uart.EVEN, 1)


def test_the_driver_never_comes_on_while_the_board_starts():
    fake = LoPy4(latches={"P8": 1})
    assert 1 not in level_over(fake, lambda: FirmwareOnFakeLopy4(fake))


def test_making_the_pin_an_output_without_a_level_would_drive_the_bus():
    fake = LoPy4(latches={"P8": 1})
    pin = fake.modules()["machine"].Pin
    pin("P8", mode=pin.OUT)
    assert fake.level("P8") == 1


@pytest.mark.parametrize("length", [1, 2, 16, 17, 127, 128, 129, 200])
def test_no_character_is_cut_off_by_the_driver(length):
    bench = FirmwareOnFakeLopy4()
    for offset_us in range(0, 600, 37):
        bench.fake.spend(offset_us)
        bench.board.bus.transmit(bytes(length))
    assert bench.fake.lost == 0
    assert len(bench.fake.wire) == 17 * length


def test_the_driver_is_released_within_two_characters_and_a_bit():
    bench = FirmwareOnFakeLopy4()
    bench.board.bus.transmit(REQUEST)
    assert 573 <= bench.fake.pins["P8"].since_us - bench.fake.wire[-1][1] <= 700


def test_releasing_it_right_after_wait_tx_done_would_cut_a_character_off():
    bench = FirmwareOnFakeLopy4()
    enable = bench.fake.pins["P8"]
    cut_off = 0
    for offset_us in range(0, 2000, 100):
        enable(1)
        bench.uart.write(REQUEST)
        bench.fake.spend(offset_us + 3000)
        while not bench.uart.wait_tx_done(1):
            pass
        enable(0)
        bench.fake.spend(5000)
        cut_off = max(cut_off, bench.fake.lost)
    assert cut_off > 0


def test_a_transmitter_that_never_finishes_is_given_up():
    bench = FirmwareOnFakeLopy4()
    bench.uart.wait_tx_done = lambda timeout_ms: bench.fake.spend(timeout_ms * 1000)
    before_us = bench.fake.kernel.now_us
    with pytest.raises(HalError):
        bench.board.bus.transmit(REQUEST)
    assert bench.fake.level("P8") == 0
    assert bench.fake.kernel.now_us - before_us < 200000


def test_even_a_bug_leaves_the_driver_off():
    bench = FirmwareOnFakeLopy4()
    with pytest.raises(TypeError):
        bench.board.bus.transmit(None)
    assert bench.fake.level("P8") == 0


def test_reading_does_not_wait_for_a_frame_under_way():
    bench = FirmwareOnFakeLopy4()
    bench.fake.arrive(bytes(300))
    bench.fake.spend(40000)
    before_us = bench.fake.kernel.now_us
    first = bench.board.bus.read()
    assert len(first) == 120
    assert bench.fake.kernel.now_us - before_us < 200
    bench.fake.spend(100000)
    assert len(first) + len(bench.board.bus.read()) == 300


def test_the_ring_of_4096_bytes_holds_what_comes_during_a_long_absence():
    bench = FirmwareOnFakeLopy4()
    bench.fake.arrive(b"x" * 5000)
    bench.fake.spend(2000000)
    assert len(bench.board.bus.read()) == 4096


def test_the_fake_uart_refuses_what_the_vendor_s_does_not_know():
    uart = LoPy4().modules()["machine"].UART
    for arguments in ({"tx": "P3"}, {"rxbuf": 512}, {"timeout": 0}):
        with pytest.raises(TypeError):
            uart(1, 38400, **arguments)
    with pytest.raises(ValueError):
        uart(1, 38400, parity=0)
    with pytest.raises(OSError):
        uart(3)
    assert not hasattr(uart, "readall")


def test_the_fake_read_gives_none_when_nothing_comes():
    bench = FirmwareOnFakeLopy4()
    assert bench.uart.read(1) is None
    assert bench.uart.read() is None


# --- time


def test_setting_the_rtc_does_not_move_the_clock():
    bench = FirmwareOnFakeLopy4()
    before_ms = bench.board.clock.now_ms()
    bench.fake.rtc_offset_us += 86400 * 1000000
    assert bench.board.clock.now_ms() - before_ms <= 1


def test_five_days_of_wraps_lose_nothing():
    bench = FirmwareOnFakeLopy4()
    clock = bench.board.clock
    before_ms, before_us = clock.now_ms(), bench.fake.kernel.now_us
    for _ in range(5 * 24 * 2):
        bench.fake.spend(1800 * 1000000)
        clock.now_ms()
    assert abs((clock.now_ms() - before_ms) - (bench.fake.kernel.now_us - before_us) // 1000) <= 1


# --- air and light


def test_wifi_ftp_and_telnet_are_off_now_and_after_the_next_boot():
    bench = FirmwareOnFakeLopy4()
    assert (bench.fake.wifi, bench.fake.servers) == (False, False)
    bench.fake.reboot(PWRON_RESET)
    assert bench.fake.wifi is False
    bench.boot()
    assert bench.fake.servers is False


def test_the_vendor_s_cloud_is_off_from_the_next_boot_on_and_flash_is_written_once():
    bench = FirmwareOnFakeLopy4(LoPy4(with_pybytes=True))
    assert bench.fake.cloud == ["pybytes_on_boot", "smart_config_on_boot"]
    for _ in range(2):
        bench.fake.reboot(PWRON_RESET)
        bench.boot()
        assert (bench.fake.cloud, bench.fake.config_writes) == ([], 2)


def test_the_heartbeat_does_not_blink_over_the_colour():
    bench = FirmwareOnFakeLopy4()
    bench.board.indicator.show(PURPLE)
    assert (bench.fake.heartbeat, bench.fake.led) == (False, PURPLE)


def test_activity_lights_p9():
    bench = FirmwareOnFakeLopy4()
    bench.board.indicator.activity(True)
    assert bench.fake.level("P9") == 1
    bench.board.indicator.activity(False)
    assert bench.fake.level("P9") == 0


def test_the_same_colour_is_not_set_again():
    bench = FirmwareOnFakeLopy4()
    bench.board.indicator.show(RED)
    bench.fake.led = None
    bench.board.indicator.show(RED)
    assert bench.fake.led is None


# --- store


def test_flash_that_fails_is_a_hal_error_and_the_board_starts_all_the_same():
    fake = LoPy4()
    fake.nvs_fails = True
    bench = FirmwareOnFakeLopy4(fake)
    assert bench.board.system.reset_cause() == POWER_ON
    for act in (lambda: bench.board.store.get("plan"), lambda: bench.board.store.put("plan", b"x")):
        with pytest.raises(HalError) as caught:
            act()
        assert caught.value.args[0] == STORE


def test_a_full_flash_is_a_hal_error_and_keeps_what_it_has():
    bench = FirmwareOnFakeLopy4()
    bench.board.store.put("plan", b"x")
    bench.fake.nvs_full = True
    bench.board.store.put("plan", b"x")
    with pytest.raises(HalError) as caught:
        bench.board.store.put("plan", b"y")
    assert caught.value.args[0] == STORE
    assert bench.board.store.get("plan") == b"x"


def test_a_wrong_call_of_the_flash_is_no_failure_of_it():
    store = FirmwareOnFakeLopy4().board.store
    with pytest.raises(ValueError):
        store._nvs(lambda key, value: int(value), "key", "not a number")


@pytest.mark.parametrize("foreign", ["not base64?", "a", 7])
def test_what_no_put_wrote_is_no_record_and_is_written_over(foreign):
    bench = FirmwareOnFakeLopy4()
    bench.fake.nvs["s_plan"] = foreign
    assert bench.board.store.get("plan") is None
    bench.board.store.put("plan", b"x")
    assert bench.board.store.get("plan") == b"x"


def test_an_equal_record_does_not_wear_the_flash():
    bench = FirmwareOnFakeLopy4()
    bench.board.store.put("plan", b"x")
    bench.fake.cut_in_nvs = "before"
    bench.board.store.put("plan", b"x")
    with pytest.raises(BoardReset):
        bench.board.store.put("plan", b"y")


def test_the_fake_flash_has_the_vendor_s_limits():
    pycom = LoPy4().modules()["pycom"]
    pycom.nvs_set("key", b"one\x00two")
    assert pycom.nvs_get("key") == "one"
    pycom.nvs_set("key", -1)
    assert pycom.nvs_get("key") == 0xFFFFFFFF
    with pytest.raises(ValueError):
        pycom.nvs_get("missing")
    with pytest.raises(ValueError):
        pycom.nvs_set("sixteen_letters_", 1)
    with pytest.raises(ValueError):
        pycom.nvs_set("key", "x" * 1984)


# --- watchdog and resets


def test_the_watchdog_starts_with_the_first_meal_and_bites_after_its_time():
    bench = FirmwareOnFakeLopy4(WATCHDOG_S=20)
    bench.fake.spend(100 * 1000000)
    for _ in range(5):
        bench.board.watchdog.feed()
        bench.fake.spend(19 * 1000000)
    with pytest.raises(BoardReset):
        bench.fake.spend(2 * 1000000)


@pytest.mark.parametrize(
    "vendor_cause, word, cause",
    [
        (PWRON_RESET, None, POWER_ON), (BROWN_OUT_RESET, None, POWER_ON), (HARD_RESET, None, POWER_ON), (SOFT_RESET, None, PLANNED),
        (WDT_RESET, None, WATCHDOG), (WDT_RESET, "command", PLANNED), (WDT_RESET, "crash", CRASH), (PWRON_RESET, "command", POWER_ON),
    ],
)
def test_why_the_board_started(vendor_cause, word, cause):
    bench = FirmwareOnFakeLopy4()
    if word:
        with pytest.raises(BoardReset):
            bench.board.system.reset(word)
    bench.fake.reboot(vendor_cause)
    bench.boot()
    assert bench.board.system.reset_cause() == cause


@pytest.mark.parametrize("vendor_cause", [PWRON_RESET, HARD_RESET, WDT_RESET, SOFT_RESET, BROWN_OUT_RESET])
def test_a_brown_out_is_told_apart_as_the_chip_does(vendor_cause):
    bench = FirmwareOnFakeLopy4()
    bench.fake.reboot(vendor_cause)
    bench.boot()
    assert bench.board.system.browned_out() is (vendor_cause == BROWN_OUT_RESET)


def test_a_reset_happens_even_if_the_flash_fails():
    bench = FirmwareOnFakeLopy4()
    bench.fake.nvs_fails = True
    with pytest.raises(BoardReset):
        bench.board.system.reset("command")


def test_the_word_left_by_a_reset_does_not_reach_the_boot_after_next():
    bench = FirmwareOnFakeLopy4()
    with pytest.raises(BoardReset):
        bench.board.system.reset("command")
    bench.fake.reboot(WDT_RESET)
    bench.boot()
    bench.fake.reboot(WDT_RESET)
    bench.boot()
    assert bench.board.system.reset_cause() == WATCHDOG


# --- radio


@pytest.mark.parametrize("region", ["AU915", "US915"])
@pytest.mark.parametrize("sub_band", range(1, 9))
def test_only_the_channels_of_the_sub_band_are_used(region, sub_band):
    bench = FirmwareOnFakeLopy4(REGION=region, SUB_BAND=sub_band)
    first = (sub_band - 1) * 8
    assert bench.fake.lora_task.channels == set(range(first, first + 8)) | {63 + sub_band}


@pytest.mark.parametrize("region", ["EU868", "AS923"])
def test_other_regions_keep_their_channels(region):
    assert FirmwareOnFakeLopy4(REGION=region).fake.lora_task.channels == {0, 1, 2}


def test_a_gateway_of_one_sub_band_hears_every_join_and_uplink():
    bench = FirmwareOnFakeLopy4()
    bench.air.sub_band = 2
    for _ in range(5):
        radio = joined(bench)
        bench.fake.air.mac_commands = True
        assert radio.send(10, b"x", False, 2)
        assert HEARD in kinds(events(bench, 20000))


@pytest.mark.parametrize(
    "region, wanted, used",
    [
        ("AU915", 0, 0), ("AU915", 2, 0), ("AU915", 5, 0), ("AU915", 6, 6), ("US915", 0, 0), ("US915", 3, 0), ("US915", 4, 4),
        ("EU868", 2, 2), ("EU868", 5, 5), ("AS923", 0, 2), ("AS923", 5, 2),
    ],
)
def test_a_join_uses_the_nearest_data_rate_that_the_modem_accepts(region, wanted, used):
    bench = FirmwareOnFakeLopy4(REGION=region)
    assert bench.board.radio.join(wanted)
    assert [join[1] for join in bench.air.joins] == [used]


def test_a_join_carries_the_keys():
    bench = FirmwareOnFakeLopy4()
    bench.board.radio.join(2)
    assert bench.air.joins[0][2:] == (bytes.fromhex(KEYS.DEV_EUI), bytes.fromhex(KEYS.JOIN_EUI), bytes.fromhex(KEYS.APP_KEY))


def test_a_board_without_a_device_eui_joins_with_its_own():
    fake = LoPy4()
    keys = types.SimpleNamespace(DEV_EUI=None, JOIN_EUI="00" * 8, APP_KEY="01" * 16)
    board = load_lopy4(fake).open(config.Settings(), keys)
    board.open_radio(config.Settings())
    assert board.radio.join(2)
    assert fake.air.joins[0][2:] == (fake.modules()["network"].LoRa.mac(None), bytes(8), b"\x01" * 16)


def test_an_unanswered_join_is_one_emission():
    bench = FirmwareOnFakeLopy4()
    bench.air.accepts = False
    bench.board.radio.join(2)
    assert events(bench, 120000) == [(JOIN_FAILED, 0, None)]
    assert len(bench.air.joins) == 1


def test_the_modem_alone_would_repeat_a_join_for_ever():
    fake = LoPy4()
    fake.air.accepts = False
    network = fake.modules()["network"]
    lora = network.LoRa(mode=network.LoRa.LORAWAN, region=network.LoRa.EU868)
    lora.join(activation=network.LoRa.OTAA, auth=(bytes(8), bytes(8), bytes(16)), timeout=0)
    fake.spend(60 * 1000000)
    assert len(fake.air.joins) == 7
    with pytest.raises(LoRaTimeout):
        lora.join(activation=network.LoRa.OTAA, auth=(bytes(8), bytes(8), bytes(16)), timeout=1)
    fake.spend(60 * 1000000)
    assert len(fake.air.joins) == 8


@pytest.mark.parametrize("region", ["AU915", "US915", "EU868", "AS923"])
def test_joining_in_every_region_ends_in_time_at_every_data_rate(region):
    for data_rate in range(7):
        bench = FirmwareOnFakeLopy4(REGION=region)
        assert bench.board.radio.join(data_rate)
        assert events(bench, 11000) == [(JOINED, 0, None)]


def test_the_lora_stack_is_initialised_once_a_boot():
    bench = FirmwareOnFakeLopy4()
    radio = joined(bench)
    radio.send(10, b"x", False, 2)
    events(bench, 30000)
    joined(bench)
    assert bench.fake.lora_task.inits == 1


@pytest.mark.parametrize("klass, expected", [("A", 0), ("C", 2)])
def test_the_class_is_that_of_the_settings(klass, expected):
    assert FirmwareOnFakeLopy4(LORAWAN_CLASS=klass).fake.lora_task.klass == expected


def test_a_class_a_downlink_comes_after_the_next_uplink():
    bench = FirmwareOnFakeLopy4(LORAWAN_CLASS="A")
    radio = joined(bench)
    bench.fake.lora_task.push(1, b"\x03")
    assert events(bench, 30000) == []
    radio.send(10, b"x", False, 2)
    assert events(bench, 30000) == [(RECEIVED, 1, b"\x03"), (SENT, 1, None)]


def test_a_frame_that_the_mac_swallows_ends_by_the_deadline():
    bench = FirmwareOnFakeLopy4()
    radio = joined(bench)
    bench.air.mac_answers = 50
    assert radio.send(10, b"hello", False, 2)
    assert events(bench, 60000) == [(FAILED, 1, "no result")]
    assert radio.send(10, b"hello", False, 2)
    assert events(bench, 60000) == [(SENT, 1, None)]
    assert radio.join(2)


def test_an_acknowledgement_is_not_heard_once_more_with_the_next_uplink():
    bench = FirmwareOnFakeLopy4()
    radio = joined(bench)
    for confirmed, result in ((True, ACKED), (False, SENT)):
        assert radio.send(10, b"hello", confirmed, 2)
        assert events(bench, 30000) == [(result, 1, None)]


def test_a_downlink_without_the_acknowledgement_ends_by_the_deadline_and_joining_then_is_no_hang():
    bench = FirmwareOnFakeLopy4()
    radio = joined(bench)
    bench.air.acks = False
    bench.air.mac_commands = True
    assert radio.send(10, b"hello", True, 2)
    # It proves the session all the same.
    assert kinds(events(bench, 60000)) == [FAILED, HEARD]
    with pytest.raises(HalError) as caught:
        radio.join(2)
    assert caught.value.args[0] == RADIO


def test_a_modem_that_stays_silent_is_reported():
    bench = FirmwareOnFakeLopy4()
    radio = joined(bench)
    bench.fake.lora_task.stuck = True
    for _ in range(3):
        assert radio.send(10, b"hello", False, 2)
        assert events(bench, 20000) == [(FAILED, 1, "no result")]
    with pytest.raises(HalError) as caught:
        radio.send(10, b"hello", False, 2)
    assert caught.value.args[0] == RADIO


def test_a_call_of_a_stuck_modem_would_never_return():
    bench = FirmwareOnFakeLopy4()
    joined(bench)
    bench.fake.lora_task.stuck = True
    with pytest.raises(Hang):
        bench.fake.lora.remove_channel(0)
    bench.board.watchdog.feed()
    with pytest.raises(BoardReset):
        bench.fake.lora.remove_channel(0)


def test_a_late_result_is_not_taken_for_the_next_frame_s():
    bench = FirmwareOnFakeLopy4()
    radio = joined(bench)
    bench.fake.lora_task.events |= 2
    assert radio.send(10, b"hello", False, 2)
    assert radio.poll() is None
    assert events(bench, 30000) == [(SENT, 1, None)]


def test_a_long_downlink_is_received_in_one_piece():
    bench = FirmwareOnFakeLopy4()
    radio = joined(bench)
    radio.send(10, b"x", False, 2)
    events(bench, 30000)
    bench.fake.lora_task.push(20, bytes(range(200)))
    assert events(bench, 5000) == [(RECEIVED, 20, bytes(range(200)))]


def test_seven_downlinks_at_once_are_all_received():
    bench = FirmwareOnFakeLopy4()
    joined(bench)
    for number in range(8):
        bench.fake.lora_task.receive(bench.fake.lora_task.generation, 20, bytes([number]))
    assert events(bench, 3000) == [(RECEIVED, 20, bytes([number])) for number in range(7)]


def test_a_mac_frame_out_of_the_blue_is_heard_with_the_next_uplink():
    bench = FirmwareOnFakeLopy4()
    radio = joined(bench)
    bench.fake.lora_task.receive(bench.fake.lora_task.generation, None, b"")
    assert events(bench, 3000) == []
    radio.send(10, b"x", False, 2)
    assert events(bench, 30000) == [(SENT, 1, None), (HEARD, 0, None)]


def test_what_the_socket_refuses_is_refused():
    bench = FirmwareOnFakeLopy4()
    radio = joined(bench)
    assert radio.send(10, b"", False, 2) is False
    assert radio.send(225, b"x", False, 2) is False
    assert radio.send(10, b"x", False, 7) is False
    assert radio.send(10, b"x", False, -1) is False
    assert events(bench, 30000) == []


def test_with_adr_the_network_may_repeat_and_has_the_time_for_it():
    bench = FirmwareOnFakeLopy4(ADR=True)
    radio = joined(bench)
    bench.fake.lora_task.stuck = True
    radio.send(10, b"x", False, 2)
    assert events(bench, 44000) == []
    assert events(bench, 2000) == [(FAILED, 1, "no result")]


def test_with_adr_the_last_frame_tells_the_data_rate_that_the_network_has_set():
    bench = FirmwareOnFakeLopy4(ADR=True)
    bench.air.adr_rate = 5
    radio = joined(bench)
    told = [radio.data_rate()]
    for _ in range(2):
        assert radio.send(10, b"hello", False, 2)
        assert events(bench, 20000) == [(SENT, 1, None)]
        told.append(radio.data_rate())
    # The socket's own setting has no effect.
    assert [uplink[4] for uplink in bench.air.uplinks] == told[1:] == [4, 5] and told[0] is None
    joined(bench)
    assert radio.data_rate() is None


def test_without_adr_the_data_rate_is_ours():
    bench = FirmwareOnFakeLopy4()
    bench.air.adr_rate = 5
    radio = joined(bench)
    for data_rate in (2, 4):
        assert radio.send(10, b"hello", False, data_rate)
        events(bench, 20000)
        assert radio.data_rate() is None
    assert [uplink[4] for uplink in bench.air.uplinks] == [2, 4]


def test_the_fake_lora_is_strict():
    fake = LoPy4()
    lora = fake.modules()["network"].LoRa
    socket = fake.modules()["usocket"]
    with pytest.raises(OSError):
        socket.socket(socket.AF_LORA, socket.SOCK_RAW)
    with pytest.raises(TypeError):
        lora(mode=lora.LORAWAN, region=lora.AU915, sub_band=2)
    with pytest.raises(ValueError):
        lora(mode=lora.LORAWAN)
    made = lora(mode=lora.LORAWAN, region=lora.AU915)
    assert lora() is made
    with pytest.raises(ValueError):
        made.join(activation=lora.OTAA, auth=(bytes(8), bytes(8), bytes(16)), dr=2, timeout=0)
    raw = socket.socket(socket.AF_LORA, socket.SOCK_RAW)
    raw.setblocking(False)
    assert raw.recvfrom(256) == (b"", 0)
    with pytest.raises(OSError):
        raw.send(b"not joined")
    fake.lora_task.received.append((5, b"0123456789"))
    assert raw.recvfrom(4) == (b"0123", 5)
    rest, port = raw.recvfrom(256)
    assert rest == b"456789" and port != 5


def test_keys_of_a_wrong_length_do_not_get_into_the_air():
    fake = LoPy4()
    keys = types.SimpleNamespace(DEV_EUI="70B3", JOIN_EUI="00" * 8, APP_KEY="01" * 16)
    board = load_lopy4(fake).open(config.Settings(), keys)
    board.open_radio(config.Settings())
    with pytest.raises(ValueError):
        board.radio.join(2)
    assert fake.air.joins == []


def test_joined_survives_in_the_flag_only_until_the_next_request():
    bench = FirmwareOnFakeLopy4()
    radio = joined(bench)
    assert radio.join(2)
    assert radio.send(10, b"x", False, 2) is False
    assert events(bench, 20000) == [(JOINED, 0, None)]


def test_a_session_that_outlives_a_soft_reset_is_not_taken_for_ours():
    bench = FirmwareOnFakeLopy4()
    joined(bench)
    bench.fake.reboot(SOFT_RESET)
    bench.boot()
    radio = bench.board.radio
    assert radio.send(10, b"x", False, 2) is False
    joined(bench)
    assert radio.send(10, b"x", False, 2)


def test_nothing_is_called_back():
    # One exception in any callback would end the thread of all of them; the fake has none to register.
    modules = LoPy4().modules()
    assert [name for name in ("Timer", "Alarm") if hasattr(modules["machine"], name)] == []
    assert [kind for kind in (modules["network"].LoRa, modules["machine"].Pin, modules["machine"].UART) if hasattr(kind, "callback")] == []
    for name in ("lopy4.py", "lopy4_radio.py", "mcu.py"):
        assert "callback(" not in (ROOT / "src" / "hal" / name).read_text()


def test_there_is_no_boot_py_that_could_start_the_watchdog():
    assert not list((ROOT / "src").rglob("boot.py"))
    bench = FirmwareOnFakeLopy4()
    bench.fake.spend(100 * 1000000)
    assert bench.fake.watchdog is None


def test_what_would_wipe_or_crash_the_radio_is_not_there_to_be_called():
    lora = LoPy4().modules()["network"].LoRa
    assert [name for name in ("reset", "nvram_save", "nvram_restore", "tx_power", "frequency", "sf") if hasattr(lora, name)] == []
    assert "_lora.init(" not in (ROOT / "src" / "hal" / "lopy4_radio.py").read_text()


def test_the_rtc_which_would_make_the_ticks_jump_is_never_touched():
    modules = LoPy4().modules()
    assert not hasattr(modules["machine"], "RTC")
    bench = FirmwareOnFakeLopy4()
    bench.board.clock.set_utc(1793434800)
    assert bench.fake.rtc_offset_us == 0


# --- refusal


def test_wrong_settings_shine_red_and_leave_bus_and_air_alone(capsys):
    fake = LoPy4()
    levels = level_over(fake, lambda: load_lopy4(fake).refuse(["settings: REGION is 'EU'"], config.Settings({"REGION": "EU"})))
    assert (fake.led, fake.level("P8"), 1 in levels) == (RED, 0, False)
    assert (fake.wire, fake.air.joins, fake.air.uplinks) == ([], [], [])
    assert "REGION" in capsys.readouterr().out
