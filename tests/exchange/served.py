"""An exchange on a real loopback port, in the test's own event loop, with a client that signs for itself."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from edgelock.core.units import Money
from edgelock.exchange.api_key import generate_key
from edgelock.exchange.engine import Engine
from edgelock.exchange.exchange_clock import ExchangeClock
from edgelock.exchange.exchange_parts import Exchange
from edgelock.exchange.exchange_server import ExchangeServer
from edgelock.exchange.faults_board import FaultBoard
from edgelock.exchange.faults_world import WorldFaults
from edgelock.exchange.flow import Flow
from edgelock.exchange.flow_driver import FlowDriver
from edgelock.exchange.habits import Habits
from edgelock.exchange.rate_limit import TIERS, RateLimiter
from edgelock.exchange.request_log import RequestLog
from edgelock.exchange.signature_check import ApiKey, SignatureCheck
from edgelock.exchange.ws_broadcast import Broadcast
from tests.exchange.engine_builders import NOON, dollars
from tests.exchange.signing_client import SigningClient

NO_HABITS = Habits()


@dataclass
class Served:
    """A running exchange, ann's client and bob's."""

    exchange: Exchange
    ann: SigningClient
    bob: SigningClient

    @property
    def engine(self) -> Engine:
        return self.exchange.engine

    def drive(self) -> None:
        """Apply what the flow has due, as the driver's own task would."""
        self.exchange.driver.apply_due()


@asynccontextmanager
async def serving(
    flow: Flow,
    *,
    speed: float = 1.0,
    key_type: str = "ed25519",
    scopes: tuple[str, ...] = ("read", "write"),
    habits: Habits = NO_HABITS,
    tier: str = "prestige",
    balance: Money = dollars(1000),
    request_log: Path | None = None,
) -> AsyncIterator[Served]:
    numbers = count(1)
    engine = Engine(new_id=lambda: f"00000000-0000-4000-8000-{next(numbers):012d}", habits=habits)
    clock = ExchangeClock(NOON, speed)
    broadcast = Broadcast(engine, clock.now)
    keys = {name: generate_key(key_type) for name in ("ann", "bob")}
    for name in keys:
        engine.open_account(name, f"user-{name}", balance)
    driver = FlowDriver(flow, engine, clock, broadcast.flush)
    faults = FaultBoard(clock.now, speed)
    with RequestLog(request_log) as log:
        exchange = Exchange(
            engine=engine,
            clock=clock,
            driver=driver,
            broadcast=broadcast,
            signatures=SignatureCheck({key.key_id: ApiKey(name, key.public_key, scopes) for name, key in keys.items()}),
            limiter=RateLimiter(TIERS[tier]),
            log=log,
            faults=faults,
            world=WorldFaults(faults, engine, driver.intervene, log),
            wall_ms=lambda: time.time_ns() // 1_000_000,
        )
        exchange.driver.catch_up()
        server = ExchangeServer(exchange)
        port = await server.start("127.0.0.1", 0)
        origin = f"http://127.0.0.1:{port}"
        try:
            async with (
                SigningClient(origin, keys["ann"].key_id, keys["ann"].private_pem) as ann,
                SigningClient(origin, keys["bob"].key_id, keys["bob"].private_pem) as bob,
            ):
                yield Served(exchange, ann, bob)
        finally:
            await server.stop()
