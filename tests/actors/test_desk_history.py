"""Told by one life or by several, the log has the same fills and results: the record remembers how it came about."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from edgelock.actors import order_gateway as gateway
from edgelock.actors.desk_history import HISTORY_KEPT, DeskHistory
from edgelock.actors.order_desk import OrderDesk
from edgelock.core.decide import step
from edgelock.core.evolve import evolve, with_intent
from edgelock.core.facts import OrderAcknowledged, OrderFact
from edgelock.core.intents import CancelOrder, PlaceOrder
from edgelock.core.limits import Refused
from edgelock.core.market import Side
from edgelock.core.order import CancelReason, Kind, Order, OrderState, Role, TimeInForce
from edgelock.core.order_ledger import OrderLedger
from edgelock.core.report import report
from edgelock.core.strategy import EDGE_LOCKED
from edgelock.core.telemetry import Fill, MarketRecord, Realize
from edgelock.core.telling_late import told_late
from edgelock.core.units import Money, Price, Timestamp
from tests.actors.trading_doubles import Letterbox
from tests.core.builders import NOON, a_market, a_state, after, cents, contracts

EVENTS = ("place", "refuse", "ack", "reject", "fill", "fill", "fill", "cancel", "canceled", "silent", "settle")


@dataclass(frozen=True, slots=True)
class Event:
    what: str
    pick: int
    side: Side
    price: int
    size: int


events = st.lists(
    st.builds(
        Event,
        what=st.sampled_from(EVENTS),
        pick=st.integers(0, 7),
        side=st.sampled_from(list(Side)),
        price=st.integers(30, 70),
        size=st.integers(1, 9),
    ),
    max_size=25,
)


class Story:
    """A desk at the door to which things happen, and a market without a crash that hears of each at once."""

    def __init__(self) -> None:
        self.desk = OrderDesk(market=a_market(), subscriber=Letterbox("m").address, is_loaded=True)
        self.market = a_state()
        self.facts: list[OrderFact] = []
        self.lines: list[tuple[int, MarketRecord]] = []

    def happen(self, number: int, event: Event) -> None:
        at = after(number)
        order = self._an_order(event.pick)
        if event.what in ("place", "refuse"):
            self._place(number, event, at)
        elif event.what == "settle":
            fact, _ = self.desk.settled(Price(10_000 if event.pick % 2 else 0), at)
            self._tell(fact)
        elif order is not None:
            self._answer(number, event, order, at)

    def _place(self, number: int, event: Event, at: Timestamp) -> None:
        wish = PlaceOrder(
            client_order_id=f"o{number}",
            side=event.side,
            price=cents(event.price),
            size=contracts(event.size),
            role=Role.ENTRY,
            kind=Kind.QUOTE,
            time_in_force=TimeInForce.GOOD_TILL_CANCELED,
            post_only=True,
            skew=self.market.position.skew,
        )
        self.market = with_intent(self.market, wish)
        if event.what == "place":
            self.desk.sent(wish, at)
        else:
            self._tell(self.desk.refused(Refused(wish, "inventory_market", 40, 32), at))

    def _answer(self, number: int, event: Event, order: Order, at: Timestamp) -> None:
        about: Any = {"ticker": "T", "client_order_id": order.client_order_id, "at": at}
        match event.what, order.state:
            case "ack", OrderState.PLACING | OrderState.UNKNOWN:
                self._learn(gateway.Acknowledged(**about, venue_order_id="v"))
            case "reject", OrderState.PLACING if not order.filled:
                self._learn(gateway.Rejected(**about, code="no", text="no"))
            case "fill", _:
                self._learn(gateway.Filled(**about, trade_id=f"x{number}", price=order.price, fee=Money(event.size * 7),
                                           size=min(order.remaining, contracts(event.size)),
                                           is_taker=False, queue_ahead=None))  # fmt: skip
            case "cancel", OrderState.RESTING:
                wish = CancelOrder(client_order_id=order.client_order_id, reason=CancelReason.QUOTE)
                self.market = with_intent(self.market, wish)
                self.desk.sent(wish, at)
            case "canceled", _:
                self._learn(gateway.Canceled(**about, reason="venue"))
            case "silent", OrderState.PLACING | OrderState.CANCELING:
                self._learn(gateway.Unanswered(**about, reason="timeout"))

    def _an_order(self, pick: int) -> Order | None:
        live = self.desk.ledger.orders
        return live[pick % len(live)] if live else None

    def _learn(self, news: gateway.OrderNews) -> None:
        fact, _ = self.desk.learned(news)
        self._tell(fact)

    def _tell(self, fact: OrderFact) -> None:
        before, self.market = self.market, evolve(self.market, fact)
        self.facts.append(fact)
        self.lines.extend((fact.sequence, line) for line in report(before, fact, self.market))

    def told_until(self, sequence: int) -> list[MarketRecord]:
        return [line for number, line in self.lines if number <= sequence]


def essence(lines: list[MarketRecord]) -> Iterator[tuple[Any, ...]]:
    """What people add up, and everything else by name; what a life knew besides the record is left out."""
    for line in lines:
        if isinstance(line, Fill):
            yield (line.action, line.at, line.context.state, line.context.net, line.side, line.price, line.qty,
                   line.role, line.fee, line.trade_id, line.client_order_id, line.kind, line.state_after)  # fmt: skip
        elif isinstance(line, Realize):
            yield (line.action, line.at, line.qty, line.entry_vwap, line.exit_price, line.pnl, line.fees, line.age_s,
                   line.exit_reason)  # fmt: skip
        else:
            yield line.action, line.at, line.context.net, getattr(line, "client_order_id", None)


@given(story=events, share=st.integers(0, 100))
def test_with_a_crash_anywhere_the_log_has_the_same_lines_as_without(story: list[Event], share: int) -> None:
    alive = Story()
    for number, event in enumerate(story):
        alive.happen(number, event)
    told = len(alive.facts) * share // 100

    untold = alive.desk.untold_since(told)
    assert untold is not None
    late = told_late(a_state(is_recovered=False, now=after(99)), alive.desk.recovered(after(100), untold))

    assert list(essence([*alive.told_until(told), *late])) == list(essence([line for _, line in alive.lines]))


@given(story=events)
def test_the_market_without_a_crash_and_the_one_that_takes_over_hold_the_same(story: list[Event]) -> None:
    alive = Story()
    for number, event in enumerate(story):
        alive.happen(number, event)

    untold = alive.desk.untold_since(0)
    assert untold is not None
    heir = step(a_state(is_recovered=False), alive.desk.recovered(after(100), untold), EDGE_LOCKED).state

    assert heir.position == alive.market.position == alive.desk.ledger.position
    assert heir.sequence == alive.market.sequence


def acks(history: DeskHistory, first: int, last: int) -> None:
    for number in range(first, last + 1):
        history.learned(OrderAcknowledged(at=NOON, sequence=number, client_order_id="a", venue_order_id="v"))


def a_history() -> DeskHistory:
    history = DeskHistory(OrderLedger())
    wish = PlaceOrder(client_order_id="a", side=Side.BID, price=cents(40), size=contracts(1), role=Role.ENTRY,
                      kind=Kind.QUOTE, time_in_force=TimeInForce.GOOD_TILL_CANCELED, post_only=True,
                      skew="FLAT")  # fmt: skip
    history.sent(wish, NOON)
    return history


def test_only_the_last_steps_are_kept_and_what_is_older_cannot_be_told_late() -> None:
    history = a_history()
    acks(history, 1, HISTORY_KEPT + 5)

    assert history.since(4) is None
    kept = history.since(5)
    assert kept is not None
    assert [each.fact.sequence for each in kept] == list(range(6, HISTORY_KEPT + 6))
    assert [order.state for order in kept[0].orders] == [OrderState.RESTING]


def test_a_desk_that_has_not_come_so_far_has_nothing_to_tell_of_it() -> None:
    alive = Story()
    alive.happen(1, Event("place", 0, Side.BID, 40, 1))
    alive.happen(2, Event("ack", 0, Side.BID, 40, 1))

    assert alive.desk.untold_since(1) == ()
    assert alive.desk.untold_since(2) is None
