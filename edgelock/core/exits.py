"""Leaving a position: hard cap, then sweet spot, then MAE trim, then the take-profit (strategy §5–§7).

Each evaluation asks in that order and the first that is due decides. "The touch" is the best price of the side we
would trade with: the best bid for a long position, the best ask for a short one; "better" is better for us.
"""

from dataclasses import replace

from edgelock.core.mae_trim import Trim, adverse_excursion, trim_for
from edgelock.core.market import Side
from edgelock.core.market_state import MarketState
from edgelock.core.order import Kind, Role
from edgelock.core.plan import Alert, Quote, crossing_exit, resting_exit
from edgelock.core.take_profit import take_profit_price
from edgelock.core.telemetry import (
    CentsOf,
    ExitBlocked,
    HardCapExit,
    MaeTrim,
    Percent,
    SweetSpotExit,
    TimeAtRisk,
)
from edgelock.core.units import Duration, Price, Size


def exit_quotes(state: MarketState) -> tuple[Quote, ...]:
    """The exits wanted now, the most urgent first. Empty when flat, and while a crossing exit awaits its next try."""
    if state.position.sign == 0:
        return ()
    kind = due_exit(state)
    if kind is not None and can_exit_now(state):
        return _hard_cap(state) if kind is Kind.HARD_CAP else _sweet_spot(state)
    trim = due_trim(state)
    if trim is not None:
        return (_trim_order(state, trim), *take_profit_quotes(state, Size(state.position.size - trim.size)))
    return take_profit_quotes(state, state.position.size)


def due_exit(state: MarketState) -> Kind | None:
    """Which exit by age is due, whether or not it can be sent."""
    age = state.age
    if age is None:
        return None
    if age >= state.settings.hard_cap:
        return Kind.HARD_CAP
    if state.settings.sweet_spot_from <= age < state.settings.sweet_spot_to:
        return Kind.SWEET_SPOT
    return None


def can_exit_now(state: MarketState) -> bool:
    """An exit by age needs a market that trades and a usable book."""
    return state.is_active and state.has_usable_book


def due_trim(state: MarketState) -> Trim | None:
    """The trim that is due now, or None: excursion, age and the time since the last one decide."""
    settings, age, vwap, mark = state.settings, state.age, state.position.vwap, state.mark
    if age is None or vwap is None or mark is None or age >= settings.sweet_spot_from or not can_exit_now(state):
        return None
    if state.last_trim_at is not None and state.now - state.last_trim_at < settings.trim_cooldown:
        return None
    return trim_for(adverse_excursion(vwap, state.position.sign, mark), state.position.size, settings)


def exit_alerts(state: MarketState, kind: Kind | None) -> tuple[Alert, ...]:
    """What a person must hear about a position that cannot leave (`kind` is the exit that is due), or not in time."""
    age, episode, settings = state.age, state.episode, state.settings
    if age is None:
        return ()
    alerts: list[Alert] = []
    told_at = episode.blocked_alert_at
    is_time_to_tell = told_at is None or state.now - told_at >= settings.exit_blocked_alert
    if kind is not None and not can_exit_now(state) and is_time_to_tell:
        reason = "market is not active" if not state.is_active else f"no usable book (feed {state.feed.value})"
        alerts.append(
            ExitBlocked(
                at=state.now,
                market=state.market.ticker,
                context=state.context(),
                age_s=age,
                exit_kind=kind.value,
                reason=reason,
            )
        )
    if age > settings.time_at_risk and not episode.time_at_risk_told:
        alerts.append(TimeAtRisk(at=state.now, market=state.market.ticker, context=state.context(), age_s=age))
    return tuple(alerts)


def _hard_cap(state: MarketState) -> tuple[Quote, ...]:
    if not _may_cross_again(state):
        return ()
    tolerance = min(state.episode.hard_cap_attempts, state.settings.max_exit_slippage_ticks)
    price = price_through_touch(state, tolerance)
    quote = crossing_exit(Kind.HARD_CAP, state.exit_side, price, state.position.size)
    if state.episode.hard_cap_announced:
        return (quote,)
    return (_announced(quote, HardCapExit, state),)


def _sweet_spot(state: MarketState) -> tuple[Quote, ...]:
    episode, size = state.episode, state.position.size
    improvement = improving_ticks(state, size)
    if episode.improved_at is None:
        if improvement == 0:
            return _sweet_spot_crossing(state)
        price = price_through_touch(state, -improvement)
        quote = resting_exit(Kind.SWEET_SPOT, state.exit_side, price, size, post_only=True)
        return (quote if episode.sweet_spot_announced else _announced(quote, SweetSpotExit, state),)
    resting = [o for o in state.live_orders(Role.EXIT) if o.kind is Kind.SWEET_SPOT and o.post_only]
    if resting and state.now - episode.improved_at < state.settings.dwell:
        order = resting[0]
        return (resting_exit(Kind.SWEET_SPOT, order.side, order.price, order.remaining, post_only=True),)
    return _sweet_spot_crossing(state)


def _sweet_spot_crossing(state: MarketState) -> tuple[Quote, ...]:
    if not _may_cross_again(state):
        return ()
    quote = crossing_exit(Kind.SWEET_SPOT, state.exit_side, price_through_touch(state, 0), state.position.size)
    return (quote if state.episode.sweet_spot_announced else _announced(quote, SweetSpotExit, state),)


def improving_ticks(state: MarketState, size: Size) -> int:
    """How many ticks better than the touch the sweet spot may ask for: 2, 1 or 0 (strategy §6)."""
    spread, settings = state.spread_ticks, state.settings
    depth = state.view.touch_size(state.exit_side.opposite)
    if spread is None:
        return 0
    two, one = settings.improve_two_ticks_depth_multiple, settings.improve_one_tick_depth_multiple
    if spread >= 3 and depth >= max(two * size, settings.improve_two_ticks_depth_min):
        return 2
    if spread >= 2 and depth >= max(one * size, settings.improve_one_tick_depth_min):
        return 1
    return 0


def price_through_touch(state: MarketState, ticks: int) -> Price:
    """The price `ticks` beyond the touch, worse for us; negative ticks are better for us. Needs a usable book."""
    touch = state.view.best(state.exit_side.opposite)
    assert touch is not None
    return state.market.grid.ticks_up(touch, -ticks if state.exit_side is Side.ASK else ticks)


def _may_cross_again(state: MarketState) -> bool:
    crossed_at = state.episode.crossed_at
    return crossed_at is None or state.now - crossed_at >= state.settings.exit_retry


def _trim_order(state: MarketState, trim: Trim) -> Quote:
    """At the touch, and only as deep as the displayed book needs to fill it, within the slippage allowed."""
    worst = price_through_touch(state, state.settings.max_exit_slippage_ticks)
    price, missing = price_through_touch(state, 0), trim.size
    for level in state.view.levels(state.exit_side.opposite):
        is_too_far = level.price < worst if state.exit_side is Side.ASK else level.price > worst
        if missing <= 0 or is_too_far:
            break
        price, missing = level.price, Size(missing - level.size)
    age, vwap, mark = state.age, state.position.vwap, state.mark
    assert age is not None
    assert vwap is not None
    assert mark is not None
    announcement = MaeTrim(
        at=state.now,
        market=state.market.ticker,
        context=state.context(),
        mae_c=CentsOf(adverse_excursion(vwap, state.position.sign, mark)),
        severity=trim.severity,
        trim_pct=Percent(trim.fraction),
        trim_qty=trim.size,
        age_s=age,
    )
    quote = crossing_exit(Kind.MAE_TRIM, state.exit_side, price, trim.size)
    return replace(quote, announcement=announcement)


def take_profit_quotes(state: MarketState, size: Size) -> tuple[Quote, ...]:
    """The take-profit of so much of the position; none once the market is over (strategy §5)."""
    vwap = state.position.vwap
    if vwap is None or size <= 0 or state.market.status.is_over:
        return ()
    price = take_profit_price(vwap, state.position.sign, state.tp_offset, state.market.grid)
    # Without a book to rely on it is sent as one that may take: it fills at its price or better in any case.
    touch = state.view.best(state.exit_side.opposite) if state.has_usable_book else None
    is_through = touch is None or (price <= touch if state.exit_side is Side.ASK else price >= touch)
    return (resting_exit(Kind.TAKE_PROFIT, state.exit_side, price, size, post_only=not is_through),)


def _announced(quote: Quote, record: type[SweetSpotExit] | type[HardCapExit], state: MarketState) -> Quote:
    age: Duration | None = state.age
    assert age is not None
    announcement = record(
        at=state.now,
        market=state.market.ticker,
        context=state.context(),
        age_s=age,
        qty=quote.size,
        exit_price=quote.price,
        spread_ticks=state.spread_ticks,
        depth=state.view.touch_size(state.exit_side.opposite),
    )
    return replace(quote, announcement=announcement)
