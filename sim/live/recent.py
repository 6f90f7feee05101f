"""The live view's record of a running world: the latest of everything, and the airtime of the last 24 hours."""

from collections import deque

from sim.live import story

KEPT = 60
DAY_S = 86400


class Sent:
    """A downlink on its way. outcome: '' while it waits, then 'received', 'lost', 'acknowledged' or 'failed', at outcome_s. key: the server's id
    for it, from the push to its end; is_out: it has left the queue."""

    def __init__(self, queued_s, f_port, payload_hex, words):
        self.key = None
        self.is_out = False
        self.queued_s = queued_s
        self.f_port = f_port
        self.payload_hex = payload_hex
        self.words = words
        self.outcome = ''
        self.outcome_s = None


class Recent:
    """Fed with the entries of the timeline, the firmware's log and what the runner has to say; seconds are the world's.

    explain(f_port, payload) gives a downlink in words. joined: the network let the device in and it has not started again since.
    """

    def __init__(self, explain=lambda f_port, payload: ''):
        self.joined = False
        self.joined_s = None        # when the network let it in last
        self.uplinks = deque(maxlen=KEPT)       # entries, newest last
        self.uplink_count = 0
        self.downlinks = deque(maxlen=KEPT)     # Sent, newest last
        self.log = deque(maxlen=KEPT)           # (seconds, source, text), newest last
        self.reported = None                    # the last decoded uplink that tells of the box
        self._airtimes = deque()                # (seconds, ms) of the last day
        self._airtime_ms = 0
        self._received = deque()                # seconds of the downlinks on the air in the last day
        self._explain = explain

    def entry(self, entry):
        """An entry of the timeline."""
        handle = _HANDLERS.get(entry['kind'])
        if handle is not None:
            handle(self, entry)

    def say(self, t_s, source, text):
        """A line for the log panel."""
        self.log.append((t_s, source, text))

    def told(self, what, key, t_s):
        """What the application server tells of a downlink: queued, sent, ack, nack or failed, with its id."""
        if what == 'queued' and self.downlinks and self.downlinks[-1].key is None:
            self.downlinks[-1].key = key
            return
        if key is not None and all(sent.key != key for sent in self.downlinks):
            # A network that says nothing of what it queues: the first that waits.
            first = next((sent for sent in self.downlinks if sent.key is None and not sent.is_out), None)
            if first is not None:
                first.key = key
        for sent in self.downlinks:
            if key is not None and sent.key == key:
                if what in ('sent', 'nack'):
                    sent.is_out = what == 'sent'
                elif what in ('ack', 'failed'):
                    sent.outcome, sent.outcome_s = {'ack': 'acknowledged'}.get(what, what), t_s

    def cleared(self):
        """Somebody replaced the queue: what waited in it is gone."""
        for sent in [sent for sent in self.downlinks if not sent.is_out]:
            self.downlinks.remove(sent)

    def airtime_s(self, now_s):
        """Seconds on the air in the 24 hours before now."""
        while self._airtimes and self._airtimes[0][0] <= now_s - DAY_S:
            self._airtime_ms -= self._airtimes.popleft()[1]
        return max(self._airtime_ms, 0) / 1000

    def downlinks_of_day(self, now_s):
        """Downlinks on the air in the 24 hours before now, MAC answers included."""
        while self._received and self._received[0] <= now_s - DAY_S:
            self._received.popleft()
        return len(self._received)

    def _emission(self, entry):
        self._airtimes.append((entry['t'], entry['airtime_ms']))
        self._airtime_ms += entry['airtime_ms']

    def _uplink(self, entry):
        self._emission(entry)
        self.joined = True
        self.uplinks.append(entry)
        self.uplink_count += 1
        if _is_report(entry['decoded'], self.reported):
            self.reported = entry['decoded']

    def _join(self, entry):
        self._emission(entry)
        if entry['accepted']:
            self.joined_s = entry['t']
        self._note(entry)

    def _note(self, entry):
        self.say(entry['t'], *story.entry_text(entry))

    def _reset(self, entry):
        self.joined = False
        self._note(entry)

    def _downlink_queued(self, entry):
        words = self._explain(entry['f_port'], bytes.fromhex(entry['hex']))
        self.downlinks.append(Sent(entry['t'], entry['f_port'], entry['hex'], words))

    def _downlink(self, entry):
        self._received.append(entry['t'])
        if entry['f_port']:
            self._settle(entry['f_port'], entry['hex'], 'received' if entry['received'] else 'lost', entry['t'])

    def _settle(self, f_port, payload_hex, outcome, t_s):
        for sent in self.downlinks:
            # A confirmed one that got lost is sent again.
            if sent.is_out and sent.outcome in ('', 'lost') and (sent.f_port, sent.payload_hex) == (f_port, payload_hex):
                sent.outcome, sent.outcome_s = outcome, t_s
                return


def _is_report(decoded, before):
    """Does it tell more of the box than the report before, which may have had a reason where this one has a state alone?"""
    if decoded is None:
        return False
    return before is None or decoded.get('state') != before.get('state') or 'reason' in decoded and decoded.get('type') != 'session'


_HANDLERS = {
    'uplink': Recent._uplink, 'join': Recent._join, 'reset': Recent._reset, 'downlink_queued': Recent._downlink_queued,
    'downlink': Recent._downlink, 'charger_state': Recent._note, 'contactor': Recent._note, 'bus_write': Recent._note,
    'energy': Recent._note,
}
