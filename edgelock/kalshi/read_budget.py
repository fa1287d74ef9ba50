"""The read tokens of the account, shared by everybody who reads: no call leaves before the venue has room for it.

Reads cost 10 tokens, one order 2 (venue reference §8.3). Unlike a write, a read can wait where it stands, so this is a
lock and not a value.
"""

import threading
import time
from collections.abc import Callable
from fractions import Fraction

READ_COST = 10
ORDER_READ_COST = 2
BASIC_PER_S = 200
MARGIN_PERCENT = 10
"""Left unused: requests arrive closer together or further apart than they leave."""


class ReadBudget:
    """One bucket for all threads. It begins with the lowest tier's and takes the account's own by `resize`.

    speed  venue seconds per real second: the embedded exchange's buckets fill by its own clock
    """

    def __init__(
        self,
        *,
        speed: Fraction | int = 1,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._speed = Fraction(speed)
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = threading.Lock()
        self._at = monotonic()
        self.resize(BASIC_PER_S, BASIC_PER_S)
        self._tokens = self._capacity

    def resize(self, refill_per_s: int, capacity: int) -> None:
        """What the venue grants this account, in tokens a second and tokens held."""
        self._per_s = refill_per_s * (100 - MARGIN_PERCENT) / 100 * float(self._speed)
        self._capacity = capacity * (100 - MARGIN_PERCENT) / 100

    def take(self, cost: int, *, deadline: float) -> bool:
        """Wait until `cost` tokens are there, and take them; False when they would come after the deadline."""
        with self._lock:
            now = self._monotonic()
            self._tokens = min(self._tokens + (now - self._at) * self._per_s, self._capacity)
            self._at = now
            wait = max(cost - self._tokens, 0) / self._per_s
            if now + wait > deadline:
                return False
            # Taken in advance, so that whoever asks next waits behind.
            self._tokens -= cost
        if wait:
            self._sleep(wait)
        return True
