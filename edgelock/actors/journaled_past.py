"""What the journal knows from before, for a gateway that begins: the records of its own account and world only."""

from typing import Protocol

from edgelock.actors.journal import Journal, RecordedFill, RecordedIntent
from edgelock.core.recovery import PaidOut, PastFill, Recorded


class Past(Protocol):
    """All may raise JournalError; called on any thread."""

    def unfinished(self) -> tuple[RecordedIntent, ...]:
        """Orders without a recorded end, of every run: they may be alive."""
        ...

    def runs(self) -> tuple[str, ...]:
        """What the client order ids of earlier runs begin with, whether their orders are on record or not."""
        ...

    def recorded(self, ticker: str) -> Recorded:
        """What is known of one market."""
        ...


class JournaledPast:
    """scope: which account and world to read of."""

    def __init__(self, journal: Journal, scope: str) -> None:
        self._journal = journal
        self._scope = scope

    def unfinished(self) -> tuple[RecordedIntent, ...]:
        """Orders of this scope without a recorded end, oldest first."""
        return self._journal.unfinished_intents(scope=self._scope)

    def runs(self) -> tuple[str, ...]:
        """Every run of this scope, oldest first, also of a journal that was lost."""
        return self._journal.runs_of(self._scope)

    def recorded(self, ticker: str) -> Recorded:
        """The fills, the settlement and the unfinished orders of one market."""
        paid = self._journal.settlement_of(ticker, scope=self._scope)
        return Recorded(
            fills=tuple(_past(fill) for fill in self._journal.fills_of(ticker, scope=self._scope)),
            unfinished=frozenset(each.intent.client_order_id for each in self.unfinished() if each.ticker == ticker),
            payout=None if paid is None else PaidOut(value=paid.value, fee=paid.fee, at=paid.at),
        )


class NoPast:
    """Nothing was ever recorded."""

    def unfinished(self) -> tuple[RecordedIntent, ...]:
        """None."""
        return ()

    def runs(self) -> tuple[str, ...]:
        """None."""
        return ()

    def recorded(self, _ticker: str) -> Recorded:
        """Nothing."""
        return Recorded()


def _past(fill: RecordedFill) -> PastFill:
    return PastFill(
        trade_id=fill.trade_id,
        order_id=fill.client_order_id,
        side=fill.side,
        price=fill.price,
        size=fill.size,
        fee=fill.fee,
        is_taker=fill.is_taker,
        at=fill.at,
    )
