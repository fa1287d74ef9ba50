"""The only door to the venue's orders. It serialises order I/O and keeps what is on record for every market.

Per market strictly one command is in flight, in order; over all markets cancels and exits go before entries, and the
token budget keeps a reserve for them. Every intent passes the last gate (`core.limits`) right before it is sent, and
is durable before the first byte leaves. An intent of an older incarnation of a market is refused and counted.
"""

from dataclasses import replace
from typing import Any

from edgelock.actors.address import Address
from edgelock.actors.base import SupervisedActor
from edgelock.actors.clock import Clock
from edgelock.actors.gate_board import GateBoard
from edgelock.actors.journal import Journal, JournalError, RecordedFill
from edgelock.actors.lifecycle import Incarnation
from edgelock.actors.messages import (
    AddMarket,
    CancelEverything,
    CancelSent,
    ClaimMarket,
    DropMarket,
    FactNews,
    FeedNews,
    GatewayNews,
    MarketNews,
    OpenOrdersLeft,
    OrderOutcome,
    PermitNews,
    Pump,
    Records,
    ResultRealized,
    SettingsNews,
    SettlementNews,
    Submit,
    WithdrawMarket,
)
from edgelock.actors.order_desk import OrderDesk
from edgelock.actors.order_gateway import Acknowledged, Filled, GatewayAnswer, OrderGateway, Rejected
from edgelock.actors.timer import Timer, TimerKey
from edgelock.core.breakers import Conditions
from edgelock.core.facts import OrderFact, OrderFilled
from edgelock.core.intents import AmendOrder, CancelOrder, Intent, PlaceOrder
from edgelock.core.limits import Gate, Refused, check, worst_case_of
from edgelock.core.market import MarketStatus
from edgelock.core.order import CancelReason, Role
from edgelock.core.permit import KILL_REASON
from edgelock.core.position import Realized
from edgelock.core.rate_limit import CANCEL_COST, ORDER_COST, TokenBucket
from edgelock.core.settings import TradingSettings
from edgelock.core.telemetry import LibraryLog, RateLimited
from edgelock.core.units import Duration, Money, Timestamp

CLOSE_RETRY_NS = 200_000_000
"""Real time between two looks at the venue's own list while everything is being cancelled."""


class ExchangeActor(SupervisedActor):
    """Owns one desk per market, the token bucket and the gateway."""

    def __init__(
        self,
        incarnation: Incarnation,
        *,
        run: str,
        settings: TradingSettings,
        enforce_gates: bool,
        gateway: OrderGateway,
        bucket: TokenBucket,
        journal: Journal,
        risk: Address,
        telemetry: Address,
        board: GateBoard,
        timer: Timer,
        clock: Clock,
    ) -> None:
        super().__init__(incarnation)
        self._run = run
        self._settings = settings
        self._enforce_gates = enforce_gates
        self._gateway = gateway
        self._bucket = bucket
        self._journal = journal
        self._risk = risk
        self._telemetry = telemetry
        self._board = board
        self._timer = timer
        self._clock = clock
        self._desks: dict[str, OrderDesk] = {}
        self._closing: CancelEverything | None = None
        self._is_shut = False
        self._waits_until_ns: int | None = None
        self._is_shortage_told = False

    def handle(self, message: Any) -> None:
        """Take one message, then send what may be sent."""
        match message:
            case Submit(ticker, incarnation, intents):
                self._submit(ticker, incarnation, intents)
            case GatewayNews(answer):
                self._answered(answer)
            case PermitNews(ticker, permit, issued_ns):
                desk = self._desks.get(ticker)
                if desk is not None:
                    desk.permit, desk.permit_issued_ns = permit, issued_ns
                    if permit.reason == KILL_REASON:
                        # The market withdraws them as well; one that is hung or restarting does not.
                        desk.withdraw(CancelReason.KILL, (Role.ENTRY,))
            case WithdrawMarket(ticker, exits_too):
                if ticker in self._desks:
                    self._refuse_queue(self._desks[ticker])
                    roles = tuple(Role) if exits_too else (Role.ENTRY,)
                    self._desks[ticker].withdraw(CancelReason.RETIRED, roles)
            case ClaimMarket(ticker, incarnation, subscriber):
                self._claim(ticker, incarnation, subscriber)
            case AddMarket(market, subscriber):
                if market.ticker not in self._desks:
                    self._desks[market.ticker] = OrderDesk(market=market, subscriber=subscriber)
                    self._gateway.add_market(market)
            case FeedNews(ticker, is_live):
                if ticker in self._desks:
                    self._desks[ticker].is_feed_live = is_live
            case MarketNews(ticker, fact):
                if ticker in self._desks:
                    desk = self._desks[ticker]
                    desk.market = replace(desk.market, status=fact.status, close_time=fact.close_time)
            case DropMarket(ticker):
                self._desks.pop(ticker, None)
            case SettlementNews(ticker, value, at):
                desk = self._desks.get(ticker)
                if desk is not None:
                    self._tell(desk, *desk.settled(value, at))
            case SettingsNews(settings):
                self._settings = settings
            case CancelEverything():
                self._close(message)
            case Pump():
                self._waits_until_ns = None
            case _:
                raise TypeError(f"the exchange actor does not handle {type(message).__name__}")
        self._pump()

    # --- what markets want ---

    def _claim(self, ticker: str, incarnation: int, subscriber: Address) -> None:
        """A new incarnation takes over: what older ones still wanted is refused, what is on record is told."""
        desk = self._desks.get(ticker)
        if desk is None or incarnation < desk.incarnation:
            return
        desk.incarnation, desk.subscriber = incarnation, subscriber
        self._refuse_queue(desk)
        subscriber.tell(FactNews(desk.recovered(self._clock.now())))

    def _submit(self, ticker: str, incarnation: int, intents: tuple[Intent, ...]) -> None:
        desk = self._desks.get(ticker)
        if desk is None or incarnation != desk.incarnation or self._is_shut:
            self._board.count_fenced(ticker, len(intents))
            return
        desk.queue.extend(intents)

    def _refuse_queue(self, desk: OrderDesk) -> None:
        self._board.count_fenced(desk.market.ticker, len(desk.queue))
        desk.queue.clear()

    def _pump(self) -> None:
        """Send until nothing may be sent: urgent commands of all markets first, then entries."""
        if self._closing is not None:
            self._cancel_what_rests()
        progress = True
        while progress:
            progress = False
            ready = [desk for desk in self._desks.values() if desk.queue and desk.in_flight is None]
            for desk in sorted(ready, key=lambda each: not each.is_urgent()):
                if self._send_next(desk):
                    progress = True
        if self._waits_until_ns is None:
            self._is_shortage_told = False
        if self._closing is not None:
            self._report_if_closed(self._closing)

    def _send_next(self, desk: OrderDesk) -> bool:
        """Send or refuse the desk's next command; False when it has to wait for tokens."""
        wish, now = desk.queue[0], self._clock.now()
        if desk.is_pointless(wish):
            desk.queue.popleft()
            return True
        refusal = check(wish, self._gate(desk))
        if refusal is None and not self._has_tokens(desk, wish, now):
            return False
        desk.queue.popleft()
        if refusal is None:
            refusal = self._make_durable(desk, wish, now)
        if refusal is not None:
            desk.subscriber.tell(FactNews(desk.refused(refusal, now)))
            return True
        desk.sent(wish, now)
        self._send(desk, wish, now)
        return True

    def _gate(self, desk: OrderDesk) -> Gate:
        ticker = desk.market.ticker
        others = (each.exposure() for name, each in self._desks.items() if name != ticker)
        return Gate(
            mode=desk.mode(self._clock.monotonic_ns(), self._settings.risk.permit_life),
            is_feed_live=desk.is_feed_live,
            is_active=desk.market.status is MarketStatus.ACTIVE,
            exposure=desk.exposure(),
            others_worst=worst_case_of(others),
            strategy=self._settings.strategy_for(ticker),
            risk=self._settings.risk,
            enforce_gates=self._enforce_gates,
        )

    def _make_durable(self, desk: OrderDesk, wish: Intent, now: Timestamp) -> Refused | None:
        """Write the order down before it leaves. A journal that cannot be written stops entries, never exits."""
        if not isinstance(wish, PlaceOrder):
            return None
        try:
            self._journal.record_intent(
                run=self._run, ticker=desk.market.ticker, incarnation=desk.incarnation, intent=wish, at=now
            )
        except JournalError as error:
            self._say(f"order not journaled: {error}", now)
            if wish.role is Role.ENTRY:
                return Refused(wish, "journal", 0, 1)
        return None

    def _has_tokens(self, desk: OrderDesk, wish: Intent, now: Timestamp) -> bool:
        is_entry = isinstance(wish, PlaceOrder) and wish.role is Role.ENTRY
        cost = CANCEL_COST if isinstance(wish, CancelOrder) else ORDER_COST
        reserve = self._settings.risk.exit_token_reserve if is_entry else 0
        bucket = self._bucket.refilled(now)
        spent = bucket.spent(cost, reserve=reserve)
        self._bucket = spent or bucket
        if spent is None:
            self._wait_for_tokens(desk, bucket.wait_for(cost, reserve=reserve), now, "entry" if is_entry else "exit")
        return spent is not None

    def _wait_for_tokens(self, desk: OrderDesk, wait: Duration, now: Timestamp, what: str) -> None:
        due = self._clock.monotonic_ns() + self._clock.real_delay_ns(Timestamp(now + wait))
        if not self._is_shortage_told:
            self._is_shortage_told = True
            record = RateLimited(at=now, market=desk.market.ticker, what=what, wait_s=wait)
            self._telemetry.tell(Records((record,)))
        if self._waits_until_ns is not None and self._waits_until_ns <= due:
            return
        # An exit needs fewer tokens than an entry that waits already, so it may be due earlier.
        self._waits_until_ns = due
        key = TimerKey(self.incarnation.name, self.incarnation.number, "tokens")
        self._timer.schedule(key, due, self.incarnation.address, Pump())

    def _send(self, desk: OrderDesk, wish: Intent, now: Timestamp) -> None:
        ticker = desk.market.ticker
        if isinstance(wish, PlaceOrder):
            self._gateway.place(ticker, wish)
            return
        if wish.reason.is_caused_by_quoting:
            is_one_tick = isinstance(wish, CancelOrder) and wish.one_tick_spread
            conditions = Conditions(is_skewed=desk.ledger.position.sign != 0, is_one_tick_spread=is_one_tick)
            self._risk.tell(CancelSent(ticker, now, conditions))
        if isinstance(wish, AmendOrder):
            self._gateway.amend(ticker, wish)
        else:
            self._gateway.cancel(ticker, wish)

    # --- what the venue answers ---

    def _answered(self, answer: GatewayAnswer) -> None:
        desk = self._desks.get(answer.ticker)
        if desk is None:
            return
        if isinstance(answer, Filled) and not self._is_new_fill(desk, answer):
            return
        fact, realized = desk.answered(answer)
        if isinstance(answer, Acknowledged | Rejected):
            self._risk.tell(OrderOutcome(answer.ticker, answer.at, isinstance(answer, Acknowledged)))
        self._record_end(desk, answer.client_order_id, answer.at)
        self._tell(desk, fact, realized)

    def _is_new_fill(self, desk: OrderDesk, fill: Filled) -> bool:
        """Write a fill down before it is told. A journal that cannot be written must not lose it: it is told anyway."""
        if fill.trade_id in desk.ledger.position.trade_ids:
            return False
        order = desk.ledger.order(fill.client_order_id)
        try:
            self._journal.record_fill(
                RecordedFill(
                    run=self._run,
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
        except JournalError as error:
            self._say(f"fill {fill.trade_id} not journaled: {error}", fill.at)
        return True

    def _record_end(self, desk: OrderDesk, client_order_id: str, at: Timestamp) -> None:
        order = desk.ledger.order(client_order_id)
        if order.state.is_live:
            return
        try:
            self._journal.record_end(client_order_id=client_order_id, state=order.state, at=at)
        except JournalError as error:
            self._say(f"end of {client_order_id} not journaled: {error}", at)

    def _tell(self, desk: OrderDesk, fact: OrderFact, realized: Realized | None) -> None:
        desk.subscriber.tell(FactNews(fact))
        if realized is not None:
            self._risk.tell(ResultRealized(desk.market.ticker, fact.at, realized.pnl))
        if isinstance(fact, OrderFilled):
            self._board.count_fill(desk.market.ticker)

    # --- the end ---

    def _close(self, wish: CancelEverything) -> None:
        """Shut the gate first, so that nothing new can follow the cancels."""
        self._closing = wish
        self._is_shut = True
        for desk in self._desks.values():
            self._refuse_queue(desk)

    def _cancel_what_rests(self) -> None:
        """Whatever may be on the venue's book is cancelled, once; an order whose state is unknown, too."""
        for desk in self._desks.values():
            if desk.queue or desk.in_flight is not None:
                continue
            desk.withdraw(CancelReason.SHUTDOWN)

    def _report_if_closed(self, wish: CancelEverything) -> None:
        """Closed is when every request was answered and the venue's own list is empty; until then, look again."""
        if any(desk.queue or desk.in_flight for desk in self._desks.values()):
            return
        open_orders = tuple(order.client_order_id for order in self._gateway.open_orders())
        if open_orders:
            self._try_again_later(open_orders)
            return
        self._closing = None
        positions = tuple(
            (desk.market.ticker, desk.ledger.position.net) for desk in self._desks.values() if desk.ledger.position.sign
        )
        realized = Money(sum(desk.ledger.position.realized for desk in self._desks.values()))
        wish.report(OpenOrdersLeft(open_orders=open_orders, positions=positions, realized=realized))

    def _try_again_later(self, open_orders: tuple[str, ...]) -> None:
        for desk in self._desks.values():
            desk.withdraw_again(open_orders)
        due = self._clock.monotonic_ns() + CLOSE_RETRY_NS
        key = TimerKey(self.incarnation.name, self.incarnation.number, "close")
        self._timer.schedule(key, due, self.incarnation.address, Pump())

    def _say(self, message: str, at: Timestamp) -> None:
        record = LibraryLog(at=at, logger="edgelock.exchange", severity="ERROR", message=message)
        self._telemetry.tell(Records((record,)))
