"""One line of a recording as a value. Text goes straight to integers; a line that says too little is refused.

A recording is JSON Lines: every line has `ts_ms` and `type` and names its `market` (context lines may name an
`event` instead). Field names are the venue's own WebSocket names; those that start with `x_` are the recorder's.
Prices here are YES prices: a NO bid at p is a YES ask at 1 - p.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from edgelock.core.units import MILLISECOND, ONE_DOLLAR, Price, Size, Timestamp, parse_price, parse_size
from edgelock.exchange.flow import BookSide

YEAR_2100_MS = 4_102_444_800_000
MOST_TRADES_IN_A_BUCKET = 100_000

Fields = Mapping[str, object]
Levels = tuple[tuple[Price, Size], ...]
Chosen = TypeVar("Chosen")


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeSeen:
    """A public trade."""

    at: Timestamp
    ticker: str
    taker_side: BookSide
    price: Price
    size: Size


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchSeen:
    """The touch. A side without price is empty; a size of None was not recorded. `volume` counts both sides."""

    at: Timestamp
    ticker: str
    bid: Price | None
    bid_size: Size | None
    ask: Price | None
    ask_size: Size | None
    last_price: Price | None
    volume: Size | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSeen:
    """A whole book."""

    at: Timestamp
    ticker: str
    bids: Levels
    asks: Levels


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelChanged:
    """One level grew or shrank by `change`."""

    at: Timestamp
    ticker: str
    side: BookSide
    price: Price
    change: Size


@dataclass(frozen=True, slots=True, kw_only=True)
class TradesSummed:
    """The trades of the span from `since` to `at`: how many, how much, how much of it bought, the last price."""

    at: Timestamp
    ticker: str
    since: Timestamp
    trades: int
    bought: Size
    sold: Size
    price: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultSeen:
    """The market settled; YES paid `value`."""

    at: Timestamp
    ticker: str
    value: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A line that is understood and moves no book. `event_ticker` is None when the line names none."""

    at: Timestamp
    event_ticker: str | None


RecordedEvent = TradeSeen | TouchSeen | BookSeen | LevelChanged | TradesSummed | ResultSeen | Context


def parse_event(text: str) -> RecordedEvent:
    """The event of one line. Raises ValueError with what is wrong about it."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(fields, dict):
        raise ValueError("it is not a JSON object")
    ts_ms = fields.get("ts_ms")
    if not isinstance(ts_ms, int) or isinstance(ts_ms, bool) or not 0 < ts_ms < YEAR_2100_MS:
        raise ValueError("it has no ts_ms (whole milliseconds of UTC between 1970 and 2100)")
    kind = _text(fields, "type")
    parse = PARSERS.get(kind)
    if parse is None:
        raise ValueError(f"its type {kind!r} is unknown; known are {', '.join(PARSERS)}")
    return parse(fields, Timestamp(ts_ms * MILLISECOND))


def _trade(fields: Fields, at: Timestamp) -> TradeSeen:
    side = _choice(fields, "taker_side", {"yes": BookSide.BID, "no": BookSide.ASK})
    return TradeSeen(
        at=at,
        ticker=_text(fields, "market"),
        taker_side=side,
        price=_price(fields, "yes_price_dollars"),
        size=_positive_size(fields, "count_fp"),
    )


def _ticker(fields: Fields, at: Timestamp) -> TouchSeen:
    return _checked_touch(
        TouchSeen(
            at=at,
            ticker=_text(fields, "market"),
            bid=_touch_price(fields, "yes_bid_dollars"),
            bid_size=_size(fields, "yes_bid_size_fp") if "yes_bid_size_fp" in fields else None,
            ask=_touch_price(fields, "yes_ask_dollars"),
            ask_size=_size(fields, "yes_ask_size_fp") if "yes_ask_size_fp" in fields else None,
            last_price=_price(fields, "price_dollars") if "price_dollars" in fields else None,
            volume=_size(fields, "volume_fp") if "volume_fp" in fields else None,
        )
    )


def _candle(fields: Fields, at: Timestamp) -> TouchSeen:
    return _checked_touch(
        TouchSeen(
            at=at,
            ticker=_text(fields, "market"),
            bid=_touch_price(fields, "yes_bid_close_dollars"),
            bid_size=None,
            ask=_touch_price(fields, "yes_ask_close_dollars"),
            ask_size=None,
            last_price=None,
            volume=None,
        )
    )


def _checked_touch(touch: TouchSeen) -> TouchSeen:
    if touch.bid is not None and touch.ask is not None and touch.bid >= touch.ask:
        raise ValueError("its bid is not below its ask")
    return touch


def _flow(fields: Fields, at: Timestamp) -> TradesSummed:
    volume, net = _positive_size(fields, "volume_fp"), _signed_size(fields, "x_net_taker_yes_fp")
    since_ms, trades = fields.get("x_bucket_start_ms"), fields.get("x_n_trades")
    if not isinstance(since_ms, int) or not 0 < since_ms * MILLISECOND < at:
        raise ValueError("its x_bucket_start_ms is not a time before ts_ms")
    if not isinstance(trades, int) or not 1 <= trades <= MOST_TRADES_IN_A_BUCKET:
        raise ValueError(f"its x_n_trades is not a whole number from 1 to {MOST_TRADES_IN_A_BUCKET}")
    if abs(net) > volume or (volume + net) % 2:
        raise ValueError("its x_net_taker_yes_fp does not fit its volume_fp")
    return TradesSummed(
        at=at,
        ticker=_text(fields, "market"),
        since=Timestamp(since_ms * MILLISECOND),
        trades=trades,
        bought=Size((volume + net) // 2),
        sold=Size((volume - net) // 2),
        price=_price(fields, "price_dollars"),
    )


def _snapshot(fields: Fields, at: Timestamp) -> BookSeen:
    bids = _levels(fields, "yes_dollars_fp")
    asks = tuple((Price(ONE_DOLLAR - price), size) for price, size in _levels(fields, "no_dollars_fp"))
    if bids and asks and max(bids)[0] >= min(asks)[0]:
        raise ValueError("its book is crossed")
    return BookSeen(at=at, ticker=_text(fields, "market"), bids=bids, asks=asks)


def _delta(fields: Fields, at: Timestamp) -> LevelChanged:
    side = _choice(fields, "side", {"yes": BookSide.BID, "no": BookSide.ASK})
    price = _price(fields, "price_dollars")
    return LevelChanged(
        at=at,
        ticker=_text(fields, "market"),
        side=side,
        price=price if side is BookSide.BID else Price(ONE_DOLLAR - price),
        change=_signed_size(fields, "delta_fp"),
    )


def _settlement(fields: Fields, at: Timestamp) -> ResultSeen:
    value = _choice(fields, "result", {"yes": ONE_DOLLAR, "no": Price(0)})
    return ResultSeen(at=at, ticker=_text(fields, "market"), value=value)


def _context(fields: Fields, at: Timestamp) -> Context:
    return Context(at=at, event_ticker=_text(fields, "event") if "event" in fields else None)


PARSERS: Mapping[str, Callable[[Fields, Timestamp], RecordedEvent]] = {
    "trade": _trade,
    "ticker": _ticker,
    "candle": _candle,
    "flow_30s": _flow,
    "snapshot": _snapshot,
    "delta": _delta,
    "settlement": _settlement,
    "game": _context,
    "score": _context,
    "book_rate_1s": _context,
    "gap": _context,
    "ws_control": _context,
}


def _text(fields: Fields, name: str) -> str:
    if name not in fields:
        raise ValueError(f"it has no {name}")
    value = fields[name]
    if not isinstance(value, str) or not value:
        raise ValueError(f"its {name} is not text")
    return value


def _choice(fields: Fields, name: str, choices: Mapping[str, Chosen]) -> Chosen:
    value = _text(fields, name)
    if value not in choices:
        raise ValueError(f"its {name} is {value!r}, not one of {', '.join(choices)}")
    return choices[value]


def _price(fields: Fields, name: str) -> Price:
    price = _dollars(fields, name)
    if not 0 < price < ONE_DOLLAR:
        raise ValueError(f"its {name} is {fields[name]!r}, not between 0 and 1 dollar")
    return price


def _touch_price(fields: Fields, name: str) -> Price | None:
    """The venue writes a bid of 0 or an ask of 1 dollar for an empty side."""
    price = _dollars(fields, name)
    if not 0 <= price <= ONE_DOLLAR:
        raise ValueError(f"its {name} is {fields[name]!r}, outside 0 to 1 dollar")
    return price if 0 < price < ONE_DOLLAR else None


def _dollars(fields: Fields, name: str) -> Price:
    text = _text(fields, name)
    try:
        return parse_price(text)
    except ValueError as problem:
        raise ValueError(f"its {name} is bad: {problem}") from None


def _signed_size(fields: Fields, name: str) -> Size:
    text = _text(fields, name)
    try:
        return parse_size(text)
    except ValueError as problem:
        raise ValueError(f"its {name} is bad: {problem}") from None


def _size(fields: Fields, name: str) -> Size:
    size = _signed_size(fields, name)
    if size < 0:
        raise ValueError(f"its {name} is {fields[name]!r}, below 0")
    return size


def _positive_size(fields: Fields, name: str) -> Size:
    size = _size(fields, name)
    if not size:
        raise ValueError(f"its {name} is 0")
    return size


def _levels(fields: Fields, name: str) -> Levels:
    rows = fields.get(name)
    if not isinstance(rows, list):
        raise ValueError(f"it has no {name}")
    levels: dict[Price, Size] = {}
    for row in rows:
        if not isinstance(row, list) or len(row) != 2:
            raise ValueError(f"its {name} has a level that is not [price, size]")
        level = {"price": row[0], "size": row[1]}
        levels[_price(level, "price")] = _positive_size(level, "size")
    return tuple(levels.items())
