"""The driver: everything due, nothing early, the end told."""

import asyncio
from typing import cast

from edgelock.core.units import SECOND, Timestamp
from edgelock.exchange.engine import Engine
from edgelock.exchange.exchange_clock import ExchangeClock
from edgelock.exchange.flow import ChangePhase, MarketPhase, SetLevel, Settle
from edgelock.exchange.flow_driver import FlowDriver
from edgelock.exchange.market import MarketStatus
from tests.exchange.engine_builders import BID, NOON, TICKER, FlowScript, at, cents, contracts


class HandMovedClock:
    """An exchange clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> Timestamp:
        return self.at

    def real_seconds_until(self, at: Timestamp) -> float:
        return max(at - self.at, 0) / SECOND


class Driven:
    """A driver with a clock moved by hand; `published` counts the calls of publish."""

    def __init__(self, script: FlowScript) -> None:
        self.engine = Engine(new_id=iter(f"id-{n}" for n in range(10**6)).__next__)
        self.clock = HandMovedClock()
        self.published = 0
        self.driver = FlowDriver(script.flow(), self.engine, cast(ExchangeClock, self.clock), self._publish)

    def _publish(self) -> None:
        self.published += 1

    def until(self, seconds: float) -> None:
        self.clock.at = at(seconds)
        self.driver.catch_up()
        self.driver.apply_due()

    def bid_size(self) -> int:
        return self.engine.markets[TICKER].book.size_at(BID, cents(40))


def test_actions_happen_when_they_are_due_and_not_before() -> None:
    script = FlowScript().opened_market()
    script.then(5, SetLevel(TICKER, BID, cents(40), contracts(5))).then(
        6, SetLevel(TICKER, BID, cents(40), contracts(6))
    )
    driven = Driven(script)
    driven.until(4.999)
    assert driven.bid_size() == 0
    driven.until(5)
    assert driven.bid_size() == contracts(5)
    assert driven.driver.applied_until == at(5)


def test_a_driver_that_is_late_applies_everything_at_its_own_time() -> None:
    script = FlowScript().opened_market()
    for step in range(1000):
        script.then(step, SetLevel(TICKER, BID, cents(40), contracts(1 + step)))
    driven = Driven(script.lasting())
    driven.until(50_000)
    assert driven.bid_size() == contracts(1000)
    assert driven.published > 1


def test_a_long_backlog_is_applied_in_parts_so_that_others_get_their_turn() -> None:
    script = FlowScript().opened_market()
    for step in range(1000):
        script.then(0, SetLevel(TICKER, BID, cents(40), contracts(1 + step)))
    driven = Driven(script.lasting())
    driven.driver.apply_due()
    assert 0 < driven.driver.applied < 1000


def test_the_end_of_the_flow_closes_what_is_open_and_deadlines_go_on() -> None:
    script = FlowScript().opened_market().opened_market("OTHER").then(1, Settle("OTHER", cents(0)))
    driven = Driven(script)
    driven.until(1)
    assert driven.driver.is_exhausted
    assert driven.engine.markets[TICKER].status is MarketStatus.CLOSED
    assert driven.engine.markets["OTHER"].status is MarketStatus.DETERMINED
    driven.until(61)
    assert driven.engine.markets["OTHER"].status is MarketStatus.FINALIZED


def test_the_running_driver_applies_by_itself_what_becomes_due() -> None:
    applied = asyncio.Event()
    engine = Engine(new_id=iter(f"id-{n}" for n in range(100)).__next__)
    script = FlowScript().opened_market().then(30, ChangePhase(TICKER, MarketPhase.CLOSED)).lasting()

    def publish() -> None:
        if engine.markets[TICKER].status is MarketStatus.CLOSED:
            applied.set()

    async def scenario() -> None:
        driver = FlowDriver(script.flow(), engine, ExchangeClock(NOON, speed=1000.0), publish)
        driver.catch_up()
        running = asyncio.create_task(driver.run())
        await asyncio.wait_for(applied.wait(), 20)
        running.cancel()

    asyncio.run(scenario())
    assert engine.now >= at(30)


def test_the_clock_starts_at_its_origin_and_runs_at_its_speed() -> None:
    clock = ExchangeClock(NOON, speed=10.0)
    anchor = clock.anchor
    assert (anchor.origin_ns, anchor.speed) == (NOON, 10.0)
    first, second = clock.now(), clock.now()
    assert NOON <= first <= second
    assert 0 < clock.real_seconds_until(Timestamp(clock.now() + 100 * SECOND)) <= 10
    assert clock.real_seconds_until(NOON) == 0


def test_an_outsiders_action_happens_at_once_and_is_published() -> None:
    driven = Driven(FlowScript().opened_market().lasting())
    driven.until(5)
    before = driven.published
    driven.driver.intervene(ChangePhase(TICKER, MarketPhase.INACTIVE))
    market = driven.engine.markets[TICKER]
    assert (market.status, market.updated_at, driven.published) == (MarketStatus.INACTIVE, at(5), before + 1)
