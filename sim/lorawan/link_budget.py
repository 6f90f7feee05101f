"""The link budget: gateways at their distances, and which frames they can receive.

Received power is transmitted power minus path loss plus the fading of that one frame; its ratio to the noise of the channel must reach the
demodulator's floor. Loss by spreading factor is no figure of its own, it follows.
Sources: SX1276 datasheet, table 13 (SNR floor of each spreading factor); Semtech AN1200.22 (noise figure 6 dB); EN 300 220 and The Things
Stack's bands (14 dBm ERP in EU868, 27 dBm at 869.525 MHz, about 14 dBm in AS923); in the 915 MHz plans 20 dBm, the most an SX1276 gives, and
26 dBm of a gateway.
"""

from collections import namedtuple
from math import log10
from random import Random

from sim.lorawan.duty_cycle import DutyCycle

THERMAL_DBM_HZ = -174
NOISE_FIGURE_DB = 6
FLOOR_DB = {7: -7.5, 8: -10.0, 9: -12.5, 10: -15.0, 11: -17.5, 12: -20.0}
FADING_LIMIT = 3            # deviations; farther out nothing is drawn, so that a good enough link never loses a frame

# Region: dBm of the device, of a gateway in RX1 and in RX2.
POWER_DBM = {'EU868': (14, 14, 27), 'AS923': (14, 14, 14), 'US915': (20, 26, 26), 'AU915': (20, 26, 26)}

# A gateway some kilometres off; the fastest rate of every region gets through, with 7 dB and more to spare.
NEAR_DB = 128.0
FADING_DB = 2.0

Reception = namedtuple('Reception', 'gateway rssi snr')     # dBm and dB at that gateway


def noise_dbm(bw_khz):
    """Noise power in that bandwidth at a receiver's input."""
    return THERMAL_DBM_HZ + NOISE_FIGURE_DB + 10 * log10(bw_khz * 1000)


def sensitivity_dbm(rate):
    """The weakest signal that is understood at that DataRate."""
    return noise_dbm(rate.bw_khz) + FLOOR_DB[rate.sf]


class Gateway:
    """One gateway, half duplex: path_loss_db away from the device, out of order until down_until_us, with its own duty cycle."""

    def __init__(self, number, path_loss_db, region):
        self.ids = {'gateway_id': 'rooftop-gateway' if number == 1 else 'gateway-%d' % number, 'eui': '58A0CBFFFE8000%02X' % number}
        self.path_loss_db = path_loss_db
        self.down_until_us = 0
        self.duty = DutyCycle(region)
        self._sending = False
        self._sent_until_us = 0

    def is_up(self, now_us):
        """Whether it works."""
        return now_us >= self.down_until_us

    def is_deaf(self, frame):
        """Whether it missed some of that uplink, which ends now, for being out of order or sending itself."""
        return self._sending or self._sent_until_us > frame.start_us or frame.start_us < self.down_until_us

    def begin(self, start_us, end_us, frequency_hz):
        """It sends from now on."""
        self._sending = True
        self.duty.add(start_us, end_us, frequency_hz)

    def end(self, now_us):
        """It listens again."""
        self._sending = False
        self._sent_until_us = now_us


class LinkBudget:
    """The ways between the device and its gateways. path_loss_db: one figure a gateway; fading_db: a frame's deviation."""

    def __init__(self, region, path_loss_db=(NEAR_DB,), fading_db=FADING_DB, seed=1):
        self.gateways = [Gateway(number, loss, region) for number, loss in enumerate(path_loss_db, 1)]
        self.fading_db = fading_db
        self._device_dbm, self._rx1_dbm, self._rx2_dbm = POWER_DBM[region]
        self._random = Random('%s fading' % seed)

    def up(self, frame):
        """Receptions of an uplink that ends now, the best first."""
        heard = []
        for gateway in self.gateways:
            rssi, snr = self._arrival(self._device_dbm, gateway, frame.rate)
            if snr >= FLOOR_DB[frame.rate.sf] and not gateway.is_deaf(frame):
                heard.append(Reception(gateway, round(rssi), round(snr, 1)))
        heard.sort(key=lambda reception: -reception.snr)
        return heard

    def down(self, gateway, rate, is_rx1):
        """SNR of a downlink at the device, or None if it is not understood."""
        snr = self._arrival(self._rx1_dbm if is_rx1 else self._rx2_dbm, gateway, rate)[1]
        return snr if snr >= FLOOR_DB[rate.sf] else None

    def _arrival(self, power_dbm, gateway, rate):
        """dBm and dB of one frame at the far end."""
        fading = max(-FADING_LIMIT, min(FADING_LIMIT, self._random.gauss(0, 1)))
        rssi = power_dbm - gateway.path_loss_db + fading * self.fading_db
        return rssi, rssi - noise_dbm(rate.bw_khz)
