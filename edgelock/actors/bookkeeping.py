"""What the other side says of orders, positions and payouts: on record first, told then.

The record of a market changes before anybody hears of it, and a fill is written down before it is told. What comes
twice is booked once.
"""

from collections.abc import Callable, Mapping

from edgelock.actors import claims
from edgelock.actors.address import Address
from edgelock.actors.clock import Clock
from edgelock.actors.door_journal import DoorJournal
from edgelock.actors.gate_board import GateBoard
from edgelock.actors.journal import RecordedFill
from edgelock.actors.messages import DriftNews, FactNews, OrderOutcome, Records, ResultRealized
from edgelock.actors.order_desk import OrderDesk
from edgelock.actors.order_gateway import Acknowledged, Filled, OrderNews, Rejected
from edgelock.actors.taking_up import TakingUp
from edgelock.core.facts import OrderFact, OrderFilled
from edgelock.core.intents import CancelOrder
from edgelock.core.order import ClientOrderId, OrderState
from edgelock.core.position import Realized
from edgelock.core.recovery import PaidOut, Recovery
from edgelock.core.units import Money, Price, Size, Timestamp

DRIFTS_MAX = 2
"""So many looks in a row at which the venue's position is not ours are an alarm: one may be a lag."""


class Bookkeeping:
    """For the door's thread; the door lends it the desks.

    numbering  of this life of the door, in which the steps of every record are counted anew
    say        a line for people
    """

    def __init__(
        self,
        desks: Mapping[str, OrderDesk],
        *,
        journal: DoorJournal,
        numbering: int,
        risk: Address,
        telemetry: Address,
        board: GateBoard,
        clock: Clock,
        say: Callable[[str, Timestamp], None],
    ) -> None:
        self._desks = desks
        self._journal = journal
        self._taking_up = TakingUp(journal, risk=risk, telemetry=telemetry)
        self._early_payouts: dict[str, PaidOut] = {}
        self._numbering = numbering
        self._risk = risk
        self._telemetry = telemetry
        self._board = board
        self._clock = clock
        self._say = say

    def answer_claim(self, desk: OrderDesk) -> None:
        """Tell the claimant what is on record, once that is known."""
        if not desk.is_loaded:
            return
        answer, gap = claims.answer(desk, self._numbering, self._clock.now())
        desk.subscriber.tell(answer)
        if gap is not None and gap.detail != desk.gap_told:
            desk.gap_told = gap.detail
            self._telemetry.tell(Records((gap,)))

    def loaded(self, ticker: str, recovery: Recovery) -> None:
        """What a market has behind it; of one that nobody trades any more, what the journal did not have."""
        desk = self._desks.get(ticker)
        if desk is not None and desk.is_loaded:
            return
        self._taking_up.take(ticker, recovery, self._clock.now())
        if desk is None:
            return
        desk.loaded(recovery)
        if desk.incarnation:
            self.answer_claim(desk)
        early = self._early_payouts.pop(ticker, None)
        if early is not None:
            self.paid(ticker, early.value, early.at)

    def paid(self, ticker: str, value: Price, at: Timestamp) -> None:
        """Told by the feed and by the roster, whoever hears of it: it is paid once, and not before it is known what."""
        desk, paid = self._desks.get(ticker), PaidOut(value=value, fee=Money(0), at=at)
        if desk is None or desk.is_settled:
            return
        if not desk.is_loaded:
            self._early_payouts[ticker] = paid
            return
        self._journal.payout(ticker=ticker, net=desk.ledger.position.net, paid=paid)
        self._tell(desk, *desk.settled(value, at))

    def forget(self, ticker: str) -> None:
        """The market was left for good."""
        self._early_payouts.pop(ticker, None)

    def earlier_orders_over(self, client_order_ids: frozenset[ClientOrderId]) -> None:
        """Orders of earlier lives have ended; whether they filled, the venue's fills say."""
        for client_order_id in sorted(client_order_ids):
            self._journal.end(client_order_id, OrderState.CANCELED, self._clock.now())

    def learned(self, news: OrderNews) -> None:
        """News of one order. What is about an order that nobody here placed is only said."""
        desk = self._desks.get(news.ticker)
        if desk is None:
            return
        if desk.knows(news.client_order_id) is None:
            self._say(f"news of order {news.client_order_id}, which nobody here placed: {news}", news.at)
            return
        if isinstance(news, Filled) and not self._is_new_fill(desk, news):
            return
        fact, realized = desk.learned(news)
        if isinstance(news, Acknowledged) or (isinstance(news, Rejected) and news.is_judged):
            self._risk.tell(OrderOutcome(desk.market.ticker, news.at, isinstance(news, Acknowledged)))
        self._record_end(desk, news.client_order_id, news.at)
        self._tell(desk, fact, realized)
        self._withdraw_after_all(desk, news.client_order_id)

    def compare(self, positions: tuple[tuple[str, Size], ...]) -> None:
        """Positions come from fills and settlements only; the venue's own figure can only raise an alarm.

        The risk side is told again at every look as long as it lasts: a new life of it knows of none.
        """
        for ticker, net in positions:
            desk = self._desks.get(ticker)
            if desk is None or not desk.is_loaded:
                continue
            is_same = desk.ledger.position.net == net
            was_drifting, desk.drifts = desk.drifts >= DRIFTS_MAX, 0 if is_same else desk.drifts + 1
            is_drifting = desk.drifts >= DRIFTS_MAX
            if is_drifting or was_drifting:
                self._risk.tell(DriftNews(ticker, is_drifting))
            if is_drifting != was_drifting:
                ours = desk.ledger.position.net
                self._say(f"{ticker}: our position is {ours}, the venue's is {net}", self._clock.now())

    def _withdraw_after_all(self, desk: OrderDesk, client_order_id: str) -> None:
        """The door wanted it gone while nobody knew whether it was there; now it is."""
        order = desk.ledger.find(client_order_id)
        if order is not None and order.state is OrderState.RESTING and client_order_id in desk.own_cancels:
            desk.queue.append(CancelOrder(client_order_id=client_order_id, reason=desk.own_cancels[client_order_id]))

    def _is_new_fill(self, desk: OrderDesk, fill: Filled) -> bool:
        """Write a fill down before it is told."""
        if fill.trade_id in desk.ledger.position.trade_ids:
            return False
        order = desk.knows(fill.client_order_id)
        assert order is not None
        self._journal.fill(
            RecordedFill(
                run=self._journal.run,
                ticker=fill.ticker,
                client_order_id=fill.client_order_id,
                trade_id=fill.trade_id,
                side=order.side,
                price=fill.price,
                size=fill.size,
                fee=fill.fee,
                is_taker=fill.is_taker,
                at=fill.at,
            )
        )
        return True

    def _record_end(self, desk: OrderDesk, client_order_id: str, at: Timestamp) -> None:
        order = desk.knows(client_order_id)
        if order is not None and not order.state.is_live:
            self._journal.end(client_order_id, order.state, at)

    def _tell(self, desk: OrderDesk, fact: OrderFact, realized: Realized | None) -> None:
        desk.subscriber.tell(FactNews(fact))
        if realized is not None:
            self._risk.tell(ResultRealized(desk.market.ticker, fact.at, realized.pnl))
        if isinstance(fact, OrderFilled):
            self._board.count_fill(desk.market.ticker)
