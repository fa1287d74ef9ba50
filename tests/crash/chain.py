"""One exchange and one state directory, through a row of crashes, with everything compared after each recovery.

A start is the recovery from the crash before it and the next victim at once, so the state at each crash is what came of
all those before.
"""

import json
import random
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from tests.crash.books import Books
from tests.crash.comparison import Finding, Sample, never, not_yet, told_results
from tests.crash.journal_rows import JournalRows, read_journal
from tests.crash.points import Phase, Point
from tests.crash.risk_comparison import risk_kept
from tests.crash.victim import Exchange, Victim, VictimFailed, wait_until

SPEED = 60
CHECK_WITHIN_S = 40.0
REACH_WITHIN_S = 11.0
RECOVER_WITHIN_S = 4.0
"""A point of the recovery is passed in this time after the bot takes commands, or not at all."""
WARM_WITHIN_S = 15.0
END_WITHIN_S = 40.0
ROW_WITHIN_S = 150.0
"""A row ends after so long, because the exchange's evening does."""
LOOK_EVERY_S = 0.15
LOOKS = 10
KILL_CHANCE = 0.12
RESUME_CHANCE = 0.5

FLAVOURS: Mapping[str, Mapping[str, str]] = {
    "quiet": {},
    "faults": {},
    "breaker": {
        "EDGELOCK_RISK__BREAKER_SOFT__CANCELS_30S": "2",
        "EDGELOCK_RISK__BREAKER_SOFT__CANCELS_60S": "2",
        "EDGELOCK_RISK__BREAKER_HARD__CANCELS_30S": "3",
        "EDGELOCK_RISK__BREAKER_HARD__CANCELS_60S": "3",
        "EDGELOCK_RISK__BREAKER_HARD__LASTS_S": "600",
    },
    "loss": {"EDGELOCK_RISK__MAX_DAILY_LOSS_USD": "2"},
}
"""What is particular about a row of crashes: the settings of its bot."""
FAULTS_OF_ANSWERS = (
    {"on": ["create", "cancel", "amend"], "do": "drop_after", "probability": 0.06},
    {"on": ["create", "cancel"], "do": "delay", "delay_ms": [50, 300], "probability": 0.1},
    {"on": "user_orders", "do": "late", "delay_ms": [50, 500], "probability": 0.1},
    {"on": "exchange", "do": "read_lag", "lag_ms": 3000},
)
"""Of a row with faults, always."""
FAULTS_OF_FILLS = ({"on": "fill", "do": "drop", "probability": 0.15},)
"""Of a row with faults, until the bot dies: what a fill closes depends on the order in which fills are heard, so lots
and ages are compared where none is dropped after the start."""


@dataclass(frozen=True, slots=True)
class Crash:
    """To be killed here, and when `again` is given, again there while recovering from it."""

    point: Point
    again: Point | None = None

    def __str__(self) -> str:
        return str(self.point) if self.again is None else f"{self.point} and {self.again}"


@dataclass(slots=True)
class CrashResult:
    """What came of one crash. waited_for: what did not hold at once after the start, and was asked for again."""

    crash: Crash
    flavour: str
    seed: int
    reached: bool
    reached_again: bool = False
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0
    waited_for: set[str] = field(default_factory=set)


class CrashSource(Protocol):
    """Who says where to die next, and is told what came of it."""

    def next(self) -> Crash | None:
        """None when there is nothing more to do."""
        ...

    def done(self, result: CrashResult) -> None:
        """A crash that was compared, or was not reached."""
        ...


class Chain:
    """`play` until the source is empty, `length` crashes are done, or something is broken.

    kill_chance   how often the operator's kill switch is on when the bot dies
    check_within  real seconds after a start in which everything has to agree
    sabotage      how the bot is damaged, to see whether the comparison notices
    """

    def __init__(
        self, directory: Path, *, seed: int, flavour: str, source: CrashSource, length: int,
        kill_chance: float = KILL_CHANCE, check_within_s: float = CHECK_WITHIN_S, sabotage: str | None = None,
    ) -> None:  # fmt: skip
        self.directory = directory
        self._kill_chance = kill_chance
        self._check_within_s = check_within_s
        self._sabotage = sabotage
        self._seed = seed
        self._flavour = flavour
        self._source = source
        self._length = length
        self._rng = random.Random(seed)
        self._pause = threading.Event()
        self._lives = 0
        self._kill_is_on = False
        self._began = 0.0
        self._stack = ExitStack()
        directory.mkdir(parents=True)
        self._exchange = Exchange(directory, speed=SPEED, seed=seed)

    def play(self) -> bool:
        """False when something is broken; the directory then holds what is left of it."""
        with self._stack:
            self._stack.callback(self._exchange.stop)
            bot = self._start()
            self._warm_up(bot)
            done, deadline = 0, time.monotonic() + ROW_WITHIN_S
            crash = self._source.next()
            while crash is not None:
                self._began = time.monotonic()
                result, bot = self._crash(crash, bot)
                self._source.done(result)
                done += result.reached
                if result.findings:
                    ledger = json.dumps(self._exchange.ledger())
                    (self.directory / "ledger.json").write_text(ledger, encoding="utf-8")
                    return False
                is_over = done >= self._length or time.monotonic() > deadline
                crash = None if is_over else self._source.next()
            return True

    # --- one crash ----------------------------------------------------------------------------------------------

    def _crash(self, crash: Crash, bot: Victim) -> tuple[CrashResult, Victim]:
        result = CrashResult(crash=crash, flavour=self._flavour, seed=self._seed, reached=False)
        try:
            self._move_switches(bot)
            self._have_faults(*FAULTS_OF_ANSWERS, *FAULTS_OF_FILLS)
            result.reached = self._die_at(bot, crash.point)
            self._have_faults(*FAULTS_OF_ANSWERS)
            if not result.reached and bot.is_alive:
                bot.disarm()
                result.seconds = time.monotonic() - self._began
                return result, bot
            before = read_journal(bot.state_directory)
            died_log, code = bot.log, bot.process.returncode
            if not result.reached and code != 0:
                result.findings.append(
                    Finding("ends only when asked", bot.log.stem, f"exit {code}: {bot.last_words()}")
                )
                return result, bot
            bot = self._start(crash.again if result.reached else None)
            if crash.again is not None and result.reached:
                result.reached_again, bot = self._die_again(bot)
            result.findings += self._compare(bot, before, died_log, result.waited_for)
        except VictimFailed as error:
            result.findings.append(Finding("comes back", bot.log.stem, str(error)))
        result.seconds = time.monotonic() - self._began
        return result, bot

    def _die_at(self, bot: Victim, point: Point) -> bool:
        bot.arm(point)
        if point.phase is Phase.SHUTDOWN:
            bot.ask_to_end()
            if not bot.wait_for_its_end(END_WITHIN_S):
                raise VictimFailed(f"it does not end within {END_WITHIN_S:g} s of SIGTERM")
            return bot.was_struck
        if bot.wait_for_its_end(REACH_WITHIN_S):
            return bot.was_struck
        if self._kill_is_on:
            # What only an entry passes is not passed while entries are off.
            self._switch(bot, is_on=False)
            return bot.wait_for_its_end(REACH_WITHIN_S) and bot.was_struck
        return False

    def _die_again(self, bot: Victim) -> tuple[bool, Victim]:
        try:
            bot.wait_until_it_answers()
        except VictimFailed:
            if bot.is_alive:
                raise
        if bot.wait_for_its_end(RECOVER_WITHIN_S):
            if not bot.was_struck:
                raise VictimFailed(f"exit {bot.process.returncode}: {bot.last_words()}")
            return True, self._start()
        bot.disarm()
        return False, bot

    def _compare(self, bot: Victim, before: JournalRows, died_log: Path, waited_for: set[str]) -> list[Finding]:
        """What may never be, and what still does not agree when the time is over; nothing when all agrees.

        The bot goes on trading while we look, so a look is rarely clean in every market: what was missing in each of
        a few looks in a row is missing.
        """
        bot.wait_until_it_answers()
        looks: deque[list[Finding]] = deque(maxlen=LOOKS)

        def is_settled() -> bool:
            if not bot.is_alive:
                raise VictimFailed(f"exit {bot.process.returncode} after the start: {bot.last_words()}")
            self._pause.wait(LOOK_EVERY_S)
            looks.append(self._look(bot, before))
            missing = _in_all(looks)
            if len(looks) == LOOKS:
                waited_for.update(f"{each.promise} of {each.about}" for each in missing)
            is_clear = not looks[-1] or (len(looks) == LOOKS and not missing)
            return is_clear or any(finding.promise.startswith("never") for finding in missing)

        wait_until(is_settled, self._check_within_s)
        findings = [] if not looks[-1] else _in_all(looks)
        if self._flavour == "faults":
            return findings
        closings = Books(self._exchange.ledger()).closings
        return [*findings, *told_results(died_log, closings, SPEED)]

    def _look(self, bot: Victim, before: JournalRows) -> list[Finding]:
        books = Books(self._exchange.ledger())
        status = bot.status()
        if status is None:
            return [Finding("comes back", bot.log.stem, f"does not answer: {bot.last_words()}")]
        journal = read_journal(bot.state_directory)
        sample = Sample(
            before=books, after=Books(self._exchange.ledger()), journal=journal, status=status,
            began_ns=journal.began_ns, speed=SPEED,
        )  # fmt: skip
        forever = [replace(each, promise=f"never: {each.promise}") for each in never(sample)]
        return [*forever, *not_yet(sample), *risk_kept(before, sample), *self._holds(sample, before)]

    def _holds(self, sample: Sample, before: JournalRows) -> Iterator[Finding]:
        """What an operator or the risk side had switched is as it was."""
        for name, is_on in before.latches.items():
            if sample.journal.latches.get(name) is not is_on:
                yield Finding("latches", name, f"was {is_on}, is {sample.journal.latches.get(name)}")
        if (sample.status["kill"] is not None) is not self._kill_is_on:
            yield Finding("kill latch", "kill", f"was {self._kill_is_on}, the bot says {sample.status['kill']}")

    # --- around it ----------------------------------------------------------------------------------------------

    def _start(self, armed: Point | None = None) -> Victim:
        self._lives += 1
        name = f"life-{self._lives:02d}"
        bot = Victim(
            self.directory, self._exchange, name, armed=armed, sabotage=self._sabotage, **FLAVOURS[self._flavour]
        )
        self._stack.push(bot)
        return bot

    def _warm_up(self, bot: Victim) -> None:
        """Until something is held, so that there is something to lose."""
        bot.wait_until_it_answers()
        if not bot.is_alive:
            raise VictimFailed(f"a first start fails with exit code {bot.process.returncode}: {bot.last_words()}")
        wait_until(lambda: bool(Books(self._exchange.ledger()).positions), WARM_WITHIN_S)

    def _have_faults(self, *faults: Mapping[str, object]) -> None:
        if self._flavour == "faults":
            self._exchange.fail(*faults)

    def _move_switches(self, bot: Victim) -> None:
        """Now and then entries are off; a limit that was reached is lifted, so that there is trading to die in."""
        wanted = self._rng.random() < self._kill_chance
        status = bot.status()
        reasons = {market["permit_reason"] for market in status["markets"]} if status is not None else set()
        if wanted is not self._kill_is_on:
            self._switch(bot, is_on=wanted)
        elif "loss_limit" in reasons and self._rng.random() < RESUME_CHANCE:
            self._switch(bot, is_on=False)

    def _switch(self, bot: Victim, *, is_on: bool) -> None:
        bot.command("kill" if is_on else "resume")
        self._kill_is_on = is_on


def _in_all(looks: Iterable[list[Finding]]) -> list[Finding]:
    """The findings of the last look that every look had, and whatever may never be."""
    *earlier, last = looks
    always = set.intersection(*({(each.promise, each.about) for each in look} for look in (*earlier, last)))
    return [each for each in last if (each.promise, each.about) in always or each.promise.startswith("never")]
