"""Telemetry of the order flow: what was sent, what the venue answered, what is not known."""

from dataclasses import dataclass

from edgelock.core.telemetry_record import Level, MarketRecord, RoleName, SideName
from edgelock.core.units import Price, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotePlace(MarketRecord):
    action = "quote_place"
    side: SideName
    price: Price
    qty: Size
    role: RoleName
    kind: str
    client_order_id: str
    post_only: bool
    tif: str
    cooldown_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowQuote(MarketRecord):
    action = "shadow_quote"
    side: SideName
    price: Price
    qty: Size
    role: RoleName
    kind: str
    client_order_id: str
    post_only: bool
    tif: str
    would_cross: bool
    cancels_30_projected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAck(MarketRecord):
    action = "order_ack"
    client_order_id: str
    order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReject(MarketRecord):
    action = "order_reject"
    level = Level.WARNING
    client_order_id: str
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteCancel(MarketRecord):
    action = "quote_cancel"
    order_side: SideName
    reason: str
    kind: str
    client_order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled(MarketRecord):
    """The venue confirmed that the order is off the book (by our wish or by its own)."""

    action = "order_gone"
    order_side: SideName
    reason: str
    client_order_id: str
    unfilled: Size


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteAmend(MarketRecord):
    action = "quote_amend"
    order_side: SideName
    kind: str
    client_order_id: str
    from_price: Price
    from_qty: Size
    to_price: Price
    to_qty: Size
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUnknown(MarketRecord):
    action = "order_unknown"
    level = Level.WARNING
    client_order_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderResolved(MarketRecord):
    action = "order_resolved"
    client_order_id: str
    became: str
