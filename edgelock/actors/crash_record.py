"""What is remembered of one child's crashes (or of all infrastructure's), and what follows from it: pure.

Back-off is base * 2^n up to a cap, plus jitter, n back to 0 after a healthy spell. More than `max_restarts` crashes
inside the window, or `equal_signatures_max` equal crashes in a row without a healthy spell, are too many.

All times are real (monotonic) nanoseconds. The rule of growth and jitter is Akka's, the window is OTP's.
"""

from dataclasses import dataclass, replace

from edgelock.actors.restart_events import SECOND_NS, RestartBudget


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashRecord:
    """`crashes_ns` are those inside the window at the latest crash; `streak` counts since the last healthy spell."""

    budget: RestartBudget
    crashes_ns: tuple[int, ...] = ()
    streak: int = 0
    last_signature: str | None = None
    equal_signatures: int = 0
    ready_ns: int | None = None

    def ready(self, now_ns: int) -> "CrashRecord":
        """It is up: a healthy spell begins."""
        return replace(self, ready_ns=now_ns)

    def crashed(self, signature: str, now_ns: int) -> "CrashRecord":
        """One more crash."""
        before = self.ended(now_ns)
        return replace(
            before,
            crashes_ns=(*self._inside(now_ns), now_ns),
            streak=before.streak + 1,
            last_signature=signature,
            equal_signatures=before.equal_signatures + 1 if signature == before.last_signature else 1,
        )

    def ended(self, now_ns: int) -> "CrashRecord":
        """The life is over, whatever ended it; when it was a healthy one, the crashes before it were another story."""
        if self.ready_ns is not None and now_ns - self.ready_ns >= self.budget.healthy_ns:
            return replace(self, streak=0, last_signature=None, equal_signatures=0, ready_ns=None)
        return replace(self, ready_ns=None)

    def in_window(self, now_ns: int) -> int:
        """Crashes that still count against the budget."""
        return len(self._inside(now_ns))

    def beyond_budget(self) -> str | None:
        """Why the latest crash was one too many; None when it was not."""
        if len(self.crashes_ns) > self.budget.max_restarts:
            return f"more than {self.budget.max_restarts} crashes in {self.budget.window_ns // SECOND_NS} s"
        if self.equal_signatures >= self.budget.equal_signatures_max:
            return f"{self.equal_signatures} equal crashes in a row: {self.last_signature}"
        return None

    def backoff_ns(self, jitter: float) -> int:
        """The pause before the next life. `jitter` in 0..1 is drawn by the caller."""
        # Beyond 62 doublings any base is above any cap; the bound keeps the shift small.
        doublings = min(self.streak - 1, 62)
        backoff = min(self.budget.backoff_cap_ns, self.budget.backoff_base_ns << doublings)
        return backoff + int(backoff * self.budget.jitter_percent * jitter) // 100

    def _inside(self, now_ns: int) -> tuple[int, ...]:
        return tuple(at for at in self.crashes_ns if now_ns - at < self.budget.window_ns)
