"""The addresses of a computer's name, asked for briefly: to mention them is not worth waiting for a network that is not there."""
import queue
import socket
import threading

PATIENCE_S = 3


def addresses(name, patience_s=PATIENCE_S, lookup=socket.getaddrinfo):
    """Its addresses, each once and in the order in which they are told; none where nobody answers in time."""
    answer = queue.Queue()

    def ask():
        try:
            answer.put([row[4][0] for row in lookup(name, None, type=socket.SOCK_STREAM)])
        except OSError:
            answer.put([])

    threading.Thread(target=ask, daemon=True).start()
    try:
        return list(dict.fromkeys(answer.get(timeout=patience_s)))
    except queue.Empty:
        return []
