"""What the door writes down, and when: orders before they are sent, fills, ends and payouts before they are told.

A journal that cannot be written stops entries and nothing else: it is said, and what was learned is told all the same.
"""

from collections.abc import Callable

from edgelock.actors.journal import Journal, JournalError, RecordedFill
from edgelock.core.intents import PlaceOrder
from edgelock.core.order import ClientOrderId, OrderState
from edgelock.core.recovery import PaidOut
from edgelock.core.units import Size, Timestamp


class DoorJournal:
    """For the door's thread. run: of this process; say: a line for people."""

    def __init__(self, journal: Journal, *, run: str, say: Callable[[str, Timestamp], None]) -> None:
        self._journal = journal
        self._say = say
        self.run = run

    def intent(self, *, ticker: str, incarnation: int, wish: PlaceOrder, at: Timestamp) -> bool:
        """An order is about to be sent; False when it could not be written down."""
        try:
            self._journal.record_intent(run=self.run, ticker=ticker, incarnation=incarnation, intent=wish, at=at)
        except JournalError as error:
            self._say(f"order not journaled: {error}", at)
            return False
        return True

    def fill(self, fill: RecordedFill) -> bool:
        """A fill; False when it is on record already. One that cannot be written must not be lost: it is new."""
        try:
            return self._journal.record_fill(fill)
        except JournalError as error:
            self._say(f"fill {fill.trade_id} not journaled: {error}", fill.at)
            return True

    def end(self, client_order_id: ClientOrderId, state: OrderState, at: Timestamp) -> None:
        """An order's proven end."""
        try:
            self._journal.record_end(client_order_id=client_order_id, state=state, at=at)
        except JournalError as error:
            self._say(f"end of {client_order_id} not journaled: {error}", at)

    def payout(self, *, ticker: str, net: Size, paid: PaidOut) -> bool:
        """A settlement; False when it is on record already. net: what was held then."""
        try:
            return self._journal.record_settlement(
                run=self.run, ticker=ticker, value=paid.value, net=net, fee=paid.fee, at=paid.at
            )
        except JournalError as error:
            self._say(f"settlement of {ticker} not journaled: {error}", paid.at)
            return True
