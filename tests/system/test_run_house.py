"""The service of the house beside `python -m sim run`: on its broker and its clock, and gone with it."""

import json
import re
import time
import urllib.error
import urllib.request

import pytest
from sim.live import run as runner
from tests.choice import first
from tests.system.test_run import WAIT_S, start

__all__ = ['start']


def asked(url, path):
    """What the API answers; nothing while it does not listen yet."""
    try:
        with urllib.request.urlopen(url + 'api/v1/' + path, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.URLError:
        return {}


def wait_for(condition):
    deadline = time.monotonic() + WAIT_S
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


@pytest.mark.parametrize('network', first(['the-things-stack', 'chirpstack']))
def test_a_session_of_the_simulated_car_is_in_the_session_book(start, network):
    process = start('--plain', '--speed', '60', '--network', network, house=('--web-port', '0'))
    url = re.search(r'page (http://127\.0\.0\.1:\d+/)', process.line_with('page http'))[1]
    process.line_with('uplink', 'Not Connected')
    process.type('plug')
    process.line_with('uplink', 'Connected and Locked')
    process.type('key on')
    process.line_with('uplink', '"state": "Charging"')
    status = wait_for(lambda: (found := asked(url, 'status')).get('state') == 'Charging' and found)
    assert status['network_connected'] and status['age_s'] < 3600
    time.sleep(1.5)
    process.type('unplug')
    (session,) = wait_for(lambda: asked(url, 'sessions'))
    assert session['number'] == 1 and session['energy_kwh'] > 0 and 0.2 < session['cost'] / session['energy_kwh'] < 0.5
    process.type('quit')
    assert process.ended() == (0, '')


@pytest.mark.parametrize('text', ['-1', '65536', 'on', ''])
def test_a_port_that_is_none_is_named(text, capsys):
    with pytest.raises(SystemExit):
        runner.main(['--web-port', text])
    assert 'must be a port, or off' in capsys.readouterr().err
