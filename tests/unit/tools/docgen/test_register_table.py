"""docs/protocol.md shows the firmware's register map."""

import pytest
from modbus import registers
from tools.docgen import register_table


def test_the_page_is_current():
    page = register_table.PAGE.read_text()
    assert register_table.written(page) == page, 'python -m tools.docgen.register_table writes it anew'


def test_every_field_and_every_value_stands_in_it():
    text = register_table.text()
    for register in registers.REGISTERS:
        for field in register[registers.FIELDS]:
            start = f'| 0x{register[registers.ADDRESS]:04X} | {field[registers.NAME]} | {register_table.bits_of(field)[0]} |'
            rows = [line for line in text.splitlines() if line.startswith(start)]
            assert len(rows) == 1
            assert all(str(meaning) in rows[0] for _, meaning in field[registers.SPECIAL] if isinstance(meaning, str))
    assert '| 0x002E | current1_da | 2 | all | 0.1 A | 0 to 800; 1000 = not known; 1 = 0 |' in text
    assert '| 0x0050 | serial | 4 to 7 | all | text |  |' in text
    assert '| 0x0014 | icmax_duty | 0 | all | 0.1 % | 80 to 960; 1000 = pause |' in text
    assert '| A1A1 | unlock | E0, E2 | normal |' in text


def test_what_stands_around_it_stays():
    page = f'before\n{register_table.BEGIN}\nold\n{register_table.END}\nafter\n'
    written = register_table.written(page)
    assert written.startswith('before\n') and written.endswith('\nafter\n') and 'old' not in written
    assert register_table.written(written) == written


@pytest.mark.parametrize('page', ['', register_table.BEGIN, register_table.END + register_table.BEGIN])
def test_a_page_without_a_place_for_it_is_an_error(page):
    with pytest.raises(ValueError):
        register_table.written(page)
