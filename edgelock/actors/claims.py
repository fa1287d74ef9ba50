"""What a market is told that claims its record: what stands there now, and what nobody has told people of yet.

Each fact is told by one life. Up to where that was done the claim says; when a life has died while it told some late,
the next is not given those again: it would only die of them too. Of those, and of what is too long ago or was learned
in an earlier life of the door, people are told how much the log does not have.
"""

from edgelock.actors.desk_history import Told
from edgelock.actors.messages import ClaimAnswer
from edgelock.actors.order_desk import OrderDesk
from edgelock.core.facts import UntoldFact
from edgelock.core.position import Position
from edgelock.core.telemetry import Reconcile
from edgelock.core.units import Money, Timestamp, money_text

TRADES_SHOWN = 10
"""So many trade ids are named when fills have no line."""


def answer(desk: OrderDesk, numbering: int, at: Timestamp) -> tuple[ClaimAnswer, Reconcile | None]:
    """For the present claimant, and for people when the log will not have everything.

    numbering: of this life of the door, in which nobody has told anything before a claim of it was answered.
    """
    untold = _untold(desk, numbering)
    claim_answer = ClaimAnswer(desk.incarnation, numbering, desk.recovered(at, untold))
    if desk.told is None:
        return claim_answer, None
    first = untold[0].position if untold else desk.ledger.position
    return claim_answer, _gap(desk.market.ticker, desk.told, first, at)


def _untold(desk: OrderDesk, numbering: int) -> tuple[UntoldFact, ...]:
    told = desk.told
    is_of_this_life = told is not None and told.numbering == numbering
    return desk.untold_since(told.sequence if told is not None and is_of_this_life else 0) or ()


def _gap(ticker: str, told: Told, first: Position, at: Timestamp) -> Reconcile | None:
    """Between what was told last and the first that will be told."""
    trades = sorted(first.trade_ids - told.position.trade_ids)
    result = Money(first.realized - told.position.realized)
    if not trades and not result:
        return None
    names = f": {', '.join(trades[:TRADES_SHOWN])}" if trades else ""
    detail = f"{ticker}: {len(trades)} fills have no line of their own, with a result of {money_text(result)}{names}"
    return Reconcile(at=at, found=len(trades), adopted=len(trades), cancelled=0, detail=detail)
