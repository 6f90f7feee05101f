"""The open questions of docs/protocol.md, and the answers that a run gives to each.

What was found, by name; a name that is missing was not asked in this run:
whole, heard_first, traffic: Traffic of the run, before anything was sent, and of the polling. listened_s, polled_s: how long.
device: fields of 0x0001. system: flags of 0x0006. registers: {(address, words): Block or None}. box: dict for the capture's header.
broadcast: body of the answer, or None. lower_case: answered. codes: set of those seen while polling.
silences: [(seconds, answered)]. silences_ended: why no longer one was tried.
wrong_state: in words. lock: dict of car and bit. reset: dict of icmax_before and icmax_after. steps: [(step, answer, what was seen)].
"""
from tools.hil.analysis import percentile

OPEN = "Open"
NEEDS_CONTROL = f"{OPEN}: asked with CONTROL=1 only."
FAULT_F4 = 0xF4


def panel_frames(found):
    """1."""
    if "whole" not in found or "listened_s" not in found:
        return None
    asked, said = found["whole"].panel()
    seconds = found["whole"].seconds
    listened = f"{seconds:.0f} s ({found['listened_s']:.0f} s of them before we sent anything)"
    if not asked and not said:
        return f"None heard in {listened}: there is no panel on this bus, or a silent one."
    if not asked:
        return f"The box sends them unasked: {said} in {listened}, and no question for 0x0004 but ours."
    return f"A second master asks: {asked} questions for 0x0004 that are not ours, and {said} answers to them, in {listened}."


def latency_and_sleep(found):
    """2."""
    if "traffic" not in found:
        return None
    waits = found["traffic"].waits_ms()
    text = "No answer was timed."
    if waits:
        text = (f"From the last bit of the question to the first byte of the answer: median {percentile(waits, 50):.1f} ms, 99 % within "
                f"{percentile(waits, 99):.1f} ms, longest {waits[-1]:.1f} ms ({len(waits)} answers; the adapter's own delay is in it).")
    return f"{text} {_sleep(found)}"


def _sleep(found):
    silences = found.get("silences", [])
    answered = [seconds for seconds, was in silences if was]
    lost = [seconds for seconds, was in silences if not was]
    if not silences:
        return f"Sleep: not measured ({found.get('silences_ended', 'not reached')})."
    if not lost:
        return f"Sleep: the first telegram was answered after every silence up to {max(answered):.0f} s ({found['silences_ended']})."
    if not answered:
        return f"Sleep: the first telegram was lost already after {min(lost):.0f} s of silence."
    return f"Sleep: first telegram answered after {max(answered):.0f} s of silence, lost after {min(lost):.0f} s."


def wrong_state(found):
    """3."""
    return found.get("wrong_state")


def broadcast_read(found):
    """4."""
    if "broadcast" not in found:
        return None
    body = found["broadcast"]
    if body is None:
        return "No answer to a broadcast read of 0x0001 (three tries, box awake)."
    return f"It is answered; byte 1 of the answer is {body[0]:02X}, the id in the register is {body[4] & 0x3F}."


def upstream_timeout(found):
    """5."""
    if "device" not in found:
        return None
    if not found["device"]["upstream_timeout"]:
        return f"{OPEN}: switched off in this box (bit 6 of 0x0001)."
    system = found.get("system")
    leads = "" if system is None else f" It would lead to {'F4' if system >> 15 else 'F14'}; now the flag for a lost upstream is {system >> 9 & 1}."
    seen = "F4 was seen" if FAULT_F4 in found.get("codes", ()) else "no F4 was seen"
    return f"{OPEN}: switched on in this box, and not provoked. While we read every 2 s for {found.get('polled_s', 0):.0f} s, {seen}.{leads}"


def ev_bit(found):
    """6."""
    if "lock" not in found:
        return None
    lock = found["lock"]
    if not lock["car"]:
        return f"{OPEN}: without a car the bit reads {lock['bit']} in E0. Run again with a car plugged in."
    return f"With a car plugged in, the bit reads {lock['bit']} in E0: {'usable here' if lock['bit'] else 'of no use'}."


def lower_case(found):
    """7."""
    if "lower_case" not in found:
        return None
    if found["lower_case"]:
        return "Yes: a question in lower-case hex is answered."
    return "No: a question in lower-case hex is not answered (three tries, box awake)."


def icmax_over_reset(found):
    """8."""
    if "reset" not in found:
        return None
    before, after = found["reset"]["icmax_before"], found["reset"]["icmax_after"]
    if after is None:
        return f"{OPEN}: 0x000F was not answered after the reset."
    verdict = "No, it is kept" if before == after else "Yes, it is lost"
    return f"{verdict}: 0x000F word 3 read {before} before 5A5A and {after} after. A power cut was not tried."


# (number in the list of open questions, question, answer, needs control).
QUESTIONS = (
    (1, "Who sends the panel's frames (`>..0204..`)?", panel_frames, False),
    (2, "How long until an answer, and when does the interface sleep?", latency_and_sleep, False),
    (3, "What is the answer to A1A1 in a wrong state?", wrong_state, True),
    (4, "Which id answers a broadcast read?", broadcast_read, False),
    (5, "How long is the upstream timeout (F4)?", upstream_timeout, False),
    (6, "Is the EV bit of 0x002E usable in E0?", ev_bit, True),
    (7, "Is lower-case hex accepted?", lower_case, False),
    (8, "Is Icmax volatile over a reset?", icmax_over_reset, True),
)


def answers(found, control):
    """[(number, question, answer)]; what was not asked is open, and says why."""
    rows = []
    for number, question, answer, needs_control in QUESTIONS:
        text = answer(found)
        if text is None:
            text = NEEDS_CONTROL if needs_control and not control else f"{OPEN}: the run did not get that far."
        rows.append((number, question, text))
    return rows
