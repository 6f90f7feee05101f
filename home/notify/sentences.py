"""The messages in words, in English and German. No place, key or id is in them."""
from home.language import vocabulary
from home.language.words import words

LANGUAGES = ("en", "de")
# What the device reports, and what the service finds by itself.
EVENTS = ("not_plugged_in", "not_charging", "finished", "leaked_at_peak", "fault", "power_restored", "memory_lost", "target_missed")
TARGET_SHORT, SILENT, HEARD_AGAIN, COMMAND_FAILED, TEST = "target_short", "silent", "heard_again", "command_failed", "test"
KINDS = (*EVENTS, TARGET_SHORT, SILENT, COMMAND_FAILED)     # what may stand in `events`; who wants to know of a silence wants to know of its end

# {kind: {language: (title, with its value, without)}}
WORDS = {
    "not_plugged_in": {
        "en": ("The car is not plugged in", "Cheap hours begin in {minutes} min.", "Cheap hours have begun."),
        "de": ("Das Auto ist nicht angesteckt", "Die günstige Zeit beginnt in {minutes} min.", "Die günstige Zeit hat begonnen.")},
    "not_charging": {
        "en": ("The car does not charge", "It may, but no current has flowed for {minutes} min.", "It may, but no current flows."),
        "de": ("Das Auto lädt nicht", "Es darf laden, aber seit {minutes} min fließt kein Strom.", "Es darf laden, aber es fließt kein Strom.")},
    "finished": {
        "en": ("The car has finished charging", "{kwh} kWh in this session.", "It has stopped by itself."),
        "de": ("Das Auto ist fertig geladen", "{kwh} kWh in diesem Ladevorgang.", "Es hat von selbst aufgehört.")},
    "leaked_at_peak": {
        "en": ("The car drew current while it was held", "{kwh} kWh flowed outside the plan.", "Some energy flowed outside the plan."),
        "de": ("Das Auto hat trotz Pause Strom gezogen", "{kwh} kWh sind außerhalb des Plans geflossen.",
               "Außerhalb des Plans ist Energie geflossen.")},
    "fault": {
        "en": ("The wallbox has a fault", "It shows {code}. Unplug the car; if the fault stays, call the electrician.",
               "Unplug the car; if the fault stays, call the electrician."),
        "de": ("Die Wallbox hat eine Störung", "Sie zeigt {code}. Bitte das Auto abstecken; bleibt die Störung, hilft die Elektrofachkraft.",
               "Bitte das Auto abstecken; bleibt die Störung, hilft die Elektrofachkraft.")},
    "power_restored": {
        "en": ("Power is back", "It was away for {minutes} min.", "The wallbox has power again."),
        "de": ("Der Strom ist wieder da", "Er war {minutes} min weg.", "Die Wallbox hat wieder Strom.")},
    "memory_lost": {
        "en": ("The monitor has lost records", "",
               "It could not read what it had kept, and is careful until it knows more. Check plan and settings."),
        "de": ("Der Monitor hat Aufzeichnungen verloren", "",
               "Er konnte Gespeichertes nicht lesen und ist vorsichtig, bis er mehr weiß. Bitte Plan und Einstellungen prüfen.")},
    "target_missed": {
        "en": ("The car will not have its energy in time", "{kwh} kWh will be missing. {why}", "Less will be charged than was asked for. {why}"),
        "de": ("Das Auto hat seine Energie nicht rechtzeitig", "{kwh} kWh werden fehlen. {why}", "Es wird weniger geladen als gewünscht. {why}")},
    "target_short": {
        "en": ("A target may be missed", "{possible} of {asked} kWh by {until}, the device says.", ""),
        "de": ("Ein Ziel wird vielleicht verfehlt", "{possible} von {asked} kWh bis {until}, sagt das Gerät.", "")},
    "silent": {
        "en": ("Nothing is heard of the wallbox", "The last was heard {hours} h ago. It goes on charging by its plan.", ""),
        "de": ("Von der Wallbox kommt nichts mehr", "Zuletzt war vor {hours} h etwas zu hören. Sie lädt weiter nach ihrem Plan.", "")},
    "heard_again": {
        "en": ("The wallbox is heard again", "It was silent for {hours} h.", ""),
        "de": ("Die Wallbox ist wieder zu hören", "Sie war {hours} h still.", "")},
    "command_failed": {
        "en": ("A command was not done", "{command}: {fate} ({detail}).", "{command}: {fate}."),
        "de": ("Ein Befehl wurde nicht ausgeführt", "{command}: {fate} ({detail}).", "{command}: {fate}.")},
    "test": {
        "en": ("A test of the EV charger's messages", "", "Messages arrive here."),
        "de": ("Ein Test der Nachrichten der Wallbox", "", "Nachrichten kommen hier an.")},
}
FATES = {
    "refused": ("refused", "abgelehnt"), "failed": ("failed", "fehlgeschlagen"), "expired": ("too late", "zu spät"),
    "busy": ("the device was busy", "das Gerät war beschäftigt"), "unanswered": ("no answer", "keine Antwort"),
}


def said(kind, values, language, name=None):
    """(title, text) of a message. values: None is not known; name: of the device, where there are several."""
    title, with_value, without = WORDS[kind][language]
    values = {key: _shown(key, value, language) for key, value in values.items()}
    text = with_value if with_value and all(value is not None for value in values.values()) and values else without
    return f"{name}: {title}" if name else title, text.format(**values).strip()


def _shown(key, value, language):
    if key == "why":
        return vocabulary.why_missed(value, words(language))
    if value is None:
        return None
    if key in ("kwh", "possible", "asked"):
        text = f"{value:.1f}" if key == "kwh" else f"{value:.1f}".removesuffix(".0")
        return text.replace(".", ",") if language == "de" else text
    if key == "fate":
        return FATES[value][LANGUAGES.index(language)]
    return str(value)
