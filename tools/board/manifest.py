"""The modules of each board: only listed ones are installed, and tests/unit/tools/board/test_build.py compares the list with the imports."""
from typing import NamedTuple

EVERYWHERE = """
    main config
    app app.application app.safe_mode app.version
    app.codec app.codec.downlink app.codec.packing app.codec.posix_tz app.codec.report_frames app.codec.setting_bytes app.codec.status_frames
        app.codec.vocabulary app.codec.windows
    app.runtime app.runtime.journal app.runtime.scheduler app.runtime.site_settings app.runtime.supervisor app.runtime.timekeeper
    app.evse app.evse.charging_sessions app.evse.debounce app.evse.energy_meter app.evse.evse_model app.evse.evse_monitor app.evse.key_switch
        app.evse.poller app.evse.session_book app.evse.states
    app.policy app.policy.arbiter app.policy.car_power app.policy.claims app.policy.local_time app.policy.plan app.policy.plan_store
        app.policy.target app.policy.target_follower app.policy.window_quota
    app.control app.control.contactor app.control.control_record app.control.controller app.control.icmax app.control.owner_record
        app.control.reconciler app.control.reset_sequence app.control.setpoint app.control.start_sequence app.control.write_retry
    app.commands app.commands.answer app.commands.command_log app.commands.device_commands app.commands.dispatcher
        app.commands.execution app.commands.legacy app.commands.specs
    app.telemetry app.telemetry.answer_queue app.telemetry.device_report app.telemetry.event_detector app.telemetry.event_queue
        app.telemetry.log_lines app.telemetry.reporter app.telemetry.status_view
    lorawan lorawan.airtime lorawan.airtime_budget lorawan.airtime_log lorawan.clock_quota lorawan.clock_sync lorawan.frame_cost
        lorawan.join_schedule lorawan.link_supervision lorawan.modem_health lorawan.outbox lorawan.rate_fallback lorawan.regions lorawan.sender
        lorawan.session
    modbus modbus.ascii modbus.charger modbus.write_map modbus.id_finder modbus.reading modbus.statistics modbus.transaction
    hal hal.board hal.contract hal.store_rules hal.ticks hal.trace
    umodbus umodbus.const umodbus.functions umodbus.typing umodbus.version
""".split()
# The keys of this site go with them where `make keys` has made some, and its settings where `make settings` has.
KEYS = "keys"
SETTINGS = "local_config"

_AT_MODEMS = ["hal.at_lines", "hal.at_modem", "hal.at_words", "hal.last_word", "hal.modem_recovery", "hal.rak3172", "hal.wio_e5"]
_LOPY4 = ["hal.lopy4", "hal.lopy4_radio", "hal.mcu"]
_MAINLINE = ["hal.mainline", "hal.mainline_light", "hal.mainline_ports", "hal.mainline_store", "hal.mcu", "hal.pins", *_AT_MODEMS]
# CPython has no module micropython; a board has its own, and never gets the stand-in.
_LINUX = ["hal.posix", "hal.posix_clock", "hal.posix_ports", "micropython", *_AT_MODEMS]


class Board(NamedTuple):
    """One kind of board. platform: its sys.platform; compiler: the MicroPython whose mpy-cross it needs, None the newest of version 6,
    "" none; mpy: the version of .mpy files that this compiler writes; own: modules beside EVERYWHERE; what: in words."""

    platform: str
    compiler: str | None
    mpy: int
    own: list
    what: str


BOARDS = {
    "lopy4": Board("LoPy4", "1.11", 4, _LOPY4, "a Pycom LoPy4 with firmware 1.20.2"),
    "esp32": Board("esp32", None, 6, _MAINLINE, "an ESP32 or ESP32-S3 with MicroPython 1.24 or newer"),
    "rp2": Board("rp2", None, 6, _MAINLINE, "an RP2040 or RP2350 with MicroPython 1.24 or newer"),
    "linux": Board("linux", "", 0, _LINUX, "a Linux computer"),
}

# Of every mpy-cross. -O3 leaves out line numbers, a tenth of the flash; the record of a crash has the function then (hal.trace).
OPTIONS = ("-O3",)


def modules(board):
    """Dotted names of what `board` (a key of BOARDS) runs, sorted; the keys are not among them."""
    return sorted(EVERYWHERE + BOARDS[board].own)
