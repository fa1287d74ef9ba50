"""The faults in force on one exchange: a schedule, the instant it started, and what it has done so far."""

from collections.abc import Callable
from fractions import Fraction

from edgelock.core.units import Duration, Timestamp
from edgelock.exchange.faults_schedule import Elapsed, FaultSchedule, Occasion, Strike


class FaultBoard:
    """Holds the schedule; it may be replaced at any time.

    now    the exchange's clock, from which a schedule's times count
    speed  exchange seconds in a real one
    """

    def __init__(self, now: Callable[[], Timestamp], speed: float, schedule: FaultSchedule | None = None) -> None:
        self._now = now
        self._speed = Fraction(speed)
        self._starts_at = now()
        self.schedule = schedule if schedule is not None else FaultSchedule()

    def replace(self, schedule: FaultSchedule) -> None:
        """Forget the schedule and follow this one from now on; its times count from here."""
        self.schedule = schedule
        self._starts_at = self._now()

    def elapsed(self) -> Elapsed:
        """How long the schedule has been in force."""
        market = self._now() - self._starts_at
        return Elapsed(Duration(market), Duration(int(market / self._speed)))

    def strike(self, occasion: Occasion) -> Strike | None:
        """The fault that strikes this occasion now, or None."""
        return self.schedule.strike(occasion, self.elapsed()) if self.schedule.rules else None

    def report(self) -> dict[str, object]:
        """What is in force and how often each rule struck, as `GET /embedded/faults` tells it."""
        elapsed = self.elapsed()
        return {
            "seed": self.schedule.seed,
            "elapsed_ms": elapsed.market // 1_000_000,
            "elapsed_real_ms": elapsed.real // 1_000_000,
            "faults": [
                {
                    "number": state.rule.number,
                    "name": state.rule.name,
                    "do": state.rule.kind,
                    "on": sorted(state.rule.targets),
                    "state": state.phase(elapsed),
                    "occasions": state.occasions,
                    "strikes": state.strikes,
                }
                for state in self.schedule.states
            ],
        }
