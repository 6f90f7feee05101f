"""The Things Stack's application server for one device: downlink queue, attempts, acknowledgements, and whom it notifies.

As the stack does it (pkg/applicationserver): first in, first out (the priority is for contention at the gateway only); kept while nobody
is joined and over a rejoin; a confirmed downlink is acknowledged or refuted by the next uplink, and refuted or unanswered it is queued
again, in front and as a new frame, 8 attempts in all; until it is settled a confirmed one behind it waits; f_port 0, 224, over 255 and
more than 255 bytes are refused (the stack refuses the whole push without a word on MQTT; here such an item fails alone and visibly).
"""

from collections import deque

MAX_ATTEMPTS = 8
MAX_PAYLOAD = 255


class QueuedDownlink:
    """An application downlink; f_cnt is that of its latest transmission, own_id the server's for it, from the push to its end."""

    __slots__ = ('f_port', 'payload', 'confirmed', 'correlation_ids', 'priority', 'attempts', 'f_cnt', 'own_id')

    def __init__(self, f_port, payload, confirmed=False, correlation_ids=(), priority='LOWEST'):
        self.f_port = f_port
        self.payload = bytes(payload)
        self.confirmed = bool(confirmed)
        self.correlation_ids = list(correlation_ids)
        self.priority = priority
        self.attempts = 0
        self.f_cnt = 0
        self.own_id = None

    def is_valid(self):
        """Whether the stack takes it."""
        port = self.f_port
        return isinstance(port, int) and 1 <= port <= 255 and port != 224 and len(self.payload) <= MAX_PAYLOAD


class DownlinkQueue:
    """session is the current one or None; pending is the confirmed downlink that awaits its acknowledgement."""

    def __init__(self, kernel, record, publish, messages):
        self.session = None
        self.pending = None
        self._items = deque()
        self._kernel = kernel
        self._record = record
        self._publish = publish
        self._messages = messages

    def __len__(self):
        return len(self._items)

    def push(self, items, replace=False):
        """down/push or down/replace. Those that were refused without a word: none."""
        if replace:
            self._items.clear()
        for fields in items:
            item = QueuedDownlink(**fields)
            item.own_id = self._messages.downlink_id()
            if not item.is_valid():
                self._fail(item, 'pkg/applicationserver', 'invalid_downlink', 'port or payload length is invalid')
                continue
            if self.session is not None:
                item.f_cnt = self.session.f_cnt_down + len(self._items)
            self._items.append(item)
            self._record('downlink_queued', f_port=item.f_port, hex=item.payload.hex().upper())
            self._tell('queued', item)
        return []

    def is_ready(self):
        """Whether the first one may be sent."""
        return bool(self._items) and not (self._items[0].confirmed and self.pending is not None)

    def next_bytes(self):
        """Payload of the first one, None if nothing may be sent."""
        return len(self._items[0].payload) if self.is_ready() else None

    def take(self, room):
        """The first one that fits into room bytes, now sent for the first or another time; None if there is none. Longer ones fail."""
        while self.is_ready():
            item = self._items.popleft()
            if len(item.payload) > room:
                self._fail(item, 'pkg/networkserver', 'application_downlink_too_long', "payload length `{length}` exceeds maximum '{max}'",
                           length=len(item.payload), max=room)
                continue
            item.attempts += 1
            item.f_cnt = self.session.f_cnt_down
            if item.confirmed:
                self.pending = item
            self._tell('sent', item)
            return item
        return None

    def emitted(self, item, slot, rate, is_delayed):
        """It is on the air: nothing that the stack had not said already."""

    def settle(self, ack):
        """An uplink came, with or without the acknowledgement."""
        item = self.pending
        if item is not None:
            self._tell('ack' if ack else 'nack', item)
            if ack:
                self.pending = None
            else:
                self.retry()

    def retry(self):
        """The pending downlink will not be acknowledged any more: again, or never."""
        item, self.pending = self.pending, None
        if item is None:
            return
        if item.attempts < MAX_ATTEMPTS:
            self._items.appendleft(item)
        else:
            self._fail(item, 'pkg/applicationserver', 'max_attempts', 'no acknowledgement after `{attempts}` attempts', attempts=item.attempts)

    def _tell(self, what, item):
        self._publish('down/' + what, self._messages.downlink('downlink_' + what, self._kernel.now_us, self.session, item))

    def _fail(self, item, namespace, name, message_format, **attributes):
        error = self._messages.error(namespace, name, message_format, **attributes)
        self._publish('down/failed', self._messages.failed(self._kernel.now_us, self.session, item, error))
