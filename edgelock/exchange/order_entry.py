"""Placing an order: every check first, then the trades, then the rest into the book."""

from heapq import heappush

from edgelock.core.units import SECOND, Price, Size, Timestamp
from edgelock.exchange.accounts import Account
from edgelock.exchange.exchange_pauses import halt_refusal, trading_refusal
from edgelock.exchange.flow import BookSide
from edgelock.exchange.habits import PostOnlyCross
from edgelock.exchange.market import ENDED, Market, MarketStatus
from edgelock.exchange.matching import Ending, match
from edgelock.exchange.orders import Order, OrderStatus, OrderTerms, SelfTradePrevention, TimeInForce, UpdateReason
from edgelock.exchange.refusals import Reason, Refused
from edgelock.exchange.venue import HOUSE_MAKERS, HOUSE_TAKERS, Venue

_SIZE_MAX = Size(100 * 10_000_000)
_EXPIRY_MAX = Timestamp(250_000_000_000 * SECOND)


def place(venue: Venue, account: Account, terms: OrderTerms, now: Timestamp) -> Order | Refused:
    """Place a member's order; it comes back resting, executed or canceled, with its fills booked.

    A refused order changes nothing, except that a killed fill-or-kill uses up its client order id.
    """
    refused = _refusal(venue, account, terms, now)
    if refused is not None:
        return refused
    market = venue.markets[terms.ticker]
    if terms.client_order_id:
        account.client_order_ids.add(terms.client_order_id)
    if terms.time_in_force is TimeInForce.FILL_OR_KILL and not _can_fill(market, account, terms):
        return Refused(Reason.FILL_OR_KILL)
    order = _new_order(venue, account, terms, now)
    account.orders[order.order_id] = order
    if terms.is_reduce_only and not _cap_to_position(account, order):
        end_unrested(venue, order, UpdateReason.REDUCE_ONLY_CANCEL, now)
        return order
    if order.is_post_only and would_cross(market, order.side, order.price):
        end_unrested(venue, order, UpdateReason.POST_ONLY_CROSS_CANCEL, now)
        return order
    work(venue, market, order, now)
    if order.is_live:
        _catch_up_with_cancel_all(venue, account, order, now)
    return order


def place_house(
    venue: Venue, ticker: str, side: BookSide, price: Price, size: Size, now: Timestamp, *, rests: bool
) -> Order:
    """Place an order of the house, which needs no check. The market is active."""
    order = Order(
        number=venue.next_number(),
        order_id="",
        account_id=HOUSE_MAKERS if rests else HOUSE_TAKERS,
        is_house=True,
        ticker=ticker,
        side=side,
        price=price,
        total=size,
        remaining=size,
        time_in_force=TimeInForce.GOOD_TILL_CANCELED if rests else TimeInForce.IMMEDIATE_OR_CANCEL,
        self_trade_prevention=SelfTradePrevention.MAKER,
        created_at=now,
        updated_at=now,
    )
    work(venue, venue.markets[ticker], order, now)
    return order


def work(venue: Venue, market: Market, order: Order, now: Timestamp, reason: UpdateReason = UpdateReason.NONE) -> None:
    """Match an order that is not in the book, and rest or cancel what is left of it."""
    ending = match(venue, market, order, now)
    if ending is Ending.FILLED:
        order.status = OrderStatus.EXECUTED
        venue.updated(order, UpdateReason.TRADE, now)
    elif ending is Ending.NOTHING_CROSSES and order.time_in_force is TimeInForce.GOOD_TILL_CANCELED:
        venue.rest(order, now)
        venue.updated(order, reason, now)
    elif ending is Ending.MET_OWN_ORDER:
        end_unrested(venue, order, UpdateReason.SELF_TRADE_CANCEL, now)
    else:
        end_unrested(venue, order, UpdateReason.NONE, now)


def _catch_up_with_cancel_all(venue: Venue, account: Account, order: Order, now: Timestamp) -> None:
    """A cancel-all may reach orders placed soon after it: this one goes a second later."""
    since = account.canceled_all_at
    if since is not None and now < since + venue.habits.cancel_all_lasts:
        heappush(venue.late_cancels_due, (Timestamp(now + SECOND), order.number, order.order_id))


def would_cross(market: Market, side: BookSide, price: Price) -> bool:
    """Whether an order at this price would trade at once."""
    return market.book.first_against(side, price) is not None


def refuses_to_cross(venue: Venue, is_post_only: bool, market: Market, side: BookSide, price: Price) -> bool:
    """Whether an order is refused because it would trade although it is post-only; else it is taken and canceled."""
    if not is_post_only or not would_cross(market, side, price):
        return False
    habit = venue.habits.post_only_cross
    if habit is PostOnlyCross.ALTERNATELY:
        venue.post_only_crosses += 1
        return venue.post_only_crosses % 2 == 1
    return habit is PostOnlyCross.REFUSED


def price_refusal(market: Market, price: Price) -> Refused | None:
    """Refuse a price that the market's grid does not have."""
    return None if market.listing.grid.accepts(price) else Refused(Reason.INVALID_PRICE)


def status_refusal(market: Market) -> Refused | None:
    """Refuse to place or amend in a market that is not trading."""
    if market.status is MarketStatus.ACTIVE:
        return None
    if market.status is MarketStatus.INACTIVE:
        return Refused(Reason.TRADING_PAUSED)
    return Refused(Reason.MARKET_INACTIVE)


def expiry_refusal(expires_at: Timestamp | None, now: Timestamp) -> Refused | None:
    """Refuse an expiry that has passed, or that no calendar writes with a four-digit year."""
    if expires_at is None or now < expires_at <= _EXPIRY_MAX:
        return None
    return Refused(Reason.INVALID_PARAMETERS, "Expiration timestamp must be in the future")


def has_ended(market: Market) -> bool:
    """Whether the market is past its close."""
    return market.status in ENDED


def _refusal(venue: Venue, account: Account, terms: OrderTerms, now: Timestamp) -> Refused | None:
    market = venue.markets.get(terms.ticker)
    if market is None:
        return Refused(Reason.MARKET_NOT_FOUND)
    return (
        halt_refusal(venue)
        or status_refusal(market)
        or trading_refusal(venue)
        or _terms_refusal(terms, now)
        or price_refusal(market, terms.price)
        or _group_refusal(market, account, terms)
        or _duplicate_refusal(account, terms)
        or _post_only_refusal(venue, market, terms)
        or _balance_refusal(venue, account, terms)
        or _position_refusal(venue, account, terms)
    )


def _terms_refusal(terms: OrderTerms, now: Timestamp) -> Refused | None:
    rests = terms.time_in_force is TimeInForce.GOOD_TILL_CANCELED
    if not 0 < terms.size <= _SIZE_MAX:
        return Refused(Reason.INVALID_SIZE)
    if terms.is_reduce_only and terms.time_in_force is not TimeInForce.IMMEDIATE_OR_CANCEL:
        return Refused(Reason.INVALID_ORDER, "reduce only orders must be immediate_or_cancel")
    if terms.is_post_only and not rests:
        return Refused(Reason.INVALID_ORDER, "post only orders must be good_till_canceled")
    if terms.expires_at is not None and not rests:
        return Refused(Reason.INVALID_PARAMETERS, f"Cannot specify both {terms.time_in_force.value} and expiration_ts")
    return expiry_refusal(terms.expires_at, now)


def _group_refusal(market: Market, account: Account, terms: OrderTerms) -> Refused | None:
    if terms.group_id is None:
        return None
    group = account.groups.get(terms.group_id)
    if group is None or group.exchange_index != market.listing.exchange_index:
        return Refused(Reason.GROUP_NOT_FOUND)
    return Refused(Reason.GROUP_TRIPPED) if group.is_tripped else None


def _duplicate_refusal(account: Account, terms: OrderTerms) -> Refused | None:
    used = terms.client_order_id and terms.client_order_id in account.client_order_ids
    return Refused(Reason.DUPLICATE_CLIENT_ORDER_ID) if used else None


def _post_only_refusal(venue: Venue, market: Market, terms: OrderTerms) -> Refused | None:
    refuses = refuses_to_cross(venue, terms.is_post_only, market, terms.side, terms.price)
    return Refused(Reason.INVALID_ORDER, "post only cross") if refuses else None


def _balance_refusal(venue: Venue, account: Account, terms: OrderTerms) -> Refused | None:
    if terms.is_reduce_only:
        return None
    needed = venue.reserve_with(account, terms.ticker, added=(terms.side, terms.price, terms.size))
    return None if venue.can_afford(account, terms.ticker, needed) else Refused(Reason.INSUFFICIENT_BALANCE)


def _position_refusal(venue: Venue, account: Account, terms: OrderTerms) -> Refused | None:
    """Refuse what could, with everything resting on its side, take the position over the limit."""
    if venue.habits.position_limit is None or terms.is_reduce_only:
        return None
    resting = account.resting.get(terms.ticker, {}).values()
    same_side = terms.size + sum(order.remaining for order in resting if order.side is terms.side)
    held = account.held(terms.ticker)
    reached = held + same_side if terms.side is BookSide.BID else same_side - held
    return Refused(Reason.RISK_LIMIT) if reached > venue.habits.position_limit else None


def _can_fill(market: Market, account: Account, terms: OrderTerms) -> bool:
    """Whether a fill-or-kill may go on: it can be filled whole, or it meets an own order and becomes an IOC."""
    found = 0
    for order in market.book.orders_against(terms.side, terms.price):
        if order.account_id == account.account_id:
            return True
        found += order.remaining
        if found >= terms.size:
            return True
    return False


def _new_order(venue: Venue, account: Account, terms: OrderTerms, now: Timestamp) -> Order:
    return Order(
        number=venue.next_number(),
        order_id=venue.new_id(),
        account_id=account.account_id,
        is_house=False,
        ticker=terms.ticker,
        side=terms.side,
        price=terms.price,
        total=terms.size,
        remaining=terms.size,
        time_in_force=terms.time_in_force,
        self_trade_prevention=terms.self_trade_prevention,
        created_at=now,
        updated_at=now,
        client_order_id=terms.client_order_id,
        expires_at=terms.expires_at,
        is_post_only=terms.is_post_only,
        cancels_on_pause=terms.cancels_on_pause,
        group_id=terms.group_id,
    )


def _cap_to_position(account: Account, order: Order) -> bool:
    """Cut a reduce-only order down to the position it reduces; False when there is none."""
    held = account.held(order.ticker)
    reducible = max(held if order.side is BookSide.ASK else -held, 0)
    order.total = order.remaining = Size(min(order.remaining, reducible))
    return order.remaining > 0


def end_unrested(venue: Venue, order: Order, reason: UpdateReason, now: Timestamp) -> None:
    """End an order that is not in the book."""
    order.remaining = Size(0)
    order.status = OrderStatus.CANCELED
    venue.updated(order, reason, now)
