"""Choosing: what a market does now. The recipe that calls the stages in order.

    strategy (hard cap → sweet spot → MAE trim → take-profit → entries) → reconcile with resting orders → intents

Neither this nor `evolve` knows a clock, a socket, a log or an actor. The same facts give the same intents.
"""

from dataclasses import dataclass

from edgelock.core.evolve import evolve, with_alert, with_intent
from edgelock.core.facts import Fact, Recovered
from edgelock.core.intents import AmendOrder, CancelOrder, Intent, PlaceOrder
from edgelock.core.legacy import contract_minutes_due_at
from edgelock.core.market import Side
from edgelock.core.market_state import FIRST_WORD_WITHIN, MarketState, RunMode
from edgelock.core.order import Role
from edgelock.core.permit import Mode
from edgelock.core.quoting import cooldown
from edgelock.core.reconcile import reconcile
from edgelock.core.report import find_order, report
from edgelock.core.strategy import Strategy
from edgelock.core.telemetry import MarketRecord, QuoteAmend, QuoteCancel, QuotePlace, ShadowQuote
from edgelock.core.telling_late import told_late
from edgelock.core.units import MILLISECOND, Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one step came to: the state with the intents in flight, the intents, and the lines about them.

    wake_at is the next instant at which time alone can change the decision.
    """

    state: MarketState
    intents: tuple[Intent, ...] = ()
    records: tuple[MarketRecord, ...] = ()
    wake_at: Timestamp | None = None


def step(state: MarketState, fact: Fact, strategy: Strategy) -> Decision:
    """Remember a fact, tell of it, and decide: the whole of what a market does with one message."""
    after = evolve(state, fact)
    late = told_late(state, fact) if isinstance(fact, Recovered) else ()
    # Before it knows what is on record a market has no state to tell of.
    told = report(state, fact, after) if after.is_recovered else ()
    decision = decide(after, strategy)
    return Decision(
        state=decision.state,
        intents=decision.intents,
        records=(*late, *told, *decision.records),
        wake_at=decision.wake_at,
    )


def decide(state: MarketState, strategy: Strategy) -> Decision:
    """Choose. Nothing is wished before what is on record has been recovered; a halted market only cancels."""
    if not state.is_recovered:
        return Decision(state=state)
    plan = strategy.plan(state)
    records: list[MarketRecord] = list(plan.alerts)
    intents: list[Intent] = []
    after = state
    for alert in plan.alerts:
        after = with_alert(after, alert)
    for wished in reconcile(state, plan):
        if state.permit.mode is Mode.HALTED and not isinstance(wished.intent, CancelOrder):
            continue
        if wished.announcement is not None:
            records.append(wished.announcement)
        records.append(_record(state, wished.intent))
        intents.append(wished.intent)
        after = with_intent(after, wished.intent)
    return Decision(state=after, intents=tuple(intents), records=tuple(records), wake_at=next_deadline(after))


def next_deadline(state: MarketState) -> Timestamp | None:
    """The next instant after `now` at which a rule may decide otherwise without any news."""
    settings, episode, now = state.settings, state.episode, state.now
    candidates: list[int] = [state.market.close_time - settings.no_entry_before_close]
    held_until = (state.entry_hold_until, state.exit_hold_until)
    candidates += [until for until in held_until if until is not None]
    if state.awaits_feed and state.recovered_at is not None:
        candidates.append(state.recovered_at + FIRST_WORD_WITHIN)
    cool = cooldown(state)
    candidates += [at + cool for at in (state.bid_placed_at, state.ask_placed_at) if at is not None]
    opened_at = state.position.opened_at
    if opened_at is not None:
        ages = (settings.sweet_spot_from, settings.sweet_spot_to, settings.hard_cap, settings.time_at_risk + 1)
        candidates += [opened_at + age for age in ages]
        candidates += [at + settings.dwell for at in (episode.improved_at,) if at is not None]
        candidates += [at + settings.exit_retry for at in (episode.crossed_at,) if at is not None]
        candidates += [at + settings.exit_blocked_alert for at in (episode.blocked_alert_at,) if at is not None]
        candidates += [at + settings.trim_cooldown for at in (state.last_trim_at,) if at is not None]
        candidates.append(contract_minutes_due_at(state))
        candidates += [at + settings.legacy_stop_persists for at in (episode.stop_since,) if at is not None]
    ahead = [at for at in candidates if at > now]
    return Timestamp(min(ahead)) if ahead else None


def _record(state: MarketState, intent: Intent) -> MarketRecord:
    if isinstance(intent, PlaceOrder):
        return _shadow_record(state, intent) if state.run_mode is RunMode.SHADOW else _place_record(state, intent)
    order = find_order(state, intent.client_order_id)
    assert order is not None
    if isinstance(intent, AmendOrder):
        return QuoteAmend(
            at=state.now,
            market=state.market.ticker,
            context=state.context(),
            order_side=order.side.value,
            kind=order.kind.value,
            client_order_id=order.client_order_id,
            from_price=order.price,
            from_qty=order.size,
            to_price=intent.price,
            to_qty=intent.size,
            reason=intent.reason.value,
        )
    return QuoteCancel(
        at=state.now,
        market=state.market.ticker,
        context=state.context(),
        order_side=order.side.value,
        reason=intent.reason.value,
        kind=order.kind.value,
        client_order_id=order.client_order_id,
    )


def _place_record(state: MarketState, intent: PlaceOrder) -> QuotePlace:
    waits_ms = cooldown(state) // MILLISECOND if intent.role is Role.ENTRY else 0
    return QuotePlace(
        at=state.now,
        market=state.market.ticker,
        context=state.context(),
        side=intent.side.value,
        price=intent.price,
        qty=intent.size,
        role=intent.role.value,
        kind=intent.kind.value,
        client_order_id=intent.client_order_id,
        post_only=intent.post_only,
        tif=intent.time_in_force.value,
        cooldown_ms=waits_ms,
    )


def _shadow_record(state: MarketState, intent: PlaceOrder) -> ShadowQuote:
    touch = state.view.best(intent.side.opposite)
    would_cross = touch is not None and (intent.price >= touch if intent.side is Side.BID else intent.price <= touch)
    return ShadowQuote(
        at=state.now,
        market=state.market.ticker,
        context=state.context(),
        side=intent.side.value,
        price=intent.price,
        qty=intent.size,
        role=intent.role.value,
        kind=intent.kind.value,
        client_order_id=intent.client_order_id,
        post_only=intent.post_only,
        tif=intent.time_in_force.value,
        would_cross=would_cross,
        cancels_30_projected=state.permit.cancels_30,
    )
