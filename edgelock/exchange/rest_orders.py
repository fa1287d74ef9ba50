"""REST writes of orders: create, cancel, amend, decrease, in batches and all at once (venue reference §6)."""

from typing import TypeVar

import msgspec

from edgelock.core.units import Size, size_text
from edgelock.exchange.orders import Order
from edgelock.exchange.refusals import Reason, Refused
from edgelock.exchange.rest_call import Answer, Call, Rejected, Route, cancel, write
from edgelock.exchange.rest_errors import DEPRECATED, nested, refusal, refusal_fields
from edgelock.exchange.rest_order_bodies import (
    AmendOrderV2Request,
    BatchCancelOrdersV2Request,
    BatchCreateOrdersV2Request,
    CancelItem,
    CreateOrderV2Request,
    DecreaseOrderV2Request,
    amend_terms,
    decode,
    optional_size,
    order_terms,
    refuse_subaccount,
)
from edgelock.exchange.wire_portfolio import average_texts
from edgelock.exchange.wire_text import unix_ms

WireObject = dict[str, object]
T = TypeVar("T")


def create_order(call: Call) -> Answer:
    """Place one order."""
    created = _create(call, decode(call, CreateOrderV2Request))
    return refusal(created) if isinstance(created, Refused) else Answer(201, created)


def create_orders(call: Call) -> Answer:
    """Place several orders, each with its own outcome, in order."""
    items: list[WireObject] = []
    for body in _batch(decode(call, BatchCreateOrdersV2Request).orders):
        try:
            created = _create(call, body)
        except Rejected as rejected:
            items.append(_failed_item(body, rejected.answer))
            continue
        if isinstance(created, Refused):
            items.append(_failed_item(body, refusal(created)))
        else:
            items.append(created)
    return Answer(201, {"orders": items})


def cancel_one(call: Call) -> Answer:
    """Cancel one resting order."""
    item = CancelItem(
        order_id=call.path["order_id"],
        subaccount=_int(call, "subaccount"),
        exchange_index=_int(call, "exchange_index"),
        market_ticker=call.text("market_ticker"),
    )
    canceled = _cancel(call, item)
    return refusal(canceled) if isinstance(canceled, Refused) else Answer(200, canceled)


def cancel_several(call: Call) -> Answer:
    """Cancel several orders, each with its own outcome, in order."""
    items: list[WireObject] = []
    for item in _batch(decode(call, BatchCancelOrdersV2Request).orders):
        canceled = _cancel(call, item)
        if isinstance(canceled, Refused):
            items.append(
                {
                    "order_id": item.order_id or "",
                    "reduced_by": size_text(Size(0)),
                    "ts_ms": None,
                    "error": refusal_fields(canceled),
                }
            )
        else:
            items.append(canceled)
    return Answer(200, {"orders": items})


def cancel_all(call: Call) -> Answer:
    """Cancel every resting order of the member."""
    done = call.engine.cancel_all(call.member, call.now)
    return refusal(done) if isinstance(done, Refused) else Answer(204)


def amend_one(call: Call) -> Answer:
    """Reshape a resting order. Counts are null unless the amend filled something or changed the resting size."""
    body = decode(call, AmendOrderV2Request)
    terms = amend_terms(body)
    if isinstance(terms, Refused):
        return refusal(terms)
    refused = refuse_subaccount(_int(call, "subaccount"))
    if refused is not None:
        return refusal(refused)
    order_id = call.path["order_id"]
    before = call.member.orders.get(order_id)
    remaining_before = before.remaining if before is not None else Size(0)
    fills_before = len(call.member.fills)
    order = call.engine.amend(call.member, order_id, terms, call.now)
    if isinstance(order, Refused):
        return refusal(order)
    fills = [fill for fill in call.member.fills[fills_before:] if fill.order_id == order_id]
    changed = bool(fills) or order.remaining != remaining_before
    return Answer(
        200,
        {
            **_ids(order),
            "remaining_count": size_text(order.remaining) if changed else None,
            "fill_count": size_text(Size(sum(fill.size for fill in fills))) if changed else None,
            "average_fill_price": None,
            "average_fee_paid": None,
            **average_texts(fills),
            "ts_ms": unix_ms(call.now),
        },
    )


def decrease_one(call: Call) -> Answer:
    """Make a resting order smaller in its place."""
    body = decode(call, DecreaseOrderV2Request)
    by, to = optional_size(body.reduce_by), optional_size(body.reduce_to)
    if isinstance(by, Refused):
        return refusal(by)
    if isinstance(to, Refused):
        return refusal(to)
    order_id = call.path["order_id"]
    unreachable = refuse_subaccount(_int(call, "subaccount")) or _shard_refusal(
        call, order_id, body.market_ticker, body.exchange_index
    )
    if unreachable is not None:
        return refusal(unreachable)
    order = call.engine.decrease(call.member, order_id, call.now, reduce_by=by, reduce_to=to)
    if isinstance(order, Refused):
        return refusal(order)
    body_out = {**_ids(order), "remaining_count": size_text(order.remaining), "ts_ms": unix_ms(call.now)}
    return Answer(200, body_out)


def legacy_write(_: Call) -> Answer:
    """The retired order endpoints."""
    return DEPRECATED


def _create(call: Call, body: CreateOrderV2Request) -> WireObject | Refused:
    terms = order_terms(body)
    if isinstance(terms, Refused):
        return terms
    fills_before = len(call.member.fills)
    order = call.engine.place(call.member, terms, call.now)
    if isinstance(order, Refused):
        return order
    fills = [fill for fill in call.member.fills[fills_before:] if fill.order_id == order.order_id]
    return {
        **_ids(order),
        "fill_count": size_text(order.filled),
        "remaining_count": size_text(order.remaining),
        **average_texts(fills),
        "ts_ms": unix_ms(call.now),
    }


def _failed_item(body: CreateOrderV2Request, answer: Answer) -> WireObject:
    nested_error = answer.body["error"] if isinstance(answer.body, dict) else None
    return {
        "order_id": None,
        "client_order_id": body.client_order_id,
        "fill_count": None,
        "remaining_count": None,
        "ts_ms": None,
        "error": nested_error,
    }


def _cancel(call: Call, item: CancelItem) -> WireObject | Refused:
    order_id = item.order_id or ""
    refused = refuse_subaccount(item.subaccount) or _shard_refusal(
        call, order_id, item.market_ticker, item.exchange_index
    )
    if refused is not None:
        return refused
    canceled = call.engine.cancel(call.member, order_id, call.now)
    if isinstance(canceled, Refused):
        return canceled
    order, reduced_by = canceled
    return {**_ids(order), "reduced_by": size_text(reduced_by), "ts_ms": unix_ms(call.now)}


def _shard_refusal(call: Call, order_id: str, ticker: str | None, exchange_index: int | None) -> Refused | None:
    """An order id alone is looked for on shard 0 only; its market's ticker, or −1, finds it wherever it is."""
    order = call.member.orders.get(order_id)
    if order is None:
        return None
    if ticker is not None:
        return None if ticker == order.ticker else Refused(Reason.NOT_FOUND)
    shard = call.engine.markets[order.ticker].listing.exchange_index
    looked_at = exchange_index if exchange_index is not None else 0
    return None if looked_at in (shard, -1) else Refused(Reason.NOT_FOUND)


def _ids(order: Order) -> WireObject:
    ids: WireObject = {"order_id": order.order_id}
    if order.client_order_id:
        ids["client_order_id"] = order.client_order_id
    return ids


def _batch(orders: list[T] | None) -> list[T]:
    if not orders:
        raise Rejected(nested(400, "missing_parameters"))
    return orders


def _int(call: Call, name: str) -> int | None:
    text = call.text(name)
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise Rejected(refusal(Refused(Reason.INVALID_PARAMETERS, name))) from None


def _items(call: Call) -> int:
    """How many orders a batch carries; a body that cannot be read counts as one."""
    try:
        body = msgspec.json.decode(call.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return 1
    orders = body.get("orders") if isinstance(body, dict) else None
    return len(orders) if isinstance(orders, list) and orders else 1


_ORDERS = "/portfolio/events/orders"
_LEGACY = "/portfolio/orders"

ROUTES: tuple[Route, ...] = (
    write("POST", _ORDERS, create_order),
    cancel(_ORDERS, cancel_all),
    write("POST", f"{_ORDERS}/batched", create_orders, items=_items),
    cancel(f"{_ORDERS}/batched", cancel_several, items=_items),
    cancel(f"{_ORDERS}/{{order_id}}", cancel_one),
    write("POST", f"{_ORDERS}/{{order_id}}/amend", amend_one),
    write("POST", f"{_ORDERS}/{{order_id}}/decrease", decrease_one),
    write("POST", _LEGACY, legacy_write),
    write("POST", f"{_LEGACY}/batched", legacy_write),
    write("DELETE", f"{_LEGACY}/batched", legacy_write),
    write("DELETE", f"{_LEGACY}/{{order_id}}", legacy_write),
    write("POST", f"{_LEGACY}/{{order_id}}/amend", legacy_write),
    write("POST", f"{_LEGACY}/{{order_id}}/decrease", legacy_write),
)
