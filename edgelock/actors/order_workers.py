"""The few threads that send orders, each with a connection of its own, doing one job after another."""

import queue
import threading
from collections.abc import Callable

from edgelock.kalshi.rest import TradingRest

STOP_WITHIN_S = 1.0

Job = Callable[[TradingRest], None]


class OrderWorkers:
    """`start`, `put` jobs, `stop`. A job that raises ends its worker and is told to `on_broken`, on that thread."""

    def __init__(
        self, open_rest: Callable[[], TradingRest], number: int, *, on_broken: Callable[[Exception], None]
    ) -> None:
        self._open_rest = open_rest
        self._on_broken = on_broken
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"order-worker-{n}", daemon=True) for n in range(number)
        ]

    def start(self) -> None:
        """Connect; jobs that wait are done at once."""
        for thread in self._threads:
            thread.start()

    def put(self, job: Job) -> None:
        """Have the first free worker do it."""
        self._jobs.put(job)

    def stop(self) -> None:
        """End, after the jobs that were put before; a request that hangs is left to itself."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(STOP_WITHIN_S)

    def _work(self) -> None:
        rest = self._open_rest()
        try:
            while (job := self._jobs.get()) is not None:
                job(rest)
        except Exception as error:  # noqa: BLE001 - firewall of the thread: the door must hear that a worker is gone
            self._on_broken(error)
        finally:
            rest.close()
