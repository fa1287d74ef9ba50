"""Paper trading's gateway: every request is answered through the callback, from whatever thread, and in order."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from edgelock.actors.clock import EngineClock
from edgelock.actors.order_gateway import (
    Acknowledged,
    Amended,
    AmendRejected,
    Canceled,
    CancelRejected,
    Filled,
    GatewayAnswer,
    GatewayNotice,
    MarketLoaded,
    OpenOrder,
    OpenOrdersSeen,
    OrderGateway,
    Rejected,
    RequestDone,
)
from edgelock.actors.paper_gateway import PaperGateway
from edgelock.core.book import Book, Level
from edgelock.core.facts import FeedStatus, Print
from edgelock.core.fees import GAME_FEES
from edgelock.core.intents import AmendOrder, CancelOrder, PlaceOrder
from edgelock.core.market import Market, MarketStatus, Side
from edgelock.core.order import CancelReason, Kind, Role, TimeInForce
from edgelock.core.price_grid import CENT_GRID, linear_grid
from edgelock.core.recovery import Recovery
from edgelock.core.units import Money, Price, Size, Timestamp

NOON = Timestamp(1_800_000_000_000_000_000)
LATER = Timestamp(NOON + 1)
T = "KXNHLGAME-T"
MARKET = Market(
    ticker=T,
    event_ticker="KXNHLGAME",
    series_ticker="KXNHLGAME",
    family="NHL",
    title="a game",
    grid=CENT_GRID,
    fees=GAME_FEES,
    status=MarketStatus.ACTIVE,
    close_time=Timestamp(NOON * 2),
)


class Listening:
    """A paper gateway for one market, the news it told of orders, and everything it told.

    answers  news of orders
    heard    news, notices and the ends of requests, in order
    """

    def __init__(self, *, book: bool = True) -> None:
        self.answers: list[GatewayAnswer] = []
        self.heard: list[GatewayAnswer | GatewayNotice] = []
        clock = EngineClock(NOON, 0, monotonic=lambda: 0)
        self.gateway = PaperGateway(run="r1", clock=clock, answer=self._hear)
        self.gateway.add_market(MARKET)
        if book:
            self.gateway.on_book(T, a_book(), NOON)

    def _hear(self, answer: GatewayAnswer | GatewayNotice) -> None:
        self.heard.append(answer)
        if not isinstance(answer, RequestDone | MarketLoaded | OpenOrdersSeen):
            self.answers.append(answer)

    def new_answers(self) -> list[GatewayAnswer]:
        answers = self.answers[:]
        self.answers.clear()
        return answers


def a_book(bid=4800, ask=5000) -> Book:
    return Book([Level(Price(bid), Size(10_000))], [Level(Price(ask), Size(3_000))])


def an_order(name="a", **changes) -> PlaceOrder:
    order = PlaceOrder(
        client_order_id=name,
        side=Side.BID,
        price=Price(4900),
        size=Size(1000),
        role=Role.ENTRY,
        kind=Kind.QUOTE,
        time_in_force=TimeInForce.GOOD_TILL_CANCELED,
        post_only=True,
        skew="FLAT",
    )
    return replace(order, **changes)


def a_cancel(name="a") -> CancelOrder:
    return CancelOrder(client_order_id=name, reason=CancelReason.QUOTE)


def an_amendment(name="a", price=4900, size=500) -> AmendOrder:
    return AmendOrder(client_order_id=name, price=Price(price), size=Size(size), reason=CancelReason.REPLACE)


def a_sale(price=4900, size=400) -> tuple[Print, ...]:
    return (Print("p1", Price(price), Size(size), Side.ASK),)


def test_it_is_an_order_gateway_that_starts_flat_and_shows_its_own_list():
    paper = Listening()
    gateway: OrderGateway = paper.gateway

    gateway.look()

    assert paper.heard == [MarketLoaded(T, Recovery()), OpenOrdersSeen(())]


def test_every_command_ends_with_its_one_request_done():
    paper = Listening()

    paper.gateway.place(T, an_order())
    paper.gateway.place("X", an_order("b"))
    paper.gateway.amend(T, an_amendment())
    paper.gateway.on_trades(T, a_sale(), LATER)
    paper.gateway.cancel_many(((T, a_cancel()), (T, a_cancel("b"))))

    assert [type(a) for a in paper.heard] == [
        MarketLoaded,
        *(Acknowledged, RequestDone),
        *(Rejected, RequestDone),
        *(Amended, RequestDone),
        Filled,  # unasked, so no request ends with it
        *(Canceled, RequestDone),
        *(CancelRejected, RequestDone),
    ]


def test_the_life_of_an_order_is_told_in_answers():
    paper = Listening()
    about = {"ticker": T, "client_order_id": "a"}

    paper.gateway.place(T, an_order())
    assert paper.new_answers() == [Acknowledged(**about, at=NOON, venue_order_id=f"paper-r1-{T}-o1")]
    assert paper.gateway.open_orders() == (
        OpenOrder(**about, venue_order_id=f"paper-r1-{T}-o1", side=Side.BID, price=Price(4900), remaining=Size(1000)),
    )

    paper.gateway.on_trades(T, a_sale(), LATER)
    assert paper.new_answers() == [
        Filled(
            **about, at=LATER, trade_id=f"paper-r1-{T}-1", price=Price(4900), size=Size(400), fee=Money(17_500),
            is_taker=False, queue_ahead=Size(0),
        )
    ]  # fmt: skip

    paper.gateway.amend(T, an_amendment())
    assert paper.new_answers() == [Amended(**about, at=NOON, price=Price(4900), size=Size(500))]
    paper.gateway.cancel(T, a_cancel())
    assert paper.new_answers() == [Canceled(**about, at=NOON, reason="asked")]
    assert paper.gateway.open_orders() == ()


def test_an_immediate_order_is_acknowledged_filled_and_cancelled_in_this_order():
    paper = Listening()

    paper.gateway.place(
        T,
        an_order(price=Price(5000), size=Size(4000), post_only=False, time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL),
    )

    assert [type(a) for a in paper.answers] == [Acknowledged, Filled, Canceled]
    assert paper.answers[-1].reason == "unfilled"


def test_refusals_carry_the_venues_words():
    paper = Listening()

    paper.gateway.place(T, an_order(price=Price(5000)))
    paper.gateway.amend(T, an_amendment())
    paper.gateway.cancel(T, a_cancel())

    assert [(type(a), a.code) for a in paper.answers] == [
        (Rejected, "post_only_cross"),
        (AmendRejected, "not_found"),
        (CancelRejected, "not_found"),
    ]


def test_a_market_it_does_not_know_is_refused():
    paper = Listening()

    paper.gateway.place("X", an_order())
    paper.gateway.amend("X", an_amendment())
    paper.gateway.cancel("X", a_cancel())

    assert [(type(a), a.code) for a in paper.answers] == [
        (kind, "market_not_found") for kind in (Rejected, AmendRejected, CancelRejected)
    ]


def test_without_a_displayed_book_nothing_is_placed_or_amended():
    paper = Listening(book=False)

    paper.gateway.place(T, an_order())
    paper.gateway.amend(T, an_amendment())

    assert [a.code for a in paper.answers] == ["no_book", "no_book"]


@pytest.mark.parametrize("status", [FeedStatus.GAP, FeedStatus.DOWN])
def test_a_gap_in_the_feed_takes_the_book_away_and_leaves_the_orders(status):
    paper = Listening()
    paper.gateway.place(T, an_order())

    paper.gateway.on_feed_status(T, status, "sequence", NOON)
    paper.gateway.place(T, an_order("b"))

    assert paper.answers[-1].code == "no_book"
    assert [o.client_order_id for o in paper.gateway.open_orders()] == ["a"]
    paper.gateway.cancel(T, a_cancel())
    assert isinstance(paper.answers[-1], Canceled)


@pytest.mark.parametrize("status", [FeedStatus.LIVE, FeedStatus.STALE])
def test_a_quiet_feed_keeps_its_book(status):
    paper = Listening()

    paper.gateway.on_feed_status(T, status, "", NOON)
    paper.gateway.place(T, an_order())

    assert isinstance(paper.answers[-1], Acknowledged)


def test_the_book_it_was_shown_may_change_afterwards():
    paper, book = Listening(), a_book()
    paper.gateway.on_book(T, book, NOON)

    book.change(Side.ASK, Price(4900), Size(100))
    paper.gateway.place(T, an_order())

    assert isinstance(paper.answers[-1], Acknowledged)


def test_a_book_that_crosses_an_order_fills_it():
    paper = Listening()
    paper.gateway.place(T, an_order())

    paper.gateway.on_book(T, a_book(bid=4700, ask=4800), LATER)

    assert isinstance(paper.answers[-1], Filled)
    assert paper.answers[-1].at == LATER


def test_the_end_of_a_market_cancels_and_a_pause_refuses():
    paper = Listening()
    paper.gateway.place(T, an_order())

    paper.gateway.on_market_status(T, MarketStatus.INACTIVE, NOON, NOON)
    paper.gateway.place(T, an_order("b"))
    assert paper.answers[-1].code == "trading_is_paused"

    paper.gateway.on_market_status(T, MarketStatus.CLOSED, NOON, LATER)
    assert paper.answers[-1] == Canceled(ticker=T, client_order_id="a", at=LATER, reason="market_over")


def test_settlement_leaves_nothing_resting():
    paper = Listening()
    paper.gateway.place(T, an_order())

    paper.gateway.on_settled(T, Price(10_000), LATER)

    assert paper.gateway.open_orders() == ()
    assert isinstance(paper.answers[-1], Canceled)


def test_a_new_grid_decides_what_is_a_price():
    paper = Listening()

    paper.gateway.on_grid(T, linear_grid(Price(50)), NOON)
    paper.gateway.place(T, an_order(price=Price(4850)))

    assert isinstance(paper.answers[-1], Acknowledged)


def test_news_of_a_market_it_does_not_know_changes_nothing():
    paper = Listening()

    paper.gateway.on_book("X", a_book(), NOON)
    paper.gateway.on_trades("X", a_sale(), NOON)
    paper.gateway.on_market_status("X", MarketStatus.CLOSED, NOON, NOON)
    paper.gateway.on_grid("X", CENT_GRID, NOON)

    assert paper.answers == []


def test_a_market_added_twice_keeps_its_orders():
    paper = Listening()
    paper.gateway.place(T, an_order())

    paper.gateway.add_market(MARKET)

    assert len(paper.gateway.open_orders()) == 1


def test_orders_and_market_data_from_two_threads_lose_nothing():
    paper = Listening()
    placed = 300

    def trade() -> None:
        for number in range(placed):
            paper.gateway.place(T, an_order(f"o{number}"))
            paper.gateway.cancel(T, a_cancel(f"o{number}"))

    def feed() -> None:
        book = a_book()
        for number in range(placed):
            book.change(Side.BID, Price(4700 - number % 50), Size(100))
            paper.gateway.on_book(T, book, NOON)
            paper.gateway.on_trades(T, a_sale(size=100), NOON)

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(trade), threads.submit(feed)]:
            done.result()

    by_order: dict[str, list[GatewayAnswer]] = {}
    for answer in paper.answers:
        by_order.setdefault(answer.client_order_id, []).append(answer)
    assert len(by_order) == placed
    for answers in by_order.values():
        assert isinstance(answers[0], Acknowledged)
        assert isinstance(answers[-1], Canceled | CancelRejected)
        assert all(isinstance(a, Filled) for a in answers[1:-1])
    assert paper.gateway.open_orders() == ()
