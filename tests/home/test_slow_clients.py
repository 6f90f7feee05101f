"""`python -m home run` with clients that begin a request and never end it."""
import contextlib
import socket
import time

from tests.home.brokers import free_port
from tests.home.house_process import HouseProcess

BEGUN = ("POST /login HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 60000\r\n\r\npassword=",
         "GET /live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n", "GET / HTTP/1.1\r\nHost: ")
LIMIT_S = 12


def test_clients_that_never_finish_slow_no_page_and_keep_the_service_from_no_end(tmp_path):
    with HouseProcess(tmp_path / "house", free_port()) as house, contextlib.ExitStack() as stack:
        for place in range(150):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", house.web), 5))
            slow.sendall(BEGUN[place % len(BEGUN)].format(port=house.web).encode())
        began = time.monotonic()
        assert house.get("devices") and time.monotonic() - began < 2
        began = time.monotonic()
        assert house.stop(60) == 0, house.said()
        assert time.monotonic() - began < LIMIT_S
