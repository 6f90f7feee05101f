"""A wallbox, a line and a master, for the tests of the simulated box."""

from sim.kernel import Kernel
from sim.bus.rs485_line import Rs485Line
from sim.vehicle import make_vehicle
from sim.evse.wallbox import Wallbox

SECOND = 1_000_000


def lrc(text):
    """Of hex digits, as two of them; written out here so that the box's own is not what checks it."""
    total = 0
    for index in range(0, len(text), 2):
        total += int(text[index:index + 2], 16)
    return '%02X' % ((256 - total % 256) % 256)


def request(text):
    """A request from its hex digits without the LRC."""
    return (':%s%s\r\n' % (text, lrc(text))).encode()


class Master:
    """Hears everything."""

    def __init__(self):
        self.heard = []

    def on_line(self, data, end_us):
        self.heard.append((end_us, data))


class WallboxBench:
    """Quiet by default: no panel, no sleep."""

    def __init__(self, seed=1, **options):
        self.kernel = Kernel()
        self.line = Rs485Line(self.kernel, seed)
        self.timeline = []
        options.setdefault('panel_frames', False)
        options.setdefault('sleeps_after_s', None)
        self.box = Wallbox(self.kernel, self.line, self.record, seed=seed, **options)
        self.master = Master()
        self.line.attach(self.master)

    def record(self, kind, t_us=None, **fields):
        self.timeline.append((self.kernel.now_us / SECOND, kind, fields))

    def run(self, seconds):
        self.kernel.run_until(self.kernel.now_us + int(seconds * SECOND))

    def send(self, data, for_s=0.1):
        """Everything heard within for_s of sending."""
        already = len(self.master.heard)
        self.line.transmit(self.master, data)
        self.run(for_s)
        return b''.join(data for _, data in self.master.heard[already:])

    def ask(self, text, for_s=0.1):
        """The answer to a request in hex digits without LRC: its text without start, LRC and CR LF; '' for silence."""
        answer = self.send(request(text), for_s)
        if not answer:
            return ''
        text = answer.decode()
        assert text[0] == '>' and text.endswith('\r\n') and text[1:-2] == text[1:-2].upper() and lrc(text[1:-4]) == text[-4:-2]
        return text[1:-4]

    def write(self, register, value, for_s=0.1):
        return self.ask('0110%04X000102%04X' % (register, value), for_s)

    def plug(self, **options):
        vehicle = make_vehicle(self.kernel, **options)
        self.box.plug(vehicle)
        return vehicle

    def charging(self, **options):
        """Plug a car in and wait until it charges."""
        vehicle = self.plug(**options)
        self.box.key(True)
        self.run(5)
        assert self.box.code == 'C2'
        return vehicle

    def seen(self, kind):
        """What was recorded of a kind: the one field of each entry."""
        return [next(iter(fields.values())) for _, what, fields in self.timeline if what == kind]

    def codes(self):
        return self.seen('charger_state')

    def entered(self, code):
        """When the box last entered that state, seconds."""
        return [t for t, what, fields in self.timeline if what == 'charger_state' and fields['code'] == code][-1]
