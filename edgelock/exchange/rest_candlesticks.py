"""Public REST of candlesticks: of one market, of several, of an event's (venue reference §4.1, §4.9)."""

from edgelock.core.units import MINUTE, SECOND, Duration, Timestamp, price_text, size_text
from edgelock.exchange.candles import Candle, Range
from edgelock.exchange.market import Market
from edgelock.exchange.rest_call import Answer, Call, Rejected, public
from edgelock.exchange.rest_errors import invalid_query, nested
from edgelock.exchange.rest_market_data import whole_query
from edgelock.exchange.wire_text import unix_s

WireObject = dict[str, object]
_PERIODS_MIN = (1, 60, 1440)
_CANDLES_MAX = 5000
_CANDLES_OF_SEVERAL_MAX = 10_000
_MARKETS_MAX = 100


def get_candlesticks(call: Call) -> Answer:
    """One market's."""
    market = call.engine.markets.get(call.path["ticker"])
    if market is None or market.listing.series_ticker != call.path["series_ticker"]:
        return nested(404, "not_found")
    found = _candlesticks(call, market, "GetMarketCandlesticks", _CANDLES_MAX)
    return Answer(200, {"ticker": market.listing.ticker, "candlesticks": found})


def get_candlesticks_of_several(call: Call) -> Answer:
    """Up to 100 markets'; unknown ones are left out."""
    tickers = call.texts("market_tickers")
    if not 1 <= len(tickers) <= _MARKETS_MAX:
        raise invalid_query("BatchGetMarketCandlesticks", "MarketTickers", "max" if tickers else "required")
    markets = [call.engine.markets[ticker] for ticker in tickers if ticker in call.engine.markets]
    found: list[WireObject] = []
    left = _CANDLES_OF_SEVERAL_MAX
    for market in markets:
        candlesticks = _candlesticks(call, market, "BatchGetMarketCandlesticks", left)
        left -= len(candlesticks)
        found.append({"market_ticker": market.listing.ticker, "candlesticks": candlesticks})
    return Answer(200, {"markets": found})


def get_event_candlesticks(call: Call) -> Answer:
    """Those of all markets of an event, in the order of their tickers."""
    markets = [
        market
        for market in call.engine.markets.values()
        if market.listing.event_ticker == call.path["event_ticker"]
        and market.listing.series_ticker == call.path["series_ticker"]
    ]
    if not markets:
        return nested(404, "not_found")
    found = [_candlesticks(call, market, "GetEventCandlesticks", _CANDLES_MAX) for market in markets]
    return Answer(
        200,
        {
            "market_tickers": [market.listing.ticker for market in markets],
            "market_candlesticks": found,
            "adjusted_end_ts": _required(call, "GetEventCandlesticks", "end_ts"),
        },
    )


def _candlesticks(call: Call, market: Market, operation: str, most: int) -> list[WireObject]:
    first = Timestamp(_required(call, operation, "start_ts") * SECOND)
    last = Timestamp(_required(call, operation, "end_ts") * SECOND)
    minutes = _required(call, operation, "period_interval")
    if minutes not in _PERIODS_MIN:
        raise invalid_query(operation, "PeriodInterval", "oneof")
    length = Duration(minutes * MINUTE)
    if (last - first) // length > most:
        raise Rejected(nested(400, "bad_request", f"max candlesticks: {most}"))
    # A period that is under way is not shown yet.
    found = [_candle_object(candle) for candle in market.candles.periods(first, min(last, call.now), length)]
    if call.text("include_latest_before_start") == "true":
        found = [*_latest_before(market, first, length), *found]
    return found


def _latest_before(market: Market, first: Timestamp, length: Duration) -> list[WireObject]:
    """The last candle before the first asked for, brought forward to it: no prices of its own, only the previous."""
    before = list(market.candles.periods(Timestamp(0), Timestamp(first - 1), length))
    if not before:
        return []
    return [_candle_object(before[-1].opening(Timestamp(-(-first // length) * length)))]


def _candle_object(candle: Candle) -> WireObject:
    price: WireObject = {} if candle.price is None else _range_object(candle.price)
    if candle.mean is not None:
        price["mean_dollars"] = price_text(candle.mean)
    if candle.previous is not None:
        price["previous_dollars"] = price_text(candle.previous)
    return {
        "end_period_ts": unix_s(candle.ends_at),
        "yes_bid": _range_object(candle.bid),
        "yes_ask": _range_object(candle.ask),
        "price": price,
        "volume_fp": size_text(candle.size),
        "open_interest_fp": size_text(candle.open_interest),
    }


def _range_object(prices: Range) -> WireObject:
    return {
        "open_dollars": price_text(prices.open),
        "low_dollars": price_text(prices.low),
        "high_dollars": price_text(prices.high),
        "close_dollars": price_text(prices.close),
    }


def _required(call: Call, operation: str, name: str) -> int:
    value = whole_query(call, name)
    if value is None:
        raise invalid_query(operation, name, "required")
    return value


ROUTES = (
    public("/markets/candlesticks", get_candlesticks_of_several),
    public("/series/{series_ticker}/markets/{ticker}/candlesticks", get_candlesticks),
    public("/series/{series_ticker}/events/{event_ticker}/candlesticks", get_event_candlesticks),
)
