"""Server-sent events: a page hears within a moment that something of its device changed, and asks for itself again. /live?device=NAME"""
import asyncio
import contextlib
import json

from fastapi import HTTPException, Request
from fastapi.responses import StreamingResponse

BEAT_S = 15
# A browser that lost the line tries again after that.
RETRY_MS = 2000
STREAMS_MAX = 64
FULL_RETRY_MS = 60_000


class Live:
    """The streams of one service. changes: home.changes.Changes; clock(): UTC seconds of the service's world."""

    def __init__(self, changes, clock):
        self._changes, self._clock = changes, clock
        self._streams = set()
        self._is_closed = False

    def __len__(self):
        return len(self._streams)

    @property
    def is_full(self):
        return self._is_closed or len(self._streams) >= STREAMS_MAX

    def close(self):
        """End every stream, from the thread of their loop: the service is about to stop."""
        self._is_closed = True
        for stream in list(self._streams):
            stream.end()

    async def events(self, device, since=None):
        """The text of a stream: "clock" each BEAT_S, "change" as soon as something of the device changed; device None: of any.

        since: the number of changes when the page was drawn: what happened meanwhile is told at once.
        """
        # Of many that asked in one moment none was counted yet.
        if self.is_full:
            yield f"retry: {FULL_RETRY_MS}\n\n"
            return
        stream = _Stream(asyncio.get_running_loop())
        forget = self._changes.listen(lambda name: stream.change() if device in (None, name) else None)
        self._streams.add(stream)
        try:
            is_behind = since is not None and since != self._changes.number(device)
            yield f"retry: {RETRY_MS}\n" + self._event("change" if is_behind else "clock")
            while not stream.is_over:
                changed = await stream.wait(BEAT_S)
                if not stream.is_over:
                    yield self._event("change" if changed else "clock")
        finally:
            self._streams.discard(stream)
            forget()

    def _event(self, name):
        return f"event: {name}\ndata: {json.dumps(int(1000 * self._clock()))}\n\n"


class _Stream:
    """Wakes one stream from any thread."""

    def __init__(self, loop):
        self._loop = loop
        self._woken = asyncio.Event()
        self.is_over = False

    def change(self):
        # The loop may have ended while the service still tells.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._woken.set)

    def end(self):
        self.is_over = True
        self._woken.set()

    async def wait(self, most_s):
        """True if something changed, False after that time."""
        try:
            await asyncio.wait_for(self._woken.wait(), most_s)
        except TimeoutError:
            return False
        self._woken.clear()
        return True


def add_live(app, drawer):
    """Add the route; app.state.live is what ends its streams."""
    live = app.state.live = Live(drawer.service.changes, drawer.service.clock)

    @app.get("/live", include_in_schema=False)
    async def events(request: Request) -> StreamingResponse:
        device = drawer.device(request).name if "device" in request.query_params else None
        if live.is_full:
            raise HTTPException(503, "live: too many pages are open; each asks again by itself", {"Retry-After": "60"})
        since = request.query_params.get("since", "")
        return StreamingResponse(live.events(device, int(since) if since.isdecimal() and len(since) < 16 else None), media_type="text/event-stream",
                                 headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
