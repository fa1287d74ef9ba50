"""Events come with their markets and their overrides; what one of them gets wrong costs the others nothing."""

import json
from fractions import Fraction

import pytest

from edgelock.kalshi.wire import WireError
from edgelock.kalshi.wire_directory import read_event_fee_changes, read_events, read_series_fee_changes
from tests.kalshi.test_wire import MARKET

EVENT = {
    "event_ticker": MARKET["event_ticker"],
    "series_ticker": "KXNHLGAME",
    "title": "Vegas at Minnesota",
    "sub_title": "",
    "collateral_return_type": "MECNET",
    "mutually_exclusive": True,
    "markets": [MARKET],
}
CHANGE = {
    "id": "x",
    "series_ticker": "KXNHLGAME",
    "fee_type": "quadratic",
    "fee_multiplier": 0.5,
    "scheduled_ts": "2026-11-23T00:00:00Z",
}
OVERRIDE = {
    "id": "x",
    "event_ticker": "E",
    "series_ticker": "KXNHLGAME",
    "fee_type_override": None,
    "fee_multiplier_override": 2,
    "scheduled_ts": "2026-11-23T00:00:00Z",
}


def events(*found):
    return read_events(json.dumps({"events": found, "cursor": "next"}).encode())


def test_an_event_is_read_with_its_series_its_overrides_and_its_markets():
    page = events({**EVENT, "fee_type_override": "quadratic", "fee_multiplier_override": 1.5})

    ((terms, listings),) = [(event.terms, event.listings) for event in page.events]
    assert (terms.ticker, terms.series_ticker) == (MARKET["event_ticker"], "KXNHLGAME")
    assert (terms.fee_type_override, terms.fee_multiplier_override) == ("quadratic", Fraction(3, 2))
    assert [listing.ticker for listing in listings] == [MARKET["ticker"]]
    assert (page.unreadable, page.cursor) == ((), "next")


def test_a_team_with_a_hyphen_in_its_code_changes_nothing():
    ticker = "KXNCAAFGAME-25SEP06M-OHMISS"
    market = {**MARKET, "ticker": f"{ticker}-M-OH", "event_ticker": ticker}

    ((listing,),) = [event.listings for event in events({**EVENT, "event_ticker": ticker, "markets": [market]}).events]

    assert (listing.ticker, listing.event_ticker) == (f"{ticker}-M-OH", ticker)


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        ({**MARKET, "ticker": "ODD", "status": "frozen"}, "frozen"),
        ({**MARKET, "ticker": "ODD", "event_ticker": "ANOTHER"}, "stands under"),
        ({"ticker": "ODD"}, "event_ticker"),
        (7, "object"),
    ],
)
def test_an_odd_market_is_left_out_with_its_reason(odd, reason):
    page = events({**EVENT, "markets": [odd, MARKET]})

    assert [listing.ticker for listing in page.events[0].listings] == [MARKET["ticker"]]
    assert reason in page.unreadable[0]


def test_an_odd_event_is_left_out_with_its_reason():
    page = events({**EVENT, "series_ticker": 7}, EVENT)

    assert len(page.events) == 1
    assert "series_ticker" in page.unreadable[0]


def test_fee_changes_say_what_from_when():
    (series,) = read_series_fee_changes(json.dumps({"series_fee_change_arr": [CHANGE]}).encode())
    page = read_event_fee_changes(json.dumps({"event_fee_changes": [OVERRIDE], "cursor": "c"}).encode())

    assert (series.fee_type, series.multiplier, series.at) == ("quadratic", Fraction(1, 2), 1_795_392_000 * 10**9)
    assert [(change.fee_type, change.multiplier) for change in page.changes] == [(None, Fraction(2))]
    assert page.cursor == "c"


@pytest.mark.parametrize("field", ["fee_type", "fee_multiplier", "scheduled_ts", "series_ticker"])
def test_every_field_of_a_series_change_is_needed(field):
    lacking = {name: value for name, value in CHANGE.items() if name != field}

    with pytest.raises(WireError, match=rf"GET /series/fee_changes: .*{field}"):
        read_series_fee_changes(json.dumps({"series_fee_change_arr": [lacking]}).encode())


@pytest.mark.parametrize("field", ["event_ticker", "fee_type_override", "fee_multiplier_override", "scheduled_ts"])
def test_every_field_of_an_event_change_is_needed(field):
    lacking = {name: value for name, value in OVERRIDE.items() if name != field}

    with pytest.raises(WireError, match=rf"GET /events/fee_changes: .*{field}"):
        read_event_fee_changes(json.dumps({"event_fee_changes": [lacking], "cursor": ""}).encode())


@pytest.mark.parametrize("garbage", [b"", b"[]", b"{", b'{"events":7}', b"<html>"])
def test_garbage_is_a_wire_error(garbage):
    with pytest.raises(WireError, match="GET /events"):
        read_events(garbage)
