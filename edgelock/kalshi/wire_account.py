"""The account's bodies as values: balance, limits, orders, fills, positions. Source: venue reference §6.4, §8."""

import msgspec

from edgelock.kalshi.account import (
    AccountLimits,
    Balance,
    BucketLimits,
    FillPage,
    OrderPage,
    PositionPage,
    VenueFill,
    VenueOrder,
    VenueOrderStatus,
    VenuePosition,
)
from edgelock.kalshi.wire import WireError, decode, money_field, price_field, signed_size_field, size_field, time_field
from edgelock.kalshi.wire_market import side_field


class _BalanceBody(msgspec.Struct):
    balance_dollars: str


class _Bucket(msgspec.Struct):
    refill_rate: int
    bucket_capacity: int


class _LimitsBody(msgspec.Struct):
    usage_tier: str
    read: _Bucket
    write: _Bucket


class _Order(msgspec.Struct):
    order_id: str
    client_order_id: str
    ticker: str
    book_side: str
    status: str
    yes_price_dollars: str
    initial_count_fp: str
    fill_count_fp: str
    remaining_count_fp: str


class _OrderBody(msgspec.Struct):
    order: _Order


class _OrdersBody(msgspec.Struct):
    orders: list[_Order]
    cursor: str


class _Fill(msgspec.Struct):
    trade_id: str
    order_id: str
    ticker: str
    book_side: str
    count_fp: str
    yes_price_dollars: str
    is_taker: bool
    fee_cost: str
    created_time: str


class _FillsBody(msgspec.Struct):
    fills: list[_Fill]
    cursor: str


class _Position(msgspec.Struct):
    ticker: str
    position_fp: str
    market_exposure_dollars: str
    realized_pnl_dollars: str
    fees_paid_dollars: str


class _PositionsBody(msgspec.Struct):
    market_positions: list[_Position]
    cursor: str


def read_balance(body: bytes) -> Balance:
    """GET /portfolio/balance. The field in cents is truncated, so the one in dollars is read."""
    endpoint = "GET /portfolio/balance"
    found = decode(body, _BalanceBody, endpoint=endpoint)
    return Balance(money_field(found.balance_dollars, "balance_dollars", endpoint))


def read_limits(body: bytes) -> AccountLimits:
    """GET /account/limits."""
    endpoint = "GET /account/limits"
    found = decode(body, _LimitsBody, endpoint=endpoint)
    return AccountLimits(
        found.usage_tier, _bucket(found.read, "read", endpoint), _bucket(found.write, "write", endpoint)
    )


def read_order(body: bytes) -> VenueOrder:
    """GET /portfolio/orders/{order_id}."""
    endpoint = "GET /portfolio/orders/{order_id}"
    return _order(decode(body, _OrderBody, endpoint=endpoint).order, endpoint)


def read_orders(body: bytes) -> OrderPage:
    """GET /portfolio/orders."""
    endpoint = "GET /portfolio/orders"
    page = decode(body, _OrdersBody, endpoint=endpoint)
    return OrderPage(tuple(_order(order, endpoint) for order in page.orders), page.cursor)


def read_fills(body: bytes) -> FillPage:
    """GET /portfolio/fills. `book_side` is the direction; the deprecated side and action are not read."""
    endpoint = "GET /portfolio/fills"
    page = decode(body, _FillsBody, endpoint=endpoint)
    fills = tuple(
        VenueFill(
            trade_id=fill.trade_id,
            order_id=fill.order_id,
            ticker=fill.ticker,
            side=side_field(fill.book_side, "book_side", endpoint),
            price=price_field(fill.yes_price_dollars, "yes_price_dollars", endpoint),
            size=size_field(fill.count_fp, "count_fp", endpoint),
            fee=money_field(fill.fee_cost, "fee_cost", endpoint),
            is_taker=fill.is_taker,
            at=time_field(fill.created_time, "created_time", endpoint),
        )
        for fill in page.fills
    )
    return FillPage(fills, page.cursor)


def read_positions(body: bytes) -> PositionPage:
    """GET /portfolio/positions."""
    endpoint = "GET /portfolio/positions"
    page = decode(body, _PositionsBody, endpoint=endpoint)
    positions = tuple(
        VenuePosition(
            ticker=position.ticker,
            net=signed_size_field(position.position_fp, "position_fp", endpoint),
            exposure=money_field(position.market_exposure_dollars, "market_exposure_dollars", endpoint),
            realized=money_field(position.realized_pnl_dollars, "realized_pnl_dollars", endpoint),
            fees=money_field(position.fees_paid_dollars, "fees_paid_dollars", endpoint),
        )
        for position in page.market_positions
    )
    return PositionPage(positions, page.cursor)


def _bucket(bucket: _Bucket, field: str, endpoint: str) -> BucketLimits:
    if bucket.refill_rate <= 0 or bucket.bucket_capacity <= 0:
        raise WireError(f"{endpoint}: {field} has a bucket without tokens: {bucket}")
    return BucketLimits(bucket.refill_rate, bucket.bucket_capacity)


def _order(order: _Order, endpoint: str) -> VenueOrder:
    where = f"{endpoint} ({order.order_id})"
    known = {status.value: status for status in VenueOrderStatus}
    return VenueOrder(
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        ticker=order.ticker,
        side=side_field(order.book_side, "book_side", where),
        price=price_field(order.yes_price_dollars, "yes_price_dollars", where),
        size=size_field(order.initial_count_fp, "initial_count_fp", where),
        filled=size_field(order.fill_count_fp, "fill_count_fp", where),
        remaining=size_field(order.remaining_count_fp, "remaining_count_fp", where),
        status=known.get(order.status, VenueOrderStatus.UNKNOWN),
    )
