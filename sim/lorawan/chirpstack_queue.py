"""ChirpStack's downlink queue of one device: order, expiry, acknowledgements, and what it says of them.

As read in its source (chirpstack/src/downlink/data.rs, tx_ack.rs and storage/device_queue.rs, July 2026): first in, first out, kept while nobody is
joined and over a rejoin; an id that is in the queue already refuses the new one, in the server's log alone; what has expired or is too long for
its data rate goes when its turn comes, with a log event; txack when the gateway took it; a confirmed one is sent once and holds the others up
until it is acknowledged, or its time (of the device profile) is over: then it goes, with an ack event that lacks `acknowledged`. Nothing is
published of what is taken into the queue, and nothing but the API empties it.
"""

from sim.lorawan.chirpstack_messages import EXPIRED, PAYLOAD_SIZE
from sim.lorawan.downlink_queue import DownlinkQueue


class QueueItem:
    """A downlink; expires_at_s: UTC seconds or None. f_cnt is that of its transmission."""

    __slots__ = ('f_port', 'payload', 'confirmed', 'queue_id', 'expires_at_s', 'attempts', 'f_cnt')

    def __init__(self, f_port, payload, confirmed=False, queue_id='', expires_at_s=None):
        self.f_port = f_port
        self.payload = bytes(payload)
        self.confirmed = bool(confirmed)
        self.queue_id = queue_id
        self.expires_at_s = expires_at_s
        self.attempts = 0
        self.f_cnt = 0


class Queue(DownlinkQueue):
    """The same to its network as The Things Stack's."""

    def push(self, items, replace=False):
        """New ones behind the others; those that were refused. replace: the queue is emptied first, as the API alone can."""
        if replace:
            self._items.clear()
        refused = []
        for fields in items:
            item = QueueItem(**fields)
            item.queue_id = item.queue_id or self._messages.queue_id()
            if item.queue_id in [one.queue_id for one in list(self._items) + [self.pending] if one]:
                refused.append(item)
                continue
            self._items.append(item)
            self._record('downlink_queued', f_port=item.f_port, hex=item.payload.hex().upper())
        return refused

    def is_ready(self):
        """Whether the first one may be sent."""
        return bool(self._items) and self.pending is None

    def take(self, room):
        """The first one that is in time and fits into room bytes; None if there is none."""
        while self.is_ready():
            item = self._items.popleft()
            if item.expires_at_s is not None and item.expires_at_s < self._messages.utc_s(self._kernel.now_us):
                self._drop(item, EXPIRED, 'Device queue-item discarded because it has expired')
                continue
            if len(item.payload) > room:
                self._drop(item, PAYLOAD_SIZE, 'Device queue-item discarded because it exceeds the max. payload size', max_payload_size=room,
                           item_size=len(item.payload))
                continue
            item.attempts += 1
            item.f_cnt = self.session.f_cnt_down
            if item.confirmed:
                self.pending = item
            return item
        return None

    def emitted(self, item, slot, rate, is_delayed):
        """The gateway took it."""
        self._publish(*self._messages.txack(self._kernel.now_us, self.session, item, slot, rate, is_delayed))

    def settle(self, ack):
        """An uplink came, with or without the acknowledgement."""
        # In class C it may still come until the time is over; in class A the next uplink was the last chance.
        if self.pending is not None and (ack or self.session.klass != 'C'):
            self._end(ack)

    def retry(self):
        """The time of the pending one is over: it is not sent again."""
        if self.pending is not None:
            self._end(False)

    def _end(self, acknowledged):
        item, self.pending = self.pending, None
        self._publish(*self._messages.ack(self._kernel.now_us, self.session, item, acknowledged))

    def _drop(self, item, code, description, **context):
        self._publish(*self._messages.log(self._kernel.now_us, self.session, code, description, queue_item_id=item.queue_id, **context))
