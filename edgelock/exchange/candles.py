"""Candlesticks: what a market's best prices and trades did, minute by minute, merged into longer periods on demand.

A period is named by its end, which belongs to it (venue reference §4.9).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from edgelock.core.units import MINUTE, ONE_DOLLAR, Duration, Price, Size, Timestamp


@dataclass(slots=True)
class Range:
    """First, lowest, highest and last of some prices in a row."""

    open: Price
    low: Price
    high: Price
    close: Price

    @classmethod
    def at(cls, price: Price) -> "Range":
        """A single price."""
        return cls(price, price, price, price)

    def note(self, price: Price) -> None:
        """One more price."""
        self.low, self.high, self.close = min(self.low, price), max(self.high, price), price

    def take(self, later: "Range") -> None:
        """Everything that came later."""
        self.low, self.high, self.close = min(self.low, later.low), max(self.high, later.high), later.close

    def copy(self) -> "Range":
        """The same, apart."""
        return Range(self.open, self.low, self.high, self.close)


@dataclass(slots=True)
class Candle:
    """One period. `price` is None without a trade; `worth` is the sum of price × size of its trades.

    previous  the last price traded before it, None when there was none
    """

    ends_at: Timestamp
    bid: Range
    ask: Range
    open_interest: Size
    previous: Price | None = None
    price: Range | None = None
    size: Size = Size(0)
    worth: int = 0

    @property
    def mean(self) -> Price | None:
        """The mean price of what was traded, rounded down."""
        return Price(self.worth // self.size) if self.size else None

    def take(self, later: "Candle") -> None:
        """Everything of a later candle."""
        self.bid.take(later.bid)
        self.ask.take(later.ask)
        self.open_interest = later.open_interest
        self.size, self.worth = Size(self.size + later.size), self.worth + later.worth
        if later.price is not None:
            if self.price is None:
                self.price = later.price.copy()
            else:
                self.price.take(later.price)

    def opening(self, ends_at: Timestamp) -> "Candle":
        """The period that follows, before anything has happened in it."""
        last = self.price.close if self.price is not None else self.previous
        return Candle(ends_at, Range.at(self.bid.close), Range.at(self.ask.close), self.open_interest, last)


@dataclass(slots=True)
class Candles:
    """A market's minutes. Times must not go back."""

    _minutes: list[Candle] = field(default_factory=list)
    _touch: tuple[Price | None, Price | None] = (None, None)

    def note_touch(self, at: Timestamp, bid: Price | None, ask: Price | None) -> None:
        """The best prices are these now; None for an empty side, which counts as 0 and 1 dollar."""
        # Most changes are deep in the book: nothing is new then, as long as the minute lasts.
        if (bid, ask) == self._touch and self._minutes and at <= self._minutes[-1].ends_at:
            return
        self._touch = (bid, ask)
        bid_price, ask_price = bid if bid is not None else Price(0), ask if ask is not None else ONE_DOLLAR
        minute = self._minute(at, bid_price, ask_price)
        minute.bid.note(bid_price)
        minute.ask.note(ask_price)

    def note_trade(self, at: Timestamp, price: Price, size: Size, open_interest: Size) -> None:
        """A trade happened; the contracts held after it."""
        minute = self._minute(at, Price(0), ONE_DOLLAR)
        if minute.price is None:
            minute.price = Range.at(price)
        else:
            minute.price.note(price)
        minute.size, minute.worth = Size(minute.size + size), minute.worth + price * size
        minute.open_interest = open_interest

    def periods(self, first: Timestamp, last: Timestamp, length: Duration) -> Iterator[Candle]:
        """The periods that end from `first` to `last`, oldest first, from the market's first minute on."""
        if not self._minutes:
            return
        begun = _end_of(self._minutes[0].ends_at, length)
        minutes = iter(self._minutes)
        minute: Candle | None = next(minutes)
        candle: Candle | None = None
        for ends_at in range(begun, last + 1, length):
            candle = candle.opening(Timestamp(ends_at)) if candle is not None else None
            while minute is not None and minute.ends_at <= ends_at:
                if candle is None:
                    candle = _copied(minute, Timestamp(ends_at))
                else:
                    candle.take(minute)
                minute = next(minutes, None)
            assert candle is not None, "the first period holds the first minute"
            if ends_at >= first:
                yield candle

    def _minute(self, at: Timestamp, bid: Price, ask: Price) -> Candle:
        ends_at = _end_of(at, MINUTE)
        if not self._minutes:
            self._minutes.append(Candle(ends_at, Range.at(bid), Range.at(ask), Size(0)))
        elif self._minutes[-1].ends_at != ends_at:
            self._minutes.append(self._minutes[-1].opening(ends_at))
        return self._minutes[-1]


def _end_of(at: Timestamp, length: Duration) -> Timestamp:
    """The end of the period that `at` belongs to."""
    return Timestamp(-(-at // length) * length)


def _copied(minute: Candle, ends_at: Timestamp) -> Candle:
    candle = Candle(ends_at, minute.bid.copy(), minute.ask.copy(), minute.open_interest, minute.previous)
    candle.price = minute.price.copy() if minute.price is not None else None
    candle.size, candle.worth = minute.size, minute.worth
    return candle
