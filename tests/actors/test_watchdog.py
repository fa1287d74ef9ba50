"""Who is accused of hanging and who is not, how often hearts are asked to beat, and when a mailbox is told of."""

import threading
from dataclasses import replace

from edgelock.actors import notices as notice
from edgelock.actors.supervision_limits import SupervisionLimits
from tests.actors.runtime_doubles import PATIENCE_S, SECOND, Do, House, Note, ObedientActor, a_child, raising
from tests.actors.supervised_house import Gate

ROUND = SECOND // 4


def rounds(house: House, count: int) -> None:
    for _ in range(count):
        house.settle()
        house.timer.advance(ROUND)
    house.settle()


class Steps:
    """Handlers that each take until the test says that they are over."""

    def __init__(self) -> None:
        self._may_end, self._has_ended = threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self) -> None:
        assert self._may_end.acquire(timeout=PATIENCE_S)
        self._has_ended.release()

    def finish_one(self) -> None:
        self._may_end.release()
        assert self._has_ended.acquire(timeout=PATIENCE_S)


def test_an_actor_that_is_only_far_behind_is_not_accused():
    with House() as house:
        address, steps = house.add(a_child()), Steps()
        house.notices.wait_for(notice.ChildStarted)
        for _ in range(60):
            address.tell(Do(steps))

        for _ in range(40):
            house.settle()
            steps.finish_one()
            house.timer.advance(ROUND)
        house.settle()

        assert house.status("market:A").inbox.fifo >= 19
        assert not house.notices.of(notice.ChildHung)
        for _ in range(20):
            steps.finish_one()


def test_a_heartbeat_is_answered_between_two_messages_and_does_not_count_as_one():
    with House() as house:
        address = house.add(a_child())
        house.notices.wait_for(notice.ChildStarted)
        rounds(house, 1)
        answered = threading.Event()
        address.tell(Do(answered.set))
        assert answered.wait(PATIENCE_S)

        actor, cell = house.child("market:A").actor, house.child("market:A")
        assert actor.answered_ns == cell.beat_ns == house.clock()
        address.tell(Do(gate := Gate()))
        assert gate.reached.wait(PATIENCE_S)
        assert house.status("market:A").handled_count == 1
        gate.open()


def test_one_that_does_not_answer_is_asked_once_and_not_again_at_every_round():
    with House() as house:
        address, gate = house.add(replace(a_child(), hung_after_ns=3600 * SECOND)), Gate()
        house.notices.wait_for(notice.ChildStarted)
        address.tell(Do(gate))
        assert gate.reached.wait(PATIENCE_S)

        rounds(house, 40)

        assert house.status("market:A").inbox.control == 1
        gate.open()


def test_a_heartbeat_that_nobody_took_does_not_reach_the_next_life_and_is_not_counted_as_lost():
    with House() as house:
        address, gate = house.add(a_child()), Gate()
        house.notices.wait_for(notice.ChildStarted)

        def die_later() -> None:
            gate()
            raise ValueError("bad")

        address.tell(Do(die_later))
        assert gate.reached.wait(PATIENCE_S)
        rounds(house, 1)
        gate.open()
        house.notices.wait_for(notice.ChildCrashed)
        house.settle()

        assert house.status("market:A").inbox.depth == 0
        assert house.status("market:A").lost.control_dropped == 0


def test_a_handler_that_began_before_the_machines_pause_has_its_full_time_after_it():
    with House() as house:
        address, gate = house.add(a_child()), Gate()
        house.notices.wait_for(notice.ChildStarted)
        address.tell(Do(gate))
        assert gate.reached.wait(PATIENCE_S)
        house.settle()
        house.timer.advance(60 * SECOND)
        house.notices.wait_for(notice.WatchdogStarved)

        rounds(house, 20)
        assert not house.notices.of(notice.ChildHung)
        rounds(house, 2)

        assert house.notices.wait_for(notice.ChildHung).busy_ns <= 6 * SECOND
        gate.open()


def test_a_thread_that_never_begins_is_found():
    gate = Gate(1)

    class Unborn(ObedientActor):
        def _actor_loop(self) -> None:
            gate(self.incarnation.number)
            super()._actor_loop()

    with House() as house:
        house.add(replace(a_child(), factory=Unborn))
        assert gate.reached.wait(PATIENCE_S)
        rounds(house, 22)

        assert house.notices.wait_for(notice.ChildHung).busy_with == "starting its thread"
        house.timer.advance(SECOND)
        house.notices.wait_for(notice.ChildRestarted, incarnation=2)
        gate.open()


def test_a_deep_mailbox_is_told_of_once_and_again_after_an_hour():
    limits = SupervisionLimits(deep_fifo=3, starved_after_ns=10**18)
    with House(limits=limits) as house:
        address, gate = house.add(replace(a_child(), hung_after_ns=10**18)), Gate()
        house.notices.wait_for(notice.ChildStarted)
        address.tell(Do(gate))
        assert gate.reached.wait(PATIENCE_S)
        address.tell(Note("1"))
        address.tell(Note("2"))
        rounds(house, 2)
        assert not house.notices.of(notice.MailboxDeep)

        address.tell(Note("3"))
        rounds(house, 4)
        assert [notice.MailboxDeep(name="market:A", depth=3)] == house.notices.of(notice.MailboxDeep)
        assert house.status("market:A").inbox.fifo == 3

        address.tell(Note("4"))
        house.timer.advance(3600 * SECOND)
        rounds(house, 2)
        assert [told.depth for told in house.notices.of(notice.MailboxDeep)] == [3, 4]
        gate.open()


def test_the_mail_of_a_child_in_its_backoff_is_watched_too():
    with House(limits=SupervisionLimits(deep_fifo=2)) as house:
        address = house.add(a_child())
        house.notices.wait_for(notice.ChildStarted)
        address.tell(Do(raising(ValueError("bad"))))
        house.notices.wait_for(notice.ChildCrashed)
        house.settle()
        for text in ("1", "2"):
            address.tell(Note(text))

        rounds(house, 1)

        assert house.notices.wait_for(notice.MailboxDeep).depth == 2
