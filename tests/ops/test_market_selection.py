"""What is read of the venue to choose markets; the roster's tests promise what becomes of it."""

from dataclasses import replace
from fractions import Fraction

import pytest

from edgelock.core.fees import FeeTerms, fee_schedule
from edgelock.core.settings import DEFAULT_FAMILIES
from edgelock.core.units import Timestamp
from edgelock.kalshi.wire_directory import EventListing, EventPage
from edgelock.kalshi.wire_error import VenueError
from edgelock.kalshi.wire_market import EventTerms, MarketPage, SeriesTerms
from edgelock.ops.market_selection import MarketSource, NotTradable, rank
from edgelock.ops.settings import Settings
from edgelock.ops.venue_fees import READ_AGAIN_AFTER
from tests.core.builders import NOON, after, cents
from tests.ops.trading_house import a_listing

LATER = Timestamp(NOON + READ_AGAIN_AFTER)


class CountedRest:
    """Answers from memory and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.terms = EventTerms(
            ticker="KXNHLGAME-E",
            series_ticker="KXNHLGAME",
            title="",
            mutually_exclusive=True,
            fee_type_override=None,
            fee_multiplier_override=None,
        )
        self.fee_type = "quadratic"
        self.unreadable: tuple[str, ...] = ()

    def events(self, *, series_ticker, status):
        self.asked.append(f"{status} {series_ticker}")
        listings = (a_listing(f"{series_ticker}-A"), a_listing(f"{series_ticker}-B"))
        return EventPage((EventListing(self.terms, listings),), self.unreadable, "")

    def markets_of(self, tickers):
        self.asked.append(f"markets {' '.join(tickers)}")
        return MarketPage(tuple(a_listing(ticker) for ticker in (*tickers, "STRANGER")), self.unreadable, "")

    def market(self, ticker):
        return a_listing(ticker)

    def event(self, ticker):
        self.asked.append(f"event {ticker}")
        if self.terms.ticker != ticker:
            raise VenueError(404, "not_found", "not found", "")
        return self.terms

    def series(self, ticker):
        self.asked.append(f"series {ticker}")
        return SeriesTerms(ticker, self.fee_type, Fraction(1))

    def series_fee_changes(self, _ticker):
        return ()

    def event_fee_changes(self):
        return ()


def a_source() -> tuple[MarketSource, CountedRest]:
    rest = CountedRest()
    return MarketSource(rest, Settings()), rest  # type: ignore[arg-type]


# --- ranking ----------------------------------------------------------------------------------------------------


def test_of_equally_busy_games_the_one_that_ends_sooner_comes_first_and_one_that_does_not_say_last():
    listings = [
        a_listing("SILENT"),
        a_listing("LATE", expected_expiration=after(7200)),
        a_listing("SOON", expected_expiration=after(3600)),
        a_listing("BUSY", 101, expected_expiration=after(9000)),
    ]

    ranked = rank(listings, min_spread=cents(2), most=9)

    assert [listing.ticker for listing in ranked] == ["BUSY", "SOON", "LATE", "SILENT"]


# --- reading ----------------------------------------------------------------------------------------------------


def test_one_call_for_each_series_of_the_chosen_families_brings_every_market_with_its_event():
    source, rest = a_source()
    settings = Settings.model_validate({"selection": {"series": ["NHL", "NFL"]}})

    listings = source.of_families(settings, NOON)

    series = [*DEFAULT_FAMILIES["NHL"]["series"], *DEFAULT_FAMILIES["NFL"]["series"]]
    assert rest.asked == [f"open {name}" for name in series]
    assert [listing.ticker for listing in listings] == [f"{name}-{side}" for name in series for side in "AB"]


def test_a_listed_market_needs_no_more_than_its_series_fees_which_are_read_once():
    source, rest = a_source()
    home, away = source.of_families(Settings.model_validate({"selection": {"series": ["NHL"]}}), NOON)[:2]
    rest.asked.clear()

    markets = [source.as_market(listing, NOON) for listing in (home, away)]

    assert rest.asked == ["series KXNHLGAME"]
    assert [market.fees for market in markets] == [fee_schedule("quadratic", Fraction(1))] * 2
    assert {(market.series_ticker, market.family) for market in markets} == {("KXNHLGAME", "NHL")}


def test_a_market_asked_for_by_name_gets_its_event_read():
    source, rest = a_source()

    source.as_market(a_listing("KXNHLGAME-A"), NOON)
    source.as_market(a_listing("KXNHLGAME-B"), NOON)

    assert rest.asked == ["event KXNHLGAME-E", "series KXNHLGAME"]


def test_markets_that_were_not_asked_for_are_not_taken():
    assert list(a_source()[0].of_tickers(["A", "B"])) == ["A", "B"]


def test_one_market_is_read_by_its_ticker():
    assert a_source()[0].one("KXNHLGAME-B").ticker == "KXNHLGAME-B"


def test_what_cannot_be_read_is_told_once_by_those_who_asked():
    source, rest = a_source()
    rest.unreadable = ("an odd market",)
    source.of_tickers(["A"])

    assert source.oddities() == ("an odd market",)
    assert source.oddities() == ()


# --- fees -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fee_type", ["flat", "cubic"])
def test_a_market_whose_fees_nobody_knows_is_not_traded(fee_type):
    source, rest = a_source()
    rest.fee_type = fee_type

    with pytest.raises(NotTradable, match=f"KXNHLGAME-A is not traded: fee_type '{fee_type}'"):
        source.as_market(a_listing("KXNHLGAME-A"), NOON)


def test_an_events_own_fees_come_before_its_series():
    source, rest = a_source()
    rest.fee_type = "flat"
    rest.terms = replace(rest.terms, fee_type_override="quadratic", fee_multiplier_override=Fraction(2))

    assert source.as_market(a_listing("KXNHLGAME-A"), NOON).fees == fee_schedule("quadratic", Fraction(2))


def test_an_event_that_no_list_brings_any_more_is_read_again_after_a_while_and_may_be_gone():
    source, rest = a_source()
    listing = a_listing("KXNHLGAME-A")
    before = source.fees(listing, NOON)
    rest.terms = replace(rest.terms, fee_multiplier_override=Fraction(3))
    soon = source.fees(listing, Timestamp(LATER - 1))
    later = source.fees(listing, LATER)
    rest.terms = replace(rest.terms, ticker="GONE")

    gone = source.fees(listing, Timestamp(LATER + READ_AGAIN_AFTER))

    assert before == soon == FeeTerms("quadratic", Fraction(1))
    assert later == gone == FeeTerms("quadratic", Fraction(3))
    assert "could not be read again: 404 not_found" in source.oddities()[0]


def test_an_event_that_was_never_there_is_an_error():
    source, rest = a_source()
    rest.terms = replace(rest.terms, ticker="ANOTHER")

    with pytest.raises(VenueError, match="404"):
        source.as_market(a_listing("KXNHLGAME-A"), NOON)


def test_a_market_that_must_be_exited_is_taken_at_any_fee_and_the_dearest_is_assumed():
    source, rest = a_source()
    rest.fee_type = "flat"

    market = source.as_market(a_listing("KXNHLGAME-A"), NOON, at_any_fee=True)

    assert market.fees == fee_schedule("flat", Fraction(1))
