"""One evening of the whole simulated world with the unchanged firmware in it, printed: run on CPython and on MicroPython, which must print the same.

Argument: how many minutes of it. The car comes before the plan's window, is limited, charges in it; commands and the original's
bytes arrive; the monitor loses its power, is hung until the watchdog bites, is rebooted by command, and each time goes on from its store; a noisy
bus, a fault, a box without power, a gateway that is down.
"""
import sys

from tests.micropython import stand_ins

stand_ins.install()

import config  # noqa: E402
from sim.world import World  # noqa: E402

MINUTE_S = 60
START_UTC_S = 1775286000    # 2026-04-04T07:00:00Z
EVENTS = (    # minute, what happens; fPort 20 as ttn/formatter.js encodes it
    (4, {'do': 'plug'}),
    (6, {'do': 'downlink', 'f_port': 20, 'payload_hex': '0a0169d0b858025801'}),          # report device
    (9, {'do': 'downlink', 'f_port': 20, 'payload_hex': '060269d0b90c025814'}),          # set_current 10 A
    (26, {'do': 'monitor_power', 'on': False}),
    (27, {'do': 'monitor_power', 'on': True}),
    (28, {'do': 'downlink', 'f_port': 20, 'payload_hex': '070369d0bd8002580200c8'}),     # boost 2 kWh
    (30, {'do': 'downlink', 'f_port': 20, 'payload_hex': '0e0069d0bdf8ffff0901'}),       # hold always
    (33, {'do': 'downlink', 'f_port': 20, 'payload_hex': '0c0069d0beacffffff108b40'}),   # a plan: every day 18:10 to 06:00
    (40, {'do': 'bus_noise', 'rate': 0.01, 'for_s': 60}),
    (44, {'do': 'fault', 'code': 'F4'}),
    (47, {'do': 'clear_fault'}),
    (50, {'do': 'charger_power', 'on': False}),
    (52, {'do': 'charger_power', 'on': True}),
    (58, {'do': 'hang_monitor'}),
    (64, {'do': 'downlink', 'f_port': 20, 'payload_hex': '0b0969d0c5f00258'}),           # reboot
    (80, {'do': 'downlink', 'f_port': 1, 'payload_hex': '01'}),
    (90, {'do': 'downlink', 'f_port': 1, 'payload_hex': '02'}),
    (95, {'do': 'gateway_down', 'for_s': 1200}),
    (130, {'do': 'unplug'}),
    (150, {'do': 'plug'}),
)


def scenario():
    """As sim.scenario.complete() gives it, which does not run on MicroPython."""
    plan = [{'days': 'mon-sun', 'from': '18:20', 'to': '07:00', 'current_a': 13}]
    settings = config.Settings({'REGION': 'AU915', 'TIMEZONE': 'AEST-10AEDT,M10.1.0,M4.1.0/3', 'PLAN': plan})
    events = [dict(event, t=at * MINUTE_S) for at, event in EVENTS]
    return {
        'seed': 7, 'start_utc_s': START_UTC_S, 'settings': settings, 'events': events, 'clock': {'drift_ppm': 20},
        'charger': {'id': 1, 'firmware': '1.3', 'meter': True, 'panel_frames': True, 'sleeps_after_s': 30, 'key': 'locked',
                    'start_after_power_cycle': True, 'held_code': 'B2'},
        'vehicle': {'model': 'eager', 'max_a': 16, 'phases': 3, 'needs_kwh': 30},
        'network': {'uplink_loss': 0.1, 'downlink_loss': 0.0, 'rx1_delay_s': 5, 'data_rate': None},
    }


def show(entry):
    """A line of the timeline; the interpreters have different ways to write a float."""
    print(' '.join(['%s=%s' % (name, '%.3f' % value if isinstance(value, float) else value) for name, value in sorted(entry.items())]))


def main():
    minutes = int(sys.argv[1])
    world = World(scenario(), on_record=show, on_log=lambda t, text: print('%.3f log %s' % (t, text)))
    world.run(minutes * MINUTE_S)
    show(world.summary())
    print(sorted(world.flash.records.items()))


main()
