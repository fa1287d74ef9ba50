"""Whether books are heard of, judged by their data."""

from hypothesis import given
from hypothesis import strategies as st

from edgelock.kalshi.feed_liveness import BookLiveness

PATIENCE = 10_000


def a_liveness(now_ns=0):
    liveness = BookLiveness(PATIENCE)
    liveness.opened(now_ns)
    return liveness


def test_half_the_patience_without_a_frame_is_silence_and_all_of_it_is_stale():
    liveness = a_liveness()

    assert not liveness.is_silent(PATIENCE // 2 - 1)
    assert liveness.is_silent(PATIENCE // 2)
    assert not liveness.is_stale(PATIENCE)
    assert liveness.is_stale(PATIENCE + 1)


def test_an_equal_book_is_heard_of_when_it_was_asked_for_and_not_when_the_answer_came():
    liveness = a_liveness()
    liveness.heard_equal(6_000)

    assert not liveness.is_stale(16_000)
    assert liveness.is_stale(16_001)
    liveness.heard_equal(3_000)
    assert not liveness.is_stale(16_000)


def test_comparisons_keep_a_distance():
    liveness = a_liveness()
    assert liveness.may_ask(0)
    liveness.asked(0)

    assert not liveness.may_ask(PATIENCE // 10 - 1)
    assert liveness.may_ask(PATIENCE // 10)
    liveness.opened(1)
    assert liveness.may_ask(1)


def test_frames_that_were_sent_too_long_ago_do_not_keep_a_book_fresh():
    liveness = a_liveness()
    for second in range(30):
        # Each frame is later by half a second than the one before it.
        now_ns = second * 1_000
        liveness.heard_frame(now_ns, 50 + second * 500)
        assert liveness.is_stale(now_ns) == (second * 500 > PATIENCE)


@given(st.integers(min_value=-(10**15), max_value=10**15), st.integers(min_value=0, max_value=PATIENCE // 2 - 1))
def test_clocks_that_disagree_change_nothing(difference, delay):
    liveness = a_liveness()
    liveness.heard_frame(0, difference)
    liveness.heard_frame(1_000, difference + delay)

    assert not liveness.is_silent(1_000)


def test_frames_that_do_not_say_when_they_were_sent_count_as_sent_when_they_came():
    liveness = a_liveness()
    liveness.heard_frame(PATIENCE, None)

    assert not liveness.is_silent(PATIENCE)


def test_another_connection_forgets_how_old_frames_were():
    liveness = a_liveness()
    liveness.heard_frame(0, 0)
    liveness.opened(100)
    liveness.heard_frame(100, 50_000)

    assert not liveness.is_silent(100)
