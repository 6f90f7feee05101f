"""hal/mainline.py on the fake ESP32 and RP2: one test for each trap of mainline MicroPython, and that the fake has them."""
import types

import config
import pytest
from hal.contract import CRASH, GREEN, OFF, PLANNED, POWER_ON, RED, SERIAL, STORE, WATCHDOG, HalError
from sim.boards.mainline import Chip
from sim.boards.pycom import BoardReset

from tests.contract.mainline_rig import MAINLINE_RIGS, PICO, MainlineRig, Rp2Rig, load_mainline
from tests.contract.rig import KEYS

REQUEST = b":0103002E0005C9\r\n"
KINDS = {"esp32": MainlineRig, "rp2": Rp2Rig}


@pytest.fixture(params=KINDS)
def bench(request):
    return KINDS[request.param](None)


@pytest.fixture
def esp32():
    return MainlineRig(None)


@pytest.fixture
def rp2():
    return Rp2Rig(None)


def changed(kind, **overrides):
    """A rig with other settings."""
    return type("Changed", (KINDS[kind],), {"overrides": dict(KINDS[kind].overrides, **overrides)})(None)


@pytest.mark.parametrize("platform", KINDS)
def test_the_modem_s_reset_pin_is_low_for_some_milliseconds_and_floats_else(platform):
    bench = changed(platform, RADIO_RESET_PIN=7)
    module = load_mainline(bench.chip)
    port = module.Serial(1, 4, 5, 9600, 7)
    began_us = bench.chip.kernel.now_us
    assert port.reset() is True
    pad = bench.chip.pads[7]
    assert (pad.latch, pad.driven) == (0, False) and 5000 <= bench.chip.kernel.now_us - began_us < 10000
    assert module.Serial(1, 4, 5, 9600).reset() is False


# --- bus


def test_the_bus_is_38400_8e1_on_the_pins_of_the_settings(bench):
    settings = bench.settings
    assert bench.chip.bus.frame == (38400, 8, 0, 1)
    assert bench.chip.bus.pins == (settings.BUS_TX_PIN, settings.BUS_RX_PIN)


def test_the_driver_never_comes_on_while_the_board_starts(bench):
    seen = []
    spend = bench.chip.spend
    bench.chip.reboot(bench.chip.reset_reads_as())
    bench.chip.spend = lambda us: (seen.append(bench.chip.driving()), spend(us))
    bench._boot()
    assert seen and True not in seen


def test_making_the_pin_an_output_without_a_level_would_drive_the_bus(bench):
    bench.chip.reboot(bench.chip.reset_reads_as())
    pin = bench.chip.modules()["machine"].Pin
    pin(bench.settings.BUS_DE_PIN, pin.OUT)
    assert bench.chip.driving()


@pytest.mark.parametrize("length", [1, 17, 127, 300])
def test_no_character_is_cut_off_by_the_driver(bench, length):
    for offset_us in range(0, 600, 37):
        bench.settle(1)
        bench.chip.spend(offset_us)
        bench.board.bus.transmit(bytes(length))
    assert bench.chip.lost == 0 and len(bench.chip.wire) == 17 * length


def test_the_driver_is_released_within_a_character(bench, evidence):
    late_us = []
    for offset_us in range(0, 600, 37):
        bench.chip.spend(offset_us)
        bench.board.bus.transmit(REQUEST)
        late_us.append(bench.chip.pads[bench.settings.BUS_DE_PIN].since_us - bench.chip.wire[-1][1])
    evidence("%s: the RS485 driver is off after the last stop bit, us at most" % bench.platform, max(late_us), 286)
    assert 0 <= min(late_us) <= max(late_us) <= 286


def test_a_transmitter_that_hangs_holds_the_bus_a_twentieth_of_a_second(bench):
    bench.chip.bus.hangs = True
    before_us = bench.chip.kernel.now_us
    with pytest.raises(HalError):
        bench.board.bus.transmit(REQUEST)
    assert not bench.chip.driving() and bench.chip.kernel.now_us - before_us < 90000


def test_flush_would_hold_it_for_seconds(esp32, rp2):
    took_s = []
    for bench in (esp32, rp2):
        bench.chip.bus.hangs = True
        before_us = bench.chip.kernel.now_us
        with pytest.raises(OSError):
            bench.chip.bus.flush()
        took_s.append((bench.chip.kernel.now_us - before_us) / 1000000)
    assert took_s[0] > 5 and took_s[1] > 0.5


def test_even_a_bug_leaves_the_driver_off(bench):
    with pytest.raises(TypeError):
        bench.board.bus.transmit(None)
    assert not bench.chip.driving()


def test_reading_does_not_wait_and_a_silent_port_gives_no_none(bench):
    assert bench.chip.bus.read(1) is None
    before_us = bench.chip.kernel.now_us
    assert bench.board.bus.read() == b""
    assert bench.chip.kernel.now_us - before_us < 100


def test_a_byte_is_told_of_at_once(bench):
    bench.chip.arrive(b">")
    bench.chip.spend(300)
    assert bench.board.bus.read() == b">"


def test_with_a_timeout_between_characters_an_esp32_would_wait(esp32):
    machine = esp32.chip.modules()["machine"]
    esp32.chip.uarts[1] = uart = machine.UART(1, 38400, tx=machine.Pin(5), rx=machine.Pin(6), timeout_char=5)
    esp32.chip.arrive(b">")
    esp32.chip.spend(3000)
    assert uart.any() == 0
    esp32.chip.spend(3000)
    assert uart.any() == 1


def test_a_quarter_of_a_second_of_absence_loses_nothing(bench):
    bench.chip.arrive(b"x" * 2000)
    bench.settle(280)
    first = len(bench.board.bus.read())
    bench.settle(1000)
    assert first + len(bench.board.bus.read()) == 2000
    bench.chip.arrive(b"x" * 2000)
    bench.settle(1000)
    assert len(bench.board.bus.read()) < 2000


def test_the_fake_uart_refuses_what_the_real_ones_do_not_know(bench):
    machine = bench.chip.modules()["machine"]
    pins = {"tx": machine.Pin(bench.settings.BUS_TX_PIN), "rx": machine.Pin(bench.settings.BUS_RX_PIN)}
    for arguments in ({"pins": (1, 2)}, {"rx_buffer_size": 512}, {"timeout_chars": 2}):
        with pytest.raises(TypeError):
            machine.UART(bench.settings.BUS_UART, 38400, **pins, **arguments)
    with pytest.raises(ValueError):
        machine.UART(3, 38400, **pins)
    with pytest.raises(ValueError):
        machine.Pin(99)
    assert not hasattr(machine.UART, "wait_tx_done")


def test_an_rp2_has_its_uarts_on_certain_pins(rp2):
    machine = rp2.chip.modules()["machine"]
    with pytest.raises(ValueError):
        machine.UART(0, tx=machine.Pin(4), rx=machine.Pin(1))


# --- modem


def test_the_modem_is_on_its_own_uart_at_9600_8n1(bench):
    uart = bench.chip.uarts[bench.settings.RADIO_UART]
    assert (uart.frame, uart.pins) == ((9600, 8, None, 1), (bench.settings.RADIO_TX_PIN, bench.settings.RADIO_RX_PIN))


@pytest.mark.parametrize("kind", KINDS)
def test_the_other_modem_is_a_setting_too(kind):
    bench = changed(kind, RADIO_MODEM="rak3172")
    assert bench.chip.uarts[bench.settings.RADIO_UART].frame[0] == 115200


def test_the_longest_command_fits_the_port_and_a_full_one_is_a_hal_error(rp2):
    module = load_mainline(rp2.chip)
    port = module.Serial(1, 4, 5, 9600)
    rp2.chip.uarts[1].peer = None
    port.write(b"x" * 530)
    with pytest.raises(HalError) as caught:
        for _ in range(5):
            port.write(b"x" * 530)
    assert caught.value.args[0] == SERIAL


# --- time


def test_setting_the_rtc_does_not_move_the_clock(bench):
    before_ms = bench.board.clock.now_ms()
    bench.board.clock.set_utc(1793434800)
    assert bench.board.clock.now_ms() - before_ms <= 1
    assert bench.chip.rtc_utc_s() == 1793434800


def test_a_day_of_wraps_loses_nothing(bench):
    clock = bench.board.clock
    before_ms, before_us = clock.now_ms(), bench.chip.kernel.now_us
    for _ in range(24 * 4):
        bench.chip.spend(900 * 1000000)
        clock.now_ms()
    assert abs((clock.now_ms() - before_ms) - (bench.chip.kernel.now_us - before_us) // 1000) <= 1


def test_over_a_reset_an_esp32_keeps_the_time_and_an_rp2_does_not(bench):
    bench.board.clock.set_utc(1793434800)
    bench.settle(5000)
    bench.reset("settings")
    utc_s = bench.board.clock.utc_s()
    assert utc_s == 1793434806 if bench.platform == "esp32" else utc_s is None


def test_over_a_power_cut_nobody_knows_the_time(bench):
    bench.board.clock.set_utc(1793434800)
    bench.power_cycle()
    assert bench.board.clock.utc_s() is None


def test_a_time_that_cannot_be_one_does_not_reach_the_rtc(bench):
    before_s = bench.chip.rtc_utc_s()
    bench.board.clock.set_utc(5)
    assert bench.board.clock.utc_s() == 5 and bench.chip.rtc_utc_s() - before_s < 2


# --- store


def test_an_rp2_is_deaf_while_its_flash_is_erased_but_for_what_the_fifo_holds(rp2):
    for number in range(8):
        rp2.board.bus.read()
        before_us = rp2.chip.kernel.now_us
        rp2.feed(bytes(range(1, 101)), after_ms=50)
        rp2.board.store.put("plan", b"%d" % number)
        took_ms = (rp2.chip.kernel.now_us - before_us) // 1000
        if took_ms > 300:
            break
        assert took_ms == 22
        rp2.settle(100)
    assert took_ms == 317
    heard = rp2.board.bus.read()
    assert len(heard) == 32 and rp2.chip.bus.overruns == 68



def test_flash_that_fails_is_a_hal_error_and_the_board_starts_all_the_same(bench):
    bench.chip.flash.fails = True
    bench.power_cycle()
    assert bench.board.system.reset_cause() == POWER_ON
    for act in (lambda: bench.board.store.get("plan"), lambda: bench.board.store.put("plan", b"x")):
        with pytest.raises(HalError) as caught:
            act()
        assert caught.value.args[0] == STORE
    bench.chip.flash.fails = False
    bench.board.store.put("plan", b"x")
    assert bench.board.store.get("plan") == b"x"


def test_a_full_flash_is_a_hal_error_and_keeps_what_it_has(bench):
    bench.board.store.put("plan", b"x")
    bench.chip.flash.full = True
    bench.board.store.put("plan", b"x")
    with pytest.raises(HalError) as caught:
        bench.board.store.put("plan", b"y")
    assert caught.value.args[0] == STORE and bench.board.store.get("plan") == b"x"


def test_an_equal_record_does_not_wear_the_flash(bench):
    bench.board.store.put("plan", b"x")
    before = bench.chip.flash.writes
    bench.board.store.put("plan", b"x")
    assert bench.chip.flash.writes == before


def test_half_a_file_left_aside_is_no_record(rp2):
    rp2.put_in_power_cut("close", "plan", b"x")
    assert "/store/.plan" in rp2.chip.flash.files and rp2.board.store.get("plan") is None


# --- watchdog and resets


def test_the_watchdog_starts_with_the_first_meal_and_bites_after_its_time(bench):
    limit_s = bench.settings.WATCHDOG_S
    bench.settle(600000)
    for _ in range(5):
        bench.board.watchdog.feed()
        bench.settle(limit_s * 1000 - 500)
    with pytest.raises(BoardReset):
        bench.settle(1000)


def test_an_rp2_takes_no_longer_watchdog_than_its_own(rp2):
    rp2.chip.modules()["machine"].WDT(timeout=8000)
    with pytest.raises(ValueError):
        rp2.chip.modules()["machine"].WDT(timeout=9000)


@pytest.mark.parametrize(
    "chip_cause, word, cause",
    [
        ("PWRON_RESET", None, POWER_ON), ("WDT_RESET", None, WATCHDOG), ("WDT_RESET", "command", PLANNED), ("WDT_RESET", "crash", CRASH),
        ("PWRON_RESET", "command", POWER_ON), ("SOFT_RESET", None, WATCHDOG), ("SOFT_RESET", "command", PLANNED), ("HARD_RESET", None, WATCHDOG),
        ("HARD_RESET", "command", PLANNED), ("HARD_RESET", "crash", CRASH),
    ],
)
def test_why_the_board_started(bench, chip_cause, word, cause):
    resets = bench.chip.kind.resets
    if chip_cause not in resets:
        assert bench.platform == "rp2"      # it has only the first two
        return
    if word:
        with pytest.raises(BoardReset):
            bench.board.system.reset(word)
    bench.chip.reboot(resets[chip_cause])
    bench._boot()
    assert bench.board.system.reset_cause() == cause
    bench.chip.reboot(resets["WDT_RESET"])
    bench._boot()
    assert bench.board.system.reset_cause() == WATCHDOG


def dipped(bench, sent_s):
    """What the board says of itself after a dip of its supply that many seconds after a join began."""
    assert bench.board.radio.join(2)
    for _ in range(sent_s * 100):
        bench.board.radio.poll()
        bench.settle(10)
    bench.chip.brown_out()
    bench._boot()
    return bench.board.system.browned_out(), bench.board.system.reset_cause()


def test_an_esp32_whose_supply_gives_way_while_its_modem_sends_knows_it_for_one_boot(esp32):
    assert dipped(esp32, 2) == (True, POWER_ON)
    esp32.chip.brown_out()
    esp32._boot()
    assert esp32.board.system.browned_out() is False


def test_a_dip_when_nothing_is_sent_is_no_more_than_a_power_cut(esp32):
    assert dipped(esp32, 30) == (False, POWER_ON)


def test_a_power_cut_while_the_modem_sends_leaves_no_mark(esp32):
    assert esp32.board.radio.join(2)
    esp32.settle(2000)
    esp32.power_cycle()
    assert esp32.board.system.browned_out() is False


def test_a_watchdog_that_bites_while_the_modem_sends_is_no_dip(esp32):
    assert esp32.board.radio.join(2)
    esp32.settle(2000)
    esp32.chip.reboot(esp32.chip.kind.resets["WDT_RESET"])
    esp32._boot()
    assert (esp32.board.system.browned_out(), esp32.board.system.reset_cause()) == (False, WATCHDOG)


def test_an_rp2_cannot_tell(rp2):
    assert not hasattr(rp2.chip.modules()["machine"].RTC(), "memory")
    assert dipped(rp2, 2) == (False, POWER_ON)


def test_a_reset_happens_even_if_the_flash_fails(bench):
    bench.chip.flash.fails = True
    with pytest.raises(BoardReset):
        bench.board.system.reset("command")


# --- light


@pytest.mark.parametrize("light, lit", [("led", 1), ("led_low", 0)])
def test_one_led_is_lit_while_all_is_well_and_winks_with_each_frame(light, lit):
    bench = changed("esp32", LIGHT=light, LIGHT_PIN=21)
    indicator, pad = bench.board.indicator, bench.chip.pads[21]
    assert pad.latch == 1 - lit
    for colour, on, shows in ((GREEN, False, True), (GREEN, True, False), (RED, False, False), (RED, True, True), (OFF, False, False)):
        indicator.show(colour)
        indicator.activity(on)
        assert (pad.latch == lit) == shows


def test_a_pixel_shows_the_colour_and_is_written_only_when_it_changes():
    bench = changed("esp32", LIGHT="neopixel", LIGHT_PIN=48)
    indicator, chip = bench.board.indicator, bench.chip
    before = chip.pixel_writes
    for _ in range(5):
        indicator.show(GREEN)
    assert chip.pixels == [(0, 0x7F, 0)] and chip.pixel_writes == before + 1
    indicator.activity(True)
    assert chip.pixels == [(0, 0, 0)]
    indicator.activity(False)
    assert chip.pixels == [(0, 0x7F, 0)]


def test_without_a_light_nothing_is_shown():
    bench = changed("esp32", LIGHT=None)
    bench.board.indicator.show(GREEN)
    bench.board.indicator.activity(True)
    assert 21 not in bench.chip.pads and bench.chip.pixels is None


# --- the whole board


def test_it_needs_the_keys_of_its_modem(bench):
    assert load_mainline(bench.chip).needs_keys(bench.settings) is True


@pytest.mark.parametrize("kind, overrides, names", [
    ("esp32", {}, []), ("rp2", {}, []), ("esp32", {"BUS_RX_PIN": 24, "RADIO_TX_PIN": 22}, ["BUS_RX_PIN", "RADIO_TX_PIN"]),
    ("rp2", {"BUS_DE_PIN": 30}, ["BUS_DE_PIN"]), ("esp32", {"LIGHT_PIN": 24}, ["LIGHT_PIN"]), ("esp32", {"LIGHT_PIN": 24, "LIGHT": None}, []),
    ("esp32", {"BUS_DE_PIN": None}, []), ("esp32", {"LIGHT_PIN": "LED"}, ["LIGHT_PIN"]), ("esp32", {"BUS_DE_PIN": 5}, ["BUS_DE_PIN"]),
])
def test_pins_that_the_chip_lacks_are_named_before_any_is_touched(kind, overrides, names):
    settings = config.Settings(dict(KINDS[kind].overrides, **overrides))
    chip = Chip(kind)
    assert [name for name, _ in load_mainline(chip).cannot_do(settings, [])] == names
    assert [pad for pad in chip.pads.values() if pad.driven] == []
    assert load_mainline(chip).cannot_do(settings, list(config.NAMES)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_settings_are_told_and_leave_the_bus_alone(kind, capsys):
    overrides = PICO if kind == "rp2" else {}
    settings = config.Settings(dict(overrides, REGION="EU", LIGHT="neopixel"))
    chip = Chip(kind, bus_uart=settings.BUS_UART, enable=settings.BUS_DE_PIN, latches={settings.BUS_DE_PIN: 1})
    load_mainline(chip).refuse(["settings: REGION is 'EU'"], settings)
    assert "REGION" in capsys.readouterr().out
    assert (chip.pixels, chip.wire, chip.pads[settings.BUS_DE_PIN].driven, chip.driving()) == ([(0x7F, 0, 0)], [], True, False)


@pytest.mark.parametrize("overrides", [{"BUS_DE_PIN": "P8"}, {"BUS_DE_PIN": 99}, {"LIGHT_PIN": None}, {"LIGHT": []}])
def test_wrong_pins_are_told_and_touched_as_little_as_can_be(overrides, capsys):
    load_mainline(Chip("esp32")).refuse(["settings: wrong"], config.Settings(overrides))
    assert capsys.readouterr().out == "settings: wrong\n"


def test_the_parts_that_a_board_lacks_are_missing_in_its_fake():
    assert Chip("rp2").modules()["esp32"] is None
    assert not hasattr(Chip("rp2").modules()["machine"], "SOFT_RESET")
    assert not hasattr(Chip("esp32").modules()["os"], "rename")


def test_a_board_without_the_radio_s_settings_of_linux_opens_all_the_same(bench):
    settings = config.Settings(dict(bench.overrides, RADIO_PORT=None))
    board = load_mainline(bench.chip).open(settings, types.SimpleNamespace(**vars(KEYS)))
    board.open_radio(settings)
    assert board.radio.join(2) is True


def test_every_rig_of_these_boards_is_in_the_conformance_suite():
    assert {rig.platform for rig in MAINLINE_RIGS.values()} == set(KINDS)
