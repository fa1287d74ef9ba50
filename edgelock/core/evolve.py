"""Remembering: what a fact, or an intent of our own, makes of a market's state.

Every handler checks the whole fact before it changes anything, and the state is replaced in one assignment.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from edgelock.core.book import EMPTY_VIEW, BookView
from edgelock.core.facts import (
    AmendRejected,
    BookChanged,
    Fact,
    FeedStatus,
    FeedStatusChanged,
    GridChanged,
    IntentRefused,
    MarketStatusChanged,
    OrderFact,
    OrderFilled,
    OrderRejected,
    PermitChanged,
    Recovered,
    Retired,
    SettingsChanged,
    TimePassed,
    TradesPrinted,
)
from edgelock.core.intents import Intent, PlaceOrder
from edgelock.core.legacy import is_beyond_stop
from edgelock.core.mae_trim import adverse_excursion
from edgelock.core.market import Side
from edgelock.core.market_state import NEW_EPISODE, Episode, MarketState
from edgelock.core.order import Kind, OrderState, Role, TimeInForce
from edgelock.core.order_ledger import OrderLedger
from edgelock.core.permit import CLOSED_AT_START
from edgelock.core.plan import Alert
from edgelock.core.position import Position
from edgelock.core.reference import Reference
from edgelock.core.telemetry import ExitBlocked
from edgelock.core.units import SECOND, Duration, Timestamp

HOLD_AFTER_REFUSAL = SECOND
"""How long entries, or exits, wait after the venue said no, so that a no is not a loop."""

HOLD_AFTER_LIMIT = Duration(10 * SECOND)
"""How long entries wait after a limit of ours said no: what it counts changes with fills, not with prices."""

PASSING_LIMITS = frozenset({"permit", "feed", "market_status", "order_group", "exits_not_armed", "not_flat"})
"""Limits that news on its way to the market lifts: after these a moment is enough."""

AnyFact = TypeVar("AnyFact", bound=Fact)


def evolve(state: MarketState, fact: Fact) -> MarketState:
    """The state after a fact. The engine's time never goes back; an order fact heard before changes nothing.

    Raises SequenceGap when an order fact is missing, UnknownOrder when one is about an order nobody knows.
    """
    if isinstance(fact, OrderFact):
        return _order_fact(state, fact)
    if fact.at > state.now:
        state = replace(state, now=fact.at)
    return _HANDLERS[type(fact)](state, fact)


def with_intent(state: MarketState, intent: Intent) -> MarketState:
    """The state with an intent of ours in flight, so that the next decision does not wish it again."""
    state = _with_ledger(state, _ledger(state).with_intent(intent, state.now))
    return _with_placement(state, intent) if isinstance(intent, PlaceOrder) else state


def with_alert(state: MarketState, alert: Alert) -> MarketState:
    """The state after an alert was raised, so that it is not raised at every step."""
    if isinstance(alert, ExitBlocked):
        return replace(state, episode=replace(state.episode, blocked_alert_at=state.now))
    return replace(state, episode=replace(state.episode, time_at_risk_told=True))


# --- market data ------------------------------------------------------------------------------------------------


def _book_changed(state: MarketState, fact: BookChanged) -> MarketState:
    return _after_prices(_heard(_with_view(state, fact.view), is_said=state.feed is FeedStatus.LIVE))


def _trades_printed(state: MarketState, fact: TradesPrinted) -> MarketState:
    reference, last_trade = state.reference, state.last_trade
    for printed in fact.prints:
        reference = reference.after_print(printed.price, state.settings.reference_alpha)
        last_trade = printed.price
    return _after_prices(replace(state, reference=reference, last_trade=last_trade))


def _feed_status_changed(state: MarketState, fact: FeedStatusChanged) -> MarketState:
    # After anything but silence the book and the prints in between are lost: nothing is quoted on what stood
    # before, and the reference starts again at the mid of the next book.
    if fact.status in (FeedStatus.GAP, FeedStatus.DOWN):
        state = _with_view(replace(state, reference=Reference()), EMPTY_VIEW)
    is_said = fact.status is not FeedStatus.LIVE or state.raw_view != EMPTY_VIEW
    return _after_prices(_heard(replace(state, feed=fact.status), is_said=is_said))


def _heard(state: MarketState, *, is_said: bool) -> MarketState:
    """That the feed is live says something only together with a book; which of the two comes first is open."""
    return replace(state, is_feed_heard=True) if is_said and not state.is_feed_heard else state


def _market_status_changed(state: MarketState, fact: MarketStatusChanged) -> MarketState:
    return replace(state, market=replace(state.market, status=fact.status, close_time=fact.close_time))


def _grid_changed(state: MarketState, fact: GridChanged) -> MarketState:
    return replace(state, market=replace(state.market, grid=fact.grid))


def _time_passed(state: MarketState, _fact: TimePassed) -> MarketState:
    return _after_prices(state)


def _with_view(state: MarketState, raw_view: BookView) -> MarketState:
    view = raw_view
    if state.orders_in_book and state.orders:
        # What the venue has not taken yet is not in its book; taking it out would hide what others show there.
        resting = (o for o in state.orders if o.state is not OrderState.PLACING)
        view = raw_view.without((o.side, o.price, o.remaining) for o in resting)
    return replace(state, raw_view=raw_view, view=view)


def _after_prices(state: MarketState) -> MarketState:
    """What follows from prices alone: the seed of the reference, the bounds, the excursion so far."""
    double_mid = state.view.double_mid if state.has_usable_book else None
    if double_mid is not None:
        if state.reference.steps is None:
            state = replace(state, reference=state.reference.seeded(double_mid))
        is_out = _is_out_of_bounds(state, double_mid)
        if is_out != state.is_out_of_bounds:
            state = replace(state, is_out_of_bounds=is_out)
    vwap, mark = state.position.vwap, state.mark
    if vwap is None or mark is None:
        return state
    excursion = adverse_excursion(vwap, state.position.sign, mark)
    since = state.now if state.episode.stop_since is None else state.episode.stop_since
    stop_since = since if is_beyond_stop(state) else None
    if excursion <= state.episode.max_excursion and stop_since == state.episode.stop_since:
        return state
    worst = max(excursion, state.episode.max_excursion)
    return replace(state, episode=replace(state.episode, max_excursion=worst, stop_since=stop_since))


def _is_out_of_bounds(state: MarketState, double_mid: int) -> bool:
    settings = state.settings
    if state.is_out_of_bounds:
        return not 2 * settings.price_resume_low <= double_mid <= 2 * settings.price_resume_high
    return not 2 * settings.price_bound_low <= double_mid <= 2 * settings.price_bound_high


# --- verdicts and settings --------------------------------------------------------------------------------------


def _permit_changed(state: MarketState, fact: PermitChanged) -> MarketState:
    return replace(state, permit=fact.permit)


def _settings_changed(state: MarketState, fact: SettingsChanged) -> MarketState:
    return replace(state, settings=fact.settings)


def _retired(state: MarketState, _fact: Retired) -> MarketState:
    return replace(state, is_retired=True)


def _recovered(state: MarketState, fact: Recovered) -> MarketState:
    live = tuple(order for order in fact.orders if order.state.is_live)
    recovered = replace(
        state,
        is_recovered=True,
        recovered_at=fact.at,
        sequence=fact.sequence,
        position=fact.position,
        orders=live,
        ended=tuple(order for order in fact.orders if not order.state.is_live),
        last_trim_at=fact.last_trim_at,
        permit=fact.permit if state.permit is CLOSED_AT_START else state.permit,
    )
    return _after_prices(_with_view(recovered, state.raw_view))


# --- the life of our orders -------------------------------------------------------------------------------------


def _order_fact(state: MarketState, fact: OrderFact) -> MarketState:
    if not state.is_recovered:
        return state  # told to a predecessor; what it came to is part of what will be recovered
    ledger, _ = _ledger(state).after(fact)
    if ledger.sequence == state.sequence:
        return state
    before = state.position
    state = _with_ledger(replace(state, now=max(fact.at, state.now)), ledger)
    if isinstance(fact, OrderRejected | AmendRejected):
        state = _held(state, ledger.order(fact.client_order_id).role)
    elif isinstance(fact, IntentRefused):
        role = ledger.order(fact.intent.client_order_id).role
        is_lasting = role is Role.ENTRY and fact.limit not in PASSING_LIMITS
        state = _held(state, role, HOLD_AFTER_LIMIT if is_lasting else HOLD_AFTER_REFUSAL)
    if ledger.position.skew != before.skew:
        # A new position is a new episode, and quoting after a change of state waits for no cooldown.
        state = replace(state, episode=NEW_EPISODE, bid_placed_at=None, ask_placed_at=None)
    elif isinstance(fact, OrderFilled) and _begins_take_profit(ledger, before, fact):
        state = replace(state, episode=replace(state.episode, take_profit_from=before.opened_at))
    return _after_prices(state) if ledger.position is not before else state


def _begins_take_profit(ledger: OrderLedger, before: Position, fact: OrderFilled) -> bool:
    """The first fill of a take-profit closes its oldest lots: when it completes, their age is told."""
    order = ledger.order(fact.client_order_id)
    return ledger.position is not before and order.kind is Kind.TAKE_PROFIT and order.filled == fact.size


def _held(state: MarketState, role: Role, hold: Duration = HOLD_AFTER_REFUSAL) -> MarketState:
    until = Timestamp(state.now + hold)
    return replace(state, entry_hold_until=until) if role is Role.ENTRY else replace(state, exit_hold_until=until)


def _ledger(state: MarketState) -> OrderLedger:
    return OrderLedger(state.sequence, state.position, state.orders, state.ended)


def _with_ledger(state: MarketState, ledger: OrderLedger) -> MarketState:
    state = replace(state, sequence=ledger.sequence, position=ledger.position, orders=ledger.orders, ended=ledger.ended)
    return _with_view(state, state.raw_view) if state.orders_in_book else state


def _with_placement(state: MarketState, intent: PlaceOrder) -> MarketState:
    state = replace(
        state,
        next_order_number=state.next_order_number + 1,
        episode=_episode_after(state.episode, intent, state.now),
    )
    if intent.kind is Kind.MAE_TRIM:
        return replace(state, last_trim_at=state.now)
    if intent.role is Role.ENTRY or intent.kind is Kind.LEGACY:
        if intent.side is Side.BID:
            return replace(state, bid_placed_at=state.now)
        return replace(state, ask_placed_at=state.now)
    return state


def _episode_after(episode: Episode, intent: PlaceOrder, now: Timestamp) -> Episode:
    crosses = intent.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL
    if intent.kind is Kind.HARD_CAP:
        return replace(
            episode, hard_cap_announced=True, hard_cap_attempts=episode.hard_cap_attempts + 1, crossed_at=now
        )
    if intent.kind is Kind.SWEET_SPOT and crosses:
        return replace(episode, sweet_spot_announced=True, crossed_at=now)
    if intent.kind is Kind.SWEET_SPOT:
        return replace(episode, sweet_spot_announced=True, improved_at=now)
    if intent.kind is Kind.LEGACY and crosses:
        return replace(episode, legacy_announced=True, crossed_at=now)
    return episode


def _handler(fact_type: type[AnyFact], handle: Callable[[MarketState, AnyFact], MarketState]) -> "_Row":
    def checked(state: MarketState, fact: Fact) -> MarketState:
        assert isinstance(fact, fact_type)
        return handle(state, fact)

    return fact_type, checked


_Row = tuple[type[object], Callable[[MarketState, Fact], MarketState]]

_HANDLERS: dict[type[object], Callable[[MarketState, Fact], MarketState]] = dict(
    (
        _handler(BookChanged, _book_changed),
        _handler(TradesPrinted, _trades_printed),
        _handler(FeedStatusChanged, _feed_status_changed),
        _handler(MarketStatusChanged, _market_status_changed),
        _handler(GridChanged, _grid_changed),
        _handler(TimePassed, _time_passed),
        _handler(PermitChanged, _permit_changed),
        _handler(SettingsChanged, _settings_changed),
        _handler(Retired, _retired),
        _handler(Recovered, _recovered),
    )
)
