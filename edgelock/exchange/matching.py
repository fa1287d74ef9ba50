"""Trades: an incoming order meets the book by price, then time, at the price of the resting order."""

from enum import Enum, auto

from edgelock.core.fees import charge
from edgelock.core.units import Money, Size, Timestamp
from edgelock.exchange.account_history import Held
from edgelock.exchange.accounts import Account, outcome_cost
from edgelock.exchange.facts import Filled, PositionChanged, Traded
from edgelock.exchange.group_control import record_match
from edgelock.exchange.market import Market
from edgelock.exchange.orders import Order, OrderStatus, SelfTradePrevention, UpdateReason
from edgelock.exchange.venue import Venue


class Ending(Enum):
    """Why an incoming order stopped trading. Only an order that ran out of counterparties may rest."""

    FILLED = auto()
    NOTHING_CROSSES = auto()
    MET_OWN_ORDER = auto()
    GROUP_TRIPPED = auto()


def match(venue: Venue, market: Market, taker: Order, now: Timestamp) -> Ending:
    """Trade `taker`, which is not in the book, as far as it goes."""
    book = market.book
    while taker.remaining:
        maker = book.first_against(taker.side, taker.price)
        if maker is None:
            return Ending.NOTHING_CROSSES
        if maker.account_id == taker.account_id and not taker.is_house:
            if taker.self_trade_prevention is SelfTradePrevention.TAKER_AT_CROSS:
                return Ending.MET_OWN_ORDER
            venue.cancel(maker, UpdateReason.SELF_TRADE_CANCEL, now)
            continue
        size = min(taker.remaining, maker.remaining)
        _trade(venue, market, maker=maker, taker=taker, size=Size(size), now=now)
        if taker.remaining and taker.group_id is not None and _is_tripped(venue, taker):
            return Ending.GROUP_TRIPPED
    return Ending.FILLED


def _trade(venue: Venue, market: Market, *, maker: Order, taker: Order, size: Size, now: Timestamp) -> None:
    price = maker.price
    market.book.reduce(maker, size)
    venue.level_changed(market, maker, Size(-size), now, is_owners_doing=False)
    taker.remaining = Size(taker.remaining - size)
    trade = Traded(now, venue.new_id(), market.listing.ticker, price, size, taker.side)
    venue.trades.append(trade)
    venue.facts.append(trade)
    market.traded_size = Size(market.traded_size + size)
    market.last_price, market.last_size = price, size
    if maker.remaining == 0:
        maker.status = OrderStatus.EXECUTED
        venue.forget_resting(maker)
    _book_fill(venue, market, maker, trade, now, is_taker=False)
    _book_fill(venue, market, taker, trade, now, is_taker=True)
    market.candles.note_trade(now, price, size, market.open_interest)
    venue.updated(maker, UpdateReason.TRADE, now)
    for order in (maker, taker):
        if order.group_id is not None:
            record_match(venue, venue.account_of(order), order.group_id, size, now)


def _book_fill(venue: Venue, market: Market, order: Order, trade: Traded, now: Timestamp, *, is_taker: bool) -> None:
    """Move the position, the cash and the fee of one side of a trade."""
    account = venue.account_of(order)
    position = account.position(order.ticker)
    long_before = max(position.size, 0)
    revenue = position.apply(order.side, trade.price, trade.size)
    market.open_interest = Size(market.open_interest + max(position.size, 0) - long_before)
    order.filled = Size(order.filled + trade.size)
    if order.is_house:
        account.receive(0, revenue)
        return
    fee = _charge_fee(venue, market, order, trade, revenue, is_taker=is_taker)
    account.receive(venue.purse(order.ticker), Money(revenue - fee))
    position.fees = Money(position.fees + fee)
    position.updated_at = now
    fill = Filled(
        at=now,
        trade_id=trade.trade_id,
        account_id=account.account_id,
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        ticker=order.ticker,
        side=order.side,
        price=trade.price,
        size=trade.size,
        is_taker=is_taker,
        fee=fee,
        position_after=position.size,
    )
    account.fills.append(fill)
    venue.note(account, fill, now)
    venue.note(account, Held.now(order.ticker, position), now)
    venue.facts.append(fill)
    venue.facts.append(position_fact(account, order.ticker, now))


def _charge_fee(venue: Venue, market: Market, order: Order, trade: Traded, revenue: Money, *, is_taker: bool) -> Money:
    rate = market.fees.rate(is_taker=is_taker)
    charged = charge(rate, trade.price, trade.size, revenue=revenue, gathered_rounding=order.gathered_rounding)
    order.gathered_rounding = charged.gathered_rounding
    venue.fees_collected = Money(venue.fees_collected + charged.net)
    fill_cost = outcome_cost(order.side, trade.price, trade.size)
    if is_taker:
        order.taker_cost = Money(order.taker_cost + fill_cost)
        order.taker_fees = Money(order.taker_fees + charged.net)
    else:
        order.maker_cost = Money(order.maker_cost + fill_cost)
        order.maker_fees = Money(order.maker_fees + charged.net)
    return charged.net


def position_fact(account: Account, ticker: str, now: Timestamp) -> PositionChanged:
    """The account's position in a market, as a fact."""
    position = account.position(ticker)
    return PositionChanged(
        at=now,
        account_id=account.account_id,
        ticker=ticker,
        size=position.size,
        cost=position.cost,
        realized=position.realized,
        fees=position.fees,
        traded_size=position.traded_size,
    )


def _is_tripped(venue: Venue, order: Order) -> bool:
    group = venue.account_of(order).groups.get(order.group_id or "")
    return group is None or group.is_tripped
