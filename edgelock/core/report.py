"""What a person should read about a fact: the records that follow from the state before it and after it."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from edgelock.core.book import EMPTY_VIEW
from edgelock.core.facts import (
    AmendRejected,
    BookChanged,
    CancelRejected,
    Fact,
    FeedStatus,
    FeedStatusChanged,
    IntentRefused,
    MarketSettled,
    MarketStatusChanged,
    OrderAcknowledged,
    OrderCanceled,
    OrderFact,
    OrderFilled,
    OrderRejected,
    OrderUnanswered,
    Recovered,
)
from edgelock.core.intents import PlaceOrder
from edgelock.core.market import Side
from edgelock.core.market_state import MarketState, RunMode
from edgelock.core.order import CancelReason, Kind, Order, OrderState, Role
from edgelock.core.position import Position, Realized
from edgelock.core.telemetry import (
    BookSnapshot,
    CentsOf,
    FeedGap,
    FeedResume,
    FeedStale,
    Fill,
    InventoryLimit,
    MarketRecord,
    MarketStatusRecord,
    OrderAck,
    OrderCancelled,
    OrderReject,
    OrderResolved,
    OrderUnknown,
    PriceRatio,
    Realize,
    Settlement,
    StateChange,
    TakeProfitExit,
)
from edgelock.core.units import Duration, Money

INVENTORY_LIMITS = frozenset({"inventory_market", "inventory_global", "order_notional"})


def report(before: MarketState, fact: Fact, after: MarketState) -> tuple[MarketRecord, ...]:
    """The records of one fact, in the order in which they are to be read. A fact heard twice has none."""
    if after is before:
        return ()
    if after.run_mode is RunMode.SHADOW and isinstance(fact, OrderAcknowledged | OrderCanceled):
        return ()  # nobody was asked, so nobody answered: a shadow proposal is told when it is made
    tell = _REPORTS.get(type(fact))
    told = () if tell is None else tell(before, fact, after)
    resolved = _resolved(before, fact, after)
    # A fill's own line is the first to carry what it has changed.
    return (*told, *resolved) if isinstance(fact, OrderFilled) else (*resolved, *told)


def in_zone(order: Order, price: int, state: MarketState) -> bool:
    """An entry fill at or below the low gate (buy) or at or above the high one (sell); every exit."""
    if order.role is Role.EXIT:
        return True
    return price <= state.settings.low if order.side is Side.BID else price >= state.settings.high


def _filled(before: MarketState, fact: Fact, after: MarketState) -> tuple[MarketRecord, ...]:
    assert isinstance(fact, OrderFilled)
    order = find_order(before, fact.client_order_id) or fact.late_order
    if order is None or fact.trade_id in before.position.trade_ids:
        return ()
    context = after.context()
    records: list[MarketRecord] = [
        Fill(
            at=after.now,
            market=after.market.ticker,
            context=replace(context, state=order.skew),
            side=order.side.value,
            price=fact.price,
            qty=fact.size,
            role=order.role.value,
            in_zone=in_zone(order, fact.price, before),
            fee=fact.fee,
            is_taker=fact.is_taker,
            trade_id=fact.trade_id,
            client_order_id=order.client_order_id,
            kind=order.kind.value,
            queue_position=fact.queue_ahead,
            state_after=after.position.skew,
        )
    ]
    _, realized = before.position.after_fill(
        trade_id=fact.trade_id, side=order.side, price=fact.price, size=fact.size, fee=fact.fee, at=fact.at
    )
    if realized is not None:
        records.append(_realize(before, after, realized, order.kind.value))
    ended = find_order(after, fact.client_order_id)
    if order.kind is Kind.TAKE_PROFIT and ended is not None and ended.state is OrderState.FILLED and realized:
        records.append(_take_profit_exit(before, after, ended, realized))
    records.extend(_state_change(before.position, after))
    return tuple(records)


def _take_profit_exit(before: MarketState, after: MarketState, order: Order, realized: Realized) -> MarketRecord:
    earlier = before.episode.take_profit_from if order.filled > realized.size else None
    opened_at = realized.opened_at if earlier is None else earlier
    return TakeProfitExit(
        at=after.now,
        market=after.market.ticker,
        context=after.context(),
        age_s=Duration(after.now - opened_at),
        qty=order.filled,
        exit_price=order.price,
        spread_ticks=before.spread_ticks,
        depth=before.view.touch_size(order.side.opposite),
    )


def _realize(before: MarketState, after: MarketState, realized: Realized, reason: str) -> MarketRecord:
    return Realize(
        at=after.now,
        market=after.market.ticker,
        context=after.context(),
        qty=realized.size,
        entry_vwap=PriceRatio(Fraction(realized.entry_cost, realized.size)),
        exit_price=realized.exit_price,
        pnl=realized.pnl,
        fees=realized.fees,
        age_s=Duration(after.now - realized.opened_at),
        mae_c=CentsOf(before.episode.max_excursion),
        exit_reason=reason,
    )


def _state_change(position: Position, after: MarketState) -> tuple[MarketRecord, ...]:
    if position.skew == after.position.skew:
        return ()
    change = StateChange(
        at=after.now,
        market=after.market.ticker,
        context=after.context(),
        old_state=position.skew,
        new_state=after.position.skew,
    )
    return (change,)


def _settled(before: MarketState, fact: Fact, after: MarketState) -> tuple[MarketRecord, ...]:
    assert isinstance(fact, MarketSettled)
    _, realized = before.position.settled(fact.value)
    records = [] if realized is None else [_realize(before, after, realized, "settlement")]
    settlement = Settlement(
        at=after.now,
        market=after.market.ticker,
        context=after.context(),
        value=fact.value,
        qty=before.position.net,
        pnl=Money(0) if realized is None else realized.pnl,
    )
    return (*records, settlement, *_state_change(before.position, after))


def _acknowledged(_before: MarketState, fact: Fact, after: MarketState) -> tuple[MarketRecord, ...]:
    assert isinstance(fact, OrderAcknowledged)
    return (
        OrderAck(
            at=after.now,
            market=after.market.ticker,
            context=after.context(),
            client_order_id=fact.client_order_id,
            order_id=fact.venue_order_id,
        ),
    )


def _rejected(_before: MarketState, fact: Fact, after: MarketState) -> tuple[MarketRecord, ...]:
    assert isinstance(fact, OrderRejected | AmendRejected)
    return (
        OrderReject(
            at=after.now,
            market=after.market.ticker,
            context=after.context(),
            client_order_id=fact.client_order_id,
            code=fact.code,
            text=fact.text,
        ),
    )


def _canceled(before: MarketState, fact: Fact, after: MarketState) -> tuple[MarketRecord, ...]:
    assert isinstance(fact, OrderCanceled)
    order = find_order(before, fact.client_order_id)
    if order is None or not order.state.is_live:
        return ()
    reason = fact.reason or order.cancel_reason or CancelReason.VENUE
    return (
        OrderCancelled(
            at=after.now,
            market=after.market.ticker,
            context=after.context(),
            order_side=order.side.value,
            reason=reason.value,
            client_order_id=order.client_order_id,
            unfilled=order.remaining,
        ),
    )


def _unknown(_before: MarketState, fact: Fact, after: MarketState) -> tuple[MarketRecord, ...]:
    assert isinstance(fact, CancelRejected | OrderUnanswered)
    order = find_order(after, fact.client_order_id)
    if order is None or order.state is not OrderState.UNKNOWN:
        return ()  # its end has been told: it filled while the cancel was on its way
    reason = fact.reason if isinstance(fact, OrderUnanswered) else f"cancel refused: {fact.code} {fact.text}".strip()
    return (
        OrderUnknown(
            at=after.now,
            market=after.market.ticker,
            context=after.context(),
            client_order_id=fact.client_order_id,
            reason=reason,
        ),
    )


def _refused(_before: MarketState, fact: Fact, after: MarketState) -> tuple[MarketRecord, ...]:
    assert isinstance(fact, IntentRefused)
    order_id = fact.intent.client_order_id
    if fact.limit in INVENTORY_LIMITS and isinstance(fact.intent, PlaceOrder):
        return (
            InventoryLimit(
                at=after.now,
                market=after.market.ticker,
                context=after.context(),
                limit=fact.limit,
                found=fact.found,
                allowed=fact.allowed,
                client_order_id=order_id,
            ),
        )
    return (
        OrderReject(
            at=after.now,
            market=after.market.ticker,
            context=after.context(),
            client_order_id=order_id,
            code=f"refused_{fact.limit}",
            text=f"refused before the wire: found {fact.found}, allowed {fact.allowed}",
        ),
    )


def _resolved(before: MarketState, fact: Fact, after: MarketState) -> tuple[MarketRecord, ...]:
    """An order whose state was unknown is known again."""
    if not isinstance(fact, OrderFact) or isinstance(fact, MarketSettled | IntentRefused):
        return ()
    was, became = find_order(before, fact.client_order_id), find_order(after, fact.client_order_id)
    if was is None or became is None or was.state is not OrderState.UNKNOWN or became.state is OrderState.UNKNOWN:
        return ()
    record = OrderResolved(
        at=after.now,
        market=after.market.ticker,
        context=after.context(),
        client_order_id=was.client_order_id,
        became=became.state.value,
    )
    return (record,)


def _book(before: MarketState, fact: Fact, after: MarketState) -> tuple[MarketRecord, ...]:
    assert isinstance(fact, BookChanged | Recovered)
    is_first = before.raw_view == EMPTY_VIEW or not before.is_recovered
    if not is_first or not after.view.is_two_sided:
        return ()  # told once, when a book is first known or known again after a gap
    return (
        BookSnapshot(
            at=after.now, market=after.market.ticker, context=after.context(), spread_ticks=after.spread_ticks
        ),
    )


def _feed(before: MarketState, fact: Fact, after: MarketState) -> tuple[MarketRecord, ...]:
    assert isinstance(fact, FeedStatusChanged)
    if before.feed is after.feed:
        return ()
    record = {FeedStatus.LIVE: FeedResume, FeedStatus.GAP: FeedGap}.get(fact.status, FeedStale)
    return (record(at=after.now, market=after.market.ticker, context=after.context(), reason=fact.reason),)


def _status(before: MarketState, fact: Fact, after: MarketState) -> tuple[MarketRecord, ...]:
    assert isinstance(fact, MarketStatusChanged)
    if before.market == after.market:
        return ()
    return (
        MarketStatusRecord(
            at=after.now,
            market=after.market.ticker,
            context=after.context(),
            status=fact.status.value,
            close_time=fact.close_time,
        ),
    )


def find_order(state: MarketState, client_order_id: str) -> Order | None:
    """An order in the market's memory, live or finished."""
    for order in (*state.orders, *state.ended):
        if order.client_order_id == client_order_id:
            return order
    return None


_REPORTS: dict[type[Fact], Callable[[MarketState, Fact, MarketState], tuple[MarketRecord, ...]]] = {
    OrderFilled: _filled,
    MarketSettled: _settled,
    OrderAcknowledged: _acknowledged,
    OrderRejected: _rejected,
    AmendRejected: _rejected,
    OrderCanceled: _canceled,
    CancelRejected: _unknown,
    OrderUnanswered: _unknown,
    IntentRefused: _refused,
    BookChanged: _book,
    Recovered: _book,
    FeedStatusChanged: _feed,
    MarketStatusChanged: _status,
}
