"""What the network and the device say, found for the command it is about, and kept. Commands of other programs on the same network get a row, too."""
from home.commands import fate
from home.commands.fate import Command, Heard
from home.network.uplink import F_PORT, MODE_PORT
from home.store import commands, decoded

# An answer that the network had so long before the command was asked is another one's: clocks of house and network differ by less.
CLOCKS_MS = 120_000
# What a network says of a downlink; asked: some program has handed it over, and the network says nothing yet.
WORDS = ("asked", "queued", "sent", "failed", "expired")
_HEARD = {"queued": fate.QUEUED, "sent": fate.SENT, "expired": fate.EXPIRED}
_OWN_REQUESTS = "home:sessions:"


def identity(words):
    """(name, id, issued_at) of a request in the formatter's words; id and issued_at are None where it has none."""
    return fate.name_of(words), _whole(words.get("id"), 255), _whole(words.get("issued_at"), (1 << 32) - 1)


def downlink(connection, device, what, found, words, own_key, now_ms):
    """what: one of WORDS; found: the Downlink; words: it in the formatter's, or None; own_key: of our command, by its correlation id."""
    payload = found.item["frm_payload"]
    before = _of(connection, device, own_key, words, found.identity)
    if what == "asked":
        if before is None:
            _elsewhere(connection, device, what, found, words, now_ms)
        return
    if what == "queued" and before is not None and before.is_ours and before.fate == "sent":
        return      # it was overtaken by what became of it; a repetition is "asked" before it is queued
    if what == "queued":
        commands.downlink_queued(connection, device, now_ms, found.f_port, payload, found.item)
    elif what == "sent":
        commands.downlink_sent(connection, device, now_ms, found.f_port, payload, found.item)
    else:
        commands.downlink_failed(connection, device, found.f_port, payload)
    heard = _HEARD.get(what) or Heard("failed", detail=("network:" + (decoded.text(found.error, 60) or "failed")))
    before = before or _elsewhere(connection, device, what, found, words, now_ms)
    if before is not None:
        _step(connection, before, heard, now_ms)


def answer(connection, device, uplink):
    """A result of the device, as an Uplink."""
    data = uplink.decoded or {}
    result = data.get("result")
    if result not in fate.RESULTS:
        return
    found = _asked(connection, device, data, uplink.received_ms)
    if found is None and result == "done" and data.get("command") == "target":
        found = _known_by_its_answer(connection, device, _whole(data.get("command_id"), 255), uplink.received_ms)
    if found is not None:
        detail = decoded.text(data.get("detail"), 60) or fate.possible(decoded.number(data.get("kwh_possible"), 1000))
        _step(connection, found, Heard("answered", result, detail), uplink.received_ms)


def _step(connection, before, heard, now_ms):
    after = fate.step(before, heard, now_ms)
    if after != before:
        commands.save(connection, after)


def _of(connection, device, own_key, words, its_identity=None):
    """The Command that a downlink is, or None. its_identity: (id, issued_at) by which the network names it, or None."""
    if own_key is not None:
        return commands.one(connection, device, own_key)
    if its_identity is not None:
        return commands.of_identity(connection, device, *its_identity)
    name, command_id, issued_at = identity(words or {})
    if issued_at is not None:
        return commands.identified(connection, device, name, command_id, issued_at)
    return next((one for one in commands.pending(connection, device)[::-1] if name and one.request == words), None)


def _elsewhere(connection, device, what, found, words, now_ms):
    """A new Command of another program, or None where it is no command."""
    name, command_id, issued_at = identity(words or {})
    if what in ("failed", "expired") or found.f_port not in (MODE_PORT, F_PORT) or name in ("", "time"):
        return None
    who = fate.SERVICE if any(one.startswith(_OWN_REQUESTS) for one in found.correlation_ids) else fate.ELSEWHERE
    good_for_s = _whole(words.get("expires_in_s"), 65535)
    expires_at = (issued_at or now_ms // 1000) + (fate.EXPIRES_OTHERWISE_S if good_for_s is None else good_for_s)
    return commands.add(connection, Command(
        0, device, now_ms, who, words, decoded.text(name, 24), command_id, issued_at, expires_at, changed_ms=now_ms, sends=1, tried_ms=now_ms))


def _known_by_its_answer(connection, device, command_id, received_ms):
    """A target that the network did not tell of: asked while the line was down, or by ChirpStack's own page. Until when it holds, nobody here knows.

    None where one of that id was asked: by a clock that differs more than it should."""
    if command_id is None or commands.named(connection, device, "target", command_id, received_ms - 2 * fate.DAY_MS):
        return None
    return commands.add(connection, Command(
        0, device, received_ms, fate.ELSEWHERE, {"target": {}}, "target", command_id, None, received_ms // 1000 + fate.expires_in_s("target"),
        fate="sent", changed_ms=received_ms, sends=1, tried_ms=received_ms, sent_ms=received_ms))


def _asked(connection, device, data, received_ms):
    """The Command that a result answers, or None."""
    name, command_id = decoded.text(data.get("command"), 24), _whole(data.get("command_id"), 255)
    since_ms = received_ms - 2 * fate.DAY_MS
    if name is None:
        # `busy` names none: it is about the only one that was sent, if there is but one.
        sent = [one for one in commands.pending(connection, device) if one.fate == "sent"]
        return sent[0] if data.get("result") == "busy" and len(sent) == 1 else None
    found = commands.named(connection, device, name, command_id, since_ms) if command_id is not None else [
        one for one in commands.named(connection, device, "mode", None, since_ms) if fate.MODES.get(one.request.get("mode")) == name]
    return next((one for one in found if one.at_ms <= received_ms + CLOCKS_MS), None)


def _whole(value, most):
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most else None
