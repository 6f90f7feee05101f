"""What `sim run` and `sim modem` take alike on their command lines: the network, its topics on MQTT, speed and seed."""

import argparse

from sim.live.typed_commands import SPEEDS
from sim.mqtt import application_server
from sim.mqtt.broker import HOST

REGIONS = ('AU915', 'EU868', 'US915', 'AS923')


def add_network_options(parser, speed=1.0):
    """Add them. speed: the default, None where it depends."""
    parser.add_argument('--speed', type=number(*SPEEDS), default=speed, metavar='N',
                        help='simulated seconds in a real one, default 1' + (", or the demo's own" if speed is None else ''))
    parser.add_argument('--mqtt', type=_address, metavar='HOST:PORT', help='use that broker; default: one of its own on %s' % HOST)
    parser.add_argument('--app', type=_topic_part, default='ev-charger', help='application id, default %(default)s')
    parser.add_argument('--tenant', type=_topic_part, default='ttn', help='tenant id, default %(default)s')
    parser.add_argument('--device', type=_topic_part, default='wallbox', help='device id, default %(default)s')
    parser.add_argument('--region', choices=REGIONS, default='AU915', help='default %(default)s')
    parser.add_argument('--seed', type=int, default=1, metavar='N', help='another number gives other chances, default %(default)s')


def _checked(function, text):
    try:
        return function(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _address(text):
    return _checked(application_server.address, text)


def number(low, high):
    """A converter for argparse: text to a number in that range."""
    def convert(text):
        value = float(text)
        if not low <= value <= high:
            raise ValueError('must be a number from %g to %g' % (low, high))
        return value
    return lambda text: _checked(convert, text)


def _topic_part(text):
    if not text or not text.isprintable() or set(text) & set('/+#@'):
        raise argparse.ArgumentTypeError('must be an id, without / + # @')
    return text
