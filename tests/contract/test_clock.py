"""Every board's Clock against hal/contract.py."""


def elapsed(rig, act):
    """Milliseconds that act() takes by the board's own clock."""
    clock = rig.board.clock
    before = clock.now_ms()
    act()
    return clock.now_ms() - before


def test_time_passes_while_the_board_idles(rig):
    assert 19 <= elapsed(rig, lambda: rig.board.clock.sleep_ms(20)) <= 25 + rig.slack_ms


def test_time_passes_while_the_board_is_elsewhere(rig):
    assert 19 <= elapsed(rig, lambda: rig.settle(20)) <= 25 + rig.slack_ms


def test_time_never_goes_back(rig):
    clock = rig.board.clock
    seen = []
    for _ in range(200):
        seen.append(clock.now_ms())
        rig.settle(1)
    rig.settle(1100)
    seen.append(clock.now_ms())
    assert seen == sorted(seen)
    assert 1250 <= seen[-1] - seen[0] <= 1400 + rig.slack_ms


def test_milliseconds_do_not_notice_the_wall_clock(rig):
    clock = rig.board.clock
    for utc_s in (1800000000, 0, 4000000000):
        assert 0 <= elapsed(rig, lambda utc_s=utc_s: clock.set_utc(utc_s)) <= 2 + rig.slack_ms


def test_wall_time_is_what_was_set_and_goes_on(rig):
    clock = rig.board.clock
    clock.set_utc(1793434800)
    assert clock.utc_s() == 1793434800
    rig.settle(1005)
    assert 1793434801 <= clock.utc_s() <= 1793434801 + rig.slack_ms // 1000 + 1
    clock.set_utc(1793434000)
    assert clock.utc_s() == 1793434000


def test_wall_time_is_a_whole_number_or_unknown(rig):
    utc_s = rig.board.clock.utc_s()
    assert utc_s is None or isinstance(utc_s, int)


def test_a_byte_on_the_bus_ends_the_idling(rig):
    rig.feed(b">", after_ms=20)
    assert 19 - rig.slack_ms <= elapsed(rig, lambda: rig.board.clock.sleep_ms(5000)) <= 28 + rig.slack_ms
    assert rig.board.bus.read() == b">"


def test_bytes_that_wait_to_be_read_leave_no_time_to_idle(rig):
    rig.feed(b">")
    rig.settle(20)
    waited = elapsed(rig, lambda: rig.board.clock.sleep_ms(5000))
    assert rig.board.bus.read() == b">" and waited <= 5 + rig.slack_ms


def test_idling_for_nothing_takes_nothing(rig):
    for ms in (0, -5):
        assert elapsed(rig, lambda ms=ms: rig.board.clock.sleep_ms(ms)) <= 1 + rig.slack_ms
