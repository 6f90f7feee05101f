"""Finds the box's Modbus id where the settings do not give it: by asking, or by listening. Pure."""

from umodbus.functions import read_holding_registers

from modbus import ascii, reading, transaction

ID_MIN = 1
ID_MAX = 16      # ABL 05 0015 20 Rev. B
# Everybody: 0x0001 may be read so, but nobody wrote down whether every box answers. So each id is asked too, in turn.
BROADCAST = 0
_BLOCK = bytes((transaction.READ_HOLDING, 2 * reading.DEVICE_WORDS, reading.DEVICE))
_LENGTH = 1 + 2 + 2 * reading.DEVICE_WORDS
_ID_BITS = 0x3F


def request(device_id):
    """The question for 0x0001 to an id, or to BROADCAST: any answer of its length is taken, for id_in() to judge."""
    pdu = read_holding_registers(reading.DEVICE, reading.DEVICE_WORDS)
    question = transaction.Request(device_id, reading.DEVICE, pdu, b'', _LENGTH, transaction.READ_TRIES)
    question.head = b''   # with which id a broadcast is answered is not known
    return question


def id_in(body):
    """The id of the box that sent this answer to a read of 0x0001: by which it signs, else that in the register; None if it is no such answer."""
    if len(body) != _LENGTH or not body.startswith(_BLOCK, 1):
        return None
    device_id = body[0] or body[4] & _ID_BITS
    return device_id if ID_MIN <= device_id <= ID_MAX else None


class IdFinder:
    """Looks for the only box on the bus: asks everybody, then 1, 2, ... in turn, and believes two frames heard that agree."""

    __slots__ = ('_next', '_heard')

    def __init__(self):
        self._next = BROADCAST
        self._heard = None

    def question(self):
        """The next Request to try."""
        device_id = self._next
        self._next = device_id + 1 if device_id < ID_MAX else BROADCAST
        return request(device_id)

    def hear(self, start_char, raw):
        """The id, once two frames that boxes sent, one after the other, agree about it; else None. Only frames with a good LRC get here."""
        device_id = raw[0]
        if start_char != ascii.ANSWER or not ID_MIN <= device_id <= ID_MAX:
            return None
        agree = device_id == self._heard
        self._heard = device_id
        return device_id if agree else None
