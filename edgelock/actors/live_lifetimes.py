"""How long an order may rest before the venue withdraws it, and which are due: to live on, or to be sent again."""

from edgelock.actors.live_bounds import ABSENCES_NEEDED
from edgelock.actors.live_index import LiveIndex
from edgelock.actors.live_order import LiveOrder
from edgelock.actors.order_gateway import RenewOrder, ResendOrder
from edgelock.core.intents import PlaceOrder
from edgelock.core.order import Role, TimeInForce
from edgelock.core.units import SECOND, Duration, Timestamp, ceil_div

RENEWALS_TRIED = 8
"""A renewal that does not succeed is asked for so often before the order's time is over."""


class LiveLifetimes:
    """When an order has to be renewed, or sent again.

    entry_life, exit_life  how long an order may rest without being renewed (engine time)
    """

    def __init__(self, index: LiveIndex, *, entry_life: Duration, exit_life: Duration) -> None:
        self._index = index
        self._entry_life = entry_life
        self._exit_life = exit_life

    def expiry(self, wish: PlaceOrder, now: Timestamp) -> Timestamp | None:
        """When the venue shall withdraw it if nobody renews it; None for an order that does not rest.

        In whole seconds, as the venue takes it, and never sooner than promised.
        """
        if wish.time_in_force is not TimeInForce.GOOD_TILL_CANCELED:
            return None
        life = self._exit_life if wish.role is Role.EXIT else self._entry_life
        return Timestamp(ceil_div(now + life, SECOND) * SECOND)

    def begin(self, order: LiveOrder) -> None:
        """It is about to be sent for the first time; from now on it is due when half of its life is over."""
        if order.expires_at is not None:
            self._index.remind(order, self._renewal_at(order, order.expires_at))

    def due(self, now: Timestamp) -> list[tuple[str, RenewOrder | ResendOrder]]:
        """Resting orders past half of their life, and exits that have to be sent again.

        What does not come to a success is due again a little later.
        """
        found: list[tuple[str, RenewOrder | ResendOrder]] = [
            (order.ticker, ResendOrder(client_order_id=order.client_order_id))
            for order in self._index.question.values()
            if _has_to_be_resent(order)
        ]
        for order in tuple(self._index.take_due(now)):
            assert order.assured_until is not None
            due_at = self._renewal_at(order, order.assured_until)
            if due_at <= now and order.is_at_rest:
                found.append((order.ticker, RenewOrder(client_order_id=order.client_order_id)))
            self._index.remind(order, max(due_at, Timestamp(now + self._life(order) // (2 * RENEWALS_TRIED))))
        return found

    def _life(self, order: LiveOrder) -> Duration:
        return self._exit_life if order.is_exit else self._entry_life

    def _renewal_at(self, order: LiveOrder, until: Timestamp) -> Timestamp:
        return Timestamp(until - self._life(order) // 2)


def _has_to_be_resent(order: LiveOrder) -> bool:
    if order.is_requested or not order.is_exit or not order.may_never_have_arrived:
        return False
    assert order.doubt is not None
    return order.doubt.absences >= ABSENCES_NEEDED and order.doubt.refusal is None
