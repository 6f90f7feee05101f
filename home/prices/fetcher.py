"""Fetches prices in a thread of its own and writes them into the store; hears those that come over the house's broker."""
import dataclasses
import logging
import queue
import threading
import time

from home.network import mqtt
from home.prices import answer_parser, http_request, schedule
from home.store import prices
from home.store.database import StoreFailed, reading, writing

logger = logging.getLogger("home")
LOOK_S = 1
FILE_MAX = 4_000_000
QUEUE_MAX = 200


class Fetcher:
    """start(), stop(). changed(name of the source): its prices are not as they were. ask(source, now_s): its answer's text, or Refused."""

    def __init__(self, sources, house_mqtt, engine, notices, changed, clock=time.time, ask=http_request.ask):
        self._engine, self._notices, self._changed, self._clock, self._ask = engine, notices, changed, clock, ask
        self._asked = [its for its in sources if not its.topics]
        self._heard = [its for its in sources if its.topics]
        self._schedules = {its.name: schedule.Schedule() for its in self._asked}
        self._files = {}                            # name of the source -> (time, size) of its file when it was read
        self._came = queue.Queue(QUEUE_MAX)         # (topic, body)
        self._line = house_mqtt and self._heard and self._line_to(house_mqtt) or None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prices", daemon=True)

    def start(self):
        if self._line:
            self._line.start()
        self._thread.start()

    def stop(self):
        self._stopping.set()
        if self._line:
            self._line.stop()
        self._thread.join(2 * LOOK_S)   # a request on its way is cut off with the process, and made again

    def look(self):
        """Ask each source that is due, and take what came over the broker."""
        now_s = self._clock()
        for its in self._asked:
            if schedule.is_due(self._schedules[its.name], now_s) and not self._stopping.is_set():
                self._fetch(its, now_s)
        while not self._came.empty():
            topic, body = self._came.get()
            for its in self._heard:
                if any(mqtt.paho.topic_matches_sub(one, topic) for one in its.topics):
                    self._take(its, body.decode("utf-8", "replace"), now_s)

    def put(self, topic, body):
        """A message of the house's broker, from its thread."""
        try:
            self._came.put_nowait((topic, body))
        except queue.Full:
            self._notices.say("price messages", "the house's broker sends prices faster than they are taken; some are left out")

    def _line_to(self, its):
        topics = sorted({topic for source in self._heard for topic in source.topics})
        return mqtt.to_house(its, "prices from house_mqtt", self._on_line, self.put, topics,
                             "the broker does not let us read the topics of the price sources")

    def _on_line(self, is_up, sentence):
        (logger.info if is_up else logger.warning)("%s", sentence)

    def _run(self):
        while not self._stopping.wait(LOOK_S):
            self.look()

    def _fetch(self, its, now_s):
        state = self._schedules[its.name]
        try:
            text = self._read(its) if its.file else self._ask(its, now_s)
        except http_request.Refused as problem:
            self._say(its, problem.args[0])
            self._schedules[its.name] = schedule.failed(state, now_s, problem.args[1])
            return
        if text is None:        # a file that is as it was
            self._schedules[its.name] = dataclasses.replace(state, due_s=now_s + 60 * its.every_min)
            return
        until_s = self._take(its, text, now_s)
        self._schedules[its.name] = (schedule.failed(state, now_s) if until_s is None else
                                     schedule.passed(state, now_s, until_s, 60 * its.every_min))
        if until_s is None:
            self._files.pop(its.name, None)

    def _read(self, its):
        try:
            found = its.file.stat()
            mark = found.st_mtime_ns, found.st_size
            if self._files.get(its.name) == mark:
                return None
            if found.st_size > FILE_MAX:
                raise http_request.Refused(f"{its.file} has more than {FILE_MAX // 1_000_000} MB", None)
            text = its.file.read_text(encoding="utf-8-sig", errors="replace")
        except OSError as problem:
            raise http_request.Refused(f"{its.file}: {problem.strerror}", None) from None
        self._files[its.name] = mark
        return text

    def _take(self, its, text, now_s):
        """Until when prices are known now; None where nothing could be used, or the store is away."""
        try:
            spans, left_out = answer_parser.spans(answer_parser.parsed(text, bool(its.file) and its.file.suffix.lower() == ".csv"), its)
        except Exception as problem:
            # Whatever somebody else's answer has in it that nobody foresaw, the service goes on.
            is_named = isinstance(problem, answer_parser.Unusable)
            self._say(its, problem.args[0] if is_named else f"its answer cannot be used ({type(problem).__name__})")
            return None
        try:
            with writing(self._engine) as connection:
                is_changed = prices.put(connection, its.name, spans)
            with reading(self._engine) as connection:
                until_s = prices.known_until_s(connection, its.name)
        except StoreFailed as problem:
            self._say(its, f"{problem}. They are taken later")
            return None
        if left_out:
            self._say(its, left_out)
        elif until_s <= now_s:
            self._say(its, "its newest price is of the past")
        else:
            self._notices.over(("prices", its.name))
        if is_changed:
            self._changed(its.name)
        return until_s

    def _say(self, its, what):
        self._notices.say(("prices", its.name), f"prices of {its.name}: {what}")
