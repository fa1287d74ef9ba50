"""The only door to the venue's orders. It serialises order I/O and keeps what is on record for every market.

Per market strictly one command is in flight, in order. Every intent passes the last gate (`core.limits`) right before
it is sent, and is durable before the first byte leaves. An intent of an older incarnation of a market is refused and
counted, and so is what the gateway of an earlier life of the door still has to say. News of orders changes the record
first and is told to the market then; what a market is told has a number.

Every life begins alike, in a new process or in the middle of a run: with a gateway of its own, nothing on record, and
markets that are added and then loaded from the journal and the venue. Nobody enters before all have their exits.
"""

from dataclasses import replace
from typing import Any

from edgelock.actors.address import Address
from edgelock.actors.arming import Arming
from edgelock.actors.base import SupervisedActor
from edgelock.actors.bookkeeping import Bookkeeping
from edgelock.actors.clock import Clock
from edgelock.actors.closing import CLOSE_RETRY_NS, Closing
from edgelock.actors.desk_history import Told
from edgelock.actors.dispatch import Dispatch
from edgelock.actors.door_journal import DoorJournal
from edgelock.actors.gate_board import GateBoard
from edgelock.actors.guarded_markets import LOOK_EVERY_NS, GuardedMarkets
from edgelock.actors.journal import Journal
from edgelock.actors.lifecycle import Incarnation
from edgelock.actors.market_board import MarketBoard
from edgelock.actors.messages import (
    AddMarket,
    CancelEverything,
    CancelSent,
    ClaimMarket,
    DropMarket,
    FactNews,
    FeedNews,
    GatewayNews,
    GuardMarket,
    MarketNews,
    PermitNews,
    PositionsToCome,
    Pump,
    Records,
    SettingsNews,
    SettlementNews,
    Submit,
)
from edgelock.actors.order_desk import OrderDesk
from edgelock.actors.order_gateway import (
    EarlierOrdersOver,
    GatewayAnswer,
    GatewayBroken,
    GatewayNotice,
    MarketLoaded,
    OpenOrder,
    OpenOrdersSeen,
    OrderGateway,
    PositionsSeen,
    RequestDone,
)
from edgelock.actors.timer import Timer, TimerKey
from edgelock.core.breakers import Conditions
from edgelock.core.guardian import OnQuarantine
from edgelock.core.intents import AmendOrder, CancelOrder, Intent, PlaceOrder
from edgelock.core.limits import Refused
from edgelock.core.market_state import RunMode
from edgelock.core.order import CancelReason, Role
from edgelock.core.permit import GROUP_REASON, KILL_REASON, Mode, Permit
from edgelock.core.rate_limit import TokenBucket
from edgelock.core.settings import TradingSettings
from edgelock.core.telemetry import LibraryLog, RateLimited
from edgelock.core.units import Timestamp

_TOO_MANY = "too_many_requests"


class GatewayFailed(RuntimeError):
    """What knows the fate of our orders has broken: only a new life can tell, from the journal and the venue."""


class ExchangeActor(SupervisedActor):
    """Owns one desk per market, the dispatch and the gateway.

    gateway      of this life alone; the actor starts it
    generation   what the gateway's news carries; other news is refused
    predecessor  the gateway of the life before, which is stopped before anything begins
    markets      up to where each market has told people of its record; none when nobody else tells
    """

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
        generation: int = 1,
        predecessor: OrderGateway | None = None,
        markets: MarketBoard | None = None,
        run_mode: RunMode = RunMode.LIVE,
    ) -> None:
        super().__init__(incarnation)
        self._settings = settings
        self._gateway = gateway
        self._generation = generation
        self._predecessor = predecessor
        self._journal = DoorJournal(journal, run=run, say=self._say)
        self._arming = Arming()
        self._risk = risk
        self._telemetry = telemetry
        self._board = board
        self._timer = timer
        self._clock = clock
        self._desks: dict[str, OrderDesk] = {}
        self._books = Bookkeeping(
            self._desks,
            journal=self._journal,
            numbering=generation,
            risk=risk,
            telemetry=telemetry,
            board=board,
            clock=clock,
            say=self._say,
        )
        self._guarded = GuardedMarkets(
            self._desks,
            run=run,
            numbering=generation,
            run_mode=run_mode,
            telemetry=telemetry,
            board=board,
            markets=markets or MarketBoard(),
            clock=clock,
            say=self._say,
        )
        self._dispatch = Dispatch(gateway, bucket, self, clock, enforce_gates=enforce_gates)
        self._closing: Closing | None = None
        self._is_fuse_out = False
        self._waits_until_ns: int | None = None
        self._is_shortage_told = False
        self._is_late_news_told = False

    def on_start(self) -> None:
        """End what the life before has left behind, begin anew, and look after what expires from now on."""
        if self._predecessor is not None:
            self._predecessor.stop()
            self._predecessor = None
        self._gateway.start()
        self._schedule_upkeep()

    def handle(self, message: Any) -> None:
        """Take one message, then send what may be sent."""
        match message:
            case Submit(ticker, incarnation, intents):
                self._submit(ticker, incarnation, intents)
            case GatewayNews(answer, generation):
                if generation == self._generation:
                    self._answered(answer)
                else:
                    self._refuse_late_news(generation)
            case PermitNews(ticker, permit, issued_ns):
                self._permitted(ticker, permit, issued_ns)
            case GuardMarket(ticker, policy):
                self._guard(ticker, policy)
            case ClaimMarket(ticker, incarnation, subscriber, told):
                self._claim(ticker, incarnation, subscriber, told)
            case AddMarket(market, subscriber):
                if market.ticker not in self._desks:
                    self._desks[market.ticker] = OrderDesk(market=market, subscriber=subscriber)
                    self._gateway.add_market(market)
            case PositionsToCome(tickers):
                self._arming.expect(tickers)
            case FeedNews(ticker, is_live):
                if ticker in self._desks:
                    self._desks[ticker].is_feed_live = is_live
            case MarketNews(ticker, fact):
                if ticker in self._desks:
                    old = self._desks[ticker].market
                    self._desks[ticker].market = replace(old, status=fact.status, close_time=fact.close_time)
            case DropMarket(ticker):
                self._desks.pop(ticker, None)
                self._books.forget(ticker)
                self._guarded.end(ticker)
            case SettlementNews(ticker, value, at):
                self._books.paid(ticker, value, at)
            case SettingsNews(settings):
                self._settings = settings
            case CancelEverything():
                self._close(message)
            case Pump():
                self._waits_until_ns = None
                self._schedule_upkeep()
                self._schedule_look()
            case _:
                raise TypeError(f"the exchange actor does not handle {type(message).__name__}")
        self._pump()

    # --- what markets want ---

    def _claim(self, ticker: str, incarnation: int, subscriber: Address, told: Told | None) -> None:
        """A new incarnation takes over: what older ones still wanted is refused, what is on record is told."""
        desk = self._desks.get(ticker)
        if desk is None or incarnation < desk.incarnation:
            return
        desk.incarnation, desk.subscriber, desk.told = incarnation, subscriber, told
        desk.is_late_wish_told = False
        self._guarded.end(ticker)
        self._refuse_queue(desk)
        self._books.answer_claim(desk)

    def _guard(self, ticker: str, policy: OnQuarantine) -> None:
        """Nobody wishes anything for this market any more but the door itself."""
        self._guarded.begin(ticker, policy)
        self._schedule_look()
        desk = self._desks.get(ticker)
        if desk is None:
            return
        self._refuse_queue(desk)
        desk.withdraw(CancelReason.RETIRED, tuple(Role) if policy is OnQuarantine.CANCEL else (Role.ENTRY,))
        desk.awaits_exit = False

    def _submit(self, ticker: str, incarnation: int, intents: tuple[Intent, ...]) -> None:
        desk = self._desks.get(ticker)
        is_taken = (
            desk is not None and desk.is_loaded and incarnation == desk.incarnation and ticker not in self._guarded
        )
        if desk is None or not is_taken or self._closing is not None:
            self._board.count_fenced(ticker, len(intents))
            if desk is not None and incarnation != desk.incarnation and not desk.is_late_wish_told:
                desk.is_late_wish_told = True
                self._warn(f"{ticker}: {len(intents)} wishes of a life that was replaced are refused")
            return
        desk.queue.extend(intents)

    def _refuse_queue(self, desk: OrderDesk) -> None:
        self._board.count_fenced(desk.market.ticker, desk.forget_intents())

    def _permitted(self, ticker: str, permit: Permit, issued_ns: int) -> None:
        desk = self._desks.get(ticker)
        if desk is None:
            return
        desk.permit, desk.permit_issued_ns = permit, issued_ns
        if permit.reason == KILL_REASON:
            # The market withdraws them as well; one that is hung or restarting does not.
            desk.withdraw(CancelReason.KILL, (Role.ENTRY,))
            self._gateway.trip_fuse()
            self._is_fuse_out = True
        elif permit.reason == GROUP_REASON:
            self._is_fuse_out = True
        elif permit.mode is Mode.OPEN and self._is_fuse_out and self._closing is None:
            # Any other verdict may only hide the one that put it out: "stopping" hides a kill.
            self._is_fuse_out = False
            self._gateway.mend_fuse()

    # --- what is sent ---

    def _pump(self) -> None:
        """Send what may be sent, and see to it that the rest is looked at again in time."""
        if self._closing is not None:
            self._closing.cancel_what_rests(self._desks.values(), self._clock.monotonic_ns())
        else:
            self._take_up_what_is_due()
            self._guarded.look(self._settings)
        self._dispatch.unarmed = self._arming.unarmed(self._desks)
        self._board.note_unarmed(self._dispatch.unarmed)
        self._dispatch.pump(self._desks, self._settings)
        self._wait_for_tokens()
        if self._closing is not None:
            now_ns = self._clock.monotonic_ns()
            self._closing.look_when_idle(self._desks.values(), now_ns)
            if now_ns >= self._closing.give_up_ns:
                self._closing.report(self._desks.values(), is_confirmed=False)

    def _take_up_what_is_due(self) -> None:
        for ticker, wish in self._gateway.due(self._clock.now()):
            desk = self._desks.get(ticker)
            if desk is not None and desk.is_idle():
                desk.queue.append(wish)

    def make_durable(self, desk: OrderDesk, wish: PlaceOrder, now: Timestamp) -> Refused | None:
        """Write the order down before it leaves. A journal that cannot be written stops entries, never exits."""
        is_durable = self._journal.intent(ticker=desk.market.ticker, incarnation=desk.incarnation, wish=wish, at=now)
        return None if is_durable or wish.role is Role.EXIT else Refused(wish, "journal", 0, 1)

    def is_refused(self, desk: OrderDesk, refusal: Refused, now: Timestamp) -> None:
        """Tell the market like of any other fate of its order."""
        desk.subscriber.tell(FactNews(desk.refused(refusal, now)))

    def is_leaving(self, desk: OrderDesk, wish: AmendOrder | CancelOrder, now: Timestamp) -> None:
        """Cancels and amendments that quoting caused are counted by the risk side."""
        if wish.reason.is_caused_by_quoting:
            is_one_tick = isinstance(wish, CancelOrder) and wish.one_tick_spread
            conditions = Conditions(is_skewed=desk.ledger.position.sign != 0, is_one_tick_spread=is_one_tick)
            self._risk.tell(CancelSent(desk.market.ticker, now, conditions))

    def _wait_for_tokens(self) -> None:
        if self._dispatch.waiting is None:
            self._is_shortage_told = False
            return
        wait, ticker, what = self._dispatch.waiting
        now = self._clock.now()
        due = self._clock.monotonic_ns() + self._clock.real_delay_ns(Timestamp(now + wait))
        if not self._is_shortage_told:
            self._is_shortage_told = True
            self._telemetry.tell(Records((RateLimited(at=now, market=ticker, what=what, wait_s=wait),)))
        if self._waits_until_ns is None or due < self._waits_until_ns:
            self._waits_until_ns = due
            self._schedule("tokens", due)

    def _schedule_upkeep(self) -> None:
        if self._gateway.upkeep_ns is not None:
            self._schedule("upkeep", self._clock.monotonic_ns() + self._gateway.upkeep_ns)

    def _schedule_look(self) -> None:
        if self._guarded:
            self._schedule("guarded", self._clock.monotonic_ns() + LOOK_EVERY_NS)

    def _schedule(self, what: str, due_ns: int) -> None:
        key = TimerKey(self.incarnation.name, self.incarnation.number, what)
        self._timer.schedule(key, due_ns, self.incarnation.address, Pump())

    # --- what the other side says ---

    def _answered(self, answer: GatewayAnswer | GatewayNotice) -> None:
        match answer:
            case RequestDone(ticker=ticker, client_order_id=client_order_id):
                self._dispatch.request_done(client_order_id)
                if ticker in self._desks:
                    self._desks[ticker].request_done(client_order_id)
            case MarketLoaded(ticker, recovery):
                self._books.loaded(ticker, recovery)
            case EarlierOrdersOver(client_order_ids):
                self._books.earlier_orders_over(client_order_ids)
            case PositionsSeen(positions):
                self._books.compare(positions)
            case OpenOrdersSeen(orders):
                self._open_orders_seen(orders)
            case GatewayBroken(reason):
                raise GatewayFailed(reason)
            case _:
                if getattr(answer, "code", None) == _TOO_MANY:
                    self._dispatch.throttled()
                self._books.learned(answer)

    def _refuse_late_news(self, generation: int) -> None:
        if not self._is_late_news_told:
            self._is_late_news_told = True
            self._warn(f"the gateway of life {generation} still has news of orders; this is life {self._generation}")

    # --- the end ---

    def _close(self, wish: CancelEverything) -> None:
        """Shut the gate first, so that nothing new can follow the cancels."""
        self._closing = Closing(wish, self._gateway)
        self._gateway.trip_fuse()
        for desk in self._desks.values():
            self._refuse_queue(desk)
            desk.forget_prolongations()
        self._schedule("give up", wish.give_up_ns)

    def _open_orders_seen(self, shown: tuple[OpenOrder, ...] | None) -> None:
        """Closed is when every request is over and the venue's own list is empty; until then, look again."""
        if self._closing is None:
            return
        now_ns = self._clock.monotonic_ns()
        if self._closing.seen(shown, now_ns):
            self._closing.report(self._desks.values(), is_confirmed=True)
        else:
            self._schedule("close", now_ns + CLOSE_RETRY_NS)

    def _say(self, message: str, at: Timestamp, severity: str = "ERROR") -> None:
        record = LibraryLog(at=at, logger="edgelock.exchange", severity=severity, message=message)
        self._telemetry.tell(Records((record,)))

    def _warn(self, message: str) -> None:
        """Once per life, of the market or of the door; the boards count all of it."""
        self._say(message, self._clock.now(), "WARNING")
