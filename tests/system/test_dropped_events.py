"""A modem that forgets to report the end of a frame, under the whole firmware: the next frame leaves within the deadline."""

import pytest
from hal.contract import ACKED, FAILED, JOINED, SENT
from lorawan.sender import DEADLINE_MS, RETRY_MS
from lorawan.session import JOIN_DEADLINE_MS
from sim import scenario
from sim.world import World

SECOND_US = 1_000_000
# What a frame or a join may take after the deadline: its own airtime, and the tick of the loop.
MARGIN_S = 2
# A frame given up is sent again, and whatever is more urgent before it, after one more receive window.
NEXT_S = (DEADLINE_MS + RETRY_MS) / 1000 + MARGIN_S


def of(world, kind):
    return [entry for entry in world.timeline if entry['kind'] == kind]


def lived(seconds, prepare, **given):
    """A world after that run; prepare(world) before."""
    world = World(scenario.complete(dict(given, duration_s=1, charger={'panel_frames': False})))
    prepare(world)
    world.run(seconds)
    world.timeline.sort(key=lambda entry: entry['t'])
    return world


@pytest.mark.parametrize('kind, confirmed', ((SENT, False), (ACKED, True), (FAILED, True)))
def test_a_forgotten_end_of_a_frame_holds_nothing_up_for_longer_than_its_deadline(kind, confirmed, evidence):
    """The car comes, the modem forgets the end of that status; a command meanwhile is obeyed immediately and answered after the deadline."""

    def prepare(world):
        def forget():
            world.network.device.fault_drop_event = kind
            if confirmed:
                # As after 26 h without a word from the network: the next frame asks for a proof.
                world.app.session.proven_ms -= 27 * 3_600_000
            if kind == FAILED:
                world.network.gateway_down(world.kernel.now_us + 12 * SECOND_US)
        world.kernel.at(600 * SECOND_US, forget)
        world.kernel.at(600 * SECOND_US, world.do, {'do': 'plug'})
        world.kernel.at(614 * SECOND_US, world.do, {'do': 'downlink', 'data': {'command': 'lock', 'id': 9}})

    world = lived(1200, prepare)
    uplinks = [entry for entry in of(world, 'uplink') if entry['t'] > 600]
    lock = [entry['t'] for entry in of(world, 'bus_write') if entry['t'] > 600]
    (answer,) = [entry['t'] for entry in uplinks if entry['f_port'] == 11]
    name = {SENT: 'SENT', ACKED: 'ACKED', FAILED: 'FAILED'}[kind]
    evidence('whole firmware: the modem forgets %s: from that frame to the answer of the next command, s' % name,
             round(answer - uplinks[0]['t'], 1), NEXT_S)
    assert world.network.device.fault_drop_event is None and world.resets == 0
    assert lock and lock[0] - 614 < 5, 'the box is served whatever the modem does'
    assert DEADLINE_MS / 1000 < answer - uplinks[0]['t'] <= NEXT_S


def test_a_forgotten_end_of_a_join_holds_nothing_up_for_longer_than_its_deadline(evidence):
    def prepare(world):
        world.kernel.at(SECOND_US, lambda: setattr(world.network.device, 'fault_drop_event', JOINED))

    world = lived(600, prepare)
    joins = of(world, 'join')
    assert len(joins) == 2 and of(world, 'uplink')
    gap_s = joins[1]['t'] - joins[0]['t']
    # After the deadline the join schedule waits 10 to 20 s, as after any failed attempt.
    evidence('whole firmware: the modem forgets JOINED: from that join to the next one, s', round(gap_s, 1), JOIN_DEADLINE_MS / 1000 + 20)
    assert gap_s <= JOIN_DEADLINE_MS / 1000 + 20 + MARGIN_S
