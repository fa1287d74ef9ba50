"""An ExchangeActor without its thread, and everybody around it: what the door's tests share."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgelock.actors.exchange_actor import ExchangeActor
from edgelock.actors.gate_board import GateBoard
from edgelock.actors.messages import (
    AddMarket,
    CancelEverything,
    ClaimMarket,
    FeedNews,
    GatewayNews,
    OpenOrdersLeft,
    PermitNews,
    Submit,
)
from edgelock.core.intents import CancelOrder, PlaceOrder
from edgelock.core.market import Market
from edgelock.core.order import CancelReason, Kind, Role, TimeInForce
from edgelock.core.permit import Mode, Permit
from edgelock.core.rate_limit import full_bucket
from edgelock.core.settings import TradingSettings
from edgelock.core.units import SECOND
from tests.actors.runtime_doubles import a_life
from tests.actors.trading_doubles import Answers, HandClock, Letterbox, ObedientGateway, WatchedJournal, two_markets
from tests.core.builders import ASK, BID, OPEN, cents, contracts

A, B = (market.ticker for market in two_markets())
GIVE_UP_NS = 10 * SECOND
REDUCE = Permit(mode=Mode.REDUCE_ONLY, reason="kill")


def an_entry(name="a", side=BID, price=46, size=10, **changes) -> PlaceOrder:
    wish = PlaceOrder(
        client_order_id=name,
        side=side,
        price=cents(price),
        size=contracts(size),
        role=Role.ENTRY,
        kind=Kind.QUOTE,
        time_in_force=TimeInForce.GOOD_TILL_CANCELED,
        post_only=True,
        skew="FLAT",
    )
    return replace(wish, **changes)


def an_exit(name="x", side=ASK, price=53, size=10, **changes) -> PlaceOrder:
    return an_entry(name, side, price, size, **{"role": Role.EXIT, "kind": Kind.TAKE_PROFIT, **changes})


def a_cancel(name="a", reason=CancelReason.QUOTE) -> CancelOrder:
    return CancelOrder(client_order_id=name, reason=reason)


class Door:
    """An ExchangeActor without its thread, markets that claimed it, and everybody around it."""

    def __init__(
        self,
        directory,
        *,
        tokens=1000,
        refill=1000,
        settings=None,
        permit=OPEN,
        enforce_gates=True,
        markets: tuple[Market, ...] = (),
        gateway: ObedientGateway | None = None,
        predecessor: ObedientGateway | None = None,
        generation: int = 1,
    ) -> None:
        markets = markets or two_markets()
        self.log: list[str] = []
        self.clock = HandClock()
        self.gateway = gateway or ObedientGateway()
        self.gateway.log = self.log
        self._generation = generation
        self.journal = WatchedJournal(directory, self.log)
        self.board = GateBoard()
        self.markets = {market.ticker: Letterbox(market.ticker) for market in markets}
        self.risk, self.telemetry = Letterbox("risk"), Letterbox("telemetry")
        self.life = a_life("exchange")
        self.actor = ExchangeActor(
            self.life,
            run="r1",
            settings=settings or TradingSettings(),
            enforce_gates=enforce_gates,
            gateway=self.gateway,
            bucket=full_bucket(refill_per_s=refill, capacity=tokens, now=self.clock.now()),
            journal=self.journal,
            risk=self.risk.address,
            telemetry=self.telemetry.address,
            board=self.board,
            timer=self.clock.timer,
            clock=self.clock,
            generation=generation,
            predecessor=predecessor,
        )
        self.venue = Answers(self.gateway, self.tell, self.clock, generation)
        for market in markets:
            self.tell(AddMarket(market, self.markets[market.ticker].address))
            self.tell(FeedNews(market.ticker, is_live=True))
            self.claim(market.ticker)
            if permit is not None:
                self.permit(permit, market.ticker)
        for box in self.markets.values():
            box.taken()

    def tell(self, message) -> None:
        """One message, and what the gateway has to say because of it."""
        self.actor.handle(message)
        for notice in self.gateway.new_notices():
            self.tell(GatewayNews(notice, self._generation))

    def claim(self, ticker=A, incarnation=1) -> None:
        self.tell(ClaimMarket(ticker, incarnation, self.markets[ticker].address))

    def permit(self, permit: Permit, ticker=A) -> None:
        self.tell(PermitNews(ticker, permit, self.clock.monotonic_ns()))

    def submit(self, *intents, ticker=A, incarnation=1) -> None:
        self.tell(Submit(ticker, incarnation, intents))

    def facts(self, ticker=A) -> list:
        return self.markets[ticker].facts()

    def hold(self, size=10, ticker=A, name="entry") -> None:
        """Buy so many contracts."""
        self.submit(an_entry(name, size=size), ticker=ticker)
        self.venue.ack(name)
        self.venue.fill(name, size, trade=f"t-{name}")
        self.gateway.resting.pop(name)
        self.facts(ticker)

    def hold_and_enter(self, name: str) -> None:
        """Buy 10 contracts with an entry of 20, which goes on resting."""
        self.submit(an_entry(name, price=44, size=20))
        self.venue.ack(name)
        self.venue.fill(name, 10, trade=f"t-{name}", price=44)

    def look_again(self) -> None:
        """Tell it something that changes nothing: every message is an occasion to send."""
        ticker = next(iter(self.markets))
        self.tell(ClaimMarket(ticker, 0, self.markets[ticker].address))

    def wait(self, nanoseconds: int) -> None:
        """Let time pass and give the actor what it then tells itself."""
        self.clock.timer.advance(nanoseconds)
        while not self.life.inbox.empty():
            self.tell(self.life.inbox.get().message)

    def close(self) -> list[OpenOrdersLeft]:
        reports: list[OpenOrdersLeft] = []
        self.tell(CancelEverything(reports.append, self.clock.monotonic_ns() + GIVE_UP_NS))
        return reports


def doors(directory: Path) -> Iterator[Callable[..., Door]]:
    """For a fixture: builds doors, each with a journal of its own, and closes their journals."""
    built: list[Door] = []

    def build(**arguments: Any) -> Door:
        built.append(Door(directory / str(len(built)), **arguments))
        return built[-1]

    yield build
    for door in built:
        door.journal.close()
