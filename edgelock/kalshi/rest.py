"""The venue's REST interface, in two classes: one that can only read, and one that can trade.

Whoever must not trade (paper, shadow, the pre-flight) is given a `KalshiRest`, which has nothing to trade with.
Reads are repeated when the venue is busy or away; a write is sent once, and what its answer proves is a value.
"""

from collections.abc import Sequence

from edgelock.core.book import Book
from edgelock.core.facts import Print
from edgelock.core.intents import PlaceOrder
from edgelock.core.market import Side
from edgelock.core.order import ClientOrderId
from edgelock.core.units import Price, Size, Timestamp
from edgelock.kalshi.account import (
    OUR_SUBACCOUNT,
    AccountLimits,
    Balance,
    EndpointCosts,
    OrderGroup,
    QueuePosition,
    Settlement,
    VenueFill,
    VenueOrder,
    VenuePosition,
)
from edgelock.kalshi.exchange_schedule import ExchangeSchedule
from edgelock.kalshi.rest_call import Answer, VenueUnreachable
from edgelock.kalshi.rest_directory import DirectoryReader
from edgelock.kalshi.rest_reads import PAGE_SIZE, query_of, segment
from edgelock.kalshi.wire import WireError
from edgelock.kalshi.wire_account import (
    read_balance,
    read_endpoint_costs,
    read_fills,
    read_limits,
    read_order,
    read_orders,
    read_positions,
    read_queue_positions,
    read_settlements,
    read_user_data_timestamp,
)
from edgelock.kalshi.wire_groups import (
    CreateGroupOutcome,
    GroupOutcome,
    create_group_body,
    limit_group_body,
    read_create_group_answer,
    read_group_answer,
    read_order_groups,
)
from edgelock.kalshi.wire_market import (
    EventTerms,
    ExchangeStatus,
    MarketListing,
    MarketPage,
    SeriesTerms,
    read_event,
    read_exchange_status,
    read_market,
    read_markets,
    read_order_book,
    read_order_books,
    read_series,
    read_trades,
)
from edgelock.kalshi.wire_orders import (
    AmendOutcome,
    CancelOutcome,
    OrderTerms,
    PlaceOutcome,
    Unknown,
    amend_body,
    cancel_orders_body,
    place_body,
    read_amend_answer,
    read_cancel_answer,
    read_cancel_orders_answer,
    read_place_answer,
)
from edgelock.kalshi.wire_schedule import read_exchange_schedule

_BOOKS_AT_ONCE = 100
_TICKERS_AT_ONCE = 100
_ORDERS = "/portfolio/events/orders"
_GROUPS = "/portfolio/order_groups"

USUAL_TERMS = OrderTerms()


class KalshiRest(DirectoryReader):
    """Everything that can be read. For one thread at a time. Lists come whole, or as an error."""

    def exchange_status(self) -> ExchangeStatus:
        """Whether the exchange runs, and whether it trades."""
        return read_exchange_status(self._get("/exchange/status"))

    def exchange_schedule(self) -> ExchangeSchedule:
        """When the exchange trades, and when it is under maintenance."""
        return read_exchange_schedule(self._get("/exchange/schedule"))

    def series(self, series_ticker: str) -> SeriesTerms:
        """What a series charges."""
        return read_series(self._get(f"/series/{segment(series_ticker)}"))

    def event(self, event_ticker: str) -> EventTerms:
        """Which series an event belongs to, and what it changes of its fees."""
        return read_event(self._get(f"/events/{segment(event_ticker)}"))

    def market(self, ticker: str) -> MarketListing:
        """One market. On production the answer may be 15 s old."""
        return read_market(self._get(f"/markets/{segment(ticker)}"))

    def markets(
        self, *, series_ticker: str | None = None, event_ticker: str | None = None, status: str | None = None
    ) -> MarketPage:
        """All listings, without combos. `status` is the venue's filter: unopened, open, paused, closed or settled."""
        query = query_of(series_ticker=series_ticker, event_ticker=event_ticker, status=status, mve_filter="exclude")
        pages = tuple(self._pages("/markets", query, read_markets, lambda page: page.cursor))
        return MarketPage(
            tuple(listing for page in pages for listing in page.listings),
            tuple(reason for page in pages for reason in page.unreadable),
            cursor="",
        )

    def order_book(self, ticker: str) -> Book:
        """The whole book of a market."""
        return read_order_book(self._get(f"/markets/{segment(ticker)}/orderbook"))

    def order_books(self, tickers: Sequence[str]) -> dict[str, Book]:
        """The whole books of these markets, a hundred to a call. A market the venue does not know is not in it."""
        books: dict[str, Book] = {}
        for first in range(0, len(tickers), _BOOKS_AT_ONCE):
            asked = tickers[first : first + _BOOKS_AT_ONCE]
            books.update(read_order_books(self._get("/markets/orderbooks", {"tickers": asked})))
        return {ticker: books[ticker] for ticker in tickers if ticker in books}

    def trades(self, ticker: str, *, since_s: int | None = None) -> tuple[tuple[Timestamp, Print], ...]:
        """The newest public trades of a market, newest first, at most 1 000. `since_s` is in Unix seconds."""
        body = self._get("/markets/trades", query_of(ticker=ticker, min_ts=since_s, limit=PAGE_SIZE))
        return tuple((at, trade) for found, at, trade in read_trades(body).trades if found == ticker)

    # --- our account ----------------------------------------------------------------------------------------------

    def account_limits(self) -> AccountLimits:
        """The account's rate tier."""
        return read_limits(self._get("/account/limits"))

    def endpoint_costs(self) -> EndpointCosts:
        """What each call takes out of its bucket."""
        return read_endpoint_costs(self._get("/account/endpoint_costs"))

    def user_data_timestamp(self) -> Timestamp:
        """Up to when the reads of our account show what happened. What is absent from them may be younger."""
        return read_user_data_timestamp(self._get("/exchange/user_data_timestamp"))

    def balance(self) -> Balance:
        """Available cash. The venue allows one such request a second."""
        return read_balance(self._get("/portfolio/balance"))

    def positions(self, ticker: str | None = None) -> tuple[VenuePosition, ...]:
        """What we hold in markets that are not settled."""
        return self._list(
            "/portfolio/positions",
            _ours(ticker=ticker),
            read_positions,
            key_of=lambda position: position.ticker,
        )

    def fills(
        self, *, ticker: str | None = None, order_id: str | None = None, since_s: int | None = None
    ) -> tuple[VenueFill, ...]:
        """Our fills, newest first. `since_s` is in Unix seconds. Those of months ago are on another list."""
        return self._list(
            "/portfolio/fills",
            _ours(ticker=ticker, order_id=order_id, min_ts=since_s),
            read_fills,
            key_of=lambda fill: (fill.trade_id, fill.order_id),
        )

    def orders(
        self, *, ticker: str | None = None, status: str | None = None, since_s: int | None = None
    ) -> tuple[VenueOrder, ...]:
        """Our orders. `status` is the venue's filter: resting, canceled or executed; `since_s` is in Unix seconds.

        Those that ended long ago are on another list; all that rest are on this one.
        """
        return self._list(
            "/portfolio/orders",
            _ours(ticker=ticker, status=status, min_ts=since_s),
            read_orders,
            key_of=lambda order: order.order_id,
        )

    def order(self, order_id: str) -> VenueOrder:
        """One of our orders. Right after it was placed, the venue may not find it yet (VenueError of status 404)."""
        order = read_order(self._get(f"/portfolio/orders/{segment(order_id)}"))
        if order.order_id != order_id:
            raise WireError(f"GET /portfolio/orders/{order_id}: the answer is about order {order.order_id!r}")
        return order

    def settlements(self, *, ticker: str | None = None, since_s: int | None = None) -> tuple[Settlement, ...]:
        """What our markets paid, newest first. `since_s` is in Unix seconds."""
        return self._list(
            "/portfolio/settlements",
            _ours(ticker=ticker, min_ts=since_s),
            read_settlements,
            key_of=lambda settlement: (settlement.ticker, settlement.at),
        )

    def queue_positions(self, tickers: Sequence[str]) -> tuple[QueuePosition, ...]:
        """How much trades before each of our resting orders in these markets."""
        found: list[QueuePosition] = []
        for first in range(0, len(tickers), _TICKERS_AT_ONCE):
            asked = ",".join(tickers[first : first + _TICKERS_AT_ONCE])
            found.extend(
                read_queue_positions(self._get("/portfolio/orders/queue_positions", {"market_tickers": asked}))
            )
        return tuple(found)

    def order_groups(self) -> tuple[OrderGroup, ...]:
        """Our order groups, on every shard."""
        return read_order_groups(self._get(_GROUPS, _ours()))


class TradingRest(KalshiRest):
    """Reads, and what can be done to orders and their groups. Nothing here is ever repeated.

    A write never raises for what the venue or the network does: its outcome is a value. `limits.deadline_s` holds for
    the whole of each.
    """

    def create_order(self, ticker: str, intent: PlaceOrder, terms: OrderTerms = USUAL_TERMS) -> PlaceOutcome:
        """Ask for a new order."""
        answer = self._write("POST", _ORDERS, body=place_body(ticker, intent, terms))
        return answer if isinstance(answer, Unknown) else read_place_answer(answer.status, answer.body, intent)

    def amend_order(
        self,
        order_id: str,
        ticker: str,
        side: Side,
        price: Price,
        size: Size,
        client_order_id: ClientOrderId,
        expiration_s: int | None = None,
    ) -> AmendOutcome:
        """Ask for another price, size in all (fills included) or expiry. Both ids stay.

        expiration_s  Unix seconds; None leaves it as it is. Nothing but it, or a smaller size, keeps the queue.
        """
        body = amend_body(
            ticker, side, price=price, size=size, client_order_id=client_order_id, expiration_s=expiration_s
        )
        answer = self._write("POST", f"{_ORDERS}/{segment(order_id)}/amend", body=body)
        return answer if isinstance(answer, Unknown) else read_amend_answer(answer.status, answer.body, order_id, size)

    def cancel_order(self, order_id: str, ticker: str) -> CancelOutcome:
        """Ask for an order to leave the book. The ticker leads to its shard; without it the wrong one is asked."""
        answer = self._write("DELETE", f"{_ORDERS}/{segment(order_id)}", query={"market_ticker": ticker})
        return answer if isinstance(answer, Unknown) else read_cancel_answer(answer.status, answer.body, order_id)

    def cancel_orders(self, orders: Sequence[tuple[str, str]]) -> tuple[CancelOutcome, ...] | Unknown:
        """Ask for several orders, each (order_id, ticker), to leave the book: one outcome for each, in their order.

        The venue takes all of it or, where the write bucket holds too little for all, none of it.
        """
        if not orders:
            return ()
        answer = self._write("DELETE", f"{_ORDERS}/batched", body=cancel_orders_body(orders))
        if isinstance(answer, Unknown):
            return answer
        return read_cancel_orders_answer(answer.status, answer.body, [order_id for order_id, _ in orders])

    def create_group(self, limit: Size, exchange_index: int) -> CreateGroupOutcome:
        """Ask for an order group on a shard, which trips when `limit` contracts match within 15 s."""
        answer = self._write("POST", f"{_GROUPS}/create", body=create_group_body(limit, exchange_index))
        if isinstance(answer, Unknown):
            return answer
        return read_create_group_answer(answer.status, answer.body, exchange_index)

    def trigger_group(self, group_id: str) -> GroupOutcome:
        """Ask for the group's orders to leave the book, and for none to come in before a reset."""
        return self._change_group("PUT", group_id, "/trigger", body=b"{}")

    def reset_group(self, group_id: str) -> GroupOutcome:
        """Ask for the group's count to start from zero, and for its orders to be taken again."""
        return self._change_group("PUT", group_id, "/reset", body=b"{}")

    def limit_group(self, group_id: str, limit: Size) -> GroupOutcome:
        """Ask for another limit; one that is exceeded already trips the group."""
        return self._change_group("PUT", group_id, "/limit", body=limit_group_body(limit))

    def delete_group(self, group_id: str, exchange_index: int) -> GroupOutcome:
        """Ask for the group to go, and its orders with it."""
        return self._change_group("DELETE", group_id, "", query=query_of(exchange_index=exchange_index))

    def _change_group(
        self,
        method: str,
        group_id: str,
        action: str,
        *,
        query: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> GroupOutcome:
        answer = self._write(method, f"{_GROUPS}/{segment(group_id)}{action}", query=query, body=body)
        return answer if isinstance(answer, Unknown) else read_group_answer(answer.status, answer.body)

    def _write(
        self, method: str, path: str, *, query: dict[str, str] | None = None, body: bytes | None = None
    ) -> Answer | Unknown:
        deadline = self._monotonic() + self._limits.deadline_s
        try:
            return self._connection.send(method, path, query=query, body=body, deadline=deadline)
        except VenueUnreachable as error:
            return Unknown(str(error))


def _ours(**parameters: str | int | None) -> dict[str, str]:
    return query_of(**parameters, subaccount=OUR_SUBACCOUNT)
