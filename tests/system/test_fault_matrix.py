"""Every fault in every state: the declared safe state returns in time, and docs/faults.md matches the results."""

import pathlib

import pytest
from tests.choice import first
from tests.support.fault_matrix import BITE_S, COLUMNS, LIMIT_S, PAGE, ROWS, cells_of, document, live, told

SLACK_S = 0.15    # states are looked at ten times a second
# A box that answers is asked every 2 s; one that is away, as after a reset, every 10 s at the latest.
SERVED_S = 10
ROOT = pathlib.Path(__file__).resolve().parents[2]


def page():
    return (ROOT / PAGE).read_text()


def is_in_time(trial):
    took_s = trial.took_s()
    return took_s is None or took_s <= trial.row.limit_s + SLACK_S


def is_held_meanwhile(trial):
    """What was in force when the fault struck, and is none of the box's own making, stays so."""
    return not trial.row.holds or trial.column.safe not in ('locked', 'held') or trial.column.when != 'settled' or not trial.lapses()


@pytest.mark.parametrize('column', first(COLUMNS[::-1]), ids=lambda column: column.name)
def test_the_safe_state_is_reached_whatever_the_fault(column, evidence):
    lived = live(column)
    trials = [trial for trial, _ in lived]
    assert [trial.row.name for trial in trials if trial.code != column.code] == []
    assert [(trial.row.name, trial.took_s(), trial.written()) for trial in trials if not is_in_time(trial)] == []
    assert [(trial.row.name, trial.lapses()) for trial in trials if not is_held_meanwhile(trial)] == []
    assert [(trial.row.name, trial.known_faults) for trial in trials if trial.known_faults] == []
    assert [(trial.row.name, trial.box.code, twin.box.code) for trial, twin in lived if twin and twin.box.code != trial.box.code] == []
    assert [trial.row.name for trial in trials if trial.now_s() - trial.reads[-1] > SERVED_S] == []
    # After a watchdog reset the box is read immediately.
    assert [trial.row.name for trial in trials if trial.row.bites and trial.first_read_s() - trial.from_s() > BITE_S] == []
    bitten_s = [trial.took_s() or 0 for trial in trials if trial.row.bites]
    slowest_s = max(trial.took_s() or 0 for trial in trials if not trial.row.bites)
    evidence('%d faults in state %s: slowest return to what is safe' % (len(ROWS), column.name), '%.1f s' % slowest_s, '%d s' % LIMIT_S)
    evidence("after a bite of the watchdog in state %s: what is wanted is so again after" % column.name, '%.1f s' % max(bitten_s), '%d s' % BITE_S)
    cells = cells_of(page())
    wrong = {trial.row.name: told(trial) for trial in trials if cells[trial.row.name, column.name] != told(trial)}
    assert wrong == {}, '.venv/bin/python -m tools.docgen.fault_table writes %s anew' % PAGE


def test_the_page_is_what_the_table_gives():
    assert document(cells_of(page())) == page()


def test_there_are_enough_of_them():
    assert len(ROWS) >= 12 and len(COLUMNS) >= 8
    assert {row.name.split()[2] for row in ROWS if row.name.startswith('box in')} == {'F%X' % low for low in range(1, 12)}
