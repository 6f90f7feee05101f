"""The answer to one command, as the owner gets it."""


class Answer:
    """op, command_id, result, detail: as app.codec.status_frames packs them. opens: it goes before others; by_reading: it rests on the reading that
    showed its effect. entry: the app.commands.command_log.Entry that it answers, or None."""

    __slots__ = ('op', 'command_id', 'result', 'detail', 'opens', 'by_reading', 'entry', '_on_sent')

    def __init__(self, op, command_id, result, detail=0, opens=False, by_reading=False, entry=None, on_sent=None):
        """on_sent(): called when it is on the air, or None."""
        self.op = op
        self.command_id = command_id
        self.result = result
        self.detail = detail
        self.opens = opens
        self.by_reading = by_reading
        self.entry = entry
        self._on_sent = on_sent

    def sent(self):
        """It is on the air."""
        if self._on_sent is not None:
            self._on_sent()
