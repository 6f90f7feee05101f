"""One box behind one port for one run of the suite: allowed telegrams, the state it was found in, and its restoration."""
import contextlib
import datetime
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

from hal.contract import HalError
from modbus import ascii, registers, transaction
from serial.tools import list_ports

from tools.charger import actions, find as seek
from tools.charger.client import Client
from tools.hil.capture import Capture, Recorder
from tools.hil.analysis import Traffic, body_of
from tools.charger.ports import ChargerError

LOCKED = 0xE0
WITHOUT_CAR, WAITING, READY, CHARGING = 0xA1, 0xB1, 0xB2, 0xC2
# Codes in which the control part may begin: healthy, and not locked by the owner.
MAY_CONTROL = (WITHOUT_CAR, WAITING, READY, CHARGING)
WAITS_AFTER_RESET = 1 << 14    # of the flags in 0x0006
KEY_STARTS = "closed_to_start"
RESTORE_S = 60       # a box that has just been reset answers within seconds
SETTLE_S = 20        # a car walks back from A1 to where it was
SIM_READY_S = 10
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def may_send(control):
    """The judge of frames for a Recorder: reads always, the writes of normal operation only with control."""

    def judge(frame):
        body = body_of(frame)
        if body is None or body[0] > 16 or len(body) < 6:
            return False
        if body[1] == transaction.READ_HOLDING:
            return len(body) == 6
        address, value = body[2] << 8 | body[3], body[-2] << 8 | body[-1]
        return control and body[0] != 0 and len(body) == 9 and body[1] == transaction.WRITE_MULTIPLE and registers.may_write(address, value)

    return judge


class HilClient(Client):
    """A Client whose bus keeps a capture and sends only what may be sent in this run."""

    def __init__(self, path, direction, capture, control):
        Client.__init__(self, path, direction=direction)
        self.bus = Recorder(self.bus, capture, may_send(control))
        self._master = transaction.Master(self.bus, self.counts)


class SimulatedBox:
    """`python -m sim charger` as a process of its own, out of reach of a Ctrl-C that is meant for the suite."""

    def __init__(self, link, options):
        if os.path.islink(link):
            os.unlink(link)
        command = [sys.executable, "-m", "sim", "charger", "--link", str(link), *options]
        root = pathlib.Path(__file__).resolve().parents[2]
        self._process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        if not self._process.stdout.readline().startswith("ready"):
            raise ChargerError("argument", f"The simulated box did not start: {' '.join(command)}")

    def stop(self):
        """End it and wait until it is gone."""
        self._process.terminate()
        self._process.communicate(timeout=SIM_READY_S)


def adapter(path, direction):
    """What is known of the adapter, for the capture's header."""
    real = os.path.realpath(path)
    # The user's folders are private.
    known = {"port": path if path.startswith("/dev/") else os.path.basename(path), "direction": direction}
    for port in list_ports.comports():
        if port.device == real and port.vid is not None:
            known.update(product=port.product, usb=f"{port.vid:04x}:{port.pid:04x}")
    if real.startswith("/dev/pts/"):
        known["product"] = "pseudo-terminal"
    # FTDI's chips pass on received bytes only at intervals.
    timer = pathlib.Path("/sys/bus/usb-serial/devices") / os.path.basename(real) / "latency_timer"
    with contextlib.suppress(OSError):
        known["latency_timer_ms"] = int(timer.read_text())
    return known


class Site:
    """The run: client, capture, and `found`, what the tests have seen, by name (tools/hil/questions.py lists the names).

    say(text): tells a person how far it is. simulated: it is the box of sim/. baseline: what the control part has to give back, or None.
    """

    def __init__(self, path, folder, *, control=False, minutes=10.0, device_id=None, direction="auto", simulated=False, say=print):
        self.control = control
        self.minutes = minutes
        self.simulated = simulated
        self.say = say
        self.found = {}
        self.baseline = None
        self.left = None             # how the box was left: (as it was: bool, words); None without control
        self._folder = pathlib.Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._undo = self._folder / "undo.json"
        self._closed = False
        self._device_id = device_id
        date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        header = {"date": date, "line": "38400 8E1", "simulated": simulated, "adapter": adapter(path, direction), "box": None}
        self.capture = Capture(self._folder / "capture.jsonl", header)
        self.path = path
        self.client = HilClient(path, direction, self.capture, control)

    # --- finding

    def begin(self, listen_s):
        """Listen before anything is sent, then find the box; raises ChargerError."""
        self.capture.note("listening")
        self.say(f"listening for {listen_s:.0f} s before anything is sent")
        self.client.sleep(listen_s)
        self.found["listened_s"] = listen_s
        self.found["heard_first"] = Traffic(self.capture.events)
        self.capture.note("finding")
        if self._device_id is not None:
            self.client.device_id = self._device_id
        else:
            self.client.device_id = self._find()
        self.found["broadcast"] = self._broadcast()
        self.found["device"] = self.client.read(registers.DEVICE).values
        serial = self.client.serial()
        self.found["box"] = {
            "id": self.client.device_id, "serial": serial, "firmware": "{firmware_major}.{firmware_minor}".format(**self.found["device"]),
            "hardware": self.found["device"]["hardware"]}
        self.say("box {id}: {serial}, firmware {firmware}, hardware {hardware}".format(**self.found["box"]))

    def _find(self):
        found = seek.find(self.client, self.say)
        if not found:
            raise seek.diagnose(self.client)
        if len(found) > 1:
            ids = ", ".join(map(str, found))
            raise ChargerError("argument", f"There is more than one box on this bus: ids {ids}. Say which one, as ID={found[0]}.")
        return found[0]

    def _broadcast(self):
        """Body of the answer to a broadcast read of 0x0001, or None. The box is awake now."""
        words = registers.find(registers.DEVICE)[registers.WORDS]
        request = transaction.read_request(self.client.device_id, registers.DEVICE, words)
        request.body = b"\x00" + request.body[1:]
        request.frame = ascii.encode(request.body)
        request.head = b""
        return self.client.body if self.client.exchange(request) == transaction.ANSWERED else None

    # --- single questions

    def ask(self, address, words, change=None):
        """One telegram, never repeated: the Exchange's answer as body, or None. change(frame): the frame sent instead."""
        request = transaction.read_request(self.client.device_id, address, words)
        request.tries = 1
        if change is not None:
            request.frame = change(request.frame)
        return self.client.body if self.client.exchange(request) == transaction.ANSWERED else None

    # --- control, and back

    def begin_control(self):
        """Remember what has to be given back; raises ChargerError where it could not be."""
        if self._undo.exists():
            self._resume_undo()
        reading, limits = self.client.reading(), self.client.limits()
        refusal = self._refusal(reading, limits)
        if refusal:
            raise ChargerError("not_allowed", f"Nothing was written: {refusal}")
        self.baseline = {"id": self.client.device_id, "serial": self.found["box"]["serial"], "code": reading.code, "icmax": limits[2]}
        self._undo.write_text(json.dumps(self.baseline))

    def _refusal(self, reading, limits):
        if reading.code not in MAY_CONTROL:
            return f"the box is in {reading.code:02X}. It has to be healthy and unlocked: A1, B1, B2 or C2."
        if not limits:
            return "it does not tell its limits (0x000F), so they could not be given back."
        if not registers.may_write(registers.ICMAX, limits[2]):
            return f"its limit reads {limits[2]}, which could not be written back."
        if reading.code == WITHOUT_CAR:
            return None
        if (self.client.system() or 0) & WAITS_AFTER_RESET:
            return "a car is plugged in, and this box is set to wait in B1 after a reset (0x0006 bit 14). Unplug the car."
        if self.found["device"]["enable_mode"] == KEY_STARTS and not reading.enable_input:
            return ("a car waits or charges, and the key switch is off: a permission once given by key could not be given back. "
                    "Turn the key, or unplug the car.")
        return None

    def _resume_undo(self):
        """A run that was killed has left the box as it was not."""
        left = json.loads(self._undo.read_text())
        if (left["id"], left["serial"]) == (self.client.device_id, self.found["box"]["serial"]):
            self.say("an earlier run was killed: giving back first what it left")
            self.baseline = left
            self.restore()
        else:
            raise ChargerError("not_allowed", f"A killed run left box {left['id']} ({left['serial']}) changed, which is not this one: "
                               f"see {self._undo}, and remove it when that box is as it should be.")

    def restore(self):
        """Give back lock and limit, whatever has happened; returns True when the box reads as before."""
        if self.baseline is None:
            return True
        with _undisturbed():
            self.capture.note("giving back")
            done = False
            ends = time.monotonic() + RESTORE_S
            while not done and time.monotonic() < ends:
                with contextlib.suppress(ChargerError, HalError):
                    done = self._give_back()
                if not done:
                    time.sleep(0.5)    # an adapter that was unplugged may come back
            self._tell_left(done)
        return done

    def _give_back(self):
        """One step towards the baseline; True when nothing is left to do."""
        client, wanted = self.client, self.baseline
        if client.reading().code == LOCKED:
            client.write(registers.STATE, registers.JUMP_A1)
            client.sleep(0.5)
            return False
        limits = client.limits()
        if not limits:
            return False
        if limits[2] != wanted["icmax"]:
            client.write(registers.ICMAX, wanted["icmax"])
            return False
        return True

    def _tell_left(self, done):
        wanted = self.baseline
        if not done:
            self.left = (False, f"NOT given back: the box does not answer. Before, it was in {wanted['code']:02X} with Icmax {wanted['icmax']}. "
                         f"Run  make hil PORT={self.path} CONTROL=1  again when it answers: that gives back first.")
            self.say(self.left[1])
            return
        before = wanted["code"]
        reading, same = actions.await_reading(self.client, lambda reading: reading.code == before, SETTLE_S)
        seen = "silent" if reading is None else f"{reading.code:02X}"
        self.left = (same or reading is not None and is_as_good(reading.code, before),
                     f"unlocked, Icmax {wanted['icmax']} as before; state before {before:02X}, now {seen}")

    def close(self):
        """Restore the rest, finish the capture, release the port. Once only."""
        if self._closed:
            return
        with _undisturbed():
            self._closed = True
            if self.restore() and self.baseline is not None:
                self._undo.unlink(missing_ok=True)
            self.client.close()
            self.capture.close(box=self.found.get("box"))


def is_as_good(code, before):
    """True if people and cars may have made this code of that one; a fault, a lock, or a car that may no longer charge are our doing."""
    return code in MAY_CONTROL and not (code == WAITING and before in (READY, CHARGING))


@contextlib.contextmanager
def _undisturbed():
    """Nobody's Ctrl-C ends what must be done; it is over within RESTORE_S + SETTLE_S."""
    before = [signal.signal(number, signal.SIG_IGN) for number in ENDING]
    try:
        yield
    finally:
        for number, handler in zip(ENDING, before):
            signal.signal(number, handler)


def end_on_signals():
    """SIGTERM and a closed terminal end the run as Ctrl-C does: with everything given back."""
    for number in ENDING:
        signal.signal(number, signal.default_int_handler)
