"""A whole TradingSystem on paper, and a venue that lists what the test says; nothing leaves the process."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from edgelock.actors.clock import EngineClock
from edgelock.actors.gate_board import GateBoard
from edgelock.actors.journal import Journal
from edgelock.actors.journaled_past import JournaledPast
from edgelock.actors.notices import Notice
from edgelock.actors.order_gateway import OrderGateway
from edgelock.actors.paper_gateway import PaperGateway
from edgelock.actors.redaction import Redactor
from edgelock.actors.risk_board import RiskBoard
from edgelock.actors.shadow_gateway import ShadowGateway
from edgelock.actors.telemetry import TelemetryOutputs, TelemetryRun
from edgelock.actors.telemetry_board import TelemetryBoard
from edgelock.core.fees import FeeTerms
from edgelock.core.market import Market, MarketStatus
from edgelock.core.market_state import MarketState
from edgelock.core.price_grid import CENT_GRID
from edgelock.core.rate_limit import full_bucket
from edgelock.core.units import Size, Timestamp
from edgelock.kalshi.read_budget import ReadBudget
from edgelock.kalshi.rest_call import ClockOffset, VenueUnreachable
from edgelock.kalshi.wire_market import MarketListing
from edgelock.ops.actor_builders import Boards
from edgelock.ops.life_signs import LifeSigns
from edgelock.ops.market_selection import NotTradable
from edgelock.ops.roster import Roster
from edgelock.ops.run_events import RunEvent, RunEvents, Stop
from edgelock.ops.run_loop import RunLoop, RunTelemetry
from edgelock.ops.run_options import RunOptions
from edgelock.ops.settings import Settings
from edgelock.ops.settings_environment import Secrets
from edgelock.ops.settings_file import load
from edgelock.ops.start_thread import StartThread
from edgelock.ops.trading_system import TradingSystem
from edgelock.ops.venue import Venue
from tests.actors.runtime_doubles import PATIENCE_S, Diary, ObedientActor
from tests.actors.trading_doubles import Ledger, Scribe, WatchedBoard
from tests.core.builders import NOON, a_market, after, cents, contracts

MARKET = "KXNHLGAME-A"


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
        self.offset: ClockOffset | None = None
        self.charged = FeeTerms("quadratic_with_maker_fees", Fraction(1))
        self.odd: list[str] = []

    def clock_offset(self) -> ClockOffset | None:
        self._check()
        return self.offset

    def list(self, listing: MarketListing) -> None:
        self.listings[listing.ticker] = listing

    def of_families(self, _settings: Settings, _now: Timestamp) -> tuple[MarketListing, ...]:
        self._check()
        return tuple(self.listings.values())

    def of_tickers(self, tickers: Sequence[str]) -> dict[str, MarketListing]:
        self._check()
        return {ticker: self.listings[ticker] for ticker in tickers if ticker in self.listings}

    def oddities(self) -> tuple[str, ...]:
        return tuple(self.odd)

    def fees(self, _listing: MarketListing, _now: Timestamp) -> FeeTerms:
        return self.charged

    def one(self, ticker: str) -> MarketListing:
        self._check()
        return self.listings[ticker]

    def as_market(self, listing: MarketListing, _now: Timestamp, *, at_any_fee: bool = False) -> Market:
        self._check()
        if not self.charged.is_known and not at_any_fee:
            raise NotTradable(f"{listing.ticker} is not traded")
        return listing.as_market(family="NHL", series_ticker="KXNHLGAME", fees=self.charged.schedule)

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
        self.journal.begin_run("r1", "paper:r1", NOON)
        self.board = WatchedBoard()
        self.system = TradingSystem(
            run="r1",
            scope="paper:r1",
            began=NOON,
            boards=Boards(markets=self.board, risk=RiskBoard(), gate=GateBoard()),
            settings=settings,
            clock=clock,
            journal=self.journal,
            bucket=full_bucket(refill_per_s=100, capacity=100, now=NOON),
            build_gateway=lambda system, generation: _local_gateway(system, generation, self.journal),
            build_telemetry=lambda life: Scribe(life, self.ledger),  # type: ignore[arg-type,return-value]
            build_feed=lambda life, _system: ObedientActor(life, self.asked_of_feed),
            escalated=self.notices.append,
            rng=random.Random(1),
            redact=Redactor().text,
        )

    def wait_for_market(self, ticker: str) -> MarketState:
        """Its actor's state, once that has taken over what is on record."""
        return self.board.wait_for(ticker, lambda state: state.is_recovered)


def _local_gateway(system: TradingSystem, generation: int, journal: Journal) -> OrderGateway:
    kind = ShadowGateway if system.settings.mode == "shadow" else PaperGateway
    return kind(
        run=system.run,
        clock=system.clock,
        answer=lambda news: system.tell_exchange(news, generation),
        generation=generation,
        past=JournaledPast(journal, system.scope),
    )


@contextmanager
def a_paper_house(directory: Path, **sections: object) -> Iterator[PaperHouse]:
    house = PaperHouse(directory, Settings.model_validate(sections))
    house.system.start()
    try:
        yield house
    finally:
        assert house.system.stop(), f"not stopped within {PATIENCE_S}"
        house.journal.close()


class Run:
    """A loop over a real system with one market; `go` runs it until a Stop that was put."""

    def __init__(self, house, directory, *, steps=(), **options) -> None:
        self.house, self.system = house, house.system
        self.config = directory / "settings.yaml"
        self.config.write_text("")
        self.events = RunEvents()
        self.roster = Roster(self.system, ListedVenue(), wanted=(), poll_s=3600)
        given = {"duration": None, "crash_market": (), **options}
        self.said: list[str] = []
        self._after_the_start: tuple[RunEvent, ...] = ()
        self.state_directory = directory / "state"
        self.loop = RunLoop(
            options=RunOptions(
                settings=self.system.settings,
                secrets=Secrets(),
                config_path=self.config,
                command_line={},
                log_path=directory / "log.jsonl",
                append=True,
                live_view=False,
                markets=(),
                recording=None,
                exchange_log=None,
                exchange_ledger=None,
                faults=None,
                **given,
            ),
            venue=Venue(rest_url="", ws_url="", credentials=None, clock=self.system.clock, read_budget=ReadBudget()),  # type: ignore[arg-type]
            system=self.system,
            roster=self.roster,
            events=self.events,
            telemetry=RunTelemetry(
                run=TelemetryRun(run="r1"),
                board=TelemetryBoard(),
                redactor=Redactor(),
                outputs=TelemetryOutputs(stream=None, path=None, max_bytes=0, backups=0),
            ),
            signs=LifeSigns(
                run="r1",
                directory=self.state_directory,
                supervisor=self.system.supervisor,
                markets=self.system.boards.markets.states,
                journal_trouble=lambda: None,
                notify=None,
                say=self.said.append,
            ),
            start=StartThread(steps, self.events),
            opened=self._opened,
        )

    def go(self, *events: RunEvent) -> int:
        self.loop.take_signals()
        self._after_the_start = (*events, Stop(who="test"))
        return self.loop.run()

    def _opened(self, _loop: RunLoop) -> None:
        for event in self._after_the_start:
            self.events.put(event)

    def told(self, action):
        return self.house.ledger.wait_for(action)


@contextmanager
def a_run(directory: Path, **options: object) -> Iterator[Run]:
    """A run that began with what an empty settings file says, trading one market."""
    config = directory / "first.yaml"
    config.write_text("")
    with a_paper_house(directory / "state") as house:
        house.system.settings = load(config, environ={}, dotenv=directory / "none").settings
        house.system.add_market(a_market(ticker=MARKET))
        house.wait_for_market(MARKET)
        yield Run(house, directory, **options)
