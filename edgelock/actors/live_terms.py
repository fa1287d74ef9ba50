"""What a live gateway is built with: how orders are kept, where the venue is, and who is told."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from edgelock.actors.order_gateway import Answer, GatewayBroken
from edgelock.core.telemetry import LibraryLog, Record
from edgelock.core.units import SECOND, Duration, Size, Timestamp
from edgelock.kalshi.rest import TradingRest
from edgelock.kalshi.signing import Credentials

STUCK_AFTER = Duration(45 * SECOND)
"""Above the longest deadline that the settings allow a request (30 s)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTerms:
    """How orders are kept at the venue (settings section `live`).

    entry_life, exit_life  engine time after which the venue withdraws what nobody renewed
    backfill_interval      real time between two comparisons with the venue's lists
    entries_only_when_flat  whether an entry is held back once a fill has been heard
    stuck_after            real time after which a request that should have met its deadline long ago is given up, and
                           the gateway with it
    """

    entry_life: Duration
    exit_life: Duration
    group_limit: Size
    max_in_flight: int
    backfill_interval: Duration
    entries_only_when_flat: bool
    stuck_after: Duration = STUCK_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveVenue:
    """Where the venue is. `open_rest` makes a connection for one thread; its deadline bounds each call.

    open_fuse  the same for the fuse, whose deadline is short: after an outage it must not wait for a call that hangs
    """

    open_rest: Callable[[], TradingRest]
    open_fuse: Callable[[], TradingRest]
    ws_url: str
    credentials: Credentials
    rng: random.Random


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveNews:
    """Who is told what besides the answers; nobody may wait.

    readiness  the venue's side is ready for entries, or not any more
    fuse       a shard's group was triggered
    """

    answer: Answer
    readiness: Callable[[bool], None]
    fuse: Callable[[int, bool], None]
    record: Callable[[Record], None]

    def while_open(self, is_over: Callable[[], bool]) -> "LiveNews":
        """The same, until it is over; then nobody is told anything."""

        def only_before(tell: Callable[..., None]) -> Callable[..., None]:
            return lambda *news: None if is_over() else tell(*news)

        return LiveNews(
            answer=only_before(self.answer),
            readiness=only_before(self.readiness),
            fuse=only_before(self.fuse),
            record=only_before(self.record),
        )

    def broken(self, what: str, error: Exception) -> None:
        """A part of the gateway is gone."""
        self.answer(GatewayBroken(f"{what}: {type(error).__name__}: {error}"))

    def say(self, message: str, at: Timestamp) -> None:
        """A warning for people."""
        self.record(LibraryLog(at=at, logger="edgelock.live", severity="WARNING", message=message))
