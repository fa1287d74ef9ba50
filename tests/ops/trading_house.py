"""A whole TradingSystem on paper, and a venue that lists what the test says; nothing leaves the process."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from edgelock.actors.clock import EngineClock
from edgelock.actors.journal import Journal
from edgelock.actors.notices import Notice
from edgelock.core.fees import GAME_FEES
from edgelock.core.market import Market, MarketStatus
from edgelock.core.market_state import MarketState
from edgelock.core.price_grid import CENT_GRID
from edgelock.core.rate_limit import full_bucket
from edgelock.core.units import Size
from edgelock.kalshi.rest_call import VenueUnreachable
from edgelock.kalshi.wire_market import MarketListing
from edgelock.ops.settings import Settings
from edgelock.ops.trading_system import TradingSystem
from tests.actors.runtime_doubles import PATIENCE_S, Diary, ObedientActor
from tests.actors.trading_doubles import Ledger, Scribe, WatchedBoard
from tests.core.builders import NOON, after, cents, contracts


def a_listing(ticker="KXNHLGAME-A", volume=100, bid=46, ask=48, **changes) -> MarketListing:
    """An active market as the venue lists it; prices in cents, volume in contracts."""
    listing = MarketListing(
        ticker=ticker,
        event_ticker="KXNHLGAME-E",
        title="a game",
        status=MarketStatus.ACTIVE,
        grid=CENT_GRID,
        open_time=NOON,
        close_time=after(24 * 3600),
        best_bid=None if bid is None else cents(bid),
        best_ask=None if ask is None else cents(ask),
        volume_24h=Size(contracts(volume)),
        settlement_value=None,
        expected_expiration=None,
        exchange_index=None,
    )
    return replace(listing, **changes)


class ListedVenue:
    """A MarketSource of the test's own; `is_down` makes every reading fail."""

    def __init__(self, *listings: MarketListing) -> None:
        self.listings = {listing.ticker: listing for listing in listings}
        self.is_down = False

    def list(self, listing: MarketListing) -> None:
        self.listings[listing.ticker] = listing

    def of_families(self, _settings: Settings) -> tuple[MarketListing, ...]:
        self._check()
        return tuple(self.listings.values())

    def one(self, ticker: str) -> MarketListing:
        self._check()
        return self.listings[ticker]

    def as_market(self, listing: MarketListing) -> Market:
        self._check()
        return listing.as_market(family="NHL", series_ticker="KXNHLGAME", fees=GAME_FEES)

    def _check(self) -> None:
        if self.is_down:
            raise VenueUnreachable("no answer")


class PaperHouse:
    """The system under test, the lines it told, what its feed was asked, and what escalated."""

    def __init__(self, directory: Path, settings: Settings) -> None:
        self.ledger, self.asked_of_feed = Ledger(), Diary()
        self.notices: list[Notice] = []
        self.journal = Journal(directory)
        clock = EngineClock.starting_at(NOON)
        self.system = TradingSystem(
            run="r1",
            settings=settings,
            clock=clock,
            journal=self.journal,
            bucket=full_bucket(refill_per_s=100, capacity=100, now=NOON),
            build_telemetry=lambda life: Scribe(life, self.ledger),  # type: ignore[arg-type,return-value]
            build_feed=lambda life, _system: ObedientActor(life, self.asked_of_feed),
            escalated=self.notices.append,
            rng=random.Random(1),
        )
        self.board = WatchedBoard()
        self.system.boards = replace(self.system.boards, markets=self.board)

    def wait_for_market(self, ticker: str) -> MarketState:
        """Its actor's state, once that has taken over what is on record."""
        return self.board.wait_for(ticker, lambda state: state.is_recovered)


@contextmanager
def a_paper_house(directory: Path, **sections: object) -> Iterator[PaperHouse]:
    house = PaperHouse(directory, Settings.model_validate(sections))
    house.system.start()
    try:
        yield house
    finally:
        assert house.system.stop(), f"not stopped within {PATIENCE_S}"
        house.journal.close()
