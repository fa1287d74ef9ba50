"""The venue's REST interface, in two classes: one that can only read, and one that can trade.

Whoever must not trade (paper, shadow, the pre-flight) is given a `KalshiRest`, which has nothing to trade with.
Reads are repeated when the venue is busy or away; a write is sent once, and what its answer proves is a value.
"""

import random
import time
from collections.abc import Callable, Iterator
from typing import TypeVar
from urllib.parse import quote

import tenacity

from edgelock.core.book import Book
from edgelock.core.facts import Print
from edgelock.core.intents import AmendOrder, PlaceOrder
from edgelock.core.market import Side
from edgelock.core.units import Timestamp
from edgelock.kalshi.account import AccountLimits, Balance, VenueFill, VenueOrder, VenuePosition
from edgelock.kalshi.rest_call import Answer, CallLimits, ClockOffset, VenueConnection, VenueUnreachable, wall_clock_ms
from edgelock.kalshi.signing import Credentials
from edgelock.kalshi.wire import WireError
from edgelock.kalshi.wire_account import (
    read_balance,
    read_fills,
    read_limits,
    read_order,
    read_orders,
    read_positions,
)
from edgelock.kalshi.wire_error import VenueError, read_error
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
    place_body,
    read_amend_answer,
    read_cancel_answer,
    read_place_answer,
)

PAGES_MAX = 200
_PAGE_SIZE = "1000"
_TOO_MANY_REQUESTS = 429
_ORDERS = "/portfolio/events/orders"
_P = TypeVar("_P")

USUAL_LIMITS = CallLimits()
USUAL_TERMS = OrderTerms()


class _Busy(Exception):
    """A read that is worth repeating; `cause` is what to raise when it is not any more."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class KalshiRest:
    """Everything that can be read. For one thread at a time.

    Every method raises VenueError (the venue said no), VenueUnreachable (no answer in time) or WireError (an answer
    that is not what the protocol says). `rng` spreads the pauses between repetitions.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials | None,
        *,
        rng: random.Random,
        limits: CallLimits = USUAL_LIMITS,
        wall_ms: Callable[[], int] = wall_clock_ms,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection = VenueConnection(base_url, credentials, limits, wall_ms=wall_ms, monotonic=monotonic)
        self._limits = limits
        self._rng = rng
        self._monotonic = monotonic
        self._sleep = sleep

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()

    @property
    def clock_offset(self) -> ClockOffset | None:
        """Our clock against the venue's, by the last answer. Caches may answer public reads with an old date."""
        return self._connection.clock_offset

    def exchange_status(self) -> ExchangeStatus:
        """Whether the exchange runs, and whether it trades."""
        return read_exchange_status(self._get("/exchange/status"))

    def series(self, series_ticker: str) -> SeriesTerms:
        """What a series charges."""
        return read_series(self._get(f"/series/{_segment(series_ticker)}"))

    def event(self, event_ticker: str) -> EventTerms:
        """Which series an event belongs to, and what it changes of its fees."""
        return read_event(self._get(f"/events/{_segment(event_ticker)}"))

    def market(self, ticker: str) -> MarketListing:
        """One market. On production the answer may be 15 s old."""
        return read_market(self._get(f"/markets/{_segment(ticker)}"))

    def markets(
        self, *, series_ticker: str | None = None, event_ticker: str | None = None, status: str | None = None
    ) -> MarketPage:
        """All listings, without combos. `status` is the venue's filter: unopened, open, paused, closed or settled."""
        query = _query(series_ticker=series_ticker, event_ticker=event_ticker, status=status, mve_filter="exclude")
        pages = tuple(self._pages("/markets", query, read_markets, lambda page: page.cursor))
        return MarketPage(
            tuple(listing for page in pages for listing in page.listings),
            tuple(reason for page in pages for reason in page.unreadable),
            cursor="",
        )

    def order_book(self, ticker: str) -> Book:
        """The whole book of a market."""
        return read_order_book(self._get(f"/markets/{_segment(ticker)}/orderbook"))

    def trades(self, ticker: str, *, since_s: int | None = None) -> tuple[tuple[Timestamp, Print], ...]:
        """The newest public trades of a market, newest first, at most 1 000. `since_s` is in Unix seconds."""
        body = self._get("/markets/trades", _query(ticker=ticker, min_ts=since_s, limit=_PAGE_SIZE))
        return tuple((at, trade) for found, at, trade in read_trades(body).trades if found == ticker)

    def account_limits(self) -> AccountLimits:
        """The account's rate tier."""
        return read_limits(self._get("/account/limits"))

    def balance(self) -> Balance:
        """Available cash. The venue allows one such request a second."""
        return read_balance(self._get("/portfolio/balance"))

    def positions(self, ticker: str | None = None) -> tuple[VenuePosition, ...]:
        """What we hold in markets that are not settled."""
        pages = self._pages("/portfolio/positions", _query(ticker=ticker), read_positions, lambda page: page.cursor)
        return tuple(position for page in pages for position in page.positions)

    def fills(self, *, ticker: str | None = None, since_s: int | None = None) -> tuple[VenueFill, ...]:
        """Our fills, newest first. `since_s` is in Unix seconds."""
        query = _query(ticker=ticker, min_ts=since_s)
        pages = self._pages("/portfolio/fills", query, read_fills, lambda page: page.cursor)
        return tuple(fill for page in pages for fill in page.fills)

    def orders(self, *, ticker: str | None = None, status: str | None = None) -> tuple[VenueOrder, ...]:
        """Our orders; `status` is the venue's filter: resting, canceled or executed."""
        query = _query(ticker=ticker, status=status)
        pages = self._pages("/portfolio/orders", query, read_orders, lambda page: page.cursor)
        return tuple(order for page in pages for order in page.orders)

    def order(self, order_id: str) -> VenueOrder:
        """One of our orders. Right after it was placed, the venue may not find it yet."""
        return read_order(self._get(f"/portfolio/orders/{_segment(order_id)}"))

    def _pages(
        self, path: str, query: dict[str, str], read: Callable[[bytes], _P], cursor_of: Callable[[_P], str]
    ) -> Iterator[_P]:
        seen: set[str] = set()
        cursor = ""
        while True:
            page = read(self._get(path, {**query, "limit": _PAGE_SIZE, **_query(cursor=cursor or None)}))
            yield page
            cursor = cursor_of(page)
            if not cursor:
                return
            if cursor in seen or len(seen) == PAGES_MAX:
                raise WireError(f"GET {path}: the list does not end, so it cannot be relied on")
            seen.add(cursor)

    def _get(self, path: str, query: dict[str, str] | None = None) -> bytes:
        deadline = self._monotonic() + self._limits.deadline_s
        repeat = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._limits.attempts_max),
            wait=self._pause,
            retry=tenacity.retry_if_exception_type(_Busy),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return repeat(self._get_once, path, query, deadline)
        except _Busy as busy:
            raise busy.cause from None

    def _get_once(self, path: str, query: dict[str, str] | None, deadline: float) -> bytes:
        try:
            answer = self._connection.send("GET", path, query=query, deadline=deadline)
        except VenueUnreachable as away:
            if self._monotonic() >= deadline:
                raise
            raise _Busy(away) from None
        if answer.is_success:
            return answer.body
        error = read_error(answer.status, answer.body) or _unreadable(answer)
        if answer.status >= 500 or answer.status == _TOO_MANY_REQUESTS:
            raise _Busy(error)
        raise error

    def _pause(self, state: tenacity.RetryCallState) -> float:
        longest = min(self._limits.pause_s * 2.0 ** (state.attempt_number - 1), self._limits.pause_max_s)
        return self._rng.uniform(longest / 2, longest)


class TradingRest(KalshiRest):
    """Reads, and the three things that can be done to an order. Nothing here is ever repeated."""

    def create_order(self, ticker: str, intent: PlaceOrder, terms: OrderTerms = USUAL_TERMS) -> PlaceOutcome:
        """Ask for a new order."""
        answer = self._write("POST", _ORDERS, body=place_body(ticker, intent, terms))
        if isinstance(answer, Unknown):
            return answer
        return read_place_answer(answer.status, answer.body, intent.client_order_id)

    def amend_order(self, order_id: str, ticker: str, side: Side, intent: AmendOrder) -> AmendOutcome:
        """Ask for another price, and another size in all, of the venue's order `order_id`."""
        path = f"{_ORDERS}/{_segment(order_id)}/amend"
        answer = self._write("POST", path, body=amend_body(ticker, side, intent))
        return answer if isinstance(answer, Unknown) else read_amend_answer(answer.status, answer.body, order_id)

    def cancel_order(self, order_id: str, ticker: str) -> CancelOutcome:
        """Ask for an order to leave the book. The ticker leads to its shard; without it the wrong one is asked."""
        path = f"{_ORDERS}/{_segment(order_id)}"
        answer = self._write("DELETE", path, query={"market_ticker": ticker})
        return answer if isinstance(answer, Unknown) else read_cancel_answer(answer.status, answer.body, order_id)

    def _write(
        self, method: str, path: str, *, query: dict[str, str] | None = None, body: bytes | None = None
    ) -> Answer | Unknown:
        deadline = self._monotonic() + self._limits.deadline_s
        try:
            return self._connection.send(method, path, query=query, body=body, deadline=deadline)
        except VenueUnreachable as error:
            return Unknown(str(error))


def _segment(text: str) -> str:
    if not text:
        raise ValueError("a ticker or an order id is empty")
    return quote(text, safe="")


def _query(**parameters: str | int | None) -> dict[str, str]:
    return {name: str(value) for name, value in parameters.items() if value is not None}


def _unreadable(answer: Answer) -> VenueError:
    return VenueError(answer.status, f"http_{answer.status}", "an answer in a shape that is not the venue's", "")
