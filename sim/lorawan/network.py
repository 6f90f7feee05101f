"""The network side: gateways, network and application server, for one registered device; of which kind, says sim/lorawan/network_kinds.py.

What The Things Stack does, as read in its source (pkg/networkserver, v3.28 to v3.32) and documentation:
* an uplink counts after the 200 ms in which copies from other gateways are collected;
* a downlink (first of the queue, or the acknowledgement of a confirmed uplink) takes RX1 or else RX2 of the latest uplink while they can
  still be reached, in class C too; otherwise, for class C after the first uplink of the session, the parameters of RX2 as soon as possible:
  after 500 ms and 30 ms of scheduling, not before that RX2, and 1 s after the one before;
* the gateway that heard that uplink best sends, or the next where the first is down or its duty cycle forbids it; RX1 before RX2; in class C a
  downlink waits for the duty cycle, in class A for the next uplink;
* MAC commands ride on what goes out, or go alone in a receive window; they wait where the payload would not fit beside them;
* a confirmed class C downlink unanswered for 5 min is sent again (pull request 7731 of 2025).
ChirpStack does the same in other times, and its queue has rules of its own (sim/lorawan/chirpstack_queue.py).
Gateways are half duplex: what the device sends while one transmits is lost to it. Fair use is counted and never enforced.
"""

from base64 import b64encode
from collections import namedtuple
from random import Random

from sim.lorawan import clock_server, network_kinds
from sim.lorawan.time_on_air import REGIONS, SlidingSum, data_bytes, time_on_air_us
from sim.lorawan.duty_cycle import DutyCycle
from sim.lorawan.link_budget import FADING_DB, NEAR_DB, LinkBudget
from sim.lorawan.mac_commands import ServerMac
from sim.lorawan.end_device import CLASS_A, CLASS_C, JOIN_ACCEPT_DELAY_US, RX1, RX2, RX2_AFTER_RX1_US, Downlink, EndDevice

DEDUPLICATION_US = 200_000

Slot = namedtuple('Slot', 'start_us window dr frequency_hz gateway')     # a downlink's place on the air


class Session:
    """What a join makes: both ends' keys, stood for by the identity of this object, and the server's state."""

    __slots__ = ('key_id', 'dev_addr', 'rx1_delay_us', 'f_cnt_down', 'f_cnt_up', 'klass', 'last_uplink', 'windows_open', 'owes_ack',
                 'owes_frame', 'requests')

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
        self.owes_frame = False     # any frame will do: the device wants to know that it is heard
        self.requests = b''         # MAC commands for the next downlink


class Network:
    """Gateways, network server and application server of one device.

    record: the timeline (uplink, downlink_queued, downlink, join); decode(f_port, payload) gives the formatter's data or None;
    publish(topic suffix, message) takes what goes out on MQTT; losses are probabilities per frame, beside what the link budget loses
    (path_loss_db for each gateway, fading_db, see sim.lorawan.link_budget); join_loss is that of join requests. modem: options of every Radio.
    kind: a row of sim.lorawan.network_kinds. clock_sync: the clock server answers. registered: a sim.lorawan.registration.Registration, whose device
    alone may join; None: any. duty: what the device has emitted in each sub-band.
    """

    def __init__(self, kernel, record, *, region='AU915', uplink_loss=0.0, downlink_loss=0.0, rx1_delay_s=5, seed=1, decode=None,
                 publish=None, start_utc_s=0, device_id='wallbox', application_id='ev-charger', join_loss=0.0, path_loss_db=(NEAR_DB,),
                 fading_db=FADING_DB, clock_sync=True, modem=None, registered=None, kind=network_kinds.THE_THINGS_STACK):
        self.kind = network_kinds.KINDS[kind]
        self.region = REGIONS[region]
        self.session = None
        self.device = None
        self.uplink_loss = uplink_loss
        self.downlink_loss = downlink_loss
        self.join_loss = join_loss
        self.clock_sync = clock_sync
        self.link = LinkBudget(region, path_loss_db, fading_db, seed)
        self.duty = DutyCycle(region)
        self.mac = ServerMac(self.region, start_utc_s)
        self._start_us = start_utc_s * 1_000_000
        self._modem = modem or {}
        self._registered = registered
        self._kernel = kernel
        self._record = record
        self._decode = decode or (lambda f_port, payload: None)
        self._publish = publish or (lambda suffix, message: None)
        self._messages = self.kind.messages(device_id, application_id, start_utc_s, Random('%s messages' % seed), region)
        self.queue = self.kind.queue(kernel, record, self._publish, self._messages)
        self._rx1_delay_us = rx1_delay_s * 1_000_000
        self._seed = seed
        self._boots = 0
        self._keys = Random('%s keys' % seed)
        self._uplink_luck = Random('%s uplink' % seed)
        self._downlink_luck = Random('%s downlink' % seed)
        self._join_luck = Random('%s join' % seed)
        self._emissions_us = SlidingSum()
        self._downlinks = SlidingSum()
        self._booked = None         # the next downlink's handle
        self._on_air = None
        self._next_class_c_us = 0

    # What the world and the application do.

    def radio(self, klass=CLASS_C, adr=False):
        """The device's modem after a boot; the one before it is dead."""
        if self.device is not None:
            self.device.kill()
        self._boots += 1
        self.device = EndDevice(self._kernel, self, klass, '%s boot %d' % (self._seed, self._boots), adr=adr, **self._modem)
        return self.device

    def push(self, items, replace=False):
        """New downlinks, {"f_port", "payload"} and what else the queue takes, behind or instead of those that wait; the ones refused in silence."""
        refused = self.queue.push(items, replace)
        self._plan()
        return refused

    def gateway_down(self, until_us, gateway=None):
        """Nothing gets through that gateway (counted from 0; None: any) until then; replaces a running outage."""
        for one in self.link.gateways if gateway is None else (self.link.gateways[gateway],):
            one.down_until_us = until_us
        self._kernel.at(until_us, self._plan)

    def lose_session(self):
        """The server forgets the session (reset, restored backup); the device does not know."""
        self.session = self.queue.session = None
        self._kernel.cancel(self._booked)
        self._booked = None

    def uplink_airtime_s_max_day(self):
        """Seconds of the device's emissions in the worst 24 h: joins, repeats and empty frames included."""
        return self._emissions_us.largest() / 1e6

    def duty_permille_max(self):
        """{sub-band: thousandths of the worst sliding hour that the device took}, EU868 only."""
        return self.duty.largest_permille()

    def downlinks_max_day(self):
        """Data downlinks, acknowledgements included, in the worst 24 h."""
        return self._downlinks.largest()

    # Uplinks.

    def uplink_over(self, frame, intact):
        """The device's frame ends (or breaks off: intact false)."""
        airtime_us = frame.end_us - frame.start_us
        self._emissions_us.add(frame.end_us, airtime_us)
        self.duty.add(frame.start_us, frame.end_us, frame.frequency_hz)
        frame.receptions = self.link.up(frame)
        lost = self._uplink_luck.random() < self.uplink_loss
        received = intact and not lost and bool(frame.receptions)
        if frame.session is None:
            received = received and self._join_luck.random() >= self.join_loss and self._is_registered(frame)
            self._record('join', accepted=received, airtime_ms=airtime_us / 1000)
            if received:
                self._kernel.after(DEDUPLICATION_US, self._accept_join, frame)
            return
        decoded = self._decode(frame.f_port, frame.payload)
        self._record('uplink', f_port=frame.f_port, hex=frame.payload.hex().upper(), decoded=decoded, sf=frame.rate.sf,
                     airtime_ms=airtime_us / 1000, received=received)
        if received:
            self._kernel.after(DEDUPLICATION_US, self._take_uplink, frame, decoded)

    def _is_registered(self, request):
        return self._registered is None or request.identity == self._registered.identity

    def _accept_join(self, request):
        key_id = b64encode(self._keys.randbytes(16)).decode('ascii')
        self.session = self.queue.session = Session(key_id, '260D%04X' % self._keys.getrandbits(16), self._rx1_delay_us)
        self._publish_all(self._messages.on_join(self._kernel.now_us, self.session))
        self.mac.new_session()
        self._kernel.cancel(self._booked)
        self._booked = None
        slot = self._window_slot(request, JOIN_ACCEPT_DELAY_US, self.region.join_accept_bytes)
        if slot is not None:
            self._booked = self._kernel.at(slot.start_us, self._send_join_accept, request, self.session, slot)

    def _send_join_accept(self, request, session, slot):
        self._booked = None
        if slot.gateway.is_up(self._kernel.now_us):
            self._put_on_air(Downlink(session, slot.window, answers=request), slot, self.region.join_accept_bytes)

    def _take_uplink(self, frame, decoded):
        session = frame.session
        if session is not self.session:
            return
        session.klass = frame.klass if self._registered is None or self._registered.class_c else CLASS_A
        session.last_uplink = frame
        session.windows_open = True
        session.owes_ack = frame.confirmed
        session.owes_frame = frame.adr_ack_req
        if frame.f_cnt > session.f_cnt_up:      # else a repetition: acknowledged again, not reported again
            session.f_cnt_up = frame.f_cnt
            self.mac.uplink(frame, self._kernel.now_us)
            self.queue.settle(frame.ack)
            self._publish_all(self._messages.on_uplink(self._kernel.now_us, frame, decoded))
            if self.mac.status_us == self._kernel.now_us and self.mac.status:
                self._publish_all(self._messages.on_status(self._kernel.now_us, session, *self.mac.status))
            self._answer_clock(frame)
        session.requests = self.mac.requests(frame, self._kernel.now_us)
        self._plan()

    def _answer_clock(self, frame):
        if self.clock_sync and frame.f_port == clock_server.CLOCK_PORT:
            answer = self.kind.clock(frame.payload, self._start_us + frame.end_us)
            if answer:
                self.queue.push([{'f_port': clock_server.CLOCK_PORT, 'payload': answer}])

    def _publish_all(self, messages):
        for topic_and_message in messages:
            self._publish(*topic_and_message)

    # Downlinks.

    def _plan(self):
        """Book the next downlink, if there is one and a slot for it."""
        session = self.session
        if session is None or self._booked is not None or self._on_air is not None:
            return
        if not self.queue.is_ready() and not self._owes(session):
            return
        slot = self._next_slot(session)
        if slot is not None:
            self._booked = self._kernel.at(slot.start_us, self._send, session, slot)

    def _owes(self, session):
        """Whether the network has something to say itself."""
        return session.owes_ack or session.owes_frame or bool(session.requests)

    def _next_slot(self, session):
        """The earliest Slot possible, or None."""
        frame = session.last_uplink
        if frame is None:
            return None
        size = data_bytes(self.queue.next_bytes(), len(session.requests))
        slot = self._window_slot(frame, session.rx1_delay_us, size) if session.windows_open else None
        if slot is not None or session.klass != CLASS_C:
            return slot
        earliest_us = max(self._kernel.now_us + self.kind.any_time_us, frame.end_us + session.rx1_delay_us + RX2_AFTER_RX1_US, self._next_class_c_us)
        slots = [self._slot(gateway, RX2, earliest_us, frame, size) for gateway in self._paths(frame)]
        return min(slots, key=lambda slot: slot.start_us, default=None)

    def _window_slot(self, frame, delay_us, size):
        """The first receive window of that uplink which can still be reached and whose sub-band is free, or None."""
        for gateway in self._paths(frame):
            for window, start_us in ((RX1, frame.end_us + delay_us), (RX2, frame.end_us + delay_us + RX2_AFTER_RX1_US)):
                if self._kernel.now_us + self.kind.window_us <= start_us:
                    slot = self._slot(gateway, window, start_us, frame, size)
                    if slot.start_us == start_us:
                        return slot
        return None

    def _paths(self, frame):
        """The gateways that heard it and work, the best first."""
        return [reception.gateway for reception in frame.receptions if reception.gateway.is_up(self._kernel.now_us)]

    def _slot(self, gateway, window, start_us, frame, size):
        """That window's Slot, put off until the gateway's duty cycle allows it."""
        region = self.region
        dr, frequency_hz = (region.rx1_dr(frame.dr), region.rx1_hz(frame.frequency_hz)) if window == RX1 else (region.rx2_dr, region.rx2_hz)
        airtime_us = time_on_air_us(size, region.downlink[dr], crc=False)
        return Slot(gateway.duty.free_us(start_us, airtime_us, frequency_hz), window, dr, frequency_hz, gateway)

    def _send(self, session, slot):
        """The slot has come: send the first item of the queue in it."""
        self._booked = None
        if not slot.gateway.is_up(slot.start_us):
            self._plan()
            return
        requests = session.requests
        room = self.region.downlink_room(slot.dr)
        if room - len(requests) < (self.queue.next_bytes() or 0) <= room:
            requests = b''
        item = self.queue.take(room - len(requests))
        if item is None and not self._owes(session):
            return
        frame = Downlink(session, slot.window, ack=session.owes_ack, f_opts=requests)
        session.owes_ack = session.owes_frame = False
        session.requests = b''
        is_window = slot.start_us <= session.last_uplink.end_us + session.rx1_delay_us + RX2_AFTER_RX1_US
        session.windows_open = session.windows_open and not is_window
        self._next_class_c_us = slot.start_us + self.kind.class_c_interval_us
        if item is not None:
            frame.f_port, frame.payload, frame.confirmed = item.f_port, item.payload, item.confirmed
            self.queue.emitted(item, slot, self.region.downlink[slot.dr], is_window)
            if item.confirmed and session.klass == CLASS_C:
                self._kernel.after(self.kind.class_c_timeout_us, self._give_up_waiting, item, item.attempts)
        session.f_cnt_down += 1
        self._put_on_air(frame, slot, data_bytes(None if item is None else len(item.payload), len(requests)))

    def _give_up_waiting(self, item, attempts):
        if self.queue.pending is item and item.attempts == attempts:
            self.queue.retry()
            self._plan()

    def _put_on_air(self, frame, slot, size):
        rate = self.region.downlink[slot.dr]
        frame.gateway = slot.gateway
        frame.start_us = self._kernel.now_us
        frame.end_us = frame.start_us + time_on_air_us(size, rate, crc=False)
        self._on_air = frame
        slot.gateway.begin(frame.start_us, frame.end_us, slot.frequency_hz)
        snr = self.link.down(slot.gateway, rate, slot.window == RX1)
        if self._downlink_luck.random() >= self.downlink_loss and snr is not None:
            frame.snr = snr
            self.device.preamble(frame)
        self._kernel.at(frame.end_us, self._downlink_over, frame)

    def _downlink_over(self, frame):
        self._on_air = None
        frame.gateway.end(frame.end_us)
        received = self.device.over(frame, frame.start_us >= frame.gateway.down_until_us)
        if frame.answers is None:
            self._downlinks.add(frame.end_us, 1)
            self._record('downlink', f_port=frame.f_port, hex=frame.payload.hex().upper(), received=received)
        self._plan()
