"""What a live run has to know of its network's MQTT, a class each: topics, commands that come in, and the last touch of what goes out."""

from sim.lorawan import chirpstack_messages
from sim.lorawan.network_kinds import CHIRPSTACK, THE_THINGS_STACK
from sim.mqtt import application_server, chirpstack_commands, downlink_requests

# Default ids, of `sim run`: (application, device).
IDS = {THE_THINGS_STACK: ('ev-charger', 'wallbox'), CHIRPSTACK: (chirpstack_messages.APPLICATION, chirpstack_messages.DEV_EUI)}


class TheThingsStackDialect:
    """down/push and down/replace come in."""

    kind = THE_THINGS_STACK
    commands = ('down/push', 'down/replace')
    up = 'up'
    ignores_retained = True
    # Seconds on the air and downlinks that the fair use of its free plan allows a device in 24 h.
    fair_use_s, fair_downlinks = 30, 10

    def __init__(self, application, tenant, device):
        self._application, self._device = application, device
        self.topic = application_server.topic_of(application, tenant, device)

    def network_options(self):
        """For sim.lorawan.network.Network."""
        return {}

    def items(self, body, formatter, utc_s):
        """Of a command's body, for Network.push; downlink_requests.Refused."""
        return downlink_requests.items_of_body(body, formatter, utc_s)

    def typed(self, downlinks, formatter, utc_s):
        """Of downlinks in the words of downlink_requests, as the console has them."""
        return downlink_requests.items_of_list(downlinks, formatter, utc_s)

    def requests(self, message):
        """Downlinks of a parsed command in those words."""
        return message.get('downlinks', [])

    def outgoing(self, message, formatter):
        """A message of the network as it is published."""
        return application_server.with_ids(application_server.with_decoded(message, formatter), self._application, self._device)

    def told(self, suffix, message):
        """(queued, sent, ack, nack or failed; the downlink's key; a problem in words or '') of a message about a downlink, else None."""
        if not suffix.startswith('down/'):
            return None
        problem = 'downlink failed: %s' % message['downlink_failed']['error']['name'] if suffix == 'down/failed' else ''
        return suffix[len('down/'):], message['correlation_ids'][-1], problem


class ChirpStackDialect:
    """command/down comes in. application: a UUID; device: a DevEUI in lower case."""

    kind = CHIRPSTACK
    commands = ('command/down',)
    up = 'event/up'
    # It takes what the broker kept as a command, at each start.
    ignores_retained = False
    # Its owner's gateway: no such limit but the law's.
    fair_use_s = fair_downlinks = None

    def __init__(self, application, tenant, device):
        self._application, self._device = application, device
        self.topic = 'application/%s/device/%s/' % (application, device)

    def network_options(self):
        return {'kind': self.kind, 'application_id': self._application, 'device_id': self._device}

    def items(self, body, formatter, utc_s):
        return [chirpstack_commands.item_of_body(body, self._device, formatter, utc_s)]

    def typed(self, downlinks, formatter, utc_s):
        return [{name: item[name] for name in ('f_port', 'payload', 'confirmed')}
                for item in downlink_requests.items_of_list(downlinks, formatter, utc_s)]

    def requests(self, message):
        return [{'decoded_payload': message['object']}] if isinstance(message.get('object'), dict) else []

    def outgoing(self, message, formatter):
        return message

    def told(self, suffix, message):
        if suffix == 'event/txack':
            return 'sent', message['queueItemId'], ''
        if suffix == 'event/ack':
            return 'ack' if message.get('acknowledged') else 'failed', message['queueItemId'], ''
        if suffix == 'event/log':
            problem = '%s: %s' % (message['code'], message['description'])
            return 'failed', message.get('context', {}).get('queue_item_id'), problem
        return None


DIALECTS = {one.kind: one for one in (TheThingsStackDialect, ChirpStackDialect)}
