"""A modem behind a UART, byte by byte: command lines from the host's bytes, and answers at the speed of the wire.

The commands themselves are in sim/modems/wio_e5.py and sim/modems/rak3172.py.
"""

import os
import pty
import re
import tty

from hal.contract import HalError, SERIAL

from sim.kernel import Kernel
from sim.lorawan.mac_commands import DeviceMac
from sim.lorawan.end_device import EndDevice
from sim.live.realtime import RealTime

BITS_PER_BYTE = 10      # 8N1
INPUT_TIMEOUT_US = 1_000_000


class Mac(EndDevice):
    """The LoRaWAN side of a module: the simulated end device, which reports its events to the module immediately."""

    def __init__(self, kernel, network, seed, told):
        super().__init__(kernel, network, 'A', seed, trials=1, device_time=True)
        self._told = told
        self._is_adr_on = False

    @property
    def owes_ack(self):
        """True if a confirmed downlink waits for the next uplink to acknowledge it."""
        return self._ack_due

    @property
    def is_in_uplink(self):
        """True from the frame's first symbol until its receive windows are over."""
        return self._task is not None

    def use_adr(self, on, data_rate):
        """Let the network set the data rate, from that one on."""
        if on != self._is_adr_on:
            self._is_adr_on = on
            self.mac = DeviceMac(self._region, on, True)
            if self.session is not None:
                self.mac.new_session(data_rate)

    def use_rate(self, data_rate):
        """The host's wish counts also where the network may change it."""
        if self.mac.data_rate is not None:
            self.mac.data_rate = data_rate

    def _emit(self, event):
        self._told(event)


class AtModem:
    """UART and command line of a module; a class of its own has execute(line), _busy() and power_up().

    said: lines sent to the host. commands: lines it sent. violations: forbidden actions of a driver (a command while one is under way).
    Faults, each (pattern, ...) on the text of a line: drop(pattern), garble(pattern), answer(pattern, lines); silent: nothing is said.
    echo: what the host types comes back before the answer.
    """

    def __init__(self, kernel, network, baud, seed=1):
        self.kernel = kernel
        self.network = network
        self.said = []
        self.commands = []
        self.violations = []
        self.silent = False
        self.hung = False       # until its reset pin or its supply; nothing is heard or said
        self.silent_after_us = None     # of running: then it hangs
        self.echo = False
        self.mac = None
        self.sink = None        # takes bytes for the host
        self._byte_us = BITS_PER_BYTE * 1_000_000 // baud
        self._seed = seed
        self._boots = 0
        self._typed = b''
        self._typed_us = 0
        self._said_until_us = 0
        self._heard_until_us = 0
        self._drops = []
        self._garbles = []
        self._answers = []

    # --- faults

    def drop(self, pattern):
        """The next line that it says like this is lost."""
        self._drops.append(pattern)

    def garble(self, pattern):
        """The next line that it says like this has a wrong byte in the middle."""
        self._garbles.append(pattern)

    def answer(self, pattern, *lines):
        """The next command like this is answered so, and not executed."""
        self._answers.append((pattern, lines))

    def power_cycle(self):
        """Supply off and on: session and volatile settings are gone. Whatever starts up may put a NUL on the wire."""
        self._boots += 1
        self.hung = False
        if self.silent_after_us is not None:
            self.kernel.after(self.silent_after_us, self._hang, self._boots)
        if self.mac is not None:
            self.mac.kill()
        self.mac = self.network.device = Mac(self.kernel, self.network, '%s boot %d' % (self._seed, self._boots), self.on_event)
        self._typed = b''
        self.power_up()
        self._put(b'\x00')

    def reset_pin(self):
        """Its reset pin was pulled low: as from the supply, but for what it says."""
        self.power_cycle()

    def hang(self):
        """Until its reset pin."""
        self._hang(self._boots)

    def _hang(self, boot):
        if boot == self._boots:
            self.hung = True
            self.mac.kill()

    # --- the wire

    def hear(self, data):
        """Bytes from the host; they arrive one after the other."""
        start_us = max(self.kernel.now_us, self._heard_until_us)
        self._heard_until_us = start_us + len(data) * self._byte_us
        self.kernel.at(self._heard_until_us, self._arrived, data)

    def _arrived(self, data):
        if self.hung:
            return
        if self._typed and self.kernel.now_us - self._typed_us > INPUT_TIMEOUT_US:
            self._typed = b''
            self.say('+INFO: Input timeout')
        self._typed_us = self.kernel.now_us
        self._typed += data
        while b'\n' in self._typed:
            line, _, self._typed = self._typed.partition(b'\n')
            self._command(line.decode('latin-1').rstrip('\r'))

    def _command(self, line):
        self.commands.append(line)
        if self.kernel.now_us < self._said_until_us or self._busy():
            self.violations.append(line)
        if self.echo and line and not self.silent:
            self._put(line.encode('latin-1') + b'\n\r')
        for fault in self._answers:
            if re.search(fault[0], line):
                self._answers.remove(fault)
                for text in fault[1]:
                    self.say(text)
                return
        self.execute(line)

    def say(self, line):
        """Tell the host one line."""
        if self.silent or self.hung or self._take(self._drops, line):
            return
        self.said.append(line)
        data = line.encode('ascii') + b'\r\n'
        if self._take(self._garbles, line):
            data = data[:len(data) // 2] + b'\xff' + data[len(data) // 2 + 1:]
        self._put(data)

    def _put(self, data):
        self._said_until_us = max(self.kernel.now_us, self._said_until_us) + len(data) * self._byte_us
        self.kernel.at(self._said_until_us, self._deliver, data)

    def _deliver(self, data):
        if self.sink is not None:
            self.sink(data)

    def _take(self, faults, line):
        for pattern in faults:
            if re.search(pattern, line):
                faults.remove(pattern)
                return True
        return False


class VirtualSerial:
    """The host's end in virtual time: hal.contract.Serial. unplugged: the adapter is gone. has_reset: the reset pin is wired."""

    def __init__(self, modem, has_reset=False):
        self.unplugged = False
        self.has_reset = has_reset
        self.resets = 0
        self.writes = []
        self._modem = modem
        self._arrived = b''
        modem.sink = self._arrive

    def _arrive(self, data):
        self._arrived += data
        if b'\n' in data:
            self._modem.kernel.wake = True

    def read(self):
        data, self._arrived = self._arrived, b''
        return b'' if self.unplugged else data

    def write(self, data):
        if self.unplugged:
            raise HalError(SERIAL, 'no device')
        self.writes.append(bytes(data))
        self._modem.hear(bytes(data))

    def reset(self):
        if self.has_reset:
            self.resets += 1
            self._modem.reset_pin()
        return self.has_reset


class PtyModem:
    """A module on a pseudo-terminal, for any program: path is the device. serve(is_over) lives in real time, times speed."""

    def __init__(self, make, speed=1):
        """make(kernel): the modem."""
        self.fd, self._terminal = pty.openpty()
        tty.setraw(self._terminal)
        os.set_blocking(self.fd, False)
        self.path = os.ttyname(self._terminal)
        self.kernel = Kernel()
        self.modem = make(self.kernel)
        self.modem.sink = self._deliver
        self._real = self.kernel.pace = RealTime(self.kernel, speed, 0.05, lambda: None)
        self._real.watch(self.fd, lambda: self.modem.hear(os.read(self.fd, 4096)))

    def _deliver(self, data):
        try:
            os.write(self.fd, data)
        except BlockingIOError:
            pass    # nobody reads, as with a UART that overruns

    def watch(self, fd, function):
        """function() is called in the modem's thread when fd can be read, until forget(fd)."""
        self._real.watch(fd, function)

    def forget(self, fd):
        """No more calls for fd."""
        self._real.forget(fd)

    def call(self, function, *args):
        """Run function(*args) in the modem's thread soon."""
        self._real.call(function, *args)

    def serve(self, is_over):
        """Live until is_over()."""
        while not is_over():
            self.kernel.sleep_until(self.kernel.now_us + 50_000)

    def close(self):
        """Give the terminal back."""
        self._real.close()
        os.close(self.fd)
        os.close(self._terminal)
