"""What a fault can strike, by the names that a fault file uses: REST operations, socket channels, and the venue itself.

REST operations have short names of our own; socket channels have the venue's. A group stands for its members.
"""

from edgelock.exchange.ws_protocol import Channel

CONNECT = "connect"
"""The handshake of a socket."""

EXCHANGE, MARKET, CLOCK = "exchange", "market", "clock"
"""The venue as a whole, its markets, and its wall clock."""

WORLD = frozenset({EXCHANGE, MARKET, CLOCK})
"""Targets whose faults wait for no occasion: only their rule says when."""

OTHER = "other"
"""A REST operation without a name of its own."""

_ORDERS = "/portfolio/events/orders"
_GROUPS = "/portfolio/order_groups"

OPERATIONS: dict[tuple[str, str], str] = {
    ("POST", _ORDERS): "create",
    ("POST", f"{_ORDERS}/batched"): "batch_create",
    ("DELETE", f"{_ORDERS}/{{order_id}}"): "cancel",
    ("DELETE", f"{_ORDERS}/batched"): "batch_cancel",
    ("DELETE", _ORDERS): "cancel_all",
    ("POST", f"{_ORDERS}/{{order_id}}/amend"): "amend",
    ("POST", f"{_ORDERS}/{{order_id}}/decrease"): "decrease",
    ("POST", f"{_GROUPS}/create"): "group_create",
    ("PUT", f"{_GROUPS}/{{group_id}}/reset"): "group_reset",
    ("PUT", f"{_GROUPS}/{{group_id}}/trigger"): "group_trigger",
    ("PUT", f"{_GROUPS}/{{group_id}}/limit"): "group_limit",
    ("DELETE", f"{_GROUPS}/{{group_id}}"): "group_delete",
    ("GET", _GROUPS): "order_groups",
    ("GET", f"{_GROUPS}/{{group_id}}"): "order_group",
    ("GET", "/portfolio/balance"): "balance",
    ("GET", "/portfolio/positions"): "positions",
    ("GET", "/portfolio/fills"): "fills",
    ("GET", "/portfolio/orders"): "orders",
    ("GET", "/portfolio/orders/{order_id}"): "order",
    ("GET", "/portfolio/orders/queue_positions"): "queue_positions",
    ("GET", "/portfolio/orders/{order_id}/queue_position"): "queue_position",
    ("GET", "/portfolio/settlements"): "settlements",
    ("GET", "/account/limits"): "limits",
    ("GET", "/account/endpoint_costs"): "endpoint_costs",
    ("GET", "/exchange/status"): "status",
    ("GET", "/exchange/schedule"): "schedule",
    ("GET", "/exchange/user_data_timestamp"): "user_data_timestamp",
    ("GET", "/series"): "series_list",
    ("GET", "/series/fee_changes"): "series_fee_changes",
    ("GET", "/series/{series_ticker}"): "series",
    ("GET", "/events"): "events",
    ("GET", "/events/fee_changes"): "event_fee_changes",
    ("GET", "/events/{event_ticker}"): "event",
    ("GET", "/markets"): "markets",
    ("GET", "/markets/{ticker}"): "market_read",
    ("GET", "/markets/{ticker}/orderbook"): "book",
    ("GET", "/markets/orderbooks"): "books",
    ("GET", "/markets/trades"): "trades",
}
"""The name of each REST operation, by method and path below the API's base."""

REST = frozenset(OPERATIONS.values()) | {OTHER}
CHANNELS = frozenset(channel.value for channel in Channel)
_PRIVATE = frozenset(
    channel.value for channel in (Channel.FILL, Channel.USER_ORDERS, Channel.POSITIONS, Channel.ORDER_GROUPS)
)

GROUPS: dict[str, frozenset[str]] = {
    "rest": REST,
    "writes": frozenset(name for (method, _), name in OPERATIONS.items() if method != "GET"),
    "reads": frozenset(name for (method, _), name in OPERATIONS.items() if method == "GET"),
    "socket": CHANNELS,
    "private": _PRIVATE,
    "public": CHANNELS - _PRIVATE,
}
"""Names that stand for several targets."""

TARGETS = REST | CHANNELS | {CONNECT} | WORLD


def operation(method: str, path: str) -> str:
    """The name of a route."""
    return OPERATIONS.get((method, path), OTHER)


def members(name: str) -> frozenset[str] | None:
    """The targets that a name of a fault file stands for; None when there is no such name."""
    if name in GROUPS:
        return GROUPS[name]
    return frozenset({name}) if name in TARGETS else None
