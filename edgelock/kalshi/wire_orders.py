"""Orders on the wire: what is asked, and what an answer proves.

An outcome is one of: done, refused, already there, or unknown. Only an answer that can be read and names our order
proves that something was done, and only a refusal in the venue's own shape proves that nothing was. Everything else
is `Unknown`, so that nothing ambiguous looks like success or like failure. Source: venue reference §6.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from edgelock.core.intents import PlaceOrder
from edgelock.core.market import Side
from edgelock.core.order import ClientOrderId, Role, TimeInForce
from edgelock.core.units import Price, Size, price_text, size_text
from edgelock.kalshi.wire import WireError, decode, size_field
from edgelock.kalshi.wire_error import read_error

ALREADY_EXISTS = "order_already_exists"
_REQUEST_TIMEOUT = 408
_CREATE = "POST /portfolio/events/orders"
_AMEND = "POST /portfolio/events/orders/{order_id}/amend"
_CANCEL = "DELETE /portfolio/events/orders/{order_id}"
_CANCEL_SEVERAL = "DELETE /portfolio/events/orders/batched"
_STATUS_OF_REFUSED_ITEM = {
    "not_found": 404,
    "too_many_requests": 429,
    "trading_is_paused": 409,
    "exchange_is_paused": 409,
    "market_inactive": 409,
    "order_ticker_mismatch": 400,
    "invalid_parameters": 400,
    "missing_parameters": 400,
}
"""Words that mean, in an item of a batch, that nothing was done; with the status a single call has for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTerms:
    """What we ask of every order besides its price and size.

    expiration_s  Unix seconds after which the venue withdraws it by itself; only for orders that rest
    group_id      the venue's order group, which withdraws everything after too many fills
    """

    self_trade_prevention: str = "taker_at_cross"
    cancel_on_pause: bool = True
    expiration_s: int | None = None
    group_id: str | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """The venue took the order. Nothing rests when `remaining` is 0: it filled, or there was nothing to fill."""

    order_id: str
    filled: Size
    remaining: Size


@dataclass(frozen=True, slots=True)
class Amended:
    """The venue took the amendment. `remaining` is None when it does not say what rests now."""

    remaining: Size | None


@dataclass(frozen=True, slots=True)
class Canceled:
    """The venue took the order off the book; `reduced_by` is what it says was left of it.

    That figure is a hint: nothing in the answer can be held against it. What filled, the fills say.
    """

    reduced_by: Size


@dataclass(frozen=True, slots=True)
class Refused:
    """The venue said no, and nothing was placed or changed. A cancel's 404 says only that nothing rests (any more).

    code  the venue's word, "too_many_requests" for every 429, "http_STATUS" where it gives none
    """

    status: int
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class AlreadyExists:
    """An order with this client id had reached the venue before; what became of it, its lists say."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing is proven: the order may or may not be there."""

    reason: str


PlaceOutcome = Placed | Refused | AlreadyExists | Unknown
AmendOutcome = Amended | Refused | Unknown
CancelOutcome = Canceled | Refused | Unknown


class _PlacedBody(msgspec.Struct):
    order_id: str
    client_order_id: str
    fill_count: str
    remaining_count: str


class _AmendedBody(msgspec.Struct):
    order_id: str
    remaining_count: str | None = None


class _CanceledBody(msgspec.Struct):
    order_id: str
    reduced_by: str


class _ItemError(msgspec.Struct):
    code: str
    message: str | None = None
    details: str | None = None


class _CanceledItem(msgspec.Struct):
    order_id: str
    reduced_by: str | None = None
    error: _ItemError | None = None


class _CanceledSeveralBody(msgspec.Struct):
    orders: list[_CanceledItem]


def place_body(ticker: str, intent: PlaceOrder, terms: OrderTerms) -> bytes:
    """The body of a new order.

    The venue takes `reduce_only` with immediate orders only, and an expiry with resting ones only.
    """
    is_immediate = intent.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL
    body: dict[str, object] = {
        "ticker": ticker,
        "side": intent.side.value,
        "count": size_text(intent.size),
        "price": price_text(intent.price),
        "time_in_force": intent.time_in_force.value,
        "self_trade_prevention_type": terms.self_trade_prevention,
        "client_order_id": intent.client_order_id,
        "post_only": intent.post_only,
        "cancel_order_on_pause": terms.cancel_on_pause,
    }
    if is_immediate and intent.role is Role.EXIT:
        body["reduce_only"] = True
    if terms.expiration_s is not None and not is_immediate:
        body["expiration_time"] = terms.expiration_s
    if terms.group_id is not None:
        body["order_group_id"] = terms.group_id
    return msgspec.json.encode(body)


def amend_body(
    ticker: str, side: Side, *, price: Price, size: Size, client_order_id: ClientOrderId, expiration_s: int | None
) -> bytes:
    """The body of an amendment: `size` is the new one in all, fills included. An expiry of None stays as it is."""
    body: dict[str, object] = {
        "ticker": ticker,
        "side": side.value,
        "price": price_text(price),
        "count": size_text(size),
        "client_order_id": client_order_id,
    }
    if expiration_s is not None:
        body["expiration_time"] = expiration_s
    return msgspec.json.encode(body)


def cancel_orders_body(orders: Sequence[tuple[str, str]]) -> bytes:
    """The body of a batch cancel, from (order_id, ticker) pairs. Each names its market, which leads to its shard."""
    return msgspec.json.encode(
        {"orders": [{"order_id": order_id, "market_ticker": ticker} for order_id, ticker in orders]}
    )


def read_place_answer(status: int, body: bytes, intent: PlaceOrder) -> PlaceOutcome:
    """What the answer to a new order proves."""
    if not is_success(status):
        refused = refusal(status, body)
        if isinstance(refused, Refused) and refused.code == ALREADY_EXISTS:
            return AlreadyExists()
        return refused
    try:
        found = decode(body, _PlacedBody, endpoint=_CREATE)
        filled = size_field(found.fill_count, "fill_count", _CREATE)
        remaining = size_field(found.remaining_count, "remaining_count", _CREATE)
    except WireError as error:
        return Unknown(str(error))
    if found.client_order_id != intent.client_order_id or not found.order_id:
        return Unknown(f"{_CREATE}: the answer is about another order ({found.client_order_id!r})")
    if filled + remaining > intent.size:
        return Unknown(f"{_CREATE}: {filled} filled and {remaining} resting are more than the {intent.size} asked for")
    return Placed(found.order_id, filled, remaining)


def read_amend_answer(status: int, body: bytes, order_id: str, size: Size) -> AmendOutcome:
    """What the answer to an amendment to `size` in all proves."""
    if not is_success(status):
        return refusal(status, body)
    try:
        found = decode(body, _AmendedBody, endpoint=_AMEND)
        left = found.remaining_count
        remaining = None if left is None else size_field(left, "remaining_count", _AMEND)
    except WireError as error:
        return Unknown(str(error))
    if found.order_id != order_id:
        return Unknown(f"{_AMEND}: the answer is about another order ({found.order_id!r})")
    if remaining is not None and remaining > size:
        return Unknown(f"{_AMEND}: {remaining} resting are more than the {size} asked for")
    return Amended(remaining)


def read_cancel_answer(status: int, body: bytes, order_id: str) -> CancelOutcome:
    """What the answer to a cancellation proves."""
    if not is_success(status):
        return refusal(status, body)
    try:
        found = decode(body, _CanceledBody, endpoint=_CANCEL)
        reduced_by = size_field(found.reduced_by, "reduced_by", _CANCEL)
    except WireError as error:
        return Unknown(str(error))
    if found.order_id != order_id:
        return Unknown(f"{_CANCEL}: the answer is about another order ({found.order_id!r})")
    return Canceled(reduced_by)


def read_cancel_orders_answer(
    status: int, body: bytes, order_ids: Sequence[str]
) -> tuple[CancelOutcome, ...] | Unknown:
    """What the answer to a batch cancel proves of each order, in the order they were asked for.

    The venue answers item by item; one it does not name, or names twice, is `Unknown`. A refusal of the whole is one
    of each.
    """
    if not is_success(status):
        refused = refusal(status, body)
        return refused if isinstance(refused, Unknown) else (refused,) * len(order_ids)
    try:
        items = decode(body, _CanceledSeveralBody, endpoint=_CANCEL_SEVERAL).orders
    except WireError as error:
        return Unknown(str(error))
    times = Counter(item.order_id for item in items)
    named = {item.order_id: item for item in items if times[item.order_id] == 1}
    return tuple(_canceled_item(named.get(order_id), order_id) for order_id in order_ids)


def is_success(status: int) -> bool:
    """2xx."""
    return 200 <= status < 300


def refusal(status: int, body: bytes) -> Refused | Unknown:
    """What an answer that is not 2xx proves of a write."""
    error = read_error(status, body)
    if not 400 <= status < 500 or status == _REQUEST_TIMEOUT:
        return Unknown(f"HTTP {status}: {error.text if error is not None else 'no readable answer'}")
    if error is None:
        # A gateway in front of the venue may answer for it, before or after the order went through.
        return Unknown(f"HTTP {status} in a shape that is not the venue's")
    return Refused(status, error.code, error.text)


def _canceled_item(item: _CanceledItem | None, order_id: str) -> CancelOutcome:
    if item is None:
        return Unknown(f"{_CANCEL_SEVERAL}: order {order_id} is not named once in the answer")
    if item.error is not None:
        status = _STATUS_OF_REFUSED_ITEM.get(item.error.code)
        said = f"{item.error.message or item.error.code}{f' ({item.error.details})' if item.error.details else ''}"
        if status is None:
            return Unknown(f"{_CANCEL_SEVERAL}: order {order_id}: {item.error.code}: {said}")
        return Refused(status, item.error.code, said)
    if item.reduced_by is None:
        return Unknown(f"{_CANCEL_SEVERAL}: order {order_id} has neither an amount nor an error")
    try:
        return Canceled(size_field(item.reduced_by, "reduced_by", _CANCEL_SEVERAL))
    except WireError as error:
        return Unknown(str(error))
