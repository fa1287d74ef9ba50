"""The life-sign: written whole, read back, and judged by its age."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.units import SECOND, Timestamp
from edgelock.ops.alive_file import FILE_NAME, LifeSign, UnreadableSign, read_sign, text_of, verdict, write_sign

NOW = Timestamp(1_795_374_300_123_000_000)


def a_sign(**changes) -> LifeSign:
    fields = {"pid": 7, "run": "r1", "at": text_of(NOW), "alive": True, "healthy": True, "why": "trading 8 markets"}
    return LifeSign(**{**fields, **changes})


def judged(sign, *, later_s=1, must_be_ready=False):
    return verdict(sign, now=Timestamp(NOW + later_s * SECOND), max_age_ns=10 * SECOND, must_be_ready=must_be_ready)


def test_what_is_written_is_read_back_and_is_for_its_owner_alone(tmp_path):
    write_sign(tmp_path, a_sign())

    assert read_sign(tmp_path) == a_sign()
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_a_reader_never_sees_half_a_sign(tmp_path):
    write_sign(tmp_path, a_sign())
    done = threading.Event()

    def keep_writing():
        for number in range(500):
            write_sign(tmp_path, a_sign(why="x" * (number * 20 % 5000)))
        done.set()

    writer = threading.Thread(target=keep_writing)
    writer.start()
    while not done.is_set():
        read_sign(tmp_path)
    writer.join()


def test_no_sign_and_an_odd_one_are_one_line(tmp_path):
    with pytest.raises(UnreadableSign, match="no bot has given a sign in"):
        read_sign(tmp_path)
    (tmp_path / FILE_NAME).write_text('{"pid": "seven"}')
    with pytest.raises(UnreadableSign, match="alive: "):
        read_sign(tmp_path)


def test_a_fresh_sign_of_a_ready_run_is_well():
    assert judged(a_sign()).is_well
    assert judged(a_sign()).words == "alive and ready (pid 7, run r1): trading 8 markets"


def test_an_old_sign_is_silence_whatever_it_says():
    found = judged(a_sign(), later_s=11)

    assert not found.is_well
    assert found.words == "silent for 11 s (pid 7, run r1); its last word was: trading 8 markets"


def test_a_sign_from_the_future_proves_nothing():
    assert not judged(a_sign(), later_s=-11).is_well


def test_a_fresh_sign_may_say_that_something_is_wrong():
    assert not judged(a_sign(alive=False, healthy=False, why="the supervisor is gone")).is_well


def test_not_ready_is_well_unless_readiness_is_asked_for():
    unready = a_sign(healthy=False, why="no book is live")

    assert judged(unready).is_well
    assert judged(unready).words == "alive, but not ready (pid 7, run r1): no book is live"
    assert not judged(unready, must_be_ready=True).is_well


@given(st.integers(0, 4_000_000_000_000))
def test_a_moment_survives_its_text_to_the_millisecond(milliseconds):
    at = Timestamp(milliseconds * 1_000_000)

    assert verdict(a_sign(at=text_of(at)), now=at, max_age_ns=0, must_be_ready=False).is_well


def test_a_time_that_is_none_is_told():
    with pytest.raises(UnreadableSign, match="odd"):
        judged(a_sign(at="yesterday"))
