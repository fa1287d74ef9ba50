"""What becomes of the position of a market that is quarantined: exits only, by policy, wanted like any strategy's.

Small on purpose: of what such a market decides for itself, nothing is used but the price of its take-profit.
"""

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from edgelock.core.exits import can_exit_now, due_exit, price_through_touch, take_profit_quotes
from edgelock.core.market_state import MarketState
from edgelock.core.order import CancelReason, Kind
from edgelock.core.plan import Alert, Entry, Plan, Quote, crossing_exit
from edgelock.core.telemetry import ExitBlocked

_NO_ENTRY = Entry(quote=None, withdraw_for=CancelReason.RETIRED)


class OnQuarantine(Enum):
    """What is done about the position; entries are withdrawn in any case.

    KEEP     a take-profit of all of it rests
    FLATTEN  it is sold, or bought back, at what the book shows, no deeper than `max_exit_slippage_ticks`
    CANCEL   nothing of it rests, and nothing is done
    """

    KEEP = "keep"
    FLATTEN = "flatten"
    CANCEL = "cancel"


@dataclass(frozen=True)
class Guardian:
    """Stands in for the strategy of a market without an actor. Flattening waits for a book with the take-profit."""

    policy: OnQuarantine
    name: ClassVar[str] = "guardian"

    def plan(self, state: MarketState) -> Plan:
        """No entry, the exits of the policy, and every while the word that an exit by age is due."""
        return Plan(bid=_NO_ENTRY, ask=_NO_ENTRY, exits=self._exits(state), alerts=_alerts(state))

    def _exits(self, state: MarketState) -> tuple[Quote, ...]:
        if state.position.sign == 0 or self.policy is OnQuarantine.CANCEL:
            return ()
        if self.policy is OnQuarantine.FLATTEN and can_exit_now(state):
            price = price_through_touch(state, state.settings.max_exit_slippage_ticks)
            return (crossing_exit(Kind.FLATTEN, state.exit_side, price, state.position.size),)
        return take_profit_quotes(state, state.position.size)


def _alerts(state: MarketState) -> tuple[Alert, ...]:
    kind, age, told_at = due_exit(state), state.age, state.episode.blocked_alert_at
    if kind is None or age is None:
        return ()
    if told_at is not None and state.now - told_at < state.settings.exit_blocked_alert:
        return ()
    blocked = ExitBlocked(
        at=state.now,
        market=state.market.ticker,
        context=state.context(),
        age_s=age,
        exit_kind=kind.value,
        reason="the market is quarantined",
    )
    return (blocked,)
