"""The service of the house beside `python -m sim run`: on its broker and its clock, and gone with it."""

import datetime
import json
import re
import time
import urllib.error
import urllib.request

import pytest
from sim.live import run as runner
from sim.live.made_up_prices import QUARTER_S, PriceFile
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


def rates(session):
    """What a kWh cost in the quarter hours of a session, by the tariff of a live run: the exchange's price and 10 cents, and 19 % of both."""
    begin, end = (datetime.datetime.fromisoformat(session[name]) for name in ('started_at', 'ended_at'))
    prices = [price for day in {begin.date(), end.date()} for start_s, price in PriceFile(None, begin.tzinfo).of_day(day)
              if begin.timestamp() - QUARTER_S < start_s <= end.timestamp()]
    return [1.19 * (price + 0.1) for price in prices]


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
    (session,) = wait_for(lambda: (found := asked(url, 'sessions')) and found[0]['ended_at'] and found)
    energy_kwh, cost = session['energy_kwh'], session['cost']
    assert session['number'] == 1 and energy_kwh > 0
    # A hundredth of a kWh and a ten-thousandth of a euro are what these are told to.
    assert (energy_kwh - 0.005) * min(rates(session)) - 1e-4 <= cost <= (energy_kwh + 0.005) * max(rates(session)) + 1e-4
    process.type('quit')
    assert process.ended() == (0, '')


@pytest.mark.parametrize('text', ['-1', '65536', 'on', ''])
def test_a_port_that_is_none_is_named(text, capsys):
    with pytest.raises(SystemExit):
        runner.main(['--web-port', text])
    assert 'must be a port, or off' in capsys.readouterr().err
