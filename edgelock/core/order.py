"""One order of ours: what it is for, and its life as a table.

No state is ever guessed. In flight (asked for, not yet answered) is a state, and so is "unknown": an answer that did
not come leaves the order live everywhere until the venue's own evidence ends it. A pair of state and message that
is not in the table is an error; a late message about a finished order is a known fact of life and is in the table.
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal

from edgelock.core.market import Side
from edgelock.core.units import Price, Size, Timestamp


class Role(Enum):
    """Whether an order grows a position or shrinks it."""

    ENTRY = "entry"
    EXIT = "exit"


class Kind(Enum):
    """Which rule wanted the order."""

    QUOTE = "quote"
    TAKE_PROFIT = "take_profit"
    SWEET_SPOT = "sweet_spot"
    HARD_CAP = "hard_cap"
    MAE_TRIM = "mae_trim"
    LEGACY = "legacy"
    FLATTEN = "flatten"


class TimeInForce(Enum):
    """How long an order may wait, in the venue's words."""

    GOOD_TILL_CANCELED = "good_till_canceled"
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"


class CancelReason(Enum):
    """Why we withdraw or change an order. Only the first two count towards the circuit breaker."""

    REPLACE = "replace"
    QUOTE = "quote"
    STATE_CHANGE = "state_change"
    EXIT = "exit"
    STALE = "stale"
    BRAKE = "brake"
    KILL = "kill"
    LIMIT = "limit"
    MARKET = "market"
    RETIRED = "retired"
    SHUTDOWN = "shutdown"
    VENUE = "venue"

    @property
    def is_caused_by_quoting(self) -> bool:
        """Whether the circuit breaker counts it."""
        return self in (CancelReason.REPLACE, CancelReason.QUOTE)


class OrderState(Enum):
    """Where an order stands in its life."""

    PLACING = "placing"
    RESTING = "resting"
    AMENDING = "amending"
    CANCELING = "canceling"
    UNKNOWN = "unknown"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"

    @property
    def is_live(self) -> bool:
        """It may still fill: everything but a proven end."""
        return self not in _ENDS

    @property
    def is_in_flight(self) -> bool:
        """A request about it has not been answered."""
        return self in (OrderState.PLACING, OrderState.AMENDING, OrderState.CANCELING, OrderState.UNKNOWN)


_ENDS = frozenset({OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED})


class OrderMessage(Enum):
    """What can be learned about an order, or asked of it."""

    ACKNOWLEDGED = "acknowledged"
    REJECTED = "rejected"
    PART_FILLED = "part_filled"
    FILLED = "filled"
    AMEND_SENT = "amend_sent"
    AMENDED = "amended"
    AMEND_REJECTED = "amend_rejected"
    CANCEL_SENT = "cancel_sent"
    CANCELED = "canceled"
    CANCEL_REJECTED = "cancel_rejected"
    UNANSWERED = "unanswered"


class IllegalMove(ValueError):
    """A message that cannot follow in this state."""


_S, _M = OrderState, OrderMessage

# fmt: off
NEXT: dict[tuple[OrderState, OrderMessage], OrderState] = {
    (_S.PLACING,   _M.ACKNOWLEDGED):    _S.RESTING,
    (_S.PLACING,   _M.REJECTED):        _S.REJECTED,
    (_S.PLACING,   _M.PART_FILLED):     _S.PLACING,    # the fill overtook the acknowledgement
    (_S.PLACING,   _M.FILLED):          _S.FILLED,
    (_S.PLACING,   _M.CANCELED):        _S.CANCELED,   # nothing to fill against, or expired, before we heard of it
    (_S.PLACING,   _M.UNANSWERED):      _S.UNKNOWN,

    (_S.RESTING,   _M.ACKNOWLEDGED):    _S.RESTING,    # said twice
    (_S.RESTING,   _M.PART_FILLED):     _S.RESTING,
    (_S.RESTING,   _M.FILLED):          _S.FILLED,
    (_S.RESTING,   _M.AMEND_SENT):      _S.AMENDING,
    (_S.RESTING,   _M.AMENDED):         _S.RESTING,    # an amendment given up for lost came through after all
    (_S.RESTING,   _M.AMEND_REJECTED):  _S.RESTING,    # one that we wished before the order was in doubt
    (_S.RESTING,   _M.CANCEL_SENT):     _S.CANCELING,
    (_S.RESTING,   _M.CANCELED):        _S.CANCELED,   # the venue's own: expiry, pause, close
    (_S.RESTING,   _M.CANCEL_REJECTED): _S.UNKNOWN,    # of a cancel that the door sent by itself
    (_S.RESTING,   _M.UNANSWERED):      _S.UNKNOWN,    # the venue does not find it when it is asked to prolong it

    (_S.AMENDING,  _M.ACKNOWLEDGED):    _S.AMENDING,
    (_S.AMENDING,  _M.AMENDED):         _S.RESTING,
    (_S.AMENDING,  _M.AMEND_REJECTED):  _S.RESTING,    # a refused amendment leaves the order as it was
    (_S.AMENDING,  _M.PART_FILLED):     _S.AMENDING,
    (_S.AMENDING,  _M.FILLED):          _S.FILLED,
    (_S.AMENDING,  _M.CANCELED):        _S.CANCELED,
    (_S.AMENDING,  _M.CANCEL_REJECTED): _S.UNKNOWN,    # the door's own cancel left before our amendment
    (_S.AMENDING,  _M.UNANSWERED):      _S.UNKNOWN,

    (_S.CANCELING, _M.ACKNOWLEDGED):    _S.CANCELING,
    (_S.CANCELING, _M.AMENDED):         _S.CANCELING,  # news of an earlier amendment; the cancel is still on its way
    (_S.CANCELING, _M.AMEND_REJECTED):  _S.CANCELING,
    (_S.CANCELING, _M.CANCELED):        _S.CANCELED,
    (_S.CANCELING, _M.CANCEL_REJECTED): _S.UNKNOWN,    # gone, or filled: the venue's "not found" does not say which
    (_S.CANCELING, _M.PART_FILLED):     _S.CANCELING,
    (_S.CANCELING, _M.FILLED):          _S.FILLED,     # the fill crossed our cancel on the wire
    (_S.CANCELING, _M.UNANSWERED):      _S.UNKNOWN,

    (_S.UNKNOWN,   _M.ACKNOWLEDGED):    _S.RESTING,    # the venue shows it as we knew it
    (_S.UNKNOWN,   _M.REJECTED):        _S.REJECTED,   # proven never to have arrived
    (_S.UNKNOWN,   _M.PART_FILLED):     _S.UNKNOWN,
    (_S.UNKNOWN,   _M.FILLED):          _S.FILLED,
    (_S.UNKNOWN,   _M.AMENDED):         _S.RESTING,    # the venue shows it, changed
    (_S.UNKNOWN,   _M.AMEND_REJECTED):  _S.UNKNOWN,
    (_S.UNKNOWN,   _M.CANCEL_SENT):     _S.CANCELING,
    (_S.UNKNOWN,   _M.CANCELED):        _S.CANCELED,
    (_S.UNKNOWN,   _M.CANCEL_REJECTED): _S.UNKNOWN,
    (_S.UNKNOWN,   _M.UNANSWERED):      _S.UNKNOWN,

    # Late news of a finished order. A fill is still booked by the position; the end stays the end.
    (_S.FILLED,    _M.ACKNOWLEDGED):    _S.FILLED,
    (_S.FILLED,    _M.PART_FILLED):     _S.FILLED,
    (_S.FILLED,    _M.FILLED):          _S.FILLED,     # more than we thought was there: an amendment given up for lost
    (_S.FILLED,    _M.CANCELED):        _S.FILLED,
    (_S.FILLED,    _M.AMENDED):         _S.FILLED,
    (_S.FILLED,    _M.AMEND_REJECTED):  _S.FILLED,
    (_S.FILLED,    _M.CANCEL_REJECTED): _S.FILLED,
    (_S.FILLED,    _M.UNANSWERED):      _S.FILLED,
    (_S.CANCELED,  _M.ACKNOWLEDGED):    _S.CANCELED,
    (_S.CANCELED,  _M.CANCELED):        _S.CANCELED,
    (_S.CANCELED,  _M.PART_FILLED):     _S.CANCELED,
    (_S.CANCELED,  _M.FILLED):          _S.FILLED,
    (_S.CANCELED,  _M.AMENDED):         _S.CANCELED,
    (_S.CANCELED,  _M.AMEND_REJECTED):  _S.CANCELED,
    (_S.CANCELED,  _M.CANCEL_REJECTED): _S.CANCELED,
    (_S.CANCELED,  _M.UNANSWERED):      _S.CANCELED,
    (_S.REJECTED,  _M.REJECTED):        _S.REJECTED,
    (_S.REJECTED,  _M.PART_FILLED):     _S.REJECTED,   # the venue contradicts itself; what filled is booked
    (_S.REJECTED,  _M.FILLED):          _S.FILLED,
    (_S.REJECTED,  _M.CANCELED):        _S.REJECTED,
    (_S.REJECTED,  _M.UNANSWERED):      _S.REJECTED,
}
# fmt: on

ClientOrderId = str
SkewName = Literal["FLAT", "SKEW_LONG", "SKEW_SHORT"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order we asked for, as far as the venue has told us.

    size      contracts asked for in all, fills included
    filled    of them filled so far
    amending  price and size asked for by an unanswered amendment
    skew      the state of the market in which the order was placed
    """

    client_order_id: ClientOrderId
    side: Side
    price: Price
    size: Size
    role: Role
    kind: Kind
    time_in_force: TimeInForce
    post_only: bool
    placed_at: Timestamp
    skew: SkewName
    state: OrderState = OrderState.PLACING
    filled: Size = Size(0)
    amending: tuple[Price, Size] | None = None
    cancel_reason: CancelReason | None = None

    @property
    def remaining(self) -> Size:
        """What may still fill: the larger of both sizes while an amendment is unanswered; 0 after the end."""
        if not self.state.is_live:
            return Size(0)
        size = self.size if self.amending is None else max(self.size, self.amending[1])
        return Size(max(size - self.filled, 0))

    def moved(self, message: OrderMessage) -> "Order":
        """The order after a message that carries nothing but itself. Raises IllegalMove outside the table."""
        state = NEXT.get((self.state, message))
        if state is None:
            raise IllegalMove(f"{self.client_order_id}: {message.value} cannot follow in state {self.state.value}")
        may_be_amended = state in (OrderState.AMENDING, OrderState.UNKNOWN, OrderState.CANCELING)
        # Only an amendment that was given up can still be open under a cancel, and the venue shows what it came to.
        is_shown_as_known = (self.state, message) == (OrderState.CANCELING, OrderMessage.ACKNOWLEDGED)
        amending = self.amending if may_be_amended and not is_shown_as_known else None
        return replace(self, state=state, amending=amending)

    def with_fill(self, size: Size) -> "Order":
        """The order after a fill of `size`, above 0.

        The venue's fill is the truth even when it is more than we thought was asked for: the order was larger, then.
        """
        if size <= 0:
            raise IllegalMove(f"{self.client_order_id}: a fill of {size}")
        filled = Size(self.filled + size)
        whole = self.size if self.amending is None else max(self.size, self.amending[1])
        message = OrderMessage.FILLED if filled >= whole else OrderMessage.PART_FILLED
        return replace(self.moved(message), filled=filled, size=Size(max(self.size, filled)))

    def with_amendment_sent(self, price: Price, size: Size) -> "Order":
        """The order after we asked for a new price and a new size in all."""
        return replace(self.moved(OrderMessage.AMEND_SENT), amending=(price, size))

    def with_amendment_done(self, price: Price, size: Size) -> "Order":
        """The order after the venue took the amendment."""
        amended = replace(self.moved(OrderMessage.AMENDED), price=price, size=size, amending=None)
        if amended.state.is_live and amended.filled >= size:
            return replace(amended, state=OrderState.FILLED)
        return amended

    def with_cancel_sent(self, reason: CancelReason) -> "Order":
        """The order after we asked for its cancellation."""
        return replace(self.moved(OrderMessage.CANCEL_SENT), cancel_reason=reason)
