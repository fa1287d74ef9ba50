"""The venue's public market data as core values: listings, series and event fees, books, prints, exchange status.

This is where NO prices end: a NO bid at q is an ask at 1 − q everywhere else. Source: venue reference §4.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import msgspec

from edgelock.core.book import Book, BookError, Level
from edgelock.core.facts import Print
from edgelock.core.fees import FeeSchedule, FeeTerms
from edgelock.core.market import Market, MarketStatus, Side
from edgelock.core.price_grid import PriceGrid, grid_from_bands
from edgelock.core.units import ONE_DOLLAR, Price, Size, Timestamp
from edgelock.kalshi.wire import WireError, decode, price_field, ratio_field, size_field, time_field

_RESULTS: dict[str, Price | None] = {"yes": ONE_DOLLAR, "no": Price(0), "scalar": None}
"""Words of `result` and what they must pay; a scalar result pays what its own field says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketListing:
    """One market as the venue lists it. bid and ask are None when that side is empty; they may be 15 s old.

    settlement_value    what one YES is paid, once the venue knows a result, else None. Final when FINALIZED
    expected_expiration when the venue expects the game to be over, None when it does not say
    exchange_index      the shard, None when the venue does not say
    """

    ticker: str
    event_ticker: str
    title: str
    status: MarketStatus
    grid: PriceGrid
    open_time: Timestamp
    close_time: Timestamp
    best_bid: Price | None
    best_ask: Price | None
    volume_24h: Size
    settlement_value: Price | None
    expected_expiration: Timestamp | None
    exchange_index: int | None

    def as_market(self, *, family: str, series_ticker: str, fees: FeeSchedule) -> Market:
        """The market as core knows it, with what the listing itself does not say."""
        return Market(
            ticker=self.ticker,
            event_ticker=self.event_ticker,
            series_ticker=series_ticker,
            family=family,
            title=self.title,
            grid=self.grid,
            fees=fees,
            status=self.status,
            close_time=self.close_time,
            exchange_index=self.exchange_index or 0,
        )


@dataclass(frozen=True, slots=True)
class MarketPage:
    """A page of listings. One that cannot be read is left out, with the reason; `cursor` is "" on the last page."""

    listings: tuple[MarketListing, ...]
    unreadable: tuple[str, ...]
    cursor: str


@dataclass(frozen=True, slots=True)
class SeriesTerms:
    """What a series charges."""

    ticker: str
    fee_type: str
    fee_multiplier: Fraction

    @property
    def terms(self) -> FeeTerms:
        """The fees of the series, where no event overrides them."""
        return FeeTerms(self.fee_type, self.fee_multiplier)

    @property
    def fees(self) -> FeeSchedule:
        """Their schedule."""
        return self.terms.schedule


@dataclass(frozen=True, slots=True)
class EventTerms:
    """What an event changes of its series' fees; None where it changes nothing."""

    ticker: str
    series_ticker: str
    title: str
    mutually_exclusive: bool
    fee_type_override: str | None
    fee_multiplier_override: Fraction | None

    def fees(self, series: SeriesTerms) -> FeeSchedule:
        """The schedule of this event's markets."""
        return effective_fees(series, self.fee_type_override, self.fee_multiplier_override)


@dataclass(frozen=True, slots=True)
class ShardStatus:
    """One shard: whether it runs at all, and whether it trades (cancels pass while only trading is paused)."""

    exchange_index: int
    exchange_active: bool
    trading_active: bool


@dataclass(frozen=True, slots=True)
class ExchangeStatus:
    """Whether the exchange runs at all, and whether it trades; the same of each shard, where the venue lists them.

    resumes_at  when the venue expects to be back, None when it does not say
    """

    exchange_active: bool
    trading_active: bool
    resumes_at: Timestamp | None = None
    shards: tuple[ShardStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class TradePage:
    """Public trades, newest first, each with its ticker and time; `cursor` is "" on the last page."""

    trades: tuple[tuple[str, Timestamp, Print], ...]
    cursor: str


def effective_fees(series: SeriesTerms, fee_type: str | None, multiplier: Fraction | None) -> FeeSchedule:
    """The series' schedule with an event's overrides, each on its own."""
    return series.terms.overridden(fee_type, multiplier).schedule


class PriceRange(msgspec.Struct):
    """One band of a price grid, as text."""

    start: str
    end: str
    step: str


class _Market(msgspec.Struct):
    ticker: str
    event_ticker: str
    market_type: str
    notional_value_dollars: str
    result: str
    yes_sub_title: str
    status: str
    open_time: str
    close_time: str
    yes_bid_dollars: str
    yes_ask_dollars: str
    volume_24h_fp: str
    price_ranges: list[PriceRange]
    title: str = ""
    settlement_value_dollars: str | None = None
    expected_expiration_time: str | None = None
    exchange_index: int | None = None


class _MarketBody(msgspec.Struct):
    market: _Market


class _MarketsBody(msgspec.Struct):
    markets: list[msgspec.Raw]
    cursor: str


class _Series(msgspec.Struct):
    ticker: str
    fee_type: str
    fee_multiplier: Decimal


class _SeriesBody(msgspec.Struct):
    series: _Series


class _Event(msgspec.Struct):
    event_ticker: str
    series_ticker: str
    title: str
    mutually_exclusive: bool
    fee_type_override: str | None = None
    fee_multiplier_override: Decimal | None = None


class _EventBody(msgspec.Struct):
    event: _Event


class _ShardStatus(msgspec.Struct):
    exchange_index: int
    exchange_active: bool
    trading_active: bool


class _StatusBody(msgspec.Struct):
    exchange_active: bool
    trading_active: bool
    exchange_estimated_resume_time: str | None = None
    exchange_index_statuses: list[_ShardStatus] | None = None


class _OrderBook(msgspec.Struct):
    yes_dollars: list[tuple[str, str]]
    no_dollars: list[tuple[str, str]]


class _OrderBookBody(msgspec.Struct):
    orderbook_fp: _OrderBook


class _NamedOrderBook(msgspec.Struct):
    ticker: str
    orderbook_fp: _OrderBook


class _OrderBooksBody(msgspec.Struct):
    orderbooks: list[_NamedOrderBook]


class _Trade(msgspec.Struct):
    trade_id: str
    ticker: str
    count_fp: str
    yes_price_dollars: str
    taker_book_side: str
    created_time: str


class _TradesBody(msgspec.Struct):
    trades: list[_Trade]
    cursor: str


def read_market(body: bytes) -> MarketListing:
    """GET /markets/{ticker}."""
    endpoint = "GET /markets/{ticker}"
    return _listing(decode(body, _MarketBody, endpoint=endpoint).market, endpoint)


def read_markets(body: bytes) -> MarketPage:
    """GET /markets."""
    endpoint = "GET /markets"
    page = decode(body, _MarketsBody, endpoint=endpoint)
    listings, unreadable = [], []
    for raw in page.markets:
        try:
            listings.append(listing_field(raw, endpoint))
        except WireError as error:
            unreadable.append(str(error))
    return MarketPage(tuple(listings), tuple(unreadable), page.cursor)


def listing_field(raw: msgspec.Raw, endpoint: str) -> MarketListing:
    """One market of a list. Raises WireError, also for one that is another kind of contract than we trade."""
    return _listing(decode(raw, _Market, endpoint=endpoint), endpoint)


def read_series(body: bytes) -> SeriesTerms:
    """GET /series/{series_ticker}. An unknown fee type is kept: core charges it like the dearest known one."""
    endpoint = "GET /series/{series_ticker}"
    series = decode(body, _SeriesBody, endpoint=endpoint).series
    return SeriesTerms(series.ticker, series.fee_type, ratio_field(series.fee_multiplier, "fee_multiplier", endpoint))


def read_event(body: bytes) -> EventTerms:
    """GET /events/{event_ticker}."""
    endpoint = "GET /events/{event_ticker}"
    event = decode(body, _EventBody, endpoint=endpoint).event
    multiplier = event.fee_multiplier_override
    return EventTerms(
        ticker=event.event_ticker,
        series_ticker=event.series_ticker,
        title=event.title,
        mutually_exclusive=event.mutually_exclusive,
        fee_type_override=event.fee_type_override,
        fee_multiplier_override=(
            None if multiplier is None else ratio_field(multiplier, "fee_multiplier_override", endpoint)
        ),
    )


def read_exchange_status(body: bytes) -> ExchangeStatus:
    """GET /exchange/status."""
    endpoint = "GET /exchange/status"
    status = decode(body, _StatusBody, endpoint=endpoint)
    resumes = status.exchange_estimated_resume_time
    return ExchangeStatus(
        status.exchange_active,
        status.trading_active,
        None if not resumes else time_field(resumes, "exchange_estimated_resume_time", endpoint),
        tuple(
            ShardStatus(shard.exchange_index, shard.exchange_active, shard.trading_active)
            for shard in status.exchange_index_statuses or ()
        ),
    )


def read_order_book(body: bytes) -> Book:
    """GET /markets/{ticker}/orderbook: both sides in the YES frame."""
    endpoint = "GET /markets/{ticker}/orderbook"
    return _book(decode(body, _OrderBookBody, endpoint=endpoint).orderbook_fp, endpoint)


def read_order_books(body: bytes) -> dict[str, Book]:
    """GET /markets/orderbooks: the books of the markets that the venue knows, by ticker."""
    endpoint = "GET /markets/orderbooks"
    found = decode(body, _OrderBooksBody, endpoint=endpoint).orderbooks
    books = {named.ticker: _book(named.orderbook_fp, f"{endpoint} ({named.ticker})") for named in found}
    if len(books) != len(found):
        raise WireError(f"{endpoint}: a market is on the list twice")
    return books


def _book(sides: _OrderBook, endpoint: str) -> Book:
    bids = levels_field(sides.yes_dollars, "yes_dollars", endpoint)
    no_bids = levels_field(sides.no_dollars, "no_dollars", endpoint)
    try:
        return Book(bids, [Level(Price(ONE_DOLLAR - price), size) for price, size in no_bids])
    except BookError as error:
        raise WireError(f"{endpoint}: {error}") from None


def read_trades(body: bytes) -> TradePage:
    """GET /markets/trades."""
    endpoint = "GET /markets/trades"
    page = decode(body, _TradesBody, endpoint=endpoint)
    trades = tuple(
        (
            trade.ticker,
            time_field(trade.created_time, "created_time", endpoint),
            Print(
                trade_id=trade.trade_id,
                price=price_field(trade.yes_price_dollars, "yes_price_dollars", endpoint),
                size=size_field(trade.count_fp, "count_fp", endpoint),
                taker_side=side_field(trade.taker_book_side, "taker_book_side", endpoint),
            ),
        )
        for trade in page.trades
    )
    return TradePage(trades, page.cursor)


def levels_field(levels: list[tuple[str, str]], field: str, endpoint: str) -> list[Level]:
    """(price, size) texts as levels, in the scale and the order they came in."""
    return [Level(price_field(price, field, endpoint), size_field(size, field, endpoint)) for price, size in levels]


def grid_field(ranges: list[PriceRange], endpoint: str) -> PriceGrid:
    """The price grid of a market."""
    try:
        return grid_from_bands(
            (
                price_field(band.start, "price_ranges.start", endpoint),
                price_field(band.end, "price_ranges.end", endpoint),
                price_field(band.step, "price_ranges.step", endpoint),
            )
            for band in ranges
        )
    except WireError:
        raise
    except ValueError as error:
        raise WireError(f"{endpoint}: price_ranges: {error}") from None


def side_field(text: str, field: str, endpoint: str) -> Side:
    """ "bid" or "ask"."""
    try:
        return Side(text)
    except ValueError:
        raise WireError(f"{endpoint}: {field} is {text!r}, neither bid nor ask") from None


def _listing(market: _Market, endpoint: str) -> MarketListing:
    where = f"{endpoint} ({market.ticker})"
    if market.market_type != "binary":
        raise WireError(f"{where}: market_type is {market.market_type!r}, and only binary ones are traded")
    if price_field(market.notional_value_dollars, "notional_value_dollars", where) != ONE_DOLLAR:
        raise WireError(f"{where}: notional_value_dollars is {market.notional_value_dollars!r}, not one dollar")
    try:
        status = MarketStatus(market.status)
    except ValueError:
        raise WireError(f"{where}: status is {market.status!r}, which this version does not know") from None
    bid = price_field(market.yes_bid_dollars, "yes_bid_dollars", where)
    ask = price_field(market.yes_ask_dollars, "yes_ask_dollars", where)
    expiration = market.expected_expiration_time
    return MarketListing(
        ticker=market.ticker,
        event_ticker=market.event_ticker,
        title=market.title or market.yes_sub_title,
        status=status,
        grid=grid_field(market.price_ranges, where),
        open_time=time_field(market.open_time, "open_time", where),
        close_time=time_field(market.close_time, "close_time", where),
        best_bid=bid if bid > 0 else None,
        best_ask=ask if ask < ONE_DOLLAR else None,
        volume_24h=size_field(market.volume_24h_fp, "volume_24h_fp", where),
        settlement_value=_settlement_value(market.result, market.settlement_value_dollars, where),
        expected_expiration=None if expiration is None else time_field(expiration, "expected_expiration_time", where),
        exchange_index=market.exchange_index,
    )


def _settlement_value(result: str, text: str | None, where: str) -> Price | None:
    """What one YES is paid. Without a result the venue has not decided, whatever else it says."""
    value = None if text is None else price_field(text, "settlement_value_dollars", where)
    if not result:
        return None
    if result not in _RESULTS:
        raise WireError(f"{where}: result is {result!r}, which this version does not know")
    certain = _RESULTS[result]
    if certain is not None and value is not None and value != certain:
        raise WireError(f"{where}: result is {result!r}, and settlement_value_dollars {text!r} contradicts it")
    return value
