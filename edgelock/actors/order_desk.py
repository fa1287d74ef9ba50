"""One market's desk at the door to the venue: what is on record, who may submit, and what waits to be sent."""

from collections import deque
from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from edgelock.actors import order_gateway as gateway
from edgelock.actors.address import Address
from edgelock.actors.desk_history import DeskHistory, Told
from edgelock.actors.order_gateway import Command, Filled, OrderNews, RenewOrder, ResendOrder
from edgelock.core import facts
from edgelock.core.facts import MarketSettled, OrderFact, Recovered, UntoldFact
from edgelock.core.intents import CancelOrder, Intent, PlaceOrder
from edgelock.core.limits import Exposure, Refused
from edgelock.core.market import Market, MarketStatus
from edgelock.core.order import CancelReason, ClientOrderId, Kind, Order, OrderState, Role
from edgelock.core.order_ledger import OrderLedger
from edgelock.core.permit import CLOSED_AT_START, Mode, Permit
from edgelock.core.position import Realized
from edgelock.core.recovery import Recovery
from edgelock.core.units import SECOND, Duration, Price, Timestamp

ARCHIVE_KEPT = Duration(2 * 3600 * SECOND)
"""Engine time for which an order that ended stays in the archive; no gateway can name one for so long."""
EXIT_REFUSALS_MAX = 3
"""After so many refused exits a position cannot be quoted, and the other markets do not wait for it any more."""


@dataclass(slots=True)
class OrderDesk:
    """Owned by the ExchangeActor. Strictly one command is in flight at a time, in the order of the queue.

    is_loaded    what the other side had on record before is in the ledger; until then nobody is told anything
    incarnation  the only one whose intents are taken
    in_flight    the order whose request is under way
    own_cancels  orders that the door itself withdraws, and why: the run ends, a kill, a market without an actor
    archive      orders that ended, for fills that come when everybody else has forgotten them
    drifts       looks in a row at which the other side's position was not ours
    told         up to where the lives before the present claimant have told people of the record
    gap_told     what people were told last of fills without a line; a life may die before it has its answer
    is_late_wish_told  people have been told that a life before the present one still wishes
    awaits_exit  it began with a position for which the other side has not taken an exit yet
    """

    market: Market
    subscriber: Address
    ledger: OrderLedger = OrderLedger()
    is_loaded: bool = False
    incarnation: int = 0
    queue: deque[Command] = field(default_factory=deque)
    in_flight: str | None = None
    is_feed_live: bool = False
    permit: Permit = CLOSED_AT_START
    permit_issued_ns: int = 0
    last_trim_at: Timestamp | None = None
    own_cancels: dict[str, CancelReason] = field(default_factory=dict)
    archive: dict[ClientOrderId, Order] = field(default_factory=dict)
    drifts: int = 0
    is_settled: bool = False
    told: Told | None = None
    gap_told: str = ""
    is_late_wish_told: bool = False
    awaits_exit: bool = False
    exit_refusals: int = 0
    _ended_at: deque[tuple[Timestamp, ClientOrderId]] = field(default_factory=deque)
    _history: DeskHistory = field(default_factory=lambda: DeskHistory(OrderLedger()))

    def mode(self, now_ns: int, permit_life_ns: int) -> Mode:
        """The verdict in force; one that nobody renewed is at most REDUCE_ONLY."""
        if now_ns - self.permit_issued_ns > permit_life_ns:
            return min(self.permit.mode, Mode.REDUCE_ONLY)
        return self.permit.mode

    def exposure(self) -> Exposure:
        """The position, and every order not proven dead."""
        return Exposure(net=self.ledger.position.net, orders=self.ledger.orders)

    def untold_since(self, sequence: int) -> tuple[UntoldFact, ...] | None:
        """The order facts after this one; None when that is too long ago, or this one has not happened yet."""
        return None if sequence > self.ledger.sequence else self._history.since(sequence)

    def recovered(self, at: Timestamp, untold: tuple[UntoldFact, ...] = ()) -> Recovered:
        """What a new incarnation is told: what is on record now, and of which facts nobody has told yet."""
        return Recovered(
            at=at,
            sequence=self.ledger.sequence,
            position=self.ledger.position,
            orders=(*self.ledger.ended, *self.ledger.orders),
            last_trim_at=self.last_trim_at,
            permit=self.permit,
            untold=untold,
        )

    def loaded(self, recovery: Recovery) -> None:
        """Begin with what is held from before."""
        self.ledger = OrderLedger(position=recovery.position)
        self._history = DeskHistory(self.ledger)
        self.is_settled = recovery.is_settled
        self.is_loaded = True
        self.awaits_exit = recovery.position.sign != 0

    @property
    def is_armed(self) -> bool:
        """What it began with has its exit, or cannot have one: entries of other markets need not wait for it."""
        return self.market.status is not MarketStatus.ACTIVE or (self.is_loaded and not self.awaits_exit)

    def is_pointless(self, wish: Command) -> bool:
        """About an order that has ended meanwhile; its end has been told already.

        An order whose state is unknown may still rest: a cancel of it is worth sending, an amendment is not.
        """
        if isinstance(wish, PlaceOrder):
            return False
        order = self.ledger.find(wish.client_order_id)
        if order is None:
            return True
        if isinstance(wish, ResendOrder):
            return order.state is not OrderState.UNKNOWN
        is_worth_a_cancel = isinstance(wish, CancelOrder) and order.state is OrderState.UNKNOWN
        return order.state is not OrderState.RESTING and not is_worth_a_cancel

    def may_prolong(self, wish: RenewOrder | ResendOrder, now_ns: int, permit_life_ns: int) -> bool:
        """An exit always; an entry only while entries are allowed and wanted, so that neglect ends it."""
        order = self.ledger.find(wish.client_order_id)
        if order is None or self.mode(now_ns, permit_life_ns) is Mode.HALTED:
            return False
        if order.role is Role.EXIT:
            return True
        is_open = self.mode(now_ns, permit_life_ns) is Mode.OPEN and self.is_feed_live
        return is_open and wish.client_order_id not in self.own_cancels

    def is_idle(self) -> bool:
        """Nothing is under way or waits."""
        return not self.queue and self.in_flight is None

    def forget_intents(self) -> int:
        """What the market wanted is not sent any more, what the door itself wants is. How many were dropped."""
        kept = [wish for wish in self.queue if self._is_the_doors(wish)]
        dropped = len(self.queue) - len(kept)
        self.queue = deque(kept)
        return dropped

    def forget_prolongations(self) -> None:
        """Nothing is prolonged or sent again any more."""
        self.queue = deque(wish for wish in self.queue if not isinstance(wish, RenewOrder | ResendOrder))

    def let_pass(self) -> bool:
        """The first command has to wait: one that does not is taken first when it is about another order.

        False when there is none.
        """
        waiting: set[ClientOrderId] = set()
        for number, wish in enumerate(self.queue):
            if not self.is_for_entries(wish) and wish.client_order_id not in waiting:
                del self.queue[number]
                self.queue.appendleft(wish)
                return True
            waiting.add(wish.client_order_id)
        return False

    def is_for_entries(self, wish: Command) -> bool:
        """Whether a command brings an entry to the other side, or keeps one there."""
        if isinstance(wish, PlaceOrder):
            return wish.role is Role.ENTRY
        if not isinstance(wish, RenewOrder | ResendOrder):
            return False
        order = self.ledger.find(wish.client_order_id)
        return order is not None and order.role is Role.ENTRY

    def _is_the_doors(self, wish: Command) -> bool:
        if isinstance(wish, CancelOrder):
            return wish.client_order_id in self.own_cancels
        return isinstance(wish, RenewOrder | ResendOrder)

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

    def sent(self, wish: Command, at: Timestamp) -> None:
        """The command is on its way. Prolonging an order, or sending it again, changes nothing of what is known."""
        if not isinstance(wish, RenewOrder | ResendOrder):
            self._book_intent(wish, at)
        self.in_flight = wish.client_order_id
        if isinstance(wish, PlaceOrder) and wish.kind is Kind.MAE_TRIM:
            self.last_trim_at = at

    def refused(self, refusal: Refused, at: Timestamp) -> OrderFact:
        """A limit said no: nothing was sent. The market is told like of any other fate of its order."""
        self._book_intent(refusal.intent, at)
        fact = facts.IntentRefused(
            at=at,
            sequence=self.ledger.sequence + 1,
            intent=refusal.intent,
            limit=refusal.limit,
            found=refusal.found,
            allowed=refusal.allowed,
        )
        self._book(fact)
        return fact

    def knows(self, client_order_id: ClientOrderId) -> Order | None:
        """An order of this market, however long ago it ended."""
        return self.ledger.find(client_order_id) or self.archive.get(client_order_id)

    def learned(self, news: OrderNews) -> tuple[OrderFact, Realized | None]:
        """Book a piece of news: the fact to tell, with the market's next sequence, and what it closed."""
        fact = self._fact(news)
        realized = self._book(fact)
        order = self.ledger.find(news.client_order_id)
        if order is not None and not order.state.is_live:
            self._keep(order, news.at)
        if self.awaits_exit and order is not None:
            self._arm(order, news)
        return fact, realized

    def _keep(self, order: Order, now: Timestamp) -> None:
        if order.client_order_id not in self.archive:
            self._ended_at.append((now, order.client_order_id))
        self.archive[order.client_order_id] = order
        while self._ended_at and now - self._ended_at[0][0] > ARCHIVE_KEPT:
            del self.archive[self._ended_at.popleft()[1]]

    def _arm(self, order: Order, news: OrderNews) -> None:
        """A trim leaves most of the position as it was, so its order is no exit of it."""
        is_exit = order.role is Role.EXIT and order.kind is not Kind.MAE_TRIM
        if is_exit and isinstance(news, gateway.Rejected) and news.is_judged:
            self.exit_refusals += 1
        is_taken = is_exit and isinstance(news, gateway.Acknowledged | Filled)
        if is_taken or self.ledger.position.sign == 0 or self.exit_refusals >= EXIT_REFUSALS_MAX:
            self.awaits_exit = False

    def request_done(self, client_order_id: ClientOrderId) -> None:
        """The next command may be sent."""
        if self.in_flight == client_order_id:
            self.in_flight = None

    def settled(self, value: Price, at: Timestamp) -> tuple[MarketSettled, Realized | None]:
        """Book the settlement, once."""
        self.is_settled, self.awaits_exit = True, False
        fact = MarketSettled(at=at, sequence=self.ledger.sequence + 1, value=value)
        return fact, self._book(fact)

    def _book_intent(self, intent: Intent, at: Timestamp) -> None:
        self.ledger = self.ledger.with_intent(intent, at)
        self._history.sent(intent, at)

    def _book(self, fact: OrderFact) -> Realized | None:
        self.ledger, realized = self.ledger.after(fact)
        self._history.learned(fact)
        return realized

    def _fact(self, answer: OrderNews) -> OrderFact:
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
            case Filled() as fill:
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
                    late_order=self._forgotten(order_id),
                )

    def _forgotten(self, client_order_id: ClientOrderId) -> Order | None:
        """An order that ended too long ago for the market to remember it; None for all others."""
        return None if self.ledger.find(client_order_id) is not None else self.archive[client_order_id]
