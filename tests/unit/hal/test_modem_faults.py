"""Both AT drivers on a lossy, noisy line, with modems that restart, fall silent or are unplugged: the drivers always recover."""
import random

import hal.rak3172
import hal.wio_e5
import pytest
from hal.contract import ACKED, FAILED, JOIN_FAILED, JOINED, SENT, HalError
from sim.modems.rak3172 import ACK_PORT, Rak3172
from sim.modems.wio_e5 import WioE5
from tests.support.modem_bench import ModemBench

TERMINAL = (JOINED, JOIN_FAILED, SENT, ACKED, FAILED)
# What the layers above wait for each, seconds (lorawan.session, lorawan.sender).
WITHIN_S = {"join": 20, "send": 15, "confirmed": 36}
SEEDS = 80


def start(radio, act):
    if act == "join":
        return radio.join(2)
    return radio.send(10, b"abc", act == "confirmed", 2)


def trouble(here, chance):
    """Faults of the next 200 s."""
    modem, kernel = here.modem, here.kernel
    say, rate = modem.say, chance.choice((0, 0.02, 0.1, 0.3))

    def noisy(line):
        if chance.random() < rate:
            getattr(modem, chance.choice(("drop", "garble")))("")
        say(line)

    modem.say = noisy
    for _ in range(chance.randrange(4)):
        at_us, for_us = int(chance.random() * 200e6), int(chance.random() * 40e6)
        kind = chance.choice(("restart", "silence", "unplugged", "outage", "downlink", "mac"))
        if kind == "restart":
            kernel.at(at_us, modem.power_cycle)
        elif kind in ("silence", "unplugged"):
            thing, name = (modem, "silent") if kind == "silence" else (here.serial, "unplugged")
            kernel.at(at_us, setattr, thing, name, True)
            kernel.at(at_us + for_us, setattr, thing, name, False)
        elif kind == "outage":
            kernel.at(at_us, here.network.gateway_down, at_us + for_us)
        elif kind == "downlink":
            kernel.at(at_us, here.network.push, [{"f_port": 20, "payload": b"\x03", "confirmed": chance.random() < 0.5}])
        else:
            kernel.at(at_us, setattr, modem, "mac_answers", 9)


def frames_of_ours(here):
    """A modem's own acknowledgements are reported by separate events."""
    return len([frame for frame in here.on_air() if frame["f_port"] != ACK_PORT])


def live(module, make, seed):
    """Eight joins and uplinks in trouble, each of which must end once, in time and honestly; then a quiet one that must succeed."""
    chance = random.Random(seed)
    here = ModemBench(module, make)
    quiet = here.modem.say
    trouble(here, chance)
    for _ in range(8):
        act = chance.choice(tuple(WITHIN_S)) if here.radio.joined else "join"
        before = frames_of_ours(here)
        try:
            started = start(here.radio, act)
        except HalError:
            here.run(15)
            continue
        found = [event for event in here.run(WITHIN_S[act]) if event[0] in TERMINAL]
        assert len(found) == (1 if started else 0), (seed, act, found)
        if started and act != "join":
            assert found[0][1] >= frames_of_ours(here) - before, (seed, act, found)
    here.modem.say, here.modem.mac_answers = quiet, 0
    here.modem._drops.clear()
    here.modem._garbles.clear()
    here.run(250)
    for _ in range(2):
        try:
            here.radio.join(2)
        except HalError:
            here.run(20)
            continue
        here.run(20)
    assert (SENT, 1, None) in here.sent(b"x", seconds=15), seed
    assert here.modem.violations == [], seed


@pytest.mark.parametrize("module, make", [(hal.wio_e5, WioE5), (hal.rak3172, Rak3172)], ids=["wio_e5", "rak3172"])
def test_every_join_and_uplink_ends_once_in_time_and_honestly_and_the_driver_goes_on(module, make, evidence):
    for seed in range(SEEDS):
        live(module, make, seed)
    evidence("troubled lives of an AT modem (%s) that its driver got through" % make.__name__, SEEDS)
