"""One order of ours at the venue: what was asked, what is in doubt, and what the venue has said of it so far."""

from dataclasses import dataclass
from enum import Enum

from edgelock.core.intents import PlaceOrder
from edgelock.core.order import Role
from edgelock.core.units import Price, Size, Timestamp
from edgelock.kalshi.wire_orders import Refused


class DoubtKind(Enum):
    """Which request has no answer that proves anything."""

    PLACE = "place"
    AMEND = "amend"
    CANCEL = "cancel"
    RENEW = "renew"


@dataclass(slots=True)
class Doubt:
    """An open question about an order.

    since        engine time at which the answer was given up: only what the venue knows later than that counts
    absences     looks at the venue, each newer than the last, that did not find an order that may never have arrived
    as_of        how new the last of them was
    has_landed   the venue itself says that the order's id was used
    refusal      the venue's no to a second sending, which proves nothing about the first
    """

    kind: DoubtKind
    since: Timestamp
    absences: int = 0
    as_of: Timestamp = Timestamp(0)
    has_landed: bool = False
    refusal: Refused | None = None


@dataclass(slots=True)
class LiveOrder:
    """An order from its first sending on; kept after its end, because a fill may come late.

    expires_at    engine time at which the venue withdraws it by itself; None for an immediate-or-cancel order
    price, size   as the door was told last; size is in all, fills included
    amending      what an unanswered amendment asked for
    booked        how much of it was told as fills
    end_filled    how much had filled when the venue ended it; None while it has not
    is_requested  a request about it is under way
    told_at       engine time at which the venue last answered for its price and size
    queue_ahead   what stood before it at the last look
    """

    ticker: str
    wish: PlaceOrder
    placed_at: Timestamp
    expires_at: Timestamp | None
    price: Price
    size: Size
    told_at: Timestamp
    venue_id: str | None = None
    amending: tuple[Price, Size] | None = None
    booked: Size = Size(0)
    end_filled: Size | None = None
    doubt: Doubt | None = None
    is_requested: bool = True
    is_acknowledged: bool = False
    is_over: bool = False
    queue_ahead: Size | None = None

    @property
    def client_order_id(self) -> str:
        """Its id at our side."""
        return self.wish.client_order_id

    @property
    def whole(self) -> Size:
        """What it may fill in all; the larger of both sizes while an amendment is in doubt."""
        return self.size if self.amending is None else max(self.size, self.amending[1])

    @property
    def is_exit(self) -> bool:
        """Whether it shrinks a position."""
        return self.wish.role is Role.EXIT

    @property
    def may_never_have_arrived(self) -> bool:
        """Nothing from the venue has named it yet."""
        doubt = self.doubt
        is_unseen = self.venue_id is None and not self.booked
        return doubt is not None and doubt.kind is DoubtKind.PLACE and not doubt.has_landed and is_unseen
