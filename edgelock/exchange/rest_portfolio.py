"""Private REST reads: balance, positions, fills, orders, queue positions, settlements, limits (venue reference §8).

All but the limits show the account as `Call.seen` has it, which may lie behind what writes have done.
"""

from dataclasses import dataclass

from edgelock.core.units import Timestamp, size_text
from edgelock.exchange.accounts import Position
from edgelock.exchange.market import Market
from edgelock.exchange.orders import OrderStatus, OrderView
from edgelock.exchange.rate_limit import CANCEL_COST, Bucket, BucketSize
from edgelock.exchange.rest_call import Answer, Call, private
from edgelock.exchange.rest_errors import invalid_query, nested
from edgelock.exchange.rest_market_data import unix_s_query, whole_query
from edgelock.exchange.rest_paging import limit, page
from edgelock.exchange.wire_portfolio import (
    balance_object,
    dollars,
    event_position_object,
    fill_object,
    market_position_object,
    order_object,
    settlement_object,
)
from edgelock.exchange.wire_text import unix_s

WireObject = dict[str, object]


def get_balance(call: Call) -> Answer:
    """Available cash, of all shards or of one."""
    shard = whole_query(call, "exchange_index")
    return Answer(200, balance_object(call.engine.venue, call.seen, call.engine.reads_at(), shard=shard))


def get_subaccount_balances(call: Call) -> Answer:
    """Available cash of the only subaccount, by shard."""
    at = unix_s(call.engine.reads_at())
    rows = [
        {"subaccount_number": 0, "exchange_index": shard, "balance": dollars(cash), "updated_ts": at}
        for shard, cash in sorted(call.seen.purses.items())
    ]
    return Answer(200, {"subaccount_balances": rows})


def get_positions(call: Call) -> Answer:
    """Positions of the member; those of settled markets only when asked for."""
    size = limit(call, "GetPositions", default=100, maximum=1000)
    wanted = call.text("settlement_status") or "unsettled"
    ticker, events, shard = call.text("ticker"), set(call.texts("event_ticker")), whole_query(call, "exchange_index")
    counts = set(call.texts("count_filter"))

    def keep(item: tuple[str, Position]) -> bool:
        market = call.engine.markets[item[0]]
        return (
            (ticker is None or item[0] == ticker)
            and (shard is None or market.listing.exchange_index == shard)
            and (not events or market.listing.event_ticker in events)
            and (wanted == "all" or _is_paid(call, market) == (wanted == "settled"))
            and ("position" not in counts or item[1].size != 0)
            and ("total_traded" not in counts or item[1].traded_size != 0)
        )

    found, cursor = page(call, list(call.seen.positions.items()), keep, size, newest_first=False)
    by_event: dict[str, list[Position]] = {}
    for name, position in found:
        by_event.setdefault(call.engine.markets[name].listing.event_ticker, []).append(position)
    return Answer(
        200,
        {
            "cursor": cursor,
            "market_positions": [
                market_position_object(name, position, exchange_index=_shard(call, name)) for name, position in found
            ],
            "event_positions": [event_position_object(event, held) for event, held in by_event.items()],
        },
    )


def get_fills(call: Call) -> Answer:
    """Fills of the member, newest first."""
    size = limit(call, "GetFills", default=100, maximum=1000)
    tickers, order_id = set(call.texts("ticker")), call.text("order_id")
    shard = whole_query(call, "exchange_index")
    in_time = _TimeFilter.of(call)
    found, cursor = page(
        call,
        call.seen.fills,
        lambda fill: (
            (not tickers or fill.ticker in tickers)
            and (shard is None or _shard(call, fill.ticker) == shard)
            and (order_id is None or fill.order_id == order_id)
            and in_time.holds(fill.at)
        ),
        size,
        is_past=lambda fill: in_time.is_before(fill.at),
    )
    fills = [fill_object(fill, exchange_index=_shard(call, fill.ticker)) for fill in found]
    return Answer(200, {"fills": fills, "cursor": cursor})


def get_settlements(call: Call) -> Answer:
    """Paid-out positions, newest first."""
    size = limit(call, "GetSettlements", default=100, maximum=1000)
    ticker, event = call.text("ticker"), call.text("event_ticker")
    in_time = _TimeFilter.of(call)
    found, cursor = page(
        call,
        call.seen.settlements,
        lambda row: (
            (ticker is None or row.ticker == ticker)
            and (event is None or row.event_ticker == event)
            and in_time.holds(row.settled_at)
        ),
        size,
        is_past=lambda row: in_time.is_before(row.settled_at),
    )
    return Answer(200, {"settlements": [settlement_object(row) for row in found], "cursor": cursor})


def get_orders(call: Call) -> Answer:
    """Orders of the member, newest first."""
    size = limit(call, "GetOrders", default=100, maximum=1000)
    ticker, events, shard = call.text("ticker"), set(call.texts("event_ticker")), whole_query(call, "exchange_index")
    status = call.text("status")
    if status is not None and status not in {known.value for known in OrderStatus}:
        raise invalid_query("GetOrders", "Status", "oneof")
    in_time = _TimeFilter.of(call)
    found, cursor = page(
        call,
        _candidates(call, status, size),
        lambda order: (
            (ticker is None or order.ticker == ticker)
            and (shard is None or _shard(call, order.ticker) == shard)
            and (not events or call.engine.markets[order.ticker].listing.event_ticker in events)
            and (status is None or order.status.value == status)
            and in_time.holds(order.created_at)
        ),
        size,
        is_past=lambda order: in_time.is_before(order.created_at),
    )
    return Answer(200, {"orders": [_order(call, order) for order in found], "cursor": cursor})


def get_order(call: Call) -> Answer:
    """One order of the member."""
    order = call.seen.orders.get(call.path["order_id"])
    return nested(404, "not_found") if order is None else Answer(200, {"order": _order(call, order)})


def get_queue_positions(call: Call) -> Answer:
    """How much trades before each resting order at its price."""
    tickers, event = set(call.texts("market_tickers")), call.text("event_ticker")
    found: list[WireObject] = []
    for order_id in call.seen.resting:
        order = call.engine.venue.live_orders.get(order_id)
        if order is None:
            continue
        market = call.engine.markets[order.ticker]
        if (tickers and order.ticker not in tickers) or (event and market.listing.event_ticker != event):
            continue
        ahead = size_text(market.book.size_ahead(order))
        found.append({"order_id": order_id, "market_ticker": order.ticker, "queue_position_fp": ahead})
    return Answer(200, {"queue_positions": found})


def get_queue_position(call: Call) -> Answer:
    """How much trades before one resting order."""
    order_id = call.path["order_id"]
    order = call.engine.venue.live_orders.get(order_id)
    if order is None or order_id not in call.seen.resting:
        return nested(404, "not_found")
    ahead = call.engine.markets[order.ticker].book.size_ahead(order)
    return Answer(200, {"queue_position_fp": size_text(ahead)})


def get_limits(call: Call) -> Answer:
    """The member's token buckets."""
    tier = call.tier
    return Answer(
        200,
        {"usage_tier": tier.name, "read": _bucket(tier.read), "write": _bucket(tier.write), "grants": []},
    )


def _bucket(size: BucketSize) -> WireObject:
    return {"refill_rate": size.refill_per_s, "bucket_capacity": size.capacity}


def _is_paid(call: Call, market: Market) -> bool:
    return market.settled_at is not None and market.settled_at <= call.engine.reads_at()


def _candidates(call: Call, status: str | None, size: int) -> list[OrderView]:
    """The orders to search. Where all resting ones fit on one page, a history of thousands need not be read."""
    seen = call.seen
    fits = status == OrderStatus.RESTING.value and call.text("cursor") is None and len(seen.resting) <= size
    return list((seen.resting if fits else seen.orders).values())


def _order(call: Call, order: OrderView) -> WireObject:
    return order_object(order, user_id=call.member.user_id, exchange_index=_shard(call, order.ticker))


def _shard(call: Call, ticker: str) -> int:
    return call.engine.markets[ticker].listing.exchange_index


@dataclass(frozen=True, slots=True)
class _TimeFilter:
    """`min_ts` and `max_ts` of a call, both inclusive; None does not bound."""

    earliest: Timestamp | None
    latest: Timestamp | None

    @classmethod
    def of(cls, call: Call) -> "_TimeFilter":
        return cls(unix_s_query(call, "min_ts"), unix_s_query(call, "max_ts"))

    def is_before(self, at: Timestamp) -> bool:
        return self.earliest is not None and at < self.earliest

    def holds(self, at: Timestamp) -> bool:
        return not self.is_before(at) and (self.latest is None or at <= self.latest)


ROUTES = (
    private("/portfolio/balance", get_balance, bucket=Bucket.BALANCE),
    private("/portfolio/subaccounts/balances", get_subaccount_balances),
    private("/portfolio/positions", get_positions),
    private("/portfolio/fills", get_fills),
    private("/portfolio/settlements", get_settlements),
    private("/portfolio/orders", get_orders),
    private("/portfolio/orders/queue_positions", get_queue_positions),
    private("/portfolio/orders/{order_id}", get_order, cost=CANCEL_COST),
    private("/portfolio/orders/{order_id}/queue_position", get_queue_position),
    private("/account/limits", get_limits),
)
