"""The account's bodies as values: balance, limits, orders, fills, positions, settlements.

Source: venue reference §4.1, §6.1, §6.4, §8 (read 2026-11-22).
"""

import msgspec

from edgelock.core.units import CENT, ONE_DOLLAR, Price, Timestamp
from edgelock.kalshi.account import (
    AccountLimits,
    Balance,
    BucketLimits,
    EndpointCosts,
    Page,
    QueuePosition,
    Settlement,
    VenueFill,
    VenueOrder,
    VenueOrderStatus,
    VenuePosition,
)
from edgelock.kalshi.wire import (
    WireError,
    cents_field,
    decode,
    id_field,
    money_field,
    signed_size_field,
    size_field,
    time_field,
    traded_price_field,
    whole_second,
)
from edgelock.kalshi.wire_market import side_field

_CENTS_PER_DOLLAR = ONE_DOLLAR // CENT
_STATUS_OF_WORD = {status.value: status for status in VenueOrderStatus}


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
    expiration_time: str | None = None
    last_update_time: str | None = None
    order_group_id: str | None = None


class _OrderBody(msgspec.Struct):
    order: _Order


class _Settlement(msgspec.Struct):
    ticker: str
    event_ticker: str
    market_result: str
    revenue: int
    fee_cost: str
    settled_time: str
    value: int | None = None


class _SettlementsBody(msgspec.Struct):
    settlements: list[_Settlement]
    cursor: str


class _QueuePosition(msgspec.Struct):
    order_id: str
    market_ticker: str
    queue_position_fp: str


class _QueuePositionsBody(msgspec.Struct):
    queue_positions: list[_QueuePosition]


class _UserDataBody(msgspec.Struct):
    as_of_time: str


class _EndpointCost(msgspec.Struct):
    method: str
    path: str
    cost: int


class _EndpointCostsBody(msgspec.Struct):
    default_cost: int
    endpoint_costs: list[_EndpointCost]


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


def order_status(word: str) -> VenueOrderStatus:
    """The venue's word for where an order stands; UNKNOWN for one this version does not know."""
    return _STATUS_OF_WORD.get(word, VenueOrderStatus.UNKNOWN)


def read_order(body: bytes) -> VenueOrder:
    """GET /portfolio/orders/{order_id}."""
    endpoint = "GET /portfolio/orders/{order_id}"
    return _order(decode(body, _OrderBody, endpoint=endpoint).order, endpoint)


def read_orders(body: bytes) -> Page[VenueOrder]:
    """GET /portfolio/orders."""
    endpoint = "GET /portfolio/orders"
    page = decode(body, _OrdersBody, endpoint=endpoint)
    return Page(tuple(_order(order, endpoint) for order in page.orders), page.cursor)


def read_fills(body: bytes) -> Page[VenueFill]:
    """GET /portfolio/fills. `book_side` is the direction; the deprecated side and action are not read."""
    endpoint = "GET /portfolio/fills"
    page = decode(body, _FillsBody, endpoint=endpoint)
    fills = tuple(
        VenueFill(
            trade_id=id_field(fill.trade_id, "trade_id", endpoint),
            order_id=id_field(fill.order_id, "order_id", endpoint),
            ticker=id_field(fill.ticker, "ticker", endpoint),
            side=side_field(fill.book_side, "book_side", endpoint),
            price=traded_price_field(fill.yes_price_dollars, "yes_price_dollars", endpoint),
            size=size_field(fill.count_fp, "count_fp", endpoint),
            fee=money_field(fill.fee_cost, "fee_cost", endpoint),
            is_taker=fill.is_taker,
            at=time_field(fill.created_time, "created_time", endpoint),
        )
        for fill in page.fills
    )
    return Page(fills, page.cursor)


def read_positions(body: bytes) -> Page[VenuePosition]:
    """GET /portfolio/positions."""
    endpoint = "GET /portfolio/positions"
    page = decode(body, _PositionsBody, endpoint=endpoint)
    positions = tuple(
        VenuePosition(
            ticker=id_field(position.ticker, "ticker", endpoint),
            net=signed_size_field(position.position_fp, "position_fp", endpoint),
            exposure=money_field(position.market_exposure_dollars, "market_exposure_dollars", endpoint),
            realized=money_field(position.realized_pnl_dollars, "realized_pnl_dollars", endpoint),
            fees=money_field(position.fees_paid_dollars, "fees_paid_dollars", endpoint),
        )
        for position in page.market_positions
    )
    return Page(positions, page.cursor)


def read_settlements(body: bytes) -> Page[Settlement]:
    """GET /portfolio/settlements."""
    endpoint = "GET /portfolio/settlements"
    page = decode(body, _SettlementsBody, endpoint=endpoint)
    return Page(tuple(_settlement(settlement, endpoint) for settlement in page.settlements), page.cursor)


def read_queue_positions(body: bytes) -> tuple[QueuePosition, ...]:
    """GET /portfolio/orders/queue_positions."""
    endpoint = "GET /portfolio/orders/queue_positions"
    return tuple(
        QueuePosition(
            id_field(place.order_id, "order_id", endpoint),
            id_field(place.market_ticker, "market_ticker", endpoint),
            size_field(place.queue_position_fp, "queue_position_fp", endpoint),
        )
        for place in decode(body, _QueuePositionsBody, endpoint=endpoint).queue_positions
    )


def read_user_data_timestamp(body: bytes) -> Timestamp:
    """GET /exchange/user_data_timestamp: how far the reads of our account have caught up."""
    endpoint = "GET /exchange/user_data_timestamp"
    return time_field(decode(body, _UserDataBody, endpoint=endpoint).as_of_time, "as_of_time", endpoint)


def read_endpoint_costs(body: bytes) -> EndpointCosts:
    """GET /account/endpoint_costs."""
    endpoint = "GET /account/endpoint_costs"
    found = decode(body, _EndpointCostsBody, endpoint=endpoint)
    costs = {
        (id_field(other.method, "method", endpoint), id_field(other.path, "path", endpoint)): other.cost
        for other in found.endpoint_costs
    }
    if min((found.default_cost, *costs.values())) < 0:
        raise WireError(f"{endpoint}: a call costs less than nothing")
    return EndpointCosts(found.default_cost, costs)


def _settlement(settlement: _Settlement, endpoint: str) -> Settlement:
    where = f"{endpoint} ({settlement.ticker})"
    value = settlement.value
    if value is not None and not 0 <= value <= _CENTS_PER_DOLLAR:
        raise WireError(f"{where}: value is {value}, outside 0 to 100 cents")
    return Settlement(
        ticker=id_field(settlement.ticker, "ticker", where),
        event_ticker=id_field(settlement.event_ticker, "event_ticker", where),
        result=id_field(settlement.market_result, "market_result", where),
        value=None if value is None else Price(value * CENT),
        revenue=cents_field(settlement.revenue, "revenue", where),
        fee=money_field(settlement.fee_cost, "fee_cost", where),
        at=time_field(settlement.settled_time, "settled_time", where),
    )


def _bucket(bucket: _Bucket, field: str, endpoint: str) -> BucketLimits:
    if bucket.refill_rate <= 0 or bucket.bucket_capacity <= 0:
        raise WireError(f"{endpoint}: {field} has a bucket without tokens: {bucket}")
    return BucketLimits(bucket.refill_rate, bucket.bucket_capacity)


def _order(order: _Order, endpoint: str) -> VenueOrder:
    where = f"{endpoint} ({order.order_id})"
    expiration, updated = order.expiration_time, order.last_update_time
    return VenueOrder(
        order_id=id_field(order.order_id, "order_id", where),
        client_order_id=order.client_order_id,
        ticker=id_field(order.ticker, "ticker", where),
        side=side_field(order.book_side, "book_side", where),
        price=traded_price_field(order.yes_price_dollars, "yes_price_dollars", where),
        size=size_field(order.initial_count_fp, "initial_count_fp", where),
        filled=size_field(order.fill_count_fp, "fill_count_fp", where),
        remaining=size_field(order.remaining_count_fp, "remaining_count_fp", where),
        status=order_status(order.status),
        expiration_s=None if expiration is None else whole_second(time_field(expiration, "expiration_time", where)),
        updated_at=None if updated is None else time_field(updated, "last_update_time", where),
        group_id=order.order_group_id or None,
    )
