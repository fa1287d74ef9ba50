"""The words in which the door is told of an order: news, and what is open."""

from typing import Any

from edgelock.actors.live_order import LiveOrder
from edgelock.actors.order_gateway import Acknowledged, OpenOrder, OrderNews, Rejected
from edgelock.core.units import Size, Timestamp
from edgelock.kalshi import wire_orders as wire

News = list[OrderNews]

_WITHOUT_A_LOOK = frozenset({"too_many_requests", "trading_is_paused", "exchange_is_paused"})
"""Refusals that say nothing about the order."""


def about(order: LiveOrder, now: Timestamp) -> dict[str, Any]:
    """What every piece of news begins with."""
    return {"ticker": order.ticker, "client_order_id": order.client_order_id, "at": now}


def acknowledged(order: LiveOrder, now: Timestamp) -> Acknowledged:
    """It rests, as it was told last."""
    return Acknowledged(
        ticker=order.ticker, client_order_id=order.client_order_id, at=now, venue_order_id=order.venue_id or ""
    )


def rejected(order: LiveOrder, refused: wire.Refused, now: Timestamp) -> Rejected:
    """The venue said no."""
    return Rejected(**about(order, now), code=refused.code, text=refused.text, is_judged=is_judged(refused))


def is_judged(refused: wire.Refused) -> bool:
    """Whether the venue looked at the order and would not have it."""
    return refused.code not in _WITHOUT_A_LOOK


def open_order(order: LiveOrder) -> OpenOrder:
    """It may be on the book, with so much left at most."""
    return OpenOrder(
        ticker=order.ticker,
        client_order_id=order.client_order_id,
        venue_order_id=order.venue_id or "",
        side=order.wish.side,
        price=order.price,
        remaining=Size(max(order.whole - order.booked, 0)),
    )


def reason_of(request: str, outcome: object) -> str:
    """Why nothing is proven, for people."""
    if isinstance(outcome, wire.Unknown):
        return f"{request}: {outcome.reason}"
    if isinstance(outcome, wire.Refused):
        return f"{request}: {outcome.code}"
    return f"{request}: the venue has it already" if isinstance(outcome, wire.AlreadyExists) else f"{request}: not sent"
