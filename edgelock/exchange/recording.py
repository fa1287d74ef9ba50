"""A recording played back as markets of the embedded exchange.

`recording_flow` reads and checks the whole file, then gives a flow like any scenario. What playback assumes, and
what cannot be concluded from it, is in `docs/scenarios.md`.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edgelock.core.price_grid import CENT_GRID, grid_from_bands, linear_grid
from edgelock.core.units import CENT, MINUTE, ONE_DOLLAR, SECOND, Price, Size, Timestamp
from edgelock.exchange.flow import Action, ChangePhase, List, MarketListing, MarketPhase, TimedAction
from edgelock.exchange.recording_events import BookSeen, Context, ResultSeen, TouchSeen, TradeSeen
from edgelock.exchange.recording_file import RecordingError, read_events
from edgelock.exchange.recording_market import RecordedMarket
from edgelock.exchange.recording_tape import LevelSeen, OddEvent, Played, lay_tape

__all__ = ["RecordingError", "RecordingFlow", "recording_flow"]

LISTED_AT_ONCE = 32
LISTED_BEFORE = 5 * SECOND
SILENT_MEANS_OVER = 20 * MINUTE
CLOSES_AFTER_LAST_WORD = MINUTE
DAY = 24 * 60 * MINUTE
OPEN_BEFORE, CLOSE_BACKSTOP = DAY, 3 * DAY
TENTH, HUNDREDTH = Price(10), Price(1)
TAPERED_GRID = grid_from_bands(
    [
        (Price(0), Price(10 * CENT), TENTH),
        (Price(10 * CENT), Price(90 * CENT), CENT),
        (Price(90 * CENT), ONE_DOLLAR, TENTH),
    ]
)
GRIDS_COARSEST_FIRST = (
    ("linear_cent", CENT_GRID),
    ("tapered_deci_cent", TAPERED_GRID),
    ("deci_cent", linear_grid(TENTH)),
    ("centi_cent", linear_grid(HUNDREDTH)),
)


@dataclass(frozen=True, slots=True)
class _Span:
    """A market's first and last word, and its result if the recording has one."""

    first: Timestamp
    last: Timestamp
    has_result: bool


class RecordingFlow:
    """The markets of one file. Two calls of `actions` play the same."""

    def __init__(self, tape: list[Played], listings: tuple[MarketListing, ...], starts_at: Timestamp) -> None:
        self._tape = tape
        self._listings = listings
        self._starts_at = starts_at

    @property
    def starts_at(self) -> Timestamp:
        """The instant at which the exchange's clock starts: the first word of the recording."""
        return self._starts_at

    @property
    def listings(self) -> tuple[MarketListing, ...]:
        """Every market of the file, by ticker in order of appearance."""
        return self._listings

    def actions(self) -> Iterator[TimedAction]:
        """All actions in order of time: listing, what was recorded, closing."""
        return heapq.merge(self._opening(), self._playing(), self._closing(), key=lambda timed: timed.at)

    def _opening(self) -> Iterator[TimedAction]:
        spans = _spans(self._tape)
        at_once = len(self._listings) <= LISTED_AT_ONCE
        for listing in sorted(self._listings, key=lambda listing: spans[listing.ticker].first):
            before = max(spans[listing.ticker].first - LISTED_BEFORE, self._starts_at)
            at = self._starts_at if at_once else Timestamp(before)
            yield TimedAction(at, List(listing))
            yield TimedAction(at, ChangePhase(listing.ticker, MarketPhase.ACTIVE))

    def _playing(self) -> Iterator[TimedAction]:
        markets = {listing.ticker: RecordedMarket(listing.ticker, listing.grid) for listing in self._listings}
        for played in self._tape:
            for action in markets[played.ticker].play(played):
                yield TimedAction(played.at, action)

    def _closing(self) -> Iterator[TimedAction]:
        spans = _spans(self._tape)
        ends_at = max(span.last for span in spans.values())
        closings: list[tuple[Timestamp, Action]] = []
        for ticker, span in spans.items():
            if not span.has_result:
                fell_silent = ends_at - span.last > SILENT_MEANS_OVER
                at = Timestamp(span.last + CLOSES_AFTER_LAST_WORD) if fell_silent else ends_at
                closings.append((at, ChangePhase(ticker, MarketPhase.CLOSED)))
        for at, action in sorted(closings, key=lambda closing: closing[0]):
            yield TimedAction(at, action)


def recording_flow(path: Path) -> RecordingFlow:
    """The file's markets as a flow. Raises RecordingError with one line about the first thing that is wrong."""
    events = read_events(path)
    try:
        tape = lay_tape(events)
    except OddEvent as odd:
        raise RecordingError(f"{path}: line {odd.line}: {odd}") from None
    if all(isinstance(played, ResultSeen) for played in tape):
        raise RecordingError(f"{path}: there is nothing tradable in it: no trade, no touch and no book")
    event_tickers = {event.event_ticker for _, event in events if isinstance(event, Context) and event.event_ticker}
    starts_at = min(events[0][1].at, tape[0].at)
    return RecordingFlow(tape, _listings(tape, event_tickers), starts_at)


def _spans(tape: list[Played]) -> dict[str, _Span]:
    spans: dict[str, _Span] = {}
    for played in tape:
        before = spans.get(played.ticker)
        first = before.first if before else played.at
        spans[played.ticker] = _Span(first, played.at, isinstance(played, ResultSeen))
    return spans


def _listings(tape: list[Played], event_tickers: set[str]) -> tuple[MarketListing, ...]:
    prices: dict[str, set[Price]] = {}
    volumes: dict[str, Size] = {}
    for played in tape:
        prices.setdefault(played.ticker, set()).update(_prices(played))
        if isinstance(played, TouchSeen) and played.volume is not None:
            volumes.setdefault(played.ticker, Size(played.volume // 2))
    return tuple(
        _listing(ticker, span, prices[ticker], volumes.get(ticker, Size(0)), event_tickers)
        for ticker, span in _spans(tape).items()
    )


def _listing(ticker: str, span: _Span, prices: Iterable[Price], volume: Size, event_tickers: set[str]) -> MarketListing:
    """Source of the ticker's form: venue reference §11.1; an event named in the file is better than a guess."""
    named = [event for event in event_tickers if ticker.startswith(f"{event}-")]
    event_ticker = max(named, key=len) if named else ticker.rpartition("-")[0] or ticker
    structure, grid = next(
        (label, grid) for label, grid in GRIDS_COARSEST_FIRST if all(grid.accepts(price) for price in prices)
    )
    return MarketListing(
        ticker=ticker,
        event_ticker=event_ticker,
        series_ticker=ticker.partition("-")[0],
        title=f"{ticker} (recorded)",
        yes_sub_title=ticker.removeprefix(f"{event_ticker}-"),
        open_time=Timestamp(span.first - OPEN_BEFORE),
        close_time=Timestamp(span.last + CLOSE_BACKSTOP),
        expected_expiration_time=span.last,
        grid=grid,
        price_level_structure=structure,
        initial_volume_24h=volume,
    )


def _prices(played: Played) -> Iterator[Price]:
    match played:
        case TradeSeen() | LevelSeen():
            yield played.price
        case TouchSeen():
            yield from (price for price in (played.bid, played.ask) if price is not None)
        case BookSeen():
            yield from (price for price, _ in (*played.bids, *played.asks))
