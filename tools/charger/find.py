"""Finds the devices on the bus, and why none answers: broadcast, listening, asking each id, and the older protocol."""
import re
import time

import serial
from hal.contract import HalError
from hal.posix_ports import Bus
from modbus import id_finder, transaction

from tools.charger.ports import ChargerError

# Longer than the slowest known panel is silent (4.5 s in A1, docs/protocol.md).
LISTEN_S = 6

# ABL "EVCC ab V2.7" (03 0009 01 F): "!n ff" asks, ">n ff xxxx" answers, decimal, 8N1, no checksum. 02 only asks for the mode.
_OLDER = re.compile(rb"> ?\d \d\d(?!\d)")
_OLDER_ASK = (b"!1 02\r\n", b"!0 02\r\n")
_OLDER_WAIT_S = 0.2  # others give it 0.1 s


class _OlderBus(Bus):
    """The same line at 8N1."""

    def prepare(self, port):
        """See Port.prepare."""
        port.parity = serial.PARITY_NONE
        Bus.prepare(self, port)


def find(client, say=lambda text: None):
    """Ids (sorted list) of the boxes on the bus, [] if none is found; takes up to 20 s. say(text) reports progress."""
    say("asking everybody (0x0001 to id 0)")
    found = broadcast(client)
    if found is not None:
        return [found]
    say("asking each id from 1 to 16")
    for device_id in range(id_finder.ID_MIN, id_finder.ID_MAX + 1):
        if _asked(client, device_id):
            client.heard_ids.add(device_id)
    if not client.heard_ids:
        say(f"listening for {LISTEN_S} s")
        client.sleep(LISTEN_S)
    return sorted(client.heard_ids)


def _asked(client, device_id):
    """True if that id answers; one try, for nobody can still be asleep."""
    request = id_finder.request(device_id)
    request.tries = 1
    return client.exchange(request) == transaction.ANSWERED and id_finder.id_in(client.body) == device_id


def broadcast(client):
    """The id of the box that answers a broadcast read of 0x0001, or None."""
    if client.exchange(id_finder.request(id_finder.BROADCAST)) != transaction.ANSWERED:
        return None
    return id_finder.id_in(client.body)


def diagnose(client):
    """The ChargerError that says best why client.device_id does not answer. Asks everybody, then in the older language."""
    if client.counts["older_protocol"]:
        return _older()
    other = broadcast(client)
    others = sorted(client.heard_ids - {client.device_id} | ({other} if other else set()))
    if others and client.device_id not in others:
        return ChargerError("wrong_id", f"No box with id {client.device_id} answers, but one with id {others[0]} does: say --id {others[0]}.")
    if other == client.device_id or client.device_id in client.heard_ids:
        return ChargerError("no_answer", f"Box {client.device_id} is to be heard, but does not answer questions: is the adapter's sending "
                            "direction switched (--direction rts)?")
    tail, client.bus.tail = client.bus.tail, b""
    if client.counts["older_protocol"] or _speaks_older(client):
        return _older()
    if tail and not (client.heard_master or client.heard_ids or client.counts["echoes"]):
        return ChargerError("garbage", f"There are bytes on the line, but no sentence among them ({tail[:12].hex(' ')}). Are A and B swapped, "
                            "is ground connected, is it another device (meter, backend bus)?")
    return ChargerError("no_answer", _nobody(client))


def _nobody(client):
    heard = "Another master asks questions on this bus. " if client.heard_master else ""
    return (f"No answer from box {client.device_id} on {client.path}, and not from any other id. {heard}Has the box power? Are A and B on "
            "pins 1 and 2 of its X2 and not swapped? Does the adapter switch its direction by itself (else --direction rts)?")


def _older():
    return ChargerError("older_protocol", "This is an older ABL controller with protocol V2.7 (EVCC1, frames like \">1 02 0161\" without checksum): "
                        "it speaks another language than EVCC2 and EVCC3, and is not supported.")


def _speaks_older(client):
    """Ask for the mode in the older language, at 8N1; the client's own port is opened again when it is next needed."""
    client.bus.lose()
    bus = _OlderBus(client.path, client.direction)
    try:
        for question in _OLDER_ASK:
            bus.transmit(question)
            heard = b""
            ends = time.monotonic() + _OLDER_WAIT_S
            while time.monotonic() < ends:
                heard += bus.read()
                if _OLDER.search(heard):
                    return True
                time.sleep(0.01)
    except HalError:
        return False
    finally:
        bus.lose()
    return False
