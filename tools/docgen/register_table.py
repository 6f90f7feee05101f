"""Writes the register map (src/modbus/registers.py) into docs/protocol.md, between the two comments that mark its place.

`python -m tools.docgen.register_table` after a change of the map; a test checks that the page is current.
"""
import pathlib
import sys

from modbus import registers

from tools.docgen.table import cell, table

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "protocol.md"
BEGIN = "<!-- written by python -m tools.docgen.register_table -->"
END = "<!-- end of what it writes -->"

_ACCESS = {registers.READ: "read", registers.WRITE: "write"}
_SOURCES = {"ABL": "[ABL]", "forum": "[forum]", "orig": "[trace, orig]"}


def address_of(register):
    """As in the document: 0x002E."""
    return f"0x{register[registers.ADDRESS]:04X}"


def _overview():
    for register in registers.REGISTERS:
        yield (address_of(register), register[registers.TITLE], str(register[registers.WORDS]), _ACCESS[register[registers.ACCESS]],
               "yes" if register[registers.BROADCAST] else "no", _SOURCES[register[registers.SOURCE]])


def bits_of(field):
    """(words, bits) of a field as text: ("1", "15..8"), ("1 to 3", "all")."""
    word, high, low = field[registers.WORD], field[registers.HIGH], field[registers.LOW]
    if high >= 16:
        return f"{word} to {word + high // 16}", "all"
    return str(word), "all" if (high, low) == (15, 0) else str(high) if high == low else f"{high}..{low}"


def _said(meaning):
    return "not known" if meaning is None else {True: "yes", False: "no"}[meaning] if isinstance(meaning, bool) else str(meaning)


def values_of(field):
    """What raw values mean, as text: each special one, and the range of the others."""
    whole_word = field[registers.UNIT] == registers.CHOICE and bits_of(field)[1] == "all"
    form = "{:04X} = {}" if whole_word else "{} = {}"
    texts = [form.format(raw, _said(meaning)) for raw, meaning in field[registers.SPECIAL]]
    if field[registers.RANGE] is not None:
        texts.insert(0, "{} to {}".format(*field[registers.RANGE]))
    if field[registers.UNIT] == registers.FLAG:
        texts.append("1 = yes")
    return "; ".join(texts)


def _fields():
    for register in registers.REGISTERS:
        for field in register[registers.FIELDS]:
            unit = "" if field[registers.UNIT] in (registers.FLAG, registers.CHOICE) else field[registers.UNIT]
            yield (address_of(register), cell(field[registers.NAME])) + bits_of(field) + (unit, cell(values_of(field)))


def _commands():
    names = dict(registers.find(registers.STATE)[registers.FIELDS][0][registers.SPECIAL])
    for raw, states, use in registers.COMMANDS:
        yield f"{raw:04X}", names[raw], ", ".join(f"{code:02X}" for code in states) or "any", use


def text():
    """The text between the two comments."""
    parts = [
        table(("address", "name", "words", "access", "broadcast", "source"), _overview()),
        ["Fields. Bits count from the low end of a word; the high byte of the first word of an answer is the echo. A value outside its",
         "range is not known, and neither is one that is missing in a list."],
        table(("address", "field", "word", "bits", "unit", "values"), _fields()),
        ["Values of 0x0005, the states they are accepted in, and when we send them:"],
        table(("value", "name", "from", "use"), _commands()),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts)


def written(page):
    """The text of a page with the present map in it; ValueError without the two comments."""
    before, found, rest = page.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise ValueError(f"the page has no place for it: {BEGIN} ... {END}")
    return f"{before}{BEGIN}\n\n{text()}\n\n{END}{after}"


def main():
    PAGE.write_text(written(PAGE.read_text()))
    print(f"{PAGE.name}: {len(registers.REGISTERS)} registers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
