"""Shadow mode: orders are taken, rest, and are cancelled on paper; none leaves the process and none ever fills."""

from dataclasses import replace

from edgelock.actors.clock import Clock
from edgelock.actors.journaled_past import Past
from edgelock.actors.local_gateway import LocalGateway
from edgelock.actors.order_gateway import (
    Acknowledged,
    Amended,
    AmendRejected,
    Answer,
    Canceled,
    CancelRejected,
    OpenOrder,
)
from edgelock.core.intents import AmendOrder, CancelOrder, PlaceOrder
from edgelock.core.order import ClientOrderId, TimeInForce


class ShadowGateway(LocalGateway):
    """An OrderGateway that only keeps count. Called from the ExchangeActor's thread alone."""

    def __init__(
        self, *, run: str, clock: Clock, answer: Answer, generation: int = 1, past: Past | None = None
    ) -> None:
        super().__init__(run=run, clock=clock, answer=answer, generation=generation, past=past)
        self._open: dict[tuple[str, ClientOrderId], OpenOrder] = {}
        self._taken = 0

    def place(self, ticker: str, wish: PlaceOrder) -> None:
        """Take the order; an immediate one finds nothing and leaves."""
        at = self._clock.now()
        self._taken += 1
        order = OpenOrder(
            ticker=ticker,
            client_order_id=wish.client_order_id,
            venue_order_id=f"shadow-{self._mark}-o{self._taken}",
            side=wish.side,
            price=wish.price,
            remaining=wish.size,
        )
        self._answer(
            Acknowledged(
                ticker=ticker, client_order_id=wish.client_order_id, at=at, venue_order_id=order.venue_order_id
            )
        )
        if wish.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL:
            self._answer(Canceled(ticker=ticker, client_order_id=wish.client_order_id, at=at, reason="unfilled"))
        else:
            self._open[ticker, wish.client_order_id] = order
        self._done(ticker, wish.client_order_id)

    def amend(self, ticker: str, wish: AmendOrder) -> None:
        """Change a resting order; nothing is ever filled, so its size in all is what remains."""
        at, about = self._clock.now(), (ticker, wish.client_order_id)
        if about not in self._open:
            self._answer(
                AmendRejected(
                    ticker=ticker, client_order_id=wish.client_order_id, at=at, code="not_found", text="not found"
                )
            )
        else:
            self._open[about] = replace(self._open[about], price=wish.price, remaining=wish.size)
            self._answer(
                Amended(ticker=ticker, client_order_id=wish.client_order_id, at=at, price=wish.price, size=wish.size)
            )
        self._done(ticker, wish.client_order_id)

    def cancel(self, ticker: str, wish: CancelOrder) -> None:
        """Take a resting order off."""
        at = self._clock.now()
        if self._open.pop((ticker, wish.client_order_id), None) is None:
            self._answer(
                CancelRejected(
                    ticker=ticker, client_order_id=wish.client_order_id, at=at, code="not_found", text="not found"
                )
            )
        else:
            self._answer(Canceled(ticker=ticker, client_order_id=wish.client_order_id, at=at, reason="asked"))
        self._done(ticker, wish.client_order_id)

    def open_orders(self) -> tuple[OpenOrder, ...]:
        """What would be resting."""
        return tuple(self._open.values())
