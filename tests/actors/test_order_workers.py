"""The workers do every job that was put before they end, none once the gate is shut, and failures are told."""

import queue
import threading
import time
from typing import cast

from edgelock.actors.order_workers import OrderWorkers
from edgelock.actors.send_gate import SendGate
from edgelock.kalshi.rest import TradingRest

LONG_S = 10.0


class Connection:
    """Knows only when it is closed."""

    def __init__(self) -> None:
        self.closed = threading.Event()

    def close(self) -> None:
        """It is given back."""
        self.closed.set()


def the_workers(
    number: int, gate: SendGate | None = None
) -> tuple[OrderWorkers, list[Connection], queue.SimpleQueue[Exception]]:
    connections: list[Connection] = []
    failures: queue.SimpleQueue[Exception] = queue.SimpleQueue()

    def open_rest() -> TradingRest:
        connections.append(Connection())
        return cast(TradingRest, connections[-1])

    workers = OrderWorkers(open_rest, number, gate=gate or SendGate(), on_broken=failures.put)
    return workers, connections, failures


def finish(workers: OrderWorkers) -> None:
    workers.end()
    workers.join(time.monotonic() + LONG_S)


def test_every_job_that_was_put_before_the_end_is_done_and_each_connection_closed():
    workers, connections, _ = the_workers(3)
    done: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(20):
        workers.put(lambda _, number=number: done.put(number))

    workers.start()
    finish(workers)

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
    finish(workers)


def test_workers_that_never_started_can_be_stopped():
    workers, connections, _ = the_workers(2)

    finish(workers)

    assert connections == []


def test_once_the_gate_is_shut_a_job_that_waits_is_never_begun():
    gate = SendGate()
    workers, _, _ = the_workers(1, gate)
    began, may_end, done = threading.Event(), threading.Event(), []
    workers.put(lambda _: (began.set(), may_end.wait(LONG_S)))
    workers.put(lambda _: done.append("too late"))
    workers.start()
    assert began.wait(LONG_S)

    gate.shut()
    may_end.set()
    finish(workers)

    assert done == []


def test_how_long_the_oldest_job_has_been_under_way_is_known():
    workers, _, _ = the_workers(1)
    assert workers.longest_s() == 0.0
    began, may_end = threading.Event(), threading.Event()
    workers.put(lambda _: (began.set(), may_end.wait(LONG_S)))
    workers.start()
    assert began.wait(LONG_S)

    assert workers.longest_s() > 0.0
    may_end.set()
    finish(workers)
    assert workers.longest_s() == 0.0
