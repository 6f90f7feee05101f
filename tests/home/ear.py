"""A broker that records what a bridge sends to the stack, packet by packet, and answers as the stack does: foreign topics are refused."""
import contextlib
import socket
import threading

from tests.home.brokers import HOST, READ, USER

CONNECT, PUBLISH, SUBSCRIBE, UNSUBSCRIBE, PINGREQ = 1, 3, 8, 10, 12
_PATIENCE_S = 5


def _text(data, at):
    """(string, position after it)."""
    end = at + 2 + int.from_bytes(data[at:at + 2], "big")
    return data[at + 2:end].decode(), end


def allowed(topic):
    """Whether the stack lets this application subscribe to it, word for word."""
    start = f"v3/{USER}/devices/"
    device, slash, event = topic.removeprefix(start).partition("/")
    return topic.startswith(start) and bool(device) and event in READ


class Ear:
    """said: the packets heard, as dicts with `kind`; serves one connection after the other while the context lasts."""

    def __init__(self):
        self.said = []
        self._server = socket.create_server((HOST, 0))
        self._server.settimeout(0.1)
        self.port = self._server.getsockname()[1]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *problem):
        self._over.set()
        self._thread.join()
        self._server.close()

    def of(self, kind):
        return [packet for packet in self.said if packet["kind"] == kind]

    def _run(self):
        while not self._over.is_set():
            with contextlib.suppress(OSError):
                connection = self._server.accept()[0]
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.settimeout(_PATIENCE_S)
        with connection, contextlib.suppress(OSError, IndexError), connection.makefile("rb") as stream:
            while not self._over.is_set():
                head = stream.read(1)[0]
                length = shift = 0
                while True:
                    octet = stream.read(1)[0]
                    length |= (octet & 0x7F) << shift
                    shift += 7
                    if octet < 0x80:
                        break
                answer = self._hear(head >> 4, head & 0x0F, stream.read(length))
                if answer:
                    connection.sendall(answer)

    def _hear(self, kind, flags, body):
        packet = {"kind": kind}
        self.said.append(packet)
        if kind == CONNECT:
            name, at = _text(body, 0)
            packet.update(protocol=name, level=body[at], clean=bool(body[at + 1] & 2), will=bool(body[at + 1] & 4),
                          keepalive_s=int.from_bytes(body[at + 2:at + 4], "big"))
            packet["client"], at = _text(body, at + 4)
            packet["user"], at = _text(body, at)
            packet["password"] = _text(body, at)[0]
            return b"\x20\x02\x00\x00"
        if kind == SUBSCRIBE:
            at, packet["topics"] = 2, []
            while at < len(body):
                topic, at = _text(body, at)
                packet["topics"].append((topic, body[at]))
                at += 1
            codes = bytes(0 if allowed(topic) else 0x80 for topic, _ in packet["topics"])
            return bytes((0x90, 2 + len(codes))) + body[:2] + codes
        if kind == PUBLISH:
            packet["topic"], at = _text(body, 0)
            packet.update(payload=body[at:], qos=flags >> 1 & 3, retain=bool(flags & 1))
        if kind == UNSUBSCRIBE:
            return b"\xb0\x02" + body[:2]
        return b"\xd0\x00" if kind == PINGREQ else b""
