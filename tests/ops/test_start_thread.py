"""The steps of a start, in order, and what the main thread hears of their end."""

import threading

from edgelock.ops.run_events import RunEvents, Started, StartFailed
from edgelock.ops.start_thread import StartThread
from tests.actors.runtime_doubles import PATIENCE_S


def test_the_steps_are_done_in_order_and_then_the_start_is_done():
    done, events = [], RunEvents()

    StartThread((lambda: done.append(1), lambda: done.append(2)), events).start()

    assert events.next(PATIENCE_S) == Started()
    assert done == [1, 2]


def test_the_first_step_that_fails_is_the_last():
    done, events = [], RunEvents()
    error = OSError("no answer")

    def fail():
        raise error

    StartThread((fail, lambda: done.append(2)), events).start()

    assert events.next(PATIENCE_S) == StartFailed(error)
    assert done == []


def test_an_abandoned_start_begins_no_further_step_and_says_nothing():
    done, events = [], RunEvents()
    is_waiting, may_go_on, is_over = threading.Event(), threading.Event(), threading.Event()

    def wait_for_the_venue():
        is_waiting.set()
        may_go_on.wait(PATIENCE_S)
        is_over.set()

    start = StartThread((wait_for_the_venue, lambda: done.append(2)), events)
    start.start()
    assert is_waiting.wait(PATIENCE_S)
    start.abandon()
    may_go_on.set()

    assert is_over.wait(PATIENCE_S)
    assert events.next(0.2) is None
    assert done == []


def test_the_failure_of_an_abandoned_start_is_told_to_nobody():
    events, is_waiting, may_go_on = RunEvents(), threading.Event(), threading.Event()

    def fail_late():
        is_waiting.set()
        may_go_on.wait(PATIENCE_S)
        raise OSError("no answer")

    start = StartThread((fail_late,), events)
    start.start()
    assert is_waiting.wait(PATIENCE_S)
    start.abandon()
    may_go_on.set()

    assert events.next(0.2) is None
