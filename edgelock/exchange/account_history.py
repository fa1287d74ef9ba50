"""What private reads show of a member: the account as it was at an instant that may lie a little back.

On the venue reads lag writes (venue reference §6.11): right after a create its order is not found, right after a
cancel it still rests. The engine writes down every change of a member's account as it happens; a read sees the changes
up to the instant it speaks of, all of its lists at the same one.
"""

from collections import deque
from dataclasses import dataclass, field, replace

from edgelock.core.units import Money, Timestamp
from edgelock.exchange.accounts import Position, Settlement
from edgelock.exchange.facts import Filled
from edgelock.exchange.orders import OrderStatus, OrderView


@dataclass(frozen=True, slots=True)
class Held:
    """A position as it became. `position` is a copy that nobody changes."""

    ticker: str
    position: Position

    @classmethod
    def now(cls, ticker: str, position: Position) -> "Held":
        """A picture of a position as it is at this moment."""
        return cls(ticker, replace(position))


Change = OrderView | Filled | Held | Settlement


@dataclass(slots=True, eq=False)
class AccountHistory:
    """One member's account as reads see it, and the changes they do not see yet.

    orders     every order by id, in the order of placing
    resting    those of them that rest
    purses     cash by shard that resting orders have not reserved
    """

    purses: dict[int, Money]
    orders: dict[str, OrderView] = field(default_factory=dict)
    resting: dict[str, OrderView] = field(default_factory=dict)
    fills: list[Filled] = field(default_factory=list)
    positions: dict[str, Position] = field(default_factory=dict)
    settlements: list[Settlement] = field(default_factory=list)
    _unseen: deque[tuple[Timestamp, Change, dict[int, Money]]] = field(default_factory=deque)

    @property
    def available(self) -> Money:
        """Cash of all purses that resting orders have not reserved."""
        return Money(sum(self.purses.values()))

    def note(self, at: Timestamp, change: Change, purses: dict[int, Money]) -> None:
        """Write down a change and the cash available after it. Times must not go back."""
        self._unseen.append((at, change, purses))

    def as_of(self, at: Timestamp) -> "AccountHistory":
        """Itself, moved on to the instant `at`; it never moves back."""
        while self._unseen and self._unseen[0][0] <= at:
            _, change, self.purses = self._unseen.popleft()
            self._see(change)
        return self

    def _see(self, change: Change) -> None:
        match change:
            case OrderView():
                self.orders[change.order_id] = change
                if change.status is OrderStatus.RESTING:
                    self.resting[change.order_id] = change
                else:
                    self.resting.pop(change.order_id, None)
            case Filled():
                self.fills.append(change)
            case Held():
                self.positions[change.ticker] = change.position
            case Settlement():
                self.settlements.append(change)
