"""One live run: the world, its clock, its MQTT client, and the commands of a person or a client."""

import json

from home import time_zone_mistakes
from sim.live import typed_commands, story as tell
from sim.lorawan import network_kinds
from sim.mqtt import application_server, downlink_requests
from sim.mqtt.network_dialects import DIALECTS
from sim.live.typed_commands import printable
from sim.live.realtime import RealTime
from sim.vehicle import make_vehicle
from sim.live.recent import Recent
from sim.world import World

REFRESH_S = 0.1
# Lines of the firmware's log about what the view shows by itself, in better words (src/app/telemetry/log_lines.py).
_SHOWN = ('light: ', 'network: ', 'box: ', 'session: ', 'plan: ', 'request: ', 'answer: ')


class LiveRun:
    """A world held to real time, connected to a broker.

    front: say(t_s, source, text) receives every event, tick() is called ten times a second. watch: what the view shows. kind: of the network.
    Nothing is sent to the broker before mqtt.start().
    """

    def __init__(self, scenario, front, speed, broker, application, tenant, device, kind=network_kinds.THE_THINGS_STACK):
        self.dialect = dialect = DIALECTS[kind](application, tenant, device)
        self.watch = Recent(self._explain)
        self._ids = 0               # of the requests that a person typed in words
        self._say = front.say
        self._vehicle = dict(scenario['vehicle'])
        self.help_shown = False
        self.page = ''              # address of the house's page, once there is one
        self.keep = lambda message: None    # what the network's own memory does with it
        self.changed = lambda: None         # the page of the garage hears that something in it is not as it was
        self.world = World(scenario, self._publish, self._on_record, self._on_log,
                           network=dialect.network_options())
        self.pace = self.world.kernel.pace = RealTime(self.world.kernel, speed, REFRESH_S, front.tick)
        self.mqtt = application_server.ApplicationServer(
            *broker, dialect.topic, lambda replace, body: self.pace.call(self._on_push, replace, body), dialect.commands, dialect.ignores_retained)

    @property
    def next_model(self):
        return self._vehicle['model']

    def tell(self, source, text):
        """A line for the log and the plain front end."""
        t_s = self.world.kernel.now_us / 1e6
        self.watch.say(t_s, source, text)
        self._say(t_s, source, text)

    def play(self, story):
        """Say each line of a story, (second, line), when its time has come."""
        for t_s, line in story:
            self.world.kernel.at(t_s * 1_000_000, self.tell, 'story', line)

    def end(self):
        """Stop the world as soon as it looks up."""
        self.pace.ending = True
        self.world.end()

    def typed(self, line):
        """A line that a person typed."""
        self.help_shown = False
        event, problem = typed_commands.parse(line)
        if problem:
            self.tell('problem', problem)
        elif event is not None:
            if event['do'] not in ('help', 'quit'):
                self.tell('you', printable(line.strip(), 200))
            _DO.get(event['do'], LiveRun._do_event)(self, event)

    # --- what the world says

    def _on_log(self, t_s, text):
        if not text.startswith(_SHOWN):
            self.tell('firmware', text)

    def _on_record(self, entry):
        self.watch.entry(entry)
        self._say(entry['t'], *tell.entry_text(entry))
        if entry['kind'] in ('charger_state', 'contactor', 'reset'):
            self.changed()

    def _publish(self, suffix, message):
        told = self.dialect.told(suffix, message)
        if told is not None:
            what, key, problem = told
            self.watch.told(what, key, self.world.kernel.now_us / 1e6)
            if problem:
                self.tell('problem', problem)
        message = self.dialect.outgoing(message, self.world.formatter)
        self.mqtt.publish(suffix, message)
        self.keep(message)

    def _explain(self, f_port, payload):
        return tell.downlink_gist(self.world.formatter.decode_downlink(f_port, payload).get('data'))

    # --- actions on the world

    def _on_push(self, replace, body):
        name = self.dialect.commands[replace]
        try:
            items = self.dialect.items(body, self.world.formatter, self.world.utc_s())
        except downlink_requests.Refused as refused:
            self.tell('mqtt', '%s refused: %s' % (name, refused.args[0]))
            return
        self.tell('mqtt', '%s: %d downlink%s' % (name, len(items), '' if len(items) == 1 else 's'))
        self._doubt(self.dialect.requests(json.loads(body)))
        if replace:
            self.watch.cleared()
        if self.world.network.push(items, replace):
            self.tell('mqtt', '%s refused: its id is in the queue already' % name)

    def _do_push(self, event):
        try:
            items = self.dialect.typed(event['downlinks'], self.world.formatter, self.world.utc_s())
        except downlink_requests.Refused as refused:
            self.tell('problem', 'not sent: %s' % refused.args[0].partition('downlink 1: ')[2])
            return
        self._doubt(event['downlinks'])
        self.world.network.push(items)

    def _do_request(self, event):
        """Words become a request with an id, as a program would give it one."""
        self._ids = self._ids % 255 + 1
        self._do_push({'downlinks': [{'decoded_payload': dict(event['request'], id=self._ids)}]})

    def _doubt(self, downlinks):
        """Say what a time zone means that is probably a mistake."""
        for downlink in downlinks:
            decoded = downlink.get('decoded_payload')
            told = time_zone_mistakes.doubt(decoded.get('timezone')) if isinstance(decoded, dict) else ''
            if told:
                self.tell('problem', told)

    def _do_plug(self, event):
        if self.world.box.vehicle is None:
            self.world.box.plug(make_vehicle(self.world.kernel, **self._vehicle))
        else:
            self.tell('problem', 'a car is plugged in already')

    def _do_vehicle(self, event):
        self._vehicle['model'] = event['model']
        if self.world.box.vehicle is not None:
            self.tell('problem', 'that car comes after the next unplug')

    def _do_speed(self, event):
        self.pace.speed = event['factor']

    def _do_help(self, event):
        self.help_shown = True
        for line in typed_commands.help_lines():
            self._say(self.world.kernel.now_us / 1e6, 'help', line)

    def _do_quit(self, event):
        self.end()

    def _do_event(self, event):
        self.world.do(event)


_DO = {'push': LiveRun._do_push, 'request': LiveRun._do_request, 'plug': LiveRun._do_plug, 'vehicle': LiveRun._do_vehicle,
       'speed': LiveRun._do_speed, 'help': LiveRun._do_help, 'quit': LiveRun._do_quit}
