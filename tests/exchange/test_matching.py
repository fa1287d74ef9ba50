"""Price-time priority and conservation, against a slow and obvious model of a book."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from edgelock.core.units import Price, Size, Timestamp
from edgelock.exchange.facts import Filled, LevelChanged, OrderUpdated, Traded
from edgelock.exchange.flow import BookSide
from edgelock.exchange.orders import Order, OrderStatus, OrderTerms, SelfTradePrevention, TimeInForce, UpdateReason
from edgelock.exchange.refusals import Reason, Refused
from tests.exchange.engine_builders import ASK, BID, NOON, Desk, a_listing, at, cents, contracts, dollars


@dataclass
class ModelOrder:
    name: int
    side: BookSide
    price: int
    size: int


class ModelBook:
    """Every resting order in one list, in order of arrival; a taker scans it for the best one, again and again."""

    def __init__(self) -> None:
        self.orders: list[ModelOrder] = []
        self.trades: list[tuple[int, int, int]] = []

    def add(self, order: ModelOrder) -> None:
        while order.size:
            others = [other for other in self.orders if other.side is not order.side and crosses(order, other)]
            if not others:
                self.orders.append(order)
                return
            sign = 1 if order.side is BID else -1
            maker = min(others, key=lambda other: (sign * other.price, self.orders.index(other)))
            traded = min(order.size, maker.size)
            self.trades.append((maker.name, maker.price, traded))
            order.size -= traded
            maker.size -= traded
            if not maker.size:
                self.orders.remove(maker)

    def cancel(self, name: int) -> None:
        self.orders = [order for order in self.orders if order.name != name]

    def levels(self, side: BookSide) -> list[tuple[int, int]]:
        prices = sorted({order.price for order in self.orders if order.side is side})
        return [(p, sum(o.size for o in self.orders if o.side is side and o.price == p)) for p in prices]


def crosses(taker: ModelOrder, maker: ModelOrder) -> bool:
    return maker.price <= taker.price if taker.side is BID else maker.price >= taker.price


PLACE = st.tuples(st.just("place"), st.sampled_from([BID, ASK]), st.integers(40, 60), st.integers(1, 900))
CANCEL = st.tuples(st.just("cancel"), st.integers(0, 30))


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(st.one_of(PLACE, PLACE, CANCEL), max_size=40))
def test_trades_and_book_are_those_of_a_slow_obvious_model(steps: list[tuple[object, ...]]) -> None:
    desk, model = Desk(), ModelBook()
    # Every order has an owner of its own, so that self-trade prevention has no part in this.
    accounts = [desk.member(f"m{i}", dollars(1_000_000)) for i in range(len(steps))]
    orders: dict[int, Order] = {}
    names: dict[str, int] = {}
    for name, step in enumerate(steps):
        if step[0] == "place":
            _, side, price, size = step
            assert isinstance(side, BookSide)
            assert isinstance(price, int)
            assert isinstance(size, int)
            terms = OrderTerms(ticker=desk.ticker, side=side, price=cents(price), size=Size(size))
            placed = desk.engine.place(accounts[name], terms, NOON)
            assert isinstance(placed, Order)
            orders[name] = placed
            names[placed.order_id] = name
            model.add(ModelOrder(name, side, cents(price), size))
        elif step[1] in orders:
            target = orders[step[1]]
            desk.engine.cancel(desk.engine.venue.accounts[target.account_id], target.order_id, NOON)
            model.cancel(step[1])
    facts = desk.drain()
    made = [(names[f.order_id], f.price, f.size) for f in facts if isinstance(f, Filled) and not f.is_taker]
    assert made == model.trades
    for side in BookSide:
        assert desk.market.book.levels(side) == model.levels(side)
    assert_consistent(desk, facts)


def assert_consistent(desk: Desk, facts: list[object]) -> None:
    book = desk.market.book
    bid, ask = book.best(BID), book.best(ASK)
    assert bid is None or ask is None or bid < ask
    for side in BookSide:
        summed: dict[Price, int] = {}
        for fact in facts:
            if isinstance(fact, LevelChanged) and fact.side is side:
                summed[fact.price] = summed.get(fact.price, 0) + fact.delta
        assert {price: size for price, size in summed.items() if size} == dict(book.levels(side))
    venue = desk.engine.venue
    assert desk.money_in_the_system() == venue.deposited
    assert all(account.cash % 100 == 0 for account in venue.accounts.values())
    assert sum(account.held(desk.ticker) for account in (*venue.accounts.values(), *venue.house.values())) == 0


MEMBER_STEP = st.tuples(
    st.sampled_from(["ann", "bob", "house"]),
    st.sampled_from([BID, ASK]),
    st.integers(1, 99),
    st.integers(1, 5000),
    st.sampled_from(list(TimeInForce)),
    st.sampled_from(list(SelfTradePrevention)),
)


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(MEMBER_STEP, max_size=40), value=st.integers(0, 10_000))
def test_money_is_conserved_and_members_stay_solvent_through_to_settlement(
    steps: list[tuple[str, BookSide, int, int, TimeInForce, SelfTradePrevention]], value: int
) -> None:
    desk = Desk()
    members = [desk.member("ann", dollars(20)), desk.member("bob", dollars(20))]
    for who, side, price, size, time_in_force, prevention in steps:
        if who == "house":
            desk.engine.place_house(desk.ticker, side, cents(price), Size(size), NOON, rests=True)
        else:
            terms = OrderTerms(
                ticker=desk.ticker,
                side=side,
                price=cents(price),
                size=Size(size),
                time_in_force=time_in_force,
                self_trade_prevention=prevention,
            )
            desk.engine.place(desk.member(who), terms, NOON)
        assert all(member.available >= 0 for member in members)
    assert_consistent(desk, list(desk.drain()))
    desk.engine.determine(desk.ticker, Price(value), at(1))
    desk.engine.advance(at(3600))
    assert all(member.available == member.cash for member in members)
    assert all(not member.held(desk.ticker) for member in members)
    assert desk.engine.venue.collateral() == 0
    assert desk.money_in_the_system() == desk.engine.venue.deposited


def test_a_trade_happens_at_the_resting_orders_price() -> None:
    desk = Desk()
    desk.placed(ASK, 40, 10, who="bob")
    taker = desk.placed(BID, 55, 10)
    assert taker.status is OrderStatus.EXECUTED
    assert [(fact.price, fact.size) for fact in desk.drain() if isinstance(fact, Traded)] == [(4000, 1000)]


def test_a_taker_pays_cost_and_fee_and_holds_the_position() -> None:
    desk = Desk()
    desk.house(ASK, 52, 1)
    desk.placed(BID, 52, 1)
    ann = desk.member()
    assert ann.cash == dollars(1000) - 520_000 - 17_500
    assert ann.held(desk.ticker) == contracts(1)


def test_selling_without_holding_opens_a_no_position_for_one_minus_the_price() -> None:
    desk = Desk()
    desk.house(BID, 99, 1)
    desk.placed(ASK, 99, 1)
    ann = desk.member()
    assert ann.held(desk.ticker) == -contracts(1)
    assert ann.cash == dollars(1000) - 10_000 - 700


def test_closing_releases_cash_at_once_and_realizes_the_difference() -> None:
    desk = Desk()
    desk.house(ASK, 40, 10)
    desk.placed(BID, 40, 10)
    desk.house(BID, 50, 10)
    desk.placed(ASK, 50, 10)
    position = desk.member().position(desk.ticker)
    assert (position.size, position.cost, position.realized) == (0, 0, 1_000_000)
    assert desk.member().cash == dollars(1001) - position.fees


def test_taker_at_cross_stops_at_the_first_own_order_and_leaves_it_resting() -> None:
    desk = Desk()
    desk.placed(ASK, 41, 5, who="bob")
    own = desk.placed(ASK, 42, 5)
    taker = desk.placed(BID, 45, 20)
    assert (taker.filled, taker.remaining, taker.status) == (contracts(5), 0, OrderStatus.CANCELED)
    assert own.status is OrderStatus.RESTING


def test_maker_prevention_cancels_the_own_resting_order_and_goes_on() -> None:
    desk = Desk()
    own = desk.placed(ASK, 41, 5)
    desk.placed(ASK, 42, 5, who="bob")
    taker = desk.placed(BID, 45, 5, self_trade_prevention=SelfTradePrevention.MAKER)
    assert own.status is OrderStatus.CANCELED
    assert own.reason is UpdateReason.SELF_TRADE_CANCEL
    assert taker.status is OrderStatus.EXECUTED


def test_a_fill_that_crosses_from_yes_to_no_nets_through_zero() -> None:
    desk = Desk(a_listing())
    desk.house(ASK, 40, 4)
    desk.placed(BID, 40, 4)
    desk.house(BID, 50, 10)
    desk.placed(ASK, 50, 10)
    position = desk.member().position(desk.ticker)
    assert (position.size, position.cost) == (-contracts(6), 3_000_000)


def test_only_members_orders_are_told_about() -> None:
    desk = Desk()
    desk.house(ASK, 40, 4)
    desk.house(BID, 40, 4)
    assert not [fact for fact in desk.drain() if isinstance(fact, OrderUpdated | Filled)]


def test_an_order_expires_by_itself() -> None:
    desk = Desk()
    order = desk.placed(BID, 40, 4, expires_at=at(5))
    desk.engine.advance(at(4.999))
    assert order.status is OrderStatus.RESTING
    desk.engine.advance(at(5))
    assert order.status is OrderStatus.CANCELED
    assert order.reason is UpdateReason.EXPIRY_CANCEL
    assert desk.engine.cancel(desk.member(), order.order_id, at(6)) == Refused(Reason.NOT_FOUND)


def test_time_given_to_the_engine_never_goes_back() -> None:
    desk = Desk()
    desk.engine.advance(at(9))
    assert desk.engine.advance(at(1)) == at(9)
    assert Timestamp(desk.placed(BID, 40, 1, now=at(2)).created_at) == at(9)
