"""From what is wanted and what is resting to the fewest steps that close the gap (strategy §4, §5).

Two promises are kept here: at most one live entry per side, and live exits that together never exceed the position,
so that no exit can ever flip it. Whatever is in flight is waited for.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from edgelock.core.intents import AmendOrder, CancelOrder, Intent, PlaceOrder
from edgelock.core.market import Side
from edgelock.core.market_state import MarketState
from edgelock.core.order import CancelReason, Kind, Order, OrderState, Role, TimeInForce
from edgelock.core.permit import Brake
from edgelock.core.plan import Announcement, Plan, Quote
from edgelock.core.quoting import cooldown
from edgelock.core.units import Size


@dataclass(frozen=True, slots=True)
class Step:
    """An intent, and what is announced right before it."""

    intent: Intent
    announcement: Announcement | None = None


def reconcile(state: MarketState, plan: Plan) -> tuple[Step, ...]:
    """Withdrawals first, then exits, then entries; ids are counted in that order."""
    ids = _OrderIds(state)
    steps = [
        *_entry_withdrawals(state, plan),
        *_exit_steps(state, plan.exits, ids),
        *_entry_placements(state, plan, ids),
    ]
    return tuple(steps)


class _OrderIds:
    """Client order ids of one decision, counted on from the state's."""

    def __init__(self, state: MarketState) -> None:
        self._prefix, self._next = state.order_prefix, state.next_order_number

    def take(self) -> str:
        number = self._next
        self._next += 1
        return f"{self._prefix}-{number}"


def _entry_withdrawals(state: MarketState, plan: Plan) -> Iterator[Step]:
    for order in state.live_orders(Role.ENTRY):
        if order.state is not OrderState.RESTING:
            continue
        entry = plan.entry(order.side)
        if entry.quote is None and entry.withdraw_for is CancelReason.STALE and state.awaits_feed:
            continue
        reason = entry.withdraw_for if entry.quote is None else replacement_reason(state, order, entry.quote)
        if reason is not None:
            yield _cancel(state, order, reason)


def _entry_placements(state: MarketState, plan: Plan, ids: _OrderIds) -> Iterator[Step]:
    for side in Side:
        quote = plan.entry(side).quote
        if quote is None or state.live_orders(Role.ENTRY, side) or not is_cool(state, side):
            continue
        if state.entry_hold_until is not None and state.now < state.entry_hold_until:
            continue
        yield _place(state, quote, ids)


def replacement_reason(state: MarketState, order: Order, wanted: Quote) -> CancelReason | None:
    """Why a resting quote must make room for the wanted one, or None while it may stay."""
    if order.remaining > wanted.size:
        return CancelReason.LIMIT
    grid = state.market.grid
    if order.side is Side.BID:
        too_aggressive_by = grid.ticks_between(wanted.price, order.price)
    else:
        too_aggressive_by = grid.ticks_between(order.price, wanted.price)
    is_too_timid = -too_aggressive_by >= state.settings.hysteresis_ticks and state.permit.brake is Brake.NONE
    if (too_aggressive_by >= 1 or is_too_timid) and is_cool(state, order.side):
        return CancelReason.REPLACE
    return None


def is_cool(state: MarketState, side: Side) -> bool:
    """Whether the cooldown since the last placement on this side is over."""
    placed_at = state.placed_at(side)
    return placed_at is None or state.now - placed_at >= cooldown(state)


def _exit_steps(state: MarketState, wanted: tuple[Quote, ...], ids: _OrderIds) -> Iterator[Step]:
    live = state.live_orders(Role.EXIT)
    match = {quote: resting_match(live, quote) for quote in wanted if not quote.crosses}
    matched = [order.client_order_id for order in match.values() if order is not None]
    for order in live:
        # An immediate-or-cancel order ends by itself; its acknowledgement may be told before its end.
        waits = order.time_in_force is TimeInForce.GOOD_TILL_CANCELED
        if waits and order.state is OrderState.RESTING and order.client_order_id not in matched:
            is_flat = state.position.sign == 0
            yield _cancel(state, order, CancelReason.STATE_CHANGE if is_flat else CancelReason.EXIT)
    room = uncovered(state, live)
    for quote in wanted:
        resting = match.get(quote)
        if resting is not None:
            yield from _adjustment(state, resting, quote, room)
        elif quote.size <= room and _may_place_exit(state, quote, live):
            yield _place(state, quote, ids)
            room = Size(room - quote.size)


def uncovered(state: MarketState, live: tuple[Order, ...]) -> Size:
    """What no live exit covers yet; below 0 when they cover more than the position, and something must shrink.

    An entry that would shrink the position and is not yet proven dead counts too, should it fill after all.
    """
    left = state.position.size - sum(order.remaining for order in live)
    if left <= 0:
        return Size(left)
    return Size(max(left - state.live_size(Role.ENTRY, state.exit_side), 0))


def resting_match(live: tuple[Order, ...], quote: Quote) -> Order | None:
    """The live order that stands for a wanted one already."""
    for order in live:
        waits = order.time_in_force is TimeInForce.GOOD_TILL_CANCELED
        if waits and order.kind is quote.kind and order.side is quote.side:
            return order
    return None


def _adjustment(state: MarketState, order: Order, wanted: Quote, room: Size) -> Iterator[Step]:
    """A resting exit follows its quote by amendment, so that it never leaves the book; a legacy quote is replaced."""
    if order.state is not OrderState.RESTING:
        return
    if wanted.kind is Kind.LEGACY:
        reason = replacement_reason(state, order, wanted)
        if reason is not None:
            yield _cancel(state, order, reason)
        return
    size = Size(min(wanted.size, order.remaining + room))
    if size <= 0:
        yield _cancel(state, order, CancelReason.EXIT)
    elif not is_exit_on_hold(state) and (order.price != wanted.price or order.remaining != size):
        total = Size(order.filled + size)
        yield Step(AmendOrder(client_order_id=order.client_order_id, price=wanted.price, size=total,
                              reason=CancelReason.EXIT))  # fmt: skip


def is_exit_on_hold(state: MarketState) -> bool:
    """The venue takes no orders now, or a refusal is less than a moment old."""
    return not state.is_active or (state.exit_hold_until is not None and state.now < state.exit_hold_until)


def _may_place_exit(state: MarketState, quote: Quote, live: tuple[Order, ...]) -> bool:
    if is_exit_on_hold(state):
        return False
    if quote.kind is Kind.LEGACY and not quote.crosses and not is_cool(state, quote.side):
        return False
    return not (quote.crosses and any(order.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL for order in live))


def _place(state: MarketState, quote: Quote, ids: _OrderIds) -> Step:
    intent = PlaceOrder(
        client_order_id=ids.take(),
        side=quote.side,
        price=quote.price,
        size=quote.size,
        role=quote.role,
        kind=quote.kind,
        time_in_force=quote.time_in_force,
        post_only=quote.post_only,
        skew=state.position.skew,
    )
    return Step(intent, quote.announcement)


def _cancel(state: MarketState, order: Order, reason: CancelReason) -> Step:
    one_tick = state.spread_ticks == 1
    return Step(CancelOrder(client_order_id=order.client_order_id, reason=reason, one_tick_spread=one_tick))
