"""Which points to die at: every label that a short run passed, in each phase, and then later passings by chance."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from threading import Lock

from tests.crash.chain import Crash, CrashResult
from tests.crash.points import Phase, Point

TRIES_MAX = {Phase.RECOVERY: 3, Phase.TRADING: 3, Phase.SHUTDOWN: 2}
"""A point that was not passed in time is tried so often, in different rows. A shutdown passes many labels by chance."""
LATER_SHARE = 3
"""A later passing is one of the first third of those that the short run counted, so that it comes in time."""
LATER_MAX = 40
RARE_FIRST = ("journal", "rest", "command", "private", "sweep", "hand", "handle", "tell", "feed", "start")

Counts = Mapping[str, Mapping[str, int]]


def points_of(counts: Counts, phases: Sequence[Phase], wanted: int, rng: random.Random) -> list[Point]:
    """So many points: the first passing of each label in each phase, group by group in turn, then random later ones."""
    firsts = [Point(phase, label, 1) for phase in phases for label in sorted(counts.get(phase, {}))]
    points = _in_turn(firsts, rng)[:wanted]
    often = [point for point in firsts if counts[point.phase][point.label] >= 2 * LATER_SHARE]
    while often and len(points) < wanted:
        chosen = rng.choice(often)
        most = min(counts[chosen.phase][chosen.label] // LATER_SHARE, LATER_MAX)
        points.append(Point(chosen.phase, chosen.label, rng.randint(2, most)))
    return points


def _in_turn(points: Sequence[Point], rng: random.Random) -> list[Point]:
    """One of each group after the other, so that a short campaign meets every group."""
    places: dict[Point, tuple[int, int]] = {}
    for number, group in enumerate(RARE_FIRST):
        members = [point for point in points if point.group == group]
        rng.shuffle(members)
        places |= {point: (turn, number) for turn, point in enumerate(members)}
    return sorted(points, key=lambda point: places[point])


class Plan:
    """Hands out crashes to several rows at once, and collects what came of them.

    wanted, wanted_again  points to be reached, and those to be reached during the recovery
    """

    def __init__(self, counts: Counts, *, wanted: int, wanted_again: int, rng: random.Random) -> None:
        self._lock = Lock()
        self._rng = rng
        self._counts = counts
        self._wanted = wanted
        self._wanted_again = wanted_again
        self._first = points_of(counts, (Phase.TRADING, Phase.SHUTDOWN), wanted, rng)
        self._again = points_of(counts, (Phase.RECOVERY,), wanted_again, rng)
        self._tries: Counter[Point] = Counter()
        self._under_way = 0
        self._again_under_way = 0
        self.results: list[CrashResult] = []

    @property
    def reached(self) -> int:
        """Points at which a bot died."""
        return sum(result.reached for result in self.results)

    @property
    def reached_again(self) -> int:
        """Points of a recovery at which a bot died."""
        return sum(result.reached_again for result in self.results)

    def next(self) -> Crash | None:
        """The next crash; None when enough were reached or are under way."""
        with self._lock:
            if not self._again and self.reached_again + self._again_under_way < self._wanted_again:
                # What was not passed in time is replaced by others.
                self._again = points_of(self._counts, (Phase.RECOVERY,), 1000, self._rng)[-5:]
            if self.reached + self._under_way >= self._wanted and not self._again:
                return None
            if not self._first:
                self._first = points_of(self._counts, (Phase.TRADING,), 1000, self._rng)[-20:]
            if not self._first or self._tried_out():
                return None
            self._under_way += 1
            again = self._next_again()
            self._again_under_way += again is not None
            return Crash(self._first.pop(0), again)

    def done(self, result: CrashResult) -> None:
        """What came of one."""
        with self._lock:
            self._under_way -= 1
            self._again_under_way -= result.crash.again is not None
            self.results.append(result)
            if not result.reached:
                self._try_later(result.crash.point, self._first)
            if result.crash.again is not None and not result.reached_again and not result.findings:
                self._try_later(result.crash.again, self._again)

    def _next_again(self) -> Point | None:
        """Spread over the whole: a recovery is interrupted as often as the points that are left ask for."""
        left = max(self._wanted - self.reached - self._under_way, 0) + 1
        if self._again and self._rng.random() < len(self._again) / left:
            return self._again.pop(0)
        return None

    def _try_later(self, point: Point, waiting: list[Point]) -> None:
        self._tries[point] += 1
        if self._tries[point] < TRIES_MAX[point.phase]:
            waiting.append(point)

    def _tried_out(self) -> bool:
        """Nothing comes of it any more: many times more tries than points."""
        return len(self.results) > 3 * (self._wanted + self._wanted_again)
