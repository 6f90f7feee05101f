"""From the fields of the forms of the night to a wish, a standing order and a day. Pure."""
import datetime

from home.language.words import N_
from home.planning import standing_orders
from home.tariff import windows
from home.web import form_requests

WRONG = {
    "days": N_("Choose at least one day."),
    "by": N_("%(text)s is no time to the quarter of an hour, as 07:30."),
    "kwh": N_("The energy must be 0.5 to 655 kWh."),
    "max_price": N_("%(text)s is no price of a kWh."),
    "current_a": N_("The current must be 6 to 80 amperes."),
    "day": N_("%(text)s is no day to come."),
}
TEXTS = ("by", "kwh", "max_price")
KWH = (0.5, 655)


class Wrong(form_requests.Wrong):
    """field: which one."""

    def __init__(self, field, text=""):
        super().__init__(WRONG[field], {"text": str(text)[:20]})
        self.field = field


def texts(fields):
    """{field: what is typed} of a target or a standing order."""
    return {name: str(fields.get(name, "")).strip()[:20] for name in TEXTS}


def words(fields):
    """Fields of [[standing_order]] for one night, or Wrong: "by" is to the quarter of an hour."""
    typed = texts(fields)
    made = {}
    try:
        made["by"] = form_requests.clock(typed["by"])
    except form_requests.Wrong:
        raise Wrong("by", typed["by"]) from None
    for name in ("kwh", "max_price"):
        if typed[name]:
            try:
                made[name] = form_requests.number(typed[name])
            except form_requests.Wrong:
                raise Wrong(name, typed[name]) from None
    if not KWH[0] <= made.get("kwh", 0) <= KWH[1]:
        raise Wrong("kwh")
    _checked(made, typed)
    return made


def order(fields):
    """Fields of [[standing_order]] with the days that are chosen, or Wrong."""
    days = [day for day in windows.DAYS if fields.get(f"order-{day}")]
    if not days:
        raise Wrong("days")
    return {"days": ",".join(days), **words(fields)}


def _checked(made, typed):
    try:
        standing_orders.of_words("", made)
    except standing_orders.Wrong as wrong:
        raise Wrong(wrong.args[0], typed.get(wrong.args[0], "")) from None


def day(fields, today):
    """The day that is chosen, today or later; Wrong where it is none."""
    text = str(fields.get("day", "")).strip()[:20]
    try:
        found = datetime.date.fromisoformat(text)
    except ValueError:
        raise Wrong("day", text) from None
    if not today <= found < today + datetime.timedelta(366):
        raise Wrong("day", text)
    return found


def number(fields):
    """Of a standing order of the page; 0 where there is none."""
    text = str(fields.get("number", ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
