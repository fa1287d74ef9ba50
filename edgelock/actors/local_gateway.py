"""What paper and shadow share: their other side is this process, so nothing is in doubt and nothing expires."""

from abc import ABC, abstractmethod

from edgelock.actors.clock import Clock
from edgelock.actors.journaled_past import NoPast, Past
from edgelock.actors.order_gateway import (
    Answer,
    MarketLoaded,
    OpenOrder,
    OpenOrdersSeen,
    RenewOrder,
    RequestDone,
    ResendOrder,
)
from edgelock.core.intents import CancelOrder
from edgelock.core.market import Market
from edgelock.core.order import ClientOrderId
from edgelock.core.recovery import recover
from edgelock.core.units import Timestamp

_PLENTY = 1_000_000


class LocalGateway(ABC):
    """An OrderGateway without a venue: every command is over when it returns.

    run         the ids it gives begin so
    generation  of this gateway in the run: with it the ids of two of them stay apart
    past        what an earlier life of the door has journaled: the only books there are
    """

    def __init__(
        self, *, run: str, clock: Clock, answer: Answer, generation: int = 1, past: Past | None = None
    ) -> None:
        self._mark = run if generation == 1 else f"{run}-g{generation}"
        self._clock = clock
        self._answer = answer
        self._past = past or NoPast()

    def start(self) -> None:  # noqa: B027 - nothing to do is the answer, not a gap
        """Always ready."""

    def stop(self) -> None:  # noqa: B027 - nothing to do is the answer, not a gap
        """Nothing is under way."""

    @property
    def max_in_flight(self) -> int:
        """Nothing waits here, so nothing needs a bound."""
        return _PLENTY

    @property
    def upkeep_ns(self) -> int | None:
        """Nothing expires."""
        return None

    @property
    def takes_entries(self) -> bool:
        """There is no fuse."""
        return True

    def add_market(self, market: Market) -> None:
        """What was held goes on; orders ended with the gateway that kept them. Raises JournalError."""
        recorded = self._past.recorded(market.ticker)
        self._answer(MarketLoaded(market.ticker, recover(recorded, None, counted_from=Timestamp(0))))

    def cancel_many(self, wishes: tuple[tuple[str, CancelOrder], ...]) -> None:
        """One after the other."""
        for ticker, wish in wishes:
            self.cancel(ticker, wish)

    @abstractmethod
    def cancel(self, ticker: str, wish: CancelOrder) -> None:
        """Take an order off the book."""

    def renew(self, ticker: str, wish: RenewOrder) -> None:
        """Never asked: nothing expires."""
        raise AssertionError(f"{ticker}: {wish.client_order_id} does not expire")

    def resend(self, ticker: str, wish: ResendOrder) -> None:
        """Never asked: every order is answered."""
        raise AssertionError(f"{ticker}: {wish.client_order_id} was answered")

    def due(self, _now: Timestamp) -> tuple[tuple[str, RenewOrder | ResendOrder], ...]:
        """Nothing is ever due."""
        return ()

    def trip_fuse(self) -> None:  # noqa: B027 - nothing to do is the answer, not a gap
        """There is nothing on another side that could withdraw anything."""

    def mend_fuse(self) -> None:  # noqa: B027 - nothing to do is the answer, not a gap
        """There is nothing to mend."""

    def look(self) -> None:
        """The list is at hand."""
        self._answer(OpenOrdersSeen(self.open_orders()))

    def withdraw_everything(self) -> tuple[ClientOrderId, ...]:
        """Whatever rests here ends with the process."""
        return ()

    @abstractmethod
    def open_orders(self) -> tuple[OpenOrder, ...]:
        """What rests, market by market."""

    def _done(self, ticker: str, client_order_id: ClientOrderId) -> None:
        self._answer(RequestDone(ticker=ticker, client_order_id=client_order_id, at=self._clock.now()))
