"""The simulated garage without a terminal, a broker or a house: a world that goes on in a thread of its own, and its page."""
import threading

from sim.live.garage import Garage
from sim.live.live_run import LiveRun
from sim.scenario import complete
from tools.docgen.screenshot import Nobody


class PlayedGarage:
    """garage: its page and presses; run: its LiveRun. close() in the end."""

    def __init__(self, speed=60.0):
        given = complete({"start": "2026-09-30T22:00:00Z", "duration_s": 0})
        self.run = LiveRun(given, Nobody(), speed, ("127.0.0.1", 1883), "ev-charger", "ttn", "wallbox")
        self.garage = Garage(self.run)
        self._thread = threading.Thread(target=self.run.world.run, args=(None,))
        self._thread.start()

    def end(self):
        """Once is enough."""
        self.run.pace.call(self.run.end)
        self._thread.join()

    def close(self):
        self.end()
        self.run.pace.close()
