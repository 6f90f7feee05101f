"""`python -m tools.docgen.fault_table`: simulates every cell of tests/support/fault_matrix.py and writes docs/faults.md."""
import pathlib
import sys
from concurrent.futures import ProcessPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]


def column_cells(number):
    """The cells of one column of the table: {(row, column): text}."""
    from tests.support import fault_matrix

    column = fault_matrix.COLUMNS[number]
    return {(trial.row.name, column.name): fault_matrix.told(trial) for trial, _ in fault_matrix.live(column)}


def main():
    from tests.support import fault_matrix

    cells = {}
    with ProcessPoolExecutor() as pool:
        for found in pool.map(column_cells, range(len(fault_matrix.COLUMNS))):
            cells.update(found)
    (ROOT / fault_matrix.PAGE).write_text(fault_matrix.document(cells))
    wrong = [place for place, words in cells.items() if words.startswith("NO")]
    for row, column in wrong:
        print(f"{row}, {column}: {cells[row, column]}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
