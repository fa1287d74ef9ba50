"""What a look at the venue's lists proves, and what the next look has to read.

A list is at least as new as its sweep's `as_of`. What it shows counts only where it is newer than the doubt; what it
does not show proves nothing by itself: an order is given up only when looks, each newer than the last, have missed it
and no request for it can arrive any more.
"""

from collections.abc import Iterable

from edgelock.actors.live_bounds import ABSENCES_NEEDED, EXPIRY_MARGIN, IN_TRANSIT_MAX, is_later
from edgelock.actors.live_news import News, about, acknowledged
from edgelock.actors.live_order import Doubt, DoubtKind, LiveOrder
from edgelock.actors.live_record import LiveRecord, has_ended, total
from edgelock.actors.order_gateway import Canceled
from edgelock.actors.sweep import LookUps, Sweep
from edgelock.core.units import SECOND, Duration, Timestamp
from edgelock.kalshi.account import VenueOrder, VenueOrderStatus

FILLS_OVERLAP = Duration(60 * SECOND)
"""Lists are read again from this long before the last complete sweep."""
LOOK_UPS_MAX = 20
"""Single orders looked up in one sweep; the rest follows in the next."""


class LiveLists:
    """`look_ups` before a sweep, `swept` after it.

    has_more  more orders wait to be looked up than one sweep takes
    """

    def __init__(self, record: LiveRecord) -> None:
        self._record = record
        self._index = record.index
        self._swept_as_of: Timestamp | None = None
        self._looked_at: dict[str, int] = {}
        self._look = 0
        self.has_more = False

    def look_ups(self, resting: Iterable[VenueOrder], now: Timestamp) -> LookUps:
        """What else has to be read, once the list of resting orders is known."""
        shown = {order.order_id for order in resting}
        live = self._index.live.values()
        missing = [order.venue_id for order in live if order.venue_id is not None and order.venue_id not in shown]
        # The longest not looked up first, so that those which stay open do not keep others from their turn.
        ids = sorted(
            (*missing, *self._record.unbooked.order_ids()), key=lambda order_id: self._looked_at.get(order_id, 0)
        )
        unnamed = [order for order in live if order.venue_id is None and order.doubt is not None]
        unread = [order.placed_at for order in live if not order.is_backfilled]
        known = self._swept_as_of if self._swept_as_of is not None else now
        self.has_more = len(ids) > LOOK_UPS_MAX
        return LookUps(
            order_ids=tuple(ids[:LOOK_UPS_MAX]),
            tickers=tuple(sorted({order.ticker for order in unnamed})),
            orders_since_s=_seconds_before(min([now, *(order.placed_at for order in unnamed)])),
            fills_since_s=_seconds_before(min([known, *unread])),
        )

    def swept(self, sweep: Sweep, now: Timestamp, *, is_closing: bool) -> News:
        """What a look at the venue's lists proves. What it does not show proves nothing by itself.

        is_closing  the run ends, and nothing is sent again any more
        """
        seen = self._seen_in(sweep)
        news: News = []
        for fill in reversed(sweep.fills):
            order = self._index.named(fill.order_id)
            if order is not None:
                news += self._record.fill(order, fill, now, is_listed=True)
        for order in tuple(self._index.live.values()):
            news += self._record.attributed(order, now)
            if order.is_over:
                continue
            order.is_backfilled = order.venue_id is not None
            shown = None if order.venue_id is None else seen.get(order.venue_id)
            if shown is None:
                news += self._absent(order, sweep, now, is_closing=is_closing)
            else:
                news += self._shown(order, shown, sweep, now)
            self._index.note(order)
        for queued in sweep.queue:
            order = self._index.named(queued.order_id)
            if order is not None:
                order.queue_ahead = queued.ahead
        self._record.unbooked.looked(sweep.as_of, frozenset(sweep.looked_up))
        self._swept_as_of = sweep.as_of
        self._look += 1
        self._looked_at = {
            order_id: look for order_id, look in self._looked_at.items() if self._look - look <= LOOK_UPS_MAX
        } | dict.fromkeys(sweep.looked_up, self._look)
        self._index.forget(now)
        return news

    def _seen_in(self, sweep: Sweep) -> dict[str, VenueOrder]:
        """Everything that was shown of our live orders; a sweep's later reads count more than its earlier ones."""
        seen: dict[str, VenueOrder] = {}
        listed = (order for orders in sweep.listed.values() for order in orders)
        looked_up = (order for order in sweep.looked_up.values() if order is not None)
        for shown in (*sweep.resting, *looked_up, *listed):
            order = self._record.named(shown)
            if order is None:
                continue
            if not order.is_over:
                seen[shown.order_id] = shown
            elif shown.status is VenueOrderStatus.RESTING and is_later(sweep.as_of, order.told_at):
                self._record.strays[shown.order_id] = shown.ticker
        return seen

    def _shown(self, order: LiveOrder, shown: VenueOrder, sweep: Sweep, now: Timestamp) -> News:
        order.heard_filled = shown.filled
        if has_ended(shown):
            return self._record.ended(order, shown, now)
        if shown.status is not VenueOrderStatus.RESTING or order.end_filled is not None or order.is_requested:
            return []
        doubt = order.doubt
        if doubt is None:
            if not order.is_acknowledged:
                return self._record.acknowledge(order, now)
            return self._record.compare(order, shown, now) if is_later(sweep.as_of, order.told_at) else []
        if doubt.kind is not DoubtKind.PLACE and not is_later(sweep.as_of, doubt.since):
            return []  # as it was before the request that is in doubt
        order.doubt, order.is_acknowledged = None, True
        if (shown.price, total(shown)) == (order.price, order.size):
            order.amending = None
            return [acknowledged(order, now)]
        order.is_changed_unasked = True
        return self._record.now_like(order, shown.price, total(shown), now)

    def _absent(self, order: LiveOrder, sweep: Sweep, now: Timestamp, *, is_closing: bool) -> News:
        doubt = order.doubt
        if doubt is None or not order.may_never_have_arrived or order.is_requested:
            return []
        is_new = is_later(sweep.as_of, doubt.since) and sweep.as_of > doubt.as_of
        if not is_new or order.ticker not in sweep.listed:
            return []
        doubt.absences, doubt.as_of = doubt.absences + 1, sweep.as_of
        if doubt.absences < ABSENCES_NEEDED or not _cannot_arrive(order, doubt, sweep.as_of, is_closing=is_closing):
            return []
        self._record.over(order, now)
        # Not a rejection: a cancel of the unknown order may be on its way, and only an end can follow on that.
        reason = "never_arrived" if doubt.refusal is None else doubt.refusal.code
        return [Canceled(**about(order, now), reason=reason)]


def _cannot_arrive(order: LiveOrder, doubt: Doubt, as_of: Timestamp, *, is_closing: bool) -> bool:
    """Whether a request for it that is still on its way would come too late."""
    if order.expires_at is not None and as_of > order.expires_at + EXPIRY_MARGIN:
        return True
    # An exit goes on being sent again, except when the venue does not want it or the run ends.
    is_left_alone = doubt.refusal is not None or (order.expires_at is None and (is_closing or not order.is_exit))
    return is_left_alone and as_of > doubt.since + IN_TRANSIT_MAX


def _seconds_before(at: Timestamp) -> int:
    return max(at - FILLS_OVERLAP, 0) // SECOND
