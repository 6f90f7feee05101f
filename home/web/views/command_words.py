"""What a request asks for, as a sentence: "Charge now, until 07:30." """
from home.language import setting_words, vocabulary
from home.web.views import sessions

MODES = {"Lock Outlet": "lock", "Unlock Outlet": "unlock", "Reset Charger": "reset"}


def name(request):
    """The command's name: "start", "plan", "settings", ..."""
    for one in ("plan", "timezone", "settings", "target", "time"):
        if one in request:
            return one
    return MODES.get(str(request.get("mode")), "") or str(request.get("command", ""))


def action(request, _):
    """The request as a sentence."""
    its = name(request)
    key, value, until = its, "", ""
    if its == "boost" and "until" in request:
        key, value = "boost.until", str(request["until"])
    elif its == "boost" and "kwh" in request:
        key, value = "boost.kwh", sessions.energy(request["kwh"], _) if isinstance(request["kwh"], (int, float)) else str(request["kwh"])
    elif its == "skip" and request.get("window") == "next":
        key = "skip.next"
    elif its == "report" and f"report.{request.get('what')}" in vocabulary.COMMANDS:
        key, value = f"report.{request['what']}", str(request.get("from", ""))
    elif its == "set_current":
        value = f"{request.get('current_a')} A"
    elif its == "target" and isinstance(request["target"], dict):
        kwh, until = request["target"].get("kwh"), str(request["target"].get("until"))
        if not request["target"]:
            key = "target.unknown"
        elif isinstance(kwh, (int, float)):
            key, value = "target.kwh", sessions.energy(kwh, _)
    elif its == "settings" and isinstance(request["settings"], dict):
        value = ", ".join(_(setting_words.BY_NAME[one].title) if one in setting_words.BY_NAME else str(one) for one in request["settings"])
    message = vocabulary.COMMANDS.get(key)
    return _("A request of a newer program: %(word)s.", word=its or "?") if message is None else _(message, value=value, until=until)
