"""The JSON events that ChirpStack v4 publishes for a device: their content, not their timing.

As its integration.proto and its documentation (integrations/events) say: protobuf's JSON, in which zero, false and empty fields are left out,
bytes are base64 and times RFC 3339; numbers in `object` are doubles, and so have a point.
"""

from base64 import b64encode
from datetime import datetime, timedelta, timezone
from uuid import UUID

from sim.lorawan.the_things_stack_messages import DEV_EUI as ITS_EUI

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# ChirpStack writes EUIs in lower case.
DEV_EUI = ITS_EUI.lower()
APPLICATION = '3f1d6b1e-8b52-4a43-9a7e-5d0c2f6e7a10'
TENANT = '8d1f0c52-7c0b-4a60-a1c5-0f4f6f6a7d21'
PROFILE = 'b6a3cf0e-91d4-4c7e-8f0a-2f3f0a4f6d55'
# The gateway's, per region (RP002): dBm EIRP.
_POWER_DBM = {'AU915': 27, 'US915': 27, 'AS923': 14, 'EU868': 14}
ERROR = 'ERROR'
# Kinds of level and code in a log event that this simulation writes.
UPLINK_CODEC, PAYLOAD_SIZE, EXPIRED = 'UPLINK_CODEC', 'DOWNLINK_PAYLOAD_SIZE', 'EXPIRED'


def _present(**fields):
    """The fields that proto3's JSON shows."""
    return {name: value for name, value in fields.items() if value or value == {} and name in ('immediately', 'object')}


def _text(data):
    return b64encode(data).decode('ascii')


def as_struct(value):
    """A value of the codec in google.protobuf.Struct: every number is a double."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, dict):
        return {name: as_struct(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_struct(one) for one in value]
    return float(value)


class Messages:
    """Builds the events of one device; ids come from rng, times from start_utc_s and microseconds since then."""

    def __init__(self, device_id, application_id, start_utc_s, rng, region='AU915'):
        self.dev_eui = device_id
        self._application = application_id
        self._start_utc_s = start_utc_s
        self._start = _EPOCH + timedelta(seconds=start_utc_s)
        self._random = rng
        self._region = region

    def utc_s(self, now_us):
        return self._start_utc_s + now_us / 1_000_000

    def time(self, now_us):
        """RFC 3339 as ChirpStack writes it."""
        moment = self._start + timedelta(microseconds=now_us)
        return moment.strftime('%Y-%m-%dT%H:%M:%S') + '.%06d000+00:00' % moment.microsecond

    def queue_id(self):
        """Of a downlink that came without one."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    # What the network publishes: [(topic's end, message)].

    def on_uplink(self, now_us, frame, decoded):
        """frame is an end device's Uplink, decoded the codec's data, or None where it gave errors: these are told in a log event alone."""
        deduplication_id = self.queue_id()
        message = _present(
            deduplicationId=deduplication_id, time=self.time(frame.end_us), deviceInfo=self._device(frame.session), adr=frame.adr, dr=frame.dr,
            devAddr=frame.session.dev_addr.lower(), fCnt=frame.f_cnt, fPort=frame.f_port, confirmed=frame.confirmed, data=_text(frame.payload),
            rxInfo=[self._reception(frame, *reception) for reception in frame.receptions],
            txInfo={'frequency': frame.frequency_hz, 'modulation': _lora(frame.rate)}, regionConfigId=self._region_id())
        if decoded is not None:
            return [('event/up', dict(message, object=as_struct(decoded)))]
        failed = self.log(now_us, frame.session, UPLINK_CODEC, "decodeUplink did not return 'data'", deduplication_id=deduplication_id)
        return [failed, ('event/up', message)]

    def on_join(self, now_us, session):
        return [('event/join', _present(deduplicationId=self.queue_id(), time=self.time(now_us), deviceInfo=self._device(session),
                                        devAddr=session.dev_addr.lower(), regionConfigId=self._region_id()))]

    def on_status(self, now_us, session, battery, margin_db):
        """battery: 0 is an external supply, 255 not known, else of 254."""
        level = {'externalPowerSource': True} if battery == 0 else {'batteryLevelUnavailable': True} if battery == 255 else {
            'batteryLevel': round(battery / 2.54, 2)}
        return [('event/status', _present(deduplicationId=self.queue_id(), time=self.time(now_us), deviceInfo=self._device(session),
                                          margin=margin_db, **level))]

    def txack(self, now_us, session, item, slot, rate, is_delayed):
        """The gateway took the downlink. is_delayed: into a receive window."""
        timing = {'delay': {'delay': '%ds' % (session.rx1_delay_us // 1_000_000)}} if is_delayed else {'immediately': {}}
        modulation = _lora(rate)
        modulation['lora']['polarizationInversion'] = True
        return 'event/txack', _present(
            downlinkId=self._random.getrandbits(32), time=self.time(now_us), deviceInfo=self._device(session), queueItemId=item.queue_id,
            fCntDown=item.f_cnt, gatewayId=_gateway_id(slot.gateway),
            txInfo={'frequency': slot.frequency_hz, 'power': _POWER_DBM[self._region], 'modulation': modulation, 'timing': timing,
                    'context': _text(self._random.randbytes(4))})

    def ack(self, now_us, session, item, acknowledged):
        return 'event/ack', _present(deduplicationId=self.queue_id() if acknowledged else '', time=self.time(now_us),
                                     deviceInfo=self._device(session), queueItemId=item.queue_id, acknowledged=acknowledged, fCntDown=item.f_cnt)

    def log(self, now_us, session, code, description, **context):
        return 'event/log', _present(time=self.time(now_us), deviceInfo=self._device(session), level=ERROR, code=code, description=description,
                                     context={name: str(value) for name, value in context.items()})

    def _device(self, session):
        """deviceInfo. A zero is class A."""
        is_class_c = session is not None and session.klass == 'C'
        return _present(
            tenantId=TENANT, tenantName='House', applicationId=self._application, applicationName='ev-charger', deviceProfileId=PROFILE,
            deviceProfileName='Wallbox monitor', deviceName='wallbox', devEui=self.dev_eui, deviceClassEnabled='CLASS_C' if is_class_c else '')

    def _region_id(self):
        return '%s_0' % self._region.lower()

    def _reception(self, frame, gateway, rssi, snr):
        return _present(
            gatewayId=_gateway_id(gateway), uplinkId=self._random.getrandbits(32), nsTime=self.time(frame.end_us), rssi=rssi, snr=float(snr),
            context=_text(self._random.randbytes(4)), crcStatus='CRC_OK',
            metadata={'region_config_id': self._region_id(), 'region_common_name': self._region})


def _gateway_id(gateway):
    return gateway.ids['eui'].lower()


def _lora(rate):
    return {'lora': {'bandwidth': rate.bw_khz * 1000, 'spreadingFactor': rate.sf, 'codeRate': 'CR_4_5'}}
