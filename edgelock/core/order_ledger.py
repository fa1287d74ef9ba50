"""Our orders and position in one market, as order facts make them.

Kept twice by the same code: by the market, to decide with, and by the door to the venue, to recover a market from.
Facts carry a dense sequence: one heard before changes nothing, a missing one is an error.
"""

from dataclasses import dataclass, replace

from edgelock.core.facts import (
    AmendRejected,
    CancelRejected,
    IntentRefused,
    MarketSettled,
    OrderAcknowledged,
    OrderAmended,
    OrderCanceled,
    OrderFact,
    OrderFilled,
    OrderRejected,
    OrderUnanswered,
)
from edgelock.core.intents import CancelOrder, Intent, PlaceOrder
from edgelock.core.order import Order, OrderMessage
from edgelock.core.position import Position, Realized
from edgelock.core.units import Timestamp

ENDED_ORDERS_KEPT = 32
"""Finished orders remembered per market, for news of them that comes late."""


class SequenceGap(ValueError):
    """An order fact is missing: the market must start again from what is on record."""


class UnknownOrder(ValueError):
    """A fact about an order that is not in this market's memory."""


_MESSAGES: dict[type[object], OrderMessage] = {
    OrderAcknowledged: OrderMessage.ACKNOWLEDGED,
    OrderRejected: OrderMessage.REJECTED,
    AmendRejected: OrderMessage.AMEND_REJECTED,
    OrderCanceled: OrderMessage.CANCELED,
    CancelRejected: OrderMessage.CANCEL_REJECTED,
    OrderUnanswered: OrderMessage.UNANSWERED,
}


@dataclass(frozen=True, slots=True)
class OrderLedger:
    """sequence of the last fact applied; live orders; the last finished ones; the position."""

    sequence: int = 0
    position: Position = Position()
    orders: tuple[Order, ...] = ()
    ended: tuple[Order, ...] = ()

    def find(self, client_order_id: str) -> Order | None:
        """An order in memory, live or finished."""
        for order in (*self.orders, *reversed(self.ended)):
            if order.client_order_id == client_order_id:
                return order
        return None

    def order(self, client_order_id: str) -> Order:
        """An order in memory; raises UnknownOrder when there is none."""
        order = self.find(client_order_id)
        if order is None:
            raise UnknownOrder(f"no order {client_order_id} in memory")
        return order

    def with_intent(self, intent: Intent, now: Timestamp) -> "OrderLedger":
        """The ledger with an intent of ours in flight."""
        if isinstance(intent, PlaceOrder):
            return self._with(intent.as_order(now))
        order = self.order(intent.client_order_id)
        if isinstance(intent, CancelOrder):
            return self._with(order.with_cancel_sent(intent.reason))
        return self._with(order.with_amendment_sent(intent.price, intent.size))

    def after(self, fact: OrderFact) -> tuple["OrderLedger", Realized | None]:
        """The ledger after the next fact, and what it closed. A fact heard before changes nothing."""
        if fact.sequence <= self.sequence:
            return self, None
        if fact.sequence != self.sequence + 1:
            raise SequenceGap(f"order fact {fact.sequence} follows {self.sequence}")
        ledger = replace(self, sequence=fact.sequence)
        if isinstance(fact, OrderFilled):
            return ledger._filled(fact)
        if isinstance(fact, MarketSettled):
            position, realized = ledger.position.settled(fact.value)
            return replace(ledger, position=position), realized
        return ledger._with(ledger._changed(fact)), None

    def _changed(self, fact: OrderFact) -> Order:
        if isinstance(fact, OrderAmended):
            return self.order(fact.client_order_id).with_amendment_done(fact.price, fact.size)
        if isinstance(fact, IntentRefused):
            is_placement = isinstance(fact.intent, PlaceOrder)
            message = OrderMessage.REJECTED if is_placement else OrderMessage.AMEND_REJECTED
            return self.order(fact.intent.client_order_id).moved(message)
        assert not isinstance(fact, OrderFilled | MarketSettled)
        return self.order(fact.client_order_id).moved(_MESSAGES[type(fact)])

    def _filled(self, fact: OrderFilled) -> tuple["OrderLedger", Realized | None]:
        order = self.find(fact.client_order_id) or fact.late_order or self.order(fact.client_order_id)
        if fact.trade_id in self.position.trade_ids:
            return self, None
        filled = order.with_fill(fact.size)
        position, realized = self.position.after_fill(
            trade_id=fact.trade_id, side=order.side, price=fact.price, size=fact.size, fee=fact.fee, at=fact.at
        )
        return replace(self, position=position)._with(filled), realized

    def _with(self, order: Order) -> "OrderLedger":
        others = tuple(o for o in self.orders if o.client_order_id != order.client_order_id)
        ended = tuple(o for o in self.ended if o.client_order_id != order.client_order_id)
        if order.state.is_live:
            return replace(self, orders=(*others, order), ended=ended)
        return replace(self, orders=others, ended=(*ended, order)[-ENDED_ORDERS_KEPT:])
