"""The old inventory-skewing maker, kept as a second strategy behind the same interface (strategy §10)."""

from dataclasses import replace

from edgelock.core.exits import can_exit_now, exit_alerts, price_through_touch
from edgelock.core.mae_trim import adverse_excursion
from edgelock.core.market import Side
from edgelock.core.market_state import MarketState
from edgelock.core.order import CancelReason, Kind
from edgelock.core.plan import Entry, Plan, Quote, crossing_exit, resting_entry, resting_exit
from edgelock.core.quoting import entry_size, maker_price, withdrawal_reason
from edgelock.core.telemetry import LegacyExit
from edgelock.core.units import CONTRACT, MINUTE, Price, Size, Timestamp, ceil_div


class Legacy:
    """Quotes both sides around the reference, leans against its inventory, flattens by time held and by a stop."""

    name = "legacy"

    def plan(self, state: MarketState) -> Plan:
        """Quotes on the sides that the inventory allows; the side that shrinks it is an exit."""
        return Plan(
            bid=_entry(state, Side.BID),
            ask=_entry(state, Side.ASK),
            exits=_exits(state),
            alerts=exit_alerts(state, None if flatten_trigger(state) is None else Kind.LEGACY),
        )


def flatten_trigger(state: MarketState) -> str | None:
    """Why the position must go: contracts × minutes over the open lots, or a stop that has persisted."""
    settings, position = state.settings, state.position
    if position.lots and state.now >= contract_minutes_due_at(state):
        return "contract_minutes"
    since = state.episode.stop_since
    if since is not None and state.now - since >= settings.legacy_stop_persists:
        return "stop"
    return None


def contract_minutes_due_at(state: MarketState) -> Timestamp:
    """When contracts × age, summed over the open lots, reaches its limit. Needs an open position."""
    position = state.position
    limit = state.settings.legacy_flatten_contract_minutes * CONTRACT * MINUTE
    opened = sum(lot.size * lot.opened_at for lot in position.lots)
    return Timestamp(ceil_div(limit + opened, position.size))


def is_beyond_stop(state: MarketState) -> bool:
    """Whether the excursion has reached the legacy stop; how long it has, the episode remembers."""
    vwap, mark = state.position.vwap, state.mark
    if vwap is None or mark is None:
        return False
    return adverse_excursion(vwap, state.position.sign, mark) >= state.settings.legacy_stop


def _entry(state: MarketState, side: Side) -> Entry:
    if side.sign == -state.position.sign:
        return Entry(quote=None, withdraw_for=CancelReason.STATE_CHANGE)
    reason = withdrawal_reason(state)
    if reason is not None:
        return Entry(quote=None, withdraw_for=reason)
    is_skewed = state.position.size >= state.settings.legacy_skew
    size = entry_size(state, side)
    if is_skewed or size <= 0 or state.reference.steps is None:
        return Entry(quote=None, withdraw_for=CancelReason.QUOTE)
    price = maker_price(state, side, state.settings.base_spread)
    return Entry(quote=None if price is None else resting_entry(side, price, size))


def _exits(state: MarketState) -> tuple[Quote, ...]:
    if state.position.sign == 0 or not can_exit_now(state):
        return ()
    trigger = flatten_trigger(state)
    if trigger is not None:
        return _flatten(state, trigger)
    if state.reference.steps is None:
        return ()
    price = maker_price(state, state.exit_side, _skewed_distance(state))
    if price is None:
        return ()
    size = Size(min(state.settings.size_per_fill, state.position.size))
    return (resting_exit(Kind.LEGACY, state.exit_side, price, size, post_only=True),)


def _skewed_distance(state: MarketState) -> Price:
    """base_spread × (1 + |net| / 100) once the position is skewed, rounded up to a price unit."""
    base, held = state.settings.base_spread, state.position.size
    if held < state.settings.legacy_skew:
        return base
    return Price(ceil_div(base * (100 * CONTRACT + held), 100 * CONTRACT))


def _flatten(state: MarketState, trigger: str) -> tuple[Quote, ...]:
    crossed_at = state.episode.crossed_at
    if crossed_at is not None and state.now - crossed_at < state.settings.exit_retry:
        return ()
    price = price_through_touch(state, 0)
    quote = crossing_exit(Kind.LEGACY, state.exit_side, price, state.position.size)
    if state.episode.legacy_announced:
        return (quote,)
    age = state.age
    assert age is not None
    announcement = LegacyExit(
        at=state.now,
        market=state.market.ticker,
        context=state.context(),
        age_s=age,
        qty=quote.size,
        exit_price=price,
        spread_ticks=state.spread_ticks,
        depth=state.view.touch_size(state.exit_side.opposite),
        trigger=trigger,
    )
    return (replace(quote, announcement=announcement),)
