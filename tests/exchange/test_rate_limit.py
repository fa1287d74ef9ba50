"""Token buckets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.units import SECOND, Timestamp
from edgelock.exchange.rate_limit import TIERS, Bucket, BucketSize, RateLimiter, TokenBucket
from tests.exchange.engine_builders import NOON, at


def test_basic_allows_ten_creates_at_once_and_the_eleventh_after_a_tenth_of_a_second() -> None:
    limiter = RateLimiter(TIERS["basic"])
    assert all(limiter.admits("ann", Bucket.WRITE, 10, NOON) for _ in range(10))
    assert not limiter.admits("ann", Bucket.WRITE, 10, at(0.0999))
    assert limiter.admits("ann", Bucket.WRITE, 10, at(0.1))


def test_a_refused_request_costs_nothing() -> None:
    limiter = RateLimiter(TIERS["basic"])
    assert not limiter.admits("ann", Bucket.WRITE, 101, NOON)
    assert limiter.admits("ann", Bucket.WRITE, 100, NOON)


def test_accounts_and_buckets_do_not_share_tokens() -> None:
    limiter = RateLimiter(TIERS["basic"])
    assert limiter.admits("ann", Bucket.WRITE, 100, NOON)
    assert limiter.admits("bob", Bucket.WRITE, 100, NOON)
    assert limiter.admits("ann", Bucket.READ, 200, NOON)


def test_the_balance_has_no_burst() -> None:
    limiter = RateLimiter(TIERS["basic"])
    assert limiter.admits("ann", Bucket.BALANCE, 10, NOON)
    assert not limiter.admits("ann", Bucket.BALANCE, 10, at(0.9))
    assert limiter.admits("ann", Bucket.BALANCE, 10, at(1))


@pytest.mark.parametrize("name", TIERS)
def test_every_tier_can_afford_one_default_request(name: str) -> None:
    assert all(TIERS[name].size(bucket).capacity >= 10 for bucket in Bucket)


@given(
    st.integers(1, 1000),
    st.integers(1, 1000),
    st.lists(st.tuples(st.integers(0, 3 * SECOND), st.integers(1, 500)), max_size=50),
)
def test_never_more_is_admitted_than_the_capacity_and_the_refill(
    refill: int, capacity: int, requests: list[tuple[int, int]]
) -> None:
    bucket = TokenBucket(BucketSize(refill, capacity), NOON)
    now, admitted = int(NOON), 0
    for wait, tokens in requests:
        now += wait
        if bucket.take(tokens, Timestamp(now)):
            admitted += tokens
    assert admitted * SECOND <= capacity * SECOND + (now - NOON) * refill
