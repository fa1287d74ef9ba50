"""The whole engine under a generated game, with members that trade at random."""

import random
from collections import defaultdict
from itertools import count, islice

import pytest

from edgelock.core.units import SECOND, Price, Size, Timestamp
from edgelock.exchange.engine import Engine
from edgelock.exchange.facts import LevelChanged
from edgelock.exchange.flow import BookSide
from edgelock.exchange.house_traders import HouseTraders
from edgelock.exchange.market import MarketStatus
from edgelock.exchange.orders import AmendTerms, Order, OrderTerms, SelfTradePrevention, TimeInForce
from edgelock.exchange.scenarios import scenario_flow
from tests.exchange.engine_builders import NOON, dollars

ACTIONS = 12_000


class RandomMembers:
    """Two members that place, amend and cancel without sense, and fill each other's order groups."""

    def __init__(self, engine: Engine, seed: int) -> None:
        self.engine = engine
        self.random = random.Random(seed)
        self.accounts = [engine.open_account(name, name, dollars(500)) for name in ("ann", "bob")]

    def act(self, now: Timestamp) -> None:
        chance = self.random
        account = chance.choice(self.accounts)
        resting = [order for orders in account.resting.values() for order in orders.values()]
        if resting and chance.random() < 0.5:
            self._change(chance.choice(resting), now)
            return
        ticker = chance.choice(list(self.engine.markets))
        touch = self.engine.markets[ticker].touch
        terms = OrderTerms(
            ticker=ticker,
            side=chance.choice(list(BookSide)),
            price=Price(min(max(chance.choice([touch.bid, touch.ask]) + 100 * chance.randint(-3, 3), 100), 9900)),
            size=Size(chance.randint(1, 20_000)),
            time_in_force=chance.choice(list(TimeInForce)),
            self_trade_prevention=chance.choice(list(SelfTradePrevention)),
        )
        self.engine.place(account, terms, now)

    def _change(self, order: Order, now: Timestamp) -> None:
        chance = self.random
        account = self.engine.venue.accounts[order.account_id]
        if chance.random() < 0.3:
            self.engine.cancel(account, order.order_id, now)
            return
        terms = AmendTerms(
            ticker=order.ticker,
            side=order.side,
            price=Price(order.price + 100 * chance.randint(-2, 2)),
            total=Size(chance.randint(1, 20_000)),
        )
        self.engine.amend(account, order.order_id, terms, now)


@pytest.mark.parametrize("seed", [1, 2])
def test_through_a_game_money_is_conserved_members_stay_solvent_and_deltas_add_up_to_the_book(seed: int) -> None:
    engine = Engine(new_id=map(str, count()).__next__)
    house = HouseTraders(engine)
    members = RandomMembers(engine, seed)
    books: dict[tuple[str, BookSide, Price], int] = defaultdict(int)
    for number, timed in enumerate(islice(scenario_flow("nhl", seed=seed, starts_at=NOON).actions(), ACTIONS)):
        house.apply(timed.action, timed.at)
        if number % 5 == 0 and engine.markets:
            members.act(timed.at)
            assert all(account.available >= 0 for account in members.accounts)
        if number % 1000 == 0:
            assert_money_is_conserved(engine)
        for fact in engine.drain():
            if isinstance(fact, LevelChanged):
                books[fact.ticker, fact.side, fact.price] += fact.delta
    shown = {
        (ticker, side, price): size
        for ticker, market in engine.markets.items()
        for side in BookSide
        for price, size in market.book.levels(side)
    }
    assert {place: size for place, size in books.items() if size} == shown
    assert all(account.fills for account in members.accounts)
    for ticker, market in engine.markets.items():
        assert market.touch.bid < market.touch.ask
        if market.value is None:
            engine.determine(ticker, Price(2_500), engine.now)
    engine.advance(Timestamp(engine.now + 3600 * SECOND))
    assert_money_is_conserved(engine)
    assert {market.status for market in engine.markets.values()} == {MarketStatus.FINALIZED}
    assert engine.venue.collateral() == 0


def assert_money_is_conserved(engine: Engine) -> None:
    venue = engine.venue
    cash = sum(account.cash for account in (*venue.accounts.values(), *venue.house.values()))
    assert cash + venue.collateral() + venue.fees_collected == venue.deposited
    for ticker in engine.markets:
        assert sum(account.held(ticker) for account in (*venue.accounts.values(), *venue.house.values())) == 0
