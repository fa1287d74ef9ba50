"""One market's desk at the door to the venue: what is on record, who may submit, and what waits to be sent."""

from collections import deque
from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from edgelock.actors import order_gateway as gateway
from edgelock.actors.address import Address
from edgelock.actors.order_gateway import GatewayAnswer
from edgelock.core import facts
from edgelock.core.facts import MarketSettled, OrderFact, Recovered
from edgelock.core.intents import CancelOrder, Intent, PlaceOrder
from edgelock.core.limits import Exposure, Refused
from edgelock.core.market import Market
from edgelock.core.order import CancelReason, Kind, OrderState, Role
from edgelock.core.order_ledger import OrderLedger
from edgelock.core.permit import CLOSED_AT_START, Mode, Permit
from edgelock.core.position import Realized
from edgelock.core.units import Price, Timestamp


@dataclass(slots=True)
class OrderDesk:
    """Owned by the ExchangeActor. Strictly one command is in flight at a time, in the order of the queue.

    incarnation  the only one whose intents are taken
    in_flight    the order whose request awaits its answer
    own_cancels  orders that the door itself withdraws, and why: the run ends, a kill, a market without an actor
    """

    market: Market
    subscriber: Address
    ledger: OrderLedger = OrderLedger()
    incarnation: int = 0
    queue: deque[Intent] = field(default_factory=deque)
    in_flight: str | None = None
    is_feed_live: bool = False
    permit: Permit = CLOSED_AT_START
    permit_issued_ns: int = 0
    last_trim_at: Timestamp | None = None
    own_cancels: dict[str, CancelReason] = field(default_factory=dict)

    def mode(self, now_ns: int, permit_life_ns: int) -> Mode:
        """The verdict in force; one that nobody renewed is at most REDUCE_ONLY."""
        if now_ns - self.permit_issued_ns > permit_life_ns:
            return min(self.permit.mode, Mode.REDUCE_ONLY)
        return self.permit.mode

    def exposure(self) -> Exposure:
        """The position, and every order not proven dead."""
        return Exposure(net=self.ledger.position.net, orders=self.ledger.orders)

    def recovered(self, at: Timestamp) -> Recovered:
        """What a new incarnation is told."""
        return Recovered(
            at=at,
            sequence=self.ledger.sequence,
            position=self.ledger.position,
            orders=(*self.ledger.ended, *self.ledger.orders),
            last_trim_at=self.last_trim_at,
            permit=self.permit,
        )

    def is_urgent(self) -> bool:
        """Whether the next command is a cancel, an amendment or an exit: those go before every entry."""
        wish = self.queue[0]
        return not (isinstance(wish, PlaceOrder) and wish.role is Role.ENTRY)

    def is_pointless(self, wish: Intent) -> bool:
        """A cancel or an amendment of an order that has ended meanwhile; its end has been told already.

        An order whose state is unknown may still rest: a cancel of it is worth sending, an amendment is not.
        """
        if isinstance(wish, PlaceOrder):
            return False
        order = self.ledger.find(wish.client_order_id)
        if order is None:
            return True
        is_worth_a_cancel = isinstance(wish, CancelOrder) and order.state is OrderState.UNKNOWN
        return order.state is not OrderState.RESTING and not is_worth_a_cancel

    def withdraw(self, reason: CancelReason, roles: Container[Role] = tuple(Role)) -> None:
        """Cancel what may be on the venue's book, once each, without being asked by the market."""
        for order in self.ledger.orders:
            if order.role in roles and order.client_order_id not in self.own_cancels:
                self.own_cancels[order.client_order_id] = reason
                self.queue.append(CancelOrder(client_order_id=order.client_order_id, reason=reason))

    def withdraw_again(self, order_ids: Iterable[str]) -> None:
        """These are still on the venue's book: a cancel of them did not do it."""
        for order_id in order_ids:
            self.own_cancels.pop(order_id, None)

    def sent(self, wish: Intent, at: Timestamp) -> None:
        """The intent is on its way."""
        self.ledger = self.ledger.with_intent(wish, at)
        self.in_flight = wish.client_order_id
        if isinstance(wish, PlaceOrder) and wish.kind is Kind.MAE_TRIM:
            self.last_trim_at = at

    def refused(self, refusal: Refused, at: Timestamp) -> OrderFact:
        """A limit said no: nothing was sent. The market is told like of any other fate of its order."""
        self.ledger = self.ledger.with_intent(refusal.intent, at)
        fact = facts.IntentRefused(
            at=at,
            sequence=self.ledger.sequence + 1,
            intent=refusal.intent,
            limit=refusal.limit,
            found=refusal.found,
            allowed=refusal.allowed,
        )
        self.ledger, _ = self.ledger.after(fact)
        return fact

    def answered(self, answer: GatewayAnswer) -> tuple[OrderFact, Realized | None]:
        """Book an answer: the fact to tell, with the market's next sequence, and what it closed."""
        if not isinstance(answer, gateway.Filled) and self.in_flight == answer.client_order_id:
            self.in_flight = None
        fact = self._fact(answer)
        self.ledger, realized = self.ledger.after(fact)
        return fact, realized

    def settled(self, value: Price, at: Timestamp) -> tuple[MarketSettled, Realized | None]:
        """Book the settlement."""
        fact = MarketSettled(at=at, sequence=self.ledger.sequence + 1, value=value)
        self.ledger, realized = self.ledger.after(fact)
        return fact, realized

    def _fact(self, answer: GatewayAnswer) -> OrderFact:
        at, sequence, order_id = answer.at, self.ledger.sequence + 1, answer.client_order_id
        match answer:
            case gateway.Acknowledged(venue_order_id=venue_id):
                return facts.OrderAcknowledged(
                    at=at, sequence=sequence, client_order_id=order_id, venue_order_id=venue_id
                )
            case gateway.Rejected(code=code, text=text):
                return facts.OrderRejected(at=at, sequence=sequence, client_order_id=order_id, code=code, text=text)
            case gateway.Amended(price=price, size=size):
                return facts.OrderAmended(at=at, sequence=sequence, client_order_id=order_id, price=price, size=size)
            case gateway.AmendRejected(code=code, text=text):
                return facts.AmendRejected(at=at, sequence=sequence, client_order_id=order_id, code=code, text=text)
            case gateway.Canceled():
                return facts.OrderCanceled(
                    at=at, sequence=sequence, client_order_id=order_id, reason=self.own_cancels.get(order_id)
                )
            case gateway.CancelRejected(code=code, text=text):
                return facts.CancelRejected(at=at, sequence=sequence, client_order_id=order_id, code=code, text=text)
            case gateway.Unanswered(reason=reason):
                return facts.OrderUnanswered(at=at, sequence=sequence, client_order_id=order_id, reason=reason)
            case gateway.Filled() as fill:
                return facts.OrderFilled(
                    at=at,
                    sequence=sequence,
                    client_order_id=order_id,
                    trade_id=fill.trade_id,
                    price=fill.price,
                    size=fill.size,
                    fee=fill.fee,
                    is_taker=fill.is_taker,
                    queue_ahead=fill.queue_ahead,
                )
