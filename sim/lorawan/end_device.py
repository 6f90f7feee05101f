"""A LoRaWAN end device on the simulated air: MAC and transceiver behind the Radio contract, without cryptography.

Physics: a frame occupies the air for its airtime; while transmitting nothing is heard; a receiver hears a frame only if it was open, on
that window's parameters, when the preamble began, and stays so until the end. Class A opens RX1 and RX2 after each uplink; class C has
the parameters of RX2 open whenever it is joined, does not transmit and is not in RX1.
Sources: LoRaWAN 1.0.2 chapters 3.3, 6.2 and 18; Semtech's LoRaMac-node (ACK_TIMEOUT, data rate lowered every second trial, a class C
reception that RX1 breaks off, results reported when the receive windows are over).
"""

from collections import deque
from random import Random

from hal.contract import ACKED, FAILED, HEARD, JOIN_FAILED, JOINED, RECEIVED, SENT

from sim.lorawan.time_on_air import JOIN_REQUEST_BYTES, data_bytes, preamble_us, time_on_air_us
from sim.lorawan.mac_commands import DeviceMac

CLASS_A = 'A'
CLASS_C = 'C'
RX1 = 'RX1'
RX2 = 'RX2'
JOIN_ACCEPT_DELAY_US = 5_000_000    # JOIN_ACCEPT_DELAY1, whatever the session's RX1 delay will be
RX2_AFTER_RX1_US = 1_000_000
RX_EARLY_US = 5_000                 # a window opens this long before its time, for the clock's error
ACK_TIMEOUT_US = (1_000_000, 3_000_000)
HIGHEST_PORT = 223                  # 224 belongs to the compliance test, 225 to 255 are reserved

# What the transceiver is doing.
IDLE, SENDING, WAITING, IN_RX1, IN_RX2, BACKING_OFF, DEAD = range(7)


class Uplink:
    """A frame of the device on the air; session None makes it a join request, which proves `identity`; receptions: the best gateway's first."""

    __slots__ = ('identity', 'klass', 'session', 'dr', 'rate', 'frequency_hz', 'start_us', 'end_us', 'f_cnt', 'f_port', 'payload', 'confirmed', 'ack',
                 'f_opts', 'adr', 'adr_ack_req', 'receptions')


class Downlink:
    """A frame of a gateway on the air; answers is the join request that a join accept answers, else None; snr is that at the device, in dB."""

    __slots__ = ('answers', 'session', 'window', 'gateway', 'snr', 'start_us', 'end_us', 'f_port', 'payload', 'confirmed', 'ack', 'f_opts')

    def __init__(self, session, window, answers=None, ack=False, f_opts=b''):
        self.session, self.window, self.answers, self.ack, self.f_opts = session, window, answers, ack, f_opts
        self.f_port, self.payload, self.confirmed = 0, b'', False
        self.gateway, self.snr = None, 0


class _Task:
    """The one thing under way: a join (port None) or an uplink with its repetitions."""

    __slots__ = ('port', 'payload', 'confirmed', 'dr', 'emissions', 'acked', 'ack', 'f_cnt', 'options')

    def __init__(self, dr, port=None, payload=b'', confirmed=False):
        self.dr = dr
        self.port = port
        self.payload = payload
        self.confirmed = confirmed
        self.emissions = 0
        self.acked = False
        self.ack = False
        self.f_cnt = 0
        self.options = (b'', False, False)      # FOpts, ADR bit, ADRACKReq bit


class EndDevice:
    """One power-up of the device's modem; the network makes a fresh one at each boot (session and counters are volatile).

    adr: the network sets the data rate. trials: emissions of a confirmed frame at most (the LoPy4 is asked for one). device_time: the MAC
    knows DeviceTimeReq (the LoPy4's does not).
    identity: (DevEUI, JoinEUI, AppKey) in upper-case hex, for the code in its join requests; None: anybody.
    fault_drop_event: a kind of event (hal.contract) of which the next one is swallowed, as bad modem firmware does.
    """

    def __init__(self, kernel, network, klass=CLASS_C, seed=1, trials=1, adr=False, device_time=False):
        self.klass = klass
        self.session = None
        self.mac = DeviceMac(network.region, adr, device_time)
        self.fault_drop_event = None
        self.identity = None
        self._kernel = kernel
        self._network = network
        self._region = network.region
        self._trials = trials
        self._random = Random('%s radio' % seed)
        self._events = deque()
        self._state = IDLE
        self._task = None
        self._frame = None
        self._locked = None
        self._timer = None
        self._rx1_us = 0
        self._f_cnt = 0
        self._ack_due = False

    # The Radio contract.

    def join(self, data_rate):
        """Start one OTAA attempt; the previous session ends immediately."""
        if self._task is not None or self._state == DEAD or data_rate not in self._region.uplink:
            return False
        self.session = None
        self.mac.new_session(None)
        self._ack_due = False
        self._task = _Task(data_rate)
        self._transmit()
        return True

    def send(self, port, payload, confirmed, data_rate):
        """Start one uplink; with ADR at the network's data rate, whatever is asked for."""
        if self.mac.data_rate is not None:
            data_rate = self.mac.data_rate
        if self._task is not None or self.session is None or not 1 <= port <= HIGHEST_PORT:
            return False
        if data_rate not in self._region.uplink or len(payload) > self.max_payload(data_rate):
            return False
        task = self._task = _Task(data_rate, port, bytes(payload), bool(confirmed))
        task.ack = self._ack_due
        task.f_cnt = self._f_cnt
        task.options = self.mac.uplink()
        self._ack_due = False
        self._f_cnt += 1
        self._transmit()
        return True

    def poll(self):
        """The next event, or None."""
        return self._events.popleft() if self._events else None

    def max_payload(self, data_rate):
        """Room for the application beside the MAC's answers. Where the dwell limit leaves none at all (DR0 and DR1 of AU915 and AS923), a
        site that uses the rate has no such limit."""
        return max(0, self._room(data_rate) - self.mac.waiting_bytes())

    def data_rate(self):
        """The network's choice; None without ADR or session."""
        return self.mac.data_rate

    def ask_time(self):
        """DeviceTimeReq with the next uplink; False where the MAC knows none."""
        return self.mac.ask_time()

    def utc_s(self):
        """The network's time, once received."""
        return self.mac.utc_s(self._kernel.now_us)

    # What the world does to it.

    def kill(self):
        """Power is gone: a frame on the air breaks off, nothing happens any more."""
        self._kernel.cancel(self._timer)
        sending, self._state = self._state == SENDING, DEAD
        self.session = self._task = self._locked = None
        self._events.clear()
        if sending:
            self._frame.end_us = self._kernel.now_us
            self._network.uplink_over(self._frame, False)

    def preamble(self, frame):
        """A downlink begins."""
        state = self._state
        if frame.window == RX1:
            listening = state == IN_RX1
        else:
            listening = state == IN_RX2 or self.klass == CLASS_C and self.session is not None and state in (IDLE, WAITING, BACKING_OFF)
        if listening:
            self._locked = frame

    def over(self, frame, intact):
        """A downlink ends; True if it was heard and meant for this session."""
        if self._locked is not frame:
            return False
        self._locked = None
        mine = intact and self._is_mine(frame)
        if mine and frame.answers is None:
            self.mac.downlink(frame)
        acked = mine and frame.ack and self._task is not None and self._task.confirmed
        if acked:
            self._task.acked = True
        if mine and frame.answers is not None:
            self._joined(frame)
            return True
        if self._state in (IN_RX1, IN_RX2) or self._state == BACKING_OFF and acked:
            self._leave_window(mine)
        if mine:
            self._deliver(frame, acked)
        return mine

    # The MAC.

    def _transmit(self):
        task = self._task
        frame = self._frame = Uplink()
        region = self._region
        dr = frame.dr = self._trial_rate(task)
        rate = frame.rate = region.uplink[dr]
        frame.frequency_hz = region.wide_channel if dr == region.wide_dr else self._random.choice(region.channels)
        frame.identity = self.identity
        frame.klass = self.klass
        frame.session = self.session
        frame.f_port, frame.payload, frame.confirmed, frame.ack, frame.f_cnt = task.port, task.payload, task.confirmed, task.ack, task.f_cnt
        frame.f_opts, frame.adr, frame.adr_ack_req = task.options
        frame.receptions = ()
        size = JOIN_REQUEST_BYTES if task.port is None else data_bytes(len(task.payload) or None, len(frame.f_opts))
        frame.start_us = self._kernel.now_us
        frame.end_us = frame.start_us + time_on_air_us(size, rate)
        task.emissions += 1
        self._locked = None
        self._enter(SENDING, frame.end_us, self._transmitted)

    def _trial_rate(self, task):
        """The data rate asked for, lowered by one for every two trials gone, as long as the payload fits."""
        dr = task.dr
        for _ in range(task.emissions // 2):
            if dr - 1 not in self._region.uplink or len(task.payload) + len(task.options[0]) > self._room(dr - 1):
                break
            dr -= 1
        return dr

    def _room(self, dr):
        return self._region.uplink_room(dr) or self._region.uplink_room(dr, dwell=False)

    def _transmitted(self):
        frame = self._frame
        self.mac.emitted(frame)
        self._rx1_us = frame.end_us + (JOIN_ACCEPT_DELAY_US if frame.session is None else frame.session.rx1_delay_us)
        self._enter(WAITING, self._rx1_us - RX_EARLY_US, self._open_rx1)
        self._network.uplink_over(frame, True)

    def _open_rx1(self):
        self._locked = None     # RX1 takes the receiver away from whatever class C was hearing
        rate = self._region.downlink[self._region.rx1_dr(self._frame.dr)]
        self._enter(IN_RX1, self._rx1_us + preamble_us(rate), self._close_rx1)

    def _close_rx1(self):
        if self._locked is None:
            self._enter(WAITING, self._rx1_us + RX2_AFTER_RX1_US - RX_EARLY_US, self._open_rx2)

    def _open_rx2(self):
        rate = self._region.downlink[self._region.rx2_dr]
        self._enter(IN_RX2, self._rx1_us + RX2_AFTER_RX1_US + preamble_us(rate), self._close_rx2)

    def _close_rx2(self):
        if self._locked is None:
            self._windows_over()

    def _leave_window(self, satisfied):
        """A frame ended the window: satisfied or not, or RX2 is still to come."""
        self._kernel.cancel(self._timer)
        if not satisfied and self._state == IN_RX1 and self._kernel.now_us < self._rx1_us + RX2_AFTER_RX1_US - RX_EARLY_US:
            self._close_rx1()
        else:
            self._windows_over()

    def _windows_over(self):
        task = self._task
        if task.confirmed and not task.acked and task.emissions < self._trials:
            self._enter(BACKING_OFF, self._kernel.now_us + self._random.randint(*ACK_TIMEOUT_US), self._transmit)
            return
        self._task = None
        self._state = IDLE
        if task.port is None:
            self._emit((JOIN_FAILED, 0, None))
        elif not task.confirmed:
            self._emit((SENT, task.emissions, None))
        elif task.acked:
            self._emit((ACKED, task.emissions, None))
        else:
            self._emit((FAILED, task.emissions, 'no_ack'))

    def _is_mine(self, frame):
        if frame.answers is not None:
            return frame.answers is self._frame
        return frame.session is self.session

    def _joined(self, frame):
        self.session = frame.session
        self.mac.new_session(frame.answers.dr)
        self._f_cnt = 0
        self._task = None
        self._state = IDLE
        self._emit((JOINED, 0, None))

    def _deliver(self, frame, acked):
        if frame.confirmed:
            self._ack_due = True
        if frame.payload:
            self._emit((RECEIVED, frame.f_port, frame.payload))
        elif not acked:
            self._emit((HEARD, 0, None))

    def _emit(self, event):
        if event[0] == self.fault_drop_event:
            self.fault_drop_event = None
            return
        self._events.append(event)
        self._kernel.wake = True

    def _enter(self, state, until_us, then):
        self._state = state
        self._timer = self._kernel.at(until_us, then)
