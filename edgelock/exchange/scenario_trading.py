"""The traders of a generated game: makers who quote both markets around the hidden value, takers who hit them.

One game is one stream. Its two markets are complementary: what the away market is worth, the home market is worth
one dollar less. Waiting times are exponential, trade sizes log-normal, everything drawn from the game's own seeded
source of chance.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

from edgelock.core.units import CENT, CONTRACT, ONE_DOLLAR, SECOND, Price, Size, Timestamp
from edgelock.exchange.flow import (
    Action,
    BookSide,
    ChangeGrid,
    ChangePhase,
    List,
    MarketListing,
    MarketPhase,
    MoveClose,
    Settle,
    TimedAction,
)
from edgelock.exchange.flow_book import FlowBook, opposite
from edgelock.exchange.scenario_course import (
    AWAY,
    HOME,
    BidsReturned,
    BidsWithdrawn,
    CalledOff,
    CloseMoved,
    Course,
    GridChanged,
    Happening,
    MarketsClosed,
    Mood,
    QuotesFreed,
    QuotesPinned,
    Score,
    TouchTaken,
    TradingPaused,
    TradingResumed,
    WinnerKnown,
)

LEVELS_A_SIDE = 5
LONGEST_WAIT_S = 2.0
LOWEST_BID, HIGHEST_BID = CENT, Price(98 * CENT)
REFRESH_BELOW_SHARE = 0.4
TRADE_CONTRACTS_MEDIAN, TRADE_LOG_SD = 30.0, 1.25
LARGEST_TRADE_CONTRACTS = 5_000
BUYER_SHARE = 0.52
REACHES_THROUGH_SHARE = 0.12
SWEEP_CONTRACTS = (150, 900)
BIDLESS_TAKES_SHARE = 0.03


@dataclass(frozen=True, slots=True)
class Depth:
    """What makers show at the touch, in whole contracts; each level behind it shows more."""

    touch_least: int
    touch_most: int


class GameTraders:
    """The stream of one game's two markets from `starts_at` until `ends_at` or settlement.

    rate  so many times as often as the course's mood says do they take, quote and resize; the prices' course is its own
    """

    def __init__(
        self,
        course: Course,
        listings: tuple[MarketListing, MarketListing],
        depth: Depth,
        chance: random.Random,
        *,
        starts_at: Timestamp,
        ends_at: Timestamp,
        rate: float = 1.0,
    ) -> None:
        self._course = course
        self._listings = listings
        self._depth = depth
        self._chance = chance
        self._starts_at = starts_at
        self._ends_at = ends_at
        self._rate = rate
        self._books = tuple(FlowBook(listing.ticker) for listing in listings)
        self._bidless: int | None = None
        self._pinned: set[int] = set()
        self._is_trading = True

    def actions(self) -> Iterator[TimedAction]:
        """Once: the traders remember what they have shown."""
        now = self._starts_at
        for action in self._open(now):
            yield TimedAction(now, action)
        due = iter(self._course.moments)
        moment = next(due, None)
        while now < self._ends_at:
            mood = self._course.mood(now)
            wait_s = self._wait_s(mood)
            then = Timestamp(now + max(1, int(min(wait_s, LONGEST_WAIT_S) * SECOND)))
            if moment is not None and moment.at <= then:
                now = max(now, moment.at)
                for action in self._play(moment.happening, now):
                    yield TimedAction(now, action)
                if isinstance(moment.happening, WinnerKnown | CalledOff):
                    return
                moment = next(due, None)
                continue
            now = then
            if wait_s <= LONGEST_WAIT_S and self._is_trading and now < self._ends_at:
                for action in self._trade_once(mood, now):
                    yield TimedAction(now, action)

    def _wait_s(self, mood: Mood) -> float:
        rate = mood.takes_per_s + mood.quotes_per_s + mood.resizes_per_s
        return self._chance.expovariate(len(self._books) * rate * self._rate)

    def _open(self, now: Timestamp) -> Iterator[Action]:
        mood = self._course.mood(now)
        for listing in self._listings:
            yield List(listing)
            yield ChangePhase(listing.ticker, MarketPhase.ACTIVE)
        for market in (AWAY, HOME):
            yield from self._quote(market, mood, self._worth(market, now))

    def _trade_once(self, mood: Mood, now: Timestamp) -> Iterator[Action]:
        market = AWAY if self._chance.random() < 0.5 else HOME
        worth = self._worth(market, now)
        if market in self._pinned:
            return
        kind = self._chance.random() * (mood.takes_per_s + mood.quotes_per_s + mood.resizes_per_s)
        if kind < mood.takes_per_s:
            yield from self._take(market)
        elif kind < mood.takes_per_s + mood.quotes_per_s:
            yield from self._quote(market, mood, worth)
        else:
            yield from self._resize(market)

    def _play(self, happening: Happening, now: Timestamp) -> Iterator[Action]:
        match happening:
            case Score():
                if self._is_trading:
                    yield from self._react_to_score(now)
            case BidsWithdrawn():
                self._bidless = AWAY if self._worth(AWAY, now) < 0.5 else HOME
                yield from self._books[self._bidless].withdraw_side(BookSide.BID)
            case BidsReturned():
                self._bidless = None
            case TradingPaused():
                self._is_trading = False
                yield from self._change_phase(MarketPhase.INACTIVE)
            case TradingResumed():
                self._is_trading = True
                yield from self._change_phase(MarketPhase.ACTIVE)
                for book in self._books:
                    yield from book.restate()
            case QuotesPinned(market, bid, ask):
                self._pinned.add(market)
                yield from self._show_around(market, bid, ask)
            case TouchTaken(market, taker_side, size):
                touch = self._books[market].best(opposite(taker_side))
                if touch is not None:
                    yield self._books[market].take(taker_side, touch, size)
            case QuotesFreed(market):
                self._pinned.discard(market)
            case MarketsClosed():
                self._is_trading = False
                yield from self._change_phase(MarketPhase.CLOSED)
            case WinnerKnown(away_won):
                yield Settle(self._books[AWAY].ticker, ONE_DOLLAR if away_won else Price(0))
                yield Settle(self._books[HOME].ticker, Price(0) if away_won else ONE_DOLLAR)
            case CalledOff():
                away = fair_price(self._worth(AWAY, now))
                yield Settle(self._books[AWAY].ticker, away)
                yield Settle(self._books[HOME].ticker, Price(ONE_DOLLAR - away))
            case GridChanged(label, grid):
                for book in self._books:
                    yield ChangeGrid(book.ticker, label, grid)
            case CloseMoved(close_time):
                for book in self._books:
                    yield MoveClose(book.ticker, close_time)

    def _change_phase(self, phase: MarketPhase) -> Iterator[Action]:
        for book in self._books:
            yield ChangePhase(book.ticker, phase)

    def _worth(self, market: int, now: Timestamp) -> float:
        away = self._course.fair_value(now)
        return away if market == AWAY else 1 - away

    def _quote(self, market: int, mood: Mood, worth: float) -> Iterator[Action]:
        book = self._books[market]
        bid = bid_below(worth - mood.half_spread)
        ask = ask_above(worth + mood.half_spread)
        best_bid, best_ask = book.best(BookSide.BID), book.best(BookSide.ASK)
        if (
            best_bid is not None
            and best_ask is not None
            and bid - CENT <= best_bid <= bid
            and ask <= best_ask <= ask + CENT
            and best_ask - best_bid <= ask - bid + CENT
        ):
            bid, ask = best_bid, best_ask
        yield from self._show_around(market, bid, ask)

    def _show_around(self, market: int, bid: Price, ask: Price) -> Iterator[Action]:
        bids = {} if market == self._bidless else self._ladder(market, BookSide.BID, bid, -CENT)
        asks = self._ladder(market, BookSide.ASK, ask, CENT)
        yield from self._books[market].replace(bids=bids, asks=asks)

    def _ladder(self, market: int, side: BookSide, touch: Price, step: int) -> dict[Price, Size]:
        shown = self._books[market].levels(side)
        ladder: dict[Price, Size] = {}
        for depth in range(LEVELS_A_SIDE):
            price = Price(touch + depth * step)
            if not 0 < price < ONE_DOLLAR:
                break
            usual = self._depth.touch_least * CONTRACT * (1 + depth)
            standing = shown.get(price, Size(0))
            ladder[price] = standing if standing >= usual * REFRESH_BELOW_SHARE else self._draw_level(depth)
        return ladder

    def _draw_level(self, depth: int) -> Size:
        contracts = self._chance.randint(self._depth.touch_least, self._depth.touch_most)
        return Size(contracts * (1 + depth) * CONTRACT)

    def _resize(self, market: int) -> Iterator[Action]:
        book = self._books[market]
        side = BookSide.BID if self._chance.random() < 0.5 else BookSide.ASK
        prices = sorted(book.levels(side), reverse=side is BookSide.BID)
        if prices:
            depth = self._chance.randrange(len(prices))
            if book.levels(side)[prices[depth]]:
                yield from book.show(side, prices[depth], self._draw_level(depth))

    def _take(self, market: int) -> Iterator[Action]:
        if market == self._bidless and self._chance.random() > BIDLESS_TAKES_SHARE:
            return
        taker_side = BookSide.BID if self._chance.random() < BUYER_SHARE else BookSide.ASK
        touch = self._books[market].best(opposite(taker_side))
        if touch is None:
            return
        if self._chance.random() < REACHES_THROUGH_SHARE:
            touch = Price(touch + (CENT if taker_side is BookSide.BID else -CENT))
            touch = max(min(touch, Price(ONE_DOLLAR - CENT)), CENT)
        yield self._books[market].take(taker_side, touch, trade_size(self._chance.gauss(0.0, 1.0)))

    def _react_to_score(self, now: Timestamp) -> Iterator[Action]:
        mood = self._course.mood(now)
        for market in (AWAY, HOME):
            if market in self._pinned:
                continue
            book, worth = self._books[market], self._worth(market, now)
            best_bid, best_ask = book.best(BookSide.BID), book.best(BookSide.ASK)
            sweep = Size(self._chance.randint(*SWEEP_CONTRACTS) * CONTRACT)
            if best_ask is not None and best_ask < (ceiling := bid_below(worth)):
                yield book.take(BookSide.BID, ceiling, sweep)
            elif best_bid is not None and best_bid > (floor := ask_above(worth)):
                yield book.take(BookSide.ASK, floor, sweep)
            yield from book.withdraw_through(BookSide.BID, bid_below(worth - mood.half_spread))
            yield from book.withdraw_through(BookSide.ASK, ask_above(worth + mood.half_spread))


def bid_below(dollars: float) -> Price:
    """An estimate as a bid: down to the cent, and no lower or higher than makers ever bid."""
    return Price(min(max(math.floor(dollars * 100) * CENT, LOWEST_BID), HIGHEST_BID))


def ask_above(dollars: float) -> Price:
    """An estimate as an ask: up to the cent, and no lower or higher than makers ever ask."""
    lowest, highest = ONE_DOLLAR - HIGHEST_BID, ONE_DOLLAR - LOWEST_BID
    return Price(min(max(math.ceil(dollars * 100) * CENT, lowest), highest))


def fair_price(dollars: float) -> Price:
    """An estimate as what a market pays that was called off: to the nearest tenth of a cent, between 1 and 99 cents."""
    return Price(min(max(round(dollars * 1_000) * CENT // 10, CENT), ONE_DOLLAR - CENT))


def trade_size(deviate: float) -> Size:
    """A standard normal deviate as a trade: log-normal with heavy tail, rounded up to whole contracts."""
    contracts = math.ceil(TRADE_CONTRACTS_MEDIAN * math.exp(TRADE_LOG_SD * deviate) - 0.5)
    return Size(min(max(contracts, 1), LARGEST_TRADE_CONTRACTS) * CONTRACT)
