"""What goes on which board, by name: nothing is on a board that is not listed here, and tests/unit/test_build.py walks the imports."""
from typing import NamedTuple

EVERYWHERE = """
    main config
    app app.actor app.answers app.book app.box app.claims app.closings app.codec app.deeds app.dossier app.downlink app.events app.hand app.intent
    app.journal app.key app.levels app.limit app.local_time app.memory app.meter app.monitor app.notices app.offer app.orders app.pages app.past
    app.plan app.program app.quota app.reconciler app.refuge app.reporter app.restart app.sessions app.site app.snapshot app.stability
    app.starter app.states app.supervisor app.survey app.timekeeper app.version app.watch app.windows app.wire_settings app.words app.work
    app.zone
    lorawan lorawan.airtime lorawan.clock_quota lorawan.clock_sync lorawan.governor lorawan.health lorawan.joiner lorawan.ladder
    lorawan.ledger lorawan.outbox lorawan.pace lorawan.regions lorawan.sender lorawan.session lorawan.suspicion
    modbus modbus.ascii modbus.charger modbus.control modbus.finder modbus.reading modbus.statistics modbus.transaction
    hal hal.board hal.contract hal.records hal.ticks hal.trace
    umodbus umodbus.const umodbus.functions umodbus.typing umodbus.version
""".split()
# The keys of this site go with them where `make keys` has made some.
KEYS = "keys"

_AT_MODEMS = ["hal.at_lines", "hal.at_modem", "hal.at_words", "hal.last_word", "hal.rak3172", "hal.wio_e5"]
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
