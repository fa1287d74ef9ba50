"""The per-market restart log: what the supervisor says of its children, as lines of telemetry.

A restart is told once both halves are known: the supervisor's (which life, how often, how long down) and the
market's own (what it found on record). They come from two threads, in either order.
"""

import threading
from collections.abc import Callable

from edgelock.actors import notices as notice
from edgelock.actors.journal_records import LifeNote
from edgelock.actors.notices import Notice
from edgelock.core.market_state import MarketState
from edgelock.core.telemetry import (
    ActorCrash,
    ActorHung,
    ActorQuarantine,
    ActorRestart,
    ActorStart,
    InfrastructureRestart,
    LibraryLog,
    MailboxDeep,
    PriceRatio,
    Record,
    RestartStorm,
    RestartStormOver,
)
from edgelock.core.units import Duration, Timestamp
from edgelock.ops.life_note import life_note, return_note
from edgelock.ops.life_notes import LifeBegan, LifeNotes

MARKET_PREFIX = "market:"


def ticker_of(child: str) -> str | None:
    """The ticker of a market's child name; None for infrastructure."""
    return child.removeprefix(MARKET_PREFIX) if child.startswith(MARKET_PREFIX) else None


class RestartLog:
    """Turns notices into records, and into notes that outlive the run. Called from the supervisor's thread and from
    the markets'.

    notes  where the notes go; None keeps none
    """

    def __init__(
        self,
        *,
        now: Callable[[], Timestamp],
        record: Callable[[Record], None],
        run: str = "",
        notes: LifeNotes | None = None,
    ) -> None:
        self._now = now
        self._tell = record
        self._run = run
        self._notes = notes
        self._lock = threading.Lock()
        self._restarted: dict[tuple[str, int], notice.ChildRestarted] = {}
        self._recovered: dict[tuple[str, int], MarketState] = {}
        self._first_lives: dict[str, int] = {}

    def take(self, news: Notice) -> None:
        """One notice of the supervisor."""
        if isinstance(news, notice.ChildStarted | notice.ChildRestarted) and (ticker := ticker_of(news.name)):
            self._keep(LifeBegan(ticker, news.incarnation))
        if isinstance(news, notice.ChildRestarted) and ticker_of(news.name) is not None:
            with self._lock:
                state = self._recovered.pop((news.name, news.incarnation), None)
                if state is None:
                    self._restarted[news.name, news.incarnation] = news
            if state is not None:
                self._came_back(news, state)
            return
        if isinstance(news, notice.ChildRestarted):
            self._came_back(news, None)
            return
        if isinstance(news, notice.ChildStarted):
            with self._lock:
                self._first_lives[news.name] = news.incarnation
                self._recovered.pop((news.name, news.incarnation), None)
        elif isinstance(news, notice.ChildCrashed | notice.ChildHung):
            self._ended_early(news.name, news.incarnation)
        line = self._line(news)
        if line is not None:
            self._tell(line)
        note = life_note(news, run=self._run, at=self._now())
        if note is not None:
            self._keep(note)

    def recovered(self, child: str, incarnation: int, state: MarketState) -> None:
        """A market has taken over what is on record."""
        with self._lock:
            news = self._restarted.pop((child, incarnation), None)
            if news is None and incarnation > 1 and self._first_lives.get(child) != incarnation:
                self._recovered[child, incarnation] = state
        if news is not None:
            self._came_back(news, state)

    def lives_of(self, actor: str, *, most: int) -> tuple[LifeNote, ...]:
        """The newest notes of one actor, newest first. Raises JournalError."""
        return () if self._notes is None else self._notes.lives_of(actor, most=most)

    def _ended_early(self, child: str, incarnation: int) -> None:
        """A life that died before it had taken over what is on record came back nevertheless."""
        with self._lock:
            news = self._restarted.pop((child, incarnation), None)
            self._recovered.pop((child, incarnation), None)
        if news is not None:
            self._came_back(news, None)

    def _came_back(self, news: notice.ChildRestarted, state: MarketState | None) -> None:
        self._tell(self._restart(news, state))
        self._keep(return_note(news, state, run=self._run, at=self._now()))

    def _keep(self, note: LifeNote | LifeBegan) -> None:
        if self._notes is not None:
            self._notes.keep(note)

    def _restart(self, news: notice.ChildRestarted, state: MarketState | None) -> ActorRestart:
        vwap = None if state is None else state.position.vwap
        return ActorRestart(
            at=self._now(),
            market=ticker_of(news.name),
            actor=news.name,
            incarnation=news.incarnation,
            restarts_in_window=news.restarts_in_window,
            backoff_s=Duration(news.backoff_ns),
            down_s=Duration(news.down_ns),
            recovered_net=None if state is None else state.position.net,
            recovered_vwap=None if vwap is None else PriceRatio(vwap),
            recovered_orders=None if state is None else tuple(order.client_order_id for order in state.orders),
        )

    def _line(self, news: Notice) -> Record | None:
        at = self._now()
        match news:
            case notice.ChildStarted():
                return ActorStart(at=at, actor=news.name, incarnation=news.incarnation)
            case notice.ChildCrashed():
                return ActorCrash(
                    at=at,
                    market=ticker_of(news.name),
                    actor=news.name,
                    incarnation=news.incarnation,
                    phase=news.phase,
                    message=news.message or None,
                    error=news.reason,
                    traceback=news.traceback,
                )
            case notice.ChildQuarantined():
                return ActorQuarantine(
                    at=at,
                    market=ticker_of(news.name),
                    actor=news.name,
                    incarnation=news.incarnation,
                    reason=news.reason,
                )
            case notice.ChildHung():
                return ActorHung(
                    at=at,
                    market=ticker_of(news.name),
                    actor=news.name,
                    incarnation=news.incarnation,
                    busy_s=Duration(news.busy_ns),
                    message=f"{news.busy_with}\n{news.stack}",
                )
            case notice.InfrastructureRestarting():
                return InfrastructureRestart(
                    at=at,
                    actor=news.name,
                    reason=news.reason,
                    stopped=news.stopped,
                    backoff_s=Duration(news.backoff_ns),
                )
            case notice.MailboxDeep():
                return MailboxDeep(at=at, market=ticker_of(news.name), actor=news.name, depth=news.depth)
            case notice.StormHeld():
                return RestartStorm(at=at, actors=news.children, hold_s=Duration(news.hold_ns))
            case notice.StormOver():
                return RestartStormOver(at=at, probe=news.probe)
            case notice.ChildStopped() if not news.is_abandoned:
                return None
            case notice.InfrastructureReady():
                return None
            case _:
                severity = "ERROR" if isinstance(news, notice.Escalated) else "WARNING"
                return LibraryLog(at=at, logger="edgelock.supervisor", severity=severity, message=str(news))
