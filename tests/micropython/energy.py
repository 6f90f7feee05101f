"""Energy of a night on this interpreter: counted, reported and recorded, printed; on MicroPython also the allocations of a reading."""
import gc
import sys

from app.runtime.journal import Journal
from app.evse.energy_meter import EnergyMeter
from app.evse.charging_sessions import ChargingSessions
from app.evse.evse_monitor import EvseMonitor
from modbus.reading import Reading
from tests.support.fake_board import Part

UTC_S = 1775286000
CHARGING = 0


class MeasuredCharge:
    """A car from one reading to the next."""

    def __init__(self):
        self.now_ms = 0
        self.flash = {}
        self.reading = Reading()
        charger = Part(reading=self.reading, read_soon=lambda now_ms, delay_ms=0: None)
        self.evse_monitor = EvseMonitor(charger, 0)
        self.meter = EnergyMeter(230, 3)
        keeper = Part(known=True, utc_s=lambda now_ms: UTC_S + now_ms // 1000)
        store = Part(get=self.flash.get, put=self.put)
        self.sessions = ChargingSessions(self.meter, charger, self.evse_monitor, keeper, Journal(store), 0, 0)

    def put(self, name, value):
        self.flash[name] = value

    def read(self, code, current_da):
        reading = self.reading
        self.now_ms += 2000
        reading.code = code
        reading.ev_connected = code != 0xA1
        reading.enable_input = True
        currents_da = reading.currents_da
        currents_da[0] = currents_da[1] = currents_da[2] = current_da
        reading.at_ms = self.now_ms
        self.evse_monitor.see(code, self.now_ms)
        self.evse_monitor.read(reading)
        self.sessions.step(self.now_ms, CHARGING)


def show(night):
    for second in range(0, 8 * 3600, 2):
        night.read(0xC2 if second % 7200 < 6600 else 0xB2, 320 if second % 7200 < 6600 else 0)
        if second % 600 == 0:
            print(night.meter.total_wh, night.meter.session_wh, night.sessions.report_wh(night.now_ms))
    night.read(0xA1, None)
    night.read(0xA1, None)
    port, payload = night.sessions.book.make(1, 11)
    print(port, ' '.join(['%02X' % byte for byte in payload]))
    night.sessions.book.sent(night.now_ms)
    for name in sorted(night.flash):
        print(name, ' '.join(['%02X' % byte for byte in night.flash[name]]))


def allocated():
    """Bytes for a thousand readings that bring energy, 0.2 Wh each: nothing of it is written."""
    night = MeasuredCharge()
    for _ in range(100):
        night.read(0xC2, 2)
    before = gc.mem_alloc()
    for _ in range(1000):
        night.read(0xC2, 2)
    return gc.mem_alloc() - before


show(MeasuredCharge())
if sys.implementation.name == 'micropython':
    print('allocated', allocated())
