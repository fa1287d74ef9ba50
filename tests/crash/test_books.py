"""The books count lots first in, first out, with fees by share, and pay out at the settlement."""

from fractions import Fraction
from typing import Any

from tests.crash.books import Books, Closing

TICKER = "KXNHLGAME-26NOV22VGKEDM-VGK"
SECOND = 1_000_000_000


def a_fill(number: int, side: str, price: int, contracts: str, *, fee: int = 0, at_s: int, **changes: Any) -> Any:
    return {
        "trade_id": f"trade-{number}", "client_order_id": f"run-{number}", "ticker": TICKER, "book_side": side,
        "yes_price": price, "count_fp": contracts, "fee": fee, "is_taker": False, "at_ns": at_s * SECOND, **changes,
    }  # fmt: skip


def an_order(name: str, side: str, price: int, *, at_s: int, ended_s: int | None = None, **changes: Any) -> Any:
    return {
        "client_order_id": name, "ticker": TICKER, "book_side": side, "yes_price": price, "filled_fp": "0.00",
        "count_fp": "10.00", "time_in_force": "good_till_canceled", "created_at_ns": at_s * SECOND,
        "ended_at_ns": None if ended_s is None else ended_s * SECOND, "expires_at_ns": 10_000 * SECOND, **changes,
    }  # fmt: skip


def a_ledger(
    *, fills: Any = (), orders: Any = (), settled: Any = (), position: str = "0.00", now_s: int = 1000
) -> dict[str, Any]:
    account = {
        "account_id": "member", "fill_history": list(fills), "order_history": list(orders),
        "settlement_history": list(settled),
        "positions": [{"ticker": TICKER, "position_fp": position, "status": "active"}],
    }  # fmt: skip
    return {"exchange_time_ns": now_s * SECOND, "accounts": [account]}


def test_the_oldest_lot_closes_first_and_takes_its_share_of_the_fee():
    books = Books(
        a_ledger(
            fills=[
                a_fill(1, "bid", 4000, "10.00", fee=100, at_s=1),
                a_fill(2, "bid", 5000, "10.00", fee=200, at_s=2),
                a_fill(3, "ask", 6000, "15.00", fee=300, at_s=3),
            ]
        )
    )

    assert books.closings == [Closing(TICKER, 3 * SECOND, 1 * SECOND, 2000 * 1000 + 1000 * 500 - 300 - 100 - 100)]
    assert [(lot.price, lot.size, lot.fee) for lot in books.lots[TICKER]] == [(5000, 500, 100)]
    assert books.vwap(TICKER) == Fraction(5000)


def test_a_fill_that_crosses_zero_closes_first_and_opens_with_the_rest():
    books = Books(a_ledger(fills=[a_fill(1, "ask", 6000, "3.00", at_s=1), a_fill(2, "bid", 5000, "8.00", at_s=2)]))

    assert [closing.pnl for closing in books.closings] == [1000 * 300]
    assert [(lot.sign, lot.size, lot.opened_ns) for lot in books.lots[TICKER]] == [(1, 500, 2 * SECOND)]


def test_a_settlement_closes_everything_at_its_value():
    settled = {"ticker": TICKER, "value": 10_000, "fee": 7, "settled_at_ns": 5 * SECOND}
    books = Books(a_ledger(fills=[a_fill(1, "bid", 4000, "10.00", fee=100, at_s=1)], settled=[settled]))

    assert books.closings == [Closing(TICKER, 5 * SECOND, 1 * SECOND, 6000 * 1000 - 100 - 7)]
    assert not books.lots[TICKER]


def test_results_are_counted_from_the_start_of_the_run():
    fills = [
        a_fill(1, "bid", 4000, "2.00", at_s=1),
        a_fill(2, "ask", 4100, "1.00", at_s=5),
        a_fill(3, "ask", 4300, "1.00", at_s=9),
    ]

    assert Books(a_ledger(fills=fills)).realized_since(TICKER, 6 * SECOND) == 300 * 100


def test_a_position_is_known_at_every_time():
    fills = [a_fill(1, "bid", 4000, "2.00", at_s=10), a_fill(2, "ask", 4100, "2.00", at_s=20)]
    books = Books(a_ledger(fills=fills))

    assert books.held_around(TICKER, 0, 5 * SECOND) == {0}
    assert books.held_around(TICKER, 12 * SECOND, 15 * SECOND) == {200}
    assert books.held_around(TICKER, 5 * SECOND, 15 * SECOND) == {0, 200}
    assert books.held_around(TICKER, 15 * SECOND, 25 * SECOND) == {200, 0}
