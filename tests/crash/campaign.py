"""Many rows of crashes at once, and the table of what came of them."""

import random
import shutil
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.crash.chain import (
    FAULTS_OF_ANSWERS,
    FAULTS_OF_FILLS,
    FLAVOURS,
    SPEED,
    Chain,
    Crash,
    CrashResult,
    CrashSource,
)
from tests.crash.plan import Counts, Plan
from tests.crash.points import GROUPS, Phase, Point
from tests.crash.victim import Exchange, Victim, VictimFailed

CHAIN_LENGTH = 10
DRY_RUN_S = 12.0
DRY_END_S = 40.0
ORDER_HEARD_S = 0.2
"""An order on stdin and a signal take different ways."""
SEEDS = 1 << 32


class Listed:
    """A source of these crashes, in this order."""

    def __init__(self, crashes: Iterable[Crash]) -> None:
        self._crashes = iter(crashes)
        self.results: list[CrashResult] = []

    def next(self) -> Crash | None:
        """The next on the list."""
        return next(self._crashes, None)

    def done(self, result: CrashResult) -> None:
        """What came of it."""
        self.results.append(result)


def count_labels(directory: Path, seed: int, *, trade_s: float = DRY_RUN_S) -> Counts:
    """How often each label is passed, by phase, in a short run that begins with a recovery and ends in order."""
    directory.mkdir(parents=True)
    exchange = Exchange(directory, speed=SPEED, seed=seed)
    pause = threading.Event()
    try:
        exchange.fail(*FAULTS_OF_ANSWERS, *FAULTS_OF_FILLS)
        with Victim(directory, exchange, "before") as bot:
            bot.wait_until_it_answers()
            pause.wait(trade_s / 3)
        with Victim(directory, exchange, "counted", is_counting=True) as bot:
            bot.wait_until_it_answers()
            pause.wait(1.0)
            bot.count_as(Phase.TRADING)
            pause.wait(trade_s)
            bot.count_as(Phase.SHUTDOWN)
            pause.wait(ORDER_HEARD_S)
            bot.ask_to_end()
            if not bot.wait_for_its_end(DRY_END_S):
                raise VictimFailed(f"the counted run did not end: {bot.last_words()}")
            return bot.counts()
    finally:
        exchange.stop()


def play(directory: Path, source: CrashSource, *, jobs: int, rng: random.Random) -> None:
    """Rows of crashes side by side until the source is empty. What is broken stays in its directory."""
    lock = threading.Lock()
    numbers = iter(range(1, 10_000))

    def rows() -> None:
        while True:
            with lock:
                number, seed = next(numbers), rng.randrange(SEEDS)
            flavour = list(FLAVOURS)[number % len(FLAVOURS)]
            place = directory / f"row-{number:03d}-{flavour}"
            handed_out = _Told(source)
            chain = Chain(place, seed=seed, flavour=flavour, source=handed_out, length=CHAIN_LENGTH)
            if chain.play():
                shutil.rmtree(place)
            if handed_out.was_empty:
                return

    with ThreadPoolExecutor(jobs) as pool:
        for row in [pool.submit(rows) for _ in range(jobs)]:
            row.result()


class _Told:
    """A source that remembers whether it ran dry, and says on stderr what comes of each crash."""

    def __init__(self, source: CrashSource) -> None:
        self._source = source
        self.was_empty = False

    def next(self) -> Crash | None:
        crash = self._source.next()
        self.was_empty = crash is None
        return crash

    def done(self, result: CrashResult) -> None:
        self._source.done(result)
        sys.stderr.write(f"{_word(result):<12} {result.seconds:5.1f} s  {result.flavour:<8} {result.crash}\n")
        if result.waited_for and not result.findings:
            sys.stderr.write(f"    waited for {', '.join(sorted(result.waited_for))}\n")
        for finding in result.findings:
            sys.stderr.write(f"    {finding}\n")


def table(results: Sequence[CrashResult], labels: Counts, began: float) -> str:
    """What came of it, by group of labels; then every broken point, with how to play it again."""
    lines = [f"{'labels':<10} {'known':>6} {'points':>7} {'again':>6} {'missed':>7} {'broken':>7}"]
    known = {point.label for phase in labels for point in _firsts(labels, phase)}
    for group in GROUPS:
        mine = [result for result in results if result.crash.point.group == group]
        again = [result for result in results if result.crash.again is not None and result.crash.again.group == group]
        lines.append(
            f"{group:<10} {sum(1 for label in known if label.split('.', 1)[0] == group):>6} "
            f"{sum(result.reached for result in mine):>7} {sum(result.reached_again for result in again):>6} "
            f"{sum(not result.reached for result in mine):>7} {sum(bool(result.findings) for result in mine):>7}"
        )
    reached, again_count = sum(each.reached for each in results), sum(each.reached_again for each in results)
    missed, broken = sum(not each.reached for each in results), [each for each in results if each.findings]
    lines.append(f"{'all':<10} {len(known):>6} {reached:>7} {again_count:>6} {missed:>7} {len(broken):>7}")
    lines.append(f"{time.monotonic() - began:.0f} s")
    for result in broken:
        lines.append(f"broken: {replay(result)}")
        lines += [f"    {finding}" for finding in result.findings]
    return "\n".join(lines)


def replay(result: CrashResult) -> str:
    """The command that plays this crash alone."""
    only = f"--only '{result.crash.point}'"
    if result.crash.again is not None:
        only += f" --again '{result.crash.again}'"
    return f"python -m tests.crash run {only} --flavour {result.flavour} --seed {result.seed}"


def _firsts(labels: Counts, phase: str) -> list[Point]:
    return [Point(Phase(phase), label, 1) for label in labels[phase]]


def _word(result: CrashResult) -> str:
    if result.findings:
        return "BROKEN"
    if not result.reached:
        return "not reached"
    return "ok, twice" if result.reached_again else "ok"


def only(directory: Path, crash: Crash, *, flavour: str, seed: int) -> list[CrashResult]:
    """One crash on an exchange of its own."""
    source = Listed([crash])
    Chain(directory / "only", seed=seed, flavour=flavour, source=_Told(source), length=1).play()
    return source.results


def run_plan(
    directory: Path, *, wanted: int, wanted_again: int, jobs: int, seed: int
) -> tuple[list[CrashResult], Counts]:
    """The whole campaign: a short run that counts, and then the crashes."""
    rng = random.Random(seed)
    counts = count_labels(directory / "counted", rng.randrange(SEEDS))
    plan = Plan(counts, wanted=wanted, wanted_again=wanted_again, rng=rng)
    play(directory, plan, jobs=jobs, rng=rng)
    return plan.results, counts
