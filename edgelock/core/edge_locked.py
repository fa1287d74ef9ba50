"""The edge-locked strategy: enter only when flat and inside a gate; leave at the own VWAP, by age, or by trimming."""

from edgelock.core.exits import due_exit, exit_alerts, exit_quotes
from edgelock.core.market import Side
from edgelock.core.market_state import MarketState
from edgelock.core.plan import Plan
from edgelock.core.quoting import edge_locked_entry


class EdgeLocked:
    """Buys at or below the low gate, sells at or above the high gate (strategy §4–§7)."""

    name = "edge_locked"

    def plan(self, state: MarketState) -> Plan:
        """Entries while flat, exits while not, and the alerts of a position that is stuck."""
        return Plan(
            bid=edge_locked_entry(state, Side.BID),
            ask=edge_locked_entry(state, Side.ASK),
            exits=exit_quotes(state),
            alerts=exit_alerts(state, due_exit(state)),
        )
