"""One order of ours at the venue: what was asked, what is in doubt, and what the venue has said of it so far."""

from dataclasses import dataclass
from enum import Enum

from edgelock.core.intents import PlaceOrder
from edgelock.core.market import Side
from edgelock.core.order import Role
from edgelock.core.units import Money, Price, Size, Timestamp
from edgelock.kalshi.account import VenueFill, VenueOrder
from edgelock.kalshi.wire_orders import Refused

FEE_MAX = Money(50_000)
"""A fee above $0.05 a contract is not taken on one frame's word: takers of games pay $0.0175 at most."""
_CONTRACT = 100


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
    """An order from its first sending on; kept for a while after its end, because a fill may come late.

    expires_at     engine time by which the venue has withdrawn it at the latest; None for an immediate-or-cancel order
    assured_until  engine time before which the venue does not withdraw it by itself, as far as it has confirmed that
    price, size    as the door was told last; size is in all, fills included
    furthest, most  the price furthest into the market, and the largest size, that were ever asked for or seen
    amending       what an unanswered amendment asked for
    is_size_sure   no change of its price and size was given up, which the venue might carry out later than it was told
    booked         how much of it was told as fills
    heard_filled   how much has filled, by the venue's last word on the order itself
    end_filled     how much had filled when the venue ended it; None while it has not
    is_backfilled  the list of fills was read since the venue named it
    is_requested   a request about it is under way
    is_changed_unasked  a new price or size was told that no request of ours had asked for, and none was answered since
    told_at        engine time at which the venue last answered for its price and size
    queue_ahead    what stood before it at the last look
    """

    ticker: str
    wish: PlaceOrder
    placed_at: Timestamp
    expires_at: Timestamp | None
    assured_until: Timestamp | None
    price: Price
    size: Size
    furthest: Price
    most: Size
    told_at: Timestamp
    venue_id: str | None = None
    amending: tuple[Price, Size] | None = None
    is_size_sure: bool = True
    booked: Size = Size(0)
    heard_filled: Size = Size(0)
    end_filled: Size | None = None
    doubt: Doubt | None = None
    is_backfilled: bool = False
    is_requested: bool = True
    is_changed_unasked: bool = False
    is_acknowledged: bool = False
    is_over: bool = False
    queue_ahead: Size | None = None

    @classmethod
    def sent(cls, ticker: str, wish: PlaceOrder, at: Timestamp, expires_at: Timestamp | None) -> "LiveOrder":
        """An order about to be sent for the first time."""
        return cls(ticker, wish, at, expires_at, expires_at, wish.price, wish.size, wish.price, wish.size, at)

    @property
    def client_order_id(self) -> str:
        """Its id at our side."""
        return self.wish.client_order_id

    @property
    def side(self) -> Side:
        """The side it is on."""
        return self.wish.side

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

    @property
    def is_in_question(self) -> bool:
        """The venue's lists could settle something about it: a doubt, or fills that it counts and that we have not."""
        return self.doubt is not None or self.end_filled is not None or self.heard_filled > self.booked

    @property
    def is_at_rest(self) -> bool:
        """On the book as far as is known, and nothing about it is open."""
        is_open = self.is_requested or self.doubt is not None or self.end_filled is not None
        return self.is_acknowledged and not self.is_over and not is_open

    def reach(self, price: Price, size: Size) -> None:
        """From now on it may fill at this price and up to this size in all, whatever else is told of it."""
        self.furthest = max(self.furthest, price) if self.side is Side.BID else min(self.furthest, price)
        self.most = max(self.most, size)

    def reshape(self, price: Price, size: Size, at: Timestamp) -> None:
        """The venue's word: this is its price now, and its size in all."""
        self.reach(price, size)
        self.price, self.size, self.amending, self.told_at = price, size, None, at

    def is_meant_by(self, seen: VenueOrder) -> bool:
        """Whether what the venue shows agrees with what never changes of an order: its ids, its market, its side."""
        is_same = (self.client_order_id, self.ticker, self.side) == (seen.client_order_id, seen.ticker, seen.side)
        return is_same and self.venue_id in (None, seen.order_id)

    def allows(self, fill: VenueFill) -> bool:
        """A fill is in the order's market, on its side, within its size, at its limit or better; else it is odd."""
        if fill.ticker != self.ticker or fill.side is not self.side or self.booked + fill.size > self.most:
            return False
        if fill.fee * _CONTRACT > FEE_MAX * fill.size:
            return False
        return fill.price <= self.furthest if self.side is Side.BID else fill.price >= self.furthest
