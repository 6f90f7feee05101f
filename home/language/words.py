"""The page's words in two languages. English stands in the code, German in locale/de, read once at the start; numbers and dates as each writes them.

A message is a whole sentence with places for values: _("full by %(clock)s", clock=...); a per cent sign is written twice.
N_() marks one that stands in a table and is asked for later.
"""
import functools
import gettext
import io
import pathlib

from babel import dates, numbers
from babel.messages import mofile, pofile

LANGUAGES = {"en": "English", "de": "Deutsch"}
FIRST = "en"
LOCALE = pathlib.Path(__file__).with_name("locale")
_BABEL = {"en": "en_GB", "de": "de"}


def N_(message):
    """This is a message; it is translated where it is shown."""
    return message


UNKNOWN = N_("%(word)s (a word that this page does not know)")


class Words:
    """One language. Called with a message it gives the sentence."""

    def __init__(self, language, catalogue):
        self.language = language
        self._catalogue = catalogue
        self._babel = _BABEL[language]

    def __call__(self, message, **values):
        """The sentence, its %(places)s filled."""
        return self._catalogue.gettext(message) % values

    def ngettext(self, one, many, n, **values):
        """The sentence for that number; %(n)s is the number."""
        return self._catalogue.ngettext(one, many, n) % {"n": self.number(n), **values}

    def number(self, value, digits=0):
        """A number with that many digits behind the point, or the comma."""
        return numbers.format_decimal(value, f"#,##0.{'0' * digits}" if digits else "#,##0", locale=self._babel)

    def money(self, amount, currency):
        """An amount with its currency."""
        return numbers.format_currency(amount, currency, locale=self._babel)

    def date(self, moment, pattern="EEE d MMM"):
        """A day in words; the pattern is of Unicode's CLDR, as English orders it."""
        if self.language == "de":
            pattern = pattern.replace("EEEE d", "EEEE, d").replace("d MMM", "d. MMM")
        return dates.format_datetime(moment, pattern, locale=self._babel)

    def known(self, table, word, unknown=UNKNOWN):
        """The sentence that a table has for a word of the device; one it does not have is shown as it came."""
        message = table.get(word)
        return self(unknown, word=str(word)) if message is None else self(message)


@functools.cache
def words(language):
    """The Words of "en" or "de"."""
    path = LOCALE / language / "LC_MESSAGES" / "home.po"
    if not path.is_file():
        return Words(language, gettext.NullTranslations())
    compiled = io.BytesIO()
    with path.open("rb") as file:
        mofile.write_mo(compiled, pofile.read_po(file, locale=language))
    compiled.seek(0)
    return Words(language, gettext.GNUTranslations(compiled))


def chosen(asked, kept, accepted):
    """A language: the one asked for now, else the one kept in the cookie, else the browser's first that there is."""
    for one in (asked, kept):
        if one in LANGUAGES:
            return one
    wanted = []
    for place, part in enumerate((accepted or "").split(",")[:20]):
        tag, _, quality = part.strip().partition(";q=")
        try:
            wanted.append((-float(quality or 1), place, tag.strip().lower().partition("-")[0]))
        except ValueError:
            continue
    return next((tag for weight, _, tag in sorted(wanted) if weight < 0 and tag in LANGUAGES), FIRST)
