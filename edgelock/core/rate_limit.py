"""The venue's token bucket as a value: bucket, now and cost in; bucket and verdict out.

Tokens are counted in billionths, so that a refill over any number of nanoseconds is exact.
Source: venue reference §8.3 (10 tokens an order, 2 a cancel; Basic tier: 100 write tokens a second).
"""

from dataclasses import dataclass, replace

from edgelock.core.units import Duration, Timestamp, ceil_div

ORDER_COST = 10
CANCEL_COST = 2
_PARTS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenBucket:
    """refill_per_s and capacity in tokens; `parts` is what it holds, in billionths of a token, as of `at`."""

    refill_per_s: int
    capacity: int
    parts: int
    at: Timestamp

    @property
    def tokens(self) -> int:
        """Whole tokens held."""
        return self.parts // _PARTS

    def refilled(self, now: Timestamp) -> "TokenBucket":
        """The bucket as of now; a clock that went back refills nothing."""
        elapsed = max(now - self.at, 0)
        parts = min(self.parts + elapsed * self.refill_per_s, self.capacity * _PARTS)
        return replace(self, parts=parts, at=max(now, self.at))

    def spent(self, cost: int, *, reserve: int = 0) -> "TokenBucket | None":
        """The bucket after a request of this cost, or None when that would cut into the reserve."""
        if self.parts < (cost + reserve) * _PARTS:
            return None
        return replace(self, parts=self.parts - cost * _PARTS)

    def wait_for(self, cost: int, *, reserve: int = 0) -> Duration:
        """How long from `at` until a request of this cost can be sent."""
        missing = (cost + reserve) * _PARTS - self.parts
        return Duration(max(ceil_div(missing, self.refill_per_s), 0))


def full_bucket(*, refill_per_s: int, capacity: int, now: Timestamp) -> TokenBucket:
    """A bucket at its capacity."""
    return TokenBucket(refill_per_s=refill_per_s, capacity=capacity, parts=capacity * _PARTS, at=now)
