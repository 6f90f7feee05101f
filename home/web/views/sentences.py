"""What is so now, who decides, and what became of a request, in sentences made of the words of home/language/vocabulary.py."""
from home.commands import fate as fates
from home.language import vocabulary
from home.language.words import N_

# Where no reason came with it, by the status of docs/payload.md.
STATUSES = {
    "not_connected": vocabulary.STATES["Not Connected"],
    "waiting": vocabulary.STATES["Connected and Locked"],
    "ready": vocabulary.STATES["Charged"],
    "charging": vocabulary.STATES["Charging"],
    "locked": vocabulary.REASONS["locked"],
    "setup": vocabulary.REASONS["setup"],
    "fault": vocabulary.REASONS["fault"],
    "unknown": N_("The box is in a state that the device does not know."),
    "unreachable": vocabulary.REASONS["unreachable"],
}
FAULT = N_("The box has fault %(code)s: %(what)s")
# Those that the device never clears: somebody has to look. docs/commands.md.
FOR_A_PERSON = ("F1", "F2", "F3", "F9", "FA", "FB")

# Who decides. Those with a second sentence have an end; it is kept apart as a whole.
HOLDERS = {
    "none": N_("Neither a plan nor a request decides: the box does what it does by itself."),
    "plan": N_("The plan decides."),
    "boost": N_("A request to charge now decides."),
    "skip": N_("Cheap hours are skipped."),
    "stop": N_("A stop decides, until the car is unplugged or somebody starts it again."),
    "lock": N_("The lock decides, until somebody unlocks the outlet."),
    "fault": N_("The fault of the box decides."),
    "key": N_("A turn of the key decides, until it is opened or the car is unplugged."),
    "target": N_("A target decides."),
}
HOLDERS_UNTIL = {
    "plan": N_("The plan decides, until %(at)s."),
    "boost": N_("A request to charge now decides, until %(at)s."),
    "skip": N_("Cheap hours are skipped, until %(at)s."),
    "target": N_("A target decides, until %(at)s."),
}
# Who may be meant by an override: the claims name a key, the status does not.
OVERRIDES = {"none": ("plan", "none", "fault"), "boost": ("boost", "key"), "skip": ("skip",), "stop": ("stop",), "lock": ("lock",),
             "target": ("target",)}

PENDING = ("asked", "queued", "sent")
# What the way to the device adds to a fate.
WAY = {
    "not_sent": N_("The network did not send it."),
    "not_taken": N_("The network did not take it."),
    "no_line": N_("There was no connection to the network."),
    "sent_already": N_("It was on the air already, and may be obeyed."),
    "left_there": N_("The network cannot give it back, and may still send it: to be sure, ask for the opposite."),
    "no_word": N_("The network never said that it sent it: the device had not joined, no gateway was up, or its codec refused it, which stands in its"
                  " own log alone."),
}
HANDED_OVER = N_("The network was handed it, and will only speak once it sends it.")
NETWORK = N_("The network says: %(word)s.")
POSSIBLE = N_("Possible until then: %(n)s kWh.")
NO_LINE = N_("It waits for the connection to the network.")


def state(status, _):
    """What a status says, in one sentence."""
    code = status.get("fault")
    if code is not None and status.get("reason") in ("fault", None):
        return _(FAULT, code=str(code)[:2], what=_(vocabulary.FAULTS.get(code, vocabulary.UNKNOWN_FAULT)))
    for field, table in (("reason", vocabulary.REASONS), ("status", STATUSES), ("state", vocabulary.STATES)):
        word = status.get(field)
        if word in table:
            return _(table[word])
    return _.known({}, status.get("reason") or status.get("state") or "")


def fate(word, detail, is_on_its_way, _):
    """What became of a request, and why. is_on_its_way: it was handed to the network at all."""
    if word == "asked" and detail == fates.HANDED_OVER:
        return _(HANDED_OVER)
    said = _(NO_LINE) if word == "asked" and not is_on_its_way else _.known(vocabulary.FATES, word)
    if detail in (None, "none", ""):
        return said
    possible = fates.possible_kwh(detail)
    if possible is not None:
        return f"{said} {_(POSSIBLE, n=_.number(possible, 1))}"
    why = _(NETWORK, word=detail.removeprefix("network:")) if detail.startswith("network:") else _.known({**vocabulary.DETAILS, **WAY}, detail)
    return f"{said} {why}"
