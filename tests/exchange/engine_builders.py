"""An engine with one open market and funded members: what most engine tests start from."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import count

from edgelock.core.units import MONEY_PER_DOLLAR, SECOND, Money, Price, Size, Timestamp
from edgelock.exchange.accounts import Account
from edgelock.exchange.engine import Engine
from edgelock.exchange.facts import Fact
from edgelock.exchange.flow import (
    Action,
    BookSide,
    ChangePhase,
    List,
    MarketListing,
    MarketPhase,
    SetLevel,
    TimedAction,
)
from edgelock.exchange.orders import Order, OrderTerms
from edgelock.exchange.refusals import Refused

TICKER = "KXNHLGAME-26NOV22VGKMIN-VGK"
EVENT = "KXNHLGAME-26NOV22VGKMIN"
NOON = Timestamp(1_795_348_800 * SECOND)
BID, ASK = BookSide.BID, BookSide.ASK


def a_listing(ticker: str = TICKER, **changes: object) -> MarketListing:
    listing = MarketListing(
        ticker=ticker,
        event_ticker=EVENT,
        series_ticker="KXNHLGAME",
        title="Vegas wins",
        yes_sub_title="Vegas",
        open_time=Timestamp(NOON - 3600 * SECOND),
        close_time=Timestamp(NOON + 86_400 * SECOND),
        expected_expiration_time=Timestamp(NOON + 3 * 3600 * SECOND),
    )
    return replace(listing, **changes)  # type: ignore[arg-type]


def at(seconds: float) -> Timestamp:
    return Timestamp(NOON + int(seconds * SECOND))


def cents(value: int) -> Price:
    return Price(value * 100)


def contracts(value: int) -> Size:
    return Size(value * 100)


def dollars(value: int) -> Money:
    return Money(value * MONEY_PER_DOLLAR)


class Desk:
    """An engine whose market is trading, and members by name."""

    def __init__(self, listing: MarketListing | None = None, *, opened: bool = True) -> None:
        numbers = count(1)
        self.engine = Engine(new_id=lambda: f"id-{next(numbers)}")
        self.listing = listing if listing is not None else a_listing()
        self.ticker = self.listing.ticker
        self.market = self.engine.list_market(self.listing, NOON)
        if opened:
            self.engine.change_phase(self.ticker, MarketPhase.ACTIVE, NOON)
        self.facts: list[Fact] = []

    def member(self, name: str = "ann", cash: Money = dollars(1000)) -> Account:
        found = self.engine.venue.accounts.get(name)
        return found if found is not None else self.engine.open_account(name, f"user-{name}", cash)

    def place(
        self, side: BookSide, price: int, size: int, *, who: str = "ann", now: Timestamp = NOON, **terms: object
    ) -> Order | Refused:
        """Place `size` whole contracts at `price` cents."""
        asked = OrderTerms(ticker=self.ticker, side=side, price=cents(price), size=contracts(size))
        return self.engine.place(self.member(who), replace(asked, **terms), now)  # type: ignore[arg-type]

    def placed(self, side: BookSide, price: int, size: int, **more: object) -> Order:
        order = self.place(side, price, size, **more)  # type: ignore[arg-type]
        assert isinstance(order, Order), order
        return order

    def house(self, side: BookSide, price: int, size: int, *, now: Timestamp = NOON) -> Order:
        return self.engine.place_house(self.ticker, side, cents(price), contracts(size), now, rests=True)

    def drain(self) -> list[Fact]:
        return self.engine.drain()

    def money_in_the_system(self) -> int:
        """Cash of everyone, collateral and fees; it must equal the deposits at all times."""
        venue = self.engine.venue
        cash = sum(account.cash for account in (*venue.accounts.values(), *venue.house.values()))
        return cash + venue.collateral() + venue.fees_collected


@dataclass(frozen=True)
class ListedFlow:
    """A flow of given actions."""

    timed: tuple[TimedAction, ...]
    starts_at: Timestamp = NOON

    def actions(self) -> Iterator[TimedAction]:
        return iter(self.timed)


@dataclass
class FlowScript:
    """Builds a ListedFlow action by action; times in seconds after its start."""

    starts_at: Timestamp = NOON
    timed: list[TimedAction] = field(default_factory=list)

    def then(self, seconds: float, action: Action) -> "FlowScript":
        self.timed.append(TimedAction(Timestamp(self.starts_at + int(seconds * SECOND)), action))
        return self

    def opened_market(self, ticker: str = TICKER, **changes: object) -> "FlowScript":
        """A market that trades from the start, 45 bid for 100 and 47 asked for 100."""
        self.then(0, List(a_listing(ticker, **changes))).then(0, ChangePhase(ticker, MarketPhase.ACTIVE))
        self.then(0, SetLevel(ticker, BID, cents(45), contracts(100)))
        return self.then(0, SetLevel(ticker, ASK, cents(47), contracts(100)))

    def lasting(self, ticker: str = TICKER) -> "FlowScript":
        """A last action a long time off, so that the flow does not end while a test runs."""
        return self.then(10_000_000, SetLevel(ticker, BID, cents(1), contracts(0)))

    def flow(self) -> ListedFlow:
        return ListedFlow(tuple(self.timed), self.starts_at)


FREE_OF_FEES = {"fee_type": "quadratic", "fee_multiplier": Fraction(0)}
