"""Deadlines: the heap against a slow, obvious model, and the thread that delivers them."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from edgelock.actors.address import Address
from edgelock.actors.inbox import LanedInbox
from edgelock.actors.timer import Delivery, TimerHeap, TimerKey, TimerThread
from tests.actors.runtime_doubles import SECOND, ManualClock

KEYS = st.builds(TimerKey, st.sampled_from("AB"), st.integers(1, 3), st.sampled_from(["tick", "retry"]))
STEPS = st.one_of(
    st.tuples(st.just("schedule"), KEYS, st.integers(0, 100)),
    st.tuples(st.just("cancel"), KEYS),
    st.tuples(st.just("retire"), st.sampled_from("AB"), st.integers(1, 3)),
    st.tuples(st.just("advance"), st.integers(0, 40)),
)


@given(st.lists(STEPS, max_size=120))
def test_the_heap_delivers_what_a_plain_list_would(steps):
    heap, address, now = TimerHeap(), Address("x"), 0
    model: dict[TimerKey, tuple[int, int]] = {}
    retired = {"A": 0, "B": 0}
    for number, step in enumerate(steps):
        match step:
            case ("schedule", key, after):
                heap.schedule(key, now + after, Delivery(address, number))
                if key.incarnation > retired[key.name]:
                    model[key] = (now + after, number)
            case ("cancel", key):
                heap.cancel(key)
                model.pop(key, None)
            case ("retire", name, incarnation):
                heap.retire(name, incarnation)
                retired[name] = max(retired[name], incarnation)
                model = {k: v for k, v in model.items() if k.name != name or k.incarnation > retired[name]}
            case ("advance", by):
                now += by
                due = sorted(row for row in model.values() if row[0] <= now)
                model = {k: v for k, v in model.items() if v[0] > now}
                assert [number for _, number in due] == [delivery.message for delivery in heap.pop_due(now)]
        assert len(model) == len(heap)
        assert min((due for due, _ in model.values()), default=None) == heap.next_due_ns()


def test_a_key_that_is_rescheduled_for_ever_does_not_grow_the_heap():
    heap, key = TimerHeap(), TimerKey("A", 1, "tick")
    for n in range(10_000):
        heap.schedule(key, n, Delivery(Address("x"), n))

    assert len(heap) == 1
    assert len(heap._heap) <= 100


class Receiver:
    """An address with somebody at it."""

    def __init__(self) -> None:
        self.address = Address("receiver")
        self.inbox = LanedInbox(ManualClock())
        self.address.point_at(self.inbox)


def test_the_thread_delivers_when_the_moment_has_come_and_not_before():
    clock, receiver = ManualClock(), Receiver()
    timer = TimerThread(clock)
    timer.start()
    for place, name in enumerate(("first", "second")):
        due = clock() + (place + 1) * SECOND
        timer.schedule(TimerKey("A", 1, name), due, receiver.address, name)

    timer.look_again()
    assert receiver.inbox.empty()
    clock.advance(SECOND)
    timer.look_again()

    assert receiver.inbox.get().message == "first"
    clock.advance(SECOND)
    timer.look_again()
    assert receiver.inbox.get().message == "second"
    assert timer.stop()


def test_an_earlier_deadline_wakes_a_thread_that_waits_for_a_later_one():
    receiver, timer = Receiver(), TimerThread()
    timer.start()
    timer.schedule(TimerKey("A", 1, "later"), timer._monotonic() + 3600 * SECOND, receiver.address, "later")

    timer.schedule(TimerKey("A", 1, "now"), timer._monotonic(), receiver.address, "now")

    assert receiver.inbox.get().message == "now"
    assert timer.stop()


def test_cancelled_and_retired_deadlines_never_arrive():
    clock, receiver = ManualClock(), Receiver()
    timer = TimerThread(clock)
    for name, purpose in (("A", "cancelled"), ("B", "retired"), ("C", "kept")):
        timer.schedule(TimerKey(name, 1, purpose), clock(), receiver.address, purpose)
    timer.cancel(TimerKey("A", 1, "cancelled"))
    timer.retire("B", 1)
    timer.schedule(TimerKey("B", 1, "from a zombie"), clock(), receiver.address, "from a zombie")

    timer.start()

    assert receiver.inbox.get().message == "kept"
    assert receiver.inbox.empty()
    assert timer.stop()


def test_the_heap_is_not_locked_while_a_message_is_delivered():
    clock, reached = ManualClock(), threading.Event()
    timer = TimerThread(clock)

    class Rescheduling(Address):
        """Schedules from inside its own tell, as no real address would."""

        def tell(self, message: object) -> bool:
            timer.cancel(TimerKey("A", 1, "other"))
            reached.set()
            return True

    timer.schedule(TimerKey("A", 1, "tick"), clock(), Rescheduling("x"), "tick")
    timer.start()

    assert reached.wait(10)
    assert timer.stop()
