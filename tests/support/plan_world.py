"""An installation with a plan: requests over the air, and its answers and reports."""

from tests.support.watched_world import WatchedWorld

START = '2026-05-01T21:30:00Z'


def home(*asked, reboots_s=(), plug_s=60, clock=True, key='unlocked', vehicle=None, charger=None, **config):
    """A world with a car from plug_s on. asked: (t, data of a downlink, or its bytes on fPort 20); reboots_s: the monitor's power goes for 10 s;
    clock: the network tells the time; config: settings."""
    house = WatchedWorld(start=START, config=config, network={'data_rate': 5}, vehicle=vehicle or {},
                  charger=dict(charger or {}, key=key, panel_frames=False))
    if not clock:
        house.world.network.clock_sync = False
    house.do(plug_s, 'plug')
    for t_s, data in asked:
        if isinstance(data, bytes):
            house.do(t_s, 'downlink', f_port=20, payload_hex=data.hex())
        else:
            house.do(t_s, 'downlink', data=data)
    for t_s in reboots_s:
        house.do(t_s, 'monitor_power', on=False)
        house.do(t_s + 10, 'monitor_power', on=True)
    house.expected_resets = ['power'] * len(reboots_s)
    return house


def hashes(house, from_s, until_s=float('inf')):
    """Of every status of that time."""
    return {entry['decoded']['plan_hash'] for entry in house.of('uplink', from_s, until_s) if 'plan_hash' in entry['decoded']}


def results(house, from_s=0.0, until_s=float('inf')):
    """(what was asked, result, detail) of every answer."""
    told = [entry['decoded'] for entry in house.of('uplink', from_s, until_s) if entry['decoded'].get('type') == 'result']
    return [(answer['command'], answer['result'], answer.get('detail', 'none')) for answer in told]


def read_back(house, from_s, part):
    """The pages of that part, each once and in order."""
    told = [entry['decoded'] for entry in house.of('uplink', from_s) if entry['decoded'].get('part') == part]
    return sorted(told, key=lambda page: page['page'])


def written(house, from_s=0.0, until_s=float('inf')):
    """Values of all that was written to the box."""
    return [entry['value'] for entry in house.of('bus_write', from_s, until_s)]


def closed(house, from_s=0.0, until_s=float('inf')):
    """[(from, until)] of the contactor, clipped to that time."""
    found = []
    begin_s = None
    for entry in house.of('contactor', 1):
        if entry['closed']:
            begin_s = entry['t']
        elif begin_s is not None:
            found.append((begin_s, entry['t']))
            begin_s = None
    if begin_s is not None:
        found.append((begin_s, house.world.kernel.now_us / 1_000_000))
    return [(max(begin_s, from_s), min(end_s, until_s)) for begin_s, end_s in found if end_s > from_s and begin_s < until_s]
