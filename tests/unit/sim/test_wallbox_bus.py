"""The simulated box on the bus: latency, sleep, and the panel that sends beside the master."""

import time

import pytest

from tests.support.wallbox_bench import SECOND, WallboxBench, request

READ = request('0103002E0005')


def panel_frames(made):
    return [end_us / SECOND for end_us, data in made.master.heard if data.startswith(b'>01030204')]


def gaps(times):
    return [later - earlier for earlier, later in zip(times, times[1:])]


def test_an_answer_comes_some_milliseconds_after_the_request():
    made = WallboxBench()
    ends = []
    for _ in range(50):
        end_us = made.line.transmit(made.master, READ)
        made.run(0.1)
        ends.append(made.master.heard[-1][0] - 31 * 286.458 - end_us)
    assert min(ends) >= 2000 and max(ends) <= 8001
    assert max(ends) - min(ends) > 3000
    assert made.box.reads == 50


def test_a_request_during_the_latency_is_lost():
    made = WallboxBench()
    made.line.transmit(made.master, READ + READ)
    made.run(0.1)
    assert len(made.master.heard) == 1 and made.box.reads == 1


def test_a_remembered_read_is_lost_too_while_an_answer_is_due():
    made = WallboxBench()
    answer = made.send(READ)
    single = 0
    for _ in range(30):
        made.master.heard.clear()
        made.line.inject(READ)
        made.line.inject(READ)
        made.run(0.1)
        whole = [data for _, data in made.master.heard].count(answer)
        assert whole < 2
        single += whole
    assert single > 5


def test_an_answer_that_is_remembered_is_forgotten_when_something_changes():
    made = WallboxBench()
    made.charging()
    before = made.send(READ)
    assert made.send(READ) == before
    made.box.vehicle.become('full')
    made.run(2)
    assert made.send(READ) != before
    made.box.key(False)
    assert made.send(READ) != before
    made.box.unplug()
    assert b'A1' in made.send(READ)[:11]


def test_a_sleeping_box_loses_the_first_telegram_and_answers_the_second():
    made = WallboxBench(sleeps_after_s=30)
    assert made.send(READ)
    made.run(29)
    assert made.send(READ)
    made.run(31)
    assert made.send(READ) == b''
    assert made.send(READ)
    assert made.box.reads == 3


def test_a_box_that_begins_asleep_loses_the_first_telegram_even_if_it_never_sleeps_again():
    made = WallboxBench(asleep=True)
    assert made.send(READ) == b''
    made.run(3600)
    assert made.send(READ)


def test_a_write_that_woke_the_box_did_nothing():
    made = WallboxBench(asleep=True)
    assert made.write(0x0005, 0xE0E0) == ''
    assert made.box.code == 'A1' and made.seen('bus_write') == []


def test_any_burst_wakes_the_box():
    made = WallboxBench(asleep=True)
    made.line.inject(b'\x00')
    made.run(0.1)
    assert made.send(READ)


def test_power_that_comes_back_finds_the_box_awake():
    made = WallboxBench(sleeps_after_s=30)
    made.box.power(False)
    made.run(3600)
    made.box.power(True)
    made.run(5)
    assert made.send(READ)


@pytest.mark.parametrize('panel', ['spontaneous', 'master'])
def test_the_panel_speaks_every_4_5_s_in_a1_and_every_second_otherwise(panel):
    made = WallboxBench(panel_frames=True, panel=panel)
    made.run(600)
    waiting = gaps(panel_frames(made))
    assert 4.3 < min(waiting) and max(waiting) < 4.7 and max(waiting) - min(waiting) > 0.1
    made.master.heard.clear()
    made.plug()
    made.run(600)
    connected = gaps(panel_frames(made))[6:]
    assert 0.9 < min(connected) and max(connected) < 1.12
    assert made.box.reads == 0
    assert made.line.collisions == []


def test_a_spontaneous_frame_is_the_answer_to_a_read_that_nobody_sent():
    made = WallboxBench(panel_frames=True)
    made.run(5)
    assert [data for _, data in made.master.heard] == [b'>01030204A155\r\n']


def test_the_panel_frame_follows_the_state():
    made = WallboxBench(panel_frames=True)
    made.run(10)
    made.plug()
    made.run(10)
    assert made.master.heard[-1][1] == b'>01030204B145\r\n'


def test_the_panel_never_speaks_between_a_request_and_its_answer():
    made = WallboxBench(panel_frames=True)
    made.plug()
    for _ in range(1500):
        made.run(0.0137)
        if made.line.busy_until_us <= made.kernel.now_us:
            already = len(made.master.heard)
            made.send(READ, 0.025)
            assert made.master.heard[already][1].startswith(b'>01030A2E')


def test_a_second_master_is_heard_asking():
    made = WallboxBench(panel_frames=True, panel='master', id=3)
    made.run(5)
    assert [data for _, data in made.master.heard] == [b':030300040001F5\r\n', b'>03030204A153\r\n']


def test_a_second_master_keeps_the_box_awake():
    made = WallboxBench(panel_frames=True, panel='master', sleeps_after_s=30)
    made.run(600)
    assert made.send(READ)


@pytest.mark.parametrize('panel', ['spontaneous', 'master'])
def test_the_panel_waits_for_the_end_of_what_is_on_the_line_and_of_the_answer(panel):
    made = WallboxBench(panel_frames=True, panel=panel)
    made.plug()
    # Another device fills half of the line; a master that does not listen first would collide with it.
    for t_ms in range(0, 60_000, 120):
        made.kernel.at(t_ms * 1000, made.line.inject, b'x' * 200)
    made.run(60)
    assert len(panel_frames(made)) > 30
    assert [who for _, who, _ in made.line.collisions if who is not None] == []


def test_the_panel_is_dark_without_power_and_comes_back():
    made = WallboxBench(panel_frames=True)
    made.run(30)
    made.box.power(False)
    made.master.heard.clear()
    made.run(60)
    assert made.master.heard == []
    made.box.power(True)
    made.run(30)
    assert len(panel_frames(made)) > 4


def test_a_master_that_asks_after_a_panel_frame_meets_nobody():
    made = WallboxBench(panel_frames=True)
    made.plug()
    made.run(10)
    answered = 0
    for _ in range(200):
        made.master.heard.clear()
        while not panel_frames(made):
            made.run(0.01)
        answered += READ[:2] != made.send(READ)[:2] and made.master.heard[-1][1].startswith(b'>01030A2E')
    assert answered == 200
    assert made.line.collisions == []


def test_the_same_seed_plays_the_same_day():
    def play(seed):
        made = WallboxBench(seed=seed, panel_frames=True, sleeps_after_s=30)
        made.line.noise(0.01, 100 * SECOND)
        made.plug()
        made.box.key(True)
        made.run(300)
        made.write(0x0005, 0xE0E0)
        return made.master.heard, made.timeline

    assert play(4) == play(4)
    assert play(4) != play(5)


@pytest.mark.bench
def test_a_frame_costs_the_simulation_at_most_8_us(evidence):
    made = WallboxBench(panel_frames=True)
    made.charging(needs_kwh=1000)
    made.line.detach(made.master)

    class Counting:
        frames = 0

        def on_line(self, data, end_us):
            self.frames += 1

        def ask(self):
            made.line.transmit(self, READ)
            made.kernel.after(2 * SECOND, self.ask)

    counting = Counting()
    made.line.attach(counting)
    counting.ask()
    began = time.process_time()
    made.run(6 * 3600)
    cost_us = (time.process_time() - began) / counting.frames * 1e6
    evidence('line and wallbox, one frame or one read, us', round(cost_us, 1), 8)
    assert cost_us <= 8
