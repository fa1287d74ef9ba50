"""Accounts and positions: who holds what, and what it has cost.

A position is one signed size per market: above 0 YES, below 0 NO. Everything is fully collateralised: opening YES
costs price × size, opening NO (1 − price) × size, and closing pays the same at the price of the closing trade.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from edgelock.core.fees import BALANCE_PRECISION, FeeSchedule, model_fee
from edgelock.core.units import ONE_DOLLAR, Money, Price, Size, Timestamp
from edgelock.exchange.facts import Filled
from edgelock.exchange.flow import BookSide
from edgelock.exchange.order_groups import OrderGroup
from edgelock.exchange.orders import Order


@dataclass(slots=True)
class Position:
    """What an account holds in one market.

    cost         what the open part cost, without fees
    realized     proceeds of the closed parts less their cost, without fees
    traded_cost  sum of size × price of the outcome acquired, over all fills
    """

    size: Size = Size(0)
    cost: Money = Money(0)
    realized: Money = Money(0)
    fees: Money = Money(0)
    traded_cost: Money = Money(0)
    traded_size: Size = Size(0)
    updated_at: Timestamp = Timestamp(0)

    def apply(self, side: BookSide, price: Price, size: Size) -> Money:
        """Book a fill; returns its cash effect before fees (negative when it pays)."""
        held = self.size if side is BookSide.ASK else -self.size
        outcome_price = outcome_cost(side, price, Size(1))
        closing = min(size, max(held, 0))
        opening = size - closing
        proceeds = closing * (ONE_DOLLAR - outcome_price)
        released = self.cost * closing // held if closing else 0
        self.cost = Money(self.cost - released + opening * outcome_price)
        self.realized = Money(self.realized + proceeds - released)
        self.traded_cost = Money(self.traded_cost + size * outcome_price)
        self.traded_size = Size(self.traded_size + size)
        self.size = Size(self.size + size if side is BookSide.BID else self.size - size)
        return Money(proceeds - opening * outcome_price)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A position that was paid out. `revenue` is what it was paid, `fee` the part below the balance precision."""

    ticker: str
    event_ticker: str
    exchange_index: int
    value: Price
    size: Size
    cost: Money
    revenue: Money
    fee: Money
    settled_at: Timestamp


@dataclass(slots=True, eq=False)
class Account:
    """A member, or the house. The house has no cash limit, pays no fees and keeps no history.

    purses    cash by shard; where shards do not keep cash apart, all of it is in purse 0
    reserved  what resting orders may still cost, by market
    """

    account_id: str
    user_id: str
    purses: dict[int, Money]
    is_house: bool = False
    positions: dict[str, Position] = field(default_factory=dict)
    resting: dict[str, dict[int, Order]] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    fills: list[Filled] = field(default_factory=list)
    settlements: list[Settlement] = field(default_factory=list)
    client_order_ids: set[str] = field(default_factory=set)
    groups: dict[str, OrderGroup] = field(default_factory=dict)
    reserved: dict[str, Money] = field(default_factory=dict)
    canceled_all_at: Timestamp | None = None

    def position(self, ticker: str) -> Position:
        """The position in a market, made at its first use."""
        found = self.positions.get(ticker)
        if found is None:
            found = self.positions[ticker] = Position()
        return found

    def held(self, ticker: str) -> Size:
        """The signed size held; 0 where nothing was ever traded."""
        found = self.positions.get(ticker)
        return found.size if found is not None else Size(0)

    @property
    def cash(self) -> Money:
        """All cash."""
        return Money(sum(self.purses.values()))

    @property
    def available(self) -> Money:
        """Cash that resting orders have not reserved."""
        return Money(self.cash - sum(self.reserved.values()))

    def receive(self, purse: int, amount: Money) -> None:
        """Put cash into a purse, or take it out when `amount` is below 0."""
        self.purses[purse] = Money(self.purses.get(purse, 0) + amount)


def outcome_cost(side: BookSide, price: Price, size: Size) -> Money:
    """What `size` of the outcome that this side acquires costs: a bid buys YES, an ask buys NO."""
    return Money(size * (price if side is BookSide.BID else ONE_DOLLAR - price))


def reserve_needed(held: Size, orders: Iterable[tuple[BookSide, Price, Size]], fees: FeeSchedule) -> Money:
    """The most that these orders can cost, fees included, when the position is `held`.

    The part of a side that only closes the position needs nothing; price priority means that its best-priced orders
    do the closing. Both sides count in full: no offset between a bid and an ask is assumed.
    """
    bids: list[tuple[Price, Size]] = []
    asks: list[tuple[Price, Size]] = []
    for side, price, size in orders:
        (bids if side is BookSide.BID else asks).append((price, size))
    bids.sort(reverse=True)
    asks.sort()
    rate = max(fees.taker_rate, fees.maker_rate)
    needed = 0
    for side, sorted_orders, closing in ((BookSide.BID, bids, max(-held, 0)), (BookSide.ASK, asks, max(held, 0))):
        for price, size in sorted_orders:
            opening = Size(max(size - closing, 0))
            closing = max(closing - size, 0)
            if opening:
                needed += outcome_cost(side, price, opening) + model_fee(rate, price, opening) + BALANCE_PRECISION
    return Money(needed)
