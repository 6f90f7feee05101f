"""Run by Home Assistant's Python: a real one lives through a month within minutes, and prints what its energy dashboard shows of each hour.

Only its clock is ours: what the state machine and the recorder take for now. MQTT integration, sensor, recorder and statistics are as they are; the
recorder's own function for it is called each simulated five minutes, as its timer would.

    python statistics_of_month.py FOLDER BROKER_PORT ENTITY <<< '[[UTC s, topic, payload], ...]'
"""
import asyncio
import datetime
import json
import pathlib
import sys

import paho.mqtt.client as paho
from homeassistant import bootstrap, runner
from homeassistant.components import mqtt
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.helpers import entity as state_writer
from homeassistant.util import dt as dt_util

HOST = "127.0.0.1"
SYNC = "statistics-of-month/sync"
PERIOD_S = 300
# Its timer fires that long after each five minutes.
LATE_S = 10
WAIT_S = 30
CONFIGURATION = """\
homeassistant:
  time_zone: UTC
logger:
  default: warning
recorder:
  commit_interval: 0
"""


class Month:
    """One Home Assistant on a broker; live() plays messages into it."""

    def __init__(self, folder, port, entity):
        self.folder, self.port, self.entity = folder, port, entity
        self.now_s = 0
        self.hass = self.recorder = None
        self._client = paho.Client()
        self._arrived = asyncio.Event()
        (folder / "configuration.yaml").write_text(CONFIGURATION)
        dt_util.utcnow = lambda: datetime.datetime.fromtimestamp(self.now_s, datetime.timezone.utc)
        state_writer.timer = lambda: self.now_s     # a newer one dates states by it

    async def live(self, messages):
        """{UTC s of an hour: kWh}."""
        begin_s = self.now_s = messages[0][0] // 3600 * 3600
        await self._start()
        next_s = begin_s + PERIOD_S
        for at_s, topic, payload in messages:
            while next_s + LATE_S <= at_s:
                await self._compile(next_s)
                next_s += PERIOD_S
            self.now_s = at_s
            await self._publish(topic, payload)
        end_s = at_s // 3600 * 3600 + 3600
        while next_s <= end_s:
            await self._compile(next_s)
            next_s += PERIOD_S
        rows = await self.recorder.async_add_executor_job(
            statistics_during_period, self.hass, *(datetime.datetime.fromtimestamp(s, datetime.timezone.utc) for s in (begin_s, end_s)),
            {self.entity}, "hour", None, {"change"})
        state = self.hass.states.get(self.entity)
        self._client.loop_stop()
        await self.hass.async_stop()
        return {"hours": {int(row["start"]): row["change"] for row in rows[self.entity]}, "state": state.state}

    async def _start(self):
        self.hass = hass = await bootstrap.async_setup_hass(runner.RuntimeConfig(config_dir=str(self.folder), skip_pip=True))
        await hass.async_start()
        self.recorder = get_instance(hass)
        while self.recorder._periodic_listener is None:
            await asyncio.sleep(0.1)
        self.recorder._periodic_listener()      # the timer runs by the real clock
        self.recorder._periodic_listener = None
        flow = await hass.config_entries.flow.async_init("mqtt", context={"source": "user"})
        # A newer form has a section, which may stay as its page shows it.
        rest = {"other_settings": {"set_client_cert": False, "set_ca_cert": "off"}} if "other_settings" in flow["data_schema"].schema else {}
        flow = await hass.config_entries.flow.async_configure(flow["flow_id"], {"broker": HOST, "port": self.port, **rest})
        assert flow["type"] == "create_entry", flow
        await hass.async_block_till_done()
        await mqtt.async_subscribe(hass, SYNC, lambda message: hass.loop.call_soon_threadsafe(self._arrived.set))
        self._client.connect(HOST, self.port)
        self._client.loop_start()
        await asyncio.sleep(3)      # it subscribes some seconds later

    async def _publish(self, topic, payload):
        """Return once Home Assistant has it."""
        self._client.publish(topic, payload, retain=True)
        if topic.endswith("/config"):
            await asyncio.sleep(3 if self.hass.states.get(self.entity) is None else 0)
        self._arrived.clear()
        self._client.publish(SYNC, "")
        await asyncio.wait_for(self._arrived.wait(), WAIT_S)

    async def _compile(self, at_s):
        self.now_s = at_s + LATE_S
        await self.recorder.async_block_till_done()
        self.recorder.async_periodic_statistics()
        await self.recorder.async_block_till_done()


if __name__ == "__main__":
    its = Month(pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
    print(json.dumps(asyncio.run(its.live(json.load(sys.stdin)))))
