"""The simulated RS485 pair: bit times and damaged bytes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.kernel import Kernel
from sim.bus.rs485_line import Rs485Line, wire_us


class Node:
    def __init__(self):
        self.heard = []

    def on_line(self, data, end_us):
        self.heard.append((end_us, data))

    @property
    def bytes(self):
        return b''.join(data for _, data in self.heard)


def pair(seed=1, **options):
    kernel = Kernel()
    line = Rs485Line(kernel, seed, **options)
    near, far = Node(), Node()
    line.attach(near)
    line.attach(far, far=True)
    return kernel, line, near, far


def test_seventeen_characters_take_the_4_9_ms_of_the_makers_document():
    assert wire_us(17) == 4870
    assert wire_us(23) == 6589
    assert wire_us(1000) == 286459


def test_a_burst_arrives_whole_at_its_last_stop_bit_and_not_at_its_sender():
    kernel, line, near, far = pair()
    end_us = line.transmit(near, b'x' * 17)
    kernel.run_until(end_us - 1)
    assert far.heard == []
    kernel.run_until(end_us)
    assert far.heard == [(4870, b'x' * 17)]
    assert near.heard == []
    assert line.collisions == []


def test_bursts_of_one_sender_follow_one_another():
    kernel, line, near, far = pair()
    line.transmit(near, b'first')
    end_us = line.transmit(near, b'second')
    assert end_us == wire_us(5) + wire_us(6) == line.busy_until_us
    kernel.run_until(end_us)
    assert [data for _, data in far.heard] == [b'first', b'second']
    assert line.collisions == []


def test_two_talkers_garble_each_other_and_hear_only_what_was_clear():
    kernel, line, near, far = pair()
    third = Node()
    line.attach(third)
    line.transmit(near, b'A' * 20)
    kernel.run_until(wire_us(10))
    line.transmit(far, b'B' * 20)
    kernel.run_until(100_000)
    assert line.collisions == [(wire_us(10), far, near)]
    first, second = (data for _, data in third.heard)
    assert first.startswith(b'A' * 10) and first != b'A' * 20
    assert second.endswith(b'B' * 10) and second != b'B' * 20
    assert set(first + second) - set(b'AB')
    assert far.bytes == b'A' * 10
    assert near.bytes == b'B' * 10


def test_what_still_stands_in_line_is_not_on_the_line():
    kernel, line, near, far = pair()
    line.transmit(near, b'first')
    line.transmit(near, b'second')
    kernel.run_until(wire_us(1))
    line.transmit(far, b'!')
    kernel.run_until(100_000)
    assert line.collisions == [(wire_us(1), far, near)]
    assert far.heard[-1][1] == b'second'


def test_a_burst_that_begins_as_another_ends_is_no_collision():
    kernel, line, near, far = pair()
    end_us = line.transmit(near, b'A' * 20)
    kernel.at(end_us, line.transmit, far, b'B' * 20)
    kernel.run_until(100_000)
    assert line.collisions == []
    assert (far.bytes, near.bytes) == (b'A' * 20, b'B' * 20)


def test_a_driver_left_on_garbles_others_and_is_deaf():
    kernel, line, near, far = pair()
    third = Node()
    line.attach(third)
    line.drive(near, True)
    assert line.driven_us(near) == 0
    kernel.run_until(1000)
    line.transmit(far, b'>0190046B\r\n')
    kernel.run_until(100_000)
    assert line.collisions == [(1000, far, near)]
    assert near.heard == []
    assert third.bytes != b'>0190046B\r\n'
    line.drive(near, False)
    assert line.driven_us(near) is None
    line.transmit(far, b'clear again')
    kernel.run_until(200_000)
    assert near.bytes == b'clear again'


def test_a_driver_let_go_in_mid_frame_hears_the_rest():
    kernel, line, near, far = pair()
    line.drive(near, True)
    end_us = line.transmit(far, b'0123456789')
    kernel.run_until(end_us // 2)
    line.drive(near, False)
    kernel.run_until(end_us)
    assert near.bytes == b'56789'


def test_driving_into_a_frame_counts_once_and_garbles_its_rest():
    kernel, line, near, far = pair()
    third = Node()
    line.attach(third)
    line.transmit(far, b'0123456789')
    kernel.run_until(wire_us(4))
    line.drive(near, True)
    line.transmit(near, b':')
    kernel.run_until(100_000)
    assert line.collisions == [(wire_us(4), near, far)]
    late = third.heard[-1][1]
    assert late.startswith(b'0123') and late != b'0123456789'
    assert near.bytes == b'0123'


def test_a_cut_separates_the_sides_and_neither_disturbs_the_other():
    kernel, line, near, far = pair()
    beside = Node()
    line.attach(beside)
    line.cut(1_000_000)
    line.transmit(near, b'anyone?')
    line.transmit(far, b'hello')
    kernel.run_until(1_000_000)
    assert (near.bytes, far.bytes, beside.bytes) == (b'', b'', b'anyone?')
    assert line.collisions == []
    line.transmit(near, b'and now')
    kernel.run_until(2_000_000)
    assert far.bytes == b'and now'


def test_everyone_hears_a_stranger():
    kernel, line, near, far = pair()
    line.inject(b'glitch')
    line.inject(b'glued')
    kernel.run_until(100_000)
    assert near.bytes == far.bytes == b'glitchglued'
    assert line.collisions == []


def test_noise_flips_and_loses_about_that_share_of_the_bytes_until_it_ends():
    kernel, line, near, far = pair()
    line.noise(0.05, 60_000_000)
    sent = bytes(range(256)) * 40
    line.transmit(near, sent)
    kernel.run_until(60_000_000)
    lost = len(sent) - len(far.bytes)
    assert 0.01 * len(sent) < lost < 0.04 * len(sent)
    heard = far.bytes
    line.transmit(near, sent)
    kernel.run_until(120_000_000)
    assert far.bytes == heard + sent


def test_a_nul_follows_a_frame_where_the_line_has_that_artefact():
    kernel, line, near, far = pair(trailing_nul=True)
    line.transmit(near, b'x\r\n')
    kernel.run_until(100_000)
    assert far.bytes == b'x\r\n\x00'


def test_a_detached_node_hears_nothing_and_drives_nothing():
    kernel, line, near, far = pair()
    line.drive(near, True)
    line.detach(near)
    line.detach(near)
    line.transmit(far, b'x')
    kernel.run_until(100_000)
    assert near.heard == [] and line.driven_us(near) is None and line.collisions == []


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 30_000), st.integers(0, 2), st.binary(min_size=1, max_size=30)), max_size=12), st.integers(0, 9))
def test_whatever_is_sent_when_the_same_seed_gives_the_same_bytes_and_no_byte_is_heard_twice(plan, seed):
    def play():
        kernel, line, near, far = pair(seed)
        line.noise(0.1, 15_000)
        senders = (near, far, None)
        for t_us, who, data in plan:
            kernel.at(t_us, line.transmit, senders[who], data)
        kernel.run_until(1_000_000)
        return near, far, line

    near, far, line = play()
    again_near, again_far, again = play()
    assert near.heard == again_near.heard and far.heard == again_far.heard
    assert [t for t, _, _ in line.collisions] == [t for t, _, _ in again.collisions]
    from_others = sum(len(data) for _, who, data in plan if who != 0)
    assert len(near.bytes) <= from_others
    assert all(who is not whom for _, who, whom in line.collisions)
