"""What happened while nobody looked is written down once, counted once, and told to people.

Between two lives of the door, or two runs, orders go on filling and markets are paid out. The venue's lists tell of
it afterwards: the journal takes each fill and each payout once, and the risk side hears of all results there ever were,
in place of what it had counted: between a fill that was written down and its result that was not counted a run may die.
"""

from edgelock.actors.address import Address
from edgelock.actors.door_journal import DoorJournal
from edgelock.actors.journal import RecordedFill
from edgelock.actors.messages import Records, ResultsRecovered
from edgelock.core.position import Position
from edgelock.core.recovery import PastFill, Recovery
from edgelock.core.telemetry import Reconcile
from edgelock.core.units import CONTRACT, ONE_DOLLAR, Size, Timestamp


class TakingUp:
    """For the door's thread."""

    def __init__(self, journal: DoorJournal, *, risk: Address, telemetry: Address) -> None:
        self._journal = journal
        self._risk = risk
        self._telemetry = telemetry

    def take(self, ticker: str, recovery: Recovery, at: Timestamp) -> None:
        """Journal, count and tell what a market has behind it."""
        for fill in recovery.missed:
            self._journal.fill(self._as_recorded(ticker, fill))
        if recovery.missed_payout is not None:
            self._journal.payout(ticker=ticker, net=recovery.net_paid, paid=recovery.missed_payout)
        for client_order_id, end in recovery.finished:
            self._journal.end(client_order_id, end, at)
        results = tuple((closing.at, closing.realized.pnl) for closing in recovery.closings)
        self._risk.tell(ResultsRecovered(ticker, results))
        detail = describe(recovery)
        if detail:
            record = Reconcile(
                at=at,
                found=len(recovery.missed) + len(recovery.finished),
                adopted=len(recovery.missed),
                cancelled=len(recovery.finished),
                detail=f"{ticker}: {detail}",
            )
            self._telemetry.tell(Records((record,)))

    def _as_recorded(self, ticker: str, fill: PastFill) -> RecordedFill:
        return RecordedFill(
            run=self._journal.run,
            ticker=ticker,
            client_order_id=fill.order_id,
            trade_id=fill.trade_id,
            side=fill.side,
            price=fill.price,
            size=fill.size,
            fee=fill.fee,
            is_taker=fill.is_taker,
            at=fill.at,
        )


def describe(recovery: Recovery) -> str:
    """What was found, for people; "" when there was nothing."""
    parts = []
    if recovery.missed:
        parts.append(f"{len(recovery.missed)} fills from before")
    if recovery.missed_payout is not None:
        parts.append(f"paid out at {_dollars(recovery.missed_payout.value)}")
    if recovery.position.sign:
        parts.append(f"net {_contracts(recovery.position.net)}, vwap {_vwap(recovery.position)}")
    if recovery.finished:
        parts.append(f"{len(recovery.finished)} earlier orders have ended")
    if recovery.drift:
        parts.append(f"the venue's position is {_contracts(recovery.drift)} more")
    if recovery.unlisted:
        parts.append(f"{recovery.unlisted} fills are not on the venue's list")
    return ", ".join(parts)


def _contracts(size: Size) -> str:
    sign = "-" if size < 0 else ""
    return f"{sign}{abs(size) // CONTRACT}.{abs(size) % CONTRACT:02d}"


def _vwap(position: Position) -> str:
    return "none" if position.vwap is None else _dollars(round(position.vwap))


def _dollars(price: int) -> str:
    return f"{price // ONE_DOLLAR}.{price % ONE_DOLLAR:04d}"
