"""What must hold whatever happens: random books, prints, waits, permits, answers, fills and races against `step`.

The model is a slow and obvious one: a list of the fills that were told, from which net, cost and result are counted
again after every fact.
"""

from collections import deque
from itertools import zip_longest

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edgelock.core.decide import step
from edgelock.core.exits import due_exit
from edgelock.core.facts import (
    AmendRejected,
    BookChanged,
    CancelRejected,
    Fact,
    FeedStatus,
    FeedStatusChanged,
    MarketStatusChanged,
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
from edgelock.core.intents import AmendOrder, PlaceOrder
from edgelock.core.market import MarketStatus, Side
from edgelock.core.market_state import RunMode
from edgelock.core.order import Kind, Order, OrderState, Role, TimeInForce
from edgelock.core.permit import Mode
from edgelock.core.strategy import EDGE_LOCKED, LEGACY, Strategy
from edgelock.core.telemetry import (
    Fill,
    HardCapExit,
    LegacyExit,
    MaeTrim,
    QuotePlace,
    Realize,
    StateChange,
    SweetSpotExit,
    TakeProfitExit,
)
from edgelock.core.units import MILLISECOND, Money, Size, Timestamp
from tests.core.builders import (
    BID,
    HALTED,
    HARD,
    KILLED,
    OPEN,
    SOFT,
    a_book,
    a_deep_book,
    a_position,
    a_state,
    cents,
    contracts,
)

PLACING, RESTING, AMENDING = OrderState.PLACING, OrderState.RESTING, OrderState.AMENDING
CANCELING, UNKNOWN = OrderState.CANCELING, OrderState.UNKNOWN
ANNOUNCEMENTS = (HardCapExit, SweetSpotExit, LegacyExit, MaeTrim)
SKEWS = {-1: "SKEW_SHORT", 0: "FLAT", 1: "SKEW_LONG"}
picks = st.integers(0, 7)


class PlainLedger:
    """Net, cost of what is open and gross result, one hundredth of a contract after the other."""

    def __init__(self) -> None:
        self.open: deque[int] = deque()
        self.sign = 0
        self.gross = 0
        self.fees = 0

    @property
    def net(self) -> int:
        return self.sign * len(self.open)

    def book(self, sign: int, price: int, size: int, fee: int) -> None:
        self.fees += fee
        for _ in range(size):
            if self.sign == -sign:
                self.gross += -sign * (price - self.open.popleft())
                self.sign = self.sign if self.open else 0
            else:
                self.open.append(price)
                self.sign = sign


class AnyMarket(RuleBasedStateMachine):
    """One market under everything that may happen to it."""

    strategy: Strategy = EDGE_LOCKED

    @initialize(
        run_mode=st.sampled_from([RunMode.PAPER, RunMode.LIVE]),
        bid=st.sampled_from([36, 46, 55, 66]),
        net=st.sampled_from([0, 0, 0, 1, 12, 32, -12]),
    )
    def open_the_market(self, run_mode, bid, net):
        position = a_position(net, 48)
        self.state = a_state(run_mode=run_mode, view=a_book(bid, bid + 2), position=position)
        self.ledger = PlainLedger()
        self.ledger.book(position.sign, cents(48), position.size, 0)
        self.told_net, self.told_state = position.net, position.skew
        self.told_pnl = self.trades = 0
        self.order_facts: list[Fact] = []
        self.hear(TimePassed(at=self.state.now))

    # --- what may happen ----------------------------------------------------------------------------------------

    @rule(bid=st.integers(2, 95), spread=st.integers(1, 4), bid_size=st.integers(1, 90), ask_size=st.integers(1, 90))
    def the_book_moves(self, bid, spread, bid_size, ask_size):
        self.hear(BookChanged(at=self.state.now, view=a_book(bid, min(bid + spread, 99), bid_size, ask_size)))

    @rule(bid=st.integers(30, 70))
    def the_book_is_thin(self, bid):
        view = a_deep_book(((bid, 1), (bid - 2, 3), (bid - 12, 50)), ((bid + 3, 2), (bid + 8, 9)))
        self.hear(BookChanged(at=self.state.now, view=view))

    @rule(view=st.sampled_from([a_book(None, 50), a_book(46, None), a_book(50, 49)]))
    def the_book_is_not_usable(self, view):
        self.hear(BookChanged(at=self.state.now, view=view))

    @rule(price=st.integers(30, 75), times=st.integers(1, 12))
    def trades_are_printed(self, price, times):
        prints = tuple(Print(f"p{n}", cents(price), contracts(1), Side.BID) for n in range(times))
        self.hear(TradesPrinted(at=self.state.now, prints=prints))

    @rule(milliseconds=st.sampled_from([1, 300, 1_000, 5_000, 30_000, 60_000, 240_000, 480_000, 1_500_000]))
    def time_passes(self, milliseconds):
        self.hear(TimePassed(at=Timestamp(self.state.now + milliseconds * MILLISECOND)))

    @rule(permit=st.sampled_from([OPEN, OPEN, OPEN, SOFT, HARD, KILLED, HALTED]))
    def the_permit_changes(self, permit):
        self.hear(PermitChanged(at=self.state.now, permit=permit))

    @rule(status=st.sampled_from([FeedStatus.LIVE, FeedStatus.LIVE, FeedStatus.STALE, FeedStatus.GAP]))
    def the_feed_changes(self, status):
        self.hear(FeedStatusChanged(at=self.state.now, status=status, reason="any"))

    @rule(status=st.sampled_from([MarketStatus.ACTIVE, MarketStatus.ACTIVE, MarketStatus.INACTIVE]))
    def the_market_pauses_or_goes_on(self, status):
        close = self.state.market.close_time
        self.hear(MarketStatusChanged(at=self.state.now, status=status, close_time=close))

    @precondition(lambda self: self.state.orders)
    @rule(pick=picks)
    def the_venue_takes_a_request(self, pick):
        self.take(self.an_order(pick))

    @precondition(lambda self: any(order.state.is_in_flight for order in self.state.orders))
    @rule()
    def the_venue_takes_every_request(self):
        for _ in range(4):
            for order in self.state.orders:
                self.take(self.find(order))

    def take(self, order: Order) -> None:
        named = {**self.stamp(), "client_order_id": order.client_order_id}
        if order.state in (PLACING, UNKNOWN):
            self.hear(OrderAcknowledged(**named, venue_order_id="v"))
        elif order.state is AMENDING and order.amending is not None:
            self.hear(OrderAmended(**named, price=order.amending[0], size=order.amending[1]))
        elif order.state is CANCELING:
            self.hear(OrderCanceled(**named))

    @precondition(lambda self: self.state.orders)
    @rule(pick=picks)
    def the_venue_refuses_a_request(self, pick):
        order = self.an_order(pick)
        named = {**self.stamp(), "client_order_id": order.client_order_id, "code": "no", "text": "no"}
        if order.state is PLACING and not order.filled:
            self.hear(OrderRejected(**named))
        elif order.state is AMENDING:
            self.hear(AmendRejected(**named))
        elif order.state is CANCELING:
            self.hear(CancelRejected(**named))

    @precondition(lambda self: self.state.orders)
    @rule(pick=picks)
    def the_venue_does_not_answer(self, pick):
        order = self.an_order(pick)
        if order.state.is_in_flight:
            self.hear(OrderUnanswered(**self.stamp(), client_order_id=order.client_order_id, reason="timeout"))

    @precondition(lambda self: self.state.orders)
    @rule(pick=picks)
    def the_venue_takes_an_order_off_the_book(self, pick):
        self.hear(OrderCanceled(**self.stamp(), client_order_id=self.an_order(pick).client_order_id))

    @precondition(lambda self: self.state.orders)
    @rule(pick=picks, share=st.sampled_from([1, 2, 4]), fee=st.integers(0, 50_000))
    def an_order_fills(self, pick, share, fee):
        self.fill(self.an_order(pick), share, fee)

    @precondition(lambda self: any(o.state is CANCELING for o in self.state.orders))
    @rule(share=st.sampled_from([1, 2]))
    def a_fill_crosses_our_cancel(self, share):
        order = next(o for o in self.state.orders if o.state is CANCELING)
        self.fill(order, share, 100)
        if self.find(order).state.is_live:
            self.hear(OrderCanceled(**self.stamp(), client_order_id=order.client_order_id))

    @precondition(lambda self: any(o.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL for o in self.state.orders))
    @rule(share=st.sampled_from([0, 1, 3]))
    def a_crossing_order_ends(self, share):
        order = next(o for o in self.state.orders if o.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL)
        if share:
            self.fill(order, share, 100)
        if self.find(order).state.is_live:
            self.hear(OrderCanceled(**self.stamp(), client_order_id=order.client_order_id))

    @precondition(lambda self: self.order_facts)
    @rule(pick=st.integers(0, 100))
    def an_order_fact_is_heard_again(self, pick):
        fact = self.order_facts[pick % len(self.order_facts)]
        decision = step(self.state, fact, self.strategy)
        # The fact itself changes nothing; deciding again on the same state wishes nothing new.
        assert decision.records == ()
        assert decision.intents == ()
        assert decision.state == self.state

    # --- what must hold -----------------------------------------------------------------------------------------

    @invariant()
    def live_exits_never_exceed_the_position(self):
        exits = self.state.live_size(Role.EXIT)
        assert exits <= self.state.position.size
        wrong_side = self.state.live_orders(Role.EXIT, self.state.exit_side.opposite)
        assert not self.state.position.sign or not wrong_side

    @invariant()
    def no_side_has_two_live_entries(self):
        for side in Side:
            assert len(self.state.live_orders(Role.ENTRY, side)) <= 1

    @invariant()
    def the_position_is_what_the_fills_add_up_to(self):
        position = self.state.position
        assert position.net == self.ledger.net == self.told_net
        assert position.cost == sum(self.ledger.open)
        assert position.skew == SKEWS[self.ledger.sign] == self.told_state
        assert position.fees == self.ledger.fees
        open_fees = sum(lot.fee for lot in position.lots)
        assert position.realized == self.ledger.gross - self.ledger.fees + open_fees == self.told_pnl

    @invariant()
    def a_quiet_position_is_covered_by_its_exit(self):
        state = self.state
        is_quiet = not any(order.state.is_in_flight for order in state.orders)
        is_held = state.exit_hold_until is not None and state.now < state.exit_hold_until
        is_free = state.permit.mode is not Mode.HALTED and state.is_active and not is_held
        if self.strategy is EDGE_LOCKED and state.position.sign and is_quiet and is_free and due_exit(state) is None:
            waiting = [o for o in state.orders if o.time_in_force is TimeInForce.GOOD_TILL_CANCELED]
            if len(waiting) == len(state.orders):
                assert [order.kind for order in waiting] == [Kind.TAKE_PROFIT]
                assert waiting[0].remaining == state.position.size

    # --- the machinery ------------------------------------------------------------------------------------------

    def hear(self, fact: Fact) -> None:
        before = self.state
        decision = step(before, fact, self.strategy)
        self.state = decision.state
        if hasattr(fact, "sequence"):
            self.order_facts.append(fact)
        self.check_records(decision.records)
        for intent in decision.intents:
            if isinstance(intent, PlaceOrder):
                self.check_placement(intent)
            elif isinstance(intent, AmendOrder):
                assert self.state.permit.mode is not Mode.HALTED
                assert self.state.market.grid.accepts(intent.price)
        assert decision.wake_at is None or decision.wake_at > self.state.now
        assert step(self.state, TimePassed(at=self.state.now), self.strategy).intents == ()

    def check_records(self, records) -> None:
        for record, following in zip_longest(records, records[1:]):
            if isinstance(record, Fill):
                self.told_net += (1 if record.side == "bid" else -1) * record.qty
                assert record.context.net == self.told_net
            elif isinstance(record, Realize):
                self.told_pnl += record.pnl
            elif isinstance(record, StateChange):
                assert (record.old_state, record.new_state) != (record.new_state, record.old_state)
                assert record.old_state == self.told_state
                self.told_state = record.new_state
            elif isinstance(record, ANNOUNCEMENTS):
                assert isinstance(following, QuotePlace)
                assert following.role == "exit"
            elif isinstance(record, TakeProfitExit):
                assert record.age_s >= 0

    def check_placement(self, intent: PlaceOrder) -> None:
        state, settings_ = self.state, self.state.settings
        assert state.permit.mode is not Mode.HALTED
        assert state.is_active
        assert state.market.grid.accepts(intent.price)
        assert intent.skew == state.position.skew
        if intent.role is Role.EXIT:
            assert intent.side.sign == -state.position.sign
            return
        assert state.permit.mode is Mode.OPEN
        assert state.has_usable_book
        assert intent.post_only
        best_bid, best_ask = state.view.best_bid, state.view.best_ask
        assert best_bid is not None
        assert best_ask is not None
        assert intent.price < best_ask if intent.side is BID else intent.price > best_bid
        assert abs(state.position.net) + intent.size <= settings_.max_inventory or self.strategy is EDGE_LOCKED
        if self.strategy is EDGE_LOCKED:
            assert state.position.sign == 0
            double_mid = best_bid + best_ask
            if intent.side is BID:
                assert intent.price <= settings_.low
                assert double_mid <= 2 * settings_.low
                assert state.reference.is_at_or_below(settings_.low)
            else:
                assert intent.price >= settings_.high
                assert double_mid >= 2 * settings_.high
                assert state.reference.is_at_or_above(settings_.high)

    def fill(self, order: Order, share: int, fee: int) -> None:
        remaining = order.size - order.filled
        if order.amending is not None:
            remaining = min(remaining, order.amending[1] - order.filled)
        if remaining <= 0:
            return
        size, sign = max(remaining // share, 1), self.state.position.sign
        self.trades += 1
        self.ledger.book(order.side.sign, order.price, size, fee)
        self.hear(
            OrderFilled(
                **self.stamp(),
                client_order_id=order.client_order_id,
                trade_id=f"x{self.trades}",
                price=order.price,
                size=Size(size),
                fee=Money(fee),
                is_taker=not order.post_only,
            )
        )
        if order.role is Role.EXIT:
            assert self.state.position.sign in (sign, 0), "an exit flipped the position"

    def stamp(self) -> dict[str, int]:
        return {"at": self.state.now, "sequence": self.state.sequence + 1}

    def an_order(self, pick: int) -> Order:
        return self.state.orders[pick % len(self.state.orders)]

    def find(self, order: Order) -> Order:
        name = order.client_order_id
        return next(o for o in (*self.state.orders, *self.state.ended) if o.client_order_id == name)


class AnyLegacyMarket(AnyMarket):
    """The same, under the legacy strategy."""

    strategy: Strategy = LEGACY


TestAnyMarket = AnyMarket.TestCase
TestAnyMarket.settings = settings(max_examples=70, stateful_step_count=40, deadline=None, derandomize=True)
TestAnyLegacyMarket = AnyLegacyMarket.TestCase
TestAnyLegacyMarket.settings = settings(max_examples=40, stateful_step_count=40, deadline=None, derandomize=True)
