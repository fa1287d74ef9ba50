"""Markets on several shards: where they are, and whose cash pays for them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from edgelock.exchange.accounts import Account
from edgelock.exchange.flow import List, MarketPhase
from edgelock.exchange.habits import Habits
from edgelock.exchange.orders import Order, OrderTerms
from edgelock.exchange.refusals import Reason, Refused
from edgelock.exchange.shards import Sharded
from tests.exchange.engine_builders import (
    ASK,
    BID,
    NOON,
    TICKER,
    Desk,
    FlowScript,
    a_listing,
    at,
    cents,
    contracts,
    dollars,
)
from tests.exchange.served import Served, serving

ELSEWHERE = "KXNFLGAME-26NOV22CARCLE-CAR"


class TwoShards(Desk):
    """TICKER on shard 0, ELSEWHERE on shard 3; ann has 100 dollars there and 50 here."""

    def __init__(self) -> None:
        super().__init__()
        self.engine.venue.habits = Habits(cash_per_shard=True)
        self.engine.list_market(a_listing(ELSEWHERE, event_ticker="E", exchange_index=3), NOON)
        self.engine.change_phase(ELSEWHERE, MarketPhase.ACTIVE, NOON)
        self.ann = self.engine.open_account("ann", "ann", dollars(50), shard_cash={3: dollars(100)})

    def bid(self, ticker: str, size: int) -> Order | Refused:
        terms = OrderTerms(ticker=ticker, side=BID, price=cents(50), size=contracts(size))
        return self.engine.place(self.ann, terms, NOON)


def available(desk: TwoShards, account: Account) -> dict[int, int]:
    return dict(desk.engine.venue.available_purses(account))


def test_an_order_is_paid_from_its_own_shard_only() -> None:
    desk = TwoShards()
    assert desk.bid(TICKER, 150) == Refused(Reason.INSUFFICIENT_BALANCE)
    assert isinstance(desk.bid(ELSEWHERE, 150), Order)
    assert desk.bid(ELSEWHERE, 100) == Refused(Reason.INSUFFICIENT_BALANCE)
    assert isinstance(desk.bid(TICKER, 90), Order)
    assert available(desk, desk.ann)[0] < dollars(5) + 10
    assert 0 < available(desk, desk.ann)[3] < dollars(25)


def test_fills_and_payouts_move_the_cash_of_the_markets_shard() -> None:
    desk = TwoShards()
    desk.engine.place_house(ELSEWHERE, ASK, cents(50), contracts(100), NOON, rests=True)
    desk.bid(ELSEWHERE, 100)
    assert desk.ann.purses[0] == dollars(50)
    assert dollars(48) < desk.ann.purses[3] < dollars(50)
    desk.engine.determine(ELSEWHERE, cents(100), at(1))
    desk.engine.advance(at(120))
    assert dollars(148) < desk.ann.purses[3] < dollars(150)
    assert desk.money_in_the_system() == desk.engine.venue.deposited


def test_where_cash_is_not_kept_apart_every_shard_pays_from_all_of_it() -> None:
    desk = TwoShards()
    desk.engine.venue.habits = replace(desk.engine.venue.habits, cash_per_shard=False)
    other = desk.engine.open_account("other", "other", dollars(150))
    terms = OrderTerms(ticker=ELSEWHERE, side=BID, price=cents(50), size=contracts(250))
    assert isinstance(desk.engine.place(other, terms, NOON), Order)


def test_a_sharded_flow_lists_the_named_series_elsewhere() -> None:
    flow = FlowScript().opened_market(TICKER).opened_market(ELSEWHERE, series_ticker="KXNFLGAME").flow()
    listed = {
        timed.action.listing.ticker: timed.action.listing.exchange_index
        for timed in Sharded(flow, {"KXNFLGAME": 3}).actions()
        if isinstance(timed.action, List)
    }
    assert listed == {TICKER: 0, ELSEWHERE: 3}


def test_balance_and_lists_can_be_asked_for_one_shard() -> None:
    def run(scenario: Callable[[Served], Awaitable[None]]) -> None:
        async def served() -> None:
            flow = FlowScript().opened_market(TICKER).opened_market(ELSEWHERE, exchange_index=3).lasting().flow()
            async with serving(flow) as exchange:
                await scenario(exchange)

        asyncio.run(served())

    async def scenario(served: Served) -> None:
        await served.ann.place(ELSEWHERE, "bid", "0.40", "1")
        await served.ann.place(TICKER, "bid", "0.40", "1")
        served.engine.venue.accounts["ann"].receive(3, dollars(7))
        served.engine.venue.habits = Habits(cash_per_shard=True)
        await served.ann.place(ELSEWHERE, "bid", "0.40", "1")
        balance = await served.ann.get("/portfolio/balance")
        assert [row["exchange_index"] for row in balance["balance_breakdown"]] == [0, 3]
        orders = (await served.ann.get("/portfolio/orders", exchange_index=3))["orders"]
        assert [order["ticker"] for order in orders] == [ELSEWHERE, ELSEWHERE]
        served.engine.advance(at(60))
        alone = await served.ann.get("/portfolio/balance", exchange_index=3)
        assert [row["exchange_index"] for row in alone["balance_breakdown"]] == [3]
        assert alone["balance"] < 700 < balance["balance"]

    run(scenario)
