"""Cancel, decrease and amend: what can be done to a resting order.

A rejected amend leaves the order untouched. A smaller size keeps the place in the queue; another price or a larger
size goes to the back (venue reference §6.6).
"""

from heapq import heappush

from edgelock.core.units import Size, Timestamp
from edgelock.exchange.accounts import Account
from edgelock.exchange.exchange_pauses import halt_refusal, trading_refusal
from edgelock.exchange.order_entry import (
    end_unrested,
    expiry_refusal,
    has_ended,
    price_refusal,
    refuses_to_cross,
    status_refusal,
    work,
    would_cross,
)
from edgelock.exchange.orders import AmendTerms, Order, UpdateReason
from edgelock.exchange.refusals import Reason, Refused
from edgelock.exchange.venue import Venue


def cancel_order(venue: Venue, account: Account, order_id: str, now: Timestamp) -> tuple[Order, Size] | Refused:
    """Cancel a resting order; returns it and the size that was still open."""
    order = live_order(venue, account, order_id)
    if isinstance(order, Refused):
        return order
    return order, venue.cancel(order, UpdateReason.NONE, now)


def cancel_all(venue: Venue, account: Account, now: Timestamp) -> int | Refused:
    """Cancel every resting order of a member; returns how many."""
    refused = halt_refusal(venue)
    if refused is not None:
        return refused
    account.canceled_all_at = now
    orders = [
        order
        for ticker, resting in account.resting.items()
        if not has_ended(venue.markets[ticker])
        for order in resting.values()
    ]
    for order in sorted(orders, key=lambda order: order.number):
        venue.cancel(order, UpdateReason.NONE, now)
    return len(orders)


def decrease_order(
    venue: Venue,
    account: Account,
    order_id: str,
    now: Timestamp,
    *,
    reduce_by: Size | None = None,
    reduce_to: Size | None = None,
) -> Order | Refused:
    """Make a resting order smaller where it stands; at nothing left it is canceled. Give exactly one amount."""
    order = live_order(venue, account, order_id)
    if isinstance(order, Refused):
        return order
    if (reduce_by is None) == (reduce_to is None):
        return Refused(Reason.INVALID_PARAMETERS, "exactly one of reduce_by and reduce_to is required")
    target = reduce_to if reduce_to is not None else Size(order.remaining - (reduce_by or 0))
    is_growth = target > order.remaining or (reduce_by is not None and reduce_by <= 0)
    if is_growth or (reduce_to is not None and reduce_to < 0):
        return Refused(Reason.INVALID_SIZE)
    if target <= 0:
        venue.cancel(order, UpdateReason.DECREASE, now)
    else:
        order.total = Size(order.filled + target)
        shrink(venue, order, Size(order.remaining - target), now)
        venue.updated(order, UpdateReason.DECREASE, now)
    return order


def amend_order(venue: Venue, account: Account, order_id: str, terms: AmendTerms, now: Timestamp) -> Order | Refused:
    """Give a resting order another price, total size, expiry or client id; it may trade at once."""
    order = live_order(venue, account, order_id)
    if isinstance(order, Refused):
        return order
    refused = _amend_refusal(venue, account, order, terms, now)
    if refused is not None:
        return refused
    if terms.updated_client_order_id:
        order.client_order_id = terms.updated_client_order_id
        account.client_order_ids.add(terms.updated_client_order_id)
    if terms.changes_expiry:
        order.expires_at = terms.expires_at
    _reshape(venue, order, terms, now)
    return order


def live_order(venue: Venue, account: Account, order_id: str) -> Order | Refused:
    """A member's resting order. Unknown, finished and filled orders all get the same answer, as on the venue."""
    halted = halt_refusal(venue)
    if halted is not None:
        return halted
    order = account.orders.get(order_id)
    if order is None:
        return Refused(Reason.NOT_FOUND)
    if has_ended(venue.markets[order.ticker]):
        return Refused(Reason.MARKET_INACTIVE)
    return order if order.is_live else Refused(Reason.NOT_FOUND)


def _amend_refusal(venue: Venue, account: Account, order: Order, terms: AmendTerms, now: Timestamp) -> Refused | None:
    market = venue.markets[order.ticker]
    if terms.ticker != order.ticker:
        return Refused(Reason.TICKER_MISMATCH)
    if terms.side is not order.side:
        return Refused(Reason.SIDE_MISMATCH)
    if terms.client_order_id is not None and terms.client_order_id != order.client_order_id:
        return Refused(Reason.CLIENT_ORDER_ID_MISMATCH)
    if terms.updated_client_order_id and terms.updated_client_order_id in account.client_order_ids:
        return Refused(Reason.DUPLICATE_CLIENT_ORDER_ID)
    if terms.total < order.filled or terms.total <= 0:
        return Refused(Reason.INVALID_SIZE)
    refused = (
        expiry_refusal(terms.expires_at, now)
        or status_refusal(market)
        or trading_refusal(venue)
        or price_refusal(market, terms.price)
    )
    if refused is not None:
        return refused
    if refuses_to_cross(venue, order.is_post_only, market, terms.side, terms.price):
        return Refused(Reason.INVALID_ORDER, "post only cross")
    remaining = Size(terms.total - order.filled)
    needed = venue.reserve_with(account, order.ticker, added=(order.side, terms.price, remaining), without=order)
    return None if venue.can_afford(account, order.ticker, needed) else Refused(Reason.INSUFFICIENT_BALANCE)


def _reshape(venue: Venue, order: Order, terms: AmendTerms, now: Timestamp) -> None:
    remaining = Size(terms.total - order.filled)
    if remaining == 0:
        venue.cancel(order, UpdateReason.AMEND, now)
        return
    order.total = terms.total
    if terms.price == order.price and remaining <= order.remaining:
        if remaining < order.remaining:
            shrink(venue, order, Size(order.remaining - remaining), now)
        if order.expires_at is not None and terms.changes_expiry:
            heappush(venue.expiries, (order.expires_at, order.number, order.order_id))
        venue.updated(order, UpdateReason.AMEND, now)
        return
    venue.unrest(order, now)
    order.price = terms.price
    order.remaining = remaining
    if order.is_post_only and would_cross(venue.markets[order.ticker], order.side, order.price):
        end_unrested(venue, order, UpdateReason.POST_ONLY_CROSS_CANCEL, now)
        return
    work(venue, venue.markets[order.ticker], order, now, UpdateReason.AMEND)


def shrink(venue: Venue, order: Order, size: Size, now: Timestamp) -> None:
    """Take `size` off a resting order where it stands; at 0 it leaves the book."""
    market = venue.markets[order.ticker]
    market.book.reduce(order, size)
    venue.level_changed(market, order, Size(-size), now)
