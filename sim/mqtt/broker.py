"""An MQTT broker inside this process, for runs without an external one: amqtt on 127.0.0.1, in a separate thread."""

import asyncio
import logging
import threading

HOST = '127.0.0.1'
USUAL_PORT = 1883
_START_S = 10
_STOP_S = 5


class BrokerFailed(Exception):
    """No broker; args[0] says why."""


class Broker:
    """Listens from the end of start() to stop(). port: where, the usual one if it is free."""

    def __init__(self, port=USUAL_PORT):
        self.port = port
        self._loop = None
        self._thread = None
        self._broker = None

    def start(self):
        """Listen; BrokerFailed if that is impossible."""
        # Imported here because it takes a third of a second, which runs with an external broker need not wait for.
        from amqtt.broker import Broker as Amqtt
        from amqtt.errors import BrokerError

        _silence('amqtt')
        _silence('transitions')
        self._loop = asyncio.new_event_loop()
        # A client that breaks the protocol ends a task of the broker with an exception; that is the client's business.
        self._loop.set_exception_handler(lambda loop, context: None)
        self._thread = threading.Thread(target=self._loop.run_forever, name='mqtt-broker', daemon=True)
        self._thread.start()
        problem = None
        for port in (self.port, 0):
            try:
                self._broker, self.port = self._wait_for(_make(Amqtt, port), _START_S)
                return
            except (BrokerError, OSError, TimeoutError) as error:
                problem = error
        self.stop()
        raise BrokerFailed('no MQTT broker on %s: %s' % (HOST, problem))

    def stop(self):
        """End it and its thread; a second call does nothing."""
        if self._loop is None:
            return
        if self._broker is not None:
            try:
                self._wait_for(self._broker.shutdown(), _STOP_S)
            except TimeoutError:
                pass    # its thread is a daemon: the process ends all the same
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_STOP_S)
        if not self._thread.is_alive():
            self._loop.close()
        self._loop = self._broker = None

    def _wait_for(self, coroutine, seconds):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(seconds)


async def _make(amqtt, port):
    """(a broker, its port); 0: the system chooses one that is free, and nobody can take it in between."""
    broker = amqtt({
        'listeners': {'default': {'type': 'tcp', 'bind': '%s:%d' % (HOST, port)}},
        'plugins': {'amqtt.plugins.authentication.AnonymousAuthPlugin': {'allow_anonymous': True}},
    })
    await broker.start()
    return broker, broker._servers['default'].instance.sockets[0].getsockname()[1]


def _silence(name):
    logger = logging.getLogger(name)
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
