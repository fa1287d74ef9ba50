"""The Feed: one socket to the venue's market data, and everything the markets are told of it.

The actor itself only passes requests on; the work is done on the socket's thread by the desk, and the venue's lists
are read on another. When one of them ends on an error, the actor crashes with it, so that the supervisor hears of it;
and however the actor ends, its threads end too.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from edgelock.actors.base import SupervisedActor
from edgelock.actors.clock import Clock
from edgelock.actors.feed_desk import FeedDesk
from edgelock.actors.feed_lookup import FeedLookup, FeedReads, LookupAnswer
from edgelock.actors.inbox import Lane
from edgelock.actors.lifecycle import Incarnation
from edgelock.actors.market_data import MarketDataListener
from edgelock.actors.messages import AddMarket, MarketNews, Subscribe, Unsubscribe
from edgelock.core.telemetry import Record
from edgelock.kalshi.signing import Credentials
from edgelock.kalshi.socket import USUAL_LIMITS, SocketLimits, VenueSocket

__all__ = ["FeedActor", "FeedFailed", "MarketDataListener", "SocketFailed"]

STOP_WITHIN_S = 1.0
STALE_AFTER_NS = 10_000_000_000


@dataclass(frozen=True, slots=True)
class SocketFailed:
    """A thread of the feed ended on an error, and nothing comes from it any more."""

    lane: ClassVar[Lane] = Lane.CONTROL
    reason: str


class FeedFailed(RuntimeError):
    """A thread of the feed is dead; the text is what killed it."""


class FeedActor(SupervisedActor):
    """Handles Subscribe and Unsubscribe; AddMarket, without which it cannot tell a market of its own status and close;
    and MarketNews, which it passes on to listeners and the market when it is news.

    url             the venue's socket, such as wss://host/trade-api/ws/v2
    listeners       called on the socket's thread, in this order, before a market is told
    record          takes telemetry of the connection, on the socket's thread
    rng             spreads the pauses between reconnects
    stale_after_ns  real nanoseconds after which a book that was not heard of is not relied on any more
    reads           opens the venue's lists, on the thread that reads them; None: nothing is compared or looked up
    """

    def __init__(
        self,
        incarnation: Incarnation,
        *,
        url: str,
        credentials: Credentials,
        clock: Clock,
        listeners: tuple[MarketDataListener, ...],
        record: Callable[[Record], None],
        rng: random.Random,
        stale_after_ns: int = STALE_AFTER_NS,
        reads: Callable[[], FeedReads] | None = None,
        limits: SocketLimits = USUAL_LIMITS,
    ) -> None:
        super().__init__(incarnation)
        self._url = url
        self._credentials = credentials
        self._rng = rng
        self._limits = limits
        self._lookup = None if reads is None else self._lookup_of(reads)
        self._desk = FeedDesk(
            url=url,
            clock=clock,
            listeners=listeners,
            lookup=self._lookup,
            record=record,
            stale_after_ns=stale_after_ns,
        )
        self._socket: VenueSocket | None = None

    def on_start(self) -> None:
        """Begin to connect."""
        self._socket = VenueSocket(
            self._url,
            self._credentials,
            self._desk,
            rng=self._rng,
            on_failed=lambda reason: self._tell_itself(SocketFailed(reason)),
            name=f"{self.incarnation.name}#{self.incarnation.number}-socket",
            limits=self._limits,
        )
        self._socket.start()
        if self._lookup is not None:
            self._lookup.start()

    def handle(self, message: Any) -> None:
        """Pass the request on to the socket's thread."""
        match message:
            case AddMarket() | MarketNews() | Subscribe() | Unsubscribe():
                self._pass_on(message)
            case SocketFailed(reason):
                self._stop_socket()
                raise FeedFailed(reason)
            case _:
                self._stop_socket()
                raise TypeError(f"the feed does not handle {type(message).__name__}")

    def on_stop(self) -> None:
        """End the connection."""
        self._stop_socket()

    def abandon(self) -> None:
        """Given up by the supervisor: the socket's thread must not go on telling markets."""
        if self._lookup is not None:
            self._lookup.request_stop()
        if self._socket is not None:
            self._socket.request_stop()
        super().abandon()

    def _stop_socket(self) -> None:
        if self._lookup is not None:
            self._lookup.request_stop()
        if self._socket is not None:
            self._socket.stop(STOP_WITHIN_S)

    def _lookup_of(self, reads: Callable[[], FeedReads]) -> FeedLookup:
        return FeedLookup(
            reads,
            answer=self._pass_on,
            on_failed=lambda reason: self._tell_itself(SocketFailed(reason)),
            name=f"{self.incarnation.name}#{self.incarnation.number}-lookup",
        )

    def _pass_on(self, request: AddMarket | MarketNews | Subscribe | Unsubscribe | LookupAnswer) -> None:
        self._desk.post(request)
        if self._socket is not None:
            self._socket.wake()

    def _tell_itself(self, message: SocketFailed) -> None:
        self.incarnation.address.tell(message)
