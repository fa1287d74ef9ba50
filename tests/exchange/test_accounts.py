"""Positions, and what resting orders reserve."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.fees import BALANCE_PRECISION, GAME_FEES
from edgelock.core.units import MONEY_PER_DOLLAR, ONE_DOLLAR, Money, Price, Size
from edgelock.exchange.accounts import Position, outcome_cost, reserve_needed
from edgelock.exchange.flow import BookSide
from edgelock.exchange.orders import Order, OrderTerms
from tests.exchange.engine_builders import ASK, BID, NOON, Desk, cents, contracts

SIDES = st.sampled_from([BID, ASK])
PRICES = st.integers(1, 9_999).map(Price)
SIZES = st.integers(1, 100_000).map(Size)


@given(st.lists(st.tuples(SIDES, PRICES, SIZES), max_size=20))
def test_a_positions_money_adds_up_whatever_is_traded(fills: list[tuple[BookSide, Price, Size]]) -> None:
    position, paid = Position(), 0
    for side, price, size in fills:
        paid -= position.apply(side, price, size)
        assert 0 <= position.cost <= abs(position.size) * ONE_DOLLAR
    assert paid == position.cost - position.realized
    assert position.size == sum(size if side is BID else -size for side, _, size in fills)
    assert position.traded_size == sum(size for _, _, size in fills)


@given(PRICES, PRICES, SIZES)
def test_buying_and_selling_the_same_realizes_the_difference_of_the_prices(
    bought: Price, sold: Price, size: Size
) -> None:
    position = Position()
    position.apply(BID, bought, size)
    position.apply(ASK, sold, size)
    assert (position.size, position.cost, position.realized) == (0, 0, (sold - bought) * size)


def test_a_part_that_is_closed_takes_its_share_of_the_cost() -> None:
    position = Position()
    position.apply(ASK, cents(40), contracts(10))
    position.apply(BID, cents(30), contracts(4))
    assert (position.size, position.cost) == (-contracts(6), outcome_cost(ASK, cents(40), contracts(6)))
    assert position.realized == 400_000


def needed(held: int, *orders: tuple[BookSide, int, int]) -> Money:
    """What orders of whole contracts at whole cents reserve."""
    return reserve_needed(contracts(held), [(side, cents(p), contracts(s)) for side, p, s in orders], GAME_FEES)


def test_an_opening_order_reserves_its_cost_the_takers_fee_and_one_step_of_rounding() -> None:
    assert needed(0, (BID, 50, 1)) == 500_000 + 17_500 + 100
    assert needed(0, (ASK, 90, 1)) == 100_000 + 6_300 + 100


def test_an_order_that_closes_reserves_nothing() -> None:
    assert needed(10, (ASK, 50, 10)) == 0
    assert needed(-10, (BID, 50, 10)) == 0
    assert needed(10, (ASK, 50, 11)) == needed(0, (ASK, 50, 1))


def test_the_best_priced_orders_do_the_closing() -> None:
    assert needed(-10, (BID, 40, 10), (BID, 50, 10)) == needed(0, (BID, 40, 10))
    assert needed(10, (ASK, 60, 10), (ASK, 50, 10)) == needed(0, (ASK, 60, 10))


def test_both_sides_count_in_full() -> None:
    assert needed(0, (BID, 45, 3), (ASK, 55, 3)) == needed(0, (BID, 45, 3)) + needed(0, (ASK, 55, 3))


@given(side=SIDES, price=st.integers(1, 99), pieces=st.lists(st.integers(1, 500), min_size=1, max_size=30))
def test_cash_that_covers_the_reserve_covers_every_way_of_being_filled(
    side: BookSide, price: int, pieces: list[int]
) -> None:
    desk = Desk()
    size = Size(sum(pieces))
    exact = reserve_needed(Size(0), [(side, cents(price), size)], desk.market.fees)
    member = desk.engine.open_account("exact", "exact", Money(-(-exact // 100) * 100))
    terms = OrderTerms(ticker=desk.ticker, side=side, price=cents(price), size=size)
    assert isinstance(desk.engine.place(member, terms, NOON), Order)
    other = ASK if side is BID else BID
    for piece in pieces:
        desk.engine.place_house(desk.ticker, other, cents(price), Size(piece), NOON, rests=False)
        assert member.cash >= 0
        # The rest's reserve counts a whole step of rounding, of which the order may have paid a part already.
        assert member.available > -BALANCE_PRECISION
    assert abs(member.held(desk.ticker)) == size


def test_one_step_less_than_the_reserve_is_refused() -> None:
    desk = Desk()
    terms = OrderTerms(ticker=desk.ticker, side=BID, price=cents(50), size=contracts(1))
    member = desk.engine.open_account("poor", "poor", Money(500_000 + 17_500))
    assert not isinstance(desk.engine.place(member, terms, NOON), Order)
    assert isinstance(desk.engine.place(member, replace(terms, size=Size(99)), NOON), Order)
    assert member.cash < MONEY_PER_DOLLAR
