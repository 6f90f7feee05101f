"""`python -m tools.charger.console --port PORT COMMAND`: talk with a charger from a computer. Exit status: 0 done, 1 failed, 2 usage."""
import argparse
import json
import re
import sys
import time

from modbus import registers

from tools.charger import actions, explain, ports, find as seek, watch
from tools.charger.client import Client, check_id, mapped
from tools.charger.ports import ChargerError

DONE, FAILED, USAGE = 0, 1, 2
_VOLTS_PER_COUNT = 0.00425  # of registers.PILOT_VOLTS


class Printer:
    """Lines for people, or one JSON object for programs."""

    def __init__(self, as_json):
        self.as_json = as_json

    def show(self, data, lines):
        """`data` is for programs, `lines` for people."""
        print(json.dumps(data) if self.as_json else "\n".join(lines), flush=True)

    def progress(self, text):
        """What takes time, to people only."""
        if not self.as_json:
            print(f"... {text}", file=sys.stderr, flush=True)


def do_status(client, given, out):
    facts = actions.client_facts(client)
    told = explain.describe(facts)
    others = ["  note     another master asks questions on this bus"] if client.heard_master else []
    out.show(dict(told, id=client.device_id, another_master=client.heard_master), explain.lines(told, facts) + others)
    return DONE


def do_watch(client, given, out):
    client.reading()  # an error at the start is one; later it is a change
    last = None
    for change in watch.changes(client, given.seconds):
        at = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        if change.kind == "state":
            told, text = change.told, _in_short(change.told)
        else:
            text = {"silent": "the box does not answer", "no_port": f"{client.path} has gone"}[change.kind]
            told = {"state": None, "status": "unreachable", "why": text}
        if out.as_json or text != last:  # a line says less than the object
            out.show(dict(told, at=at), [f"{at[11:19]}  {text}"])
        last = text
    return DONE


def _in_short(told):
    parts = [f"{told['code']}  {told['state']}"]
    if told["current_a"] is not None:
        parts.append("/".join("?" if value is None else f"{value:.1f}" for value in told["current_a"]) + " A")
    parts.append("paused" if told["paused"] else f"limit {told['current_limit_a']} A")
    parts.append("key on" if told["enable_input"] else "key off")
    return ", ".join(parts) + ("" if told["status"] == "charging" else f". {told['why']}")


def _act(action):
    def do(client, given, out):
        outcome = action(client, given)
        out.show({"command": given.command, "done": outcome.done, "text": outcome.text}, [outcome.text])
        return DONE if outcome.done else FAILED

    return do


def do_registers(client, given, out):
    readable = [register for register in registers.REGISTERS if register[registers.ACCESS] & registers.READ]
    asked = given.addresses or [(register[registers.ADDRESS], None) for register in readable]
    rows, silent = [], 0
    client.read(registers.STATUS)  # wakes the box, and reports the error if none is there
    for address, words in asked:
        block = client.try_read(address, words)
        silent += block is None
        rows.append(_register(address, block))
    out.show([data for data, lines in rows], [line for data, lines in rows for line in lines])
    return FAILED if given.addresses and silent else DONE


def _register(address, block):
    """(data, lines) of one register."""
    register = mapped(address)
    name = register[registers.TITLE] if register else None
    title = f"0x{address:04X} {name or ''}".rstrip()
    data = {"address": f"0x{address:04X}", "name": name, "raw": None, "values": None}
    if block is None:
        return data, [f"{title:<16} no answer"]
    words = [block.data[at:at + 2].hex().upper() for at in range(0, len(block.data), 2)]
    data["raw"] = words
    lines = [f"{title:<16} {' '.join(words)}"]
    if block.values is not None:
        data["values"] = block.values
        units = {field[registers.NAME]: field[registers.UNIT] for field in register[registers.FIELDS]}
        lines += [f"    {field:<26}{_value(value, units.get(field))}" for field, value in block.values.items()]
    return data, lines


def _value(value, unit):
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if unit == registers.CODE and isinstance(value, int):
        return f"{value:02X}  ({explain.CODE_TEXTS.get(value, 'unknown')})"
    if unit == registers.DUTY and isinstance(value, int):
        amps = explain.amps(value)
        return f"{value / 10:.1f} %  ({'no current allowed' if value == registers.DUTY_PAUSE else 'no current' if amps is None else f'{amps:.1f} A'})"
    if unit == registers.CURRENT and isinstance(value, int):
        return f"{value / 10:.1f} A"
    if unit == registers.PILOT_VOLTS:
        return f"{value * _VOLTS_PER_COUNT:.2f} V"
    return f"{value} A" if unit == registers.AMPS else str(value)


def do_identity(client, given, out):
    device = client.read(registers.DEVICE).values
    serial = client.fields(registers.SERIAL) or {"model": None, "serial": None}
    data = {
        "id": device["device_id"],
        "model": serial["model"],
        "serial": serial["serial"],
        "firmware": f"{device['firmware_major']}.{device['firmware_minor']}",
        "hardware": device["hardware"],
        "start_after_power_cycle": explain.starts_after_power_cycle(client.system()),
    }
    data.update((name, value) for name, value in device.items() if name not in ("hardware", "device_id", "firmware_major", "firmware_minor"))
    lines = [f"{name.replace('_', ' '):<26}{_identity_value(name, value)}" for name, value in data.items()]
    out.show(data, lines)
    return DONE


def _identity_value(name, value):
    if name == "enable_mode":
        return f"{value.replace('_', ' ')}: the key {explain.ENABLE_MODES[value]}"
    return "not told" if value is None else _value(value, None)


def do_find(client, given, out):
    found = seek.find(client, out.progress)
    if not found:
        raise seek.diagnose(client)
    several = ["More than one box: each needs an id of its own, and all but one have to be switched off to change it."] if len(found) > 1 else []
    out.show({"ids": found}, [f"id {device_id}" for device_id in found] + several)
    return DONE


# Command: (what it does, help).
COMMANDS = {
    "status": (do_status, "state, car, key, limit, currents, and why it does not charge"),
    "watch": (do_watch, "a line for each change, until Ctrl-C"),
    "lock": (_act(lambda client, given: actions.lock(client)), "disable the outlet (E0E0); a charging car is stopped first"),
    "unlock": (_act(lambda client, given: actions.unlock(client)), "enable it again (A1A1), or leave setup mode"),
    "reset": (_act(lambda client, given: actions.reset(client)), "start the box anew (5A5A), as if its power had been cut"),
    "limit": (_act(lambda client, given: actions.limit(client, given.amperes)), "allow so many whole amperes (Icmax)"),
    "pause": (_act(lambda client, given: actions.pause(client)), "allow no current; the car stays connected"),
    "resume": (_act(lambda client, given: actions.resume(client)), "end the pause"),
    "registers": (do_registers, "registers, raw and decoded: all of the map, or those given"),
    "identity": (do_identity, "firmware, hardware, id, meter, key, options, model, serial number"),
    "find": (do_find, "the ids of the boxes on this bus, 1 to 16"),
}


def _address(text):
    """ADDR or ADDR:WORDS."""
    match = re.fullmatch(r"(0x[0-9a-fA-F]+|\d+)(?::(\d+))?", text)
    address, words = (int(match[1], 0), int(match[2]) if match[2] else None) if match else (0, None)
    if match is None or address > 0xFFFF or words is not None and not 1 <= words <= 125:
        raise argparse.ArgumentTypeError(f"{text!r} is no register: say 0x002E, or 0x0050:8 with its number of words")
    if mapped(address) is None and words is None:
        raise argparse.ArgumentTypeError(f"{text} is not in the map: say how many words it has, as {text}:1")
    return address, words


def _seconds(text):
    seconds = float(text)
    if not 0 < seconds < 1e9:
        raise ValueError(text)
    return seconds


def port_arguments():
    """--port, --id and --direction, for every program that talks with a box."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--port", help="serial port of the USB-RS485 adapter, such as /dev/ttyUSB0")
    shared.add_argument("--id", type=int, default=1, help="device id of the box, 1 to 16 (default 1)")
    shared.add_argument("--direction", choices=("auto", "rts"), default="auto", help="the adapter switches itself (auto), or RTS does it (rts)")
    return shared


def _parser():
    as_json = argparse.ArgumentParser(add_help=False)
    as_json.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="for programs: one JSON object a line")
    parser = argparse.ArgumentParser(prog="python -m tools.charger.console", description="Talk with an ABL wallbox.",
                                     parents=[port_arguments(), as_json],
                                     epilog="Exit status: 0 done, 1 failed, 2 usage. Setup of the box itself: "
                                            ".venv/bin/python -m tools.charger.commission")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (_, text) in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text, parents=[as_json])
        if name == "limit":
            command.add_argument("amperes", type=int, help="6 and more")
        elif name == "registers":
            command.add_argument("addresses", type=_address, nargs="*", metavar="ADDR", help="0x002E, or 0x0050:8 for one outside the map")
        elif name == "watch":
            command.add_argument("--for", dest="seconds", type=_seconds, metavar="SECONDS", help="end after that long")
    return parser


def check_port(given):
    """Raises ChargerError unless there is a --port and the --id is one."""
    if given.port is None:
        raise ChargerError("argument", f"--port is missing: the serial port of the box. {ports.hint()}")
    check_id(given.id)


def main(arguments=None):
    """Run one command; returns the exit status."""
    try:
        given = _parser().parse_args(arguments)
    except SystemExit as ended:
        return ended.code
    out = Printer(getattr(given, "json", False))
    try:
        check_port(given)
        with Client(given.port, given.id, given.direction) as client:
            return COMMANDS[given.command][0](client, given, out)
    except ChargerError as error:
        print(error, file=sys.stderr)
        if out.as_json:
            out.show({"error": error.kind, "text": str(error)}, ())
        return USAGE if error.kind == "argument" else FAILED
    except KeyboardInterrupt:
        return DONE if given.command == "watch" else FAILED
    except BrokenPipeError:
        sys.stdout = None  # the reader has gone, and Python would try once more at the end
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
