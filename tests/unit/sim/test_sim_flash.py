"""Simulated flash: contents after a power cut, wear, and a full flash."""

from hypothesis import given, settings
from hypothesis import strategies as st
from sim.boards import flash
from sim import scenario
from sim.boards.simulated_board import Flash
from sim.world import World



def world(duration_s, *events, **given_):
    made = World(scenario.complete({'duration_s': duration_s, 'events': list(events)}), **given_)
    made.lines = []
    made.log = made.lines.append
    return made


def downlink(t, payload_hex):
    return {'t': t, 'do': 'downlink', 'f_port': 1, 'payload_hex': payload_hex}


# --- cuts


def test_an_atomic_store_leaves_the_old_value_or_the_new_one():
    for kind in ('file', 'nvs'):
        assert flash.remains(kind, b'old', b'new') == [('before', b'old'), ('after', b'new')]


def test_fat_may_leave_anything():
    left = [value for _, value in flash.remains('fat', b'o' * 20, b'n' * 20)]
    assert {b'o' * 20, b'n' * 20, None, b'', b'n' * 10, b'n' * 10 + b'o' * 10, b'n' * 10 + b'\xff' * 10, b'o' * 10 + b'n' * 10} <= set(left)
    assert len(left) == len(set(left))


def test_the_cuts_of_a_recording_are_the_flash_as_it_was_then():
    lived = world(1000, downlink(300, '01'))
    recording = flash.Recording(lived.flash, lived.kernel)
    lived.run(1000)
    assert [cut.number for cut in flash.cuts(recording, ('nvs',))] == [number for number in range(len(recording.writes)) for _ in range(2)]
    after = [cut for cut in flash.cuts(recording, ('nvs',)) if cut.how == 'after']
    assert after[-1].flash.records == lived.flash.records
    lock = next(cut for cut in after if cut.name == 'owner_a')
    assert 300 < lock.t_s < 302 and not {'past_a', 'airtime_b'} & set(lock.flash.records)
    again = world(60, flash=lock.flash)
    again.run(60)
    assert again.box.code == 'E0'


# --- wear


def test_the_pages_of_the_key_value_store_fill_up_in_turn():
    nvs = flash.Nvs(pages=3)
    for _ in range(flash.ENTRIES * 2):
        nvs.put('x', 1)
    assert nvs.erases == [0, 0, 0]
    nvs.put('x', 1)
    assert nvs.erases == [1, 0, 0]
    for _ in range(flash.ENTRIES * 30):
        nvs.put('x', 1)
    assert max(nvs.erases) - min(nvs.erases) <= 1 and 29 <= sum(nvs.erases) <= 33


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from('abcd'), st.integers(1, 40)), max_size=200))
def test_whatever_is_written_is_live_once(puts):
    nvs = flash.Nvs(pages=4)
    kept = {}
    for name, entries in puts:
        nvs.put(name, entries)
        kept[name] = entries
    live = [item for page in nvs._live for item in page.items()]
    assert dict(live) == kept and len(live) == len(kept)
    assert max(nvs._used) <= flash.ENTRIES


def test_records_that_never_change_keep_one_page_from_the_turn_and_no_more():
    nvs = flash.Nvs()
    nvs.put('plan', 10)
    for _ in range(flash.ENTRIES * 700):
        nvs.put('x', 1)
    worn = sorted(nvs.erases)
    assert worn[0] == 0 and worn[-1] - worn[1] <= 1


def test_entries_are_those_of_a_string_in_base64():
    # 21 bytes: 28 characters, newline and NUL fit one entry, and one is the key's.
    assert [flash.nvs_entries(length) for length in (1, 21, 22, 231, 1011)] == [2, 2, 3, 11, 44]


# --- time


def test_a_record_takes_as_long_as_its_store_needs_and_seldom_longer():
    for board, usual_us, longest_us in (("lopy4", 2000, 59600), ("esp32", 1900, 59500), ("rp2", 22000, 317000)):
        times = flash.TIMES[board]()
        taken = [times.put_us('owner_a', 200) for _ in range(100)]
        assert {us for us, _ in taken} == {usual_us, longest_us}, (board, set(taken))
        assert all((erasing_us > 0) == (us == longest_us) and erasing_us < us for us, erasing_us in taken)


# --- full


def test_a_full_flash_costs_the_memory_and_nothing_else():
    full = Flash()
    full.full = True
    lived = world(3600, {'t': 60, 'do': 'plug'}, downlink(600, '01'), flash=full)
    lived.run(3600)
    assert full.records == {} and lived.box.code == 'E0'
    results = [entry['decoded']['result'] for entry in lived.timeline if entry['kind'] == 'uplink' and entry['decoded'].get('type') == 'result']
    assert results == ['done'] and lived.resets == 0
