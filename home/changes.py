"""Says to whoever listens that something of a device is not as it was: an uplink, the fate of a command, the line to its network."""
import threading


class Changes:
    """tell() and listen() from any thread. A listener is called in the thread that tells, with the device's name, and must not wait."""

    def __init__(self):
        self._listeners = {}        # a mark of its own -> callback
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

    def tell(self, device):
        """Something of the device of that name changed."""
        with self._lock:
            listeners = list(self._listeners.values())
        for callback in listeners:
            callback(device)
