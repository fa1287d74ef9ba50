"""Why one side of a market is not quoted: every gate of the market itself, in the order in which they are asked.

`decide` keeps or places an entry on a side exactly when none of these holds (a property test says so).
"""

from edgelock.core.explain_check import Check, Look, Row
from edgelock.core.explain_words import mid_text, price_or_none, reference_text, seconds_text, tenths_text
from edgelock.core.facts import FeedStatus
from edgelock.core.market import Side
from edgelock.core.order import Order, OrderState, Role
from edgelock.core.permit import Mode
from edgelock.core.quoting import cooldown, entry_price, entry_size, maker_price
from edgelock.core.reconcile import is_cool, replacement_reason
from edgelock.core.strategy import LEGACY
from edgelock.core.units import MINUTE, Price, Size, Timestamp, price_text, size_text

QUOTED = frozenset({OrderState.PLACING, OrderState.RESTING})
"""A live entry in one of these is a quote; in any other it is on its way out, or nobody knows."""


def entry_checks(look: Look, side: Side) -> tuple[Check, ...]:
    """Every gate of the market for entries on this side."""
    return tuple(row.check(look, side) for row in rows_of(look))


def entry_holds(look: Look, side: Side) -> tuple[bool, ...]:
    """The verdicts of `rows_of`, in its order, without their words."""
    return tuple(row.holds(look, side) for row in rows_of(look))


def rows_of(look: Look) -> tuple[Row, ...]:
    """The gates of this market's strategy."""
    return _LEGACY_ROWS if look.strategy is LEGACY else _EDGE_LOCKED_ROWS


def live_entry(look: Look, side: Side) -> Order | None:
    """Our live entry on this side, whatever its state."""
    live = look.state.live_orders(Role.ENTRY, side)
    return live[0] if live else None


# --- the market and its news ------------------------------------------------------------------------------------


def _is_unusable(look: Look, _side: Side) -> bool:
    return not look.state.view.is_two_sided


def _touch(look: Look, _side: Side) -> tuple[str, str]:
    view = look.state.view
    return f"{price_or_none(view.best_bid)} / {price_or_none(view.best_ask)}", "two-sided, not crossed"


def _close_gate(look: Look) -> Timestamp:
    return Timestamp(look.state.market.close_time - look.state.settings.no_entry_before_close)


def _close_words(look: Look, _side: Side) -> tuple[str, str]:
    left = look.state.market.close_time - look.state.now
    return f"closes in {left // MINUTE} min", f"more than {look.state.settings.no_entry_before_close // MINUTE} min"


def _is_old(look: Look, _side: Side) -> bool:
    age = look.state.age
    return age is not None and age > look.state.settings.time_at_risk


def _age_words(look: Look, _side: Side) -> tuple[str, str]:
    age = look.state.age
    return "flat" if age is None else seconds_text(age), f"at most {seconds_text(look.state.settings.time_at_risk)}"


def _old_since(look: Look, _side: Side) -> Timestamp | None:
    opened_at = look.state.position.opened_at
    return None if opened_at is None else Timestamp(opened_at + look.state.settings.time_at_risk)


def _bounds_words(look: Look, _side: Side) -> tuple[str, str]:
    settings = look.state.settings
    low, high = settings.price_bound_low, settings.price_bound_high
    if look.state.is_out_of_bounds:
        low, high = settings.price_resume_low, settings.price_resume_high
    return f"mid {mid_text(look.state.view)}", f"{price_text(low)} to {price_text(high)}"


# --- the price gates --------------------------------------------------------------------------------------------


def _is_reference_outside(look: Look, side: Side) -> bool:
    reference, settings = look.state.reference, look.state.settings
    if side is Side.BID:
        return not reference.is_at_or_below(settings.low)
    return not reference.is_at_or_above(settings.high)


def _reference_words(look: Look, side: Side) -> tuple[str, str]:
    return reference_text(look.state.reference), _gate(look, side)


def _is_mid_outside(look: Look, side: Side) -> bool:
    double_mid, settings = look.state.view.double_mid, look.state.settings
    if double_mid is None:
        return True
    return double_mid > 2 * settings.low if side is Side.BID else double_mid < 2 * settings.high


def _mid_words(look: Look, side: Side) -> tuple[str, str]:
    return mid_text(look.state.view), _gate(look, side)


def _gate(look: Look, side: Side) -> str:
    settings = look.state.settings
    return f"at most {price_text(settings.low)}" if side is Side.BID else f"at least {price_text(settings.high)}"


# --- what is held -----------------------------------------------------------------------------------------------


def _opened(look: Look, _side: Side) -> Timestamp | None:
    return look.state.position.opened_at


def _position_words(look: Look, _side: Side) -> tuple[str, str]:
    return size_text(look.state.position.net), "flat"


def _is_exit_side(look: Look, side: Side) -> bool:
    return side.sign == -look.state.position.sign


def _exit_side_words(look: Look, _side: Side) -> tuple[str, str]:
    return size_text(look.state.position.net), "not the side that shrinks it"


def _skew_words(look: Look, _side: Side) -> tuple[str, str]:
    state = look.state
    return size_text(state.position.size), f"below {size_text(state.settings.legacy_skew)}"


def _inventory_words(look: Look, side: Side) -> tuple[str, str]:
    held = max(side.sign * look.state.position.net, 0)
    return size_text(Size(held)), f"below {size_text(look.state.settings.max_inventory)}"


def _exits_words(look: Look, _side: Side) -> tuple[str, str]:
    return f"{len(look.state.live_orders(Role.EXIT))} live", "none"


# --- the quote itself -------------------------------------------------------------------------------------------


def _wanted_price(look: Look, side: Side) -> Price | None:
    if look.strategy is LEGACY:
        return maker_price(look.state, side, look.state.settings.base_spread)
    return entry_price(look.state, side)


def _has_no_price(look: Look, side: Side) -> bool:
    return look.state.reference.steps is not None and _wanted_price(look, side) is None


def _price_words(look: Look, side: Side) -> tuple[str, str]:
    touch = look.state.view.best(side.opposite)
    return f"touch {price_or_none(touch)}", "not crossed"


def _is_unsettled(look: Look, side: Side) -> bool:
    order = live_entry(look, side)
    return order is not None and order.state not in QUOTED


def _order_words(look: Look, side: Side) -> tuple[str, str]:
    order = live_entry(look, side)
    if order is None:
        return "none", "1"
    return f"{order.state.value} {price_text(order.price)} x {size_text(order.remaining)}", "1, its state known"


def _is_replaced(look: Look, side: Side) -> bool:
    order = live_entry(look, side)
    if order is None or order.state is not OrderState.RESTING:
        return False
    quote = None if look.plan is None else look.plan.entry(side).quote
    return quote is not None and replacement_reason(look.state, order, quote) is not None


def _replacement_words(look: Look, side: Side) -> tuple[str, str]:
    order = live_entry(look, side)
    quote = None if look.plan is None else look.plan.entry(side).quote
    wanted = "no quote" if quote is None else f"{price_text(quote.price)} x {size_text(quote.size)}"
    if order is None:
        return "none rests", f"wanted {wanted}"
    return f"{price_text(order.price)} x {size_text(order.remaining)} rests", f"wanted {wanted}"


def _is_hot(look: Look, side: Side) -> bool:
    return live_entry(look, side) is None and not is_cool(look.state, side)


def cooldown_words(look: Look, side: Side) -> tuple[str, str]:
    """How long ago something was placed on this side, and when the next may be."""
    placed_at = look.state.placed_at(side)
    found = "none placed" if placed_at is None else f"placed {tenths_text(look.state.now - placed_at)} ago"
    return found, f"again after {tenths_text(cooldown(look.state))}"


def _cool_at(look: Look, side: Side) -> Timestamp | None:
    placed_at = look.state.placed_at(side)
    return None if placed_at is None else Timestamp(placed_at + cooldown(look.state))


def _is_on_hold(look: Look, side: Side) -> bool:
    until = look.state.entry_hold_until
    return live_entry(look, side) is None and until is not None and look.state.now < until


def _hold_words(look: Look, _side: Side) -> tuple[str, str]:
    until, now = look.state.entry_hold_until, look.state.now
    waits = until is not None and now < until
    return "a refusal just now" if waits else "no fresh refusal", "none, or waited out"


# --- the tables -------------------------------------------------------------------------------------------------

_RECOVERED = Row(
    name="recovery",
    holds=lambda look, _side: not look.state.is_recovered,
    words=lambda look, _side: ("recovered" if look.state.is_recovered else "awaited", "what is on record is known"),
)
_NEWS = (
    Row(
        name="permit",
        holds=lambda look, _side: look.state.permit.mode is not Mode.OPEN,
        words=lambda look, _side: (" ".join((look.state.permit.mode.name, look.state.permit.reason)).strip(), "OPEN"),
        until=lambda look, _side: look.state.permit.until,
    ),
    Row(
        name="feed",
        holds=lambda look, _side: look.state.feed is not FeedStatus.LIVE,
        words=lambda look, _side: (look.state.feed.value, "live"),
    ),
    Row(name="book", holds=_is_unusable, words=_touch),
    Row(
        name="market_status",
        holds=lambda look, _side: not look.state.is_active,
        words=lambda look, _side: (look.state.market.status.value, "active"),
    ),
    Row(
        name="close",
        holds=lambda look, _side: look.state.now >= _close_gate(look),
        words=_close_words,
        since=lambda look, _side: _close_gate(look),
    ),
    Row(
        name="retired",
        holds=lambda look, _side: look.state.is_retired,
        words=lambda look, _side: ("retired" if look.state.is_retired else "traded", "traded"),
    ),
    Row(name="time_at_risk", holds=_is_old, words=_age_words, since=_old_since),
    Row(name="price_bounds", holds=lambda look, _side: look.state.is_out_of_bounds, words=_bounds_words),
)
_INVENTORY = Row(name="inventory", holds=lambda look, side: entry_size(look.state, side) <= 0, words=_inventory_words)
_QUOTE = (
    Row(name="quote_price", holds=_has_no_price, words=_price_words),
    Row(name="one_entry_per_side", holds=_is_unsettled, words=_order_words),
    Row(name="replacement", holds=_is_replaced, words=_replacement_words),
    Row(
        name="cooldown",
        holds=_is_hot,
        words=cooldown_words,
        since=lambda look, side: look.state.placed_at(side),
        until=_cool_at,
    ),
    Row(name="hold_after_refusal", holds=_is_on_hold, words=_hold_words,
        until=lambda look, _side: look.state.entry_hold_until),
)  # fmt: skip
_EDGE_LOCKED_ROWS = (
    _RECOVERED,
    Row(
        name="position",
        holds=lambda look, _side: look.state.position.sign != 0,
        words=_position_words,
        since=_opened,
    ),
    *_NEWS,
    Row(name="reference_gate", holds=_is_reference_outside, words=_reference_words),
    Row(name="mid_gate", holds=_is_mid_outside, words=_mid_words),
    _INVENTORY,
    Row(name="live_exits", holds=lambda look, _side: bool(look.state.live_orders(Role.EXIT)), words=_exits_words),
    *_QUOTE,
)
_LEGACY_ROWS = (
    _RECOVERED,
    Row(name="exit_side", holds=_is_exit_side, words=_exit_side_words, since=_opened),
    *_NEWS,
    Row(
        name="legacy_skew",
        holds=lambda look, _side: look.state.position.size >= look.state.settings.legacy_skew,
        words=_skew_words,
    ),
    _INVENTORY,
    Row(
        name="reference",
        holds=lambda look, _side: look.state.reference.steps is None,
        words=lambda look, _side: (reference_text(look.state.reference), "known"),
    ),
    *_QUOTE,
)
