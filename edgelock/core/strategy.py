"""The one small interface that strategies stand behind. A strategy is a value: it remembers nothing."""

from typing import Protocol

from edgelock.core.edge_locked import EdgeLocked
from edgelock.core.legacy import Legacy
from edgelock.core.market_state import MarketState
from edgelock.core.plan import Plan


class Strategy(Protocol):
    """Chooses what is wanted; exits, orders, limits and telemetry around it are shared."""

    @property
    def name(self) -> str:
        """The name that the log and the settings use."""
        ...

    def plan(self, state: MarketState) -> Plan:
        """What is wanted in this state."""
        ...


EDGE_LOCKED = EdgeLocked()
LEGACY = Legacy()


def strategy_named(name: str) -> Strategy:
    """The strategy of that name. Raises KeyError for any other name."""
    known: tuple[Strategy, ...] = (EDGE_LOCKED, LEGACY)
    return {strategy.name: strategy for strategy in known}[name]
