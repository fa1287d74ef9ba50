"""Since when each gate of each market says what it says, where the market itself does not know.

The main loop lets it look about once a second; a verdict that changed since the last look is dated with the market's
own time then, so a date may be a second late. A verdict that was there at the first look is not dated earlier than
that look. Whatever comes and goes between two looks is not seen.
"""

from collections.abc import Callable
from dataclasses import dataclass

from edgelock.actors.clock import monotonic_ns
from edgelock.core.explain import EXITS
from edgelock.core.explain_check import Look
from edgelock.core.explain_entries import entry_holds, rows_of
from edgelock.core.explain_exits import exit_holds, exit_rows
from edgelock.core.market import Side
from edgelock.core.market_state import MarketState
from edgelock.core.strategy import Strategy, strategy_named
from edgelock.core.units import SECOND, Timestamp
from edgelock.ops.trading_system import TradingSystem

LOOK_EVERY_NS = SECOND

Holds = tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    """One market at the last look: each part's verdicts, and since when each has been the same."""

    state: MarketState
    holds: dict[str, Holds]
    since: dict[str, tuple[Timestamp, ...]]


class GateHistory:
    """Looked with by the main loop, read by anyone: what was seen of a market is replaced as a whole.

    states     the last known state of every market
    monotonic_ns  real time, for how often to look
    """

    def __init__(
        self,
        *,
        states: Callable[[], tuple[MarketState, ...]],
        strategy: Strategy,
        monotonic_ns: Callable[[], int],
    ) -> None:
        self._states = states
        self._strategy = strategy
        self._monotonic_ns = monotonic_ns
        self._next_look_ns = monotonic_ns()
        self._seen: dict[str, _Seen] = {}

    def look(self) -> None:
        """Compare every market with the last look; called more often than once a second it does nothing."""
        now_ns = self._monotonic_ns()
        if now_ns < self._next_look_ns:
            return
        self._next_look_ns = now_ns + LOOK_EVERY_NS
        known = {state.market.ticker: self._seen_now(state) for state in self._states()}
        self._seen = known

    def since(self, ticker: str) -> Callable[[str, str], Timestamp | None]:
        """A question about one market: since when, by part and name of the gate; None for what was not looked at."""
        seen = self._seen.get(ticker)
        if seen is None:
            return lambda _part, _name: None
        look = Look(seen.state, self._strategy)
        entries = [row.name for row in rows_of(look)]
        exits = [row.name for row in exit_rows(look)]

        def answer(part: str, name: str) -> Timestamp | None:
            names = exits if part == EXITS else entries
            return seen.since[part][names.index(name)] if part in seen.since and name in names else None

        return answer

    def _seen_now(self, state: MarketState) -> _Seen:
        before = self._seen.get(state.market.ticker)
        if before is not None and before.state is state:
            return before
        look = Look(state, self._strategy)
        holds = {side.value: entry_holds(look, side) for side in Side}
        holds[EXITS] = exit_holds(look)
        if before is None:
            return _Seen(state, holds, {part: (state.now,) * len(row) for part, row in holds.items()})
        since = {
            part: before.since[part] if row == before.holds[part] else _dated(before, part, row, state.now)
            for part, row in holds.items()
        }
        return _Seen(state, holds, since)


def _dated(before: _Seen, part: str, row: Holds, now: Timestamp) -> tuple[Timestamp, ...]:
    """What changed since the look before is dated now."""
    old = zip(before.since[part], before.holds[part], row, strict=True)
    return tuple(at if was is holds else now for at, was, holds in old)


def gate_history(system: TradingSystem) -> GateHistory:
    """Of the markets of one run, under its strategy."""
    return GateHistory(
        states=system.boards.markets.states,
        strategy=strategy_named(system.settings.strategy_name),
        monotonic_ns=monotonic_ns,
    )
