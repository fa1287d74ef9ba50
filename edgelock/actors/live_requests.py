"""Our requests about orders, and what their outcomes prove.

An answer proves something only when it names the order, and a refusal only when it is the venue's own; everything else
leaves a doubt, which the venue's lists settle. An order may be over before the answer comes: the channels are often
quicker. The table is in docs/live-orders.md.
"""

from edgelock.actors.live_lifetimes import LiveLifetimes
from edgelock.actors.live_news import News, about, acknowledged, is_judged, reason_of, rejected
from edgelock.actors.live_order import Doubt, DoubtKind, LiveOrder
from edgelock.actors.live_record import LiveRecord
from edgelock.actors.order_gateway import Amended, AmendRejected, Canceled, CancelRejected, Unanswered
from edgelock.core.intents import AmendOrder, PlaceOrder
from edgelock.core.order import ClientOrderId
from edgelock.core.units import Size, Timestamp
from edgelock.kalshi import wire_orders as wire

_NOT_FOUND = 404
_TOO_MANY = 429


class LiveRequests:
    """Each request is announced by `..._sent`, and its outcome follows once."""

    def __init__(self, record: LiveRecord, lifetimes: LiveLifetimes) -> None:
        self._record = record
        self._index = record.index
        self._lifetimes = lifetimes

    def place_sent(self, ticker: str, wish: PlaceOrder, now: Timestamp) -> LiveOrder:
        """An order is about to be sent."""
        order = LiveOrder.sent(ticker, wish, now, self._lifetimes.expiry(wish, now))
        self._index.add(order)
        self._lifetimes.begin(order)
        return order

    def placed(self, client_order_id: ClientOrderId, outcome: wire.PlaceOutcome, now: Timestamp) -> News:
        """What came of sending an order, for the first time or again."""
        order = self._answered(client_order_id)
        if isinstance(outcome, wire.Placed):
            return self._was_placed(order, outcome, now)
        if order.is_over or (order.is_acknowledged and order.doubt is None):
            return []  # a channel was quicker, and it knows better
        is_first = order.doubt is None
        if isinstance(outcome, wire.Refused) and is_first and not order.booked:
            self._record.over(order, now)
            return [rejected(order, outcome, now)]
        doubt = order.doubt or Doubt(DoubtKind.PLACE, now)
        doubt.since, doubt.absences = now, 0
        doubt.has_landed = doubt.has_landed or isinstance(outcome, wire.AlreadyExists)
        doubt.refusal = outcome if isinstance(outcome, wire.Refused) and is_judged(outcome) else None
        self._record.doubt(order, doubt)
        return [Unanswered(**about(order, now), reason=reason_of("place", outcome))] if is_first else []

    def _was_placed(self, order: LiveOrder, outcome: wire.Placed, now: Timestamp) -> News:
        if order.venue_id not in (None, outcome.order_id):
            return []  # two names for one order: the lists say which one it has
        self._index.bind(order, outcome.order_id)
        news = self._record.attributed(order, now)
        if order.is_over:
            return news
        order.told_at, order.assured_until = now, order.expires_at
        if not outcome.remaining:
            order.end_filled = outcome.filled
        order.heard_filled = max(order.heard_filled, outcome.filled)
        self._record.doubt(order, None)
        return [*self._record.acknowledge(order, now), *news, *self._record.try_to_end(order, now)]

    def amend_sent(self, wish: AmendOrder) -> LiveOrder:
        """An amendment is about to be sent."""
        order = self._sent(wish.client_order_id)
        order.amending = (wish.price, wish.size)
        order.reach(wish.price, wish.size)
        return order

    def amended(self, client_order_id: ClientOrderId, outcome: wire.AmendOutcome | None, now: Timestamp) -> News:
        """What came of an amendment; None when it was not sent, because the order had ended meanwhile."""
        was_changed_unasked = self._index[client_order_id].is_changed_unasked
        order = self._answered(client_order_id)
        if order.is_over:
            # To a door that asked for more before it heard of the last fill, the order seems to have that much left.
            return [Canceled(**about(order, now), reason="over")]
        assert outcome is not None
        if isinstance(outcome, wire.Amended):
            assert order.amending is not None
            return self._record.now_like(order, *order.amending, now)
        if isinstance(outcome, wire.Refused) and outcome.status != _NOT_FOUND:
            order.amending = None
            if was_changed_unasked:
                # The door may have read of the change after it had asked for this one: to it, nothing is under way.
                return [Amended(**about(order, now), price=order.price, size=order.size)]
            return [AmendRejected(**about(order, now), code=outcome.code, text=outcome.text)]
        order.is_size_sure = order.is_size_sure and isinstance(outcome, wire.Refused)
        self._record.doubt(order, Doubt(DoubtKind.AMEND, now))
        return [Unanswered(**about(order, now), reason=reason_of("amend", outcome))]

    def cancel_sent(self, client_order_id: ClientOrderId) -> LiveOrder:
        """A cancellation is about to be sent."""
        return self._sent(client_order_id)

    def canceled(self, client_order_id: ClientOrderId, outcome: wire.CancelOutcome | None, now: Timestamp) -> News:
        """What came of a cancellation; None when it could not be sent, because the venue has never named the order."""
        order = self._answered(client_order_id)
        if order.is_over:
            return []
        if isinstance(outcome, wire.Canceled):
            return self._was_canceled(order, outcome, now)
        was_certain = order.doubt is None
        if isinstance(outcome, wire.Refused) and outcome.status == _TOO_MANY and was_certain:
            # Too many requests: this one was not looked at, and the order is where it was.
            return [CancelRejected(**about(order, now), code=outcome.code, text=outcome.text), acknowledged(order, now)]
        if order.venue_id is not None:
            self._record.doubt(order, Doubt(DoubtKind.CANCEL, now))
        if isinstance(outcome, wire.Refused):
            return [CancelRejected(**about(order, now), code=outcome.code, text=outcome.text)]
        return [Unanswered(**about(order, now), reason=reason_of("cancel", outcome))]

    def _was_canceled(self, order: LiveOrder, outcome: wire.Canceled, now: Timestamp) -> News:
        filled = order.size - outcome.reduced_by
        if order.amending is not None or not order.is_size_sure or filled < order.booked:
            # Off the book; only its record says how much had filled.
            self._record.doubt(order, Doubt(DoubtKind.CANCEL, now))
            return []
        order.end_filled = Size(filled)
        self._record.doubt(order, None)
        return self._record.try_to_end(order, now)

    def renew_sent(self, client_order_id: ClientOrderId) -> LiveOrder:
        """A prolongation is about to be sent."""
        return self._sent(client_order_id)

    def renewed(
        self, client_order_id: ClientOrderId, outcome: wire.AmendOutcome, expires_at: Timestamp, now: Timestamp
    ) -> News:
        """What came of prolonging an order."""
        order = self._answered(client_order_id)
        if order.is_over:
            return []
        if isinstance(outcome, wire.Refused):
            if outcome.status != _NOT_FOUND:
                return []
            self._record.doubt(order, Doubt(DoubtKind.RENEW, now))
            return [Unanswered(**about(order, now), reason=reason_of("renew", outcome))]
        # Without an answer it may live until either time; the later one is what counts as proof of its end.
        order.expires_at = expires_at
        if isinstance(outcome, wire.Amended):
            order.assured_until = expires_at
        else:
            order.is_size_sure = False
        return []

    def resend_sent(self, client_order_id: ClientOrderId, now: Timestamp) -> LiveOrder:
        """An order of unknown fate is about to be sent again."""
        order = self._sent(client_order_id)
        order.expires_at = self._lifetimes.expiry(order.wish, now)
        return order

    def _sent(self, client_order_id: ClientOrderId) -> LiveOrder:
        order = self._index[client_order_id]
        order.is_requested = True
        return order

    def _answered(self, client_order_id: ClientOrderId) -> LiveOrder:
        order = self._index[client_order_id]
        order.is_requested = order.is_changed_unasked = False
        return order
