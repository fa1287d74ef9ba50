"""The risk side's actor: hears of every cancel, fill and reject, and publishes a permit per market.

Its thinking is `core.risk`. A permit has a life: it is renewed every second of real time, and the door to the venue
treats an old one as REDUCE_ONLY, so a risk side that died closes entries by itself.

Durable before announced: the latch and every count are on disk before anybody is told what follows from them, and a
life begins with what the last one knew. While the disk cannot be written nobody enters; while what was known cannot be
read nobody enters until an operator's resume accepts that, and till then it is not written over.
"""

from dataclasses import replace
from typing import Any

from edgelock.actors.address import Address
from edgelock.actors.base import SupervisedActor
from edgelock.actors.clock import Clock
from edgelock.actors.journal import Journal, JournalError
from edgelock.actors.lifecycle import Incarnation
from edgelock.actors.messages import (
    AddMarket,
    CancelSent,
    ClockCompared,
    DriftNews,
    DropMarket,
    ExchangeStatusNews,
    GroupNews,
    KillSwitch,
    OrderOutcome,
    PermitNews,
    PrivateFeedNews,
    Records,
    ResultRealized,
    ResultsRecovered,
    RiskTick,
    SettingsNews,
    StopTrading,
    StormNews,
    UrgentFact,
)
from edgelock.actors.risk_board import RiskBoard
from edgelock.actors.risk_memory_store import RiskMemory
from edgelock.actors.risk_memory_text import RiskMemoryWriter, from_text
from edgelock.actors.timer import Timer, TimerKey
from edgelock.core import risk, venue_trust
from edgelock.core.facts import PermitChanged
from edgelock.core.permit import Permit
from edgelock.core.risk import RiskState, RiskStep
from edgelock.core.risk_memory import OddMemory, is_remembered_alike, restored
from edgelock.core.settings import RiskSettings
from edgelock.core.telemetry import LibraryLog
from edgelock.core.units import SECOND, Timestamp
from edgelock.core.venue_trust import TrustStep, VenueTrust

RENEW_EVERY_NS = SECOND
KILL_LATCH = "kill"


class RiskActor(SupervisedActor):
    """Owns the breakers, the daily loss and the kill latch of all markets."""

    def __init__(
        self,
        incarnation: Incarnation,
        *,
        settings: RiskSettings,
        starts_killed_by: str | None,
        journal: Journal,
        memory: RiskMemory,
        exchange: Address,
        telemetry: Address,
        board: RiskBoard,
        timer: Timer,
        clock: Clock,
        needs_private_feed: bool = False,
    ) -> None:
        super().__init__(incarnation)
        self._state = RiskState(settings=settings, venue=VenueTrust(has_private_feed=not needs_private_feed))
        self._starts_killed_by = starts_killed_by
        self._journal = journal
        self._memory = memory
        self._writer = RiskMemoryWriter()
        self._written: RiskState | None = None
        self._exchange = exchange
        self._telemetry = telemetry
        self._board = board
        self._timer = timer
        self._clock = clock
        self._renew_at_ns = 0
        self._markets: dict[str, Address] = {}
        self._told: dict[str, Permit] = {}
        self._tick_key = TimerKey(incarnation.name, incarnation.number, "tick")

    def on_start(self) -> None:
        """What was known is known again, before anybody is told; a latch that was on is still on."""
        self._renew_at_ns = self._clock.monotonic_ns() + RENEW_EVERY_NS
        if not self._state.venue.has_private_feed:
            unheard = replace(self._state.venue, private_feed_lost_since=self._clock.now())
            self._state = replace(self._state, venue=unheard)
        remembering = self._remember()
        self._state = remembering.state
        killing = self._still_killed()
        self._apply(RiskStep(killing.state, (*remembering.records, *killing.records)), trouble=self._probe())

    def _remember(self) -> RiskStep:
        now = self._clock.now()
        try:
            text = self._memory.load()
            if text is None:
                return risk.time_passed(self._state, now)
            return restored(from_text(text), self._state, now)
        except (JournalError, OddMemory) as error:
            why = f"what the risk side knew before cannot be read ({error}); entries wait for `resume`"
            return risk.memory_unread(risk.time_passed(self._state, now).state, now, why)

    def _still_killed(self) -> RiskStep:
        """By the latch; or, where it could not be written or was for this run only, by the last life of this run.

        A latch that cannot be read is on.
        """
        now, state = self._clock.now(), self._state
        last = self._board.state()
        if last is not None and last.is_stopping:
            state = risk.stopping(state, now).state
        try:
            latch = self._journal.read_latch(KILL_LATCH)
        except JournalError as error:
            return risk.kill_switched(state, now, on=True, who=f"a latch that cannot be read ({error})")
        if latch is not None and latch.is_on:
            return risk.kill_switched(state, now, on=True, who=f"latch set by {latch.who}", since=latch.at)
        if last is not None and last.is_killed:
            return risk.kill_switched(state, now, on=True, who=last.killed_by, since=last.killed_since)
        if self._starts_killed_by is not None:
            return risk.kill_switched(state, now, on=True, who=self._starts_killed_by)
        return RiskStep(state)

    def handle(self, message: Any) -> None:
        """Remember what happened, and tell the verdicts that it changed."""
        now = self._clock.now()
        match message:
            case CancelSent(ticker, at, conditions):
                self._apply(risk.cancel_sent(self._state, ticker, at, conditions))
            case OrderOutcome(ticker, _, True):
                self._apply(risk.order_accepted(self._state, ticker))
            case OrderOutcome(ticker, at, False):
                self._apply(risk.order_rejected(self._state, ticker, at))
            case ResultRealized(ticker, at, pnl):
                self._apply(risk.realized(self._state, ticker, pnl, at=at, now=now))
            case ResultsRecovered(ticker, results):
                self._apply(risk.results_recovered(self._state, ticker, results, now))
            case StormNews(is_on):
                self._apply(risk.storm(self._state, now, is_on=is_on))
            case StopTrading():
                self._apply(risk.stopping(self._state, now))
            case ClockCompared(least_ms, most_ms):
                self._apply(risk.clock_compared(self._state, now, least_ms=least_ms, most_ms=most_ms))
            case ExchangeStatusNews() | PrivateFeedNews() | GroupNews() | DriftNews():
                self._apply(risk.venue_told(self._state, _trust(self._state.venue, message, now)))
            case KillSwitch(on, who):
                self._switch(on, who)
            case AddMarket(market, subscriber):
                self._markets[market.ticker] = subscriber
                trust = venue_trust.market_added(self._state.venue, market.ticker, market.exchange_index)
                self._state = replace(self._state, venue=trust)
                self._publish(renew=True)
            case DropMarket(ticker):
                self._markets.pop(ticker, None)
                self._told.pop(ticker, None)
                self._state = replace(self._state, venue=venue_trust.market_dropped(self._state.venue, ticker))
            case SettingsNews(settings):
                self._apply(risk.settings_changed(self._state, settings.risk, now))
            case RiskTick():
                self._renew_at_ns = self._clock.monotonic_ns() + RENEW_EVERY_NS
                self._apply(risk.time_passed(self._state, now), renew=True, trouble=self._probe())
            case _:
                raise TypeError(f"the risk actor does not handle {type(message).__name__}")

    def _switch(self, on: bool, who: str) -> None:
        """Durable before announced. A journal that cannot be written keeps nobody from killing, but from resuming."""
        now = self._clock.now()
        try:
            self._journal.set_latch(KILL_LATCH, is_on=on, who=who, at=now)
        except JournalError as error:
            what = "kill switch is on for this run only" if on else "kill switch stays on"
            self._say(f"{what}: {error}", now)
            if not on:
                return
        self._apply(risk.kill_switched(self._state, now, on=on, who=who))

    def _apply(self, step: RiskStep, *, renew: bool = False, trouble: str | None = None) -> None:
        """Write, then tell. trouble is what a probe of the disk found, "" for none; None when nobody probed."""
        written = self._write(step.state, trouble)
        self._state = written.state
        records = (*step.records, *written.records)
        if records:
            self._telemetry.tell(Records(records))
        self._publish(renew=renew)
        self._board.publish(self._state)
        self._schedule_tick()

    def _write(self, state: RiskState, trouble: str | None) -> RiskStep:
        """The state on disk, if it is another than there; trouble is over when a probe and then the write succeed.

        In trouble only those who probe try again: a disk that makes each write wait must not make each message wait.
        """
        now = self._clock.now()
        if trouble:
            return risk.journal_told(state, now, trouble)
        if trouble is None and state.journal_trouble:
            return RiskStep(state)
        is_written = self._written is not None and is_remembered_alike(self._written, state)
        if not is_written and not state.memory_unread:
            try:
                self._memory.save(self._writer.text(state))
            except JournalError as error:
                return risk.journal_told(state, now, str(error))
            self._written = state
        return risk.journal_told(state, now, "")

    def _probe(self) -> str:
        try:
            return self._memory.trouble() or ""
        except JournalError as error:
            return str(error)

    def _publish(self, *, renew: bool) -> None:
        """Tell each market a verdict that changed, and the door to the venue every verdict that is due."""
        now, issued_ns = self._clock.now(), self._clock.monotonic_ns()
        for ticker, market in self._markets.items():
            permit = risk.permit_for(self._state, ticker, now)
            is_news = permit != self._told.get(ticker)
            if is_news or renew:
                # Renewed at the market too: a restarted one waits closed until it has been told. The market hears
                # first, so that it knows of a kill before it hears of an order that the door withdrew for it.
                market.tell(UrgentFact(PermitChanged(at=now, permit=permit)))
                self._exchange.tell(PermitNews(ticker, permit, issued_ns))
            self._told[ticker] = permit

    def _schedule_tick(self) -> None:
        """The next renewal, or the end of a tier, a pause or the loss limit when that comes before it."""
        due, ends_at = self._renew_at_ns, risk.next_change(self._state, self._clock.now())
        if ends_at is not None:
            due = min(due, self._clock.monotonic_ns() + self._clock.real_delay_ns(ends_at))
        self._timer.schedule(self._tick_key, due, self.incarnation.address, RiskTick())

    def _say(self, message: str, at: Timestamp) -> None:
        record = LibraryLog(at=at, logger="edgelock.risk", severity="ERROR", message=message)
        self._telemetry.tell(Records((record,)))


def _trust(
    trust: VenueTrust, news: ExchangeStatusNews | PrivateFeedNews | GroupNews | DriftNews, now: Timestamp
) -> TrustStep:
    match news:
        case ExchangeStatusNews(shards):
            return venue_trust.exchange_status(trust, now, shards)
        case PrivateFeedNews(is_live):
            return venue_trust.private_feed(trust, now, is_live=is_live)
        case GroupNews(shard, is_triggered):
            return venue_trust.order_group(trust, now, shard=shard, is_triggered=is_triggered)
        case DriftNews(ticker, is_drifting):
            return venue_trust.drift(trust, now, ticker, is_drifting=is_drifting)
