"""Every deadline of the program on one heap and one thread: "tell ADDRESS this MESSAGE at that moment".

A thread per timer doubles the threads and wedges at a few thousand; a poll in every actor fights for the interpreter
lock. One heap costs about 2 µs per deadline. Keys are (name, incarnation, purpose): scheduling a key again replaces
it, and once an incarnation is retired its deadlines are gone and a zombie cannot schedule new ones, so no deadline of
the dead ever reaches its heir. Times are real (monotonic) nanoseconds; `EngineClock.real_delay_ns` converts.
"""

import heapq
import threading
from collections.abc import Callable
from typing import NamedTuple, Protocol

from edgelock.actors.address import Address
from edgelock.actors.clock import monotonic_ns


class TimerKey(NamedTuple):
    """Whose deadline it is, and what for. One actor has at most one deadline per purpose."""

    name: str
    incarnation: int
    purpose: str


class Delivery(NamedTuple):
    """What is told to whom when the moment comes."""

    address: Address
    message: object


class Timer(Protocol):
    """What actors use; the thread below in a running program, a hand-moved one in tests."""

    def schedule(self, key: TimerKey, due_monotonic_ns: int, address: Address, message: object) -> None:
        """Tell `message` to `address` at or soon after `due_monotonic_ns`. Replaces what `key` had."""
        ...

    def cancel(self, key: TimerKey) -> None:
        """Forget the deadline of `key`, if there is one."""
        ...

    def retire(self, name: str, incarnation: int) -> None:
        """Forget every deadline of this incarnation and older ones, and take no new ones from them."""
        ...


class TimerHeap:
    """Deadlines in order of time; no thread and no clock of its own, not safe to share without a lock."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, TimerKey]] = []
        self._current: dict[TimerKey, tuple[int, Delivery]] = {}
        self._keys_of: dict[str, set[TimerKey]] = {}
        self._retired: dict[str, int] = {}
        self._number = 0

    def __len__(self) -> int:
        return len(self._current)

    def schedule(self, key: TimerKey, due_ns: int, delivery: Delivery) -> None:
        """Set or replace the deadline of `key`; ignored when its incarnation is retired."""
        if key.incarnation <= self._retired.get(key.name, -1):
            return
        self._number += 1
        self._current[key] = (self._number, delivery)
        self._keys_of.setdefault(key.name, set()).add(key)
        heapq.heappush(self._heap, (due_ns, self._number, key))
        self._compact()

    def cancel(self, key: TimerKey) -> None:
        """Forget the deadline of `key`, if there is one."""
        if self._current.pop(key, None) is not None:
            keys = self._keys_of[key.name]
            keys.discard(key)
            if not keys:
                del self._keys_of[key.name]

    def retire(self, name: str, incarnation: int) -> None:
        """Forget every deadline of `name` up to `incarnation`, and refuse new ones for those incarnations."""
        self._retired[name] = max(incarnation, self._retired.get(name, -1))
        for key in tuple(self._keys_of.get(name, ())):
            if key.incarnation <= incarnation:
                self.cancel(key)

    def pop_due(self, now_ns: int) -> list[Delivery]:
        """Take out everything due at `now_ns`, earliest first; equal times in the order they were scheduled."""
        due = []
        while self._heap and self._heap[0][0] <= now_ns:
            _, number, key = heapq.heappop(self._heap)
            if self._is_current(number, key):
                due.append(self._current[key][1])
                self.cancel(key)
        return due

    def next_due_ns(self) -> int | None:
        """The earliest deadline, None when there is none."""
        while self._heap and not self._is_current(*self._heap[0][1:]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _is_current(self, number: int, key: TimerKey) -> bool:
        entry = self._current.get(key)
        return entry is not None and entry[0] == number

    def _compact(self) -> None:
        # Replaced and cancelled rows stay in the heap until they surface; rebuild before they outnumber the living.
        if len(self._heap) > 64 and len(self._heap) > 2 * len(self._current):
            self._heap = [row for row in self._heap if self._is_current(*row[1:])]
            heapq.heapify(self._heap)


class TimerThread:
    """The program's timer: a daemon thread that waits for the next deadline and tells it. `start`, then `stop`."""

    def __init__(self, monotonic: Callable[[], int] = monotonic_ns) -> None:
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._heap = TimerHeap()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="timer", daemon=True)

    def start(self) -> None:
        """Begin to deliver. Deadlines may be scheduled before."""
        self._thread.start()

    def stop(self, timeout_s: float = 1) -> bool:
        """End the thread; deadlines still waiting are forgotten. True when it ended in time."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def schedule(self, key: TimerKey, due_monotonic_ns: int, address: Address, message: object) -> None:
        """Tell `message` to `address` at or soon after `due_monotonic_ns`. Replaces what `key` had."""
        with self._changed:
            before = self._heap.next_due_ns()
            self._heap.schedule(key, due_monotonic_ns, Delivery(address, message))
            if before is None or due_monotonic_ns < before:
                self._changed.notify()

    def cancel(self, key: TimerKey) -> None:
        """Forget the deadline of `key`, if there is one."""
        with self._changed:
            self._heap.cancel(key)

    def retire(self, name: str, incarnation: int) -> None:
        """Forget the deadlines of a dead incarnation and take no new ones from it."""
        with self._changed:
            self._heap.retire(name, incarnation)

    def look_again(self) -> None:
        """Read the clock now; for a clock that was moved by hand."""
        with self._changed:
            self._changed.notify()

    def _run(self) -> None:
        while (due := self._wait_for_due()) is not None:
            # Told without the lock: a receiver's inbox may be slow, and may schedule in turn.
            for delivery in due:
                delivery.address.tell(delivery.message)

    def _wait_for_due(self) -> list[Delivery] | None:
        with self._changed:
            while not self._stopping:
                now = self._monotonic()
                if due := self._heap.pop_due(now):
                    return due
                next_due = self._heap.next_due_ns()
                self._changed.wait(None if next_due is None else (next_due - now) / 1_000_000_000)
            return None
