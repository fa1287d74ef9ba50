"""Public REST: series, events, markets, books and trades (venue reference §4)."""

from collections.abc import Callable

from edgelock.core.units import SECOND, Timestamp
from edgelock.exchange.market import Market, MarketStatus
from edgelock.exchange.rest_call import Answer, Call, Rejected, public
from edgelock.exchange.rest_errors import invalid_query, nested
from edgelock.exchange.rest_paging import limit, page
from edgelock.exchange.wire_market import (
    WireObject,
    book_object,
    competition_fields,
    event_object,
    fee_change_object,
    market_object,
    series_object,
    trade_object,
)

_MARKET_FILTER = {
    "unopened": {MarketStatus.INITIALIZED},
    "open": {MarketStatus.ACTIVE},
    "paused": {MarketStatus.INACTIVE},
    "closed": {MarketStatus.CLOSED, MarketStatus.DETERMINED, MarketStatus.DISPUTED, MarketStatus.AMENDED},
    "settled": {MarketStatus.FINALIZED},
}
_STATUSES_WITH_TIMES = {
    "created": {"", "unopened", "open"},
    "close": {"", "closed"},
    "settled": {"", "settled"},
    "updated": {""},
}
"""The statuses that each family of time filters may be combined with; "" is none."""
_BOOKS_MAX = 100


def get_all_series(call: Call) -> Answer:
    """Every series with a market, in the order of listing."""
    by_ticker = {market.listing.series_ticker: market.listing for market in call.engine.markets.values()}
    return Answer(200, {"series": [series_object(listing) for listing in by_ticker.values()]})


def get_series(call: Call) -> Answer:
    """One series."""
    for market in call.engine.markets.values():
        if market.listing.series_ticker == call.path["series_ticker"]:
            return Answer(200, {"series": series_object(market.listing)})
    return nested(404, "not_found")


def series_fee_changes(_: Call) -> Answer:
    """A series' own fees never change here; events override them."""
    return Answer(200, {"series_fee_change_arr": []})


def event_fee_changes(call: Call) -> Answer:
    """Fees that events have had, have or will have for themselves, last announced first."""
    size = limit(call, "GetEventFeeChanges", default=100, maximum=1000)
    event = call.text("event_ticker")
    changes = call.engine.venue.fee_overrides
    found, cursor = page(call, changes, lambda change: event is None or change.event_ticker == event, size)
    return Answer(200, {"event_fee_changes": [fee_change_object(change) for change in found], "cursor": cursor})


def get_events(call: Call) -> Answer:
    """Events; `status` matches an event when it matches one of its markets."""
    size = limit(call, "GetEvents", default=200, maximum=200)
    statuses = _statuses(call, "GetEvents")
    tickers = set(call.texts("tickers"))
    series = call.text("series_ticker")

    def keep(markets: list[Market]) -> bool:
        listing = markets[0].listing
        return (
            (not tickers or listing.event_ticker in tickers)
            and (series is None or listing.series_ticker == series)
            and any(market.status in statuses for market in markets)
        )

    found, cursor = page(call, list(_markets_by_event(call).values()), keep, size, newest_first=False)
    nest = call.text("with_nested_markets") == "true"
    return Answer(200, {"events": [_event(call, markets, nest=nest) for markets in found], "cursor": cursor})


def get_event(call: Call) -> Answer:
    """One event; its markets stand beside it, or inside it with `with_nested_markets`."""
    markets = _markets_by_event(call).get(call.path["event_ticker"])
    if markets is None:
        return nested(404, "not_found")
    nest = call.text("with_nested_markets") == "true"
    beside = [] if nest or call.text("exclude_markets") == "true" else [market_object(market) for market in markets]
    return Answer(200, {"event": _event(call, markets, nest=nest), "markets": beside})


def get_event_metadata(call: Call) -> Answer:
    """What an event looks like on the venue's pages: here it has no pictures."""
    markets = _markets_by_event(call).get(call.path["event_ticker"])
    if markets is None:
        return nested(404, "not_found")
    details = [{"market_ticker": market.listing.ticker, "image_url": "", "color_code": ""} for market in markets]
    body: WireObject = {"image_url": "", "market_details": details, "settlement_sources": []}
    return Answer(200, body | competition_fields(markets[0].listing))


def get_markets(call: Call) -> Answer:
    """Markets by ticker, event, series, status or time."""
    size = limit(call, "GetMarkets", default=100, maximum=1000)
    statuses = _statuses(call, "GetMarkets")
    tickers = set(call.texts("tickers"))
    events = set(call.texts("event_ticker"))
    series = call.text("series_ticker")
    _refuse_mixed_times(call)
    in_times = _time_filter(call)

    def keep(market: Market) -> bool:
        listing = market.listing
        return (
            (not tickers or listing.ticker in tickers)
            and (not events or listing.event_ticker in events)
            and (series is None or listing.series_ticker == series)
            and market.status in statuses
            and in_times(market)
        )

    only_combos = call.text("mve_filter") == "only"
    candidates = [] if only_combos else list(call.engine.markets.values())
    found, cursor = page(call, candidates, keep, size, newest_first=False)
    return Answer(200, {"markets": [market_object(market) for market in found], "cursor": cursor})


def get_market(call: Call) -> Answer:
    """One market."""
    return Answer(200, {"market": market_object(_market(call, call.path["ticker"]))})


def get_book(call: Call) -> Answer:
    """One book; `depth` keeps the best levels of each side."""
    depth = _int(call.text("depth") or "0", "GetMarketOrderbook", "Depth")
    return Answer(200, {"orderbook_fp": book_object(_market(call, call.path["ticker"]), depth)})


def get_books(call: Call) -> Answer:
    """The books of up to 100 markets, given as repeated `tickers`."""
    tickers = call.query.get("tickers", ())
    if not 1 <= len(tickers) <= _BOOKS_MAX:
        raise invalid_query("GetMarketOrderbooks", "Tickers", "max" if tickers else "required")
    markets = [call.engine.markets[ticker] for ticker in tickers if ticker in call.engine.markets]
    books = [{"ticker": market.listing.ticker, "orderbook_fp": book_object(market)} for market in markets]
    return Answer(200, {"orderbooks": books})


def get_trades(call: Call) -> Answer:
    """Public trades, newest first."""
    size = limit(call, "GetTrades", default=100, maximum=1000)
    ticker = call.text("ticker")
    earliest, latest = unix_s_query(call, "min_ts"), unix_s_query(call, "max_ts")
    found, cursor = page(
        call,
        call.engine.venue.trades,
        lambda trade: (
            (ticker is None or trade.ticker == ticker)
            and (earliest is None or trade.at >= earliest)
            and (latest is None or trade.at <= latest)
        ),
        size,
    )
    return Answer(200, {"trades": [trade_object(trade) for trade in found], "cursor": cursor})


def unix_s_query(call: Call, name: str) -> Timestamp | None:
    """A query parameter in Unix seconds, as exchange time."""
    text = call.text(name)
    if text is None:
        return None
    return Timestamp(_int(text, "Query", name) * SECOND)


def whole_query(call: Call, name: str) -> int | None:
    """A query parameter that is a whole number."""
    text = call.text(name)
    return None if text is None else _int(text, "Query", name)


def _int(text: str, operation: str, field: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise invalid_query(operation, field, "number") from None


def _market(call: Call, ticker: str) -> Market:
    market = call.engine.markets.get(ticker)
    if market is None:
        raise Rejected(nested(404, "not_found"))
    return market


def _statuses(call: Call, operation: str) -> set[MarketStatus]:
    wanted = call.text("status")
    if wanted is None:
        return set(MarketStatus)
    if wanted not in _MARKET_FILTER:
        raise invalid_query(operation, "Status", "oneof")
    return _MARKET_FILTER[wanted]


def _refuse_mixed_times(call: Call) -> None:
    """Time filters come in families that exclude each other, and each goes with some statuses only (§4.5)."""
    asked = [
        family for family in _STATUSES_WITH_TIMES if call.text(f"min_{family}_ts") or call.text(f"max_{family}_ts")
    ]
    if not asked:
        return
    family = asked[0]
    is_mixed = len(asked) > 1 or (call.text("status") or "") not in _STATUSES_WITH_TIMES[family]
    if is_mixed or (family == "updated" and call.text("mve_filter") != "exclude"):
        raise invalid_query("GetMarkets", f"Min{family.title()}Ts", "excluded_with")


def _time_filter(call: Call) -> Callable[[Market], bool]:
    times: dict[str, Callable[[Market], Timestamp | None]] = {
        "created": lambda market: market.created_at,
        "updated": lambda market: market.updated_at,
        "close": lambda market: market.close_time,
        "settled": lambda market: market.settled_at,
    }
    earliest = {name: unix_s_query(call, f"min_{name}_ts") for name in times}
    latest = {name: unix_s_query(call, f"max_{name}_ts") for name in times}

    def keep(market: Market) -> bool:
        for name, time_of in times.items():
            low, high, at = earliest[name], latest[name], time_of(market)
            if low is not None and (at is None or at < low):
                return False
            if high is not None and (at is None or at > high):
                return False
        return True

    return keep


def _markets_by_event(call: Call) -> dict[str, list[Market]]:
    events: dict[str, list[Market]] = {}
    for market in call.engine.markets.values():
        events.setdefault(market.listing.event_ticker, []).append(market)
    return events


def _event(call: Call, markets: list[Market], *, nest: bool) -> WireObject:
    listing = markets[0].listing
    override = call.engine.venue.fees_in_force.get(listing.event_ticker)
    event = event_object(listing, max(market.updated_at for market in markets), override)
    if nest:
        event["markets"] = [market_object(market) for market in markets]
    return event


ROUTES = (
    public("/series", get_all_series),
    public("/series/fee_changes", series_fee_changes),
    public("/series/{series_ticker}", get_series),
    public("/events", get_events),
    public("/events/fee_changes", event_fee_changes),
    public("/events/{event_ticker}", get_event),
    public("/events/{event_ticker}/metadata", get_event_metadata),
    public("/markets", get_markets),
    public("/markets/orderbooks", get_books),
    public("/markets/trades", get_trades),
    public("/markets/{ticker}", get_market),
    public("/markets/{ticker}/orderbook", get_book),
)
