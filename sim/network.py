"""The network beside the device: one gateway and The Things Stack's network server, for one registered device.

What the stack does, as read in its source (pkg/networkserver, v3.28 to v3.32) and documentation:
* an uplink counts after the 200 ms in which copies from other gateways are collected;
* a downlink (first of the queue, or the acknowledgement of a confirmed uplink) takes RX1 or else RX2 of the latest uplink while they can
  still be reached, in class C too; otherwise, for class C after the first uplink of the session, the parameters of RX2 as soon as possible:
  after 500 ms and 30 ms of scheduling, not before that RX2, and 1 s after the one before;
* a confirmed class C downlink unanswered for 5 min is sent again (pull request 7731 of 2025).
The gateway is half duplex: what the device sends while it transmits is lost. Fair use is counted and never enforced.
"""

from base64 import b64encode
from random import Random

from sim.airtime import DATA_OVERHEAD, REGIONS, SlidingDay, time_on_air_us
from sim.downlink_queue import DownlinkQueue
from sim.radio import CLASS_C, JOIN_ACCEPT_DELAY_US, RX1, RX2, RX2_AFTER_RX1_US, Downlink, Radio
from sim.tts_messages import Messages

DEDUPLICATION_US = 200_000
SCHEDULING_US = 530_000             # the Gateway Server's delay for "any time" downlinks and its queue
CLASS_C_INTERVAL_US = 1_000_000
CLASS_C_TIMEOUT_US = 300_000_000


class Session:
    """What a join makes: both ends' keys, stood for by the identity of this object, and the server's state."""

    __slots__ = ('key_id', 'dev_addr', 'rx1_delay_us', 'f_cnt_down', 'f_cnt_up', 'klass', 'last_uplink', 'windows_open', 'owes_ack')

    def __init__(self, key_id, dev_addr, rx1_delay_us):
        self.key_id = key_id
        self.dev_addr = dev_addr
        self.rx1_delay_us = rx1_delay_us
        self.f_cnt_down = 0
        self.f_cnt_up = -1
        self.klass = None
        self.last_uplink = None
        self.windows_open = False
        self.owes_ack = False


class Network:
    """Gateway, network server and application server of one device.

    record: the timeline (uplink, downlink_queued, downlink, join); decode(f_port, payload) gives the formatter's data or None;
    publish(topic suffix, message) takes what goes out on MQTT; losses are probabilities per frame.
    """

    def __init__(self, kernel, record, *, region='AU915', uplink_loss=0.0, downlink_loss=0.0, rx1_delay_s=5, seed=1, decode=None,
                 publish=None, start_utc_s=0, device_id='wallbox', application_id='ev-charger'):
        self.region = REGIONS[region]
        self.session = None
        self.device = None
        self.uplink_loss = uplink_loss
        self.downlink_loss = downlink_loss
        self._kernel = kernel
        self._record = record
        self._decode = decode or (lambda f_port, payload: None)
        self._publish = publish or (lambda suffix, message: None)
        self._messages = Messages(device_id, application_id, start_utc_s, Random('%s messages' % seed))
        self.queue = DownlinkQueue(kernel, record, self._publish, self._messages)
        self._rx1_delay_us = rx1_delay_s * 1_000_000
        self._seed = seed
        self._boots = 0
        self._keys = Random('%s keys' % seed)
        self._uplink_luck = Random('%s uplink' % seed)
        self._downlink_luck = Random('%s downlink' % seed)
        self._emissions_us = SlidingDay()
        self._downlinks = SlidingDay()
        self._down_until_us = 0
        self._booked = None         # the next downlink's handle
        self._on_air = None
        self._last_downlink_us = 0
        self._next_class_c_us = 0

    # What the world and the application do.

    def radio(self, klass=CLASS_C):
        """The device's modem after a boot; the one before it is dead."""
        if self.device is not None:
            self.device.kill()
        self._boots += 1
        self.device = Radio(self._kernel, self, klass, '%s boot %d' % (self._seed, self._boots))
        return self.device

    def push(self, items, replace=False):
        """down/push, or down/replace: {"f_port", "payload", "confirmed", "correlation_ids", "priority"}, the last three optional."""
        self.queue.push(items, replace)
        self._plan()

    def gateway_down(self, until_us):
        """Nothing gets through until then; replaces a running outage."""
        self._down_until_us = until_us
        self._kernel.at(until_us, self._plan)

    def lose_session(self):
        """The server forgets the session (reset, restored backup); the device does not know."""
        self.session = self.queue.session = None

    def uplink_airtime_s_max_day(self):
        """Seconds of the device's emissions in the worst 24 h: joins, repeats and empty frames included."""
        return self._emissions_us.largest() / 1e6

    def downlinks_max_day(self):
        """Data downlinks, acknowledgements included, in the worst 24 h."""
        return self._downlinks.largest()

    # Uplinks.

    def uplink_over(self, frame, intact):
        """The device's frame ends (or breaks off: intact false)."""
        airtime_us = frame.end_us - frame.start_us
        self._emissions_us.add(frame.end_us, airtime_us)
        lost = self._uplink_luck.random() < self.uplink_loss
        received = intact and not lost and not self._is_deaf(frame)
        if frame.session is None:
            self._record('join', accepted=received, airtime_ms=airtime_us / 1000)
            if received:
                self._kernel.after(DEDUPLICATION_US, self._accept_join, frame)
            return
        decoded = self._decode(frame.f_port, frame.payload)
        self._record('uplink', f_port=frame.f_port, hex=frame.payload.hex().upper(), decoded=decoded, sf=frame.rate.sf,
                     airtime_ms=airtime_us / 1000, received=received)
        if received:
            self._kernel.after(DEDUPLICATION_US, self._take_uplink, frame, decoded)

    def _is_deaf(self, frame):
        return self._on_air is not None or self._last_downlink_us > frame.start_us or frame.start_us < self._down_until_us

    def _accept_join(self, request):
        key_id = b64encode(self._keys.randbytes(16)).decode('ascii')
        self.session = self.queue.session = Session(key_id, '260D%04X' % self._keys.getrandbits(16), self._rx1_delay_us)
        self._publish('join', self._messages.join(self._kernel.now_us, self.session))
        self._kernel.cancel(self._booked)
        self._booked = self._kernel.at(request.end_us + JOIN_ACCEPT_DELAY_US, self._send_join_accept, request, self.session)

    def _send_join_accept(self, request, session):
        self._booked = None
        if self._kernel.now_us >= self._down_until_us:
            self._put_on_air(self._frame(session, RX1, answers=request), self.region.rx1_dr(request.dr), self.region.join_accept_bytes)

    def _take_uplink(self, frame, decoded):
        session = frame.session
        if session is not self.session:
            return
        session.klass = frame.klass
        session.last_uplink = frame
        session.windows_open = True
        session.owes_ack = frame.confirmed
        if frame.f_cnt > session.f_cnt_up:      # else a repetition: acknowledged again, not told again
            session.f_cnt_up = frame.f_cnt
            self.queue.settle(frame.ack)
            self._publish('up', self._messages.uplink(self._kernel.now_us, frame, decoded))
        self._plan()

    # Downlinks.

    def _plan(self):
        """Book the next downlink, if there is one and a slot for it."""
        session = self.session
        if session is None or self._booked is not None or self._on_air is not None:
            return
        if not self.queue.is_ready() and not session.owes_ack:
            return
        slot = self._next_slot(session)
        if slot is not None:
            self._booked = self._kernel.at(slot[0], self._send, session, *slot)

    def _next_slot(self, session):
        """(start_us, window, data rate) of the earliest downlink possible, or None."""
        frame = session.last_uplink
        if frame is None:
            return None
        region = self.region
        ready_us = self._kernel.now_us + SCHEDULING_US
        rx1_us = frame.end_us + session.rx1_delay_us
        rx2_us = rx1_us + RX2_AFTER_RX1_US
        if session.windows_open and ready_us <= rx1_us:
            return rx1_us, RX1, region.rx1_dr(frame.dr)
        if session.windows_open and ready_us <= rx2_us:
            return rx2_us, RX2, region.rx2_dr
        if session.klass == CLASS_C:
            return max(ready_us, rx2_us, self._next_class_c_us), RX2, region.rx2_dr
        return None

    def _send(self, session, start_us, window, dr):
        """The slot has come: what is first in the queue now goes out in it."""
        self._booked = None
        if start_us < self._down_until_us:
            return
        item = self.queue.take(self.region.downlink_room(dr))
        if item is None and not session.owes_ack:
            return
        frame = self._frame(session, window, ack=session.owes_ack)
        session.owes_ack = False
        rx2_us = session.last_uplink.end_us + session.rx1_delay_us + RX2_AFTER_RX1_US
        if start_us <= rx2_us:
            session.windows_open = False
        self._next_class_c_us = start_us + CLASS_C_INTERVAL_US
        size = DATA_OVERHEAD - 1
        if item is not None:
            frame.f_port, frame.payload, frame.confirmed = item.f_port, item.payload, item.confirmed
            size = DATA_OVERHEAD + len(item.payload)
            if item.confirmed and session.klass == CLASS_C:
                self._kernel.after(CLASS_C_TIMEOUT_US, self._give_up_waiting, item, item.attempts)
        session.f_cnt_down += 1
        self._put_on_air(frame, dr, size)

    def _give_up_waiting(self, item, attempts):
        if self.queue.pending is item and item.attempts == attempts:
            self.queue.retry()
            self._plan()

    def _frame(self, session, window, answers=None, ack=False):
        frame = Downlink()
        frame.session, frame.window, frame.answers, frame.ack = session, window, answers, ack
        frame.f_port, frame.payload, frame.confirmed = 0, b'', False
        return frame

    def _put_on_air(self, frame, dr, size):
        now_us = frame.start_us = self._kernel.now_us
        frame.end_us = now_us + time_on_air_us(size, self.region.downlink[dr], crc=False)
        self._on_air = frame
        if self._downlink_luck.random() >= self.downlink_loss:
            self.device.preamble(frame)
        self._kernel.at(frame.end_us, self._downlink_over, frame)

    def _downlink_over(self, frame):
        self._on_air = None
        self._last_downlink_us = frame.end_us
        received = self.device.over(frame, frame.start_us >= self._down_until_us)
        if frame.answers is None:
            self._downlinks.add(frame.end_us, 1)
            self._record('downlink', f_port=frame.f_port, hex=frame.payload.hex().upper(), received=received)
        self._plan()
