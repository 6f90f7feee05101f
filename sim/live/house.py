"""The service of the house beside a live run: on its broker, on its clock, with its own memory of the network, and a store that ends with it."""

import contextlib
import logging
import socket
import tempfile
import threading

from sim.live import made_up_prices
from sim.lorawan import network_kinds
from sim.mqtt.storage_integration import HOST, StorageIntegration

USUAL_PORT = 8080
# Of the simulated stack, which lets everybody in.
KEY = 'of-the-simulated-world'
PRICES = 'prices.json'
_START_S = 10


class HouseFailed(Exception):
    """It did not start; args[0] says why."""


class LiveHouse:
    """start() to stop(). run: a LiveRun; broker: (host, port); ids: application, tenant, device; web_port 0: any that is free."""

    def __init__(self, run, broker, ids, timezone, web_port):
        application, tenant, device = ids
        self.storage = StorageIntegration(application, run.world.utc_s)
        self.url = None
        self._folder = tempfile.TemporaryDirectory(prefix='house-')
        self._run, self._port = run, web_port
        self._log = _ToTheRun(run)
        its = {'tenant': tenant, 'key_file': 'key', 'storage_url': self.storage.url} if run.dialect.kind == network_kinds.THE_THINGS_STACK else {}
        self._given = {
            'network': [{'name': 'simulated', 'kind': run.dialect.kind, 'host': broker[0], 'port': broker[1], 'tls': False,
                         'application': application, **its}],
            'device': [{'id': device, 'timezone': timezone}],
            'price_source': [{'name': made_up_prices.NAME, 'kind': 'file', 'file': PRICES, 'interval_min': 15, 'timezone': timezone}],
            'tariff': [{'part': 'energy', 'source': made_up_prices.NAME, 'vat': 19}, {'part': 'network', 'price_kwh': 0.10, 'vat': 19}],
        }
        self._service = self._server = self._thread = self._listening = None

    def start(self):
        """Start it; who asks for its page waits until it answers. HouseFailed where it cannot."""
        # Here, for they take a second to load.
        import pathlib

        import uvicorn
        from home import settings
        from home.api import app
        from home.service import Service
        from home.web.server import Server
        from sim.live.garage import Garage

        folder = pathlib.Path(self._folder.name)
        (folder / 'key').write_text(KEY)
        (folder / 'key').chmod(0o600)
        self._listening = _listening(self._port)
        port = self._listening.getsockname()[1]
        try:
            made = settings.checked(dict(self._given, web={'listen': '%s:%d' % (HOST, port)}), folder)
        except settings.Wrong as wrong:
            raise HouseFailed('; '.join(wrong.args[0])) from None
        made_up_prices.keep_told(self._run.world, made_up_prices.PriceFile(folder / PRICES, made.devices[0].timezone))
        self.storage.start()
        logger = logging.getLogger('home')
        logger.addHandler(self._log)
        logger.propagate = False
        self._run.keep = self.storage.keep
        self._service = Service(made, self._run.world.utc_s)
        garage = Garage(self._run)
        made_app = app.app(self._service, [garage.page])
        garage.add_presses(made_app)
        (device,) = made.devices
        self._run.changed = lambda: self._service.changes.tell(device.name)
        self._server = Server(uvicorn.Config(made_app, HOST, port, log_level='critical', access_log=False, lifespan='off',
                                                    proxy_headers=False, server_header=False))
        self._thread = threading.Thread(target=self._server.run, args=([self._listening],), name='house', daemon=True)
        self._service.start()
        self._thread.start()
        self.url = 'http://%s:%d/' % (HOST, port)

    def stop(self):
        """End it and its threads, and delete its store."""
        if self._service is not None:
            self._server.should_exit = True
            self._thread.join(_START_S)
            self._service.stop()
            self.storage.stop()
            logging.getLogger('home').removeHandler(self._log)
        if self._listening is not None:
            self._listening.close()
        self._folder.cleanup()


class _ToTheRun(logging.Handler):
    """What the service says stands among what happens in the run."""

    def __init__(self, run):
        super().__init__(logging.WARNING)
        self._run = run

    def emit(self, record):
        self._run.pace.call(self._run.tell, 'house', record.getMessage())


def _listening(wanted):
    """A socket on that port if it is free, else on another one: held from here on, so that nobody takes it before the page answers."""
    for port in (wanted, 0):
        with contextlib.suppress(OSError):
            return socket.create_server((HOST, port))
    raise HouseFailed('no free port on %s' % HOST)
