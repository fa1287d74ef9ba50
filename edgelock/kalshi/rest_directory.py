"""Reading the venue's directory: what a bot that looks for markets asks again and again, in few calls."""

from collections.abc import Sequence

from edgelock.kalshi.rest_reads import PAGES_MAX, VenueReader, query_of
from edgelock.kalshi.wire import WireError
from edgelock.kalshi.wire_directory import (
    EventFeeChange,
    EventPage,
    SeriesFeeChange,
    read_event_fee_changes,
    read_events,
    read_series_fee_changes,
)
from edgelock.kalshi.wire_market import MarketPage, read_markets

_EVENTS_AT_ONCE = "200"
_TICKERS_AT_ONCE = 200


class DirectoryReader(VenueReader):
    """The reads of the directory; a part of `KalshiRest`. Lists come whole, or as an error.

    The venue answers lists of markets and events out of a cache that may be 15 s old.
    """

    def events(self, *, series_ticker: str, status: str | None = None) -> EventPage:
        """The events of a series with their markets. `status`: those with at least one market of this kind."""
        query = query_of(series_ticker=series_ticker, status=status, with_nested_markets="true", limit=_EVENTS_AT_ONCE)
        pages: list[EventPage] = []
        cursors = {""}
        while True:
            page = read_events(self._get("/events", {**query, **query_of(cursor=_cursor(pages))}))
            pages.append(page)
            if not page.cursor:
                return EventPage(
                    tuple(event for page in pages for event in page.events),
                    tuple(reason for page in pages for reason in page.unreadable),
                    cursor="",
                )
            if page.cursor in cursors or len(pages) == PAGES_MAX:
                raise WireError("GET /events: the list does not end, so it cannot be relied on")
            cursors.add(page.cursor)

    def markets_of(self, tickers: Sequence[str]) -> MarketPage:
        """These markets, whatever their status. One that the venue does not list any more is not among them."""
        pages = [
            read_markets(self._get("/markets", query_of(tickers=",".join(asked), limit=str(_TICKERS_AT_ONCE))))
            for asked in (
                tickers[first : first + _TICKERS_AT_ONCE] for first in range(0, len(tickers), _TICKERS_AT_ONCE)
            )
        ]
        if any(page.cursor for page in pages):
            raise WireError("GET /markets: more markets came than were asked for")
        return MarketPage(
            tuple(listing for page in pages for listing in page.listings),
            tuple(reason for page in pages for reason in page.unreadable),
            cursor="",
        )

    def series_fee_changes(self, series_ticker: str) -> tuple[SeriesFeeChange, ...]:
        """What this series is going to charge, and from when."""
        body = self._get("/series/fee_changes", query_of(series_ticker=series_ticker))
        return tuple(change for change in read_series_fee_changes(body) if change.series_ticker == series_ticker)

    def event_fee_changes(self) -> tuple[EventFeeChange, ...]:
        """What events are going to change of their series' fees, and from when."""
        pages = self._pages("/events/fee_changes", {}, read_event_fee_changes, lambda page: page.cursor)
        return tuple(change for page in pages for change in page.changes)


def _cursor(pages: list[EventPage]) -> str | None:
    return pages[-1].cursor if pages else None
