"""Says to whoever listens that something of a device is not as it was: an uplink, the fate of a command, the line to its network."""
import collections
import threading


class Changes:
    """tell() and listen() from any thread. A listener is called in the thread that tells, with the device's name, and must not wait."""

    def __init__(self):
        self._listeners = {}        # a mark of its own -> callback
        self._numbers = collections.Counter()
        self._lock = threading.Lock()

    def listen(self, callback):
        """callback(device name) at each change from now on, until the function that is returned is called."""
        mark = object()
        with self._lock:
            self._listeners[mark] = callback

        def forget():
            with self._lock:
                self._listeners.pop(mark, None)

        return forget

    def number(self, device=None):
        """How many changes that device has had so far; None: all together. Who has read something and listens then knows by it what he missed."""
        with self._lock:
            return self._numbers.total() if device is None else self._numbers[device]

    def tell(self, device):
        """Something of the device of that name changed."""
        with self._lock:
            self._numbers[device] += 1
            listeners = list(self._listeners.values())
        for callback in listeners:
            callback(device)
