"""One thing that can say no, as a person reads it: its name, what it found, what it allows, since when, until when.

Rows are tables of such things about one market. A row's verdict is cheap, so that all of them can be looked at often;
its words are made only when somebody asks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from edgelock.core.market import Side
from edgelock.core.market_state import MarketState
from edgelock.core.plan import Plan
from edgelock.core.strategy import Strategy
from edgelock.core.units import Timestamp

Where = Literal["actors", "risk", "market", "door"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The verdict of one gate, limit, breaker or hold.

    where     who asks: the supervisor's table, the risk side, the market itself, the door to the venue
    name      as docs/guards.md calls it
    is_holding  it says no now
    found, allowed  in words with units; prices in dollars, sizes in contracts, as the venue writes them
    since     engine time since when the verdict is what it is, where that is known
    until     engine time at which it ends by itself, where time ends it
    """

    where: Where
    name: str
    is_holding: bool
    found: str
    allowed: str
    since: Timestamp | None = None
    until: Timestamp | None = None


@dataclass(frozen=True)
class Look:
    """One market at one moment, and what its strategy wants then."""

    state: MarketState
    strategy: Strategy

    @cached_property
    def plan(self) -> Plan | None:
        """What is wanted; None before the market has recovered. Made when first asked for, because few rows do."""
        return self.strategy.plan(self.state) if self.state.is_recovered else None


def _unknown(_look: Look, _side: Side) -> Timestamp | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A gate of the market itself, for one side; `since` and `until` where the state knows them."""

    name: str
    holds: Callable[[Look, Side], bool]
    words: Callable[[Look, Side], tuple[str, str]]
    since: Callable[[Look, Side], Timestamp | None] = _unknown
    until: Callable[[Look, Side], Timestamp | None] = _unknown

    def check(self, look: Look, side: Side) -> Check:
        """The row's verdict, with its words."""
        found, allowed = self.words(look, side)
        is_holding = self.holds(look, side)
        return Check(
            where="market",
            name=self.name,
            is_holding=is_holding,
            found=found,
            allowed=allowed,
            since=self.since(look, side) if is_holding else None,
            until=self.until(look, side) if is_holding else None,
        )
