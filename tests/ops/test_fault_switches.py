"""Failures on purpose strike once, at their time, where the person said."""

from dataclasses import dataclass, field
from typing import Any

from edgelock.actors.risk_board import RiskBoard
from edgelock.core.units import SECOND, Duration
from edgelock.ops.actor_builders import Boards
from edgelock.ops.fault_switches import FaultSwitches
from edgelock.ops.run_options import ANY_MARKET, CrashActorAt, CrashAt, HangAt
from tests.actors.trading_doubles import WatchedBoard
from tests.core.builders import a_market, a_position, a_state

A, B = "KXNHLGAME-A", "KXNHLGAME-B"


@dataclass
class ListeningSystem:
    """Trades A and B, of which only B holds a position, and writes down what is to fail."""

    boards: Boards = field(
        default_factory=lambda: Boards(markets=WatchedBoard(), risk=RiskBoard(), gate=None)  # type: ignore[arg-type]
    )
    done: list[tuple[Any, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.boards.markets.publish(a_state(market=a_market(ticker=A)), 1)
        self.boards.markets.publish(a_state(market=a_market(ticker=B), position=a_position(10)), 1)

    def crash_market(self, ticker: str, reason: str) -> bool:
        self.done.append(("crash", ticker, reason))
        return ticker in (A, B)

    def hang_market(self, ticker: str, lasts: Duration) -> bool:
        self.done.append(("hang", ticker, lasts))
        return ticker in (A, B)

    def crash_actor(self, name: str, reason: str) -> None:
        self.done.append(("crash", name, reason))


def seconds(number: float) -> Duration:
    return Duration(int(number * SECOND))


def switches(*faults, system=None, said=None) -> FaultSwitches:
    return FaultSwitches(faults, system or ListeningSystem(), [].append if said is None else said.append)


def test_each_fault_strikes_once_when_its_time_has_come():
    system = ListeningSystem()
    due = switches(
        HangAt(ticker=B, after=seconds(2), lasts=seconds(12)), CrashAt(ticker=A, after=seconds(1)), system=system
    )

    due.throw_due(seconds(0.9))
    assert system.done == []
    due.throw_due(seconds(1))
    assert [what for what, *_ in system.done] == ["crash"]
    due.throw_due(seconds(9))
    due.throw_due(seconds(10))
    assert [(what, where) for what, where, _ in system.done] == [("crash", A), ("hang", B)]
    assert system.done[1][2] == seconds(12)


def test_any_market_is_one_that_holds_a_position():
    system = ListeningSystem()

    switches(
        CrashAt(ticker=ANY_MARKET, after=seconds(1)),
        HangAt(ticker=ANY_MARKET, after=seconds(1), lasts=seconds(1)),
        system=system,
    ).throw_due(seconds(1))

    assert [where for _, where, _ in system.done] == [B, B]


def test_an_actor_of_the_infrastructure_is_crashed_by_its_name():
    system = ListeningSystem()

    switches(CrashActorAt(actor="exchange", after=seconds(1)), system=system).throw_due(seconds(1))

    assert system.done == [("crash", "exchange", "fault switch --crash-actor")]


def test_a_market_that_is_not_traded_is_told():
    said: list[str] = []

    switches(
        CrashAt(ticker="NONE", after=seconds(1)),
        HangAt(ticker="NONE", after=seconds(1), lasts=seconds(1)),
        said=said,
    ).throw_due(seconds(1))

    assert said == [
        "--crash-market NONE: no such market is traded",
        "--hang-market NONE: no such market is traded",
    ]
