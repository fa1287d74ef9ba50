"""How one market's record came to be what it is, and up to where a market has told people of it.

What came while a market had no actor is in the record and in nobody's log. Its next life is given those facts with the
record of each moment, so that it can tell them as if nothing had happened in between.
"""

from collections import deque
from dataclasses import dataclass

from edgelock.core.facts import OrderFact, UntoldFact
from edgelock.core.intents import Intent
from edgelock.core.order_ledger import OrderLedger
from edgelock.core.position import Position
from edgelock.core.units import Timestamp

HISTORY_KEPT = 400
"""Steps of a market's record that can be told late. In quoting, three or four steps are an order's whole life."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Up to where the lives of a market have told people of the record.

    numbering  whose sequence it is: every life of the door counts anew
    sequence   of the last order fact that was told, or that a life began to tell late and did not survive
    position   as it was told last
    """

    numbering: int
    sequence: int
    position: Position


@dataclass(frozen=True, slots=True)
class _Sent:
    """An intent that went out, or was refused on the way."""

    intent: Intent
    at: Timestamp


class DeskHistory:
    """The last steps of one record, and the record as it was before them. The steps are few, and small."""

    def __init__(self, ledger: OrderLedger) -> None:
        self._base = ledger
        self._steps: deque[_Sent | OrderFact] = deque()

    def sent(self, intent: Intent, at: Timestamp) -> None:
        """The record was given this intent."""
        self._add(_Sent(intent, at))

    def learned(self, fact: OrderFact) -> None:
        """The record was given this fact."""
        self._add(fact)

    def since(self, sequence: int) -> tuple[UntoldFact, ...] | None:
        """The facts after this one, each with the record right before it; None when that is too long ago."""
        if sequence < self._base.sequence:
            return None
        ledger, found = self._base, []
        for step in self._steps:
            if not isinstance(step, _Sent) and step.sequence > sequence:
                orders = (*ledger.ended, *ledger.orders)
                found.append(UntoldFact(fact=step, position=ledger.position, orders=orders))
            ledger = _after(ledger, step)
        return tuple(found)

    def _add(self, step: _Sent | OrderFact) -> None:
        self._steps.append(step)
        if len(self._steps) > HISTORY_KEPT:
            self._base = _after(self._base, self._steps.popleft())


def _after(ledger: OrderLedger, step: _Sent | OrderFact) -> OrderLedger:
    return ledger.with_intent(step.intent, step.at) if isinstance(step, _Sent) else ledger.after(step)[0]
