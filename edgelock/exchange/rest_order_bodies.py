"""The JSON bodies of order requests, checked and turned into the engine's terms.

Unknown keys are ignored. Counts and prices are texts; a JSON number for one of them is refused, as on the venue.
"""

import re
from typing import TypeVar

import msgspec

from edgelock.core.units import SECOND, Price, Size, Timestamp, parse_price, parse_size
from edgelock.exchange.flow import BookSide
from edgelock.exchange.orders import AmendTerms, OrderTerms, SelfTradePrevention, TimeInForce
from edgelock.exchange.refusals import Reason, Refused
from edgelock.exchange.rest_call import Call, Rejected
from edgelock.exchange.rest_errors import nested, refusal, undecodable

T = TypeVar("T")
_CLIENT_ORDER_ID = re.compile(r"[-\w:+=/]{0,64}", re.ASCII)


class CreateOrderV2Request(msgspec.Struct):
    """Body of a create."""

    ticker: str | None = None
    side: str | None = None
    count: str | None = None
    price: str | None = None
    time_in_force: str | None = None
    self_trade_prevention_type: str | None = None
    client_order_id: str | None = None
    expiration_time: int | None = None
    post_only: bool | None = None
    reduce_only: bool | None = None
    cancel_order_on_pause: bool | None = None
    order_group_id: str | None = None
    subaccount: int | None = None
    exchange_index: int | None = None


class AmendOrderV2Request(msgspec.Struct):
    """Body of an amend."""

    ticker: str | None = None
    side: str | None = None
    count: str | None = None
    price: str | None = None
    client_order_id: str | None = None
    updated_client_order_id: str | None = None
    expiration_time: int | None = None
    exchange_index: int | None = None


class DecreaseOrderV2Request(msgspec.Struct):
    """Body of a decrease: exactly one of the two."""

    reduce_by: str | None = None
    reduce_to: str | None = None
    market_ticker: str | None = None
    exchange_index: int | None = None


class BatchCreateOrdersV2Request(msgspec.Struct):
    """Body of a batch create."""

    orders: list[CreateOrderV2Request] | None = None


class CancelItem(msgspec.Struct):
    """One order of a batch cancel."""

    order_id: str | None = None
    subaccount: int | None = None
    exchange_index: int | None = None
    market_ticker: str | None = None


class BatchCancelOrdersV2Request(msgspec.Struct):
    """Body of a batch cancel."""

    orders: list[CancelItem] | None = None


def decode(call: Call, body_type: type[T]) -> T:
    """The call's body. Raises Rejected with the venue's answer when it is missing, not JSON or of a wrong type."""
    if not call.body or not call.is_json:
        raise Rejected(nested(400, "invalid_content_type"))
    try:
        return msgspec.json.decode(call.body, type=body_type)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise undecodable(error, body_type.__name__) from None


def order_terms(body: CreateOrderV2Request) -> OrderTerms | Refused:
    """The terms of a create. Raises Rejected when a required field is missing."""
    side, time_in_force, prevention = _enums(body)
    client_order_id = body.client_order_id or ""
    if _CLIENT_ORDER_ID.fullmatch(client_order_id) is None:
        return Refused(Reason.INVALID_PARAMETERS, "client_order_id")
    refused = refuse_subaccount(body.subaccount)
    if refused is not None:
        return refused
    price, size = _price(_required(body.price)), _size(_required(body.count))
    if isinstance(price, Refused):
        return price
    if isinstance(size, Refused):
        return size
    expires_at = Timestamp(body.expiration_time * SECOND) if body.expiration_time is not None else None
    return OrderTerms(
        ticker=_required(body.ticker),
        side=side,
        price=price,
        size=size,
        time_in_force=time_in_force,
        self_trade_prevention=prevention,
        client_order_id=client_order_id,
        expires_at=expires_at,
        is_post_only=bool(body.post_only),
        is_reduce_only=bool(body.reduce_only),
        cancels_on_pause=bool(body.cancel_order_on_pause),
        group_id=body.order_group_id or None,
    )


def amend_terms(body: AmendOrderV2Request) -> AmendTerms | Refused:
    """The terms of an amend. Raises Rejected when a required field is missing."""
    updated = body.updated_client_order_id
    if updated is not None and _CLIENT_ORDER_ID.fullmatch(updated) is None:
        return Refused(Reason.INVALID_PARAMETERS, "updated_client_order_id")
    price, total = _price(_required(body.price)), _size(_required(body.count))
    if isinstance(price, Refused):
        return price
    if isinstance(total, Refused):
        return total
    return AmendTerms(
        ticker=_required(body.ticker),
        side=_enum(BookSide, body.side, "side"),
        price=price,
        total=total,
        client_order_id=body.client_order_id or None,
        updated_client_order_id=updated or None,
        changes_expiry=body.expiration_time is not None,
        expires_at=Timestamp(body.expiration_time * SECOND) if body.expiration_time else None,
    )


def optional_size(text: str | None) -> Size | Refused | None:
    """A count that may be absent."""
    return None if text is None else _size(text)


def refuse_subaccount(number: int | None) -> Refused | None:
    """Only the primary subaccount exists here."""
    return Refused(Reason.INVALID_PARAMETERS, "subaccount") if number else None


def _enums(body: CreateOrderV2Request) -> tuple[BookSide, TimeInForce, SelfTradePrevention]:
    return (
        _enum(BookSide, body.side, "side"),
        _enum(TimeInForce, body.time_in_force, "time_in_force"),
        _enum(SelfTradePrevention, body.self_trade_prevention_type, "self_trade_prevention_type"),
    )


_EnumT = TypeVar("_EnumT", BookSide, TimeInForce, SelfTradePrevention)


def _enum(kind: type[_EnumT], text: str | None, field: str) -> _EnumT:
    try:
        return kind(_required(text))
    except ValueError:
        raise Rejected(refusal(Refused(Reason.INVALID_PARAMETERS, field))) from None


def _required(text: str | None) -> str:
    if not text:
        raise Rejected(nested(400, "missing_parameters"))
    return text


def _price(text: str) -> Price | Refused:
    try:
        return parse_price(text)
    except ValueError:
        return Refused(Reason.INVALID_PRICE)


def _size(text: str) -> Size | Refused:
    try:
        return parse_size(text)
    except ValueError:
        return Refused(Reason.INVALID_SIZE)
