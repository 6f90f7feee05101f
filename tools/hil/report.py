"""The report of a run, in Markdown: the box's identity, answers to the open questions, registers, statistics, control, results."""
from tools.hil import analysis, questions


def write(path, site, results):
    """Write the report on a Site to `path`. results: [(test, outcome, message)]."""
    found = site.found
    parts = [_head(site, results), _questions(found, site.control), _registers(found), _polling(found), _talkers(found), _control(site),
             "## Tests\n\n" + _table(("test", "result", "message"), results)]
    path.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")


def _table(header, rows):
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
                     for row in [header, ["---"] * len(header), *rows])


def _head(site, results):
    header, box = site.capture.header, site.found.get("box")
    failed = sum(outcome == "failed" for _, outcome, _ in results)
    passed = sum(outcome == "passed" for _, outcome, _ in results)
    what = "a simulated box (`.venv/bin/python -m sim charger`): it proves the suite, and nothing about boxes" if site.simulated else "a real box"
    rows = [("date", header["date"]), ("box", "not reached" if box is None else ", ".join(f"{name} {value}" for name, value in box.items()))]
    device = site.found.get("device")
    if device is not None:
        rows.append(("equipment", ", ".join(f"{name} {_plain(value)}" for name, value in device.items()
                                             if name not in ("hardware", "device_id", "firmware_major", "firmware_minor"))))
    if site.found.get("system") is not None:
        rows.append(("system flags (0x0006)", f"{site.found['system']:04X}"))
    rows += [("adapter", ", ".join(f"{name} {value}" for name, value in header["adapter"].items())),
             ("echo", "own telegrams come back" if site.client.counts["echoes"] else "none"),
             ("control", "yes" if site.control else "no, reads only"), ("tests", f"{passed} passed, {failed} failed"),
             ("capture", site.capture.path.name)]
    return f"# Hardware in the loop: report\n\nRun against {what}.\n\n" + _table(("what", "seen"), rows)


def _plain(value):
    return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


def _questions(found, control):
    rows = questions.answers(found, control)
    return "## Open questions (docs/protocol.md)\n\n" + _table(("", "question", "this box"), rows)


def _registers(found):
    if not found.get("registers"):
        return ""
    rows = []
    for (address, words), block in sorted(found["registers"].items()):
        data = "silence" if block is None else block.data.hex(" ", 2).upper()
        values = {} if block is None or block.values is None else block.values
        rows.append((f"0x{address:04X} x{words}", data, ", ".join(f"{name} {_shown(name, value)}" for name, value in values.items())))
    return "## Registers\n\n" + _table(("register", "words", "decoded"), rows)


def _shown(name, value):
    return f"{value:02X}" if name == "code" else _plain(value)


def _polling(found):
    traffic = found.get("traffic")
    if traffic is None:
        return ""
    lost, repeated = traffic.lost()
    waits = traffic.waits_ms()
    rows = [("telegrams sent", len(traffic.exchanges)), ("answered", len(waits)), ("lost", lost), ("of these answered when repeated", repeated),
            ("frames with a wrong LRC", traffic.errors["lrc_errors"]),
            ("other line errors", ", ".join(f"{name} {count}" for name, count in traffic.errors.items() if count and name != "lrc_errors") or "none"),
            ("frames of others", len(traffic.foreign))]
    text = f"## Polling, {found['polled_s']:.0f} s, by the firmware's own client\n\n" + _table(("what", "count"), rows)
    if waits:
        plot = "\n".join(analysis.plot(analysis.histogram(waits)))
        text += f"\n\nAnswer times, from the last bit of the question to the first byte of the answer:\n\n```\n{plot}\n```"
    return text


def _talkers(found):
    rows = []
    for when, traffic in (("before we sent", found.get("heard_first")), ("while polling", found.get("traffic"))):
        if traffic is not None:
            rows += [(when, what, count, "" if interval_ms is None else f"{interval_ms:.0f} ms") for what, count, interval_ms in traffic.talkers()]
    return "## Who else talks\n\n" + (_table(("when", "what", "frames", "median interval"), rows) if rows else "Nobody.")


def _control(site):
    if not site.control:
        return ""
    left = "Nothing was written." if site.left is None else f"{'Given back' if site.left[0] else 'Attention'}: {site.left[1]}."
    steps = site.found.get("steps", [])
    return "## Control\n\n" + (_table(("step", "answer", "seen"), steps) + "\n\n" if steps else "") + left
