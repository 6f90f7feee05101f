"""No part is given something, or changed, from outside once it is built."""
import pytest

from tools.checks import assignments


def test_no_part_of_the_firmware_is_changed_from_outside(evidence):
    found = [
        (path, *fault)
        for room in assignments.ROOMS
        for path in sorted((assignments.ROOT / room).rglob("*.py"))
        for fault in assignments.faults(path.read_text(), path.stem)
    ]
    evidence("assignments to another object's attributes in src/app and src/lorawan", len(found), 0)
    assert found == []


LATE = ["part.actor = 1", "self.part.actor = 1", "self.part.count += 1", "a, part.actor = 1, 2", "for x in y:\n    x.actor = 1"]


@pytest.mark.parametrize("line", LATE)
def test_an_attribute_of_another_object_is_found(line):
    assert len(assignments.faults(line, "module")) == 1


@pytest.mark.parametrize("line", ["self.actor = 1", "self.a, self.b = 1, 2", "actor = 1", "part[1] = 2", "part.set(actor=1)"])
def test_what_a_part_does_to_itself_is_not(line):
    assert assignments.faults(line, "module") == []


def test_what_is_meant_is_needed():
    for stem, names in assignments.MEANT.items():
        path = next(path for room in assignments.ROOMS for path in (assignments.ROOT / room).rglob(f"{stem}.py"))
        for name in names:
            without = dict(assignments.MEANT, **{stem: names - {name}})
            meant, assignments.MEANT = assignments.MEANT, without
            try:
                assert assignments.faults(path.read_text(), stem), (stem, name)
            finally:
                assignments.MEANT = meant
