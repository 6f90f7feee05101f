"""tools/docgen/translations.py: which messages the pages have, and that each has its German text."""
from babel.messages import catalog

from tools.docgen import translations


def test_every_message_of_the_pages_has_a_german_text_with_the_same_places():
    assert len(translations.messages()) > 20
    assert translations.faults() == []


def test_the_catalogue_is_as_the_tool_writes_it():
    before = translations.PO.read_bytes()
    translations.write()
    assert translations.PO.read_bytes() == before


def test_what_is_missing_left_over_or_misses_a_place_is_named():
    known = catalog.Catalog(locale="de")
    known.add("%(n)s min ago", "vor einer Weile")
    known.add("gone", "fort")
    known.add(("one", "many"), ("ein", ""))
    said = translations.faults(known, {"%(n)s min ago": ["a.py"], "new": ["b.html"], ("one", "many"): ["c.py"]})
    assert said == ["'%(n)s min ago': the German text has other places for values", "'new' of b.html has no German text",
                    "('one', 'many') of c.py has no German text", "'gone' is nobody's message any more"]
