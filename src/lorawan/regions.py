"""What each LoRaWAN region allows an uplink, as data."""

# Data rates from 0: (SF, kHz, longest application payload, the same under a dwell limit of 400 ms; 0: no frame fits).
# LoRaWAN Regional Parameters 1.0.3 revision A, each region's table of maximum payload sizes (N, so without FOpts), with
# and without UplinkDwellTime. SF7 at 250 kHz (DR6 of EU868 and AS923) is left out: the LoPy4 sends up to DR5 there.
_EU868 = ((12, 125, 51, 51), (11, 125, 51, 51), (10, 125, 51, 51), (9, 125, 115, 115), (8, 125, 242, 242),
          (7, 125, 242, 242))
_US915 = ((10, 125, 11, 11), (9, 125, 53, 53), (8, 125, 125, 125), (7, 125, 242, 242), (8, 500, 242, 242))
_AS923 = ((12, 125, 51, 0), (11, 125, 51, 0), (10, 125, 51, 11), (9, 125, 115, 53), (8, 125, 242, 125),
          (7, 125, 242, 242))
_AU915 = _AS923 + ((8, 500, 242, 242),)


class Region:
    """One region; join_rates in the order in which attempts take turns, the cheapest first, duty_permille of an hour per sub-band or None.

    rx2: the fixed second window, always open in class C, as (Hz, SF, bandwidth in kHz).
    """

    __slots__ = ('name', 'rates', 'slowest', 'default_rate', 'join_rates', 'sub_bands', 'duty_permille', 'rx2')

    def __init__(self, name, rates, slowest, default_rate, join_rates, sub_bands, duty_permille, rx2):
        self.name = name
        self.rates = rates
        self.slowest = slowest
        self.default_rate = default_rate
        self.join_rates = join_rates
        self.sub_bands = sub_bands
        self.duty_permille = duty_permille
        self.rx2 = rx2

    def radio(self, data_rate):
        """(SF, bandwidth in kHz) of a data rate."""
        return self.rates[data_rate][:2]

    def longest_payload(self, data_rate):
        """Application bytes at that data rate: the dwell limit kept wherever a frame fits under it at all."""
        row = self.rates[data_rate]
        # A configured SF11 or SF12 in AU915 means that the site has no dwell limit (Australia has none).
        return row[3] or row[2]

    def floor(self, data_rate):
        """The slowest one to fall back to from that one: none that breaks the dwell limit, unless that one does already."""
        slowest = self.slowest
        if self.rates[data_rate][3]:
            while not self.rates[slowest][3]:
                slowest += 1
        return slowest


# Join data rates: the LoPy4's join() takes AU915 0|6, US915 0|4, EU868 0..5, AS923 2 and nothing else (Pycom 1.20.2.r6,
# modlora.c, lora_join). AU915 and US915 begin with the 500 kHz one, 28 ms against 1,483 or 371. In EU868 the data rate
# of our uplinks comes first, twice, and SF12 where that is not heard. Default: SF10 at 125 kHz, what a garage needs.
# Slowest: AS923 starts with the dwell limit on (RP 1.0.3rA, AS923 data rates), so nothing below DR2 may be sent.
# Duty: 868.1, .3 and .5 MHz and the 867 MHz channels of The Things Stack lie in bands of 1 % of an hour (ETSI EN 300 220-2,
# bands M and L), that is 36 s. airtime_budget.DAY_MAX_MS keeps it by itself, all sub-bands taken together.
# RX2: RP 1.0.3rA, receive windows of each region; EU868 at SF9 as The Things Stack's plan EU_863_870_TTN has it instead of SF12
# (the network says so in its join accept).
REGIONS = {
    'AS923': Region('AS923', _AS923, 2, 2, (2,), 0, None, (923200000, 10, 125)),
    'AU915': Region('AU915', _AU915, 0, 2, (6, 0), 8, None, (923300000, 12, 500)),
    'EU868': Region('EU868', _EU868, 0, 2, (2, 2, 0), 0, 10, (869525000, 9, 125)),
    'US915': Region('US915', _US915, 0, 0, (4, 0), 8, None, (923300000, 12, 500)),
}


def sub_band_channels(region, sub_band):
    """Channel numbers that stay in use: eight of 125 kHz and their 500 kHz one; () where there are no sub-bands."""
    if not region.sub_bands:
        return ()
    first = (sub_band - 1) * 8
    # Channels 0 to 63 are of 125 kHz; 64 to 71 of 500 kHz, one in the middle of each eight (RP 1.0.3rA, US902 and AU915).
    return tuple(range(first, first + 8)) + (64 + sub_band - 1,)


def _whole(number):
    """True for an int that is not a bool."""
    return isinstance(number, int) and not isinstance(number, bool)


def in_words(name, sub_band):
    """Region and sub-band in words."""
    return 'region ' + name + (', sub-band %d' % sub_band if REGIONS[name].sub_bands else '')


# The settings that check() judges together.
SETTINGS = ('REGION', 'SUB_BAND', 'DATA_RATE', 'ADR')


def check(name, sub_band, data_rate, adr):
    """Errors in the settings REGION, SUB_BAND, DATA_RATE (None: the region's own) and ADR, as a list of texts."""
    region = REGIONS.get(name) if isinstance(name, str) else None
    if region is None:
        return ['REGION: {!r} is none of {}'.format(name, ', '.join(sorted(REGIONS)))]
    errors = []
    if region.sub_bands and not (_whole(sub_band) and 1 <= sub_band <= region.sub_bands):
        errors.append('SUB_BAND: {!r} is not 1 to {} as {} needs it'.format(sub_band, region.sub_bands, name))
    fastest = len(region.rates) - 1
    if data_rate is not None and not (_whole(data_rate) and region.slowest <= data_rate <= fastest):
        errors.append('DATA_RATE: {!r} is neither None nor {} to {} as {} allows'.format(
            data_rate, region.slowest, fastest, name))
    elif data_rate is not None and adr:
        errors.append('ADR: True leaves the data rate to the network; with it DATA_RATE must be None, not {!r}'.format(data_rate))
    return errors
