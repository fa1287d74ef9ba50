"""The state of the exchange: markets, accounts, live orders, and the facts not yet collected.

The operations on it live beside it, one concept a file: `matching` (trades), `order_entry` (placing), `order_changes`
(cancel, decrease, amend), `group_control` (order groups) and `market_life` (listing to settlement). `engine.py` is the
front door to all of them.
"""

from collections.abc import Callable
from heapq import heappush

from edgelock.core.units import MONEY_PER_DOLLAR, Money, Price, Size, Timestamp
from edgelock.exchange.account_history import AccountHistory, Change
from edgelock.exchange.accounts import Account, reserve_needed
from edgelock.exchange.facts import Fact, FeesOverridden, LevelChanged, OrderUpdated, Traded
from edgelock.exchange.flow import BookSide, Trading
from edgelock.exchange.habits import Habits
from edgelock.exchange.market import Market
from edgelock.exchange.orders import Order, OrderStatus, UpdateReason

HOUSE_MAKERS = "house makers"
HOUSE_TAKERS = "house takers"
"""The two accounts of the flow's traders. Apart, they build up open interest as real traders do."""


class Venue:
    """Everything the engine knows. `new_id` makes the ids of orders, trades and groups."""

    def __init__(self, new_id: Callable[[], str], habits: Habits) -> None:
        self.new_id = new_id
        self.habits = habits
        self.trading = Trading.OPEN
        self.markets: dict[str, Market] = {}
        self.accounts: dict[str, Account] = {}
        self.histories: dict[str, AccountHistory] = {}
        self.house = {
            account_id: Account(account_id=account_id, user_id="", purses={0: Money(0)}, is_house=True)
            for account_id in (HOUSE_MAKERS, HOUSE_TAKERS)
        }
        self.live_orders: dict[str, Order] = {}
        self.trades: list[Traded] = []
        self.fee_overrides: list[FeesOverridden] = []
        self.fees_in_force: dict[str, FeesOverridden] = {}
        self.fees_due: list[tuple[Timestamp, int]] = []
        self.fees_collected = Money(0)
        self.deposited = Money(0)
        self.facts: list[Fact] = []
        self.expiries: list[tuple[Timestamp, int, str]] = []
        self.late_cancels_due: list[tuple[Timestamp, int, str]] = []
        self.closes_due: list[tuple[Timestamp, str]] = []
        self.close_cancels_due: list[tuple[Timestamp, str]] = []
        self.settlements_due: list[tuple[Timestamp, str]] = []
        self.post_only_crosses = 0
        self._last_number = 0

    def next_number(self) -> int:
        """A number above every one given before."""
        self._last_number += 1
        return self._last_number

    def account_of(self, order: Order) -> Account:
        """The owner of an order."""
        accounts = self.house if order.is_house else self.accounts
        return accounts[order.account_id]

    def rest(self, order: Order, now: Timestamp) -> None:
        """Queue a live order in its market's book."""
        market = self.markets[order.ticker]
        market.book.add(order)
        self.level_changed(market, order, order.remaining, now)
        if not order.is_house:
            account = self.accounts[order.account_id]
            account.resting.setdefault(order.ticker, {})[order.number] = order
            self.live_orders[order.order_id] = order
            if order.expires_at is not None:
                heappush(self.expiries, (order.expires_at, order.number, order.order_id))

    def unrest(self, order: Order, now: Timestamp) -> Size:
        """Take a resting order out of the book, its remaining size unchanged; returns that size."""
        market = self.markets[order.ticker]
        market.book.remove(order)
        self.level_changed(market, order, Size(-order.remaining), now)
        self.forget_resting(order)
        return order.remaining

    def forget_resting(self, order: Order) -> None:
        """Drop a member's order from the lists of resting ones, once it is out of the book."""
        if not order.is_house:
            self.accounts[order.account_id].resting[order.ticker].pop(order.number, None)
            self.live_orders.pop(order.order_id, None)

    def cancel(self, order: Order, reason: UpdateReason, now: Timestamp) -> Size:
        """End a resting order; returns the size that was taken off the book."""
        canceled = self.unrest(order, now)
        order.remaining = Size(0)
        order.status = OrderStatus.CANCELED
        self.updated(order, reason, now)
        return canceled

    def purse(self, ticker: str) -> int:
        """The purse that a market's trades are paid from: its shard's, where shards keep cash apart."""
        return self.markets[ticker].listing.exchange_index if self.habits.cash_per_shard else 0

    def available_purses(self, account: Account) -> dict[int, Money]:
        """Cash by purse that resting orders have not reserved."""
        purses = dict(account.purses)
        for ticker, reserved in account.reserved.items():
            purse = self.purse(ticker)
            purses[purse] = Money(purses.get(purse, 0) - reserved)
        return purses

    def can_afford(self, account: Account, ticker: str, needed: Money) -> bool:
        """Whether an account can reserve `needed` in this market instead of what it reserves there now."""
        available = self.available_purses(account).get(self.purse(ticker), 0)
        return account.is_house or needed <= available + account.reserved.get(ticker, 0)

    def updated(self, order: Order, reason: UpdateReason, now: Timestamp) -> None:
        """Note a change of an order; members are told, the house is not."""
        order.reason = reason
        order.updated_at = now
        if not order.is_house:
            account = self.accounts[order.account_id]
            self.refresh_reserve(account, order.ticker)
            view = order.view()
            self.facts.append(OrderUpdated(now, view))
            self.note(account, view, now)

    def note(self, account: Account, change: Change, now: Timestamp) -> None:
        """Write down a change of a member's account, for reads that may see it later."""
        self.histories[account.account_id].note(now, change, self.available_purses(account))

    def level_changed(
        self, market: Market, order: Order, delta: Size, now: Timestamp, *, is_owners_doing: bool = True
    ) -> None:
        """Note a change of the resting size at the order's price."""
        market.change_count += 1
        market.candles.note_touch(now, market.book.best(BookSide.BID), market.book.best(BookSide.ASK))
        account_id, client_order_id = (order.account_id, order.client_order_id) if is_owners_doing else ("", "")
        self.facts.append(
            LevelChanged(
                now,
                order.ticker,
                order.side,
                order.price,
                delta,
                account_id,
                client_order_id,
                market.change_count,
            )
        )

    def refresh_reserve(self, account: Account, ticker: str) -> None:
        """Bring the cash that a member's resting orders reserve in a market up to date."""
        if not account.is_house:
            account.reserved[ticker] = self.reserve_with(account, ticker)

    def reserve_with(
        self,
        account: Account,
        ticker: str,
        *,
        added: tuple[BookSide, Price, Size] | None = None,
        without: Order | None = None,
    ) -> Money:
        """What a member's orders in a market would reserve with one more order, or without one of them."""
        resting = account.resting.get(ticker, {}).values()
        orders = [(order.side, order.price, order.remaining) for order in resting if order is not without]
        if added is not None:
            orders.append(added)
        return reserve_needed(account.held(ticker), orders, self.markets[ticker].fees)

    def collateral(self) -> Money:
        """Money held against open positions: one dollar for each contract of open interest."""
        return Money(sum(market.open_interest for market in self.markets.values()) * MONEY_PER_DOLLAR // 100)
