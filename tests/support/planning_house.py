"""The house's desk and planner on the clock and network of a World: what is planned goes on the air, what the device says is in the store."""

import json

from home.network import the_things_stack
from home.notices import Notices
from home.planning.planner import Planner
from home.store import commands, prices
from home.store.database import reading, writing
from sim.mqtt import downlink_requests
from tests.support.house import StoredHouse, given
from ttn.formatter import Formatter

LOOK_S = 60
SECOND_US = 1_000_000


class NightHouse(StoredHouse):
    """order: fields of a [[standing_order]]; spans: as in tell(). publish() is the World's; live(world, ...) before it runs."""

    def __init__(self, engine, order, spans, timezone='Etc/UTC'):
        source = {'name': 'spot', 'kind': 'energy-charts', 'timezone': timezone}
        device = {'id': 'wallbox', 'name': 'Garage', 'timezone': timezone, 'vehicle': 'Zoe'}
        super().__init__(engine, given(device=[device], standing_order=[order], price_source=[source], tariff=[{'part': 'energy', 'source': 'spot'}]))
        self.notices = Notices(write=lambda form, *words: None)
        self.planner = Planner(self)
        self._formatter = Formatter()
        self._world = None
        self.tell(spans)

    def tell(self, spans):
        """Prices come: [(from, until, price)], UTC s."""
        with writing(self.engine) as connection:
            prices.put(connection, 'spot', spans)

    def live(self, world, from_s, look_s=LOOK_S):
        """Look from that second of the world on: each look_s, and whenever the device says something."""
        self._world, self._look_us = world, look_s * SECOND_US
        self._from_us = from_s * SECOND_US
        world.kernel.at(self._from_us, self._look)

    def clock(self):
        return self._world.start_utc_s + self._world.kernel.now_us / SECOND_US

    def publish(self, suffix, message):
        """What the network tells."""
        device = self.settings.devices[0]
        if suffix == 'up':
            uplink = the_things_stack.uplink(message, json.dumps(message))
            self.writer.write('ttn', [uplink])
            self.desk.hear_uplinks('ttn', [uplink])
            if self._world.kernel.now_us >= self._from_us:
                self.planner.look()
        elif suffix in the_things_stack.HEARD:
            self.desk.hear('ttn', device.id, suffix, message)

    def asked(self):
        """The planner's commands, newest first."""
        with reading(self.engine) as connection:
            return commands.recent(connection, self.key(self.settings.devices[0]))

    def _publish(self, device, topic, body):
        items = downlink_requests.items_of_body(body.encode(), self._formatter, int(self.clock()))
        self._world.network.push(items, topic.endswith('/replace'))
        return True

    def _look(self):
        self.desk.look()
        self.planner.look()
        self._world.kernel.after(self._look_us, self._look)
