"""home/notify/choice.py and sentences.py: which message comes, once, and what is in it."""
import collections
import string

import pytest
from home.commands.fate import Command
from home.notify import choice, sentences
from home.notify.choice import HOUR_MS, SETTLE_MS, SILENT_MS, Facts, Message, choose
from hypothesis import given
from hypothesis import strategies as st

NOW_MS = 1_790_000_000_000
ALL = sentences.KINDS
Row = collections.namedtuple("Row", "id event number at_ms received_ms code wh minutes reason")


def row(key, event="finished", number=1, age_ms=0, **rest):
    values = {"code": "B2", "wh": None, "minutes": None, "reason": None, **rest}
    return Row(key, event, number, NOW_MS - age_ms - 3000, NOW_MS - age_ms, **values)


def facts(*rows, commands=(), heard_ms=NOW_MS, line_up_ms=0, targets=()):
    return Facts(rows, max((one.id for one in rows), default=0), tuple(commands), heard_ms, line_up_ms, tuple(targets))


NEW = choice.begin(facts())


def told(found, wanted=ALL, kept=NEW, now_ms=NOW_MS):
    return choose(kept, found, wanted, now_ms)


def test_what_was_before_the_first_start_is_not_told():
    before = facts(row(7), commands=[command("failed")])
    kept = choice.begin(before)
    assert kept["event"] == 7 and told(facts(commands=[command("failed")]), kept=kept)[0] == []


def test_an_event_is_told_once():
    messages, kept = told(facts(row(1, wh=14_000)))
    assert messages == [Message("finished", {"kwh": 14.0})]
    assert told(facts(), kept=kept) == ([], kept)


def test_an_event_that_the_device_reports_twice_is_told_once():
    messages, _ = told(facts(row(1), row(2), row(3, number=2)))
    assert len(messages) == 2


def test_an_event_of_the_day_before_is_no_news():
    messages, kept = told(facts(row(1, age_ms=choice.OLD_MS + 1), row(2, number=2, age_ms=choice.OLD_MS)))
    assert len(messages) == 1 and kept["event"] == 2


def test_an_unknown_event_and_one_that_is_not_wanted_are_not_told():
    assert told(facts(row(1, "exploded"), row(2, "fault")), wanted=("finished",))[0] == []


def command(fate, key=1):
    return Command(key, 1, NOW_MS, "Anna", {}, "start", 7, 0, 0, fate=fate, detail="locked")


def test_a_command_that_was_not_done_is_told_once_and_only_if_wanted():
    messages, kept = told(facts(commands=[command("refused")]))
    assert messages == [Message("command_failed", {"command": "start", "fate": "refused", "detail": "locked"})]
    assert told(facts(commands=[command("refused")]), kept=kept)[0] == []
    assert told(facts(commands=[command("refused")]), wanted=sentences.EVENTS)[0] == []


def target(key, possible, kwh=20, answered_ms=NOW_MS):
    request = {"target": {"until": "07:30", "quarters": [1], **({} if kwh is None else {"kwh": kwh})}}
    detail = None if possible is None else f"kwh_possible:{possible:g}"
    return Command(key, 1, NOW_MS, "planner", request, "target", 7, 0, 0, fate="done", detail=detail, answered_ms=answered_ms)


def test_what_the_device_answers_that_it_cannot_meet_is_told_once():
    short = Message("target_short", {"possible": 18.2, "asked": 20.0, "until": "07:30"})
    messages, kept = told(facts(targets=[target(1, 18.2)]))
    assert messages == [short]
    messages, kept = told(facts(targets=[target(1, 18.2), target(2, 18.21)]), kept=kept)
    assert messages == []
    less = Message("target_short", {"possible": 12.0, "asked": 20.0, "until": "07:30"})
    assert told(facts(targets=[target(2, 18.2), target(3, 12)]), kept=kept)[0] == [less]
    later_ms = NOW_MS + 2 * choice.OLD_MS
    assert told(facts(targets=[target(4, 18.2, answered_ms=later_ms)], heard_ms=later_ms), kept=kept, now_ms=later_ms)[0] == [short]


@pytest.mark.parametrize("its", [
    target(1, 19.95), target(1, None), target(1, 18.2, kwh=None), target(1, 18.2, answered_ms=NOW_MS - choice.OLD_MS - 1),
    target(1, 18.2, answered_ms=None)])
def test_a_target_that_is_met_without_energy_or_answered_long_ago_is_told_by_nothing(its):
    assert told(facts(targets=[its]))[0] == []


def test_targets_of_before_an_older_store_was_opened_are_not_told():
    old = {name: value for name, value in NEW.items() if name not in ("targets", "short")}
    messages, kept = told(facts(targets=[target(1, 5)]), kept=old)
    assert messages == [] and len(told(facts(targets=[target(1, 5), target(2, 6)]), kept=kept)[0]) == 1


@pytest.mark.parametrize("wh, reason, language, text", [
    (1800, "unreachable", "en", "1.8 kWh will be missing. The box does not answer the device."),
    (1800, "waits_for_price", "en", "1.8 kWh will be missing. There is too little time for it."),
    (1800, "no_vehicle", "de", "1,8 kWh werden fehlen. Es ist kein Auto eingesteckt."),
    (None, "locked", "en", "Less will be charged than was asked for. The outlet is locked."),
    (1800, None, "en", "1.8 kWh will be missing."),
])
def test_a_target_that_will_be_missed_is_told_with_how_much_and_why(wh, reason, language, text):
    (message,), _ = told(facts(row(1, "target_missed", wh=wh, reason=reason)))
    assert sentences.said(message.kind, message.values, language)[1] == text


def test_what_can_be_met_is_said_as_the_device_answered():
    (message,), _ = told(facts(targets=[target(1, 18.2)]))
    assert sentences.said(message.kind, message.values, "en") == ("A target may be missed", "18.2 of 20 kWh by 07:30, the device says.")
    assert sentences.said(message.kind, message.values, "de")[1] == "18,2 von 20 kWh bis 07:30, sagt das Gerät."


def silence(heard_ago_ms, kept=NEW, line_up_ms=0):
    messages, kept = told(facts(heard_ms=NOW_MS - heard_ago_ms, line_up_ms=line_up_ms), kept=kept)
    return [(message.kind, message.values["hours"]) for message in messages], kept


def test_silence_is_told_after_three_hours_once_and_its_end_too():
    assert silence(SILENT_MS - 1)[0] == []
    messages, kept = silence(SILENT_MS)
    assert messages == [("silent", 3)]
    assert silence(SILENT_MS, kept)[0] == []
    messages, kept = silence(0, {**kept, "silent_ms": NOW_MS - 5 * HOUR_MS})
    assert messages == [("heard_again", 5)]
    assert silence(0, kept)[0] == []


def test_while_the_house_itself_hears_nothing_no_silence_is_told():
    assert silence(9 * HOUR_MS, line_up_ms=None)[0] == []
    assert silence(9 * HOUR_MS, line_up_ms=NOW_MS - SETTLE_MS + 1)[0] == []
    assert silence(9 * HOUR_MS, line_up_ms=NOW_MS - SETTLE_MS)[0] == [("silent", 9)]


def test_before_anything_was_heard_nothing_is_silent():
    assert told(facts(heard_ms=None))[0] == []


@given(st.lists(st.tuples(st.sampled_from([*sentences.EVENTS, "other"]), st.integers(0, 5), st.integers(0, 20 * HOUR_MS)), max_size=20),
       st.lists(st.integers(1, 5), max_size=8))
def test_however_they_come_in_none_is_told_twice(events, looks):
    rows = [row(place, event, number, age_ms) for place, (event, number, age_ms) in enumerate(events, 1)]
    kept, messages = NEW, []
    for count in [*looks, len(rows)]:
        found, kept = told(facts(*[one for one in rows[:count] if one.id > kept["event"]]), kept=kept)
        messages += found
    news = {(one.event, one.number, one.at_ms) for one in rows if one.event in sentences.EVENTS and NOW_MS - one.received_ms <= choice.OLD_MS}
    assert len(messages) == len(news)


@pytest.mark.parametrize("language", sentences.LANGUAGES)
@pytest.mark.parametrize("kind", sentences.WORDS)
def test_each_kind_has_whole_sentences_in_both_languages(kind, language):
    title, *texts = sentences.WORDS[kind][language]
    assert title and not title.endswith(".") and any(texts)
    assert all(text[-1] in ".}" and text[0].isupper() or text.startswith("{") for text in texts if text)
    assert {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name} <= {
        "kwh", "minutes", "hours", "code", "command", "fate", "detail", "why", "possible", "asked", "until"}


def test_every_kind_that_may_be_wanted_has_words():
    assert set(ALL) | {"heard_again", "test"} == set(sentences.WORDS)


@pytest.mark.parametrize("kind, values, language, name, expected", [
    ("finished", {"kwh": 14.04}, "en", None, ("The car has finished charging", "14.0 kWh in this session.")),
    ("finished", {"kwh": 14.06}, "de", "Garage", ("Garage: Das Auto ist fertig geladen", "14,1 kWh in diesem Ladevorgang.")),
    ("finished", {"kwh": None}, "en", None, ("The car has finished charging", "It has stopped by itself.")),
    ("memory_lost", {}, "en", None, ("The monitor has lost records", sentences.WORDS["memory_lost"]["en"][2])),
    ("command_failed", {"command": "start", "fate": "unanswered", "detail": None}, "de", None,
     ("Ein Befehl wurde nicht ausgeführt", "start: keine Antwort.")),
    ("fault", {"code": "F4"}, "de", None, ("Die Wallbox hat eine Störung", "Sie zeigt F4. Bitte das Auto abstecken; bleibt die Störung, hilft die"
                                           " Elektrofachkraft.")),
])
def test_what_is_known_is_in_the_text(kind, values, language, name, expected):
    assert sentences.said(kind, values, language, name) == expected
