"""Token buckets: how often a member may ask (venue reference §8.3).

Buckets refill in exchange time, so that a faster exchange allows proportionally more. A request is admitted when its
whole cost is there; a refused one costs nothing.
"""

from dataclasses import dataclass
from enum import Enum

from edgelock.core.units import SECOND, Timestamp

DEFAULT_COST = 10
CANCEL_COST = 2


class Bucket(Enum):
    """The three budgets of an account. The balance has its own."""

    READ = "read"
    WRITE = "write"
    BALANCE = "balance"


@dataclass(frozen=True, slots=True)
class BucketSize:
    """Tokens that come back each second, and how many can gather."""

    refill_per_s: int
    capacity: int


@dataclass(frozen=True, slots=True)
class Tier:
    """A usage tier."""

    name: str
    read: BucketSize
    write: BucketSize
    balance: BucketSize

    def size(self, bucket: Bucket) -> BucketSize:
        """The budget of this tier for a bucket."""
        return {Bucket.READ: self.read, Bucket.WRITE: self.write, Bucket.BALANCE: self.balance}[bucket]


def _tier(name: str, read: int, write: int, *, write_burst_s: int, balances_per_s: int) -> Tier:
    return Tier(
        name=name,
        read=BucketSize(read, read),
        write=BucketSize(write, write * write_burst_s),
        balance=BucketSize(balances_per_s * DEFAULT_COST, DEFAULT_COST),
    )


TIERS = {
    tier.name: tier
    for tier in (
        _tier("basic", 200, 100, write_burst_s=1, balances_per_s=1),
        _tier("advanced", 300, 300, write_burst_s=2, balances_per_s=1),
        _tier("expert", 600, 600, write_burst_s=2, balances_per_s=5),
        _tier("premier", 1200, 1200, write_burst_s=2, balances_per_s=5),
        _tier("paragon", 2400, 2400, write_burst_s=2, balances_per_s=5),
        _tier("prime", 4800, 4800, write_burst_s=2, balances_per_s=5),
        _tier("prestige", 12_000, 9600, write_burst_s=2, balances_per_s=5),
    )
}


class TokenBucket:
    """One bucket. Counts token-nanoseconds, so that no refill is ever rounded away."""

    def __init__(self, size: BucketSize, now: Timestamp) -> None:
        self._size = size
        self._filled = size.capacity * SECOND
        self._updated_at = now

    def take(self, tokens: int, now: Timestamp) -> bool:
        """Take this many tokens, or none at all."""
        elapsed = max(now - self._updated_at, 0)
        self._updated_at = max(now, self._updated_at)
        self._filled = min(self._filled + elapsed * self._size.refill_per_s, self._size.capacity * SECOND)
        if tokens * SECOND > self._filled:
            return False
        self._filled -= tokens * SECOND
        return True


class RateLimiter:
    """The buckets of all accounts, at one tier."""

    def __init__(self, tier: Tier) -> None:
        self.tier = tier
        self._buckets: dict[tuple[str, Bucket], TokenBucket] = {}

    def admits(self, account_id: str, bucket: Bucket, tokens: int, now: Timestamp) -> bool:
        """Charge an account; False when it has to wait."""
        found = self._buckets.get((account_id, bucket))
        if found is None:
            found = self._buckets[account_id, bucket] = TokenBucket(self.tier.size(bucket), now)
        return found.take(tokens, now)
