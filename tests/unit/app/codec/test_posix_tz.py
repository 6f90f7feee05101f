"""src/app/codec/posix_tz.py: POSIX TZ strings as tuples and bytes, and the formatter's verdict on each."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.formatter_engine import Engine
from tests.unit.app.codec.test_downlink import random_zone

from app.codec import posix_tz

H = 3600


@pytest.fixture(scope='module')
def js():
    return Engine()


def packed_by(js, texts):
    answers = js.call_all('encodeDownlink', [{'data': {'timezone': text}} for text in texts])
    return [bytes(answer['bytes'][8:]) if 'bytes' in answer else None for answer in answers]


@pytest.mark.parametrize('text, parsed', [
    ('UTC0', (0, None, None, None)),
    ('AEST-10AEDT,M10.1.0,M4.1.0/3', (10 * H, 11 * H, (10, 1, 0, 2 * H), (4, 1, 0, 3 * H))),
    ('CET-1CEST,M3.5.0,M10.5.0/3', (H, 2 * H, (3, 5, 0, 2 * H), (10, 5, 0, 3 * H))),
    ('EST5EDT', (-5 * H, -4 * H, (3, 2, 0, 2 * H), (11, 1, 0, 2 * H))),
    ('<+1030>-10:30<+11>-11,M10.1.0,M4.1.0', (37800, 11 * H, (10, 1, 0, 2 * H), (4, 1, 0, 2 * H))),
    ('IST-1GMT0,M10.5.0,M3.5.0/1', (H, 0, (10, 5, 0, 2 * H), (3, 5, 0, H))),
    ('<-02>2<-01>,M3.5.0/-1,M10.5.0/0', (-2 * H, -H, (3, 5, 0, -H), (10, 5, 0, 0))),
    ('EET-2EEST,M3.4.4/50,M10.4.4/50', (2 * H, 3 * H, (3, 4, 4, 50 * H), (10, 4, 4, 50 * H))),
    ('XXX3YYY,J60/167:59:59,365/-167', (-3 * H, -2 * H, (13, 0, 60, 168 * H - 1), (14, 0, 365, -167 * H))),
    ('LMT-0:00:15', (15, None, None, None)), ('ABC+24:59:59', (-(25 * H - 1), None, None, None)),
])
def test_a_string_is_its_offsets_and_rules(js, text, parsed):
    assert posix_tz.parse(text) == (parsed, None)
    assert posix_tz.unpack(posix_tz.pack(parsed)) == parsed
    assert posix_tz.parse(posix_tz.to_text(parsed)) == (parsed, None)
    assert packed_by(js, [text]) == [posix_tz.pack(parsed)]
    assert len(posix_tz.pack(parsed)) <= 28


BAD = ['', 'UTC', 'AB0', '0', 'UTC0,', 'UTC0,M3.2.0,M11.1.0', 'EST5EDT,M3.2.0', 'EST5EDT,M3.2.0,M11.1.0,', 'EST25', 'EST5:60', 'EST5:6', 'EST5:00:5',
       'EST--5', 'EST+-5', 'EST5EDT,M0.1.0,M11.1.0', 'EST5EDT,M13.1.0,M11.1.0', 'EST5EDT,M3.0.0,M11.1.0', 'EST5EDT,M3.6.0,M11.1.0',
       'EST5EDT,M3.2.7,M11.1.0',
       'EST5EDT,J0,J5', 'EST5EDT,J366,J5', 'EST5EDT,366,5', 'EST5EDT,M3.2.0/168,M11.1.0', 'EST5EDT,M3.2.0/,M11.1.0', 'EST5EDT,M3.2,M11.1.0', '<+1>-1',
       '<+10-10', '+10>-10', 'E5T5', 'EST 5', 'EST5EDT4x', 'EST5ED', 'EST5EDT,,', 'Australia/Sydney', 'EST5EDT,M3.2.0 ,M11.1.0',
       'EST5EDT, M3.2.0,M11.1.0', '<é+1>1',
       'EST1234', 'EST5EDT,M003.2.0,M11.1.0']


@pytest.mark.parametrize('text', BAD)
def test_what_is_no_time_zone_is_none_to_both(js, text):
    parsed, problem = posix_tz.parse(text)
    assert parsed is None and problem
    assert packed_by(js, [text]) == [None]


@pytest.mark.parametrize('value', [None, 0, 5, ['UTC0'], b'UTC0', {}])
def test_what_is_no_text_is_no_time_zone(value):
    assert posix_tz.parse(value)[0] is None


def test_both_ends_agree_on_strings_sound_and_damaged(js):
    rng = random.Random(3)
    texts = [random_zone(rng) for _ in range(1500)]
    for place in range(500, 1500):
        for _ in range(rng.randrange(1, 3)):
            cut = rng.randrange(len(texts[place]) + 1)
            texts[place] = texts[place][:cut] + rng.choice(['', '0', ':', '-', 'M', ',', '/', '<', 'J', '.']) + texts[place][cut + rng.randrange(2):]
    parsed = [posix_tz.parse(text)[0] for text in texts]
    assert packed_by(js, texts) == [None if found is None else posix_tz.pack(found) for found in parsed]
    assert 600 < sum(found is not None for found in parsed) < 1400
    given_back = js.call_all('decodeDownlink', [
        {'fPort': 20, 'bytes': [13, 0, 0, 0, 0, 0, 0, 0] + list(posix_tz.pack(found))} for found in parsed if found is not None])
    assert [answer['data']['timezone'] for answer in given_back] == [posix_tz.to_text(found) for found in parsed if found is not None]


@given(st.binary(min_size=16, max_size=16) | st.binary(max_size=20))
def test_bytes_are_a_zone_or_none(packed):
    found = posix_tz.unpack(packed)
    if found is not None:
        assert posix_tz.pack(found) == packed and posix_tz.parse(posix_tz.to_text(found)) == (found, None)


@given(st.text(alphabet='AESTM<>+-0123456789:,./J', max_size=40))
def test_no_string_raises(text):
    parsed, problem = posix_tz.parse(text)
    assert (parsed is None) == (problem is not None)
