"""home/web/live.py: a stream says at once what changed, ends when the service does, and there are never too many."""
import asyncio
import json
import threading
import time

import pytest
from fastapi import HTTPException

from home.api import app
from home.changes import Changes
from home.web import live
from tests.support.house import house


def run(making):
    """Run it in a loop of its own."""
    return asyncio.run(asyncio.wait_for(making, 20))


def kind(text):
    return text.split("event: ")[1].split("\n")[0]


def test_a_change_of_its_device_is_told_at_once_from_any_thread_and_others_are_not():
    async def listens():
        changes = Changes()
        stream = live.Live(changes, lambda: 1_790_000_000.5).events("Garage")
        first = await anext(stream)
        assert first == f"retry: {live.RETRY_MS}\nevent: clock\ndata: 1790000000500\n\n"
        next_one = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.01)
        changes.tell("Carport")
        await asyncio.sleep(0.05)
        assert not next_one.done()
        began = time.monotonic()
        threading.Thread(target=changes.tell, args=["Garage"]).start()
        said = await next_one
        await stream.aclose()
        changes.tell("Garage")
        return kind(said), json.loads(said.split("data: ")[1]), time.monotonic() - began

    assert run(listens())[:2] == ("change", 1_790_000_000_500)


def test_what_changed_between_the_page_and_its_stream_is_told_at_once():
    async def listens():
        changes, said = Changes(), []
        its = live.Live(changes, time.time)
        since = {device: changes.number(device) for device in ("Garage", "Carport", None)}
        changes.tell("Garage")
        for device in since:
            stream = its.events(device, since[device])
            said.append(kind(await anext(stream)))
            await stream.aclose()
        return said

    assert run(listens()) == ["change", "clock", "change"]


def test_where_nothing_happens_the_clock_is_told(monkeypatch):
    monkeypatch.setattr(live, "BEAT_S", 0.02)

    async def listens():
        stream = live.Live(Changes(), time.time).events(None)
        said = [kind(await anext(stream)) for _ in range(3)]
        await stream.aclose()
        return said

    assert run(listens()) == ["clock"] * 3


def test_a_stream_of_all_devices_hears_of_each():
    async def listens():
        changes = Changes()
        stream = live.Live(changes, time.time).events(None)
        await anext(stream)
        changes.tell("any")
        return kind(await anext(stream))

    assert run(listens()) == "change"


def test_the_end_of_the_service_ends_every_stream_and_none_begins_then():
    async def listens():
        its = live.Live(Changes(), time.time)
        streams = [its.events(None) for _ in range(3)]
        for stream in streams:
            await anext(stream)
        assert len(its) == 3 and not its.is_full
        waiting = [asyncio.ensure_future(anext(stream, "over")) for stream in streams]
        await asyncio.sleep(0.01)
        its.close()
        return await asyncio.gather(*waiting), len(its), its.is_full

    assert run(listens()) == (["over"] * 3, 0, True)


def test_a_loop_that_has_ended_does_not_disturb_who_tells():
    changes = Changes()
    stream = live.Live(changes, time.time).events(None)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(anext(stream))
    loop.close()
    changes.tell("Garage")


def test_of_many_that_ask_in_one_moment_no_more_are_kept_than_the_most(monkeypatch):
    monkeypatch.setattr(live, "STREAMS_MAX", 2)

    async def listens():
        its = live.Live(Changes(), time.time)
        streams = [its.events(None) for _ in range(5)]
        said = [await anext(stream) for stream in streams]
        return len(its), [await anext(stream, "over") for stream in streams[2:]], said[2:]

    assert run(listens()) == (2, ["over"] * 3, [f"retry: {live.FULL_RETRY_MS}\n\n"] * 3)


def test_beyond_the_most_streams_a_page_is_told_to_ask_by_itself(monkeypatch):
    monkeypatch.setattr(live, "STREAMS_MAX", 0)
    with house() as its:
        made = app.app(its)
        route = next(route for route in made.routes if getattr(route, "path", "") == "/live")

        class Request:
            query_params = {}

        made.state.drawer.device = lambda request: its.settings.devices[0]
        with pytest.raises(HTTPException) as problem:
            run(route.endpoint(Request()))
    assert problem.value.status_code == 503
