"""home/web/views/sentences.py: every word that a device, the desk or the way between may say has its sentence, in both languages."""
import pathlib
import re

import pytest

from app.codec import vocabulary as firmware
from home.commands import fate
from home.language import vocabulary
from home.language.words import words
from home.web.views import sentences


ROOT = pathlib.Path(__file__).resolve().parents[4]
PAYLOAD = (ROOT / "docs" / "payload.md").read_text()


def column(head, place=0):
    """The words in backticks of a column of the table with that head in docs/payload.md."""
    rows = [line for line in PAYLOAD.split(head, 1)[1].split("\n\n")[0].splitlines() if line.startswith("| ")]
    return [word for row in rows for word in re.findall(r"`([^`]+)`", row.split("|")[1 + place])]


def test_states_statuses_reasons_and_faults_are_those_of_the_payload_s_page():
    words_of = set(re.findall(r"`([A-Z][A-Za-z ]+)`", PAYLOAD.split("one of eight words:")[1].split("\n\n")[1]))
    assert words_of == set(vocabulary.STATES) and set(firmware.STATES[1:]) < words_of
    assert {*column("| code | `status` |", 1)} | {"unreachable"} == set(sentences.STATUSES)
    assert set(firmware.REASONS) <= set(vocabulary.REASONS)
    assert set(column("| `fault` | `fault_text` |")) == set(vocabulary.FAULTS) and set(sentences.FOR_A_PERSON) < set(vocabulary.FAULTS)


def test_who_may_decide_has_a_sentence_and_each_override_its_holders():
    assert set(firmware.HOLDERS) <= set(sentences.HOLDERS)
    assert set(firmware.OVERRIDES) <= set(sentences.OVERRIDES)
    assert {holder for holders in sentences.OVERRIDES.values() for holder in holders} == set(sentences.HOLDERS)


def test_each_fate_and_each_detail_of_device_and_desk_has_a_sentence():
    assert set((*fate.PENDING, *fate.OVER)) == set(vocabulary.FATES) and sentences.PENDING == fate.PENDING
    assert set(firmware.DETAILS[1:]) <= set(vocabulary.DETAILS)
    said = set(re.findall(r"(not_\w+|no_line|no_word|sent_already|left_there)", fate.Command.__doc__))
    assert said == set(sentences.WAY)


@pytest.mark.parametrize("status, english", [
    ({"reason": "charging", "state": "Charging"}, "The car is charging."),
    ({"reason": "fault", "fault": "F9"}, "The box has fault F9: The car draws more current than it was offered."),
    ({"fault": "FE", "state": "Disabled"}, "The box has fault FE: The box reports a fault that nobody has described yet."),
    ({"status": "waiting", "state": "Connected and Locked"}, "A car is plugged in and held."),
    ({"state": "Charged"}, "A car is plugged in and takes no current."),
    ({"reason": "unreachable", "fault": "F9"}, "The box does not answer the device."),
    ({"reason": "moon"}, "moon (a word that this page does not know)"),
])
def test_a_status_is_one_sentence(status, english):
    assert sentences.state(status, words("en")) == english
    assert sentences.state(status, words("de")) != english


@pytest.mark.parametrize("given, english", [
    (("asked", None, 0), "It waits for the connection to the network."), (("done", "none", 1), "The device did it."),
    (("refused", "locked", 1), "The device refused it. The outlet is locked."),
    (("failed", "network:application_downlink_too_long", 1), "The device tried, and it failed. The network says: application_downlink_too_long."),
    (("withdrawn", "sent_already", 1), None)])
def test_a_fate_says_why(given, english):
    said = sentences.fate(*given, words("en"))
    assert said == english if english else "It was on the air already" in said
