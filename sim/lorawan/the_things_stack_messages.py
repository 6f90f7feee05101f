"""The JSON messages that The Things Stack v3 publishes for a device: their content, not their timing.

As its integrations/data-formats pages and protobuf-to-JSON rules say: bytes are base64, 64-bit integers strings, durations and times
text, and a field with the zero of its type is left out (f_cnt 0, f_port 0, confirmed false, priority LOWEST), except inside
decoded_payload, whose numbers are kept.
"""

from base64 import b64encode
from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
DEV_EUI = '70B3D57ED0060C5A'
JOIN_EUI = '70B3D57ED0000000'
NETWORK = {'net_id': '000013', 'tenant_id': 'ttn', 'cluster_id': 'au1'}


def duration(us):
    """Microseconds as the stack writes a duration: 0, 3 or 6 decimals."""
    text = '%d.%06d' % divmod(us, 1_000_000)
    for group in ('.000000', '000'):
        if text.endswith(group):
            text = text[:-len(group)]
            break
    return text + 's'


def _present(**fields):
    """The fields that proto3 JSON shows."""
    return {name: value for name, value in fields.items() if value}


def _text(data):
    return b64encode(data).decode('ascii')


class Messages:
    """Builds the messages of one device; ids come from rng, times from start_utc_s and microseconds since then."""

    def __init__(self, device_id, application_id, start_utc_s, rng, region=None):
        self._ids = {'device_id': device_id, 'application_ids': {'application_id': application_id}, 'dev_eui': DEV_EUI, 'join_eui': JOIN_EUI}
        self._start = _EPOCH + timedelta(seconds=start_utc_s)
        self._random = rng

    def time(self, now_us):
        """RFC 3339 with nanosecond digits."""
        moment = self._start + timedelta(microseconds=now_us)
        return moment.strftime('%Y-%m-%dT%H:%M:%S') + '.%06d000Z' % moment.microsecond

    # What the network publishes: [(topic's end, message)].

    def on_uplink(self, now_us, frame, decoded):
        return [('up', self.uplink(now_us, frame, decoded))]

    def on_join(self, now_us, session):
        return [('join', self.join(now_us, session))]

    def on_status(self, now_us, session, battery, margin_db):
        """Nothing on MQTT: it is in later uplinks, which this leaves out."""
        return []

    def uplink(self, now_us, frame, decoded):
        """up: frame is a radio.Uplink, decoded the formatter's data or None."""
        message = _present(
            session_key_id=frame.session.key_id, f_port=frame.f_port, f_cnt=frame.f_cnt, frm_payload=_text(frame.payload),
            confirmed=frame.confirmed, settings=self._settings(frame),
            rx_metadata=[self._reception(frame, *reception) for reception in frame.receptions],
            received_at=self.time(frame.end_us), consumed_airtime=duration(frame.end_us - frame.start_us), network_ids=NETWORK)
        if decoded is not None:
            message['decoded_payload'] = decoded
        return self._envelope(now_us, frame.session, 'gs:uplink', uplink_message=message)

    def join(self, now_us, session):
        """join."""
        accept = {'session_key_id': session.key_id, 'received_at': self.time(now_us)}
        return self._envelope(now_us, session, 'gs:uplink', join_accept=accept)

    def downlink(self, name, now_us, session, item):
        """down/queued, sent, ack and nack; name is the message's own, as downlink_sent. All of them carry the downlink's id last."""
        return self._envelope(now_us, session, '', (*item.correlation_ids, item.own_id), **{name: self._downlink(session, item)})

    def failed(self, now_us, session, item, error):
        """down/failed; error as from error()."""
        body = {'downlink': self._downlink(session, item), 'error': error}
        return self._envelope(now_us, session, '', (*item.correlation_ids, item.own_id), downlink_failed=body)

    def error(self, namespace, name, message_format, **attributes):
        """An error in the stack's form; code 3 is gRPC's INVALID_ARGUMENT."""
        return _present(namespace=namespace, name=name, message_format=message_format, attributes=attributes,
                        correlation_id='%032x' % self._random.getrandbits(128), code=3)

    def downlink_id(self):
        """The id that a downlink gets when it is pushed, and keeps to its end."""
        return self._id('as:downlink')

    def _id(self, what):
        return '%s:%026X' % (what, self._random.getrandbits(100))

    def _downlink(self, session, item):
        return _present(
            session_key_id=session and session.key_id, f_port=item.f_port, f_cnt=item.f_cnt, frm_payload=_text(item.payload),
            confirmed=item.confirmed, priority=item.priority if item.priority != 'LOWEST' else '', correlation_ids=item.correlation_ids)

    def _envelope(self, now_us, session, what, correlation_ids=(), **body):
        ids = dict(self._ids)
        if session is not None:
            ids['dev_addr'] = session.dev_addr
        own = [self._id(what)] if what else []
        return {'end_device_ids': ids, 'correlation_ids': list(correlation_ids) + own, 'received_at': self.time(now_us), **body}

    def _reception(self, frame, gateway, rssi, snr):
        return _present(
            gateway_ids=gateway.ids, time=self.time(frame.end_us), timestamp=frame.end_us & 0xFFFFFFFF, rssi=rssi, channel_rssi=rssi,
            snr=snr, uplink_token=_text(self._random.randbytes(24)))

    def _settings(self, frame):
        lora = {'bandwidth': frame.rate.bw_khz * 1000, 'spreading_factor': frame.rate.sf, 'coding_rate': '4/5'}
        return _present(data_rate={'lora': lora}, frequency=str(frame.frequency_hz), timestamp=frame.end_us & 0xFFFFFFFF,
                        time=self.time(frame.end_us))
