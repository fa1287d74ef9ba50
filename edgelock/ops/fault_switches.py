"""The fault switches of an embedded run: failures on purpose, at their times, so that a person can watch the recovery.

Thrown from the main loop, which looks every half second.
"""

from collections.abc import Callable
from typing import assert_never

from edgelock.core.units import Duration
from edgelock.ops.run_options import ANY_MARKET, CrashActorAt, CrashAt, FaultAt, HangAt
from edgelock.ops.trading_system import TradingSystem


class FaultSwitches:
    """Those of one run. `throw_due` throws each once.

    say   is told what could not be done
    """

    def __init__(self, faults: tuple[FaultAt, ...], system: TradingSystem, say: Callable[[str], None]) -> None:
        self._faults = sorted(faults, key=lambda fault: fault.after)
        self._system = system
        self._say = say

    def throw_due(self, uptime: Duration) -> None:
        """Throw what is due so long after the start (real time)."""
        while self._faults and uptime >= self._faults[0].after:
            self._throw(self._faults.pop(0))

    def _throw(self, fault: FaultAt) -> None:
        match fault:
            case CrashAt():
                ticker = self._market(fault.ticker)
                if not self._system.crash_market(ticker, "fault switch --crash-market"):
                    self._say(f"--crash-market {ticker}: no such market is traded")
            case HangAt():
                ticker = self._market(fault.ticker)
                if not self._system.hang_market(ticker, fault.lasts):
                    self._say(f"--hang-market {ticker}: no such market is traded")
            case CrashActorAt():
                self._system.crash_actor(fault.actor, "fault switch --crash-actor")
            case _:
                assert_never(fault)

    def _market(self, wanted: str) -> str:
        """For any: one that holds a position, so that there is something to come back to; else the first."""
        if wanted != ANY_MARKET:
            return wanted
        states = self._system.boards.markets.states()
        held = [state for state in states if state.position.sign] or list(states)
        return held[0].market.ticker if held else ANY_MARKET
