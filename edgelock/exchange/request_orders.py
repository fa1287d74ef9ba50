"""What a REST call says about orders, as the request log and the faults want to know it: asked, and answered.

Nothing is judged here: a body that cannot be read says nothing about orders, and the handler will refuse it.
"""

from collections.abc import Mapping, Sequence

import msgspec

from edgelock.exchange.accounts import Account

WireObject = dict[str, object]

_ASKED = (
    "client_order_id",
    "updated_client_order_id",
    "order_id",
    "ticker",
    "side",
    "price",
    "count",
    "reduce_by",
    "reduce_to",
    "time_in_force",
    "post_only",
    "reduce_only",
    "expiration_time",
    "order_group_id",
)
_ANSWERED = ("order_id", "client_order_id", "fill_count", "remaining_count", "reduced_by", "order_group_id")
_TICKERS = ("ticker", "market_ticker", "tickers", "market_tickers")


def orders_asked(
    path: Mapping[str, str], query: Mapping[str, Sequence[str]], body: bytes, account: Account | None
) -> list[WireObject]:
    """One object for each order that a write is about, with the fields it named and its market where that is known."""
    content = _decoded(body)
    listed = content.get("orders")
    items = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else [content]
    if "order_id" in path:
        named = {"market_ticker": query["market_ticker"][0]} if query.get("market_ticker") else {}
        items = [{**named, **each, "order_id": path["order_id"]} for each in items]
    if "group_id" in path:
        items = [{**each, "order_group_id": path["group_id"]} for each in items]
    return [asked for asked in (_asked(each, account) for each in items) if asked]


def orders_answered(body: object) -> list[WireObject]:
    """One object for each order that the answer to a write is about; a refused one has the code of its error."""
    if not isinstance(body, dict):
        return []
    listed = body.get("orders")
    items = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else [body]
    return [answered for answered in (_answered(each) for each in items) if answered]


def tickers_of(
    asked: Sequence[WireObject], path: Mapping[str, str], query: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """The markets that a call is about, as far as it names them or the orders it names tell."""
    named = [str(each["ticker"]) for each in asked if each.get("ticker")]
    named += [path["ticker"]] if "ticker" in path else []
    for name in _TICKERS:
        named += [ticker for value in query.get(name, ()) for ticker in value.split(",") if ticker]
    return tuple(dict.fromkeys(named))


def _asked(item: WireObject, account: Account | None) -> WireObject:
    asked = {name: item[name] for name in _ASKED if item.get(name) is not None}
    order = account.orders.get(str(asked["order_id"])) if account is not None and "order_id" in asked else None
    ticker = order.ticker if order is not None else item.get("market_ticker")
    if ticker and "ticker" not in asked:
        asked["ticker"] = ticker
    if order is not None and order.client_order_id and "client_order_id" not in asked:
        asked["client_order_id"] = order.client_order_id
    return asked


def _answered(item: WireObject) -> WireObject:
    answered = {name: item[name] for name in _ANSWERED if item.get(name) is not None}
    error = item.get("error")
    code = error.get("code") if isinstance(error, dict) else item.get("code")
    if code is not None:
        answered["error"] = code
    return answered


def _decoded(body: bytes) -> WireObject:
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return content if isinstance(content, dict) else {}
