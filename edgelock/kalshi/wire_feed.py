"""Frames of the venue's WebSocket: the ones we read, as typed values, and the commands we send, as text.

One typed decode per frame finds the type by its tag. NO orders are read on the YES scale, because every subscription
asks for `use_yes_price`. Source: venue reference §10 (read 2026-11-22).
"""

from decimal import Decimal

import msgspec

from edgelock.kalshi.wire import WireError
from edgelock.kalshi.wire_market import PriceRange

SNAPSHOT_ENDPOINT = "ws orderbook_snapshot"
DELTA_ENDPOINT = "ws orderbook_delta"
TRADE_ENDPOINT = "ws trade"
LIFECYCLE_ENDPOINT = "ws market_lifecycle_v2"
FEE_ENDPOINT = "ws event_fee_update"


class _Frame(msgspec.Struct, tag_field="type", gc=False):
    """Any frame whose type we read."""


class SnapshotBody(msgspec.Struct, gc=False):
    """A whole book. A side without orders has no key at all. `clock` counts the changes of this market."""

    market_ticker: str
    yes_dollars_fp: list[tuple[str, str]] = []
    no_dollars_fp: list[tuple[str, str]] = []
    clock: int | None = None


class SnapshotFrame(_Frame, tag="orderbook_snapshot", gc=False):
    """Sent after a subscription and on request. `sending_ts_ms` is when the venue queued it."""

    sid: int
    seq: int
    msg: SnapshotBody
    sending_ts_ms: int | None = None


class DeltaBody(msgspec.Struct, gc=False):
    """A signed change of one level; `side` is the leg of the resting order."""

    market_ticker: str
    price_dollars: str
    delta_fp: str
    side: str
    clock: int | None = None


class DeltaFrame(_Frame, tag="orderbook_delta", gc=False):
    """One change of one book. `sending_ts_ms` is when the venue queued it."""

    sid: int
    seq: int
    msg: DeltaBody
    sending_ts_ms: int | None = None


class TradeBody(msgspec.Struct, gc=False):
    """A public trade. A block trade was made off the book."""

    trade_id: str
    market_ticker: str
    yes_price_dollars: str
    count_fp: str
    taker_book_side: str
    is_block_trade: bool


class TradeFrame(_Frame, tag="trade", gc=False):
    """One public trade."""

    sid: int
    seq: int
    msg: TradeBody


class LifecycleBody(msgspec.Struct, gc=False):
    """A step in a market's life; which fields are there depends on `event_type`."""

    market_ticker: str
    event_type: str
    close_ts: int | None = None
    settlement_value: str | None = None
    price_ranges: list[PriceRange] | None = None


class LifecycleFrame(_Frame, tag="market_lifecycle_v2", gc=False):
    """One step in the life of any market of the exchange."""

    sid: int
    seq: int
    msg: LifecycleBody


class EventLifecycleFrame(_Frame, tag="event_lifecycle", gc=False):
    """A new event; only its number matters to us."""

    sid: int
    seq: int


class FeeBody(msgspec.Struct, gc=False):
    """An event's overrides; None where it overrides nothing (any more)."""

    event_ticker: str
    fee_type_override: str | None
    fee_multiplier_override: Decimal | None


class FeeFrame(_Frame, tag="event_fee_update", gc=False):
    """An event changed what it charges."""

    sid: int
    seq: int
    msg: FeeBody


class SubscribedBody(msgspec.Struct, gc=False):
    """Which channel got which subscription id."""

    channel: str
    sid: int


class SubscribedFrame(_Frame, tag="subscribed", gc=False):
    """The answer to `subscribe`, before the first data frame. It has no number."""

    msg: SubscribedBody
    id: int = 0


class OkFrame(_Frame, tag="ok", gc=False):
    """The answer to `update_subscription`; numbered like a data frame."""

    id: int = 0
    sid: int | None = None
    seq: int | None = None


class UnsubscribedFrame(_Frame, tag="unsubscribed", gc=False):
    """The end of a subscription."""

    id: int = 0
    sid: int | None = None
    seq: int | None = None


class ErrorBody(msgspec.Struct, gc=False):
    """What the venue says went wrong."""

    code: int
    msg: str = ""


class ErrorFrame(_Frame, tag="error", gc=False):
    """A command was refused, or a subscription ended."""

    msg: ErrorBody
    id: int = 0
    sid: int | None = None
    seq: int | None = None


class UnknownFrame(msgspec.Struct, gc=False):
    """A type that this version does not read. Its number counts all the same."""

    type: str
    sid: int | None = None
    seq: int | None = None


class OddFrame(msgspec.Struct, gc=False):
    """A type that is read, with fields that cannot be. Made here, never decoded."""

    type: str
    sid: int | None
    seq: int | None
    reason: str

    @property
    def is_of_a_book(self) -> bool:
        """Whether a change of some book is lost with it."""
        return self.type in _BOOK_TYPES


Frame = (
    SnapshotFrame
    | DeltaFrame
    | TradeFrame
    | LifecycleFrame
    | EventLifecycleFrame
    | FeeFrame
    | SubscribedFrame
    | OkFrame
    | UnsubscribedFrame
    | ErrorFrame
    | UnknownFrame
    | OddFrame
)

_BOOK_TYPES = frozenset({"orderbook_snapshot", "orderbook_delta"})
_KNOWN_TYPES = frozenset(
    str(frame.__struct_config__.tag)
    for frame in (
        SnapshotFrame,
        DeltaFrame,
        TradeFrame,
        LifecycleFrame,
        EventLifecycleFrame,
        FeeFrame,
        SubscribedFrame,
        OkFrame,
        UnsubscribedFrame,
        ErrorFrame,
    )
)
_decoder = msgspec.json.Decoder(
    SnapshotFrame
    | DeltaFrame
    | TradeFrame
    | LifecycleFrame
    | EventLifecycleFrame
    | FeeFrame
    | SubscribedFrame
    | OkFrame
    | UnsubscribedFrame
    | ErrorFrame
)
_unknown_decoder = msgspec.json.Decoder(UnknownFrame)
_encoder = msgspec.json.Encoder()


def read_frame(text: bytes | str) -> Frame:
    """One JSON object as a frame. Raises WireError when it is none, or does not even say its type."""
    try:
        known: Frame = _decoder.decode(text)
        return known
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        first = error
    try:
        frame: UnknownFrame = _unknown_decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise WireError(f"ws frame: {first}") from None
    if frame.type in _KNOWN_TYPES:
        return OddFrame(frame.type, frame.sid, frame.seq, f"ws {frame.type}: {first}")
    return frame


def subscribe_command(number: int, channel: str, tickers: tuple[str, ...], *, is_book: bool) -> str:
    """Open a channel for these markets; for none of them, where the channel takes no markets."""
    params: dict[str, object] = {"channels": [channel]}
    if tickers:
        params["market_tickers"] = list(tickers)
    if is_book:
        params["use_yes_price"] = True
    return _text({"id": number, "cmd": "subscribe", "params": params})


def update_command(number: int, sid: int, action: str, tickers: tuple[str, ...]) -> str:
    """`add_markets`, `delete_markets` or `get_snapshot` on an open subscription."""
    params = {"sids": [sid], "market_tickers": list(tickers), "action": action}
    return _text({"id": number, "cmd": "update_subscription", "params": params})


def _text(command: dict[str, object]) -> str:
    return _encoder.encode(command).decode()
