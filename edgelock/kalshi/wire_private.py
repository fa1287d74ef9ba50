"""Frames of the venue's private channels, as typed values, and the command that opens them.

Prices and counts are text; a number in their place is taken by its very digits. Every other oddity is an `OddFrame`
with its reason. Source: venue reference §10.3, §10.5, §10.7 (read 2026-11-22).
"""

from enum import Enum

import msgspec

from edgelock.core.units import Money, Price, Size, Timestamp
from edgelock.kalshi.account import OUR_SUBACCOUNT, VenueFill, VenueOrder, VenuePosition
from edgelock.kalshi.private_events import FillSeen, GroupSeen, OrderSeen, PositionSeen
from edgelock.kalshi.wire import (
    WireError,
    exact_text,
    id_field,
    millis_field,
    money_field,
    signed_size_field,
    size_field,
    time_field,
    traded_price_field,
    whole_second,
)
from edgelock.kalshi.wire_account import order_status
from edgelock.kalshi.wire_market import side_field

_FILL = "ws fill"
_ORDER = "ws user_order"
_POSITION = "ws market_position"
_GROUP = "ws order_group_updates"


class PrivateChannel(Enum):
    """The channels that tell of our account, by the names that subscriptions use."""

    FILLS = "fill"
    ORDERS = "user_orders"
    POSITIONS = "market_positions"
    GROUPS = "order_group_updates"


class _Frame(msgspec.Struct, tag_field="type"):
    """Any frame whose type we read."""


class _FillBody(msgspec.Struct):
    trade_id: str
    order_id: str
    market_ticker: str
    book_side: str
    yes_price_dollars: msgspec.Raw
    count_fp: msgspec.Raw
    fee_cost: msgspec.Raw
    is_taker: bool
    ts_ms: int
    post_position_fp: msgspec.Raw
    client_order_id: str | None = None
    subaccount: int | None = None


class FillFrame(_Frame, tag="fill"):
    """One fill. The public trade of the same execution has the same id."""

    msg: _FillBody


class _OrderBody(msgspec.Struct):
    order_id: str
    client_order_id: str
    ticker: str
    status: str
    book_side: str
    yes_price_dollars: msgspec.Raw
    initial_count_fp: msgspec.Raw
    fill_count_fp: msgspec.Raw
    remaining_count_fp: msgspec.Raw
    last_update_time: str | None = None
    last_updated_ts_ms: int | None = None
    expiration_ts_ms: int | None = None
    order_group_id: str | None = None
    last_update_reason: str | None = None
    subaccount_number: int | None = None


class OrderFrame(_Frame, tag="user_order"):
    """One of our orders, as it stands now."""

    msg: _OrderBody


class _PositionBody(msgspec.Struct):
    market_ticker: str
    position_fp: msgspec.Raw
    position_cost_dollars: msgspec.Raw
    realized_pnl_dollars: msgspec.Raw
    fees_paid_dollars: msgspec.Raw
    subaccount: int | None = None


class PositionFrame(_Frame, tag="market_position"):
    """One of our positions, as it stands now."""

    msg: _PositionBody


class _GroupBody(msgspec.Struct):
    order_group_id: str
    event_type: str


class GroupFrame(_Frame, tag="order_group_updates"):
    """Something happened to an order group. The only private frame with a number."""

    sid: int
    seq: int
    msg: _GroupBody


class _SubscribedBody(msgspec.Struct):
    channel: str
    sid: int


class SubscribedFrame(_Frame, tag="subscribed"):
    """The answer to a subscription."""

    msg: _SubscribedBody
    id: int = 0


class UnsubscribedFrame(_Frame, tag="unsubscribed"):
    """The end of a subscription."""

    sid: int | None = None


class _ErrorBody(msgspec.Struct):
    code: int
    msg: str = ""


class ErrorFrame(_Frame, tag="error"):
    """A command was refused, or a subscription ended."""

    msg: _ErrorBody
    id: int = 0
    sid: int | None = None


class UnknownFrame(msgspec.Struct):
    """A type that this version does not read."""

    type: str
    sid: int | None = None
    seq: int | None = None


class OddFrame(msgspec.Struct):
    """A type that is read, with fields that cannot be. Made here, never decoded."""

    type: str
    reason: str


PrivateFrame = (
    FillFrame
    | OrderFrame
    | PositionFrame
    | GroupFrame
    | SubscribedFrame
    | UnsubscribedFrame
    | ErrorFrame
    | UnknownFrame
    | OddFrame
)
_KNOWN = (FillFrame, OrderFrame, PositionFrame, GroupFrame, SubscribedFrame, UnsubscribedFrame, ErrorFrame)
_KNOWN_TYPES = frozenset(str(frame.__struct_config__.tag) for frame in _KNOWN)
_decoder = msgspec.json.Decoder(
    FillFrame | OrderFrame | PositionFrame | GroupFrame | SubscribedFrame | UnsubscribedFrame | ErrorFrame
)
_unknown_decoder = msgspec.json.Decoder(UnknownFrame)
_encoder = msgspec.json.Encoder()


def read_private_frame(text: bytes | str) -> PrivateFrame:
    """One JSON object as a frame. Raises WireError when it is none, or does not even say its type."""
    try:
        known: PrivateFrame = _decoder.decode(text)
        return known
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        first = error
    try:
        frame: UnknownFrame = _unknown_decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise WireError(f"ws frame: {first}") from None
    if frame.type in _KNOWN_TYPES:
        return OddFrame(frame.type, f"ws {frame.type}: {first}")
    return frame


def read_fill(frame: FillFrame) -> FillSeen | None:
    """None for a fill of another subaccount. Raises WireError."""
    said = frame.msg
    if not _is_ours(said.subaccount):
        return None
    fill = VenueFill(
        trade_id=id_field(said.trade_id, "trade_id", _FILL),
        order_id=id_field(said.order_id, "order_id", _FILL),
        ticker=id_field(said.market_ticker, "market_ticker", _FILL),
        side=side_field(said.book_side, "book_side", _FILL),
        price=_price(said.yes_price_dollars, "yes_price_dollars", _FILL),
        size=_size(said.count_fp, "count_fp", _FILL),
        fee=_money(said.fee_cost, "fee_cost", _FILL),
        is_taker=said.is_taker,
        at=millis_field(said.ts_ms, "ts_ms", _FILL),
    )
    return FillSeen(fill, said.client_order_id or None, _signed_size(said.post_position_fp, "post_position_fp", _FILL))


def read_order_frame(frame: OrderFrame) -> OrderSeen | None:
    """None for an order of another subaccount. Raises WireError."""
    said = frame.msg
    if not _is_ours(said.subaccount_number):
        return None
    expiration = said.expiration_ts_ms
    order = VenueOrder(
        order_id=id_field(said.order_id, "order_id", _ORDER),
        client_order_id=said.client_order_id,
        ticker=id_field(said.ticker, "ticker", _ORDER),
        side=side_field(said.book_side, "book_side", _ORDER),
        price=_price(said.yes_price_dollars, "yes_price_dollars", _ORDER),
        size=_size(said.initial_count_fp, "initial_count_fp", _ORDER),
        filled=_size(said.fill_count_fp, "fill_count_fp", _ORDER),
        remaining=_size(said.remaining_count_fp, "remaining_count_fp", _ORDER),
        status=order_status(said.status),
        expiration_s=None if expiration is None else whole_second(millis_field(expiration, "expiration_ts_ms", _ORDER)),
        updated_at=_updated_at(said),
        group_id=said.order_group_id or None,
    )
    return OrderSeen(order, said.last_update_reason or None)


def read_position(frame: PositionFrame) -> PositionSeen | None:
    """None for a position of another subaccount. Raises WireError."""
    said = frame.msg
    if not _is_ours(said.subaccount):
        return None
    position = VenuePosition(
        ticker=id_field(said.market_ticker, "market_ticker", _POSITION),
        net=_signed_size(said.position_fp, "position_fp", _POSITION),
        exposure=_money(said.position_cost_dollars, "position_cost_dollars", _POSITION),
        realized=_money(said.realized_pnl_dollars, "realized_pnl_dollars", _POSITION),
        fees=_money(said.fees_paid_dollars, "fees_paid_dollars", _POSITION),
    )
    return PositionSeen(position)


def read_group(frame: GroupFrame) -> GroupSeen:
    """What happened to which group. Raises WireError."""
    group_id = id_field(frame.msg.order_group_id, "order_group_id", _GROUP)
    return GroupSeen(group_id, id_field(frame.msg.event_type, "event_type", _GROUP))


def _updated_at(said: _OrderBody) -> Timestamp | None:
    """The text is as fine as that of the lists; the milliseconds may fall before an older state that a list told."""
    if said.last_update_time is not None:
        return time_field(said.last_update_time, "last_update_time", _ORDER)
    if said.last_updated_ts_ms is not None:
        return millis_field(said.last_updated_ts_ms, "last_updated_ts_ms", _ORDER)
    return None


def subscribe_command(number: int, channel: PrivateChannel) -> str:
    """Open a channel for every market."""
    return _encoder.encode({"id": number, "cmd": "subscribe", "params": {"channels": [channel.value]}}).decode()


def _price(raw: msgspec.Raw, field: str, endpoint: str) -> Price:
    return traded_price_field(exact_text(raw, field, endpoint), field, endpoint)


def _size(raw: msgspec.Raw, field: str, endpoint: str) -> Size:
    return size_field(exact_text(raw, field, endpoint), field, endpoint)


def _signed_size(raw: msgspec.Raw, field: str, endpoint: str) -> Size:
    return signed_size_field(exact_text(raw, field, endpoint), field, endpoint)


def _money(raw: msgspec.Raw, field: str, endpoint: str) -> Money:
    return money_field(exact_text(raw, field, endpoint), field, endpoint)


def _is_ours(subaccount: int | None) -> bool:
    return subaccount is None or subaccount == OUR_SUBACCOUNT
