"""Seven faults of market data, on a real socket, with everything that trades behind it.

The venue here shows one market whose true touch never changes but where a test moves it. So whatever an order line
says of the touch that it was priced from is either true or from a bad book.
"""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import pytest

from edgelock.actors.clock import EngineClock
from edgelock.actors.feed import FeedActor
from edgelock.actors.gate_board import GateBoard
from edgelock.actors.journal import Journal
from edgelock.actors.journaled_past import NoPast
from edgelock.actors.paper_gateway import PaperGateway
from edgelock.actors.redaction import Redactor
from edgelock.actors.risk_board import RiskBoard
from edgelock.core.facts import FeedStatus
from edgelock.core.market_state import MarketState
from edgelock.core.order import OrderState, Role
from edgelock.core.rate_limit import full_bucket
from edgelock.core.units import SECOND
from edgelock.kalshi.signing import Credentials
from edgelock.kalshi.socket import SocketLimits
from edgelock.kalshi.wire_market import EventTerms, SeriesTerms
from edgelock.ops.actor_builders import Boards
from edgelock.ops.feed_listeners import listeners_of
from edgelock.ops.settings import Settings
from edgelock.ops.trading_system import TradingSystem
from tests.actors.feed_doubles import ListedReads
from tests.actors.runtime_doubles import PATIENCE_S
from tests.actors.trading_doubles import Ledger, Scribe, WatchedBoard
from tests.core.builders import NOON, a_market
from tests.kalshi.loopback_socket import LoopbackSocketVenue
from tests.kalshi.test_socket import KEY
from tests.ops.trading_house import a_listing

T = "KXNHLGAME-A"
STALE_AFTER_NS = 2 * SECOND
LOST = ("feed_gap", "feed_stale")
Sides = tuple[list[list[str]], list[list[str]]]
TRUE: Sides = ([["0.4600", "30.00"], ["0.4500", "50.00"]], [["0.4900", "20.00"], ["0.9900", "5.00"]])
ELSEWHERE: Sides = ([["0.4400", "30.00"]], [["0.4700", "20.00"], ["0.9900", "5.00"]])
THIN: Sides = ([["0.4600", "30.00"]], [["0.4900", "20.00"]])
ON_NO_SCALE: Sides = ([["0.4600", "30.00"]], [["0.5100", "20.00"]])
"""THIN with its NO orders on the NO scale: as good a book, and a wrong one."""


class House:
    """The whole of paper trading behind one real socket."""

    def __init__(self, directory: Path, venue: LoopbackSocketVenue, reads: ListedReads) -> None:
        self.venue, self.reads, self.ledger, self.board = venue, reads, Ledger(), WatchedBoard()
        self.journal = Journal(directory)
        self.journal.begin_run("r1", "paper:r1", NOON)
        clock = EngineClock.starting_at(NOON)
        self.system = TradingSystem(
            run="r1",
            boards=Boards(markets=self.board, risk=RiskBoard(), gate=GateBoard()),
            settings=Settings(),
            clock=clock,
            journal=self.journal,
            bucket=full_bucket(refill_per_s=100, capacity=100, now=NOON),
            scope="paper:r1",
            began=NOON,
            build_gateway=lambda system, _: PaperGateway(
                run="r1", clock=clock, answer=system.tell_exchange, past=NoPast()
            ),
            build_telemetry=lambda life: Scribe(life, self.ledger),  # type: ignore[arg-type,return-value]
            build_feed=lambda life, system: FeedActor(
                life,
                url=venue.url,
                credentials=Credentials("key-1", KEY),
                listeners=listeners_of(system),
                record=system.record,
                clock=clock,
                stale_after_ns=STALE_AFTER_NS,
                rng=random.Random(1),
                reads=lambda: reads,
                limits=SocketLimits(pause_s=0.01, pause_max_s=0.1, round_s=0.05),
            ),
            escalated=lambda _: None,
            rng=random.Random(1),
            redact=Redactor().text,
        )

    def wait_until_quoting(self) -> list[str]:
        """The client order ids of the entries that rest on a live book, and are on record as placed."""
        state = self.board.wait_for(T, lambda state: state.feed is FeedStatus.LIVE and bool(entries_of(state)))
        self._wait_for_lines("quote_place", entries_of(state))
        return entries_of(state)

    def wait_until_withdrawn(self, entries: list[str]) -> None:
        """None of these rests any more."""
        self._wait_for_lines("order_gone", entries)

    def _wait_for_lines(self, action: str, entries: list[str]) -> None:
        for entry in entries:
            self.ledger.wait_for(action, market=T, where=lambda line, entry=entry: line.client_order_id == entry)

    def touches_priced_from(self) -> set[tuple[int | None, int | None]]:
        """The best bid and ask before every order that was placed; and none was placed while the book was lost."""
        touches, is_lost = set(), False
        for record in [record for record in self.ledger.all if getattr(record, "market", None) == T]:
            is_lost = record.action in LOST or (is_lost and record.action != "feed_resume")
            if record.action == "quote_place":
                assert not is_lost, record
                touches.add((record.context.best_bid, record.context.best_ask))
        return touches


def entries_of(state: MarketState) -> list[str]:
    """Those that the venue has taken."""
    return [order.client_order_id for order in state.live_orders(Role.ENTRY) if order.state is OrderState.RESTING]


def lists_of(book: Sides) -> ListedReads:
    market = a_market(ticker=T)
    return ListedReads(
        {T: book},
        listings={T: a_listing(T, close_time=market.close_time)},
        events={market.event_ticker: EventTerms(market.event_ticker, market.series_ticker, "a game", True, None, None)},
        series={market.series_ticker: SeriesTerms(market.series_ticker, "quadratic", Fraction(1))},
    )


@contextmanager
def a_house(directory: Path, book: Sides = TRUE) -> Iterator[House]:
    with LoopbackSocketVenue({T: book}) as venue:
        house = House(directory, venue, lists_of(book))
        house.system.start()
        try:
            house.system.add_market(a_market(ticker=T))
            yield house
        finally:
            assert house.system.stop(), f"not stopped within {PATIENCE_S}"
            house.journal.close()


def change(price: str, size: str, leg: str = "yes", **more: object) -> dict[str, object]:
    return {"market_ticker": T, "price_dollars": price, "delta_fp": size, "side": leg, **more}


# --- the faults that are one frame ------------------------------------------------------------------------------


def gap(house: House) -> None:
    """A frame is lost; the next one would make a better bid."""
    house.venue.send_numbered("orderbook_delta", change("0.4700", "9.00"), skip=1)


def crossed(house: House) -> None:
    """A bid through every ask, that never was."""
    house.venue.send_numbered("orderbook_delta", change("0.6000", "100.00"))


def duplicate(house: House) -> None:
    """The same change twice; the second would take away what still rests."""
    house.venue.send_numbered("orderbook_delta", change("0.4500", "-20.00"))
    number = house.venue.numbers[1]
    again = {"type": "orderbook_delta", "sid": 1, "seq": number, "msg": change("0.4500", "-20.00")}
    house.venue.send(json.dumps(again))


def late_snapshot(house: House) -> None:
    """A snapshot of an older book, with a number that has been."""
    body = {"market_ticker": T, "yes_dollars_fp": ELSEWHERE[0], "no_dollars_fp": ELSEWHERE[1]}
    house.venue.send(json.dumps({"type": "orderbook_snapshot", "sid": 1, "seq": 1, "msg": body}))


def silent_reconnect(house: House) -> None:
    """The connection ends without a word."""
    house.venue.cut()


@pytest.mark.parametrize("fault", [gap, crossed, duplicate, late_snapshot, silent_reconnect])
def test_entries_are_withdrawn_quoting_resumes_and_no_order_is_priced_from_the_bad_book(
    tmp_path: Path, fault: Callable[[House], None]
) -> None:
    with a_house(tmp_path) as house:
        entries = house.wait_until_quoting()

        fault(house)

        house.wait_until_withdrawn(entries)
        house.wait_until_quoting()
        assert house.touches_priced_from() == {(4600, 4900)}


# --- the faults that last ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("lists", ["at hand", "away"])
def test_a_frozen_socket_is_left_and_nothing_is_priced_from_what_it_showed_last(tmp_path: Path, lists: str) -> None:
    with a_house(tmp_path) as house:
        entries = house.wait_until_quoting()
        before = len(house.ledger.of("quote_place", T))

        house.reads.books, house.reads.is_down = {T: ELSEWHERE}, lists == "away"
        house.venue.books = {}

        house.wait_until_withdrawn(entries)
        house.venue.books = {T: ELSEWHERE}
        house.wait_until_quoting()
        after = house.ledger.of("quote_place", T)[before:]
        assert {(record.context.best_bid, record.context.best_ask) for record in after} == {(4400, 4700)}


def test_a_market_that_is_merely_quiet_is_not_halted(tmp_path: Path) -> None:
    with a_house(tmp_path) as house:
        placed = house.wait_until_quoting()
        asked = len(house.reads.asked)

        house.reads.wait_until_asked("books", asked + 5, PATIENCE_S)

        assert house.wait_until_quoting() == placed
        assert house.ledger.of("feed_stale", T) == []


def test_a_book_on_the_wrong_scale_is_never_priced_from(tmp_path: Path) -> None:
    with a_house(tmp_path, THIN) as house:
        entries = house.wait_until_quoting()

        house.venue.books = {T: ON_NO_SCALE}
        house.venue.cut()

        house.wait_until_withdrawn(entries)
        house.ledger.wait_for("ws_disconnect", where=lambda record: "NO scale" in record.reason)
        house.venue.books = {T: THIN}
        house.wait_until_quoting()
        assert house.touches_priced_from() == {(4600, 4900)}


def test_a_whole_evening_of_faults_leaves_no_order_priced_from_a_bad_book(tmp_path: Path) -> None:
    rng = random.Random(7)
    faults = [gap, crossed, duplicate, late_snapshot, silent_reconnect]
    with a_house(tmp_path) as house:
        for fault in rng.choices(faults, k=8):
            entries = house.wait_until_quoting()
            fault(house)
            house.wait_until_withdrawn(entries)

        house.wait_until_quoting()
        assert house.touches_priced_from() == {(4600, 4900)}
