"""What is read of the venue to choose markets; ranking is promised with the roster."""

from fractions import Fraction

from edgelock.core.settings import DEFAULT_FAMILIES
from edgelock.kalshi.wire_market import EventTerms, MarketPage, SeriesTerms
from edgelock.ops.market_selection import MarketSource
from edgelock.ops.settings import Settings
from tests.ops.trading_house import a_listing


class CountedRest:
    """Answers from memory and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def markets(self, *, series_ticker, status):
        self.asked.append(f"{status} {series_ticker}")
        return MarketPage((a_listing(f"{series_ticker}-A"),), (), "")

    def market(self, ticker):
        return a_listing(ticker)

    def event(self, ticker):
        self.asked.append(f"event {ticker}")
        return EventTerms(
            ticker=ticker,
            series_ticker="KXOTHER",
            title="",
            mutually_exclusive=True,
            fee_type_override=None,
            fee_multiplier_override=None,
        )

    def series(self, ticker):
        self.asked.append(f"series {ticker}")
        return SeriesTerms(ticker, "quadratic", Fraction(1))


def a_source() -> tuple[MarketSource, CountedRest]:
    rest = CountedRest()
    return MarketSource(rest, Settings()), rest  # type: ignore[arg-type]


def test_every_series_of_the_chosen_families_is_read():
    source, rest = a_source()
    settings = Settings.model_validate({"selection": {"series": ["NHL", "NFL"]}})

    listings = source.of_families(settings)

    series = [*DEFAULT_FAMILIES["NHL"]["series"], *DEFAULT_FAMILIES["NFL"]["series"]]
    assert rest.asked == [f"open {name}" for name in series]
    assert [listing.ticker for listing in listings] == [f"{name}-A" for name in series]


def test_both_markets_of_a_game_get_its_series_and_fees_which_are_read_once():
    source, rest = a_source()

    home, away = (source.as_market(a_listing(f"KXNHLGAME-{side}")) for side in "AB")

    assert (home.series_ticker, away.series_ticker) == ("KXOTHER", "KXOTHER")
    assert home.fees == away.fees
    assert (home.family, home.ticker) == ("NHL", "KXNHLGAME-A")
    assert rest.asked == ["event KXNHLGAME-E", "series KXOTHER"]


def test_one_market_is_read_by_its_ticker():
    assert a_source()[0].one("KXNHLGAME-B").ticker == "KXNHLGAME-B"
