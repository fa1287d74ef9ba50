"""The workers do every job that was put before they end, and a worker that fails is told of."""

import queue
import threading
from typing import cast

from edgelock.actors.order_workers import OrderWorkers
from edgelock.kalshi.rest import TradingRest

LONG_S = 10.0


class Connection:
    """Knows only when it is closed."""

    def __init__(self) -> None:
        self.closed = threading.Event()

    def close(self) -> None:
        """It is given back."""
        self.closed.set()


def the_workers(number: int) -> tuple[OrderWorkers, list[Connection], queue.SimpleQueue[Exception]]:
    connections: list[Connection] = []
    failures: queue.SimpleQueue[Exception] = queue.SimpleQueue()

    def open_rest() -> TradingRest:
        connections.append(Connection())
        return cast(TradingRest, connections[-1])

    return OrderWorkers(open_rest, number, on_broken=failures.put), connections, failures


def test_every_job_that_was_put_before_the_end_is_done_and_each_connection_closed():
    workers, connections, _ = the_workers(3)
    done: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(20):
        workers.put(lambda _, number=number: done.put(number))

    workers.start()
    workers.stop()

    assert sorted(done.get(timeout=LONG_S) for _ in range(20)) == list(range(20))
    assert [connection.closed.wait(LONG_S) for connection in connections] == [True] * 3


def test_a_job_that_raises_is_told_of_and_the_others_go_on():
    workers, _, failures = the_workers(2)
    done: queue.SimpleQueue[str] = queue.SimpleQueue()
    workers.start()

    workers.put(lambda _: 1 // 0)
    assert isinstance(failures.get(timeout=LONG_S), ZeroDivisionError)
    workers.put(lambda _: done.put("after"))

    assert done.get(timeout=LONG_S) == "after"
    workers.stop()


def test_workers_that_never_started_can_be_stopped():
    workers, connections, _ = the_workers(2)

    workers.stop()

    assert connections == []
