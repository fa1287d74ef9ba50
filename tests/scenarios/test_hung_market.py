"""A market that hangs is fenced and replaced; what it wishes when it wakes reaches nobody.

Real actors, real threads and the real supervisor on paper. The handler hangs on an event of the test, in the middle of
a step that will wish something.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edgelock.actors import market_actor
from edgelock.actors.messages import FeedNews
from edgelock.actors.paper_gateway import PaperGateway
from edgelock.actors.restart_events import RestartBudget
from edgelock.actors.supervision_limits import SupervisionLimits
from edgelock.core.book import Book
from edgelock.core.facts import BookChanged, FeedStatus, FeedStatusChanged
from edgelock.core.permit import Mode
from edgelock.core.units import SECOND
from edgelock.ops.settings import Settings
from tests.actors.runtime_doubles import PATIENCE_S
from tests.core.builders import a_book, a_market
from tests.ops.trading_house import PaperHouse, a_paper_house
from tests.scenarios.live_bot import wait_until

A, B = "KXNHLGAME-A", "KXNHLGAME-B"
REPLACED_WITHIN = 6 * SECOND


@dataclass
class StuckStep:
    """The step of a market as it is, except that the armed one's first life does not come back until it is let go."""

    original: Any
    armed: threading.Event = field(default_factory=threading.Event)
    hangs: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)
    wished: tuple[Any, ...] = ()

    def __call__(self, state: Any, fact: Any, strategy: Any) -> Any:
        is_stuck = (
            self.armed.is_set()
            and isinstance(fact, BookChanged)
            and threading.current_thread().name == f"market:{A}#1"
            and not self.hangs.is_set()
        )
        if not is_stuck:
            return self.original(state, fact, strategy)
        self.hangs.set()
        assert self.let_go.wait(PATIENCE_S)
        decision = self.original(state, fact, strategy)
        self.wished = decision.intents
        return decision


@pytest.fixture
def step(monkeypatch: pytest.MonkeyPatch) -> Iterator[StuckStep]:
    stuck = StuckStep(market_actor.step)
    monkeypatch.setattr(market_actor, "step", stuck)
    yield stuck
    stuck.let_go.set()


@contextmanager
def a_house(directory: Path, *, hung_after_s: str = "0.5", backoff_s: str = "0.05") -> Iterator[PaperHouse]:
    supervision = {"hung_after_s": hung_after_s, "backoff_base_s": backoff_s}
    with a_paper_house(directory, supervision=supervision) as house:
        for ticker in (A, B):
            house.system.add_market(a_market(ticker=ticker))
            house.board.wait_for(ticker, lambda state: state.is_recovered and state.permit.mode is Mode.OPEN)
            house.system.addresses.exchange.tell(FeedNews(ticker, is_live=True))
        yield house


@pytest.fixture
def house(tmp_path: Path, step: StuckStep) -> Iterator[PaperHouse]:
    with a_house(tmp_path) as house:
        yield house
        step.let_go.set()


def tell_book(house: PaperHouse, ticker: str, bid: int, ask: int | None) -> None:
    """As the feed would: the exchange on paper first, then the market."""
    at, view = house.system.clock.now(), a_book(bid, ask)
    paper = house.system.gateway
    assert isinstance(paper, PaperGateway)
    paper.on_book(ticker, Book(view.bids, view.asks), at)
    house.system.tell_market(ticker, BookChanged(at=at, view=view))


def hang(house: PaperHouse, step: StuckStep) -> None:
    """Let both see a book without asks, and the first hang as it looks at one that lets it enter."""
    for ticker in (A, B):
        at = house.system.clock.now()
        tell_book(house, ticker, 40, None)
        house.system.tell_market(ticker, FeedStatusChanged(at=at, status=FeedStatus.LIVE, reason=""))
        house.board.wait_for(ticker, lambda state: state.feed is FeedStatus.LIVE)
    step.armed.set()
    tell_book(house, A, 40, 44)
    assert step.hangs.wait(PATIENCE_S)


def wishes_of_the_first_life(house: PaperHouse) -> list[str]:
    """Actions told of orders that only the first life of the hung market can have wished."""
    with_names = [line for line in house.ledger.all if getattr(line, "client_order_id", "").startswith(f"r1-{A}-1-")]
    return [line.action for line in with_names]


def life_of(house: PaperHouse, ticker: str) -> int:
    return house.system.supervisor.supervision_status().child(f"market:{ticker}").incarnation


def test_a_hung_market_is_replaced_and_the_others_go_on(house: PaperHouse, step: StuckStep) -> None:
    hang(house, step)

    hung = house.ledger.wait_for("actor_hung", market=A)
    back = house.ledger.wait_for("actor_restart", market=A)

    assert (hung.incarnation, back.incarnation) == (1, 2)
    assert "UrgentFact" in hung.message
    assert life_of(house, B) == 1
    tell_book(house, B, 40, 44)
    house.ledger.wait_for("order_ack", market=B)


def test_what_a_replaced_market_wishes_when_it_wakes_is_refused_and_counted(house: PaperHouse, step: StuckStep) -> None:
    hang(house, step)
    house.board.wait_for(A, lambda state: state.order_prefix == f"r1-{A}-2" and state.is_recovered)

    step.let_go.set()

    wait_until(lambda: house.system.boards.gate.fenced(A) == len(step.wished) > 0, "its wishes are counted")
    assert wishes_of_the_first_life(house) == []
    assert house.system.gateway.open_orders() == ()


def test_a_market_that_wakes_before_its_heir_lives_is_refused_as_well(tmp_path: Path, step: StuckStep) -> None:
    """It was given up; that nobody has claimed the market since does not let it through."""
    with a_house(tmp_path, backoff_s="30") as house:
        hang(house, step)
        house.ledger.wait_for("actor_hung", market=A)

        step.let_go.set()

        wait_until(lambda: house.system.boards.gate.fenced(A) == len(step.wished) > 0, "its wishes are counted")
        assert wishes_of_the_first_life(house) == []
        assert house.system.gateway.open_orders() == ()


def test_nobody_is_told_what_a_replaced_market_believes(house: PaperHouse, step: StuckStep) -> None:
    hang(house, step)
    house.board.wait_for(A, lambda state: state.order_prefix == f"r1-{A}-2" and state.is_recovered)

    step.let_go.set()

    wait_until(lambda: zombies(house) == 0, "the woken thread has ended")
    assert wishes_of_the_first_life(house) == []
    state = house.system.boards.markets.state(A)
    assert state is not None
    assert state.order_prefix == f"r1-{A}-2"


def zombies(house: PaperHouse) -> int:
    """Threads that were given up and are still alive."""
    return house.system.supervisor.supervision_status().zombies


def test_the_usual_numbers_replace_a_hung_market_within_six_seconds() -> None:
    usual, limits = Settings().supervision, SupervisionLimits()
    backoff = usual.backoff_base * (100 + RestartBudget().jitter_percent) // 100

    assert usual.hung_after + limits.watch_every_ns + backoff < REPLACED_WITHIN


@pytest.mark.campaign
def test_a_hung_market_is_replaced_within_six_seconds(tmp_path: Path, step: StuckStep) -> None:
    """Measured, by the usual settings: on a machine that is busy with other things it may take longer."""
    with a_house(tmp_path, hung_after_s="5", backoff_s="0.2") as house:
        hang(house, step)
        began = time.monotonic_ns()
        house.ledger.wait_for("actor_restart", market=A)

        assert time.monotonic_ns() - began < REPLACED_WITHIN
