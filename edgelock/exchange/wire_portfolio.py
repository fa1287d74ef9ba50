"""Orders, fills, positions and settlements as the venue's REST objects (venue reference §6.4, §8.2)."""

from collections.abc import Sequence

from edgelock.core.units import (
    CONTRACT,
    Money,
    Price,
    Size,
    Timestamp,
    ceil_div,
    money_text,
    price_text,
    size_text,
)
from edgelock.exchange.account_history import AccountHistory
from edgelock.exchange.accounts import Position, Settlement, outcome_cost
from edgelock.exchange.facts import Filled
from edgelock.exchange.flow import BookSide
from edgelock.exchange.market import Market
from edgelock.exchange.orders import OrderView
from edgelock.exchange.venue import Venue
from edgelock.exchange.wire_text import OUTCOME_SIDE, no_price, result_text, rfc3339, unix_ms, unix_s

WireObject = dict[str, object]
_MONEY_PER_CENT = 10_000


def order_object(order: OrderView, *, user_id: str, exchange_index: int) -> WireObject:
    """An order as GET shows it. An ask's deprecated action and side are sell and yes (our reading of §5)."""
    found: WireObject = {
        "order_id": order.order_id,
        "user_id": user_id,
        "client_order_id": order.client_order_id,
        "ticker": order.ticker,
        "outcome_side": OUTCOME_SIDE[order.side],
        "book_side": order.side.value,
        "side": "yes",
        "action": "buy" if order.side is BookSide.BID else "sell",
        "type": "limit",
        "status": order.status.value,
        "yes_price_dollars": price_text(order.price),
        "no_price_dollars": price_text(no_price(order.price)),
        "initial_count_fp": size_text(order.total),
        "fill_count_fp": size_text(order.filled),
        "remaining_count_fp": size_text(order.remaining),
        "taker_fill_cost_dollars": money_text(order.taker_cost),
        "maker_fill_cost_dollars": money_text(order.maker_cost),
        "taker_fees_dollars": money_text(order.taker_fees),
        "maker_fees_dollars": money_text(order.maker_fees),
        "created_time": rfc3339(order.created_at),
        "last_update_time": rfc3339(order.updated_at),
        "self_trade_prevention_type": order.self_trade_prevention.value,
        "cancel_order_on_pause": order.cancels_on_pause,
        "subaccount_number": 0,
        "exchange_index": exchange_index,
    }
    if order.expires_at is not None:
        found["expiration_time"] = rfc3339(order.expires_at)
    if order.group_id is not None:
        found["order_group_id"] = order.group_id
    return found


def user_order_message(order: OrderView, *, user_id: str, exchange_index: int) -> WireObject:
    """An order as the `user_orders` channel shows it."""
    found: WireObject = {
        "order_id": order.order_id,
        "user_id": user_id,
        "ticker": order.ticker,
        "exchange_index": exchange_index,
        "status": order.status.value,
        "side": OUTCOME_SIDE[order.side],
        "is_yes": order.side is BookSide.BID,
        "outcome_side": OUTCOME_SIDE[order.side],
        "book_side": order.side.value,
        "yes_price_dollars": price_text(order.price),
        "fill_count_fp": size_text(order.filled),
        "remaining_count_fp": size_text(order.remaining),
        "initial_count_fp": size_text(order.total),
        "taker_fill_cost_dollars": money_text(order.taker_cost),
        "maker_fill_cost_dollars": money_text(order.maker_cost),
        "taker_fees_dollars": money_text(order.taker_fees),
        "maker_fees_dollars": money_text(order.maker_fees),
        "client_order_id": order.client_order_id,
        "self_trade_prevention_type": order.self_trade_prevention.value,
        "created_time": rfc3339(order.created_at),
        "created_ts_ms": unix_ms(order.created_at),
        "last_update_time": rfc3339(order.updated_at),
        "last_updated_ts_ms": unix_ms(order.updated_at),
        "last_update_reason": order.reason.value,
        "subaccount_number": 0,
    }
    if order.expires_at is not None:
        found["expiration_time"] = rfc3339(order.expires_at)
        found["expiration_ts_ms"] = unix_ms(order.expires_at)
    if order.group_id is not None:
        found["order_group_id"] = order.group_id
    return found


def fill_object(fill: Filled, *, exchange_index: int) -> WireObject:
    """A fill as GET shows it, without the client order id."""
    return {
        "fill_id": fill.trade_id,
        "trade_id": fill.trade_id,
        "order_id": fill.order_id,
        "ticker": fill.ticker,
        "market_ticker": fill.ticker,
        "exchange_index": exchange_index,
        "outcome_side": OUTCOME_SIDE[fill.side],
        "book_side": fill.side.value,
        "side": OUTCOME_SIDE[fill.side],
        "action": "buy",
        "count_fp": size_text(fill.size),
        "yes_price_dollars": price_text(fill.price),
        "no_price_dollars": price_text(no_price(fill.price)),
        "is_taker": fill.is_taker,
        "fee_cost": money_text(fill.fee),
        "created_time": rfc3339(fill.at),
        "ts": unix_s(fill.at),
        "subaccount_number": 0,
    }


def fill_message(fill: Filled, *, exchange_index: int) -> WireObject:
    """A fill as the `fill` channel shows it."""
    found: WireObject = {
        "trade_id": fill.trade_id,
        "order_id": fill.order_id,
        "market_ticker": fill.ticker,
        "exchange_index": exchange_index,
        "is_taker": fill.is_taker,
        "side": OUTCOME_SIDE[fill.side],
        "action": "buy",
        "purchased_side": OUTCOME_SIDE[fill.side],
        "outcome_side": OUTCOME_SIDE[fill.side],
        "book_side": fill.side.value,
        "yes_price_dollars": price_text(fill.price),
        "count_fp": size_text(fill.size),
        "fee_cost": money_text(fill.fee),
        "ts": unix_s(fill.at),
        "ts_ms": unix_ms(fill.at),
        "post_position_fp": size_text(fill.position_after),
        "subaccount": 0,
    }
    if fill.client_order_id:
        found["client_order_id"] = fill.client_order_id
    return found


def market_position_object(ticker: str, position: Position, *, exchange_index: int) -> WireObject:
    """A position in one market; exposure is what its open part cost."""
    return {
        "ticker": ticker,
        "exchange_index": exchange_index,
        "total_traded_dollars": money_text(position.traded_cost),
        "position_fp": size_text(position.size),
        "market_exposure_dollars": money_text(position.cost),
        "realized_pnl_dollars": money_text(position.realized),
        "fees_paid_dollars": money_text(position.fees),
        "last_updated_ts": rfc3339(position.updated_at),
    }


def event_position_object(event_ticker: str, positions: list[Position]) -> WireObject:
    """The positions of one event together."""
    exposure = Money(sum(position.cost for position in positions))
    return {
        "event_ticker": event_ticker,
        "total_cost_dollars": money_text(Money(sum(position.traded_cost for position in positions))),
        "total_cost_shares_fp": size_text(Size(sum(position.traded_size for position in positions))),
        "event_exposure_dollars": money_text(exposure),
        "realized_pnl_dollars": money_text(Money(sum(position.realized for position in positions))),
        "fees_paid_dollars": money_text(Money(sum(position.fees for position in positions))),
    }


def settlement_object(settlement: Settlement) -> WireObject:
    """A paid-out position; revenue and value are whole cents, as on the venue."""
    is_long = settlement.size > 0
    held, nothing = size_text(Size(abs(settlement.size))), size_text(Size(0))
    cost, no_cost = money_text(settlement.cost), money_text(Money(0))
    return {
        "ticker": settlement.ticker,
        "exchange_index": settlement.exchange_index,
        "event_ticker": settlement.event_ticker,
        "market_result": result_text(settlement.value),
        "yes_count_fp": held if is_long else nothing,
        "yes_total_cost_dollars": cost if is_long else no_cost,
        "no_count_fp": nothing if is_long else held,
        "no_total_cost_dollars": no_cost if is_long else cost,
        "revenue": settlement.revenue // _MONEY_PER_CENT,
        "value": settlement.value // 100,
        "settled_time": rfc3339(settlement.settled_at),
        "fee_cost": money_text(settlement.fee),
    }


def balance_object(venue: Venue, seen: AccountHistory, at: Timestamp, *, shard: int | None = None) -> WireObject:
    """Available cash (net of what resting orders reserve) and the positions' value at the last price, in cents.

    shard  counts this one's cash only; None all of it
    """
    purses = {shard: seen.purses.get(shard, Money(0))} if shard is not None else seen.purses
    available = sum(purses.values())
    return {
        "balance": available // _MONEY_PER_CENT,
        "balance_dollars": dollars(Money(available)),
        "portfolio_value": _portfolio_value(venue, seen) // _MONEY_PER_CENT,
        "updated_ts": unix_s(at),
        "balance_breakdown": [
            {"exchange_index": number, "balance": dollars(cash)} for number, cash in sorted(purses.items())
        ],
    }


def dollars(money: Money) -> str:
    """With four decimals, rounded down: what a balance has."""
    return price_text(Price(money // 100))


def average_texts(fills: Sequence[Filled]) -> WireObject:
    """Average price (rounded down) and fee per contract (rounded up) of some fills; nothing when there are none."""
    size = sum(fill.size for fill in fills)
    if not size:
        return {}
    price = sum(fill.price * fill.size for fill in fills) // size
    fees = sum(fill.fee for fill in fills)
    return {
        "average_fill_price": price_text(Price(price)),
        "average_fee_paid": price_text(Price(ceil_div(fees * CONTRACT, size * 100))),
    }


def _portfolio_value(venue: Venue, seen: AccountHistory) -> Money:
    value = 0
    for ticker, position in seen.positions.items():
        if position.size:
            side = BookSide.BID if position.size > 0 else BookSide.ASK
            value += outcome_cost(side, _mark(venue.markets[ticker]), Size(abs(position.size)))
    return Money(value)


def _mark(market: Market) -> Price:
    return market.value if market.value is not None else market.last_price
