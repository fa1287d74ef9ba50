"""What the private channels prove: fills, and the state of an order when the message was made.

Messages come in any order, late, twice or never. So a fill counts whenever it comes, an end is an end, and a resting
order is taken for what the message shows only where that is newer than what was told last.
"""

from edgelock.actors.live_bounds import is_later
from edgelock.actors.live_news import News
from edgelock.actors.live_order import DoubtKind
from edgelock.actors.live_record import LiveRecord, has_ended
from edgelock.core.units import Timestamp
from edgelock.kalshi.account import VenueOrder, VenueOrderStatus
from edgelock.kalshi.private_events import FillSeen, OrderSeen, PrivateEvent


def heard(record: LiveRecord, event: PrivateEvent, now: Timestamp) -> News:
    """What a private channel said."""
    if isinstance(event, FillSeen):
        return _fill_seen(record, event, now)
    if isinstance(event, OrderSeen):
        return _order_seen(record, event.order, now)
    return []


def _fill_seen(record: LiveRecord, event: FillSeen, now: Timestamp) -> News:
    fill = event.fill
    if record.is_booked(fill.trade_id):
        return []
    order = record.index.named(fill.order_id, event.client_order_id)
    if order is not None and order.venue_id in (None, fill.order_id):
        record.index.bind(order, fill.order_id)
        return record.fill(order, fill, now)
    if order is not None or event.client_order_id is None or record.is_ours(event.client_order_id):
        record.unbooked.keep(fill, now)
    return []


def _order_seen(record: LiveRecord, seen: VenueOrder, now: Timestamp) -> News:
    order = record.named(seen)
    if order is None:
        return []
    news = record.attributed(order, now)
    if order.is_over:
        return news
    if has_ended(seen):
        return [*news, *record.ended(order, seen, now)]
    if seen.status is not VenueOrderStatus.RESTING or order.end_filled is not None:
        return news
    order.heard_filled = max(order.heard_filled, seen.filled)
    if order.doubt is not None and order.doubt.kind is DoubtKind.PLACE:
        order.doubt = None
    if order.doubt is None:
        news += record.acknowledge(order, now)
    is_newer = seen.updated_at is not None and is_later(seen.updated_at, order.told_at)
    if order.doubt is None and not order.is_requested and is_newer:
        news += record.compare(order, seen, now)
    record.index.note(order)
    return news
