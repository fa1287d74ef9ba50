"""A storm of quote changes in many markets through one door, with exits in between: how long do the exits wait?

`python -m tests.scenarios.order_storm [SECONDS]` prints the figures. The door, its gateway, the wire and the exchange
are the real ones; the markets are not: each replaces its entry as fast as the door lets it, so that entries queue.
"""

import contextlib
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from edgelock.actors.address import Address
from edgelock.actors.clock import EngineClock
from edgelock.actors.exchange_actor import ExchangeActor
from edgelock.actors.gate_board import GateBoard
from edgelock.actors.inbox import LanedInbox
from edgelock.actors.journal import Journal
from edgelock.actors.journaled_past import NoPast
from edgelock.actors.lifecycle import Incarnation
from edgelock.actors.live_gateway import LiveGateway
from edgelock.actors.live_terms import LiveNews, LiveTerms, LiveVenue
from edgelock.actors.messages import (
    AddMarket,
    ClaimAnswer,
    ClaimMarket,
    FactNews,
    FeedNews,
    GatewayNews,
    PermitNews,
    Submit,
)
from edgelock.actors.timer import TimerThread
from edgelock.core.facts import OrderAcknowledged, OrderCanceled, OrderFilled, OrderRejected, Recovered
from edgelock.core.intents import CancelOrder, Intent, PlaceOrder
from edgelock.core.market import Side
from edgelock.core.order import CancelReason, Kind, Role, TimeInForce
from edgelock.core.rate_limit import full_bucket
from edgelock.core.settings import TradingSettings
from edgelock.core.units import SECOND, Duration, Price, Size
from edgelock.kalshi.rest import TradingRest
from edgelock.kalshi.rest_call import CallLimits
from edgelock.kalshi.signing import credentials_from_pem
from tests.actors.trading_doubles import Letterbox
from tests.core.builders import OPEN, a_market, cents, contracts
from tests.scenarios.running_bot import PATIENCE_S, PROJECT

MARKETS = 50
HOLDERS = 5
HELD = 40
"""Contracts bought in each of the first markets, to be sold one by one."""
EXIT_EVERY_S = 0.5
WORKERS = 4
BASIC_PER_S = 100
BUCKET = 80
"""What of the basic tier's 100 tokens a bot with the usual margin keeps in hand."""
WIDE = TradingSettings.model_validate(
    {
        "strategy": {"max_inventory_per_market": 1000},
        "risk": {"max_global_inventory_contracts": 1_000_000, "max_order_notional_usd": 1000},
    }
)
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class StormResult:
    """Waits in seconds, from the wish at the door to the exchange; statuses of all writes; what queued."""

    exit_waits_s: tuple[float, ...]
    statuses: tuple[int | None, ...]
    entries_sent: int
    shortages: int
    seconds: float

    def exit_wait_s(self, percent: int) -> float:
        """So many of a hundred exits waited no longer."""
        ordered = sorted(self.exit_waits_s)
        return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]


class _Storm:
    """The door with its thread, and fifty markets in one thread."""

    def __init__(self, ready: dict[str, Any], directory: Path) -> None:
        self.tickers: list[str] = ready["tickers"]
        with _DIRECT.open(f"{ready['origin']}/embedded/clock", timeout=PATIENCE_S) as answer:
            self.clock = EngineClock(json.load(answer)["now_ns"], time.monotonic_ns())
        self.telemetry = Letterbox("telemetry")
        self.timer = TimerThread()
        self.wished_ns: dict[str, int] = {}
        self.filled: set[str] = set()
        self._markets_inbox = LanedInbox(time.monotonic_ns)
        self._markets = Address("markets")
        self._markets.point_at(self._markets_inbox)
        self._recovered = threading.Semaphore(0)
        self._bought = threading.Semaphore(0)
        self._numbers = count(1)
        self._is_over = threading.Event()
        credentials = credentials_from_pem(ready["key_id"], ready["key"], source="the exchange's key")
        door_inbox = LanedInbox(time.monotonic_ns)
        self.door = Address("exchange")
        self.door.point_at(door_inbox)
        self.journal = Journal(directory)
        self.is_ready = threading.Event()
        self.gateway = LiveGateway(
            run="storm",
            past=NoPast(),
            counted_from=self.clock.now(),
            terms=LiveTerms(
                entry_life=Duration(600 * SECOND),
                exit_life=Duration(3600 * SECOND),
                group_limit=Size(1_000_000_00),
                max_in_flight=WORKERS,
                backfill_interval=Duration(10 * SECOND),
                entries_only_when_flat=False,
            ),
            venue=LiveVenue(
                open_rest=(
                    connect := lambda: TradingRest(
                        f"{ready['origin']}/trade-api/v2",
                        credentials,
                        rng=random.Random(1),
                        limits=CallLimits(connect_s=3, read_s=3, deadline_s=3, attempts_max=1),
                    )
                ),
                open_fuse=connect,
                ws_url=f"{ready['origin'].replace('http', 'ws')}/trade-api/ws/v2",
                credentials=credentials.read_only(),
                rng=random.Random(2),
            ),
            news=LiveNews(
                answer=lambda answer: self.door.tell(GatewayNews(answer)),
                readiness=lambda is_ready: self.is_ready.set() if is_ready else None,
                fuse=lambda _shard, _is_out: None,
                record=lambda _record: None,
            ),
            clock=self.clock,
        )
        self._actor = ExchangeActor(
            Incarnation(
                name="exchange", number=1, address=self.door, inbox=door_inbox, supervisor=None,
                monotonic_ns=time.monotonic_ns,
            ),
            run="storm",
            settings=WIDE,
            enforce_gates=False,
            gateway=self.gateway,
            bucket=full_bucket(refill_per_s=BASIC_PER_S, capacity=BUCKET, now=self.clock.now()),
            journal=self.journal,
            risk=Letterbox("risk").address,
            telemetry=self.telemetry.address,
            board=GateBoard(),
            timer=self.timer,
            clock=self.clock,
        )  # fmt: skip
        self._door_inbox = door_inbox
        self._threads = [threading.Thread(target=self._open_door), threading.Thread(target=self._quote)]

    def play(self, seconds: float) -> None:
        """Buy, then storm for so long."""
        self.timer.start()
        self.gateway.start()
        for thread in self._threads:
            thread.start()
        try:
            for ticker in self.tickers:
                self.door.tell(AddMarket(a_market(ticker=ticker), self._markets))
                self.door.tell(FeedNews(ticker, is_live=True))
                self.door.tell(ClaimMarket(ticker, 1, self._markets))
            assert self.is_ready.wait(PATIENCE_S)
            for _ in self.tickers:
                assert self._recovered.acquire(timeout=PATIENCE_S)
            self._renew_permits()
            self._buy()
            for ticker in self.tickers:
                self._submit(ticker, self._entry(ticker))
            self._sell(seconds)
        finally:
            self._is_over.set()
            self.gateway.stop()
            self._door_inbox.detach()
            self._markets_inbox.detach()
            for thread in self._threads:
                thread.join(PATIENCE_S)
            self.timer.stop()
            self.journal.close()

    def _open_door(self) -> None:
        while not self._is_over.is_set():
            message = self._door_inbox.get().message
            if not self._is_over.is_set():
                self._actor.handle(message)

    def _quote(self) -> None:
        """Every market in its turn: an entry that rests is withdrawn at once, and the next one is wanted."""
        while not self._is_over.is_set():
            message = self._markets_inbox.get().message
            fact = message.fact if isinstance(message, ClaimAnswer | FactNews) else None
            if isinstance(fact, Recovered):
                self._recovered.release()
            name = getattr(fact, "client_order_id", "")
            _, role, ticker, _ = name.split("/") if name else ("", "", "", "")
            if isinstance(fact, OrderFilled) and role == "b":
                self._bought.release()
            if role == "e" and isinstance(fact, OrderAcknowledged):
                self._submit(ticker, CancelOrder(client_order_id=name, reason=CancelReason.STATE_CHANGE))
            elif role == "e" and isinstance(fact, OrderCanceled | OrderRejected):
                self._submit(ticker, self._entry(ticker))

    def _buy(self) -> None:
        for ticker in self.tickers[:HOLDERS]:
            self._submit(
                ticker, self._order(ticker, "b", Side.BID, 47, HELD, Role.ENTRY, TimeInForce.GOOD_TILL_CANCELED)
            )
        for _ in self.tickers[:HOLDERS]:
            assert self._bought.acquire(timeout=PATIENCE_S)

    def _sell(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        for number in count():
            if time.monotonic() >= until:
                return
            self._renew_permits()
            ticker = self.tickers[number % HOLDERS]
            wish = self._order(ticker, "x", Side.ASK, 45, 1, Role.EXIT, TimeInForce.IMMEDIATE_OR_CANCEL)
            self.wished_ns[wish.client_order_id] = time.monotonic_ns()
            self._submit(ticker, wish)
            self._is_over.wait(EXIT_EVERY_S)

    def _renew_permits(self) -> None:
        for ticker in self.tickers:
            self.door.tell(PermitNews(ticker, OPEN, time.monotonic_ns()))

    def _submit(self, ticker: str, wish: Intent) -> None:
        self.door.tell(Submit(ticker, 1, (wish,)))

    def _entry(self, ticker: str) -> PlaceOrder:
        return self._order(ticker, "e", Side.BID, 20, 1, Role.ENTRY, TimeInForce.GOOD_TILL_CANCELED)

    def _order(
        self, ticker: str, word: str, side: Side, price: int, size: int, role: Role, lasts: TimeInForce
    ) -> PlaceOrder:
        is_exit = role is Role.EXIT
        return PlaceOrder(
            client_order_id=f"storm/{word}/{ticker}/{next(self._numbers)}",
            side=side,
            price=Price(cents(price)),
            size=contracts(size),
            role=role,
            kind=Kind.HARD_CAP if is_exit else Kind.QUOTE,
            time_in_force=lasts,
            post_only=word == "e",
            skew="FLAT",
        )


@contextlib.contextmanager
def _exchange(log: Path, tier: str) -> Iterator[dict[str, Any]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.scenarios.storm_venue", str(MARKETS), tier, str(log)],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.communicate(timeout=PATIENCE_S)


def storm(directory: Path, seconds: float, *, tier: str = "basic") -> StormResult:
    """Let it storm for so long, and read from the exchange's own log what came of it."""
    log = directory / "requests.jsonl"
    with _exchange(log, tier) as ready:
        weather = _Storm(ready, directory)
        weather.play(seconds)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    requests = [line for line in lines if "status" in line]  # the others tell of what happened to the exchange itself
    writes = [request for request in requests if request["method"] in ("POST", "DELETE", "PUT")]
    received = {
        order["client_order_id"]: request["received"]["monotonic_ns"]
        for request in writes
        if request["operation"] == "create"
        for order in request["asked"]
    }
    return StormResult(
        exit_waits_s=tuple(
            (received[name] - wished) / SECOND for name, wished in weather.wished_ns.items() if name in received
        ),
        statuses=tuple(request["status"] for request in requests),
        entries_sent=sum(1 for name in received if name.startswith("storm/e/")),
        shortages=sum(1 for record in weather.telemetry.records() if record.action == "rate_limited"),
        seconds=seconds,
    )


def main(seconds: float) -> None:
    """Storm, and print the figures."""
    with tempfile.TemporaryDirectory() as directory:
        result = storm(Path(directory), seconds)
    sys.stdout.write(
        f"{MARKETS} markets on the basic tier for {seconds:g} s: {len(result.statuses)} requests, "
        f"{result.statuses.count(429)} of them 429; {result.entries_sent} entries sent while more waited "
        f"({result.shortages} shortages told)\n"
        f"{len(result.exit_waits_s)} exits, from the wish to the exchange: p50 {result.exit_wait_s(50) * 1000:.1f} ms, "
        f"p99 {result.exit_wait_s(99) * 1000:.1f} ms, longest {max(result.exit_waits_s) * 1000:.1f} ms\n"
    )


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60)
