"""The part of a start that waits for the venue, on a thread of its own.

A venue that does not answer may hold a start for a minute. Meanwhile the main thread hears of everything else: a
signal that ends the run at once, the kill switch, a supervisor that gives up.
"""

import threading
from collections.abc import Callable

from edgelock.ops.run_events import RunEvents, Started, StartFailed


class StartThread:
    """Runs the steps of a start in order; ends with `Started`, or with `StartFailed` at the first that raises.

    `abandon` lets no further step begin; the one that is waiting is left to its own deadlines, and its end is told to
    nobody.
    """

    def __init__(self, steps: tuple[Callable[[], None], ...], events: RunEvents) -> None:
        self._steps = steps
        self._events = events
        self._is_abandoned = threading.Event()
        self._thread = threading.Thread(target=self._run, name="start", daemon=True)

    def start(self) -> None:
        """Begin with the first step."""
        self._thread.start()

    def abandon(self) -> None:
        """The run ends before it has begun."""
        self._is_abandoned.set()

    def _run(self) -> None:
        try:
            for step in self._steps:
                if self._is_abandoned.is_set():
                    return
                step()
        except Exception as error:  # noqa: BLE001 - firewall of the thread: the main thread raises it again
            self._tell(StartFailed(error))
        else:
            self._tell(Started())

    def _tell(self, event: Started | StartFailed) -> None:
        if not self._is_abandoned.is_set():
            self._events.put(event)
