"""The firmware's client on a shared bus: a second master every second, a box that sleeps, and lost bytes.

Lost bytes come in strokes, as a relay or a motor makes them. Lost singly, one in twenty leaves 0.95 ** 48, 9 %, of the exchanges
whole (17 characters there, 31 back), and 99.9 % within 2 s would take 78 tries of 25 ms: nobody gets there who lets others speak.
"""

import pytest
from modbus import charger, transaction

from tests.support.shared_bus import SharedBus

# It sleeps between two questions of the second master, so that the first telegram of either is often lost.
SLEEPS_AFTER_S = 0.7
SHARED = {'panel_frames': True, 'panel': 'master', 'sleeps_after_s': SLEEPS_AFTER_S}


def percent_late(garage):
    return round(100 * garage.late / garage.reads, 3)


def test_10000_reads_of_a_sleeping_box_beside_a_second_master_with_5_percent_lost_bytes(evidence):
    garage = SharedBus(seed=1, storm=(0.05, 5000), **SHARED).run(10_000)
    counts = garage.client.counts
    evidence('reads within 2 s: sleeping box, second master at 1 Hz, 5 % of bytes lost in strokes of 5 ms, %',
             round(100 - percent_late(garage), 3), 99.9)
    evidence('telegrams per read there', round(counts['sent'] / garage.reads, 2))
    evidence('collisions caused by us in %d telegrams there' % counts['sent'], len(garage.ours), 0)
    assert percent_late(garage) <= 0.1
    assert counts['sent'] >= 10_000 and garage.ours == []
    # The interference was real: exchanges that it spoilt.
    assert counts['timeouts'] > 1500


@pytest.mark.parametrize('noise', [0.001, 0.005])
def test_bytes_lost_singly_cost_tries_but_no_reading(noise, evidence):
    garage = SharedBus(seed=2, noise=noise, **SHARED).run(2000)
    evidence('reads within 2 s with %.1f %% of bytes lost singly, %%' % (100 * noise), round(100 - percent_late(garage), 3), 99.9)
    assert percent_late(garage) <= 0.1 and garage.ours == []


def test_of_5_percent_lost_singly_three_tries_save_what_can_be_saved(evidence):
    """The limit is out of reach (see above): the figure stands here beside it. Nobody is run into all the same."""
    garage = SharedBus(seed=6, noise=0.05, **SHARED).run(1000)
    evidence('reads within 2 s with 5 % of bytes lost singly, %; out of reach, 9 % of all exchanges stay whole',
             round(100 - percent_late(garage), 1), 99.9)
    # Three tries of an exchange that is whole in 0.95 ** 48 of all cases.
    assert 12 < 100 - percent_late(garage) < 40 and garage.ours == []


@pytest.mark.parametrize('options', [
    {'panel': 'master', 'sleeps_after_s': None}, {'panel': 'master', 'sleeps_after_s': 30}, {'panel': 'spontaneous', 'sleeps_after_s': 0.7}])
def test_on_a_quiet_line_every_read_is_answered_and_nobody_is_run_into(options):
    garage = SharedBus(seed=3, panel_frames=True, **options).run(2000)
    assert garage.late == 0 and garage.line.collisions == []


def test_beside_a_second_master_a_box_that_is_awake_is_asked_once():
    garage = SharedBus(seed=4, panel_frames=True, panel='master').run(1000)
    assert garage.client.counts['sent'] == 1000


def test_a_box_that_was_quick_and_turns_slow_soon_gets_the_time_it_needs():
    garage = SharedBus(seed=5, panel_frames=False, sleeps_after_s=None).run(50)
    port = garage.box._port
    send = port._send
    port._send = lambda answer: garage.kernel.after(250_000, send, answer)
    garage.run(70)
    counts, collisions = garage.client.counts, len(garage.line.collisions)
    sent = counts['sent']
    garage.run(100)
    assert garage.late == 0 and counts['sent'] - sent == 30 and len(garage.line.collisions) == collisions


def test_a_box_that_is_off_is_asked_as_seldom_as_if_nobody_knew_it():
    garage = SharedBus(seed=6, panel_frames=False).run(50)
    garage.box.power(False)
    garage.run(51)
    sent = garage.client.counts['sent']
    garage.run(61)
    assert garage.client.counts['sent'] - sent == 10 * transaction.READ_TRIES


def test_a_write_is_sent_once_and_waits_for_its_answer_as_long_as_ever():
    garage = SharedBus(seed=7, panel_frames=False, sleeps_after_s=None).run(50)
    kernel, client = garage.kernel, garage.client
    port = garage.box._port
    send = port._send
    sent = client.counts['sent']
    assert client.write(0x0014, 0x0064, kernel.now_us // 1000)
    port._send = lambda answer: kernel.after(300_000, send, answer)
    while client.poll(kernel.now_us // 1000) != charger.WRITTEN:
        kernel.sleep_until(max(client.due_ms * 1000, kernel.now_us + 1000))
    assert client.outcome == charger.ACKED and client.counts['sent'] == sent + 1
    assert garage.line.collisions == []


@pytest.mark.soak
@pytest.mark.parametrize('stroke_ms', [5, 20])
def test_many_rounds_of_sharing(stroke_ms, soak_seed, evidence):
    garage = SharedBus(seed=soak_seed, storm=(0.05, stroke_ms * 1000), **SHARED).run(100_000)
    evidence('100,000 reads with 5 %% of bytes lost in strokes of %d ms: within 2 s, %%' % stroke_ms, round(100 - percent_late(garage), 3), 99.9)
    evidence('collisions caused by us there', len(garage.ours), 0)
    assert percent_late(garage) <= 0.1 and garage.ours == []
