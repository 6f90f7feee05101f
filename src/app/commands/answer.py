"""The answer to one command."""


class Answer:
    """op, command_id, result, detail: as app.codec.status_frames packs them. opens: it is sent before others; by_reading: its status is that of
    the reading that showed the effect. entry: the app.commands.command_log.Entry that it answers, or None."""

    __slots__ = ('op', 'command_id', 'result', 'detail', 'opens', 'by_reading', 'entry', '_on_sent')

    def __init__(self, op, command_id, result, detail=0, opens=False, by_reading=False, entry=None, on_sent=None):
        """on_sent(): called when it was sent, or None."""
        self.op = op
        self.command_id = command_id
        self.result = result
        self.detail = detail
        self.opens = opens
        self.by_reading = by_reading
        self.entry = entry
        self._on_sent = on_sent

    def sent(self):
        """It was sent."""
        if self._on_sent is not None:
            self._on_sent()
