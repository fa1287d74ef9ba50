"""The real program with probes on it and one market that is crashed at random moments; run in a process of its own.

`python -m tests.scenarios.watched_bot PLAN MARKS ARGUMENTS...` runs `python run.py ARGUMENTS...`. The probes only note
times (real, monotonic nanoseconds) and are written to MARKS at the end. The crash is thrown in the market's own
handler, by the message that `--crash-market` sends; when the plan is carried out, the program is told to end.
"""

import functools
import json
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgelock.actors import market_actor
from edgelock.actors.exchange_actor import ExchangeActor
from edgelock.actors.feed_markets import FeedMarkets
from edgelock.actors.live_commands import LiveCommands
from edgelock.actors.market_actor import MarketActor
from edgelock.actors.messages import CrashOnPurpose, Submit
from edgelock.core.facts import BookChanged, Recovered, TradesPrinted
from edgelock.core.intents import CancelOrder, Intent
from edgelock.core.order import Kind, OrderState
from edgelock.ops.command_line import main
from edgelock.ops.trading_system import TradingSystem

PATIENCE_S = 120
SETTLING_S = 5
LOOK_EVERY_S = 0.05


class Marks:
    """What the probes noted, each on the thread where it happened."""

    def __init__(self) -> None:
        self.system: TradingSystem | None = None
        self.started = threading.Event()
        self.recovered = threading.Condition()
        self.lives: list[dict[str, Any]] = []
        self.crashes: list[dict[str, Any]] = []
        self.windows: list[dict[str, Any]] = []
        self.decided: list[tuple[str, int, int]] = []
        self.wished: list[tuple[str, str, int]] = []
        self.withdrawn: dict[str, int] = {}
        self.at_door: dict[str, int] = {}
        self.sent: dict[str, int] = {}
        self.facts: list[tuple[str, int, int]] = []
        self.messages: Counter[str] = Counter()
        self.crashed_market = ""
        self.trouble = ""

    def write(self, path: Path) -> None:
        """Everything but the machinery, as one JSON object."""
        left_out = ("system", "started", "recovered")
        path.write_text(json.dumps({name: each for name, each in vars(self).items() if name not in left_out}))


def install(marks: Marks) -> None:
    """Put the probes on. They change nothing but when things are noted."""
    _probe_decisions(marks)
    _probe_orders(marks)

    def crashing(original: Callable[..., Any], actor: MarketActor, message: Any) -> Any:
        if isinstance(message, CrashOnPurpose):
            marks.crashes[-1]["crashed_ns"] = time.monotonic_ns()
        return original(actor, message)

    def capturing(original: Callable[..., Any], system: TradingSystem) -> Any:
        marks.system = system
        marks.started.set()
        return original(system)

    def counting(original: Callable[..., Any], markets: FeedMarkets, ticker: str, news: Any) -> Any:
        marks.messages[ticker] += 1
        return original(markets, ticker, news)

    _wrap(MarketActor, "handle", crashing)
    _wrap(TradingSystem, "start", capturing)
    _wrap(FeedMarkets, "book_moved", counting)
    _wrap(FeedMarkets, "printed", counting)


def _probe_decisions(marks: Marks) -> None:
    def deciding(original: Callable[..., Any], state: Any, fact: Any, strategy: Any) -> Any:
        decision = original(state, fact, strategy)
        now, ticker = time.monotonic_ns(), state.market.ticker
        life = int(threading.current_thread().name.rpartition("#")[2])
        if isinstance(fact, BookChanged | TradesPrinted):
            assert marks.system is not None
            came = now - int((marks.system.clock.now() - fact.at) / marks.system.clock.speed)
            marks.decided.append((ticker, came, now))
            for intent in decision.intents:
                marks.wished.append((ticker, _named(intent), came))
        for intent in decision.intents:
            if isinstance(intent, CancelOrder):
                marks.withdrawn.setdefault(intent.client_order_id, now)
        if isinstance(fact, Recovered):
            with marks.recovered:
                orders = [order.client_order_id for order in decision.state.orders]
                marks.lives.append({"market": ticker, "life": life, "recovered_ns": now, "orders": orders,
                                    "sequence": decision.state.sequence})  # fmt: skip
                marks.recovered.notify_all()
        elif hasattr(fact, "sequence"):
            marks.facts.append((ticker, life, fact.sequence))
        return decision

    _wrap(market_actor, "step", deciding)


def _probe_orders(marks: Marks) -> None:
    def arriving(original: Callable[..., Any], door: ExchangeActor, message: Any) -> Any:
        if isinstance(message, Submit):
            now = time.monotonic_ns()
            for intent in message.intents:
                marks.at_door.setdefault(_named(intent), now)
        return original(door, message)

    def sending(original: Callable[..., Any], commands: LiveCommands, rest: Any, *what: Any) -> Any:
        now = time.monotonic_ns()
        for intent in what[-1] if isinstance(what[-1], tuple) else (what,):
            marks.sent.setdefault(_named(intent[-1]), now)
        return original(commands, rest, *what)

    _wrap(ExchangeActor, "handle", arriving)
    for name in ("place", "amend", "cancel", "cancel_many"):
        _wrap(LiveCommands, name, sending)


def _named(intent: Intent) -> str:
    """What is wished of which order."""
    return f"{type(intent).__name__} {intent.client_order_id}"


def _wrap(owner: Any, name: str, around: Callable[..., Any]) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        return around(original, *arguments, **named)

    setattr(owner, name, wrapped)


class Crasher:
    """Carries out the plan: pairs of windows, one with crashes and one without, in random order.

    plan  seed, pairs, window_s, crashes (in all), series (of the market that crashes)
    """

    def __init__(self, marks: Marks, plan: dict[str, Any]) -> None:
        self._marks = marks
        self._plan = plan
        self._chance = random.Random(plan["seed"])
        self._pause = threading.Event()

    def run(self) -> None:
        """On a thread of its own; ends the program when it is through."""
        try:
            if not self._marks.started.wait(PATIENCE_S):
                raise RuntimeError("the actors were not started")
            self._marks.crashed_market = self._a_protected_market()
            self._pause.wait(SETTLING_S)
            for number in range(self._plan["pairs"]):
                kinds = ["crashes", "calm"]
                self._chance.shuffle(kinds)
                for kind in kinds:
                    self._window(kind, number)
        except Exception as error:  # noqa: BLE001 - the parent reads what was wrong, and the program has to end
            self._marks.trouble = f"{type(error).__name__}: {error}"
        os.kill(os.getpid(), signal.SIGINT)

    def _window(self, kind: str, number: int) -> None:
        length, before = self._plan["window_s"], self._marks.messages.copy()
        began = time.monotonic_ns()
        if kind == "crashes":
            crashes, pairs = self._plan["crashes"], self._plan["pairs"]
            count = crashes * (number + 1) // pairs - crashes * number // pairs
            for after_s in sorted(self._chance.uniform(0, length) for _ in range(count)):
                self._until(began + int(after_s * 1e9))
                self._crash()
        self._until(began + int(length * 1e9))
        messages = self._marks.messages.copy()
        messages.subtract(before)
        self._marks.windows.append({"kind": kind, "from_ns": began, "to_ns": time.monotonic_ns(), "messages": messages})

    def _crash(self) -> None:
        marks, system = self._marks, self._marks.system
        assert system is not None
        with marks.recovered:
            known = self._lives()
            marks.crashes.append({"told_ns": time.monotonic_ns()})
            system.crash_market(marks.crashed_market, "a measurement of crashes")
            if not marks.recovered.wait_for(lambda: self._lives() > known, PATIENCE_S):
                raise RuntimeError(f"{marks.crashed_market} did not come back from crash {len(marks.crashes)}")
            marks.crashes[-1].update([each for each in marks.lives if each["market"] == marks.crashed_market][-1])

    def _lives(self) -> int:
        return sum(1 for life in self._marks.lives if life["market"] == self._marks.crashed_market)

    def _a_protected_market(self) -> str:
        """One whose take-profit rests, drawn among those there are at the first look that finds one."""
        system, give_up = self._marks.system, time.monotonic() + PATIENCE_S
        assert system is not None
        while time.monotonic() < give_up:
            protected = [
                state.market.ticker
                for state in system.boards.markets.states()
                for order in state.orders
                if state.market.series_ticker == self._plan["series"]
                and order.kind is Kind.TAKE_PROFIT
                and order.state is OrderState.RESTING
            ]
            if protected and len(system.boards.markets.states()) == len(system.tickers()):
                return self._chance.choice(protected)
            self._pause.wait(LOOK_EVERY_S)
        raise RuntimeError("no take-profit rested anywhere")

    def _until(self, monotonic_ns: int) -> None:
        self._pause.wait(max(0, monotonic_ns - time.monotonic_ns()) / 1e9)


if __name__ == "__main__":
    marks_at_work = Marks()
    install(marks_at_work)
    plan_file, marks_file, *given = sys.argv[1:]
    crasher = Crasher(marks_at_work, json.loads(Path(plan_file).read_text()))
    threading.Thread(target=crasher.run, name="crasher", daemon=True).start()
    exit_code = main(given)
    marks_at_work.write(Path(marks_file))
    sys.exit(exit_code)
