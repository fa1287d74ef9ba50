"""What the lines so far add up to: the newest picture of every market and of the run, for views and for `status`.

The telemetry actor notes every record it writes; any thread may take a snapshot. The board only retells what was
recorded: it decides nothing, and nothing that trades reads it.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from edgelock.core import telemetry as t
from edgelock.core.order import CancelReason
from edgelock.core.units import SECOND, Duration, Money, Price, Size, Timestamp

RECENT_EVENTS_KEPT = 200
CANCEL_WINDOW = Duration(30 * SECOND)
RUNNING = "running"
_COUNTED_REASONS = frozenset(reason.value for reason in CancelReason if reason.is_caused_by_quoting)
_FINISHED = frozenset({"filled", "canceled", "rejected"})


@dataclass(frozen=True, slots=True)
class OwnQuote:
    """What is left of one live order of ours."""

    price: Price
    size: Size


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketPicture:
    """One market, as its newest lines tell it.

    opened_at   when the oldest open lot was filled; None when flat, or when it is older than this run
    cancels_30  cancels and replaces caused by quoting in the last 30 s of the engine's clock
    condition   RUNNING, or what the supervisor said since the last restart: "crashed", "hung", "quarantined"
    """

    ticker: str
    at: Timestamp
    context: t.MarketContext | None
    bid: OwnQuote | None
    ask: OwnQuote | None
    opened_at: Timestamp | None
    realized: Money
    cancels_30: int
    restarts: int
    condition: str
    brake: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardSnapshot:
    """Everything at one moment. `brake` is the portfolio's breaker, "soft" or "hard"; `killed_by` who threw the switch.

    `recent` are the newest lines that a person wants to see, oldest first.
    """

    markets: tuple[MarketPicture, ...]
    recent: tuple[t.Record, ...]
    realized: Money
    killed_by: str | None
    brake: str | None
    is_loss_limited: bool
    config: t.Config | None
    heartbeat: t.Heartbeat | None


@dataclass(slots=True)
class _OwnOrder:
    side: str
    price: Price
    size: Size
    filled: int = 0


@dataclass(slots=True)
class _MarketNotes:
    ticker: str
    at: Timestamp
    context: t.MarketContext | None = None
    orders: dict[str, _OwnOrder] = field(default_factory=dict)
    lots: deque[tuple[int, Timestamp]] = field(default_factory=deque)
    realized: int = 0
    cancels: deque[Timestamp] = field(default_factory=deque)
    restarts: int = 0
    condition: str = RUNNING
    brake: str | None = None


class TelemetryBoard:
    """The one mutable picture; every method is safe to call from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._markets: dict[str, _MarketNotes] = {}
        self._recent: deque[t.Record] = deque(maxlen=RECENT_EVENTS_KEPT)
        self._realized_by_retired = 0
        self._killed_by: str | None = None
        self._brake: str | None = None
        self._is_loss_limited = False
        self._config: t.Config | None = None
        self._heartbeat: t.Heartbeat | None = None

    def note(self, record: t.Record) -> None:
        """Take one record into the picture."""
        with self._lock:
            if type(record) not in _NOT_FOR_PEOPLE:
                self._recent.append(record)
            self._note_run(record)
            ticker = getattr(record, "market", None)
            if ticker is None:
                return
            if type(record) is t.MarketRetired:
                retired = self._markets.pop(ticker, None)
                self._realized_by_retired += retired.realized if retired is not None else 0
                return
            notes = self._markets.get(ticker)
            if notes is None:
                notes = self._markets[ticker] = _MarketNotes(ticker, record.at)
            notes.at = record.at
            notes.context = getattr(record, "context", notes.context)
            note = _NOTES.get(type(record))
            if note is not None:
                note(notes, record)

    def snapshot(self, now: Timestamp) -> BoardSnapshot:
        """The picture at engine time `now`."""
        with self._lock:
            markets = tuple(_picture(notes, now) for _, notes in sorted(self._markets.items()))
            return BoardSnapshot(
                markets=markets,
                recent=tuple(self._recent),
                realized=Money(self._realized_by_retired + sum(market.realized for market in markets)),
                killed_by=self._killed_by,
                brake=self._brake,
                is_loss_limited=self._is_loss_limited,
                config=self._config,
                heartbeat=self._heartbeat,
            )

    def _note_run(self, record: t.Record) -> None:
        if isinstance(record, t.Config):
            self._config = record
        elif isinstance(record, t.Heartbeat):
            self._heartbeat = record
        elif isinstance(record, t.KillOn):
            self._killed_by = record.who
        elif isinstance(record, t.KillOff):
            self._killed_by = None
        elif isinstance(record, t.LossLimit):
            self._is_loss_limited = True
        elif isinstance(record, t.BreakerRecord) and record.market is None:
            self._brake = record.cb_tier
        elif isinstance(record, t.BreakerClear) and record.market is None:
            self._brake = None


# --- what each record does to its market ------------------------------------------------------------------------


def _placed(notes: _MarketNotes, record: t.QuotePlace) -> None:
    notes.orders[record.client_order_id] = _OwnOrder(record.side, record.price, record.qty)


def _proposed(notes: _MarketNotes, record: t.ShadowQuote) -> None:
    notes.orders[f"shadow {record.side}"] = _OwnOrder(record.side, record.price, record.qty)


def _ended(notes: _MarketNotes, record: t.OrderReject | t.OrderCancelled) -> None:
    notes.orders.pop(record.client_order_id, None)


def _resolved(notes: _MarketNotes, record: t.OrderResolved) -> None:
    if record.became in _FINISHED:
        notes.orders.pop(record.client_order_id, None)


def _amended(notes: _MarketNotes, record: t.QuoteAmend) -> None:
    order = notes.orders.get(record.client_order_id)
    if order is not None:
        order.price, order.size = record.to_price, record.to_qty
    _count_cancel(notes, record)


def _count_cancel(notes: _MarketNotes, record: t.QuoteCancel | t.QuoteAmend) -> None:
    if record.reason in _COUNTED_REASONS:
        notes.cancels.append(record.at)


def _filled(notes: _MarketNotes, record: t.Fill) -> None:
    order = notes.orders.get(record.client_order_id)
    if order is not None:
        order.filled += record.qty
        if order.filled >= order.size:
            del notes.orders[record.client_order_id]
    signed = record.qty if record.side == "bid" else -record.qty
    while signed and notes.lots and notes.lots[0][0] * signed < 0:
        size, opened_at = notes.lots.popleft()
        if abs(size) > abs(signed):
            notes.lots.appendleft((size + signed, opened_at))
            signed = 0
        else:
            signed += size
    if signed:
        notes.lots.append((signed, record.at))


def _realized(notes: _MarketNotes, record: t.Realize) -> None:
    notes.realized += record.pnl


def _settled(notes: _MarketNotes, _: t.Settlement) -> None:
    notes.lots.clear()


def _braked(notes: _MarketNotes, record: t.BreakerRecord) -> None:
    notes.brake = record.cb_tier


def _released(notes: _MarketNotes, _: t.BreakerClear) -> None:
    notes.brake = None


def _restarted(notes: _MarketNotes, _: t.ActorRestart) -> None:
    notes.restarts += 1
    notes.condition = RUNNING


def _condition(word: str) -> Callable[[_MarketNotes, Any], None]:
    def note(notes: _MarketNotes, _: t.Record) -> None:
        notes.condition = word

    return note


def _picture(notes: _MarketNotes, now: Timestamp) -> MarketPicture:
    while notes.cancels and now - notes.cancels[0] > CANCEL_WINDOW:
        notes.cancels.popleft()
    held = sum(size for size, _ in notes.lots)
    is_known = notes.context is not None and notes.context.net == held
    return MarketPicture(
        ticker=notes.ticker,
        at=notes.at,
        context=notes.context,
        bid=_best(notes, "bid"),
        ask=_best(notes, "ask"),
        opened_at=notes.lots[0][1] if notes.lots and is_known else None,
        realized=Money(notes.realized),
        cancels_30=len(notes.cancels),
        restarts=notes.restarts,
        condition=notes.condition,
        brake=notes.brake,
    )


def _best(notes: _MarketNotes, side: str) -> OwnQuote | None:
    live = [order for order in notes.orders.values() if order.side == side]
    if not live:
        return None
    best = max(live, key=lambda order: order.price if side == "bid" else -order.price)
    return OwnQuote(best.price, Size(best.size - best.filled))


_NOTES: dict[type[t.Record], Callable[[_MarketNotes, Any], None]] = {
    t.QuotePlace: _placed,
    t.ShadowQuote: _proposed,
    t.OrderReject: _ended,
    t.OrderCancelled: _ended,
    t.OrderResolved: _resolved,
    t.QuoteAmend: _amended,
    t.QuoteCancel: _count_cancel,
    t.Fill: _filled,
    t.Realize: _realized,
    t.Settlement: _settled,
    t.BreakerSoft: _braked,
    t.BreakerHard: _braked,
    t.BreakerClear: _released,
    t.ActorRestart: _restarted,
    t.ActorCrash: _condition("crashed"),
    t.ActorHung: _condition("hung"),
    t.ActorQuarantine: _condition("quarantined"),
}

_NOT_FOR_PEOPLE = frozenset(
    {
        t.ExitAverage,
        t.QuotePlace,
        t.QuoteCancel,
        t.QuoteAmend,
        t.OrderAck,
        t.OrderCancelled,
        t.ShadowQuote,
        t.BookSnapshot,
        t.Heartbeat,
        t.Config,
        t.StartupCheck,
        t.InventoryLimit,
        t.RateLimited,
    }
)
