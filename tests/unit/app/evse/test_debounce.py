"""A state is believed after two agreeing sightings, and one frame never makes one."""

from app.evse.debounce import APART_MAX_MS, B2_HELD_BACK_MS, CHANGED, NOTHING, SUSPECTED, Debounce
from hypothesis import given
from hypothesis import strategies as st


def settled(code, now_ms=0):
    filter_ = Debounce()
    filter_.step(code, now_ms)
    filter_.step(code, now_ms + (20000 if code == 0xB2 else 300))
    assert filter_.code == code
    return filter_


def test_two_sightings_make_a_state():
    filter_ = Debounce()
    assert filter_.step(0xA1, 0) == SUSPECTED
    assert filter_.code == 0
    assert filter_.step(0xA1, 250) == CHANGED
    assert filter_.code == 0xA1


def test_two_frames_of_the_same_instant_count_once():
    filter_ = Debounce()
    filter_.step(0xA1, 0)
    assert filter_.step(0xA1, 199) == NOTHING
    assert filter_.step(0xA1, 200) == CHANGED


def test_sightings_too_far_apart_do_not_agree():
    filter_ = settled(0xA1)
    filter_.step(0xB1, 10000)
    assert filter_.step(0xB1, 10000 + APART_MAX_MS + 1) == SUSPECTED
    assert filter_.code == 0xA1


def test_the_old_state_in_between_makes_the_new_one_begin_anew():
    filter_ = settled(0xA1)
    assert filter_.step(0xB1, 1000) == SUSPECTED
    assert filter_.step(0xA1, 1500) == NOTHING
    assert filter_.step(0xB1, 2000) == SUSPECTED
    assert filter_.code == 0xA1


def test_another_candidate_in_between_makes_it_begin_anew():
    filter_ = settled(0xA1)
    for code, at_ms in ((0xB1, 1000), (0xC2, 1300), (0xB1, 1600), (0xC2, 1900)):
        assert filter_.step(code, at_ms) == SUSPECTED
    assert filter_.code == 0xA1


def test_b2_is_held_back_on_the_way_to_c2():
    filter_ = settled(0xB1)
    filter_.step(0xB2, 1000)
    for at_ms in range(1250, 1000 + B2_HELD_BACK_MS, 1000):
        assert filter_.step(0xB2, at_ms) == NOTHING
    assert filter_.step(0xB2, 1000 + B2_HELD_BACK_MS) == CHANGED


def test_b2_after_charging_is_believed_at_once():
    for code in (0xC2, 0xC3, 0xC4):
        filter_ = settled(code)
        filter_.step(0xB2, 1000)
        assert filter_.step(0xB2, 1300) == CHANGED


def test_b2_interrupted_by_c2_never_shows():
    filter_ = settled(0xB1)
    filter_.step(0xB2, 1000)
    filter_.step(0xB2, 3000)
    filter_.step(0xC2, 4000)
    assert filter_.step(0xC2, 4300) == CHANGED
    assert filter_.code == 0xC2


CODES = st.sampled_from((0xA1, 0xB1, 0xB2, 0xC2, 0xE0, 0xF9, 0x00, 0x7E))


@given(st.lists(st.tuples(CODES, st.integers(1, 30000)), max_size=60))
def test_no_state_was_ever_seen_only_once(sightings):
    filter_ = Debounce()
    now_ms = 0
    seen = []
    for code, gap_ms in sightings:
        now_ms += gap_ms
        seen.append((code, now_ms))
        if filter_.step(code, now_ms) == CHANGED:
            run = []
            for old, at_ms in reversed(seen):
                if old != code:
                    break
                run.append(at_ms)
            assert filter_.code == code
            assert len(run) >= 2 and run[0] - run[-1] >= 200


@given(st.lists(CODES, max_size=200))
def test_single_frame_glitches_never_show(glitches):
    filter_ = settled(0xC2)
    now_ms = 10000
    for glitch in glitches:
        filter_.step(glitch, now_ms)
        assert filter_.code == 0xC2
        filter_.step(0xC2, now_ms + 1000)
        now_ms += 2000
