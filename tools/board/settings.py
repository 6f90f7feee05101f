"""`make settings`: writes src/local_config.py, the settings of this site, which git ignores.

It asks, and judges each answer as the board will; an empty answer takes what stands in brackets. Settings it does not ask for stay as they are in
the file. `make settings FROM=saved` asks nothing: it takes over what an older, edited config.py says otherwise than today's defaults.
"""
import argparse
import contextlib
import os
import pathlib
import runpy
import sys
from typing import Callable, NamedTuple

import config
import main as firmware

from home import time_zone_mistakes, time_zones
from sim.live import request_words
from tools.board import manifest
from tools.board.flash import BROKEN

TARGET = pathlib.Path(config.__file__).with_name(config.OF_SITE)
HEAD = "# The settings of this site. Names, values and their meaning: config.py. `make settings` writes it, from what is in it and your answers.\n\n"
# What a board needs otherwise than config.py has it (docs/hardware.md).
OF_BOARD = {"rp2": {"WATCHDOG_S": 8, "BUS_UART": 0, "BUS_TX_PIN": 0, "BUS_RX_PIN": 1, "BUS_DE_PIN": 2, "RADIO_UART": 1, "RADIO_TX_PIN": 4,
                    "RADIO_RX_PIN": 5, "LIGHT": "led", "LIGHT_PIN": 25}}
NONE = "none"
KINDS = "Board (esp32: XIAO and every other ESP32; rp2: Pico; lopy4; linux: Raspberry Pi)"
# What an error of config.py sends to.
HERE = ": `make settings` asks for it"
# Names in capitals of a config.py, today's or an older one, that are no settings.
NO_SETTINGS = ("CHECKS", "KEYS", "NAMES", "OF_SITE")


class Wrong(Exception):
    """An answer or a file that cannot be taken, in words."""


def current_error(amps, rated_a):
    """Why the current limit does not fit the box, or ''."""
    if amps is not None and rated_a is not None and amps > rated_a:
        return f"CURRENT_LIMIT_A is {amps}, and the box is rated for {rated_a} A: it must allow what it is to give"
    return ""


def _word(text):
    return text


def _number(text):
    try:
        return None if text == NONE else int(text)
    except ValueError:
        raise Wrong("that is no number") from None


def _maybe(text):
    return None if text == NONE else text


def _zone(text):
    try:
        rule = time_zones.rule(time_zones.zone(text))
    except ValueError as error:
        raise Wrong(str(error)) from None
    if not rule:
        raise Wrong("of that zone no rule is known here: give a POSIX TZ string, as AEST-10AEDT,M10.1.0,M4.1.0/3")
    doubt = time_zone_mistakes.doubt(rule)
    if doubt:
        raise Wrong(doubt)
    return rule


def _plan(text):
    try:
        return request_words.request_of("plan", "off" if text == NONE else text)["plan"]["windows"]
    except request_words.Wrong as wrong:
        raise Wrong(f"a plan is {wrong.args[0].removesuffix('off')}{NONE}") from None


class Question(NamedTuple):
    """One question. name: of the setting; words: what is asked; read: a value of an answer, or Wrong; is_asked(board, values so far)."""

    name: str
    words: str
    read: Callable = _word
    is_asked: Callable = lambda board, values: True


QUESTIONS = (
    Question("REGION", "Region of the radio, by the law of the place (AU915, EU868, US915, AS923)", lambda text: text.upper()),
    Question("SUB_BAND", "Sub-band (The Things Network has 2)", _number, lambda board, values: values["REGION"] in ("AU915", "US915")),
    Question("RADIO_MODEM", "Modem (wio_e5, rak3172)", _word, lambda board, values: board != "lopy4"),
    Question("BUS_PORT", "Port of the RS485 adapter, as /dev/serial/by-id/...", _word, lambda board, values: board == "linux"),
    Question("RADIO_PORT", "Port of the modem, or none", _maybe, lambda board, values: board == "linux"),
    Question("EN1", "What is wired to the box's input EN1 (key, relay, nothing; none: not known)", _maybe),
    Question("PHASES", "Phases that the car uses (1 to 3)", _number),
    Question("CURRENT_LIMIT_A", "Never more than this many ampere (none: the box's own limit)", _number),
    Question("TIMEZONE", "Time zone, as Europe/Berlin, or a POSIX TZ string", _zone),
    Question("PLAN", "Windows to charge in, as mon-fri 22:00-07:00 16A, several with ; between (none: charge only when told)", _plan),
)


def said(name, value):
    """A value as an answer would give it."""
    if value is None or value == [] and name == "PLAN":
        return NONE
    if name == "PLAN":
        return "; ".join(map(_window, value))
    return str(value)


def _window(window):
    units = (("current_a", "A"), ("kwh", "kWh"), ("duration_min", "min"))
    return " ".join([window["days"], f"{window['from']}-{window['to']}"] + [f"{window[key]}{unit}" for key, unit in units if key in window])


def errors(values):
    """The errors in these settings, as lines; that the region is not chosen is none."""
    return [f"{name} {what}" for name, what in firmware.check(config.Settings(values)) if name != "REGION" or values.get("REGION") is not None]


def ask(board, values, answers, tell):
    """Put the answers into values; EOFError where they end. answers(prompt) gives the next."""
    rated_a = _asked("Rated current of the box in A, on its type label (16: 11 kW, 32: 22 kW)", "16", _rated, answers, tell)
    for name, words, read, is_asked in QUESTIONS:
        if not is_asked(board, values):
            continue

        def checked(text, name=name, read=read):
            value = read(text)
            wrong = [line for line in errors({**values, name: value}) if line.startswith(name)]
            wrong += filter(None, [current_error(value, rated_a) if name == "CURRENT_LIMIT_A" else ""])
            if name == "REGION" and value == NONE.upper():
                wrong = ["without a region nothing is transmitted: choose one"]
            if wrong:
                raise Wrong(wrong[0].removesuffix(HERE))
            return value

        values[name] = _asked(words, said(name, values.get(name, getattr(config, name))), checked, answers, tell)


def _rated(text):
    amps = _number(text)
    if amps is None or not 6 <= amps <= 80:
        raise Wrong("6 to 80")
    return amps


def _asked(words, default, read, answers, tell):
    while True:
        text = answers(f"{words} [{default}]: ").strip() or default
        try:
            return read(text)
        except Wrong as wrong:
            tell(f"  {wrong}\n")


def taken_over(path):
    """(settings of a file that are not today's defaults, names in it that are no settings)."""
    try:
        found = runpy.run_path(str(path))
    except OSError as error:
        raise Wrong(f"{path}: {error.strerror}") from None
    except (*BROKEN, ImportError) as error:
        raise Wrong(f"{path} cannot be read: {type(error).__name__}: {error}") from None
    values = {name: found[name] for name in config.NAMES if name in found and found[name] != getattr(config, name)}
    return values, sorted(name for name in found if name.isupper() and name[0] != "_" and name not in config.NAMES + NO_SETTINGS)


def written(values):
    """The text of a local_config.py with these settings, those that are today's defaults left out."""
    return HEAD + "".join(f"{name} = {values[name]!r}\n" for name in config.NAMES if name in values and values[name] != getattr(config, name))


def write(path, text):
    """All or nothing."""
    aside = path.with_name(path.name + ".new")
    aside.write_text(text)
    os.replace(aside, path)


def take_over(source, target, tell):
    """`make settings FROM=`."""
    if target.exists():
        raise Wrong(f"{target} is there already and stays as it is. Move it away first")
    values, unknown = taken_over(source)
    for name in unknown:
        tell(f"{name} is no setting of this version and was left out\n")
    wrong = errors(values)
    write(target, written(values))
    tell(f"Written to {target}: {', '.join(values) or 'nothing, for all are the defaults'}\n")
    for line in wrong:
        tell(f"look at it: {line}\n")
    return 1 if wrong else 0


def interview(board, target, answers, tell):
    """`make settings`."""
    before, unknown = taken_over(target) if target.exists() else ({}, [])
    values = {**OF_BOARD.get(board, {}), **before}
    ask(board, values, answers, tell)
    wrong = errors(values) + [f"{name} is no setting" for name in unknown]
    if wrong:
        raise Wrong("\n".join(["nothing was written, for", *wrong]))
    write(target, written(values))
    tell(f"\nWritten to {target}:\n{written(values)[len(HEAD):]}")
    if not target.with_name("keys.py").exists():
        tell(f"Next:  make keys BOARD={board}\n")
    return 0


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="make settings", description="Write src/local_config.py, the settings of this site.")
    parser.add_argument("--board", choices=sorted(manifest.BOARDS), help="BOARD=")
    parser.add_argument("--from", dest="source", metavar="FILE", help="FROM=: an older, edited config.py, whose settings are taken over")
    parser.add_argument("--to", type=pathlib.Path, default=TARGET, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)

    def tell(text):
        sys.stdout.write(text)
        sys.stdout.flush()

    def answers(prompt):
        with contextlib.suppress(EOFError):
            return input(prompt)
        raise Wrong("the answers end here, and nothing was written")

    try:
        if given.source:
            return take_over(given.source, given.to, tell)
        board = given.board or _asked(KINDS, "esp32", _board, answers, tell)
        return interview(board, given.to, answers, tell)
    except Wrong as wrong:
        print(f"make settings: {wrong}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nmake settings: stopped, and nothing was written", file=sys.stderr)
        return 1


def _board(text):
    if text not in manifest.BOARDS:
        raise Wrong(f"one of {', '.join(sorted(manifest.BOARDS))}")
    return text


if __name__ == "__main__":
    sys.exit(main())
