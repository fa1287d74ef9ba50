"""The directory is read whole, in as few calls as it takes, and by the venue's own rules for lists of tickers."""

import pytest

from edgelock.kalshi.rest import KalshiRest
from edgelock.kalshi.wire import WireError
from tests.kalshi.loopback_venue import LoopbackVenue, Reply
from tests.kalshi.test_rest import a_client
from tests.kalshi.test_wire import MARKET
from tests.kalshi.test_wire_directory import CHANGE, EVENT, OVERRIDE


def a_directory(venue) -> KalshiRest:
    return a_client(venue, KalshiRest)[0]


def page_of_events(cursor=""):
    return Reply(body={"events": [EVENT], "cursor": cursor})


def test_events_are_read_to_the_last_page_with_their_markets():
    with LoopbackVenue(page_of_events("next"), page_of_events()) as venue:
        page = a_directory(venue).events(series_ticker="KXNHLGAME", status="open")

    asked = "/trade-api/v2/events?series_ticker=KXNHLGAME&status=open&with_nested_markets=true&limit=200"
    assert [request.path for request in venue.asked] == [asked, f"{asked}&cursor=next"]
    assert [len(event.listings) for event in page.events] == [1, 1]


def test_a_list_of_events_that_goes_in_circles_is_an_error():
    with LoopbackVenue(page_of_events("again")) as venue:
        with pytest.raises(WireError, match="does not end"):
            a_directory(venue).events(series_ticker="KXNHLGAME")
        assert len(venue.asked) == 2


def test_markets_are_asked_for_by_ticker_two_hundred_to_a_call():
    tickers = [f"KXNHLGAME-{number}" for number in range(201)]
    with LoopbackVenue(Reply(body={"markets": [MARKET], "cursor": ""})) as venue:
        page = a_directory(venue).markets_of(tickers)

    assert len(venue.asked) == 2
    assert venue.asked[1].path == "/trade-api/v2/markets?tickers=KXNHLGAME-200&limit=200"
    assert len(page.listings) == 2


def test_nobody_is_asked_about_no_market():
    with LoopbackVenue(Reply(500)) as venue:
        assert a_directory(venue).markets_of([]).listings == ()
    assert venue.asked == []


def test_a_second_page_of_markets_that_were_named_is_an_error():
    with LoopbackVenue(Reply(body={"markets": [MARKET], "cursor": "more"})) as venue:  # noqa: SIM117 - the venue first
        with pytest.raises(WireError, match="more markets came than were asked for"):
            a_directory(venue).markets_of(["A"])


def test_only_the_changes_of_the_series_that_was_asked_for_are_kept():
    other = {**CHANGE, "series_ticker": "KXOTHER"}
    with LoopbackVenue(Reply(body={"series_fee_change_arr": [other, CHANGE]})) as venue:
        changes = a_directory(venue).series_fee_changes("KXNHLGAME")

    assert [change.series_ticker for change in changes] == ["KXNHLGAME"]
    assert venue.asked[0].path == "/trade-api/v2/series/fee_changes?series_ticker=KXNHLGAME"


def test_the_changes_of_events_are_read_to_the_last_page():
    first, last = ({"event_fee_changes": [OVERRIDE], "cursor": cursor} for cursor in ("next", ""))
    with LoopbackVenue(Reply(body=first), Reply(body=last)) as venue:
        changes = a_directory(venue).event_fee_changes()

    assert len(changes) == 2
