"""Logs for tests: sessions of the real core against a moody venue, printed by the real formatter."""

import json
import random
from collections.abc import Iterable
from pathlib import Path

from edgelock.actors.redaction import Redactor
from edgelock.actors.telemetry_format import TelemetryFormatter, TelemetryLine
from edgelock.core.facts import MarketSettled
from edgelock.core.intents import AmendOrder, CancelOrder, Intent
from edgelock.core.order import Kind, Order, Role, TimeInForce
from edgelock.core.strategy import EDGE_LOCKED, LEGACY, Strategy
from edgelock.core.telemetry import Config, Record, StartupCheck
from edgelock.core.units import SECOND, Price
from tests.core.builders import NOON, TICKER, a_book, a_state
from tests.core.obedient_venue import ObedientVenue

RUN = "run-1"


def opening(strategy: str = "edge_locked", ticker: str = TICKER) -> tuple[Record, ...]:
    """The two lines that every run begins with."""
    return (
        Config(
            at=NOON,
            mode="paper",
            venue="embedded",
            strategy=strategy,
            version="0",
            speed="1",
            settings='{"strategy":{}}',
        ),
        StartupCheck(
            at=NOON,
            market=ticker,
            family="NHL",
            gate_low=Price(4_800),
            gate_high=Price(6_500),
            tp_offset=Price(700),
            tick=Price(100),
            message=f"[{ticker}] STARTUP SANITY CHECKS\nTP Offset: 7¢",
        ),
    )


def lines_of(records: Iterable[Record], run: str = RUN, first_seq: int = 1) -> list[str]:
    formatter = TelemetryFormatter(Redactor())
    return [
        formatter.format(TelemetryLine(record, seq=seq, run=run)) for seq, record in enumerate(records, start=first_seq)
    ]


def write_log(path: Path, lines: Iterable[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def changed(line: str, **fields) -> str:
    """The line with other values in some fields."""
    return json.dumps({**json.loads(line), **fields}, separators=(",", ":"), ensure_ascii=False)


class MoodyVenue(ObedientVenue):
    """Takes every order, and fills, cancels and settles as a seeded mood says."""

    def __init__(self, seed: int, strategy: Strategy = EDGE_LOCKED) -> None:
        super().__init__(a_state(view=a_book(46, 48)), strategy)
        self.mood = random.Random(seed)
        # Every other venue lets only the hard cap close a position, so that it is reached.
        self.is_stubborn = seed % 2 == 1

    def answer(self, intents: tuple[Intent, ...]) -> None:
        """Answer, and answer what follows from the answers."""
        for intent in intents:
            self._answer_one(intent)

    def _answer_one(self, intent: Intent) -> None:
        order_id = intent.client_order_id
        if isinstance(intent, CancelOrder):
            if self.mood.random() < 0.1:
                self._fill_some(self.order(order_id))
            if self.order(order_id).state.is_live:
                self.answer(self.canceled(order_id).intents)
        elif isinstance(intent, AmendOrder):
            self.answer(
                self.amend_rejected(order_id).intents if self.mood.random() < 0.1 else self.amended(order_id).intents
            )
        else:
            if self.mood.random() < 0.05:
                self.answer(self.reject(order_id).intents)
                return
            self.answer(self.ack(order_id).intents)
            if intent.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL:
                is_refused = self.is_stubborn and intent.kind is not Kind.HARD_CAP
                if not is_refused and self.mood.random() < 0.7:
                    self._fill_some(self.order(order_id))
                if self.order(order_id).state.is_live:
                    self.answer(self.canceled(order_id).intents)

    def fill_resting(self) -> None:
        """Perhaps a fill of one resting order."""
        resting = [order for order in self.state.orders if order.state.value == "resting"]
        if self.is_stubborn:
            resting = [order for order in resting if order.role is Role.ENTRY]
        if resting and self.mood.random() < 0.06:
            self._fill_some(self.mood.choice(resting))

    def _fill_some(self, order: Order) -> None:
        remaining = order.remaining // 100
        if remaining >= 1:
            size = self.mood.randint(1, remaining)
            fee = self.mood.randint(0, 200_000)
            self.answer(self.fill(order.client_order_id, size, fee=fee).intents)


def a_session(seed: int, strategy: Strategy = EDGE_LOCKED, steps: int = 400) -> list[Record]:
    """Hours of one market: the mid wanders through both gates, orders fill, positions age, and it settles."""
    venue = MoodyVenue(seed, strategy)
    mid = 46
    for _ in range(steps):
        mid = min(max(mid + venue.mood.choice((-3, -1, -1, 0, 1, 1, 3)), 12), 88)
        half = venue.mood.choice((1, 1, 2))
        venue.answer(venue.book(a_book(mid - half, mid + half)).intents)
        venue.answer(venue.prints(mid, 3).intents)
        venue.fill_resting()
        pause = venue.mood.choice((1, 20, 60, 60))
        deadline = venue.state.now + pause * SECOND
        while venue.wake_at is not None and venue.wake_at < deadline:
            venue.answer(venue.wait_until(venue.wake_at).intents)
        venue.answer(venue.wait_until(deadline).intents)
    for order in venue.state.orders:
        venue.canceled(order.client_order_id)
    venue.hear(MarketSettled(**venue._stamp(), value=Price(10_000)))
    return [*opening("legacy" if strategy is LEGACY else "edge_locked"), *venue.records]
