"""The few threads that send orders, each with a connection of its own, doing one job after another.

Every request has a deadline, but not everything in a job obeys it: a name that is looked up may not come back for
minutes. Whoever owns the workers asks now and then whether one is stuck.
"""

import queue
import threading
from collections.abc import Callable

from edgelock.actors.clock import monotonic_s
from edgelock.actors.send_gate import SendGate
from edgelock.kalshi.rest import TradingRest

Job = Callable[[TradingRest], None]


class OrderWorkers:
    """`start`, `put` jobs, `end`. A job that raises ends its worker and is told to `on_broken`, on that thread.

    gate  once it is shut, a job that has not begun never does
    """

    def __init__(
        self,
        open_rest: Callable[[], TradingRest],
        number: int,
        *,
        gate: SendGate,
        on_broken: Callable[[Exception], None],
        monotonic: Callable[[], float] = monotonic_s,
    ) -> None:
        self._open_rest = open_rest
        self._gate = gate
        self._on_broken = on_broken
        self._monotonic = monotonic
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._began: dict[int, float] = {}
        self._threads = [
            threading.Thread(target=self._work, args=(number,), name=f"order-worker-{number}", daemon=True)
            for number in range(number)
        ]

    def start(self) -> None:
        """Connect; jobs that wait are done at once."""
        for thread in self._threads:
            thread.start()

    def put(self, job: Job) -> None:
        """Have the first free worker do it."""
        self._jobs.put(job)

    def end(self) -> None:
        """Tell all workers to end after their present job, or, while the gate is open, after the jobs put before."""
        for _ in self._threads:
            self._jobs.put(None)

    def join(self, deadline: float) -> None:
        """Wait until they have ended, at most until then (monotonic seconds)."""
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(deadline - self._monotonic(), 0))

    def longest_s(self) -> float:
        """For how long the oldest job has been under way (real seconds); 0 when there is none."""
        began = tuple(self._began.values())
        return self._monotonic() - min(began) if began else 0.0

    def _work(self, number: int) -> None:
        rest = self._open_rest()
        try:
            while (job := self._jobs.get()) is not None:
                if self._gate.is_shut:
                    continue
                self._began[number] = self._monotonic()
                job(rest)
                del self._began[number]
        except Exception as error:  # noqa: BLE001 - firewall of the thread: the door must hear that a worker is gone
            self._on_broken(error)
        finally:
            rest.close()
