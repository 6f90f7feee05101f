"""The service of the house: wires the lines to the networks, the store, and what looks after both. start() to stop()."""
import logging
import threading
import time

from home import housekeeping
from home.changes import Changes
from home.commands.desk import Desk
from home.home_assistant import HouseBroker
from home.inbox import Inbox
from home.network.backfiller import Backfiller
from home.network import kinds, mqtt
from home.network.uplink import NotUnderstood
from home.notices import Notices
from home.notify.sender import Sender
from home.planning.planner import Planner, is_possible
from home.prices.fetcher import Fetcher
from home.store import database
from home.store.database import RowRefused, StoreFailed
from home.store.writer import Writer
from home.tariff.prices import Tariff
from ttn.formatter import Formatter

logger = logging.getLogger("home")
LOOK_S = 1
ASK_EVERY_S = 900
PRUNE_EVERY_S = 86400
RETRY_S = 60
TELL_EVERY_S = 60
# Within that time the stack answers a push that it takes.
QUEUED_S = 60


class Service:
    """clock(): UTC seconds, of the world that it lives in. StoreFailed if the store cannot be opened."""

    def __init__(self, settings, clock=time.time):
        self.settings = settings
        self.clock = clock
        self.started_ms = int(1000 * clock())
        self.engine = database.opened(settings.store.url)
        self.notices = Notices()
        self.changes = Changes()
        self.writer = Writer(self.engine, {(device.network, device.id): device.vehicle for device in settings.devices})
        self.inbox = Inbox(self.writer, settings.networks, self.notices, clock, self._on_written, self._on_downlink)
        self.lines = {network.name: mqtt.to_network(network, self._ids(network),
                                         lambda topic, body, name=network.name: self.inbox.put(name, topic, body),
                                         lambda is_up, sentence, name=network.name: self._on_line(name, is_up, sentence))
                      for network in settings.networks}
        self.backfillers = {network.name: Backfiller(network, self._ids(network), self.writer, self.inbox.store, self.notices, clock)
                            for network in settings.networks if network.storage_url}
        self.desk = Desk(self.engine, settings, self.key, self._publish, self.changes.tell, clock)
        self.is_up = dict.fromkeys(self.lines, False)
        self.messages = Sender(self) if settings.notify.urls else None
        self.prices = Fetcher(settings.price_sources, settings.house_mqtt, self.engine, self.notices, self._on_prices, clock) if (
            settings.price_sources) else None
        self.planner = self._planner()
        self.line_since_ms = {}     # network -> since when its line is what it is; nothing yet: since the start, and it was never up
        self.house = HouseBroker(self, self._on_house) if settings.house_mqtt else None
        self._unqueued_s = {}       # (network, device id, correlation id) of a request -> when the network is to have said that it has it
        self._due_s = dict.fromkeys((self._ask, self._prune, self._doubt, self._look, *([self._tell] if self.house else [])), clock())
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self):
        self.inbox.start()
        for line in self._parts():
            line.start()
        self._thread.start()

    def stop(self):
        self._stopping.set()
        self._thread.join()
        for line in self._parts():
            line.stop()
        self.inbox.stop()
        self.engine.dispose()

    def _ids(self, network):
        return [device.id for device in self.settings.devices if device.network == network.name]

    def key(self, device):
        """The device's key in the store."""
        return self.writer.devices[device.network, device.id]

    def _publish(self, device, topic, body):
        return self.lines[device.network].publish(topic, body)

    def _parts(self):
        return [*self.lines.values(), *self.backfillers.values(), *[part for part in (self.house, self.messages, self.prices, self.planner) if part]]

    def _on_house(self, is_up, sentence):
        (logger.info if is_up else logger.warning)("%s", sentence)
        if is_up:
            self._due_s[self._tell] = self.clock()

    def _planner(self):
        """None where nobody can ask for a target: without a tariff, and without Home Assistant; and where it could not be sent."""
        its = self.settings
        if not its.house_mqtt and all(Tariff(its.tariff, device.place, device.timezone).is_empty for device in its.devices):
            return None
        if not is_possible(Formatter()):
            if its.standing_orders:
                self.notices.say("planner", "standing orders wait: ttn/formatter.js knows no target yet")
            return None
        return Planner(self)

    def _on_prices(self, source):
        for device in self.settings.devices:
            self.changes.tell(device.name)

    def _on_line(self, name, is_up, sentence):
        (logger.info if is_up else logger.warning)("%s", sentence)
        if is_up != self.is_up[name]:
            self.line_since_ms[name] = int(1000 * self.clock())
        self.is_up[name] = is_up
        if is_up:
            self.desk.line_up(name)
        if name in self.backfillers:
            self.backfillers[name].line(is_up)
        self._due_s[self._look] = self.clock()
        self._tell_of(name, {device.id for device in self.settings.devices})

    def _on_written(self, network_name, uplinks):
        if self.house:
            self._due_s[self._tell] = self.clock()
        if any((uplink.decoded or {}).get("type") in ("session", "device") for uplink in uplinks):
            self._due_s[self._ask] = min(self._due_s[self._ask], self.clock() + ASK_EVERY_S)
        try:
            self.desk.hear_uplinks(network_name, uplinks)
        except StoreFailed as problem:
            self.notices.say("answers", f"{problem}. What the device answered is written later")
        self._tell_of(network_name, {uplink.device_id for uplink in uplinks})

    def _tell_of(self, network_name, device_ids):
        for device in self.settings.devices:
            if device.network == network_name and device.id in device_ids:
                self.changes.tell(device.name)

    def _run(self):
        before_s = self.clock()
        while not self._stopping.wait(LOOK_S):
            before_s = self._bring_forward(before_s)
            for work, due_s in list(self._due_s.items()):
                if self.clock() >= due_s:
                    try:
                        self._due_s[work] = self.clock() + work()
                        self.notices.over(work.__name__)
                    except StoreFailed as problem:
                        self._due_s[work] = self.clock() + RETRY_S
                        self.notices.say(work.__name__, str(problem))

    def _bring_forward(self, before_s):
        """Where the clock was put back nothing waits for a time that is far ahead now. Now, for the next look."""
        now_s = self.clock()
        if now_s < before_s:
            for work in self._due_s:
                self._due_s[work] = min(self._due_s[work], now_s)
        return now_s

    def _ask(self):
        for device in self.settings.devices:
            if self.is_up[device.network]:
                network = self.settings.network(device.network)
                number = housekeeping.ask_for_missing(self.writer, self.key(device), network, device.id,
                                                      self.lines[device.network].publish, int(1000 * self.clock()))
                if number is not None and kinds.of(network).SAYS_QUEUED:
                    self._unqueued_s[device.network, device.id, housekeeping.correlation_id(number)] = self.clock() + QUEUED_S
        return 4 * ASK_EVERY_S

    def _look(self):
        return self.desk.look()

    def _on_downlink(self, network_name, device_id, suffix, message):
        try:
            self.desk.hear(network_name, device_id, suffix, message)
        except RowRefused as problem:
            self.notices.say(("downlink", device_id), f"{device_id}: what the network said about a downlink was left out: {problem}")
        try:
            what, found = kinds.of(self.settings.network(network_name)).told(suffix, message) or (None, None)
        except NotUnderstood:
            return
        for word in found.correlation_ids if found else ():
            if self._unqueued_s.pop((network_name, device_id, word), None) is not None and what == "failed":
                self.notices.say(("failed", device_id), f"{device_id}: the request for missing sessions could not be sent")

    def _doubt(self):
        """The network says nothing where it does not take a request."""
        for place, due_s in list(self._unqueued_s.items()):
            if self.clock() >= due_s and self._unqueued_s.pop(place, None) is not None:
                self.notices.say(("unqueued", place[0]), f"{place[0]}: the network does not say that it took a request for {place[1]}."
                                 f" {kinds.of(self.settings.network(place[0])).AT_SENDING}")
        return QUEUED_S

    def _tell(self):
        self.house.tell()
        return TELL_EVERY_S

    def _prune(self):
        gone = housekeeping.prune(self.engine, int(1000 * self.clock()) - self.settings.store.raw_days * housekeeping.DAY_MS)
        if gone:
            logger.info("%d messages older than %d days were deleted", gone, self.settings.store.raw_days)
        return PRUNE_EVERY_S
