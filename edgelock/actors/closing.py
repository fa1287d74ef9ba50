"""The end of a run at the door: cancel everything, look at the venue's own list until it is empty, say what is left."""

from collections.abc import Iterable

from edgelock.actors.messages import CancelEverything, OpenOrdersLeft
from edgelock.actors.order_desk import OrderDesk
from edgelock.actors.order_gateway import OpenOrder, OrderGateway
from edgelock.core.order import CancelReason
from edgelock.core.units import Money

CLOSE_RETRY_NS = 200_000_000
"""Real time between two looks at the venue's own list, and between two cancels of what it goes on to show."""


class Closing:
    """Owned by the ExchangeActor from CancelEverything on. Times are monotonic nanoseconds.

    is_over  the report was made
    """

    def __init__(self, wish: CancelEverything, gateway: OrderGateway) -> None:
        self._wish = wish
        self._gateway = gateway
        self._is_looking = False
        self._shown: tuple[OpenOrder, ...] = ()
        self._is_shown_withdrawn = True
        self._pause_until_ns = 0
        self.is_over = False

    def cancel_what_rests(self, desks: Iterable[OrderDesk], now_ns: int) -> None:
        """Whatever may be on the venue's book is cancelled, once, and again after a pause when the list shows it."""
        is_again = not self._is_shown_withdrawn and now_ns >= self._pause_until_ns
        self._is_shown_withdrawn = self._is_shown_withdrawn or is_again
        for desk in desks:
            if is_again:
                desk.withdraw_again(order.client_order_id for order in self._shown)
            if desk.is_idle():
                desk.withdraw(CancelReason.SHUTDOWN)

    def look_when_idle(self, desks: Iterable[OrderDesk], now_ns: int) -> None:
        """Once every request is over, ask for the venue's list; a venue in trouble is not asked without a pause."""
        is_busy = self._is_looking or self.is_over or now_ns < self._pause_until_ns
        if not is_busy and all(desk.is_idle() for desk in desks):
            self._is_looking = True
            self._gateway.look()

    def seen(self, shown: tuple[OpenOrder, ...] | None, now_ns: int) -> bool:
        """The list came, or could not be read (None). True when it is empty; else it is looked at again."""
        self._is_looking = False
        self._pause_until_ns = now_ns + CLOSE_RETRY_NS
        if shown is not None:
            self._shown, self._is_shown_withdrawn = shown, False
        return shown is not None and not shown

    def report(self, desks: Iterable[OrderDesk], *, is_confirmed: bool) -> None:
        """Say what is left; without the venue's word, what may still be live is counted as open."""
        if self.is_over:
            return
        self.is_over = True
        held = tuple(desks)
        left: dict[str, None] = {}
        if not is_confirmed:
            left = {order.client_order_id: None for desk in held for order in desk.ledger.orders}
            left |= {order.client_order_id: None for order in self._shown if not _has_ended(order, held)}
        self._wish.report(
            OpenOrdersLeft(
                open_orders=tuple(left),
                positions=tuple(
                    (desk.market.ticker, desk.ledger.position.net) for desk in held if desk.ledger.position.sign
                ),
                realized=Money(sum(desk.ledger.position.realized for desk in held)),
                is_confirmed=is_confirmed,
            )
        )

    @property
    def give_up_ns(self) -> int:
        """Monotonic time after which the report is made without the venue's word."""
        return self._wish.give_up_ns


def _has_ended(shown: OpenOrder, desks: Iterable[OrderDesk]) -> bool:
    """Its end was proven after the list was made."""
    known = [order for desk in desks if (order := desk.knows(shown.client_order_id)) is not None]
    return any(not order.state.is_live for order in known)
