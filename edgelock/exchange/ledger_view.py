"""Accounts as an audit wants to see them: exact money, positions, live orders, and what was accepted."""

from edgelock.core.units import size_text
from edgelock.exchange.accounts import Account, Settlement
from edgelock.exchange.engine import Engine
from edgelock.exchange.facts import Filled
from edgelock.exchange.orders import Order

WireObject = dict[str, object]


def ledger_object(engine: Engine) -> WireObject:
    """The whole ledger. Money is in $0.000001. Cash, collateral and fees sum to the deposits, to the last unit."""
    venue = engine.venue
    return {
        "exchange_time_ns": engine.now,
        "accounts": [_account(engine, account) for account in venue.accounts.values()],
        "house_cash": sum(account.cash for account in venue.house.values()),
        "collateral": venue.collateral(),
        "fees_collected": venue.fees_collected,
        "deposited": venue.deposited,
    }


def _account(engine: Engine, account: Account) -> WireObject:
    return {
        "account_id": account.account_id,
        "user_id": account.user_id,
        "cash": account.cash,
        "available": account.available,
        "cash_by_shard": {str(purse): cash for purse, cash in account.purses.items()},
        "positions": [
            {
                "ticker": ticker,
                "position_fp": size_text(position.size),
                "cost": position.cost,
                "realized": position.realized,
                "fees": position.fees,
                "status": engine.markets[ticker].status.value,
            }
            for ticker, position in account.positions.items()
        ],
        "open_orders": [
            {
                "order_id": order.order_id,
                "client_order_id": order.client_order_id,
                "ticker": order.ticker,
                "book_side": order.side.value,
                "yes_price": order.price,
                "remaining_fp": size_text(order.remaining),
                "expires_at_ns": order.expires_at,
            }
            for orders in account.resting.values()
            for order in orders.values()
        ],
        "orders_accepted": len(account.orders),
        "fills": len(account.fills),
        "settlements": len(account.settlements),
        "order_history": [_order(order) for order in account.orders.values()],
        "fill_history": [_fill(fill) for fill in account.fills],
        "settlement_history": [_settlement(settlement) for settlement in account.settlements],
    }


def _order(order: Order) -> WireObject:
    """The whole life of an order; ended_at_ns is None while it lives."""
    return {
        "order_id": order.order_id,
        "client_order_id": order.client_order_id,
        "ticker": order.ticker,
        "book_side": order.side.value,
        "yes_price": order.price,
        "time_in_force": order.time_in_force.value,
        "post_only": order.is_post_only,
        "cancel_on_pause": order.cancels_on_pause,
        "order_group_id": order.group_id,
        "count_fp": size_text(order.total),
        "filled_fp": size_text(order.filled),
        "status": order.status.value,
        "reason": order.reason.value,
        "created_at_ns": order.created_at,
        "ended_at_ns": None if order.is_live else order.updated_at,
        "expires_at_ns": order.expires_at,
    }


def _fill(fill: Filled) -> WireObject:
    return {
        "trade_id": fill.trade_id,
        "order_id": fill.order_id,
        "client_order_id": fill.client_order_id,
        "ticker": fill.ticker,
        "book_side": fill.side.value,
        "yes_price": fill.price,
        "count_fp": size_text(fill.size),
        "fee": fill.fee,
        "is_taker": fill.is_taker,
        "at_ns": fill.at,
    }


def _settlement(settlement: Settlement) -> WireObject:
    return {
        "ticker": settlement.ticker,
        "value": settlement.value,
        "position_fp": size_text(settlement.size),
        "revenue": settlement.revenue,
        "fee": settlement.fee,
        "settled_at_ns": settlement.settled_at,
    }
