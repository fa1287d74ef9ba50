"""A venue that does what it is told and nothing by itself: it answers each intent when the test says so.

It stands where the door to the venue stands: it numbers the facts of a market densely, keeps the market's state, and
remembers every intent and every record of the story. Its clock is moved by hand.
"""

from dataclasses import replace

from edgelock.core.book import BookView
from edgelock.core.decide import Decision, step
from edgelock.core.facts import (
    AmendRejected,
    BookChanged,
    CancelRejected,
    Fact,
    FeedStatus,
    FeedStatusChanged,
    OrderAcknowledged,
    OrderAmended,
    OrderCanceled,
    OrderFilled,
    OrderRejected,
    OrderUnanswered,
    PermitChanged,
    Print,
    TimePassed,
    TradesPrinted,
)
from edgelock.core.intents import AmendOrder, CancelOrder, Intent, PlaceOrder
from edgelock.core.market import Side
from edgelock.core.market_state import MarketState
from edgelock.core.order import Kind, Order, Role
from edgelock.core.permit import Permit
from edgelock.core.strategy import EDGE_LOCKED, Strategy
from edgelock.core.telemetry import MarketRecord
from edgelock.core.units import Money, Timestamp
from tests.core.builders import a_book, a_state, an_order, cents, contracts


class ObedientVenue:
    """One market's story. `intents` and `records` hold all of it, `fresh` and `told` those of the last fact."""

    def __init__(self, state: MarketState | None = None, strategy: Strategy = EDGE_LOCKED) -> None:
        self.state = a_state() if state is None else state
        self.strategy = strategy
        self.intents: list[Intent] = []
        self.records: list[MarketRecord] = []
        self.facts: list[Fact] = []
        self.fresh: tuple[Intent, ...] = ()
        self.told: tuple[MarketRecord, ...] = ()
        self.wake_at: Timestamp | None = None
        self._trades = 0

    # --- news ---------------------------------------------------------------------------------------------------

    def hear(self, fact: Fact) -> Decision:
        decision = step(self.state, fact, self.strategy)
        self.state, self.fresh, self.told = decision.state, decision.intents, decision.records
        self.wake_at = decision.wake_at
        self.facts.append(fact)
        self.intents.extend(decision.intents)
        self.records.extend(decision.records)
        return decision

    def book(self, view: BookView) -> Decision:
        return self.hear(BookChanged(at=self.state.now, view=view))

    def prints(self, price: int, times: int = 1) -> Decision:
        """Public trades at a price in cents."""
        prints = tuple(Print(f"p{n}", cents(price), contracts(1), Side.BID) for n in range(times))
        return self.hear(TradesPrinted(at=self.state.now, prints=prints))

    def wait(self, nanoseconds: int) -> Decision:
        """Let time pass and say so, as the timer does."""
        return self.hear(TimePassed(at=Timestamp(self.state.now + nanoseconds)))

    def wait_until(self, at: int) -> Decision:
        return self.hear(TimePassed(at=Timestamp(at)))

    def feed(self, status: FeedStatus) -> Decision:
        return self.hear(FeedStatusChanged(at=self.state.now, status=status, reason="told so"))

    def permit(self, permit: Permit) -> Decision:
        return self.hear(PermitChanged(at=self.state.now, permit=permit))

    # --- answers to intents -------------------------------------------------------------------------------------

    def ack(self, order_id: str) -> Decision:
        return self.hear(OrderAcknowledged(**self._stamp(), client_order_id=order_id, venue_order_id=f"v-{order_id}"))

    def reject(self, order_id: str, code: str = "post_only_cross") -> Decision:
        return self.hear(OrderRejected(**self._stamp(), client_order_id=order_id, code=code, text="no"))

    def fill(self, order_id: str, size: int, price: int | None = None, fee: int = 0, **named) -> Decision:
        """`size` in contracts, `price` in cents (the order's own by default), `fee` in millionths of a dollar."""
        self._trades += 1
        return self.hear(
            OrderFilled(
                **self._stamp(),
                client_order_id=order_id,
                trade_id=named.get("trade_id", f"x{self._trades}"),
                price=self.order(order_id).price if price is None else cents(price),
                size=contracts(size),
                fee=Money(fee),
                is_taker=named.get("is_taker", False),
            )
        )

    def canceled(self, order_id: str) -> Decision:
        return self.hear(OrderCanceled(**self._stamp(), client_order_id=order_id))

    def not_found(self, order_id: str) -> Decision:
        return self.hear(CancelRejected(**self._stamp(), client_order_id=order_id, code="not_found", text="no order"))

    def silent(self, order_id: str) -> Decision:
        return self.hear(OrderUnanswered(**self._stamp(), client_order_id=order_id, reason="timeout"))

    def amended(self, order_id: str) -> Decision:
        """The venue takes the amendment that was asked for."""
        price, size = self.order(order_id).amending or (None, None)
        assert price is not None
        assert size is not None
        return self.hear(OrderAmended(**self._stamp(), client_order_id=order_id, price=price, size=size))

    def amend_rejected(self, order_id: str) -> Decision:
        return self.hear(AmendRejected(**self._stamp(), client_order_id=order_id, code="amend_refused", text="no"))

    def _stamp(self) -> dict[str, int]:
        return {"at": self.state.now, "sequence": self.state.sequence + 1}

    # --- what there is ------------------------------------------------------------------------------------------

    def order(self, order_id: str) -> Order:
        return next(o for o in (*self.state.orders, *self.state.ended) if o.client_order_id == order_id)

    def placed(self) -> PlaceOrder:
        """The only order placed by the last fact."""
        (intent,) = (intent for intent in self.fresh if isinstance(intent, PlaceOrder))
        return intent

    def placements(self) -> list[PlaceOrder]:
        return [intent for intent in self.fresh if isinstance(intent, PlaceOrder)]

    def cancels(self) -> list[CancelOrder]:
        return [intent for intent in self.fresh if isinstance(intent, CancelOrder)]

    def amends(self) -> list[AmendOrder]:
        return [intent for intent in self.fresh if isinstance(intent, AmendOrder)]

    def actions(self) -> list[str]:
        """The words of the lines that the last fact made."""
        return [record.action for record in self.told]

    def live(self, role: Role, kind: Kind | None = None) -> list[Order]:
        return [o for o in self.state.live_orders(role) if kind is None or o.kind is kind]

    def adjust(self, **changes) -> None:
        """Put the market into another state by hand, without a fact."""
        self.state = replace(self.state, **changes)


def a_held_position(net: int = 10, price: int = 48, **changes) -> ObedientVenue:
    """The story so far: an entry filled whole at `price` cents at noon, and its take-profit rests."""
    side = Side.BID if net > 0 else Side.ASK
    view = a_book(price, price + 2) if net > 0 else a_book(price - 2, price)
    venue = ObedientVenue(a_state(view=view, **changes))
    venue.adjust(orders=(an_order("t-1", side, price, abs(net)),), next_order_number=2)
    venue.fill("t-1", abs(net))
    take_profit = venue.placed()
    venue.ack(take_profit.client_order_id)
    return venue
