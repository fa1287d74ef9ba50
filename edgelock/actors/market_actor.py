"""One market's actor: facts in, intents out. It decides nothing itself and never touches a disk or a socket.

A new incarnation remembers nothing of its predecessor: its first words are a claim to the ExchangeActor, which fences
the older ones and answers with what is on record; until that answer it wishes nothing. With the answer come the facts
of which no life has told people: their lines are the first that it writes. Up to where people have been told is noted
on the board right after each step's lines have left; a life that ends between the two has a step's lines told twice.
"""

import threading
from collections.abc import Callable
from typing import Any

from edgelock.actors.address import Address
from edgelock.actors.base import SupervisedActor
from edgelock.actors.clock import Clock
from edgelock.actors.desk_history import Told
from edgelock.actors.lifecycle import Incarnation
from edgelock.actors.market_board import MarketBoard
from edgelock.actors.messages import (
    BookNews,
    ClaimAnswer,
    ClaimMarket,
    CrashOnPurpose,
    FactNews,
    HangOnPurpose,
    Records,
    Submit,
    Subscribe,
    Tick,
    TradeNews,
    UrgentFact,
)
from edgelock.actors.timer import Timer, TimerKey
from edgelock.core.decide import step
from edgelock.core.facts import Fact, Recovered, TimePassed
from edgelock.core.market_state import MarketState
from edgelock.core.position import Position
from edgelock.core.strategy import Strategy
from edgelock.core.units import SECOND, Timestamp

TICK_EVERY_NS = SECOND
"""A market looks at the clock at least once a real second, so that a silent one still exits by age."""

NOBODY = -1
"""No life has this number: what comes under it is refused at the door and counted, also before the heir has claimed."""


class CrashedOnPurpose(RuntimeError):
    """The fault switch of an embedded run was thrown."""


class MarketActor(SupervisedActor):
    """The state machine of one ticker, on its own thread."""

    def __init__(
        self,
        incarnation: Incarnation,
        *,
        state: MarketState,
        strategy: Strategy,
        exchange: Address,
        feed: Address,
        telemetry: Address,
        board: MarketBoard,
        timer: Timer,
        clock: Clock,
        on_recovered: Callable[[str, int, MarketState], None],
    ) -> None:
        super().__init__(incarnation)
        self._state = state
        self._strategy = strategy
        self._exchange = exchange
        self._feed = feed
        self._telemetry = telemetry
        self._board = board
        self._timer = timer
        self._clock = clock
        self._on_recovered = on_recovered
        self._tick_key = TimerKey(incarnation.name, incarnation.number, "tick")
        self._numbering = 0

    def on_start(self) -> None:
        """Claim the market and ask for its book; what was told to a predecessor is still in the inbox."""
        ticker, address = self._state.market.ticker, self.incarnation.address
        self._exchange.tell(ClaimMarket(ticker, self.incarnation.number, address, self._board.told(ticker)))
        self._feed.tell(Subscribe(ticker, address))
        self._schedule_tick(None)

    def handle(self, message: Any) -> None:
        """One message, one step."""
        match message:
            case BookNews(fact) | TradeNews(fact) | FactNews(fact) | UrgentFact(fact):
                self._take(fact)
            case ClaimAnswer(incarnation, numbering, fact):
                if incarnation == self.incarnation.number:
                    self._take_over(numbering, fact)
            case Tick():
                self._take(TimePassed(at=self._clock.now()))
            case CrashOnPurpose(reason):
                raise CrashedOnPurpose(reason)
            case HangOnPurpose(seconds):
                threading.Event().wait(seconds)
                # Then it goes on as if nothing had happened, like any thread that comes back from where it was stuck.
                self._take(TimePassed(at=self._clock.now()))
            case _:
                raise TypeError(f"a market does not handle {type(message).__name__}")

    def _take_over(self, numbering: int, fact: Recovered) -> None:
        """Tell what is untold, once: what this life dies of, the next one is not given again."""
        self._numbering = numbering
        if fact.untold:
            self._note_told(fact.sequence, fact.untold[0].position)
        self._take(fact)

    def _take(self, fact: Fact) -> None:
        began, before = self._clock.monotonic_ns(), self._state
        decision = step(self._state, fact, self._strategy)
        self._state = decision.state
        if decision.intents:
            life = NOBODY if self._abandoned else self.incarnation.number
            self._exchange.tell(Submit(self._state.market.ticker, life, decision.intents))
        if self._abandoned:
            return  # it was given up while it hung, and nobody is to hear what it believes
        if isinstance(fact, Recovered):
            self._on_recovered(self.incarnation.name, self.incarnation.number, self._state)
        if decision.records:
            self._telemetry.tell(Records(decision.records))
        if self._state.is_recovered and (self._state.sequence != before.sequence or not before.is_recovered):
            self._note_told(self._state.sequence, self._state.position)
        self._schedule_tick(decision.wake_at)
        self._board.publish(self._state, self._clock.monotonic_ns() - began)

    def _note_told(self, sequence: int, position: Position) -> None:
        told = Told(numbering=self._numbering, sequence=sequence, position=position)
        self._board.note_told(self._state.market.ticker, told)

    def _schedule_tick(self, wake_at: Timestamp | None) -> None:
        delay = TICK_EVERY_NS if wake_at is None else min(TICK_EVERY_NS, self._clock.real_delay_ns(wake_at))
        due = self._clock.monotonic_ns() + delay
        self._timer.schedule(self._tick_key, due, self.incarnation.address, Tick(TimePassed(at=self._state.now)))
