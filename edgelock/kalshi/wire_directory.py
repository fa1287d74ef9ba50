"""The venue's directory as core values: events with their markets, and what fees it has scheduled to change.

Source: venue reference §4.1, §4.4, §9.6 (read 2026-11-22).
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import msgspec

from edgelock.core.units import Timestamp
from edgelock.kalshi.wire import WireError, decode, ratio_field, time_field
from edgelock.kalshi.wire_market import EventTerms, MarketListing, listing_field

_EVENTS = "GET /events"
_SERIES_CHANGES = "GET /series/fee_changes"
_EVENT_CHANGES = "GET /events/fee_changes"


@dataclass(frozen=True, slots=True)
class EventListing:
    """An event and its markets."""

    terms: EventTerms
    listings: tuple[MarketListing, ...]


@dataclass(frozen=True, slots=True)
class EventPage:
    """A page of events. What cannot be read is left out, with the reason; `cursor` is "" on the last page."""

    events: tuple[EventListing, ...]
    unreadable: tuple[str, ...]
    cursor: str


@dataclass(frozen=True, slots=True)
class SeriesFeeChange:
    """From `at` on the series charges this."""

    series_ticker: str
    fee_type: str
    multiplier: Fraction
    at: Timestamp


@dataclass(frozen=True, slots=True)
class EventFeeChange:
    """From `at` on the event overrides this of its series' fees; None where it overrides nothing (any more)."""

    event_ticker: str
    fee_type: str | None
    multiplier: Fraction | None
    at: Timestamp


@dataclass(frozen=True, slots=True)
class EventFeeChangePage:
    """A page of changes; `cursor` is "" on the last one."""

    changes: tuple[EventFeeChange, ...]
    cursor: str


class _Event(msgspec.Struct):
    event_ticker: str
    series_ticker: str
    title: str
    mutually_exclusive: bool
    markets: list[msgspec.Raw]
    fee_type_override: str | None = None
    fee_multiplier_override: Decimal | None = None


class _EventsBody(msgspec.Struct):
    events: list[msgspec.Raw]
    cursor: str


class _SeriesFeeChange(msgspec.Struct):
    series_ticker: str
    fee_type: str
    fee_multiplier: Decimal
    scheduled_ts: str


class _SeriesFeeChangesBody(msgspec.Struct):
    series_fee_change_arr: list[_SeriesFeeChange]


class _EventFeeChange(msgspec.Struct):
    event_ticker: str
    fee_type_override: str | None
    fee_multiplier_override: Decimal | None
    scheduled_ts: str


class _EventFeeChangesBody(msgspec.Struct):
    event_fee_changes: list[_EventFeeChange]
    cursor: str


def read_events(body: bytes) -> EventPage:
    """GET /events with nested markets."""
    page = decode(body, _EventsBody, endpoint=_EVENTS)
    events: list[EventListing] = []
    unreadable: list[str] = []
    for raw in page.events:
        try:
            event = decode(raw, _Event, endpoint=_EVENTS)
            terms = EventTerms(
                ticker=event.event_ticker,
                series_ticker=event.series_ticker,
                title=event.title,
                mutually_exclusive=event.mutually_exclusive,
                fee_type_override=event.fee_type_override,
                fee_multiplier_override=_multiplier(event.fee_multiplier_override, _EVENTS),
            )
        except WireError as error:
            unreadable.append(str(error))
            continue
        listings, odd = _markets(event)
        events.append(EventListing(terms, listings))
        unreadable += odd
    return EventPage(tuple(events), tuple(unreadable), page.cursor)


def read_series_fee_changes(body: bytes) -> tuple[SeriesFeeChange, ...]:
    """GET /series/fee_changes: what is to come, in no particular order."""
    changes = decode(body, _SeriesFeeChangesBody, endpoint=_SERIES_CHANGES).series_fee_change_arr
    return tuple(
        SeriesFeeChange(
            change.series_ticker,
            change.fee_type,
            ratio_field(change.fee_multiplier, "fee_multiplier", _SERIES_CHANGES),
            time_field(change.scheduled_ts, "scheduled_ts", _SERIES_CHANGES),
        )
        for change in changes
    )


def read_event_fee_changes(body: bytes) -> EventFeeChangePage:
    """GET /events/fee_changes."""
    page = decode(body, _EventFeeChangesBody, endpoint=_EVENT_CHANGES)
    changes = tuple(
        EventFeeChange(
            change.event_ticker,
            change.fee_type_override,
            _multiplier(change.fee_multiplier_override, _EVENT_CHANGES),
            time_field(change.scheduled_ts, "scheduled_ts", _EVENT_CHANGES),
        )
        for change in page.event_fee_changes
    )
    return EventFeeChangePage(changes, page.cursor)


def _markets(event: _Event) -> tuple[tuple[MarketListing, ...], list[str]]:
    listings: list[MarketListing] = []
    unreadable: list[str] = []
    for raw in event.markets:
        try:
            listing = listing_field(raw, _EVENTS)
            if listing.event_ticker != event.event_ticker:
                raise WireError(f"{_EVENTS} ({listing.ticker}): the market of event {listing.event_ticker!r} "
                                f"stands under {event.event_ticker!r}")  # fmt: skip
            listings.append(listing)
        except WireError as error:
            unreadable.append(str(error))
    return tuple(listings), unreadable


def _multiplier(number: Decimal | None, endpoint: str) -> Fraction | None:
    return None if number is None else ratio_field(number, "fee_multiplier_override", endpoint)
