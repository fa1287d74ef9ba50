"""Why a position has no working exit: every gate of the market itself for the side that shrinks it.

Asked of a market that holds a position; of a flat one nothing holds, because nothing is to be left.
"""

from edgelock.core.exits import can_exit_now, due_exit
from edgelock.core.explain_check import Check, Look, Row
from edgelock.core.explain_entries import cooldown_words
from edgelock.core.explain_words import price_or_none, reference_text, seconds_text
from edgelock.core.legacy import contract_minutes_due_at, flatten_trigger
from edgelock.core.mae_trim import adverse_excursion
from edgelock.core.market import Side
from edgelock.core.market_state import MarketState
from edgelock.core.order import OrderState, Role
from edgelock.core.permit import Mode
from edgelock.core.plan import Quote
from edgelock.core.reconcile import is_cool, resting_match, uncovered
from edgelock.core.strategy import LEGACY
from edgelock.core.units import Price, Timestamp, price_text, size_text

WORKING = frozenset({OrderState.PLACING, OrderState.RESTING, OrderState.AMENDING})
"""A live exit in one of these works for us; one in any other state is on its way out, or nobody knows."""


def exit_checks(look: Look) -> tuple[Check, ...]:
    """Every gate of the market for exits."""
    return tuple(row.check(look, look.state.exit_side) for row in exit_rows(look))


def exit_holds(look: Look) -> tuple[bool, ...]:
    """The verdicts of `exit_rows`, in its order, without their words."""
    return tuple(row.holds(look, look.state.exit_side) for row in exit_rows(look))


def exit_rows(look: Look) -> tuple[Row, ...]:
    """The gates of this market's strategy."""
    return _LEGACY_ROWS if look.strategy is LEGACY else _EDGE_LOCKED_ROWS


def due_by_age(look: Look) -> str | None:
    """The exit that is due whatever the price, by the name of its rule."""
    if look.strategy is LEGACY:
        return flatten_trigger(look.state)
    kind = due_exit(look.state)
    return None if kind is None else kind.value


def _is_held(look: Look) -> bool:
    return look.state.position.sign != 0


def _wanted(look: Look) -> tuple[Quote, ...]:
    return () if look.plan is None else look.plan.exits


def _uncovered_wanted(look: Look) -> tuple[Quote, ...]:
    """Wanted exits for which nothing rests yet; empty as soon as one of them is there."""
    if not _is_held(look):
        return ()
    live = look.state.live_orders(Role.EXIT)
    wanted = _wanted(look)
    if any(not quote.crosses and resting_match(live, quote) is not None for quote in wanted):
        return ()
    return wanted


def _hold_until(look: Look, _side: Side) -> Timestamp | None:
    return look.state.exit_hold_until


def _is_on_hold(look: Look, _side: Side) -> bool:
    until = look.state.exit_hold_until
    return _is_held(look) and until is not None and look.state.now < until


def _is_unsettled(look: Look, _side: Side) -> bool:
    live = look.state.live_orders(Role.EXIT)
    return bool(live) and not any(order.state in WORKING for order in live)


def _orders_words(look: Look, _side: Side) -> tuple[str, str]:
    live = look.state.live_orders(Role.EXIT)
    found = ", ".join(f"{order.state.value} {price_text(order.price)} x {size_text(order.remaining)}" for order in live)
    return found or "none", "in a state that is known"


def _is_crowded(look: Look, _side: Side) -> bool:
    wanted = _uncovered_wanted(look)
    room = uncovered(look.state, look.state.live_orders(Role.EXIT))
    return bool(wanted) and all(quote.size > room for quote in wanted)


def _room_words(look: Look, _side: Side) -> tuple[str, str]:
    room = uncovered(look.state, look.state.live_orders(Role.EXIT))
    wanted = min((quote.size for quote in _wanted(look)), default=None)
    return f"{size_text(room)} not covered", "nothing wanted" if wanted is None else f"at least {size_text(wanted)}"


def _is_retrying(look: Look, _side: Side) -> bool:
    crossed_at = look.state.episode.crossed_at
    is_due = due_by_age(look) is not None and can_exit_now(look.state)
    is_fresh = crossed_at is not None and look.state.now - crossed_at < look.state.settings.exit_retry
    return is_due and is_fresh and not _wanted(look)


def _retry_words(look: Look, _side: Side) -> tuple[str, str]:
    crossed_at, settings = look.state.episode.crossed_at, look.state.settings
    found = "none sent across" if crossed_at is None else f"sent across {seconds_text(look.state.now - crossed_at)} ago"
    return found, f"again after {seconds_text(settings.exit_retry)}"


def _retry_at(look: Look, _side: Side) -> Timestamp | None:
    crossed_at = look.state.episode.crossed_at
    return None if crossed_at is None else Timestamp(crossed_at + look.state.settings.exit_retry)


def _is_bookless(look: Look, _side: Side) -> bool:
    is_needed = look.strategy is LEGACY or due_by_age(look) is not None
    return _is_held(look) and is_needed and not look.state.has_usable_book


def _book_words(look: Look, _side: Side) -> tuple[str, str]:
    view = look.state.view
    touch = f"{price_or_none(view.best_bid)} / {price_or_none(view.best_ask)}"
    return f"feed {look.state.feed.value}, {touch}", "live, two-sided, not crossed"


# --- by age and by excursion: when the next rule comes in -------------------------------------------------------


def _never(_look: Look, _side: Side) -> bool:
    """What only tells when the next rule comes in stops nothing."""
    return False


def _age(look: Look) -> str:
    age = look.state.age
    return "flat" if age is None else f"age {seconds_text(age)}"


def _sweet_spot_words(look: Look, _side: Side) -> tuple[str, str]:
    settings = look.state.settings
    return _age(look), f"due from {seconds_text(settings.sweet_spot_from)} to {seconds_text(settings.sweet_spot_to)}"


def _contract_minutes_words(look: Look, _side: Side) -> tuple[str, str]:
    state = look.state
    if not state.position.lots:
        return "flat", f"due at {state.settings.legacy_flatten_contract_minutes} contract minutes"
    left = max(contract_minutes_due_at(state) - state.now, 0)
    return f"{_age(look)}, due in {seconds_text(left)}", "flattens when due"


def _stop_words(look: Look, _side: Side) -> tuple[str, str]:
    since, settings = look.state.episode.stop_since, look.state.settings
    found = "not beyond it" if since is None else f"beyond it for {seconds_text(look.state.now - since)}"
    allowed = f"flattens at {price_text(settings.legacy_stop)} for {seconds_text(settings.legacy_stop_persists)}"
    return found, allowed


def _excursion_words(look: Look, _side: Side) -> tuple[str, str]:
    state, settings = look.state, look.state.settings
    allowed = f"trims from {price_text(settings.mae_trigger)}"
    vwap, mark = state.position.vwap, state.mark
    if vwap is None or mark is None:
        return "flat" if vwap is None else "no mark", allowed
    return price_text(Price(int(adverse_excursion(vwap, state.position.sign, mark)))), allowed


def _is_trim_cooling(look: Look, _side: Side) -> bool:
    """A trim would be due, were the last one not so fresh."""
    state, settings = look.state, look.state.settings
    vwap, mark, age = state.position.vwap, state.mark, state.age
    if vwap is None or mark is None or age is None or age >= settings.sweet_spot_from or not can_exit_now(state):
        return False
    is_fresh = state.last_trim_at is not None and state.now - state.last_trim_at < settings.trim_cooldown
    return is_fresh and adverse_excursion(vwap, state.position.sign, mark) >= settings.mae_trigger


def _trim_words(look: Look, _side: Side) -> tuple[str, str]:
    at, settings = look.state.last_trim_at, look.state.settings
    found = "never trimmed" if at is None else f"trimmed {seconds_text(look.state.now - at)} ago"
    return found, f"again after {seconds_text(settings.trim_cooldown)}"


def _trim_at(look: Look, _side: Side) -> Timestamp | None:
    at = look.state.last_trim_at
    return None if at is None else Timestamp(at + look.state.settings.trim_cooldown)


# --- legacy only ------------------------------------------------------------------------------------------------


def _has_no_price(look: Look, _side: Side) -> bool:
    is_quoting = _is_held(look) and look.plan is not None and flatten_trigger(look.state) is None
    return is_quoting and can_exit_now(look.state) and not _wanted(look)


def _reference_words(state: MarketState) -> tuple[str, str]:
    return f"reference {reference_text(state.reference)}", "a price that can rest"


def _is_hot(look: Look, _side: Side) -> bool:
    wanted = _uncovered_wanted(look)
    return bool(wanted) and not wanted[0].crosses and not is_cool(look.state, wanted[0].side)


# --- the tables -------------------------------------------------------------------------------------------------

_FIRST = (
    Row(
        name="recovery",
        holds=lambda look, _side: not look.state.is_recovered,
        words=lambda look, _side: ("recovered" if look.state.is_recovered else "awaited", "what is on record is known"),
    ),
    Row(
        name="halted",
        holds=lambda look, _side: _is_held(look) and look.state.permit.mode is Mode.HALTED,
        words=lambda look, _side: (
            " ".join((look.state.permit.mode.name, look.state.permit.reason)).strip(),
            "REDUCE_ONLY or OPEN",
        ),
        until=lambda look, _side: look.state.permit.until,
    ),
    Row(
        name="market_status",
        holds=lambda look, _side: _is_held(look) and not look.state.is_active,
        words=lambda look, _side: (look.state.market.status.value, "active"),
    ),
    Row(
        name="hold_after_refusal",
        holds=_is_on_hold,
        words=lambda look, side: (
            "a refusal just now" if _is_on_hold(look, side) else "no fresh refusal",
            "none, or waited out",
        ),
        until=_hold_until,
    ),
    Row(name="live_exits", holds=_is_unsettled, words=_orders_words),
    Row(name="uncovered", holds=_is_crowded, words=_room_words),
    Row(name="book", holds=_is_bookless, words=_book_words),
    Row(name="exit_retry", holds=_is_retrying, words=_retry_words, until=_retry_at),
)
_EDGE_LOCKED_ROWS = (
    *_FIRST,
    Row(name="sweet_spot", holds=_never, words=_sweet_spot_words),
    Row(
        name="hard_cap",
        holds=_never,
        words=lambda look, _side: (_age(look), f"due from {seconds_text(look.state.settings.hard_cap)}"),
    ),
    Row(name="mae_trim", holds=_never, words=_excursion_words),
    Row(name="trim_cooldown", holds=_is_trim_cooling, words=_trim_words, until=_trim_at),
)
_LEGACY_ROWS = (
    *_FIRST,
    Row(name="contract_minutes", holds=_never, words=_contract_minutes_words),
    Row(name="stop", holds=_never, words=_stop_words),
    Row(name="exit_price", holds=_has_no_price, words=lambda look, _side: _reference_words(look.state)),
    Row(name="cooldown", holds=_is_hot, words=cooldown_words),
)
