"""The settings that may change over the air, as a form shows them: name, unit, meaning and values. A test holds them against the firmware's."""
import dataclasses

from home.language.words import N_

# What the form of a page sends for the value that is none.
NOTHING = "none"


@dataclasses.dataclass(frozen=True)
class Setting:
    """choices: {value: its words}; lowest, highest: of the numbers, None where there are none. is_radio: a wrong value may cut the radio link."""
    name: str
    title: str
    meaning: str
    choices: dict
    lowest: int | None = None
    highest: int | None = None
    unit: str = ""
    is_radio: bool = False


_NO, _YES = N_("no"), N_("yes")
_AT_THE_LATEST, _MINUTES = N_("At the latest after that time a status is sent."), N_("minutes")
SETTINGS = (
    Setting("lorawan_class", N_("LoRaWAN class"), N_("C listens all the time, so that commands arrive at once; A listens after each uplink only."),
            {"A": "A", "C": "C"}, is_radio=True),
    Setting("adr", N_("The network chooses the data rate"), N_("For a device that nobody parks in front of; it needs the default data rate."),
            {False: _NO, True: _YES}, is_radio=True),
    Setting("data_rate", N_("Data rate"), N_("Index of the region's table; a higher one is faster and reaches less far."),
            {None: N_("the default")}, 0, 6, is_radio=True),
    Setting("heartbeat_not_connected_min", N_("Longest silence without a car"), _AT_THE_LATEST, {}, 5, 90, _MINUTES),
    Setting("heartbeat_connected_min", N_("Longest silence with a car that is held"), _AT_THE_LATEST, {}, 5, 90, _MINUTES),
    Setting("heartbeat_min", N_("Longest silence otherwise"), _AT_THE_LATEST, {}, 5, 90, _MINUTES),
    Setting("current_limit_a", N_("Highest current"), N_("More is never allowed, whatever plan or command says."),
            {None: N_("the box's own limit")}, 6, 80, "A"),
    Setting("start_behaviour", N_("How far a start goes"), N_("What is tried for a car that sleeps."),
            {"wake": N_("up to waking pulses"), "reset": N_("up to a reset of the box"), "current": N_("offer current only")}),
    Setting("phase_order", N_("Order of the phases"), N_("Which conductor each current of the box means."),
            {order: order for order in ("L1 L2 L3", "L1 L3 L2", "L2 L1 L3", "L2 L3 L1", "L3 L1 L2", "L3 L2 L1")}),
    Setting("hold", N_("When the limit holds the box"), N_("Always also keeps a car waiting that has just been plugged in."),
            {"with_car": N_("while a car is there"), "always": N_("always")}),
    Setting("unknown_time", N_("While the time is not known"), N_("Hold the car, charge it, or charge it after that many hours."),
            {"hold": N_("hold"), "charge": N_("charge")}, 1, 240, N_("h")),
    Setting("key_turn", N_("A turn of the key"), N_("What turning the key means beside the plan."),
            {"auto": N_("what the box's own setting says"), "boost": N_("charge now"), "permission": N_("allow, by the plan"),
             "ignore": N_("nothing")}),
    Setting("clock_sync", N_("Ask the network for the time"), N_("Without it the device knows the time from you alone."), {False: _NO, True: _YES}),
    Setting("clock_state", N_("Requests for the time tell the state"), N_("For Home Manager, which needs a state in each uplink."),
            {False: _NO, True: _YES}),
    Setting("after_power_cut", N_("After a power cut"), N_("Go on as before, or hold the car until a window opens or you say so."),
            {"resume": N_("go on"), "hold": N_("hold")}),
    Setting("en1", N_("Wired to the input EN1"), N_("A turn counts as a wish only where a key is wired there."),
            {None: N_("nobody has said"), "key": N_("a key"), "relay": N_("a relay"), "nothing": N_("nothing")}),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}


def value_of(setting, text):
    """The value that a form's field means; ValueError where it means none."""
    for value in setting.choices:
        if text == as_field(value):
            return value
    if setting.lowest is None:
        raise ValueError(text)
    number = int(text)
    if not setting.lowest <= number <= setting.highest:
        raise ValueError(text)
    return number


def as_field(value):
    """A value as a form's field has it."""
    return NOTHING if value is None else str(value).lower() if isinstance(value, bool) else str(value)
