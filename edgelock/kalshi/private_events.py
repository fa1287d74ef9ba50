"""What the venue's private channels have to tell, as values.

Most of it is not numbered, and none of it is ever repeated: what was missed, only the venue's lists tell.
"""

from dataclasses import dataclass

from edgelock.core.units import Size
from edgelock.kalshi.account import VenueFill, VenueOrder, VenuePosition


@dataclass(frozen=True, slots=True)
class FillSeen:
    """One of our orders traded. Its time has milliseconds only; the list of fills may say it more finely.

    client_order_id  None when the venue does not say; then `fill.order_id` names the order
    post_position    the position in this market after it, positive YES, negative NO
    """

    fill: VenueFill
    client_order_id: str | None
    post_position: Size


@dataclass(frozen=True, slots=True)
class OrderSeen:
    """One of our orders now stands like this. `reason` is the venue's word for the change, None when it says none."""

    order: VenueOrder
    reason: str | None


@dataclass(frozen=True, slots=True)
class PositionSeen:
    """What the venue counts as our position in a market."""

    position: VenuePosition


@dataclass(frozen=True, slots=True)
class GroupSeen:
    """Something happened to an order group: created, triggered, reset, deleted, limit_updated, or a newer word."""

    group_id: str
    event: str


PrivateEvent = FillSeen | OrderSeen | PositionSeen | GroupSeen
