"""Entries: whether a market may be entered now, and where (strategy §4).

What holds for every strategy is here; the edge-locked gates and prices are in `edge_locked_entry`.
"""

from edgelock.core.market import Side
from edgelock.core.market_state import MarketState
from edgelock.core.order import CancelReason, Role
from edgelock.core.permit import KILL_REASON, Brake, Mode
from edgelock.core.plan import Entry, resting_entry
from edgelock.core.units import Duration, Price, Size


def withdrawal_reason(state: MarketState) -> CancelReason | None:
    """Why nobody may enter this market now, or None when entries are allowed."""
    market = state.market
    if state.permit.mode is not Mode.OPEN:
        return CancelReason.KILL if state.permit.reason == KILL_REASON else CancelReason.BRAKE
    if not state.has_usable_book:
        return CancelReason.STALE
    if not state.is_active or state.now >= market.close_time - state.settings.no_entry_before_close:
        return CancelReason.MARKET
    if state.is_retired:
        return CancelReason.RETIRED
    if state.age is not None and state.age > state.settings.time_at_risk:
        return CancelReason.LIMIT
    if state.is_out_of_bounds:
        return CancelReason.QUOTE
    return None


def entry_size(state: MarketState, side: Side) -> Size:
    """`size_per_fill`, less where |net| and everything that could still add to it would pass the limit.

    A resting order that is about to be replaced does not count twice: one live entry per side is the rule.
    """
    held = max(side.sign * state.position.net, 0)
    room = state.settings.max_inventory - held
    return Size(max(min(state.settings.size_per_fill, room), 0))


def edge_locked_entry(state: MarketState, side: Side) -> Entry:
    """What the edge-locked strategy quotes on one side: only when flat, only inside the gate."""
    if state.position.sign != 0:
        return Entry(quote=None, withdraw_for=CancelReason.STATE_CHANGE)
    reason = withdrawal_reason(state)
    if reason is not None:
        return Entry(quote=None, withdraw_for=reason)
    if not _is_inside_gate(state, side):
        return Entry(quote=None, withdraw_for=CancelReason.QUOTE)
    size = entry_size(state, side)
    if size <= 0 or state.live_orders(Role.EXIT):
        return Entry(quote=None, withdraw_for=CancelReason.LIMIT)
    price = entry_price(state, side)
    if price is None:
        return Entry(quote=None, withdraw_for=CancelReason.QUOTE)
    return Entry(quote=resting_entry(side, price, size))


def entry_price(state: MarketState, side: Side) -> Price | None:
    """The reference less the base spread, on the tick, not crossing the touch, never beyond the gate.

    Asks are the mirror image. None when no valid price is left on our side of the touch.
    """
    price = maker_price(state, side, state.settings.base_spread)
    if price is None:
        return None
    grid, settings = state.market.grid, state.settings
    if side is Side.BID:
        price = min(price, grid.floor(settings.low))
        return price if price <= settings.low else None
    price = max(price, grid.ceil(settings.high))
    return price if price >= settings.high else None


def maker_price(state: MarketState, side: Side, distance: Price) -> Price | None:
    """`distance` from the reference, rounded away from it, never crossing; under a soft brake entries a tick wider."""
    grid = state.market.grid
    shrinks = side.sign == -state.position.sign
    wider = 1 if state.permit.brake is Brake.SOFT and not shrinks else 0
    if side is Side.BID:
        price = grid.ticks_up(grid.floor(state.reference.less(distance)), -wider)
        opposite = state.view.best_ask
        if opposite is not None and price >= opposite:
            price = grid.ticks_up(opposite, -1)
        return price if opposite is None or price < opposite else None
    price = grid.ticks_up(grid.ceil(state.reference.more(distance)), wider)
    opposite = state.view.best_bid
    if opposite is not None and price <= opposite:
        price = grid.ticks_up(opposite, 1)
    return price if opposite is None or price > opposite else None


def cooldown(state: MarketState) -> Duration:
    """Least time between two requotes of one side: 300 ms flat, 2 s + 50 ms per contract skewed, at most 5 s."""
    settings = state.settings
    if state.position.sign == 0:
        base: int = settings.cooldown_flat
    else:
        held = settings.cooldown_per_contract * state.position.size // 100
        base = min(settings.cooldown_skewed + held, settings.cooldown_max)
    return Duration(base * 2 if state.permit.brake is Brake.SOFT else base)


def _is_inside_gate(state: MarketState, side: Side) -> bool:
    double_mid = state.view.double_mid
    if double_mid is None:
        return False
    settings = state.settings
    if side is Side.BID:
        return state.reference.is_at_or_below(settings.low) and double_mid <= 2 * settings.low
    return state.reference.is_at_or_above(settings.high) and double_mid >= 2 * settings.high
