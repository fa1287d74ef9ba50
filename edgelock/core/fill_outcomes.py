"""What became of a paper order: the answers of the fill model, as a venue would give them.

Each names the order it is about by its client order id. A refusal's `code` is the venue's word where the venue has
one (venue reference §6.9).
"""

from dataclasses import dataclass

from edgelock.core.market import Side
from edgelock.core.order import ClientOrderId
from edgelock.core.units import Money, Price, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The order is on the book, or was filled on its way there."""

    client_order_id: ClientOrderId
    venue_order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRefused:
    """Nothing was placed."""

    client_order_id: ClientOrderId
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperFill:
    """A fill. queue_ahead is what stood before the order when the fill began; None for a taker."""

    client_order_id: ClientOrderId
    trade_id: str
    price: Price
    size: Size
    fee: Money
    is_taker: bool
    queue_ahead: Size | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendTaken:
    """The order now has this price and this size in all (fills included)."""

    client_order_id: ClientOrderId
    price: Price
    size: Size


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendRefused:
    """The order is as it was."""

    client_order_id: ClientOrderId
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """The order left the book. reason: "asked", "market_over", "unfilled" (the rest of a taker) or "self_trade"."""

    client_order_id: ClientOrderId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRefused:
    """There is no such order on the book (any more)."""

    client_order_id: ClientOrderId
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestingOrder:
    """An order of ours that is on the book, and what of it is still unfilled."""

    client_order_id: ClientOrderId
    venue_order_id: str
    side: Side
    price: Price
    remaining: Size


Outcome = Accepted | PlaceRefused | PaperFill | AmendTaken | AmendRefused | Withdrawn | CancelRefused
