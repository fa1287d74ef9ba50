"""What the live view shows, as one frozen value, and how it is read off the telemetry board.

Everything that a person sees is text or a number by then; the view only arranges it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from edgelock.actors.telemetry_board import RUNNING, BoardSnapshot, MarketPicture, OwnQuote
from edgelock.core import telemetry as t
from edgelock.core.settings import StrategySettings
from edgelock.core.units import CENT, CONTRACT, MONEY_PER_DOLLAR, SECOND, Duration, Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRow:
    """One market. Texts are empty where there is nothing to say; open_pnl is before its exit fee, in dollars."""

    ticker: str
    state: str
    net: str
    vwap: str
    tp: str
    bid: str
    ask: str
    our_bid: str
    our_ask: str
    age: str
    next_exit: str
    realized: str
    open_pnl: str
    cancels_30: int
    restarts: int
    condition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewModel:
    """The whole picture. `alerts` are states a person must notice: kill, breakers, loss limit."""

    mode: str
    venue: str
    speed: str
    clock: str
    uptime: str
    realized: str
    open_pnl: str
    alerts: tuple[str, ...]
    rows: tuple[MarketRow, ...]
    events: tuple[str, ...]


def view_model(
    snapshot: BoardSnapshot,
    *,
    now: Timestamp,
    clock_text: str,
    uptime: Duration,
    strategy_for: Callable[[str], StrategySettings],
) -> ViewModel:
    """The picture of a run at engine time `now`; `uptime` is in real time, `clock_text` says `now` for people."""
    config = snapshot.config
    rows = tuple(_row(market, now, strategy_for(market.ticker)) for market in snapshot.markets)
    return ViewModel(
        mode=config.mode if config is not None else "starting",
        venue=config.venue if config is not None else "",
        speed=config.speed if config is not None else "1",
        clock=clock_text,
        uptime=_clock_text(uptime),
        realized=_dollars(Fraction(snapshot.realized, MONEY_PER_DOLLAR)),
        open_pnl=_dollars(sum((_open_pnl(market) or Fraction(0) for market in snapshot.markets), Fraction(0))),
        alerts=_alerts(snapshot),
        rows=rows,
        events=tuple(_event(record) for record in snapshot.recent),
    )


def _alerts(snapshot: BoardSnapshot) -> tuple[str, ...]:
    alerts = []
    if snapshot.killed_by is not None:
        alerts.append(f"KILLED by {snapshot.killed_by}")
    if snapshot.is_loss_limited:
        alerts.append("LOSS LIMIT")
    if snapshot.brake is not None:
        alerts.append(f"portfolio brake {snapshot.brake}")
    braked = [market for market in snapshot.markets if market.brake is not None]
    if braked:
        alerts.append(f"{len(braked)} braked")
    return tuple(alerts)


def _row(market: MarketPicture, now: Timestamp, settings: StrategySettings) -> MarketRow:
    context = market.context
    age = None if market.opened_at is None else Duration(max(now - market.opened_at, 0))
    open_pnl = _open_pnl(market)
    return MarketRow(
        ticker=market.ticker,
        state=context.state if context is not None else "",
        net=_contracts(context.net) if context is not None else "",
        vwap=_price(context.vwap) if context is not None else "",
        tp=_price(context.tp) if context is not None else "",
        bid=_price(context.best_bid) if context is not None else "",
        ask=_price(context.best_ask) if context is not None else "",
        our_bid=_quote(market.bid),
        our_ask=_quote(market.ask),
        age="" if age is None else _clock_text(age),
        next_exit="" if age is None else _next_exit(age, settings),
        realized=_dollars(Fraction(market.realized, MONEY_PER_DOLLAR)),
        open_pnl="" if open_pnl is None else _dollars(open_pnl),
        cancels_30=market.cancels_30,
        restarts=market.restarts,
        condition=market.condition if market.condition != RUNNING else (market.brake or ""),
    )


def _next_exit(age: Duration, settings: StrategySettings) -> str:
    """The next exit window and when it opens: "SS3:20" for the sweet spot, "HC28:00" for the hard cap."""
    if age < settings.sweet_spot_from:
        return f"SS{_clock_text(Duration(settings.sweet_spot_from - age))}"
    if age < settings.sweet_spot_to:
        return "SS now"
    if age < settings.hard_cap:
        return f"HC{_clock_text(Duration(settings.hard_cap - age))}"
    return "HC now"


def _open_pnl(market: MarketPicture) -> Fraction | None:
    context = market.context
    if context is None or context.vwap is None or context.best_bid is None or context.best_ask is None:
        return None
    mid = Fraction(context.best_bid + context.best_ask, 2)
    return (mid - context.vwap) * context.net / MONEY_PER_DOLLAR


def _event(record: t.Record) -> str:
    """One line for people: time of day, market, action and what matters of it."""
    parts = [_time_of_day(record.at), getattr(record, "market", None) or "", record.action]
    for name in (
        "side",
        "qty",
        "price",
        "pnl",
        "exit_reason",
        "new_state",
        "scope",
        "who",
        "reason",
        "message",
        "error",
    ):
        value = getattr(record, name, None)
        if value is not None:
            parts.append(_event_text(name, value))
    return " ".join(part for part in parts if part)


def _event_text(name: str, value: object) -> str:
    if name == "qty" and isinstance(value, int):
        return _contracts(value)
    if name == "price" and isinstance(value, int):
        return f"@ {_price(value)}"
    if name == "pnl" and isinstance(value, int):
        return _dollars(Fraction(value, MONEY_PER_DOLLAR))
    return str(value).splitlines()[0] if str(value) else ""


def _time_of_day(at: Timestamp) -> str:
    return f"{at // (3600 * SECOND) % 24:02d}:{at // (60 * SECOND) % 60:02d}:{at // SECOND % 60:02d}"


def _price(price: Fraction | int | None) -> str:
    """In cents, with as many decimals as it needs, at most two."""
    if price is None:
        return ""
    hundredths = round(price)
    whole, rest = divmod(hundredths, CENT)
    return f"{whole}" if rest == 0 else f"{whole}.{rest:02d}"


def _quote(quote: OwnQuote | None) -> str:
    return "" if quote is None else f"{_contracts(quote.size)}@{_price(quote.price)}"


def _contracts(size: int) -> str:
    sign, (whole, rest) = "-" if size < 0 else "", divmod(abs(size), CONTRACT)
    return f"{sign}{whole}" if rest == 0 else f"{sign}{whole}.{rest:02d}"


def _dollars(amount: Fraction) -> str:
    cents = round(amount * 100)
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else '+' if cents > 0 else ''}{whole}.{rest:02d}"


def _clock_text(duration: Duration) -> str:
    minutes, seconds = divmod(duration // SECOND, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
