"""Each index on the air has a name, and the name stands for its word."""
import pytest

from app.codec import vocabulary
from app.policy.claims import CHARGE, Decision

TABLES = (
    ("REASONS", "REASON_"), ("OVERRIDES", "OVERRIDE_"), ("COMMANDS", "COMMAND_"), ("RESULTS", ""), ("DETAILS", "DETAIL_"), ("HOLDERS", "HOLDER_"),
    ("EVENTS", "EVENT_"), ("SKIPS", "SKIP_"), ("REPORTS", "REPORT_"), ("DEVICE_PARTS", "DEVICE_"), ("READBACK_PARTS", "READBACK_"),
)


@pytest.mark.parametrize("table, prefix", TABLES)
def test_a_name_is_the_index_of_its_word(table, prefix):
    words = getattr(vocabulary, table)
    for index, word in enumerate(words):
        if word is not None:
            assert getattr(vocabulary, prefix + word.upper()) == index
    assert len(set(words)) == len(words)


def test_a_state_has_its_name_too():
    for index, word in enumerate(vocabulary.STATES):
        assert getattr(vocabulary, "NO_STATE" if word is None else word.upper().replace(" ", "_")) == index


@pytest.mark.parametrize("table, prefix", [row for row in TABLES if row[1]])
def test_no_name_is_without_a_word(table, prefix):
    words = getattr(vocabulary, table)
    named = {name for name in dir(vocabulary) if name.startswith(prefix) and isinstance(getattr(vocabulary, name), int)}
    assert named == {prefix + word.upper() for word in words if word is not None}


def test_the_override_of_a_holder_is_the_word_that_both_tables_know():
    decision = Decision()
    for index, holder in enumerate(vocabulary.HOLDERS):
        decision.set(CHARGE, index, 0, 0, None)
        known = holder if holder in vocabulary.OVERRIDES else "boost" if holder == "key" else "none"
        assert vocabulary.OVERRIDES[decision.override] == known
