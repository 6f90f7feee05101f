"""From the fields of a form to a request in the formatter's words. Pure; what is out of range the formatter says."""
from home.language.words import N_

# Buttons that are a request with a value.
FIXED = {
    "skip": {"command": "skip", "window": "this"},
    "skip_next": {"command": "skip", "window": "next"},
    "report": {"command": "report", "what": "status"},
    "report_plan": {"command": "report", "what": "plan"},
    "report_device": {"command": "report", "what": "device"},
}
PLAIN = ("lock", "unlock", "reset", "start", "stop", "boost", "resume_plan", "set_current", "reboot")
NOT_KNOWN = N_("This button is not known here. Load the page again.")
NO_NUMBER = N_("%(text)s is no number.")
NO_TIME = N_("%(text)s is no time of day, as 07:30.")


class Wrong(ValueError):
    """args: a message and its values."""


def request(fields):
    """The request that a form means. Wrong where it means none."""
    name = str(fields.get("command", ""))
    if name in FIXED:
        return dict(FIXED[name])
    if name not in PLAIN:
        raise Wrong(NOT_KNOWN, {})
    made = {"command": name}
    for field, read in (("until", clock), ("kwh", number), ("current_a", number)):
        text = str(fields.get(field, "")).strip()
        if text:
            made[field] = read(text)
    return made


def number(text):
    """A number as people type it: "7,5" is one, too."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = None
    if value is None or not abs(value) < 1e6:
        raise Wrong(NO_NUMBER, {"text": text[:20]})
    return int(value) if value == int(value) else value


def clock(text):
    """"07:30"; browsers may add seconds."""
    parts = text.split(":")
    if not 2 <= len(parts) <= 3 or not all(part.isascii() and part.isdigit() and len(part) <= 2 for part in parts):
        raise Wrong(NO_TIME, {"text": text[:20]})
    hours, minutes = int(parts[0]), int(parts[1])
    if hours > 23 or minutes > 59:
        raise Wrong(NO_TIME, {"text": text[:20]})
    return f"{hours:02}:{minutes:02}"
