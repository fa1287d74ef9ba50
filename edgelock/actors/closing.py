"""The end of a run at the door: cancel everything, look at the venue's own list until it is empty, say what is left."""

from collections.abc import Iterable

from edgelock.actors.messages import CancelEverything, OpenOrdersLeft
from edgelock.actors.order_desk import OrderDesk
from edgelock.actors.order_gateway import OpenOrder, OrderGateway
from edgelock.core.order import CancelReason
from edgelock.core.units import Money


class Closing:
    """Owned by the ExchangeActor from CancelEverything on.

    is_over  the report was made
    """

    def __init__(self, wish: CancelEverything, gateway: OrderGateway) -> None:
        self._wish = wish
        self._gateway = gateway
        self._is_looking = False
        self._shown: tuple[OpenOrder, ...] | None = None
        self.is_over = False

    def cancel_what_rests(self, desks: Iterable[OrderDesk]) -> None:
        """Whatever may be on the venue's book is cancelled, once; an order whose state is unknown, too."""
        for desk in desks:
            if desk.is_idle():
                desk.withdraw(CancelReason.SHUTDOWN)

    def look_when_idle(self, desks: Iterable[OrderDesk]) -> None:
        """Once every request is over, ask for the venue's list."""
        if not self._is_looking and not self.is_over and all(desk.is_idle() for desk in desks):
            self._is_looking = True
            self._gateway.look()

    def seen(self, shown: tuple[OpenOrder, ...] | None, desks: Iterable[OrderDesk]) -> bool:
        """The list came, or could not be read (None). True when it is empty; else what it shows is withdrawn again."""
        self._is_looking = False
        self._shown = shown
        for desk in desks:
            desk.withdraw_again(order.client_order_id for order in shown or ())
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
            left |= {order.client_order_id: None for order in self._shown or ()}
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
