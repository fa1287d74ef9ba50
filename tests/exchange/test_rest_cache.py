"""Lists of markets may be old where the exchange has a cache in front of it; events and books never are."""

import asyncio
from collections.abc import Awaitable, Callable

from edgelock.core.units import SECOND, Duration
from edgelock.exchange.flow import MarketPhase
from edgelock.exchange.habits import Habits
from tests.exchange.engine_builders import EVENT, TICKER, FlowScript, at
from tests.exchange.served import Served, serving


def run(scenario: Callable[[Served], Awaitable[None]], habits: Habits) -> None:
    async def served() -> None:
        async with serving(FlowScript().opened_market(TICKER).lasting().flow(), habits=habits) as exchange:
            await scenario(exchange)

    asyncio.run(served())


async def statuses(served: Served) -> list[str]:
    """What three reads say of the market's status; "gone" where it is not listed as open any more."""
    one = (await served.ann.get(f"/markets/{TICKER}"))["market"]
    open_ones = (await served.ann.get("/markets", status="open"))["markets"]
    beside = (await served.ann.get(f"/events/{EVENT}"))["markets"]
    return [one["status"], open_ones[0]["status"] if open_ones else "gone", beside[0]["status"]]


def test_lists_show_the_past_until_their_time_is_up() -> None:
    async def scenario(served: Served) -> None:
        assert await statuses(served) == ["active", "active", "active"]
        served.engine.change_phase(TICKER, MarketPhase.INACTIVE, served.exchange.clock.now())
        assert await statuses(served) == ["active", "active", "inactive"]
        served.engine.advance(at(3600))
        assert await statuses(served) == ["inactive", "gone", "inactive"]

    run(scenario, Habits(caches_lists_for=Duration(3000 * SECOND)))


def test_another_query_is_another_answer_and_books_are_never_kept() -> None:
    async def scenario(served: Served) -> None:
        before = (await served.ann.get(f"/markets/{TICKER}/orderbook"))["orderbook_fp"]["yes_dollars"]
        await served.ann.get("/markets", limit=1)
        served.engine.change_phase(TICKER, MarketPhase.INACTIVE, served.exchange.clock.now())
        assert (await served.ann.get("/markets", limit=2))["markets"][0]["status"] == "inactive"
        await served.ann.place(TICKER, "bid", "0.40", "1")
        served.engine.change_phase(TICKER, MarketPhase.ACTIVE, served.exchange.clock.now())
        after = (await served.ann.get(f"/markets/{TICKER}/orderbook"))["orderbook_fp"]["yes_dollars"]
        assert before != after

    run(scenario, Habits(caches_lists_for=Duration(3000 * SECOND)))


def test_without_a_cache_every_answer_is_new() -> None:
    async def scenario(served: Served) -> None:
        assert await statuses(served) == ["active", "active", "active"]
        served.engine.change_phase(TICKER, MarketPhase.INACTIVE, served.exchange.clock.now())
        assert await statuses(served) == ["inactive", "gone", "inactive"]

    run(scenario, Habits())
