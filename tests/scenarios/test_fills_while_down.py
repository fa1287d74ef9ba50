"""What fills while a market has no actor is in the log once, and the log adds up: real threads, the whole house.

Entries and exits are filled on paper by books that only the exchange on paper is shown.
"""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edgelock.actors import market_actor
from edgelock.actors.messages import FeedNews
from edgelock.actors.paper_gateway import PaperGateway
from edgelock.core.book import Book
from edgelock.core.facts import BookChanged, Fact, FeedStatus, FeedStatusChanged, OrderFilled
from edgelock.core.permit import Mode
from edgelock.ops.audit import audit_logs
from tests.core.builders import a_book, a_market
from tests.ops.log_stories import lines_of, opening, write_log
from tests.ops.trading_house import PaperHouse, a_paper_house

A = "KXNHLGAME-A"
DOWN_FOR_S = "0.6"


class Deadly:
    """The step of a market as it is, except that a fact kills the life that hears it when a test says so."""

    def __init__(self, original: Any) -> None:
        self._original = original
        self.kills: Callable[[str, Fact], bool] = lambda _life, _fact: False

    def __call__(self, state: Any, fact: Any, strategy: Any) -> Any:
        if self.kills(threading.current_thread().name.rpartition("#")[2], fact):
            raise RuntimeError(f"{type(fact).__name__} is deadly")
        return self._original(state, fact, strategy)


@pytest.fixture
def step(monkeypatch: pytest.MonkeyPatch) -> Deadly:
    deadly = Deadly(market_actor.step)
    monkeypatch.setattr(market_actor, "step", deadly)
    return deadly


@pytest.fixture
def house(tmp_path: Path, step: Deadly) -> Iterator[PaperHouse]:
    with a_paper_house(tmp_path, supervision={"backoff_base_s": DOWN_FOR_S}) as house:
        house.system.add_market(a_market(ticker=A))
        house.board.wait_for(A, lambda state: state.is_recovered and state.permit.mode is Mode.OPEN)
        house.system.addresses.exchange.tell(FeedNews(A, is_live=True))
        yield house


def show_paper(house: PaperHouse, bid: int, ask: int) -> None:
    """The market itself is not told."""
    paper, view = house.system.gateway, a_book(bid, ask)
    assert isinstance(paper, PaperGateway)
    paper.on_book(A, Book(view.bids, view.asks), house.system.clock.now())


def tell_market(house: PaperHouse, bid: int, ask: int) -> None:
    at = house.system.clock.now()
    house.system.tell_market(A, FeedStatusChanged(at=at, status=FeedStatus.LIVE, reason=""))
    house.system.tell_market(A, BookChanged(at=at, view=a_book(bid, ask)))


def enter(house: PaperHouse) -> None:
    show_paper(house, 40, 44)
    tell_market(house, 40, 44)
    house.ledger.wait_for("order_ack", market=A, where=lambda ack: ack.client_order_id.startswith(f"r1-{A}-1-"))


def lines_about_market(house: PaperHouse, action: str) -> list[Any]:
    return list(house.ledger.of(action, A))


def examine(house: PaperHouse, directory: Path) -> tuple[list[str], list[str]]:
    """What the audit of the whole log finds, and what it could not judge."""
    # Lines of the system as a whole carry no market.
    findings = audit_logs([write_log(directory / "log.jsonl", lines_of((*opening(ticker=A), *house.ledger.all)))])
    return [finding.reason for finding in findings.kept], findings.notes


def test_a_fill_that_killed_its_market_is_told_by_the_next_life(
    house: PaperHouse, step: Deadly, tmp_path: Path
) -> None:
    enter(house)
    step.kills = lambda life, fact: life == "1" and isinstance(fact, OrderFilled)

    show_paper(house, 36, 38)

    house.ledger.wait_for("actor_crash", market=A)
    house.ledger.wait_for("quote_place", market=A, where=lambda line: line.role == "exit")
    (fill,) = lines_about_market(house, "FILL")
    state = house.board.wait_for(A, lambda state: state.position.sign == 1)
    assert fill.qty == state.position.net
    assert examine(house, tmp_path) == ([], [])


def test_an_exit_that_filled_while_its_market_was_down_is_told_with_its_result(
    house: PaperHouse, tmp_path: Path
) -> None:
    enter(house)
    show_paper(house, 36, 38)
    exit_line = house.ledger.wait_for("quote_place", market=A, where=lambda line: line.role == "exit")
    house.ledger.wait_for("order_ack", market=A, where=lambda ack: ack.client_order_id == exit_line.client_order_id)

    house.system.crash_market(A, "a test")
    house.ledger.wait_for("actor_crash", market=A)
    show_paper(house, 60, 62)

    realized = house.ledger.wait_for("REALIZE", market=A)
    state = house.board.wait_for(A, lambda state: state.is_recovered and state.position.sign == 0)
    assert [line.side for line in lines_about_market(house, "FILL")] == ["bid", "ask"]
    assert realized.pnl == state.position.realized
    assert [(line.old_state, line.new_state) for line in lines_about_market(house, "state_change")] == [
        ("FLAT", "SKEW_LONG"),
        ("SKEW_LONG", "FLAT"),
    ]
    assert examine(house, tmp_path) == ([], [])


def test_a_fill_that_nobody_survives_telling_is_named_and_the_market_goes_on(house: PaperHouse, step: Deadly) -> None:
    enter(house)
    step.kills = lambda _life, fact: isinstance(fact, OrderFilled) or bool(getattr(fact, "untold", ()))

    show_paper(house, 36, 38)

    gap = house.ledger.wait_for("reconcile", where=lambda line: "no line of their own" in line.detail)
    assert (gap.found, gap.detail[: len(A)]) == (1, A)
    house.ledger.wait_for("quote_place", market=A, where=lambda line: line.role == "exit")
    assert lines_about_market(house, "FILL") == []
    assert len(lines_about_market(house, "actor_crash")) == 2
