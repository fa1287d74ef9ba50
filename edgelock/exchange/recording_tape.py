"""From a recording's events to what is played: the tape of trades, touches, books and results in order of time.

Three kinds of source are brought to one: trades as recorded; trades derived from the growth of a ticker's volume
(which counts both sides, so a trade is half of it); trades summed over a bucket, spread evenly over it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from edgelock.core.units import CENT, ONE_DOLLAR, Price, Size, Timestamp
from edgelock.exchange.flow import BookSide
from edgelock.exchange.recording_events import (
    BookSeen,
    Context,
    LevelChanged,
    RecordedEvent,
    ResultSeen,
    TouchSeen,
    TradeSeen,
    TradesSummed,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelSeen:
    """One level of the recorded book as it stands now."""

    at: Timestamp
    ticker: str
    side: BookSide
    price: Price
    size: Size


Played = TradeSeen | TouchSeen | BookSeen | LevelSeen | ResultSeen


class OddEvent(ValueError):
    """An event that does not follow from those before it; `line` is where."""

    def __init__(self, line: int, fault: str) -> None:
        super().__init__(fault)
        self.line = line


def lay_tape(events: list[tuple[int, RecordedEvent]]) -> list[Played]:
    """Everything to play, in order of time. Raises OddEvent."""
    with_trades = {event.ticker for _, event in events if isinstance(event, TradeSeen | TradesSummed)}
    tape: list[Played] = []
    volumes = _Volumes()
    books = _Books()
    results: set[str] = set()
    for line, event in events:
        if isinstance(event, Context):
            continue
        if event.ticker in results:
            raise OddEvent(line, f"{event.ticker} has settled before")
        match event:
            case TradesSummed():
                tape.extend(spread_trades(event))
            case LevelChanged():
                tape.append(books.change(line, event))
            case TouchSeen():
                trade = volumes.trade(line, event)
                if trade is not None and event.ticker not in with_trades:
                    tape.append(trade)
                tape.append(event)
            case BookSeen():
                books.replace(event)
                tape.append(event)
            case ResultSeen():
                results.add(event.ticker)
                tape.append(event)
            case TradeSeen():
                tape.append(event)
    return sorted(tape, key=lambda played: played.at)


def spread_trades(summed: TradesSummed) -> Iterator[TradeSeen]:
    """As many trades as the bucket counted, evenly over its time, buys and sells mixed.

    Their number, volume and net taker side are those of the bucket; single sizes and prices are not known. The side
    that traded more prints the bucket's last price, the other one a cent behind it, as across a touch.
    """
    buys, sells = _share_of_trades(summed)
    span = summed.at - summed.since
    buy_price, sell_price = _prices_across(summed)
    sides = [BookSide.BID] * buys + [BookSide.ASK] * sells
    sizes = [*_even_sizes(summed.bought, buys), *_even_sizes(summed.sold, sells)]
    places = sorted(range(len(sides)), key=lambda index: _place(index, buys, sells))
    for order, index in enumerate(places):
        yield TradeSeen(
            at=Timestamp(summed.since + span * (2 * order + 1) // (2 * len(sides))),
            ticker=summed.ticker,
            taker_side=sides[index],
            price=buy_price if index < buys else sell_price,
            size=sizes[index],
        )


def _share_of_trades(summed: TradesSummed) -> tuple[int, int]:
    """Trades that bought and that sold, in proportion to their volume and at least one for a side with volume."""
    if not summed.sold:
        return min(summed.trades, summed.bought), 0
    if not summed.bought:
        return 0, min(summed.trades, summed.sold)
    trades = max(summed.trades, 2)
    buys = trades * summed.bought // (summed.bought + summed.sold)
    buys = min(max(buys, 1), trades - 1)
    return min(buys, summed.bought), min(trades - buys, summed.sold)


def _prices_across(summed: TradesSummed) -> tuple[Price, Price]:
    """What buyers and what sellers paid; at the edge of the price range both the same."""
    if summed.bought >= summed.sold:
        return summed.price, Price(max(summed.price - CENT, CENT))
    return Price(min(summed.price + CENT, ONE_DOLLAR - CENT)), summed.price


def _place(index: int, buys: int, sells: int) -> tuple[float, int]:
    """Where in the bucket a trade comes when each side is spread evenly."""
    if index < buys:
        return (index + 0.5) / buys, 0
    return (index - buys + 0.5) / sells, 1


def _even_sizes(total: Size, trades: int) -> list[Size]:
    """Sizes that differ by at most the smallest unit and sum to the total."""
    if not trades:
        return []
    each, rest = divmod(total, trades)
    return [Size(each + (1 if index < rest else 0)) for index in range(trades)]


class _Volumes:
    """Trades that the growth of each ticker's volume betrays."""

    def __init__(self) -> None:
        self._first: dict[str, Size] = {}
        self._last: dict[str, Size] = {}

    def trade(self, line: int, touch: TouchSeen) -> TradeSeen | None:
        """Half of the growth, at the last price, by the taker whose touch is nearer (a buyer when neither is)."""
        if touch.volume is None:
            return None
        first = self._first.setdefault(touch.ticker, touch.volume)
        before = self._last.get(touch.ticker, touch.volume)
        if touch.volume < before:
            raise OddEvent(line, "its volume_fp is below that of an earlier line")
        self._last[touch.ticker] = touch.volume
        size = Size((touch.volume - first) // 2 - (before - first) // 2)
        if not size:
            return None
        if touch.last_price is None:
            raise OddEvent(line, "its volume_fp grew but it has no price_dollars")
        return TradeSeen(
            at=touch.at,
            ticker=touch.ticker,
            taker_side=_nearer_taker(touch, touch.last_price),
            price=touch.last_price,
            size=size,
        )


def _nearer_taker(touch: TouchSeen, price: Price) -> BookSide:
    if touch.bid is None or touch.ask is None:
        return BookSide.BID if touch.bid is None else BookSide.ASK
    return BookSide.BID if abs(touch.ask - price) <= abs(price - touch.bid) else BookSide.ASK


class _Books:
    """The recorded depth of each market, so that a change becomes the size it leads to."""

    def __init__(self) -> None:
        self._sizes: dict[str, dict[tuple[BookSide, Price], Size]] = {}

    def replace(self, book: BookSeen) -> None:
        """A snapshot forgets what was known."""
        self._sizes[book.ticker] = {
            **{(BookSide.BID, price): size for price, size in book.bids},
            **{(BookSide.ASK, price): size for price, size in book.asks},
        }

    def change(self, line: int, change: LevelChanged) -> LevelSeen:
        """The level after the change."""
        sizes = self._sizes.get(change.ticker)
        if sizes is None:
            raise OddEvent(line, f"a delta of {change.ticker} before its first snapshot")
        key = (change.side, change.price)
        size = Size(sizes.get(key, Size(0)) + change.change)
        if size < 0:
            raise OddEvent(line, "its delta_fp takes the level below 0")
        sizes[key] = size
        return LevelSeen(at=change.at, ticker=change.ticker, side=change.side, price=change.price, size=size)
