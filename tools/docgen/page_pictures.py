"""Pictures of the pages for the documents: `python -m tools.docgen.page_pictures` writes docs/images/page-*.png.

A week with a plan is played in the simulated world in virtual time; the service of the house hears what its network received, and Debian's chromium
draws its pages. What drives the browser comes with `make test-home`.
"""
import datetime
import json
import pathlib
import socket
import sys
import tempfile
import threading
import urllib.request

import uvicorn
from home import settings
from home.api import app
from home.changes import Changes
from home.commands.desk import Desk
from home.network import the_things_stack
from home.notices import Notices
from home.planning import page_orders
from home.planning.planner import Planner
from home.store import database, prices
from home.store.writer import Writer
from home.web.server import Server
from sim.live import made_up_prices
from sim.mqtt import application_server, downlink_requests
from sim.scenario import complete
from sim.world import World

IMAGES = pathlib.Path(__file__).resolve().parents[2] / "docs" / "images"
HOST, CHROMIUM = "127.0.0.1", "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--font-render-hinting=none"]
PHONE, DESK = {"width": 360, "height": 640}, {"width": 1120, "height": 720}
DAY_S, HOUR_S = 86400, 3600
# Monday to Friday in Berlin, each evening at home, cheap from 22:00 to 06:00; seen on Friday at half past eleven at night.
START, DAYS, SEEN_H = "2026-10-05T00:00:00Z", 5, 21.5
APP, DEVICE = "ev-charger", "wallbox"
GIVEN = {
    "start": START, "duration_s": int((DAYS - 1) * DAY_S + SEEN_H * HOUR_S), "charger": {"key": "unlocked"},
    "vehicle": {"model": "sleepy", "needs_kwh": 24},
    "config": {"REGION": "EU868", "TIMEZONE": "CET-1CEST,M3.5.0,M10.5.0/3"},
    "events": [event for day in range(DAYS) for event in ({"t": day * DAY_S + int((15.8 + day / 7) * HOUR_S), "do": "plug"},
                                                         {"t": day * DAY_S + 29 * HOUR_S, "do": "unplug"})][:-1],
}
# On the last afternoon.
PRICES_FROM, FIXED_UNTIL = datetime.date(2026, 10, 9), datetime.date(2026, 10, 8)
ORDERED_S = (DAYS - 1) * DAY_S + 17 * HOUR_S
ORDER = {"days": "daily", "by": "07:30", "kwh": 20}
PLAN = {"plan": {"windows": [{"days": "daily", "from": "22:00", "to": "06:00", "current_a": 16}]}}
# (name, path, screen, theme)
PICTURES = (
    ("page-now-phone", "", PHONE, "light"), ("page-now-phone-dark", "", PHONE, "dark"), ("page-tonight-phone", "tonight", PHONE, "light"),
    ("page-tonight", "tonight", DESK, "light"), ("page-session", "sessions/{newest}", DESK, "light"),
    ("page-session-dark", "sessions/{newest}", DESK, "dark"),
)


class PlayedHouse:
    """What home.api.app asks of a Service, over a store that has heard the simulated week."""

    def __init__(self, folder, port):
        self.settings = settings.checked({
            "network": [{"name": "ttn", "host": HOST, "port": 1, "tls": False, "application": APP}],
            "device": [{"id": DEVICE, "name": "Garage", "timezone": "Europe/Berlin", "vehicle": "Zoe"}],
            "price_source": [{"name": made_up_prices.NAME, "kind": "file", "file": "prices.json"}],
            "tariff": [{"part": "energy", "price_kwh": 0.24, "windows": [{"from": "22:00", "to": "06:00"}], "to": FIXED_UNTIL},
                       {"part": "energy", "price_kwh": 0.35, "windows": [{"from": "06:00", "to": "22:00"}], "to": FIXED_UNTIL},
                       {"part": "energy", "source": made_up_prices.NAME, "vat": 19, "from": PRICES_FROM},
                       {"part": "network", "price_kwh": 0.10, "vat": 19, "from": PRICES_FROM}],
            "store": {"url": "sqlite:///home.db"}, "web": {"listen": f"{HOST}:{port}"}}, folder)
        self.engine = database.opened(self.settings.store.url)
        self.changes, self.line_since_ms, self.is_up = Changes(), {}, {"ttn": True}
        self.writer = Writer(self.engine, {("ttn", DEVICE): "Zoe"})
        self.world = World(complete(GIVEN), self._published)
        self.started_ms = int(1000 * self.world.start_utc_s)
        self.desk = Desk(self.engine, self.settings, self.key, self._push, self.changes.tell, self.clock)
        self._garage = self.settings.devices[0]
        self.notices, self.planner = Notices(), None
        self._exchange = made_up_prices.PriceFile(folder / "prices.json", self._garage.timezone)

    def clock(self):
        return self.world.utc_s()

    def key(self, device):
        return self.writer.devices["ttn", device.id]

    def play(self):
        """The week. The plan is sent from the page in the first morning, and somebody asks for news in the last night."""
        at_us = 1_000_000
        self.world.kernel.at(HOUR_S * at_us, self._ask, PLAN)
        for day in range(1, DAYS):
            self.world.kernel.at((day * DAY_S + HOUR_S) * at_us, self._ask, {"command": "report", "what": "plan"})
        self.world.kernel.at((GIVEN["duration_s"] - 600) * at_us, self._ask, {"command": "report", "what": "status"})
        self.world.kernel.at(ORDERED_S * at_us, self._order)
        for look_s in range(0, GIVEN["duration_s"], 300):
            self.world.kernel.at(look_s * at_us, self._look)
        self.world.run(GIVEN["duration_s"])

    def _order(self):
        """A tariff by the hour begins, and the standing order is set on the page."""
        days = [PRICES_FROM + datetime.timedelta(ahead) for ahead in range(3)]
        spans = [(start_s, start_s + 900, price) for day in days for start_s, price in self._exchange.of_day(day)]
        with database.writing(self.engine) as connection:
            prices.put(connection, made_up_prices.NAME, spans)
        page_orders.add(self.engine, self.writer.insert, self.key(self._garage), ORDER)
        self.planner = Planner(self)

    def _look(self):
        self.desk.look()
        if self.planner:
            self.planner.look()

    def _ask(self, request):
        self.desk.ask(self._garage, request, "page")

    def _push(self, device, topic, body):
        items = downlink_requests.items_of_body(body.encode(), self.world.formatter, self.world.utc_s())
        self.world.kernel.at(self.world.kernel.now_us + 1, self.world.network.push, items)
        return True

    def _published(self, suffix, message):
        message = json.loads(json.dumps(application_server.with_ids(application_server.with_decoded(message, self.world.formatter), APP, DEVICE)))
        if suffix == "up":
            uplink = the_things_stack.uplink(message)
            self.writer.write("ttn", [uplink])
            self.desk.hear_uplinks("ttn", [uplink])
        elif suffix.startswith("down/"):
            self.desk.hear("ttn", DEVICE, suffix, message)


def draw(url, newest):
    """Write the pictures."""
    from playwright.sync_api import sync_playwright
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, path, viewport, theme in PICTURES:
            page = browser.new_page(viewport=viewport, color_scheme=theme, timezone_id="Europe/Berlin", locale="en-GB", reduced_motion="reduce")
            page.goto(url + path.format(newest=newest) + f"?theme={theme}&lang=en")
            page.wait_for_timeout(500)
            page.screenshot(path=IMAGES / f"{name}.png")
            page.close()
        browser.close()


def main():
    """The command."""
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder, socket.create_server((HOST, 0)) as listening:
        port = listening.getsockname()[1]
        house = PlayedHouse(pathlib.Path(folder), port)
        house.play()
        server = Server(uvicorn.Config(app.app(house), HOST, port, log_level="critical", access_log=False, lifespan="off", server_header=False))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            IMAGES.mkdir(parents=True, exist_ok=True)
            with urllib.request.urlopen(f"http://{HOST}:{port}/api/v1/sessions") as answer:
                newest = max(one["number"] for one in json.load(answer) if "number" in one)
            draw(f"http://{HOST}:{port}/", newest)
        finally:
            server.should_exit = True
            thread.join()
            house.engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
