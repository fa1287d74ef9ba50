"""Fills into positions: FIFO lots, an exact average, and money that adds up to the last millionth."""

from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.market import Side
from edgelock.core.position import Lot, Position, Realized
from edgelock.core.units import Money, Price, Size, Timestamp, cost


@dataclass(frozen=True)
class AFill:
    """What after_fill needs, without the trade id and the time, which the sequence gives."""

    side: Side
    price: Price
    size: Size
    fee: Money


FILLS = st.lists(
    st.builds(
        AFill,
        side=st.sampled_from(list(Side)),
        price=st.integers(1, 9999).map(Price),
        size=st.integers(1, 2000).map(Size),
        fee=st.integers(0, 10**6).map(Money),
    ),
    max_size=25,
)


def filled(fills: list[AFill], position: Position | None = None) -> tuple[Position, list[Realized]]:
    position, closed = position or Position(), []
    for number, fill in enumerate(fills):
        position, realized = position.after_fill(
            trade_id=f"t{number}",
            side=fill.side,
            price=fill.price,
            size=fill.size,
            fee=fill.fee,
            at=Timestamp(number),
        )
        closed += [realized] if realized is not None else []
    return position, closed


def bought(contracts: int, cents: int, fee: int = 0) -> AFill:
    return AFill(Side.BID, Price(cents * 100), Size(contracts * 100), Money(fee))


def sold(contracts: int, cents: int, fee: int = 0) -> AFill:
    return AFill(Side.ASK, Price(cents * 100), Size(contracts * 100), Money(fee))


def hundredths_fifo(fills: list[AFill]) -> list[tuple[int, Price, int]]:
    """The slow, obvious model: one entry (sign, price, fill number) per open hundredth of a contract."""
    held: list[tuple[int, Price, int]] = []
    for number, fill in enumerate(fills):
        for _ in range(fill.size):
            if held and held[0][0] == -fill.side.sign:
                held.pop(0)
            else:
                held.append((fill.side.sign, fill.price, number))
    return held


def test_a_flat_position_has_no_average_and_no_age():
    flat = Position()

    assert (flat.net, flat.size, flat.cost, flat.vwap, flat.opened_at, flat.skew) == (0, 0, 0, None, None, "FLAT")


def test_buying_twice_averages_exactly():
    position, closed = filled([bought(10, 60, fee=5), bought(5, 57, fee=7)])

    assert position.vwap == Fraction(5900)
    assert (position.net, position.skew, position.fees) == (1500, "SKEW_LONG", 12)
    assert position.opened_at == 0
    assert closed == []


def test_selling_closes_the_oldest_lot_first():
    position, (realized,) = filled([bought(10, 60, fee=10), bought(10, 50, fee=20), sold(15, 70, fee=30)])

    assert position.lots == (Lot(Size(500), Price(5000), Timestamp(1), Money(10)),)
    assert realized == Realized(
        size=Size(1500),
        entry_cost=Money(8_500_000),
        exit_price=Price(7000),
        pnl=Money(10_500_000 - 8_500_000 - 50),
        fees=Money(50),
        opened_at=Timestamp(0),
    )


def test_a_short_position_earns_when_it_buys_back_lower():
    position, (realized,) = filled([sold(10, 65), bought(10, 58)])

    assert realized.pnl == 700_000
    assert (position.net, position.skew, position.realized) == (0, "FLAT", 700_000)


def test_a_fill_that_crosses_zero_closes_first_and_opens_with_the_rest():
    position, (realized,) = filled([bought(4, 50), sold(10, 60, fee=1000)])

    assert (realized.size, realized.fees) == (400, 400)
    assert (position.net, position.skew, position.vwap) == (-600, "SKEW_SHORT", 6000)
    assert position.lots == (Lot(Size(600), Price(6000), Timestamp(1), Money(600)),)


def test_a_trade_id_counts_once():
    position, _ = filled([bought(10, 60, fee=5)])

    again, realized = position.after_fill(
        trade_id="t0", side=Side.ASK, price=Price(1), size=Size(1), fee=Money(1), at=Timestamp(9)
    )

    assert again is position
    assert realized is None


@pytest.mark.parametrize("size", [0, -100])
def test_a_fill_without_size_is_an_error(size):
    with pytest.raises(ValueError, match="has size"):
        Position().after_fill(
            trade_id="t", side=Side.BID, price=Price(1), size=Size(size), fee=Money(0), at=Timestamp(0)
        )


def test_settlement_closes_everything_at_its_value():
    position, _ = filled([bought(10, 60, fee=5)])

    settled, realized = position.settled(Price(10_000), Money(3))

    assert realized is not None
    assert (realized.pnl, realized.size, realized.exit_price) == (4_000_000 - 8, 1000, 10_000)
    assert (settled.net, settled.realized, settled.fees) == (0, 4_000_000 - 8, 8)


def test_settlement_of_a_flat_position_changes_nothing():
    position = Position()

    assert position.settled(Price(0)) == (position, None)


@given(FILLS)
def test_the_lots_are_those_of_the_obvious_model(fills):
    position, _ = filled(fills)
    held = hundredths_fifo(fills)

    assert position.net == sum(sign for sign, _, _ in held)
    assert position.vwap == (Fraction(sum(price for _, price, _ in held), len(held)) if held else None)
    assert position.opened_at == (held[0][2] if held else None)
    assert [(lot.price, lot.opened_at) for lot in position.lots for _ in range(lot.size)] == [
        (price, number) for _, price, number in held
    ]
    assert position.sign == (held[0][0] if held else 0)


@given(FILLS)
def test_what_is_realized_is_the_cash_that_moved_plus_what_is_still_held(fills):
    """Cash out and in, fees included, equals profit realised less the cost and the fees of what is still open."""
    position, closed = filled(fills)
    cash = sum(-fill.side.sign * cost(fill.price, fill.size) - fill.fee for fill in fills)
    held_at_cost = position.sign * position.cost
    open_fees = sum(lot.fee for lot in position.lots)

    assert position.realized == sum(realized.pnl for realized in closed)
    assert position.realized == cash + held_at_cost + open_fees


@given(FILLS)
def test_every_fee_is_either_realized_or_carried_by_an_open_lot(fills):
    position, closed = filled(fills)

    assert position.fees == sum(fill.fee for fill in fills)
    assert position.fees == sum(r.fees for r in closed) + sum(lot.fee for lot in position.lots)
    assert all(lot.fee >= 0 and lot.size > 0 for lot in position.lots)


@given(FILLS)
def test_the_same_fills_heard_again_change_nothing(fills):
    once, _ = filled(fills)
    twice, closed_again = filled(fills, once)

    assert twice == once
    assert closed_again == []


@given(FILLS, st.sampled_from([Price(0), Price(10_000), Price(4321)]))
def test_settlement_realizes_all_the_cash_there_is(fills, value):
    position, _ = filled(fills)
    settled, _ = position.settled(value)
    cash = sum(-fill.side.sign * cost(fill.price, fill.size) - fill.fee for fill in fills)

    assert settled.net == 0
    assert settled.realized == cash + cost(value, position.net)


@given(FILLS, st.fractions(0, 10_000))
def test_open_profit_is_what_closing_at_the_mark_would_add_to_the_ledger(fills, mark):
    position, _ = filled(fills)
    cash = sum(-fill.side.sign * cost(fill.price, fill.size) - fill.fee for fill in fills)

    assert position.realized + position.open_pnl(mark) == cash + mark * position.net
