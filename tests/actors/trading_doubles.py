"""Honest stand-ins around the trading actors: a hand-moved clock, a letterbox, a gateway and a journal that obey."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgelock.actors.address import Address
from edgelock.actors.inbox import LanedInbox
from edgelock.actors.journal import Journal, JournalError, RecordedFill
from edgelock.actors.market_board import MarketBoard
from edgelock.actors.messages import ClaimAnswer, FactNews, GatewayNews, Records, UrgentFact
from edgelock.actors.order_gateway import (
    Acknowledged,
    Amended,
    Canceled,
    CancelRejected,
    Command,
    Filled,
    GatewayAnswer,
    GatewayNotice,
    MarketLoaded,
    OpenOrder,
    OpenOrdersSeen,
    Rejected,
    RenewOrder,
    RequestDone,
    ResendOrder,
    Unanswered,
)
from edgelock.core.intents import AmendOrder, CancelOrder, PlaceOrder
from edgelock.core.market import Market
from edgelock.core.market_state import MarketState
from edgelock.core.recovery import Recovery
from edgelock.core.telemetry import Record
from edgelock.core.units import Money, Timestamp
from tests.actors.runtime_doubles import PATIENCE_S, ManualClock, ManualTimer, ObedientActor
from tests.core.builders import NOON, a_market, cents, contracts


class HandClock:
    """Engine time and real time, one second a second, moved by hand together."""

    def __init__(self) -> None:
        self.real = ManualClock()
        self._began_ns = self.real()
        self.timer = ManualTimer(self.real)

    def now(self) -> Timestamp:
        return Timestamp(NOON + self.real() - self._began_ns)

    def monotonic_ns(self) -> int:
        return self.real()

    def real_delay_ns(self, until: Timestamp) -> int:
        return max(until - self.now(), 0)


class Letterbox:
    """An address where nobody lives, and what was told there."""

    def __init__(self, name: str) -> None:
        self._inbox = LanedInbox(lambda: 0)
        self.address = Address(name)
        self.address.point_at(self._inbox)

    def taken(self) -> list[Any]:
        """What was told since the last look, in the order an actor would get it."""
        taken = []
        while not self._inbox.empty():
            taken.append(self._inbox.get().message)
        return taken

    def facts(self) -> list[Any]:
        return [message.fact for message in self.taken() if isinstance(message, ClaimAnswer | FactNews | UrgentFact)]

    def records(self) -> list[Any]:
        return [record for message in self.taken() if isinstance(message, Records) for record in message.records]


class ObedientGateway:
    """Takes every request and answers when the test says so.

    requests    all it was asked about orders, in order; a batch is its parts
    batches     the ids of each batch of cancellations
    under_way   orders of which a request has not ended
    fuse        what was asked of the fuse, in order
    wanted      what is due: renewals and second sendings, until the test takes them away
    notices     what it has to say unasked, until the door was told
    """

    def __init__(self, log: list[str] | None = None) -> None:
        self.requests: list[tuple[str, Command]] = []
        self.batches: list[tuple[str, ...]] = []
        self.under_way: set[str] = set()
        self.markets: list[Market] = []
        self.resting: dict[str, OpenOrder] = {}
        self.fuse: list[str] = []
        self.wanted: list[tuple[str, RenewOrder | ResendOrder]] = []
        self.notices: list[GatewayNotice] = []
        self.looks = 0
        self.is_list_readable = True
        self.is_loading_slow = False
        self.takes_entries = True
        self.max_in_flight = 100
        self.upkeep_ns: int | None = None
        self.log = [] if log is None else log

    def start(self) -> None:
        self.log.append("start")

    def stop(self) -> None:
        self.log.append("stop")

    def add_market(self, market: Market) -> None:
        self.markets.append(market)
        if not self.is_loading_slow:
            self.notices.append(MarketLoaded(market.ticker, Recovery()))

    def place(self, ticker: str, wish: PlaceOrder) -> None:
        self._take(ticker, wish)

    def amend(self, ticker: str, wish: AmendOrder) -> None:
        self._take(ticker, wish)

    def cancel(self, ticker: str, wish: CancelOrder) -> None:
        self._take(ticker, wish)

    def cancel_many(self, wishes: tuple[tuple[str, CancelOrder], ...]) -> None:
        self.batches.append(tuple(wish.client_order_id for _, wish in wishes))
        for ticker, wish in wishes:
            self._take(ticker, wish)

    def renew(self, ticker: str, wish: RenewOrder) -> None:
        self._take(ticker, wish)

    def resend(self, ticker: str, wish: ResendOrder) -> None:
        self._take(ticker, wish)

    def due(self, _now: Timestamp) -> tuple[tuple[str, RenewOrder | ResendOrder], ...]:
        return tuple(self.wanted)

    def trip_fuse(self) -> None:
        self.fuse.append("trip")

    def mend_fuse(self) -> None:
        self.fuse.append("mend")

    def look(self) -> None:
        self.looks += 1
        self.notices.append(OpenOrdersSeen(self.open_orders() if self.is_list_readable else None))

    def open_orders(self) -> tuple[OpenOrder, ...]:
        return tuple(self.resting.values())

    def sent(self) -> list[str]:
        """What was asked, as words: "place a", "cancel a"."""
        return [f"{_WORDS[type(wish)]} {wish.client_order_id}" for _, wish in self.requests]

    def new_notices(self) -> list[GatewayNotice]:
        notices, self.notices = self.notices, []
        return notices

    def _take(self, ticker: str, wish: Command) -> None:
        assert wish.client_order_id not in self.under_way, f"{wish} while another request about it is under way"
        self.requests.append((ticker, wish))
        self.under_way.add(wish.client_order_id)
        self.log.append(f"{_WORDS[type(wish)]} {wish.client_order_id}")


_WORDS: dict[type, str] = {
    PlaceOrder: "place",
    AmendOrder: "amend",
    CancelOrder: "cancel",
    RenewOrder: "renew",
    ResendOrder: "resend",
}


class Answers:
    """What the gateway learns, told to the actor under test when the test says so; a request ends with its answer."""

    def __init__(
        self, gateway: ObedientGateway, tell: Callable[[GatewayNews], object], clock: HandClock, generation: int = 1
    ) -> None:
        self._gateway, self._tell, self._clock, self._generation = gateway, tell, clock, generation

    def ack(self, name: str) -> None:
        ticker, wish = next((t, w) for t, w in self._gateway.requests if w.client_order_id == name)
        assert isinstance(wish, PlaceOrder)
        self._gateway.resting[name] = OpenOrder(
            ticker=ticker,
            client_order_id=name,
            venue_order_id=f"v-{name}",
            side=wish.side,
            price=wish.price,
            remaining=wish.size,
        )
        self._answer(Acknowledged(**self._about(name), venue_order_id=f"v-{name}"))

    def reject(self, name: str) -> None:
        self._answer(Rejected(**self._about(name), code="no", text="no"))

    def fill(self, name: str, size: int, trade: str = "x1", price: int = 46) -> None:
        self.say(
            Filled(
                **self._about(name),
                trade_id=trade,
                price=cents(price),
                size=contracts(size),
                fee=Money(0),
                is_taker=False,
                queue_ahead=None,
            )
        )

    def canceled(self, name: str) -> None:
        self._gateway.resting.pop(name, None)
        self._answer(Canceled(**self._about(name), reason="asked"))

    def not_found(self, name: str) -> None:
        self._answer(CancelRejected(**self._about(name), code="not_found", text="no order"))

    def amended(self, name: str, price: int, size: int) -> None:
        self._answer(Amended(**self._about(name), price=cents(price), size=contracts(size)))

    def silent(self, name: str) -> None:
        self._answer(Unanswered(**self._about(name), reason="timeout"))

    def done(self, name: str) -> None:
        """The request about this order is over."""
        self._gateway.under_way.discard(name)
        self.say(RequestDone(**self._about(name)))

    def say(self, answer: GatewayAnswer | GatewayNotice) -> None:
        self._tell(GatewayNews(answer, self._generation))

    def _answer(self, answer: GatewayAnswer) -> None:
        self.say(answer)
        if answer.client_order_id in self._gateway.under_way:
            self.done(answer.client_order_id)

    def _about(self, name: str) -> dict[str, Any]:
        ticker = next(t for t, w in self._gateway.requests if w.client_order_id == name)
        return {"ticker": ticker, "client_order_id": name, "at": self._clock.now()}


class WatchedJournal(Journal):
    """A real journal that notes what is written when, and whose disk can be taken away."""

    def __init__(self, directory: Path, log: list[str] | None = None) -> None:
        super().__init__(directory)
        self.is_broken = False
        self.log = [] if log is None else log

    def record_intent(self, **fields: Any) -> None:
        self._check()
        super().record_intent(**fields)
        self.log.append(f"durable {fields['intent'].client_order_id}")

    def record_fill(self, fill: RecordedFill) -> bool:
        self._check()
        return super().record_fill(fill)

    def record_end(self, **fields: Any) -> None:
        self._check()
        super().record_end(**fields)

    def set_latch(self, name: str, **fields: Any) -> None:
        self._check()
        super().set_latch(name, **fields)
        self.log.append(f"latch {name} {fields['is_on']}")

    def _check(self) -> None:
        if self.is_broken:
            raise JournalError("the disk is full")


_Test = Callable[[Any], bool]


def _any(_record: Record) -> bool:
    return True


class Ledger:
    """Every record that anybody told, for a test to wait on."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.all: list[Record] = []

    def __call__(self, *records: Record) -> None:
        with self._changed:
            self.all.extend(records)
            self._changed.notify_all()

    def wait_for(
        self, action: str, *, market: str | None = None, count: int = 1, where: Callable = lambda _: True
    ) -> Record:
        def found() -> list[Record]:
            return [r for r in self.all if r.action == action and getattr(r, "market", None) == market and where(r)]

        with self._changed:
            assert self._changed.wait_for(lambda: len(found()) >= count, PATIENCE_S), f"no {action}: {self.all[-5:]}"
            return found()[count - 1]

    def of(self, action: str, market: str) -> list[Record]:
        with self._changed:
            return [r for r in self.all if r.action == action and r.market == market]


class Scribe(ObedientActor):
    """Stands where telemetry stands: hands records to the ledger of the test."""

    def __init__(self, life, ledger: Ledger) -> None:
        super().__init__(life)
        self._ledger = ledger

    def handle(self, message):
        if isinstance(message, Records):
            self._ledger(*message.records)
            return None
        return super().handle(message)


class WatchedBoard(MarketBoard):
    """A board on which a test can wait for a state."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()

    def publish(self, state: MarketState, took_ns: int) -> None:
        super().publish(state, took_ns)
        with self._changed:
            self._changed.notify_all()

    def wait_for(self, ticker: str, is_right: Callable[[MarketState], bool]) -> MarketState:
        def look() -> MarketState | None:
            state = self.state(ticker)
            return state if state is not None and is_right(state) else None

        with self._changed:
            found = self._changed.wait_for(look, PATIENCE_S)
        assert found, f"it did not come to that: {self.state(ticker)}"
        return found


def two_markets() -> tuple[Market, Market]:
    return a_market(ticker="KXNHLGAME-A"), a_market(ticker="KXNHLGAME-B")
