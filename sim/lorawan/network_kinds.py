"""What differs between the networks that the simulated one can be, a row each: words, queue, clock and timing."""

from collections import namedtuple

from sim.lorawan import chirpstack_messages, chirpstack_queue, clock_server, downlink_queue, the_things_stack_messages

# messages: the class that builds what is published; queue: that of the downlinks; clock: what an uplink of fPort 202 is answered.
# window_us: the time before a receive window at which its frame is chosen; any_time_us: from a class C downlink's turn to the air;
# class_c_interval_us: from one of these to the next; class_c_timeout_us: how long a confirmed one may stay unacknowledged.
Kind = namedtuple('Kind', 'name messages queue clock window_us any_time_us class_c_interval_us class_c_timeout_us')

THE_THINGS_STACK, CHIRPSTACK = 'the-things-stack', 'chirpstack'
KINDS = {
    # The Gateway Server's delay for "any time" downlinks and its queue: 530 ms.
    THE_THINGS_STACK: Kind(THE_THINGS_STACK, the_things_stack_messages.Messages, downlink_queue.DownlinkQueue, clock_server.answers,
                           530_000, 530_000, 1_000_000, 300_000_000),
    # chirpstack/src/config.rs: its scheduler looks every second and leaves a device alone for 5 s after a class C downlink; the timeout is the
    # device profile's (docs/chirpstack.md).
    CHIRPSTACK: Kind(CHIRPSTACK, chirpstack_messages.Messages, chirpstack_queue.Queue, clock_server.chirpstack_answers,
                     200_000, 1_000_000, 5_000_000, 60_000_000),
}
