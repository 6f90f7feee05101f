"""The pages of a house without a network, served on a port of this computer, with a store that a test fills."""
import contextlib
import socket
import threading

import uvicorn
from tests.home.brokers import HOST
from tests.home.client import until
from tests.support.house import StoredHouse, given
from tests.support.stores import store
from home.api import app
from home.web.server import Server


@contextlib.contextmanager
def served(path=None, extra=lambda its: (), **changed):
    """(StoredHouse, address of its page). path: of its store in a file, else in memory; extra(house): further pages."""
    with store(path) as engine, socket.create_server((HOST, 0)) as listening:
        port = listening.getsockname()[1]
        its = StoredHouse(engine, given(web={"listen": f"{HOST}:{port}"}, **changed))
        its.app = app.app(its, extra(its))
        server = Server(uvicorn.Config(its.app, HOST, port, log_level="critical", access_log=False, lifespan="off", server_header=False))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            until(lambda: server.started)
            yield its, f"http://{HOST}:{port}/"
        finally:
            server.should_exit = True
            thread.join()
