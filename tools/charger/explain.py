"""Readings of the charger in words for people and in the payload's names for programs. Pure: facts in, words out."""
import collections

from app.evse import states
from app.codec import vocabulary
from modbus import registers

MAINS_VOLTS = 230  # the box measures no voltage; the payload uses the same

# reading: registers.Reading. limits: (box, default, icmax, effective) in 0.1 %, or (). device: fields of 0x0001, or None.
# system: fields of 0x0006, or None.
Facts = collections.namedtuple("Facts", "reading limits device system")

# What the box says, by code (docs/protocol.md; ABL 05 0015 20 Rev. B, 3.4).
CODE_TEXTS = {
    0xA1: "no car is plugged in",
    0xB1: "a car is plugged in and has no permission yet",
    0xB2: "a car is plugged in, may draw current and does not",
    0xC2: "charging",
    0xC3: "charging, with less current than allowed (F16 or F17)",
    0xC4: "charging, with less current than allowed (load imbalance, F15)",
    0xE0: "the outlet is disabled: locked",
    0xE1: "production test",
    0xE2: "setup mode",
    0xE3: "the bus is idle",
    0xF1: "contactor is closed although it should be open (welded contacts)",
    0xF2: "internal error of the wallbox",
    0xF3: "direct current leaks to earth",
    0xF4: "wallbox misses the messages of its controller",
    0xF5: "socket could not lock the plug",
    0xF6: "coding of the cable cannot be read",
    0xF7: "vehicle asks for ventilation, which is not offered",
    0xF8: "pilot signal between wallbox and vehicle is wrong",
    0xF9: "vehicle draws more current than it was offered",
    0xFA: "wallbox is too hot or too cold",
    0xFB: "contactor is open although it should be closed",
}
_STATUSES = {0xA1: "not_connected", 0xB1: "waiting", 0xB2: "ready", 0xE0: "locked", 0xE1: "setup", 0xE2: "setup", 0xE3: "setup"}

# Fields of 0x0006 and the values of them that are worth a word.
SYSTEM_NOTES = (
    ("after_power_cycle", "wait", "after a power cut a connected car waits for permission"),
    ("upstream_lost", True, "the controller upstream is missed"),
    ("imbalance", True, "less current: the phases are loaded unevenly"),
    ("hot", True, "less current: the board is at 60 to 80 degrees C"),
    ("metering_failed", True, "less current: the meter has failed"),
    ("e0_to_a1_disabled", True, "the step from E0 to A1 is disabled"),
    ("b1_to_b2_disabled", True, "permission to charge (B1 to B2) is withheld: key, or the box's own setting"),
    ("a1_to_b1_disabled", True, "the step from A1 to B1 is disabled"),
)

ENABLE_MODES = {
    "none": "no function",
    "closed_to_start": "must be on to start, may be off afterwards",
    "closed_to_enable": "must be on for the outlet to work",
    "invalid": "configured as something invalid",
}


def starts_after_power_cycle(system):
    """True or False from the fields of 0x0006; None where there are none."""
    return None if system is None else system["after_power_cycle"] == "start"


def amps(duty):
    """Amperes with one decimal of a duty cycle in 0.1 %, or None where it is no current."""
    current_da = registers.da_of_duty(duty)
    return None if current_da is None else current_da / 10


def paused(facts):
    """True while Icmax says that no current is allowed; None if the box does not tell."""
    return facts.limits[2] == registers.DUTY_PAUSE if facts.limits else None


def why(facts):
    """(reason as in the payload, sentence): why the car charges or does not, as far as the box alone can tell."""
    code = facts.reading.code
    if states.is_charging(code):
        return "charging", "It charges."
    if states.is_fault(code):
        return "fault", _fault_advice(code)
    explain = _WHY.get(code)
    if explain is None:
        return "fault", f"The box says {code:02X}, which no document explains."
    return explain(facts)


def _fault_advice(code):
    text = CODE_TEXTS.get(code, "a fault that no document explains")
    if code in states.NEVER_CLEARED:
        return f"Fault {code:02X}: {text}. Somebody has to look at the box; nothing on this bus clears it."
    if code == 0xF4:
        return f"Fault F4: {text}. Nobody polled it for too long; a reset ends it, commissioning switches this watch off."
    return f"Fault {code:02X}: {text}. When the cause is gone, a reset ends it."


def _in_b1(facts):
    if paused(facts):
        return "stopped", "It is paused (Icmax 1000): resume gives current again."
    device = facts.device
    if device is not None and device["enable_mode"] == "closed_to_start" and not facts.reading.enable_input:
        return "waits_for_key", "The key is off (EN1 open): turn it, or reset the box if it is set to start after a power cycle."
    if facts.system is not None and facts.system["b1_to_b2_disabled"]:
        return "waits_for_key", "The box itself withholds permission (step from B1 to B2 disabled)."
    return "starting", "It should get permission within seconds; if it does not, the box waits for something it does not tell."


def _in_b2(facts):
    if paused(facts):
        return "stopped", "It is paused (Icmax 1000): resume gives current again."
    return "vehicle_paused", "It is up to the car: full, asleep, or waiting for its own timer. The box cannot tell which."


def _in_e0(facts):
    device = facts.device
    if device is not None and device["enable_mode"] == "closed_to_enable" and not facts.reading.enable_input:
        return "locked", "The outlet is enabled by EN1, which is open: close it."
    return "locked", "It is locked: unlock releases it."


def _no_vehicle(facts):
    return "no_vehicle", "No car is plugged in."


def _in_setup(facts):
    return "setup", "The box is in the hands of a service program: no car charges. If nobody is at it, unlock leaves setup mode (E2)."


_WHY = {0xA1: _no_vehicle, 0xB1: _in_b1, 0xB2: _in_b2, 0xE0: _in_e0, 0xE1: _in_setup, 0xE2: _in_setup, 0xE3: _in_setup}


def describe(facts):
    """All of it as a dict for JSON; the names of the payload where it has one."""
    reading = facts.reading
    code = reading.code
    held = paused(facts)
    state = vocabulary.CONNECTED_AND_LOCKED if code == 0xB2 and held else states.state_of(code)
    reason, sentence = why(facts)
    fault = states.is_fault(code)
    currents = [None if da is None else da / 10 for da in reading.currents_da]
    names = ("box", "default", "icmax", "effective")
    return {
        "state": vocabulary.STATES[state],
        "code": f"{code:02X}",
        "status": "fault" if fault else "charging" if states.is_charging(code) else _STATUSES.get(code, "unknown"),
        "text": CODE_TEXTS.get(code, "unknown"),
        "reason": reason,
        "why": sentence,
        "fault": f"{code:02X}" if fault else None,
        "fault_text": CODE_TEXTS.get(code, "unknown fault") if fault else None,
        "ev_connected": reading.ev_connected,
        "enable_input": reading.enable_input,
        "enable_mode": facts.device["enable_mode"] if facts.device is not None else None,
        "paused": held,
        "reduced": reading.reduced,
        "current_limit_a": 0.0 if held else amps(reading.limit_duty),
        "limits_a": {name: amps(duty) for name, duty in zip(names, facts.limits, strict=True)} if facts.limits else None,
        "current_a": currents if currents != [None] * 3 else None,
        "power_kw": round(sum(currents) * MAINS_VOLTS / 1000, 2) if None not in currents else None,
        "flags": [text for name, value, text in SYSTEM_NOTES if facts.system is not None and facts.system[name] == value],
    }


def lines(told, facts):
    """The same for a terminal, from what describe() gave."""
    found = [f"{told['state']} ({told['code']}): {told['text']}"]
    found.append(_row("car", {None: "not known in this state", True: "connected", False: "not connected"}[told["ev_connected"]]))
    found.append(_row("key", _key_words(told)))
    found.append(_row("limit", _limit_words(told)))
    found.append(_row("current", _current_words(told, facts)))
    if not states.is_charging(facts.reading.code):
        found.append(_row("why", told["why"]))
    return found + [_row("note", text) for text in told["flags"]]


def _row(name, text):
    return f"  {name:<9}{text}"


def _key_words(told):
    position = "on (EN1 closed)" if told["enable_input"] else "off (EN1 open)"
    mode = ENABLE_MODES.get(told["enable_mode"])
    return f"{position}; {mode}" if mode else position


def _limit_words(told):
    limits = told["limits_a"]
    if limits is None:
        return f"{_a(told['current_limit_a'])} (this box does not tell more)"
    offered = "paused: no current allowed" if told["paused"] else f"{_a(limits['icmax'])} allowed"
    return f"{offered}; the box itself {_a(limits['box'])}, as installed {_a(limits['default'])}, offered now {_a(limits['effective'])}"


def _current_words(told, facts):
    if told["current_a"] is None:
        meter = facts.device["meter"] if facts.device is not None else None
        if meter is False:
            return "not measured: this box has no meter"
        if meter and states.is_charging(facts.reading.code):
            return "not known: the box has a meter, but it says nothing"
        return "nothing measured in this state"
    phases = ", ".join(f"L{number} {_a(value)}" for number, value in enumerate(told["current_a"], 1))
    power = "" if told["power_kw"] is None else f"; about {told['power_kw']:.1f} kW"
    return phases + power


def _a(value):
    return "unknown" if value is None else f"{value:.1f} A"
