"""The token bucket: exact over any time, never below zero, with a reserve for what must always pass."""

from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.rate_limit import CANCEL_COST, ORDER_COST, full_bucket
from edgelock.core.units import MILLISECOND, Timestamp
from tests.core.builders import NOON, after


def a_bucket():
    return full_bucket(refill_per_s=100, capacity=100, now=NOON)


def test_a_full_bucket_pays_for_ten_orders_and_not_for_an_eleventh():
    bucket = a_bucket()
    for _ in range(10):
        paid = bucket.spent(ORDER_COST)
        assert paid is not None
        bucket = paid

    assert bucket.tokens == 0
    assert bucket.spent(CANCEL_COST) is None


def test_the_reserve_is_kept_for_those_who_may_use_it():
    bucket = a_bucket().spent(75)
    assert bucket is not None

    assert bucket.spent(ORDER_COST, reserve=20) is None
    assert bucket.spent(ORDER_COST) is not None


def test_it_refills_by_time_and_stays_at_its_capacity():
    bucket = a_bucket().spent(100)
    assert bucket is not None

    assert bucket.refilled(Timestamp(NOON + 500 * MILLISECOND)).tokens == 50
    assert bucket.refilled(after(60)).tokens == 100


def test_a_clock_that_goes_back_refills_nothing_and_does_not_refill_twice():
    bucket = a_bucket().spent(100)
    assert bucket is not None
    later = bucket.refilled(after(1))

    back = later.refilled(NOON)

    assert later == back
    assert later == back.refilled(after(1))


def test_nobody_waits_for_what_is_already_there():
    assert a_bucket().wait_for(ORDER_COST) == 0


@given(
    st.lists(st.tuples(st.integers(0, 3_000_000_000), st.integers(1, 60), st.integers(0, 40)), max_size=60),
    st.integers(1, 500),
)
def test_it_never_goes_below_zero_nor_above_its_capacity_and_the_wait_is_exact(requests, rate):
    bucket, now = full_bucket(refill_per_s=rate, capacity=100, now=NOON), int(NOON)
    for elapsed, cost, reserve in requests:
        now += elapsed
        bucket = bucket.refilled(Timestamp(now))
        wait = bucket.wait_for(cost, reserve=reserve)
        paid = bucket.spent(cost, reserve=reserve)

        assert (paid is None) == (wait > 0)
        if paid is None:
            enough = bucket.refilled(Timestamp(now + wait))
            just_short = bucket.refilled(Timestamp(now + wait - 1))
            assert enough.spent(cost, reserve=reserve) is not None
            assert just_short.spent(cost, reserve=reserve) is None
        else:
            bucket = paid
        assert 0 <= bucket.parts <= 100 * 1_000_000_000
