"""What markets are charged: their series' fees, their event's overrides, and what the venue has scheduled to change."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from edgelock.core.fees import FeeTerms
from edgelock.core.units import MINUTE, Timestamp
from edgelock.kalshi.wire_directory import EventFeeChange, SeriesFeeChange
from edgelock.kalshi.wire_error import VenueError
from edgelock.kalshi.wire_market import EventTerms, SeriesTerms

READ_AGAIN_AFTER = 10 * MINUTE
"""Engine time. What changes sooner is on the schedule that was read with it, or announced on the socket."""


_Change = TypeVar("_Change")


class FeeSource(Protocol):
    """What is read of the venue."""

    def series(self, series_ticker: str) -> SeriesTerms:
        """What a series charges now."""
        ...

    def series_fee_changes(self, series_ticker: str) -> tuple[SeriesFeeChange, ...]:
        """What it is going to charge."""
        ...

    def event_fee_changes(self) -> tuple[EventFeeChange, ...]:
        """What events are going to override."""
        ...


@dataclass(frozen=True, slots=True)
class ReadEvent:
    """An event's terms and when they were read."""

    terms: EventTerms
    at: Timestamp


@dataclass(frozen=True, slots=True)
class _ReadSeries:
    terms: FeeTerms
    changes: tuple[SeriesFeeChange, ...]
    at: Timestamp


class VenueFees:
    """Reads what it needs, when it is old. One thread at a time.

    say  takes one line about a schedule that could not be read; what is charged now is known without it
    """

    def __init__(self, source: FeeSource, *, say: Callable[[str], None]) -> None:
        self._source = source
        self._say = say
        self._series: dict[str, _ReadSeries] = {}
        self._event_changes: tuple[EventFeeChange, ...] = ()
        self._event_changes_at: Timestamp | None = None

    def terms(self, event: ReadEvent, now: Timestamp) -> FeeTerms:
        """What the event's markets are charged now. Raises what reading the series raises."""
        series = self._series_of(event.terms.series_ticker, now)
        if self._event_changes_at is None or now - self._event_changes_at >= READ_AGAIN_AFTER:
            self._event_changes = self._tried(self._source.event_fee_changes, self._event_changes)
            self._event_changes_at = now
        return fee_terms_at(series.terms, series.changes, event, self._event_changes, now)

    def _series_of(self, ticker: str, now: Timestamp) -> _ReadSeries:
        known = self._series.get(ticker)
        if known is None or now - known.at >= READ_AGAIN_AFTER:
            changes = self._tried(
                lambda: self._source.series_fee_changes(ticker), () if known is None else known.changes
            )
            known = self._series[ticker] = _ReadSeries(self._source.series(ticker).terms, changes, now)
        return known

    def _tried(self, read: Callable[[], tuple[_Change, ...]], known: tuple[_Change, ...]) -> tuple[_Change, ...]:
        try:
            return read()
        except VenueError as error:
            self._say(f"scheduled fee changes could not be read: {error}")
            return known


def fee_terms_at(
    series: FeeTerms,
    series_changes: Iterable[SeriesFeeChange],
    event: ReadEvent,
    event_changes: Iterable[EventFeeChange],
    now: Timestamp,
) -> FeeTerms:
    """The fees in force at `now`: of changes that are due, the last of the series and the last of the event hold.

    A change of the event that was due before the event was read is part of what was read.
    """
    due = [change for change in series_changes if change.at <= now]
    if due:
        last = max(due, key=lambda change: change.at)
        series = FeeTerms(last.fee_type, last.multiplier)
    overrides = [
        change for change in event_changes if change.event_ticker == event.terms.ticker and event.at < change.at <= now
    ]
    if overrides:
        newest = max(overrides, key=lambda change: change.at)
        return series.overridden(newest.fee_type, newest.multiplier)
    return series.overridden(event.terms.fee_type_override, event.terms.fee_multiplier_override)
