"""The audit's arithmetic and the engine's are two; that they agree is what makes either believable."""

from hypothesis import given
from hypothesis import strategies as st

from edgelock.core.market import Side
from edgelock.core.position import Position
from edgelock.core.units import Money, Price, Size, Timestamp
from edgelock.ops.audit_position import FifoLedger, state_of

FILLS = st.lists(
    st.tuples(
        st.sampled_from(list(Side)),
        st.integers(min_value=1, max_value=9_999),
        st.integers(min_value=1, max_value=5_000),
        st.integers(min_value=-50, max_value=500_000),
    ),
    max_size=30,
)


@given(FILLS, st.integers(min_value=0, max_value=10_000))
def test_both_books_agree_to_the_last_millionth(fills, settlement):
    position, ledger = Position(), FifoLedger()
    for number, (side, price, size, fee) in enumerate(fills):
        position, realized = position.after_fill(
            trade_id=str(number), side=side, price=Price(price), size=Size(size), fee=Money(fee), at=Timestamp(number)
        )
        closing = ledger.fill(signed_size=side.sign * size, price=price, fee=fee)

        assert (ledger.net, ledger.vwap) == (position.net, position.vwap)
        assert (closing is None) == (realized is None)
        if closing is not None and realized is not None:
            assert (closing.size, closing.pnl, closing.fees, closing.entry_cost) == (
                realized.size,
                realized.pnl,
                realized.fees,
                realized.entry_cost,
            )
    _, realized = position.settled(Price(settlement))
    closing = ledger.settle(settlement)
    assert (closing.pnl if closing else None) == (realized.pnl if realized else None)


def test_a_round_trip_by_hand():
    ledger = FifoLedger()
    ledger.fill(signed_size=1_000, price=4_500, fee=10_001)

    closing = ledger.fill(signed_size=-300, price=5_200, fee=9_000)

    # 3 contracts × 7 ¢ = 0.21; 3/10 of the entry fee rounded down is 0.003; the exit fee is 0.009.
    assert closing is not None
    assert (closing.pnl, closing.fees) == (210_000 - 3_000 - 9_000, 12_000)


def test_the_state_is_the_sign_of_the_net():
    assert [state_of(net) for net in (-1, 0, 1)] == ["SKEW_SHORT", "FLAT", "SKEW_LONG"]
