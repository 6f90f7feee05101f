"""Radio surroundings of the fake LoPy4: regional tables of its MAC, time on air, and a gateway that a test controls.

Own figures and own arithmetic, shared with neither the firmware nor the simulated network.
"""

# LoRaWAN 1.0.2 regional parameters: (spreading factor, bandwidth in kHz) by data rate, and the fixed second window.
DATA_RATES = {
    'AU915': ((12, 125), (11, 125), (10, 125), (9, 125), (8, 125), (7, 125), (8, 500)),
    'US915': ((10, 125), (9, 125), (8, 125), (7, 125), (8, 500)),
    'EU868': ((12, 125), (11, 125), (10, 125), (9, 125), (8, 125), (7, 125)),
    'AS923': ((12, 125), (11, 125), (10, 125), (9, 125), (8, 125), (7, 125)),
}
RX2 = {'AU915': (12, 500), 'US915': (12, 500), 'EU868': (9, 125), 'AS923': (10, 125)}
# Application bytes that this MAC lets through.
MAX_PAYLOAD = {
    'AU915': (51, 51, 51, 115, 242, 242, 242),
    'US915': (11, 53, 125, 242, 242),
    'EU868': (51, 51, 51, 115, 242, 242),
    'AS923': (0, 0, 11, 53, 125, 242),
}
JOIN_DATA_RATES = {'AU915': (0, 6), 'US915': (0, 4), 'EU868': (0, 1, 2, 3, 4, 5), 'AS923': (2,)}
CHANNELS = {'AU915': 72, 'US915': 72, 'EU868': 16, 'AS923': 16}
DEFAULT_DR = {'AU915': 4, 'US915': 4, 'EU868': 5, 'AS923': 5}
HIGHEST_DR = {'AU915': 6, 'US915': 4, 'EU868': 6, 'AS923': 6}


def time_on_air_us(length, spreading, bandwidth_khz):
    """Semtech AN1200.13: explicit header, CRC, coding rate 4/5, 8 symbols of preamble."""
    symbol_us = (1 << spreading) * 1000 // bandwidth_khz
    low_rate = 1 if symbol_us > 16000 else 0
    numerator = 8 * length - 4 * spreading + 28 + 16
    denominator = 4 * (spreading - 2 * low_rate)
    symbols = 8 + max(-(-numerator // denominator) * 5, 0)
    return (4 * symbols + 49) * symbol_us // 4


class Air:
    """A gateway with its network, as a test wants it to behave. Times are of the kernel, in microseconds.

    joins: (t_us, data_rate, dev_eui, join_eui, app_key) of every request on the air, heard or not.
    uplinks: (t_us, port, payload, confirmed, data_rate) of every frame on the air; port None for an empty one.
    """

    def __init__(self):
        self.joins = []
        self.uplinks = []
        self.accepts = True         # join requests are answered
        self.acks = True            # confirmed uplinks are
        self.deaf = False           # nothing is heard at all
        self.sub_band = None        # the only one that the gateway listens to, None for all
        self.rx1_delay_s = 5        # The Things Stack's
        self.mac_commands = False   # the next window brings a frame without payload
        self.mac_answers = 0        # bytes of the next uplink that the MAC needs for itself
        self.adr_rate = None        # what the network sets from the next uplink on, where the device lets it
        self.downlinks = []         # waiting (port, payload)

    def hears(self, channel):
        """Whether the gateway listens on a channel (its index)."""
        if self.deaf:
            return False
        if self.sub_band is None:
            return True
        return channel // 8 == self.sub_band - 1 or channel == 63 + self.sub_band
