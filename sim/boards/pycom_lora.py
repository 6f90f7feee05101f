"""Fake of network.LoRa and its socket (firmware 1.20.2.r6).

Semantics of the vendor's source (esp32/mods/modlora.c, LoRaMac-node 1.0.2): one task that serves one command at a time, events
that are missing when the MAC refuses a frame, a join that repeats itself every 10 s unless it is stopped, a receive queue of
seven. Only what this project's firmware may use exists; anything else is an AttributeError or a TypeError, as on the board.
"""

import random

from sim.boards.pycom_air import CHANNELS, DATA_RATES, DEFAULT_DR, HIGHEST_DR, JOIN_DATA_RATES, MAX_PAYLOAD, RX2, time_on_air_us

SECOND_US = 1000000
JOIN_RETRY_US = 10 * SECOND_US
JOIN_STEP_US = 50000
RX_QUEUE = 7
TX_QUEUE = 7

EAGAIN = 11
EMSGSIZE = 90
EOPNOTSUPP = 95
ENETDOWN = 100


class Hang(BaseException):
    """The firmware waits for the LoRa task, which will never answer, and no watchdog runs."""


class LoraTask:
    """The part that survives a soft reset: MAC, LoRaWAN session and queues. One per boot of the board."""

    def __init__(self, board):
        self.board = board
        self.kernel = board.kernel
        self.air = board.air
        self.random = random.Random(5)
        self.ready = False          # LoRa(...) was called with arguments
        self.inits = 0
        self.region = None
        self.adr = False
        self.mac_rate = 0           # with ADR: what the MAC sends at, whatever the socket asks for
        self.last_rate = 0          # of the last frame that ended well
        self.tx_retries = 2
        self.klass = None
        self.channels = set()
        self.joined = False
        self.busy_until_us = 0      # the MAC is in a transmission or its windows
        self.stuck = False          # the task waits for a result that the MAC never gives
        self.pending = []           # frames queued behind the running one
        self.events = 0
        self.received = []          # (port, payload), at most RX_QUEUE
        self.rest = b''             # of a packet that did not fit recv's buffer
        self.rx_timestamp = 0
        self.trials = 0
        self.counter = 0
        self.retry = None
        self.generation = 0         # results of an older MAC are void

    def wait_idle(self):
        """lora_send_cmd(): holds the interpreter until the task has served the command."""
        if self.stuck:
            self.board.wait_for_watchdog(Hang('the LoRa task is in a transmission for ever'))
        if self.busy_until_us > self.kernel.now_us:
            self.kernel.run_until(self.busy_until_us)
        self.board.spend(2000)

    def init(self, region, adr, tx_retries, klass):
        self.wait_idle()
        self.generation += 1
        self.kernel.cancel(self.retry)
        self.ready, self.joined, self.pending = True, False, []
        self.inits += 1
        self.region, self.adr, self.tx_retries, self.klass = region, adr, tx_retries, klass
        self.mac_rate = DEFAULT_DR[region]
        self.channels = set(range(CHANNELS[region])) if CHANNELS[region] == 72 else {0, 1, 2}

    def on_air_us(self, length, data_rate):
        return time_on_air_us(length, *DATA_RATES[self.region][data_rate])

    def rx2_us(self, length):
        return time_on_air_us(length, *RX2[self.region])

    def channel_for(self, data_rate):
        """A random enabled one that allows the data rate: 500 kHz rates live on channels 64 to 71."""
        if CHANNELS[self.region] != 72:
            return self.random.choice(sorted(self.channels))
        wide = DATA_RATES[self.region][data_rate][1] == 500
        return self.random.choice([channel for channel in sorted(self.channels) if (channel >= 64) == wide])

    # --- joining

    def request_join(self, data_rate, auth):
        """One request, and the timer that repeats it."""
        self.joined = False
        self.retry = self.kernel.after(JOIN_RETRY_US, self.request_join, data_rate, auth)
        air_us = self.on_air_us(23, data_rate)
        end_us = self.kernel.now_us + air_us
        self.air.joins.append((end_us, data_rate) + auth)
        accepted = self.air.accepts and self.air.hears(self.channel_for(data_rate))
        answer_us = end_us + 5 * SECOND_US + self.on_air_us(33, data_rate) if accepted else end_us + 6300000
        self.busy_until_us = answer_us
        if accepted:
            self.kernel.at(answer_us, self.accept, self.generation)

    def accept(self, generation):
        if generation == self.generation:
            self.kernel.cancel(self.retry)
            self.joined = True
            self.counter = 0

    # --- sending

    def queue(self, frame):
        """xQueueSend without waiting; False when the queue is full."""
        if len(self.pending) >= TX_QUEUE:
            return False
        self.pending.append(frame)
        self.kernel.after(2000, self.serve)
        return True

    def serve(self):
        if self.pending and not self.stuck and self.kernel.now_us >= self.busy_until_us:
            port, payload, confirmed, data_rate = self.pending.pop(0)
            if self.adr:
                data_rate = self.mac_rate
            if len(payload) > MAX_PAYLOAD[self.region][data_rate] - self.air.mac_answers:
                # Refused: an empty frame flushes the MAC's answers, without any report.
                self.emit(None, b'', False, data_rate)
                self.air.mac_answers = 0
                self.busy_until_us = self.kernel.now_us + self.on_air_us(13, data_rate)
            else:
                self.transmit(port, payload, confirmed, data_rate, 1)

    def emit(self, port, payload, confirmed, data_rate):
        end_us = self.kernel.now_us + self.on_air_us(13 + len(payload), data_rate)
        self.air.uplinks.append((end_us, port, payload, confirmed, data_rate))
        return end_us, self.air.hears(self.channel_for(data_rate))

    def transmit(self, port, payload, confirmed, data_rate, trial):
        end_us, heard = self.emit(port, payload, confirmed, data_rate)
        self.air.mac_answers = 0
        downlink, ack = None, False
        if heard:
            if self.air.adr_rate is not None:
                self.mac_rate = self.air.adr_rate
            ack = confirmed and self.air.acks
            if self.air.downlinks:
                downlink = self.air.downlinks.pop(0)
            elif self.air.mac_commands:
                self.air.mac_commands, downlink = False, (None, b'')
            elif ack:
                downlink = (None, b'')
        rx1_us = end_us + self.air.rx1_delay_s * SECOND_US
        if downlink is not None:
            over_us = rx1_us + self.on_air_us(13 + len(downlink[1]), data_rate)
            self.kernel.at(over_us, self.receive, self.generation, *downlink)
        else:
            over_us = rx1_us + SECOND_US + 200000
        self.busy_until_us = over_us
        self.kernel.at(over_us, self.finish, self.generation, (port, payload, confirmed, data_rate), trial, ack, downlink)

    def finish(self, generation, frame, trial, ack, downlink):
        if generation != self.generation:
            return
        if frame[2] and not ack:
            if downlink is not None:
                self.stuck = True      # "the stack will re-transmit", says the source; it does not
                return
            if trial <= self.tx_retries:
                self.transmit(*frame, trial + 1)
                return
            self.events |= 4
        else:
            self.events |= 2
            self.trials = trial
            self.last_rate = frame[3]
            self.counter += 1
        self.serve()

    # --- receiving

    def receive(self, generation, port, payload):
        if generation != self.generation:
            return
        self.rx_timestamp = self.kernel.now_us // 1000 & 0xFFFFFFFF
        if payload and port is not None and 0 < port < 224:
            if len(self.received) < RX_QUEUE:
                self.received.append((port, payload))
            self.events |= 1

    def push(self, port, payload):
        """Class C: on the air now, unless the modem is busy; class A: after the next uplink."""
        if self.klass == LoRa.CLASS_C and self.joined and self.kernel.now_us >= self.busy_until_us and not self.air.deaf:
            self.kernel.after(self.rx2_us(13 + len(payload)), self.receive, self.generation, port, payload)
        else:
            self.air.downlinks.append((port, payload))


class LoRaTimeout(OSError):
    """The vendor's TimeoutError: no builtin name, args[0] is a string."""


class LoRa:
    """network.LoRa: a singleton; any keyword restarts it."""

    board = None
    timeout = LoRaTimeout
    LORA, LORAWAN = 0, 1
    OTAA, ABP = 0, 1
    CLASS_A, CLASS_C = 0, 2
    RX_PACKET_EVENT, TX_PACKET_EVENT, TX_FAILED_EVENT = 1, 2, 4
    AS923, AU915, EU868, US915 = 'AS923', 'AU915', 'EU868', 'US915'

    def __new__(cls, id=0, **arguments):
        if cls.board.lora is None:
            cls.board.lora = object.__new__(cls)
        if arguments or not cls.board.lora_task.ready:
            cls.board.lora.init(**arguments)
        return cls.board.lora

    def __init__(self, id=0, **arguments):
        pass    # all is done in __new__

    def init(self, *, mode=LORA, frequency=None, tx_power=None, bandwidth=0, sf=7, preamble=8, coding_rate=1, power_mode=0,
             tx_iq=False, rx_iq=False, adr=False, public=True, tx_retries=2, device_class=CLASS_A, region=None):
        if mode != self.LORAWAN:
            raise ValueError('the fake has only LORAWAN')
        if region not in DATA_RATES:
            raise ValueError('no region specified and no default found in config block')
        if device_class not in (self.CLASS_A, self.CLASS_C):
            raise ValueError('invalid device_class %r' % device_class)
        self.board.lora_task.init(region, adr, tx_retries, device_class)

    def join(self, activation, *, auth, dr=None, timeout=None):
        task = self.board.lora_task
        if activation != self.OTAA:
            raise ValueError('the fake has only OTAA')
        if len(auth) == 2:
            auth = (self.mac(),) + tuple(auth)
        dev_eui, join_eui, app_key = (bytes(part) for part in auth)
        if (len(dev_eui), len(join_eui), len(app_key)) != (8, 8, 16):
            raise ValueError('the source would read beyond the buffer')
        allowed = JOIN_DATA_RATES[task.region]
        data_rate = allowed[-1] if dr is None else dr
        if data_rate not in allowed:
            raise ValueError('invalid join data rate %d' % dr)
        task.wait_idle()
        task.kernel.cancel(task.retry)
        task.request_join(data_rate, (dev_eui, join_eui, app_key))
        left_us = 2147483647000 if timeout is None else timeout * 1000
        if left_us > 0:
            while not task.joined and left_us >= 0:
                task.kernel.run_until(task.kernel.now_us + JOIN_STEP_US)
                left_us -= JOIN_STEP_US
            if left_us <= 0:
                task.kernel.cancel(task.retry)
                raise LoRaTimeout('timed out')

    def has_joined(self):
        return self.board.lora_task.joined

    def mac(self):
        return b'\x70\xb3\xd5\x49\x00\x00\x00\x01'

    def remove_channel(self, index):
        task = self.board.lora_task
        if not 0 <= index < CHANNELS[task.region]:
            raise ValueError('channel %d out of range' % index)
        task.wait_idle()
        if CHANNELS[task.region] == 72 or index > 2:
            task.channels.discard(index)

    def events(self):
        task = self.board.lora_task
        events, task.events = task.events, 0
        return events

    def stats(self):
        """rx_timestamp, rssi, snr, sfrx, sftx, tx_trials, tx_power, tx_time_on_air, tx_counter, tx_frequency."""
        task = self.board.lora_task
        return (task.rx_timestamp, -80, 9.0, 0, task.last_rate, task.trials, 0, 0, task.counter, 0)


class Socket:
    """usocket.socket(AF_LORA, SOCK_RAW)."""

    board = None

    def __init__(self, family=None, kind=None):
        task = self.board.lora_task
        if (family, kind) != (self.board.AF_LORA, self.board.SOCK_RAW):
            raise ValueError('the fake has only AF_LORA, SOCK_RAW')
        if not task.ready:
            raise OSError(ENETDOWN)
        self._task = task
        self._blocks = True
        self._port = 2
        self._confirmed = False
        self._data_rate = DEFAULT_DR[task.region]

    def setblocking(self, blocks):
        self._blocks = bool(blocks)

    def setsockopt(self, level, option, value):
        if level != self.board.SOL_LORA:
            raise OSError(EOPNOTSUPP)
        if option == self.board.SO_CONFIRMED:
            self._confirmed = bool(value)
        elif option == self.board.SO_DR and 0 <= value <= HIGHEST_DR[self._task.region]:
            self._data_rate = value
        else:
            raise OSError(EOPNOTSUPP)

    def bind(self, port):
        if port > 224:
            raise OSError(EOPNOTSUPP)
        self._port = port

    def send(self, data):
        task = self._task
        if self._blocks:
            raise Hang('a blocking send may wait for ever')
        if len(data) > 255:
            raise OSError(EMSGSIZE)
        if not data:
            return 0
        if not task.joined:
            raise OSError(ENETDOWN)
        if not task.queue((self._port, bytes(data), self._confirmed, self._data_rate)):
            raise OSError(EAGAIN)
        if len(data) > MAX_PAYLOAD[task.region][self._data_rate]:
            raise OSError(EMSGSIZE)     # and it is queued all the same
        return len(data)

    def recvfrom(self, size):
        """(data, port); (b'', 0) when there is nothing. The rest of a larger packet comes next, with a meaningless port."""
        task = self._task
        if task.rest:
            data, task.rest = task.rest[:size], task.rest[size:]
            return data, 173
        if not task.received:
            return b'', 0
        port, payload = task.received.pop(0)
        task.rest = payload[size:]
        return payload[:size], port
