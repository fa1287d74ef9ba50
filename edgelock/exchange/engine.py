"""The matching engine: the front door to the exchange's rules. No input, no output, no clock.

Every operation takes `now` and leaves facts behind, which `drain` hands out in order. `now` must not go back: the
engine holds on to the latest instant it was given.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from heapq import heappop
from types import MappingProxyType

from edgelock.core.price_grid import PriceGrid
from edgelock.core.units import Duration, Money, Price, Size, Timestamp
from edgelock.exchange import exchange_pauses, fee_changes, group_control, market_life, order_changes, order_entry
from edgelock.exchange.account_history import AccountHistory
from edgelock.exchange.accounts import Account
from edgelock.exchange.facts import Fact
from edgelock.exchange.flow import BookSide, MarketListing, MarketPhase, Trading
from edgelock.exchange.habits import Habits
from edgelock.exchange.market import Market
from edgelock.exchange.order_groups import OrderGroup
from edgelock.exchange.orders import AmendTerms, Order, OrderTerms, UpdateReason
from edgelock.exchange.refusals import Refused
from edgelock.exchange.venue import Venue

_NO_HABITS = Habits()


class Engine:
    """One exchange. `new_id` makes unique ids for orders, trades and groups.

    read_lag  how far private reads are behind; it may change at any time, and what was seen once stays seen
    """

    def __init__(
        self, new_id: Callable[[], str], *, read_lag: Duration = Duration(0), habits: Habits = _NO_HABITS
    ) -> None:
        self.venue = Venue(new_id, habits)
        self.now = Timestamp(0)
        self.read_lag = read_lag
        self._reads_at = Timestamp(0)

    def reads_at(self) -> Timestamp:
        """The instant that private reads show now: `read_lag` ago, and never before what one has shown."""
        self._reads_at = max(self._reads_at, Timestamp(self.now - self.read_lag))
        return self._reads_at

    def seen(self, account: Account) -> AccountHistory:
        """A member's account as private reads show it now."""
        return self.venue.histories[account.account_id].as_of(self.reads_at())

    @property
    def markets(self) -> dict[str, Market]:
        """All markets ever listed, by ticker, in the order of their listing."""
        return self.venue.markets

    def drain(self) -> list[Fact]:
        """Everything that happened since the last call, in order."""
        facts, self.venue.facts = self.venue.facts, []
        return facts

    def advance(self, now: Timestamp) -> Timestamp:
        """Do what is due by `now`: expire orders, close and pay out markets. Returns the engine's time."""
        self.now = max(self.now, now)
        venue = self.venue
        while venue.expiries and venue.expiries[0][0] <= self.now:
            expires_at, _, order_id = heappop(venue.expiries)
            order = venue.live_orders.get(order_id)
            # An amend may have moved the expiry; only the entry that still holds counts.
            if order is not None and order.expires_at == expires_at:
                venue.cancel(order, UpdateReason.EXPIRY_CANCEL, self.now)
        while venue.late_cancels_due and venue.late_cancels_due[0][0] <= self.now:
            late = venue.live_orders.get(heappop(venue.late_cancels_due)[2])
            if late is not None:
                venue.cancel(late, UpdateReason.NONE, self.now)
        while venue.fees_due and venue.fees_due[0][0] <= self.now:
            fee_changes.start_override(venue, venue.fee_overrides[heappop(venue.fees_due)[1]], self.now)
        while venue.closes_due and venue.closes_due[0][0] <= self.now:
            close_time, ticker = heappop(venue.closes_due)
            # The close may have been moved; only the entry that still holds counts.
            if venue.markets[ticker].close_time == close_time:
                market_life.change_phase(venue, venue.markets[ticker], MarketPhase.CLOSED, self.now)
        while venue.close_cancels_due and venue.close_cancels_due[0][0] <= self.now:
            market_life.clear_book(venue, venue.markets[heappop(venue.close_cancels_due)[1]], self.now)
        while venue.settlements_due and venue.settlements_due[0][0] <= self.now:
            settles_at, ticker = heappop(venue.settlements_due)
            # A dispute stops the timer; only the entry that still holds counts.
            if venue.markets[ticker].settles_at == settles_at:
                market_life.finalize(venue, venue.markets[ticker], self.now)
        return self.now

    def next_due(self) -> Timestamp | None:
        """When `advance` has something to do next, or None."""
        venue = self.venue
        queues = (
            venue.expiries,
            venue.late_cancels_due,
            venue.fees_due,
            venue.closes_due,
            venue.close_cancels_due,
            venue.settlements_due,
        )
        due = [queue[0][0] for queue in queues if queue]
        return min(due) if due else None

    def open_account(
        self, account_id: str, user_id: str, cash: Money, *, shard_cash: Mapping[int, Money] = MappingProxyType({})
    ) -> Account:
        """Let a member in with this much cash on shard 0, and more on others.

        Raises ValueError when the id is taken or empty.
        """
        if not account_id or account_id in (*self.venue.accounts, *self.venue.house):
            raise ValueError(f"account id {account_id!r} is empty or taken")
        account = Account(account_id=account_id, user_id=user_id, purses={0: cash, **shard_cash})
        self.venue.accounts[account_id] = account
        self.venue.histories[account_id] = AccountHistory(purses=dict(account.purses))
        self.venue.deposited = Money(self.venue.deposited + account.cash)
        return account

    def list_market(self, listing: MarketListing, now: Timestamp) -> Market:
        """Make a market visible. Raises IllegalMarketChange when it is listed already."""
        return market_life.list_market(self.venue, listing, self.advance(now))

    def change_phase(self, ticker: str, phase: MarketPhase, now: Timestamp) -> None:
        """Open, pause, resume or close a market. Raises IllegalMarketChange for an impossible step."""
        market_life.change_phase(self.venue, self.venue.markets[ticker], phase, self.advance(now))

    def determine(self, ticker: str, value: Price, now: Timestamp) -> None:
        """Fix the outcome, closing the market if it is not. Raises IllegalMarketChange when it is fixed already."""
        market_life.determine(self.venue, self.venue.markets[ticker], value, self.advance(now))

    def dispute(self, ticker: str, now: Timestamp) -> None:
        """Doubt a market's result before it is paid. Raises IllegalMarketChange when there is none."""
        market_life.dispute(self.venue.markets[ticker], self.advance(now))

    def amend_result(self, ticker: str, value: Price, now: Timestamp) -> None:
        """Decide a dispute. Raises IllegalMarketChange when there is none."""
        market_life.amend_result(self.venue, self.venue.markets[ticker], value, self.advance(now))

    def move_close(self, ticker: str, close_time: Timestamp, now: Timestamp) -> None:
        """Announce another close of a market. Raises IllegalMarketChange when that cannot be."""
        market_life.move_close(self.venue, self.venue.markets[ticker], close_time, self.advance(now))

    def change_grid(self, ticker: str, label: str, grid: PriceGrid, now: Timestamp) -> None:
        """Give a market's prices other steps."""
        market_life.change_grid(self.venue, self.venue.markets[ticker], label, grid, self.advance(now))

    def override_fees(
        self,
        event_ticker: str,
        fee_type: str | None,
        multiplier: Fraction | None,
        now: Timestamp,
        *,
        starts_at: Timestamp | None = None,
    ) -> None:
        """Give an event fees of its own, now or later; None leaves its series'. Raises KeyError for no such event."""
        fee_changes.override_fees(
            self.venue, event_ticker, fee_type, multiplier, self.advance(now), starts_at=starts_at
        )

    def change_trading(self, trading: Trading, now: Timestamp) -> None:
        """Pause, halt or resume the whole exchange."""
        exchange_pauses.change_trading(self.venue, trading, self.advance(now))

    def place(self, account: Account, terms: OrderTerms, now: Timestamp) -> Order | Refused:
        """Place a member's order."""
        return order_entry.place(self.venue, account, terms, self.advance(now))

    def place_house(
        self, ticker: str, side: BookSide, price: Price, size: Size, now: Timestamp, *, rests: bool
    ) -> Order:
        """Place an order of the house in an active market; one that does not rest is dropped after matching."""
        return order_entry.place_house(self.venue, ticker, side, price, size, self.advance(now), rests=rests)

    def shrink_house(self, order: Order, size: Size, now: Timestamp) -> None:
        """Take `size` off a resting house order, all of it at most."""
        order_changes.shrink(self.venue, order, size, self.advance(now))

    def cancel(self, account: Account, order_id: str, now: Timestamp) -> tuple[Order, Size] | Refused:
        """Cancel a resting order; returns it and the size that was still open."""
        return order_changes.cancel_order(self.venue, account, order_id, self.advance(now))

    def cancel_all(self, account: Account, now: Timestamp) -> int | Refused:
        """Cancel every resting order of a member; returns how many."""
        return order_changes.cancel_all(self.venue, account, self.advance(now))

    def decrease(
        self,
        account: Account,
        order_id: str,
        now: Timestamp,
        *,
        reduce_by: Size | None = None,
        reduce_to: Size | None = None,
    ) -> Order | Refused:
        """Make a resting order smaller in its place. Give exactly one amount."""
        return order_changes.decrease_order(
            self.venue, account, order_id, self.advance(now), reduce_by=reduce_by, reduce_to=reduce_to
        )

    def amend(self, account: Account, order_id: str, terms: AmendTerms, now: Timestamp) -> Order | Refused:
        """Reshape a resting order."""
        return order_changes.amend_order(self.venue, account, order_id, terms, self.advance(now))

    def create_group(
        self, account: Account, contracts_limit: Size, now: Timestamp, *, exchange_index: int = 0
    ) -> OrderGroup | Refused:
        """Open an order group for orders of one shard."""
        return group_control.create_group(
            self.venue, account, contracts_limit, self.advance(now), exchange_index=exchange_index
        )

    def delete_group(self, account: Account, group_id: str, now: Timestamp) -> Refused | None:
        """Cancel a group's orders and forget the group."""
        return group_control.delete_group(self.venue, account, group_id, self.advance(now))

    def reset_group(self, account: Account, group_id: str, now: Timestamp) -> Refused | None:
        """Let a group accept orders again."""
        return group_control.reset_group(self.venue, account, group_id, self.advance(now))

    def trigger_group(self, account: Account, group_id: str, now: Timestamp) -> Refused | None:
        """Trip a group by hand."""
        return group_control.trigger_group(self.venue, account, group_id, self.advance(now))

    def limit_group(self, account: Account, group_id: str, contracts_limit: Size, now: Timestamp) -> Refused | None:
        """Give a group another limit."""
        return group_control.limit_group(self.venue, account, group_id, contracts_limit, self.advance(now))
