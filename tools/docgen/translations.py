"""Keeps the German catalogue of the pages with their messages: `python -m tools.docgen.translations` writes it, new messages without a German text.

Messages stand in the templates and the Python of home/, and of the simulated garage, as _("..."), ngettext("...", "...") and N_("...").
"""
import pathlib
import re
import sys

from babel.messages import catalog, extract, pofile

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOME = ROOT / "home"
# A page of the simulation beside those of the house.
GARAGE = (ROOT / "sim" / "live" / "garage.py", ROOT / "sim" / "live" / "templates" / "garage.html")
PO = HOME / "language" / "locale" / "de" / "LC_MESSAGES" / "home.po"
_KEYWORDS = {"_": (1,), "N_": (1,), "ngettext": (1, 2)}
_PLACE = re.compile(r"%\((\w+)\)[a-z]|\{(\w+)\}")
# What a catalogue says about itself and no reader needs.
_OF_THE_DAY = tuple(f'"{name}' for name in ("POT-Creation", "PO-Revision", "Last-Translator", "Language-Team", "Generated-By", "Report-Msgid",
                                              "Project-Id"))
_HEAD = """\
# German words of the pages. `python -m tools.docgen.translations` keeps it with the messages in home/; the texts are by hand."""


def messages():
    """{message, or (one, many): [file, ...]} of everything that a page may show."""
    found = {}
    for path in [*sorted(HOME.rglob("*")), *GARAGE]:
        method = {".py": "python", ".html": "jinja2.ext:babel_extract"}.get(path.suffix)
        if method is None:
            continue
        with path.open("rb") as file:
            for _, message, _, _ in extract.extract(_method(method), file, _KEYWORDS, (), {"silent": "false"}):
                key = tuple(message) if isinstance(message, (tuple, list)) else message
                if not key:
                    continue    # asked for by a name
                places = found.setdefault(key, [])
                if (place := path.relative_to(ROOT).as_posix()) not in places:
                    places.append(place)
    return found


def _method(name):
    if ":" not in name:
        return name
    from jinja2.ext import babel_extract
    return babel_extract


def german():
    """The catalogue as it is in the repository."""
    if not PO.is_file():
        return catalog.Catalog(locale="de")
    with PO.open("rb") as file:
        return pofile.read_po(file, locale="de")


def faults(known=None, wanted=None):
    """Sentences: messages without a German text, texts without a message, places for values that differ."""
    known = german() if known is None else known
    wanted = messages() if wanted is None else wanted
    texts = {message.id: message.string for message in known if message.id}
    found = []
    for message, places in wanted.items():
        text = texts.get(message)
        texts_of = text if isinstance(text, tuple) else (text,)
        if text is None or not all(texts_of):
            found.append(f"{message!r} of {', '.join(places)} has no German text")
        elif any(_places(message) != _places(one) for one in texts_of):
            found.append(f"{message!r}: the German text has other places for values")
    return found + [f"{message!r} is nobody's message any more" for message in texts if message not in wanted]


def _places(text):
    return {name for one in (text if isinstance(text, tuple) else (text,)) for found in _PLACE.findall(one) for name in found if name}


def renewed(known, wanted):
    """The catalogue with exactly these messages, in their order, each with the text that it had."""
    made = catalog.Catalog(locale="de", header_comment=_HEAD, charset="utf-8", fuzzy=False)
    texts = {message.id: message.string for message in known if message.id}
    for message, places in sorted(wanted.items(), key=lambda item: (item[1][0], str(item[0]))):
        made.add(message, texts.get(message, ("", "") if isinstance(message, tuple) else ""), locations=[(places[0], None)])
    return made


def write():
    """Write the catalogue; the sentences of what is still wrong with it."""
    made = renewed(german(), messages())
    PO.parent.mkdir(parents=True, exist_ok=True)
    lines = [line for line in _as_text(made).splitlines() if not line.startswith(_OF_THE_DAY)]
    PO.write_text("\n".join(lines).strip() + "\n", encoding="utf-8")
    return faults()


def _as_text(made):
    import io
    file = io.BytesIO()
    pofile.write_po(file, made, width=160, sort_output=False)
    return file.getvalue().decode()


if __name__ == "__main__":
    problems = write()
    print("\n".join(problems) or f"{PO.relative_to(ROOT)} is complete")
    sys.exit(bool(problems))
