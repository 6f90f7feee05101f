"""Defects of the original script, and the tests that would catch them here.

The defects D-01 to D-45 are those found in northcliff_ev_charger_monitor_Gen.py (V1.8), the script this project replaces.
MUTANTS breaks our code the way the original was broken: `make mutants` applies one row at a time to a copy of the tree, runs
the named test, expects it to fail, and writes docs/defects.md. IMPOSSIBLE names those that cannot exist in our design, and
why. tests/unit/test_mutants.py keeps the rows true while the code moves.
"""
from collections import namedtuple

# defect: "D-01"; more rows of one defect are welcome
# was: what the original did, in one line
# test: node id of the test of ours that fails when it is brought back
# file, old, new: text `old`, which occurs exactly once in `file`, becomes `new`
Mutant = namedtuple("Mutant", "defect was test file old new")

# defect; was: as above; why: what in our design leaves no room for it
Impossible = namedtuple("Impossible", "defect was why")

DEFECTS = tuple(f"D-{number:02d}" for number in range(1, 46) if number != 14) + ("D-14a", "D-14b", "D-14c")

MUTANTS = (
    Mutant(
        "D-34", "Keys stood in the source file.",
        "tests/unit/test_secrets.py::test_the_example_holds_placeholders_only",
        "src/keys_example.py", "APP_KEY = 'app_key: 32 hexadecimal digits'", "APP_KEY = '" + "0" * 32 + "'",
    ),
    Mutant(
        "D-40", "40 prints, one a second for ever.",
        "tests/unit/test_house.py::test_src_is_the_language_of_every_board",
        "src/app/words.py", "# Who overrides the plan.\n", "print('overrides')\n",
    ),
    Mutant(
        "D-41", "Sleeps of 2.5 to 5 s during which nothing is served.",
        "tests/unit/test_house.py::test_every_room_imports_only_what_it_may",
        "src/app/words.py", "# Who overrides the plan.\n", "import time\ntime.sleep(1)\n",
    ),
)

IMPOSSIBLE = ()
