"""A TCP line between two programs of the test, which can be cut (closed and refused) and frozen (open, but nothing passes)."""
import contextlib
import select
import socket
import threading

from tests.home.brokers import HOST

_SLICE_S = 0.05


class Line:
    """Listens on `port` and passes everything on to `target`, both on loopback, while the context lasts."""

    def __init__(self, target):
        self._target = target
        self._server = None
        self._frozen = threading.Event()
        self._over = threading.Event()
        self._pairs = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            self.port = probe.getsockname()[1]

    def __enter__(self):
        self.join()
        self._thread.start()
        return self

    def __exit__(self, *problem):
        self._over.set()
        self._thread.join()
        self.cut()

    def cut(self):
        """Close what is open and refuse what comes."""
        server, self._server = self._server, None
        if server:
            server.close()
        for end in self._ends():
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        if self._over.is_set():
            self._drop_all()

    def join(self):
        """Let connections in again."""
        self._server = socket.create_server((HOST, self.port), reuse_port=False)

    def freeze(self):
        """From now on nothing passes, without any notice to either end."""
        self._frozen.set()

    def thaw(self):
        self._frozen.clear()

    def _ends(self):
        return [end for pair in self._pairs for end in pair]

    def _drop_all(self):
        for end in self._ends():
            end.close()
        self._pairs = []

    def _run(self):
        while not self._over.is_set():
            server = self._server
            watched = ([server] if server else []) + ([] if self._frozen.is_set() else self._ends())
            try:
                ready = select.select(watched, [], [], _SLICE_S)[0] if watched else self._over.wait(_SLICE_S) or []
            except (OSError, ValueError):   # closed meanwhile
                continue
            for end in ready:
                with contextlib.suppress(OSError):
                    self._accept(server) if end is server else self._pass_on(end)

    def _accept(self, server):
        near = server.accept()[0]
        try:
            self._pairs.append((near, socket.create_connection((HOST, self._target), 1)))
        except OSError:
            near.close()

    def _pass_on(self, end):
        pair = next((pair for pair in self._pairs if end in pair), None)
        if pair is None:
            return
        other = pair[1] if end is pair[0] else pair[0]
        data = b""
        with contextlib.suppress(OSError):
            data = end.recv(65536)
            other.sendall(data)
        if not data:
            self._pairs.remove(pair)
            for both in pair:
                both.close()
