"""Which fault strikes when: the rules of a fault file and their seeded chances, as pure code.

Every occasion (a request, a frame, a handshake) is put to the rules in the order of the file; the first that strikes
gets it. Each rule has a random source of its own, made of the schedule's seed and the rule's place in the file: the
same sequence of occasions meets the same sequence of faults, and a further rule at the end changes none before it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from edgelock.core.units import Duration
from edgelock.exchange.faults_menu import Fault
from edgelock.exchange.faults_targets import WORLD

ACKNOWLEDGEMENT = "subscribed"
"""The type of the frame that confirms a subscription: only a rule that names it strikes it."""


@dataclass(frozen=True, slots=True)
class Elapsed:
    """How long the schedule has been in force, on the exchange's clock and on a real one."""

    market: Duration
    real: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When a rule may strike. Durations count from the start of the schedule.

    is_real      they are real time, otherwise the exchange's
    lasts        the rule's window ends so long after `at`, None: it never does; a state of the venue lasts so long
    every        at most one strike in each period of this length; None: no such limit
    count        at most so many strikes; None: no limit
    skip         so many occasions pass first
    probability  of striking at an occasion that nothing else excludes
    """

    is_real: bool = False
    at: Duration = Duration(0)
    lasts: Duration | None = None
    every: Duration | None = None
    count: int | None = None
    skip: int = 0
    probability: float = 1.0

    def of(self, elapsed: Elapsed) -> Duration:
        """The clock that this rule goes by."""
        return elapsed.real if self.is_real else elapsed.market


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One entry of a fault file. `tickers` and `accounts` None mean any; `frames` None means any with data.

    number  its place in the file, from 1
    kind    the word after `do:`
    """

    number: int
    name: str
    kind: str
    fault: Fault
    targets: frozenset[str]
    timing: Timing
    tickers: frozenset[str] | None = None
    accounts: frozenset[str] | None = None
    frames: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something that a fault may strike. `tickers` are the markets it concerns, () when none or not known.

    frame  the type of a socket's frame, "" for anything else
    """

    target: str
    tickers: Sequence[str] = ()
    account: str | None = None
    frame: str = ""


@dataclass(frozen=True, slots=True)
class Strike:
    """A rule struck. `chance` is the rule's random source, for whatever the fault leaves open."""

    rule: Rule
    number: int
    chance: Random


@dataclass(slots=True)
class RuleState:
    """A rule and what became of it so far. `occasions` counts those within its window and limits."""

    rule: Rule
    chance: Random
    occasions: int = 0
    strikes: int = 0
    next_at: Duration = Duration(0)

    def strike(self, elapsed: Elapsed) -> Strike | None:
        """Put one occasion that the rule is meant for to it."""
        timing = self.rule.timing
        now = timing.of(elapsed)
        if now < timing.at or (timing.lasts is not None and now >= timing.at + timing.lasts):
            return None
        self.occasions += 1
        if self.occasions <= timing.skip or self.strikes == timing.count or now < self.next_at:
            return None
        if not self._chance_strikes():
            return None
        self.strikes += 1
        if timing.every is not None:
            self.next_at = Duration(timing.at + ((now - timing.at) // timing.every + 1) * timing.every)
        return Strike(self.rule, self.strikes, self.chance)

    def phase(self, elapsed: Elapsed) -> str:
        """Whether the rule is still "waiting" for its window, "active" in it, or "over"."""
        timing = self.rule.timing
        now = timing.of(elapsed)
        if now < timing.at:
            return "waiting"
        is_act = self.rule.targets <= WORLD
        is_past = not is_act and timing.lasts is not None and now >= timing.at + timing.lasts
        is_once_done = is_act and timing.every is None and self.occasions > 0
        return "over" if is_past or is_once_done or self.strikes == timing.count else "active"

    def strikes_due(self, elapsed: Elapsed) -> Iterator[tuple[Strike, Duration]]:
        """Let the occasions of a rule come that waits for none: at its start, and again after each period."""
        timing = self.rule.timing
        now = timing.of(elapsed)
        while self.occasions == 0 or timing.every is not None:
            at = Duration(timing.at + self.occasions * (timing.every or 0))
            if at > now or self.strikes == timing.count:
                return
            self.occasions += 1
            if self.occasions > timing.skip and self._chance_strikes():
                self.strikes += 1
                yield Strike(self.rule, self.strikes, self.chance), at

    def _chance_strikes(self) -> bool:
        probability = self.rule.timing.probability
        return probability >= 1 or self.chance.random() < probability


@dataclass(slots=True)
class FaultSchedule:
    """The rules in force. Without rules nothing ever strikes."""

    seed: int = 0
    rules: Sequence[Rule] = ()
    states: list[RuleState] = field(init=False)
    _by_target: dict[str, list[RuleState]] = field(init=False)

    def __post_init__(self) -> None:
        self.states = [RuleState(rule, Random(f"{self.seed}/{rule.number}")) for rule in self.rules]
        self._by_target = {}
        for state in self.states:
            for target in state.rule.targets:
                self._by_target.setdefault(target, []).append(state)

    def strike(self, occasion: Occasion, elapsed: Elapsed) -> Strike | None:
        """The fault that strikes this occasion, or None."""
        for state in self._meant_for(occasion):
            struck = state.strike(elapsed)
            if struck is not None:
                return struck
        return None

    @property
    def has_acts(self) -> bool:
        """Whether there are rules that wait for no occasion."""
        return any(target in self._by_target for target in WORLD)

    def due(self, elapsed: Elapsed) -> list[tuple[Strike, Duration]]:
        """Strikes of rules that wait for no occasion, in order of their rules, each with the time it was due at.

        Such a rule's occasion comes at `at`, and again after each `every`; a strike is handed out once.
        """
        return [struck for state in self.states if state.rule.targets <= WORLD for struck in state.strikes_due(elapsed)]

    def _meant_for(self, occasion: Occasion) -> Iterator[RuleState]:
        for state in self._by_target.get(occasion.target, ()):
            rule = state.rule
            if rule.tickers is not None and rule.tickers.isdisjoint(occasion.tickers):
                continue
            if rule.accounts is not None and occasion.account not in rule.accounts:
                continue
            if rule.frames is None and occasion.frame == ACKNOWLEDGEMENT:
                continue
            if rule.frames is not None and occasion.frame not in rule.frames:
                continue
            yield state
