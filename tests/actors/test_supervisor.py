"""The supervisor on real threads, with a clock and a timer that only move by hand."""

import asyncio
import random
import threading
from dataclasses import replace

import pytest
from pykka import ActorDeadError

from edgelock.actors import notices as notice
from edgelock.actors.base import SupervisedActor, stop_message
from edgelock.actors.cell import ChildState
from edgelock.actors.child_spec import ChildKind, RestartType
from edgelock.actors.clock import monotonic_ns
from edgelock.actors.lifecycle import Incarnation
from edgelock.actors.restart_events import RestartBudget
from edgelock.actors.supervision_limits import SupervisionLimits
from edgelock.actors.supervisor import Supervisor
from edgelock.actors.supervisor_messages import AddChild, RemoveChild, RestartChild, Shutdown, StartChildren
from edgelock.actors.timer import TimerKey, TimerThread
from tests.actors.runtime_doubles import (
    PATIENCE_S,
    SECOND,
    Book,
    Diary,
    Do,
    House,
    Note,
    NoticeBoard,
    ObedientActor,
    Prints,
    a_child,
    raising,
)

INFRASTRUCTURE = ChildKind.INFRASTRUCTURE
ERRORS = [ValueError("bad"), SystemExit(2), asyncio.CancelledError(), KeyboardInterrupt()]


class Gate:
    """Holds whoever calls it, from the moment `reached` until `open`."""

    def __init__(self) -> None:
        self.reached, self._open = threading.Event(), threading.Event()

    def __call__(self, *_: object) -> None:
        self.reached.set()
        assert self._open.wait(PATIENCE_S)

    def open(self) -> None:
        self._open.set()


class Hurdle:
    """Raises in the lives it is told to."""

    def __init__(self, *lives: int, error: BaseException | None = None) -> None:
        self.lives, self.error = set(lives), error or ValueError("hurdle")

    def __call__(self, life: int) -> None:
        if life in self.lives:
            raise self.error


def up(house: House, *names: str) -> None:
    for name in names:
        house.notices.wait_for(notice.ChildStarted, name=name)


# One for one.


def test_a_crashed_child_comes_back_alone_after_its_backoff():
    diary, other = Diary(), Diary()
    with House() as house:
        a = house.add(a_child("market:A", diary=diary))
        b = house.add(a_child("market:B", diary=other))
        up(house, "market:A", "market:B")

        a.tell(Do(raising(ValueError("bad fact"))))
        crash = house.notices.wait_for(notice.ChildCrashed, name="market:A")
        assert ChildState.BACKOFF is house.status("market:A").state
        house.timer.advance(SECOND // 2)
        restart = house.notices.wait_for(notice.ChildRestarted, name="market:A")

        assert (crash.reason, crash.phase, crash.incarnation) == ("ValueError: bad fact", "handle", 1)
        assert "Traceback" in crash.traceback
        assert (restart.incarnation, restart.restarts_in_window, restart.backoff_ns) == (2, 1, SECOND // 2)
        assert restart.down_ns == SECOND // 2
        a.tell(Note("after"))
        b.tell(Note("untouched"))
        diary.wait_for("after", incarnation=2)
        other.wait_for("untouched", incarnation=1)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_every_kind_of_error_in_a_handler_restarts_the_child_and_nobody_else(error):
    with House() as house:
        a, b = house.add(a_child("market:A")), house.add(a_child("market:B"))
        up(house, "market:A", "market:B")

        a.tell(Do(raising(error)))
        house.notices.wait_for(notice.ChildCrashed, name="market:A")
        house.timer.advance(SECOND)
        house.notices.wait_for(notice.ChildRestarted, name="market:A")

        answered = threading.Event()
        b.tell(Do(answered.set))
        assert answered.wait(PATIENCE_S)
        assert house.status("market:B").incarnation == 1


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_every_kind_of_error_at_the_start_counts_as_a_crash(error):
    with House() as house:
        house.add(a_child("market:A", at_start=Hurdle(1, error=error)))

        assert house.notices.wait_for(notice.ChildCrashed).phase == "on_start"
        house.timer.advance(SECOND)

        assert house.notices.wait_for(notice.ChildRestarted).incarnation == 2


def test_a_constructor_that_raises_and_a_thread_that_cannot_start_count_as_crashes():
    class Threadless(ObedientActor):
        def _start_actor_loop(self) -> None:
            raise RuntimeError("can't start new thread")

    def factory(incarnation: Incarnation) -> SupervisedActor:
        if incarnation.number == 1:
            raise SystemExit("in the supervisor's thread")
        return Threadless(incarnation) if incarnation.number == 2 else ObedientActor(incarnation)

    with House() as house:
        house.add(replace(a_child("market:A"), factory=factory))

        first = house.notices.wait_for(notice.ChildCrashed, incarnation=1)
        house.timer.advance(SECOND)
        second = house.notices.wait_for(notice.ChildCrashed, incarnation=2)
        house.timer.advance(2 * SECOND)

        assert (first.phase, second.phase) == ("launch", "launch")
        assert "can't start new thread" in second.reason
        assert house.notices.wait_for(notice.ChildRestarted).incarnation == 3


def test_a_child_that_stops_by_itself_is_restarted():
    with House() as house:
        a = house.add(a_child("market:A"))
        up(house, "market:A")

        a.tell(stop_message())

        assert house.notices.wait_for(notice.ChildCrashed).reason == "stopped by itself"
        house.timer.advance(SECOND)
        house.notices.wait_for(notice.ChildRestarted, incarnation=2)


def test_mail_behind_the_fatal_message_and_during_the_backoff_reaches_the_next_life():
    diary, gate = Diary(), Gate()
    with House() as house:
        a = house.add(a_child("market:A", diary=diary))
        up(house, "market:A")
        a.tell(Do(gate))
        assert gate.reached.wait(PATIENCE_S)
        for message in (
            Do(raising(ValueError("poison"))),
            Note("behind"),
            Book("a", 1),
            Prints((1, 2)),
        ):
            a.tell(message)
        gate.open()
        house.notices.wait_for(notice.ChildCrashed)
        for message in (Note("meanwhile"), Book("a", 2), Prints((3,))):
            assert a.tell(message)

        house.timer.advance(SECOND)

        diary.wait_for(Prints((1, 2, 3)), incarnation=2)
        assert ["on_start", "behind", "meanwhile", Book("a", 2), Prints((1, 2, 3))] == diary.of(2)
        assert house.status("market:A").lost.dead_letters == 0


def test_an_ask_behind_a_crash_is_answered_with_the_death_at_once():
    gate = Gate()
    with House() as house:
        a = house.add(a_child("market:A"))
        up(house, "market:A")
        a.tell(Do(gate))
        assert gate.reached.wait(PATIENCE_S)
        a.tell(Do(raising(ValueError("poison"))))
        asked = house.child("market:A").actor.actor_ref.ask(Note("?"), block=False)
        gate.open()

        with pytest.raises(ActorDeadError):
            asked.get(timeout=PATIENCE_S)


def test_a_dead_lifes_deadlines_do_not_reach_its_heir():
    diary = Diary()
    with House() as house:
        a = house.add(a_child("market:A", diary=diary))
        up(house, "market:A")
        house.timer.schedule(TimerKey("market:A", 1, "tick"), house.clock() + 1, a, Note("stale tick"))
        a.tell(Do(raising(ValueError("bad"))))
        house.notices.wait_for(notice.ChildCrashed)

        house.timer.advance(SECOND)
        house.notices.wait_for(notice.ChildRestarted)
        a.tell(Note("end"))

        diary.wait_for("end", incarnation=2)
        assert diary.of(2) == ["on_start", "end"]


def test_the_real_clock_and_the_real_timer_bring_a_child_back_too():
    board, timer, diary = NoticeBoard(), TimerThread(), Diary()
    timer.start()
    supervisor = Supervisor(
        infrastructure=(), timer=timer, notices=board, monotonic_ns=monotonic_ns, jitter=random.Random(1).random
    )
    supervisor.launch()
    supervisor.address.tell(StartChildren())
    spec = a_child("market:A", diary=diary, budget=RestartBudget(backoff_base_ns=SECOND // 1000))
    supervisor.address.tell(AddChild(spec))
    board.wait_for(notice.ChildStarted)

    spec.address.tell(Do(raising(ValueError("bad"))))
    spec.address.tell(Note("behind"))

    diary.wait_for("behind", incarnation=2)
    assert board.wait_for(notice.ChildRestarted).down_ns >= SECOND // 1000
    assert supervisor.shut_down(PATIENCE_S)
    assert timer.stop(PATIENCE_S)


def test_a_transient_child_that_ends_without_an_error_is_done_and_with_one_comes_back():
    with House() as house:
        a = house.add(replace(a_child("market:A"), restart=RestartType.TRANSIENT))
        up(house, "market:A")
        a.tell(Do(raising(ValueError("bad"))))
        house.notices.wait_for(notice.ChildCrashed)
        house.settle()
        house.timer.advance(SECOND)
        house.notices.wait_for(notice.ChildRestarted, incarnation=2)

        a.tell(stop_message())

        house.notices.wait_for(notice.ChildStopped, incarnation=2, is_abandoned=False)
        house.settle()
        assert house.supervisor.supervision_status().children == ()
        assert not a.tell(Note("nobody"))


def test_the_message_that_killed_is_told_and_counted_and_comes_only_once():
    diary = Diary()
    with House() as house:
        a = house.add(a_child("market:A", diary=diary))
        up(house, "market:A")
        house.child("market:A").actor.handle = poisoned(house.child("market:A").actor.handle)

        a.tell(Note("poison"))
        a.tell(Note("behind"))
        crash = house.notices.wait_for(notice.ChildCrashed)
        house.settle()
        house.timer.advance(SECOND)

        diary.wait_for("behind", incarnation=2)
        assert crash.message == "Note(text='poison')"
        assert "poison" not in diary.of(2)
        assert house.status("market:A").fatal_messages == 1
        assert len(house.notices.of(notice.ChildCrashed)) == 1


def poisoned(handle):
    def handle_or_die(message):
        if message == Note("poison"):
            raise ValueError("cannot stomach this")
        return handle(message)

    return handle_or_die


# Quarantine and the operator.


def test_a_child_beyond_its_budget_is_quarantined_and_comes_back_when_asked():
    diary, hurdle = Diary(), Hurdle(1, 2, 3)
    with House() as house:
        a = house.add(a_child("market:A", diary=diary, budget=RestartBudget(max_restarts=2), at_start=hurdle))
        for crash in (1, 2):
            house.notices.wait_for(notice.ChildCrashed, count=crash)
            a.tell(Note(f"mail {crash}"))
            house.timer.advance(60 * SECOND)
        quarantined = house.notices.wait_for(notice.ChildQuarantined)
        assert (quarantined.incarnation, quarantined.restarts_in_window) == (3, 3)
        assert ChildState.QUARANTINED is house.status("market:A").state
        house.timer.advance(3600 * SECOND)
        assert not a.tell(Note("nobody is coming"))
        assert house.status("market:A").lost.dead_letters == 3

        house.tell(RestartChild("market:A"))

        assert house.notices.wait_for(notice.ChildRestarted).incarnation == 4
        a.tell(Note("back"))
        diary.wait_for("back", incarnation=4)
        assert house.status("market:A").restarts_in_window == 0


def test_three_equal_crashes_are_quarantine_before_the_budget_is_spent():
    with House() as house:
        house.add(a_child("market:A", at_start=Hurdle(*range(1, 9))))
        for crash in (1, 2, 3):
            house.notices.wait_for(notice.ChildCrashed, count=crash)
            house.timer.advance(60 * SECOND)

        assert "equal crashes in a row" in house.notices.wait_for(notice.ChildQuarantined).reason


def test_an_operator_may_replace_a_running_child_without_it_counting_as_a_crash():
    diary = Diary()
    with House() as house:
        house.add(a_child("market:A", diary=diary))
        up(house, "market:A")

        house.tell(RestartChild("market:A"))

        restarted = house.notices.wait_for(notice.ChildRestarted)
        assert (restarted.incarnation, restarted.restarts_in_window, restarted.backoff_ns) == (2, 0, 0)
        assert diary.of(1) == ["on_start", "on_stop"]
        assert not house.notices.of(notice.ChildCrashed)


def test_an_operator_need_not_wait_for_the_backoff_and_the_old_delay_then_means_nothing():
    with House() as house:
        house.add(a_child("market:A", at_start=Hurdle(1)))
        house.notices.wait_for(notice.ChildCrashed)

        house.tell(RestartChild("market:A"))
        house.notices.wait_for(notice.ChildRestarted, incarnation=2)
        house.timer.advance(60 * SECOND)
        house.settle()

        assert house.status("market:A").incarnation == 2


@pytest.mark.parametrize("request_type", [RestartChild, RemoveChild])
@pytest.mark.parametrize("name", ["market:unknown", "risk"])
def test_what_cannot_be_done_is_refused_with_a_reason(request_type, name):
    with House(infrastructure=(a_child("risk", kind=INFRASTRUCTURE),)) as house:
        up(house, "risk")

        house.tell(request_type(name))

        assert house.notices.wait_for(notice.RequestRefused, name=name).reason
        assert ChildState.RUNNING is house.status("risk").state


# Storm.


def test_many_children_crashing_together_are_held_and_one_is_tried_first():
    names = [f"market:{letter}" for letter in "ABCD"]
    with House() as house:
        addresses = [house.add(a_child(name)) for name in names]
        up(house, *names)
        for address in addresses:
            address.tell(Do(raising(ValueError("shared cause"))))
            house.notices.wait_for(notice.ChildCrashed, name=address.name)

        held = house.notices.wait_for(notice.StormHeld)
        house.timer.advance(SECOND)
        house.settle()
        assert (tuple(names), 60 * SECOND) == (held.children, held.hold_ns)
        assert {ChildState.BACKOFF} == {house.status(name).state for name in names}

        kinds = [type(each) for each in house.notices.all]
        last_crash = max(at for at, kind in enumerate(kinds) if kind is notice.ChildCrashed)
        assert kinds[last_crash + 1] is notice.StormHeld

        house.timer.advance(60 * SECOND)
        probe = house.notices.wait_for(notice.ChildRestarted).name
        house.settle()
        assert sum(house.status(name).state is ChildState.BACKOFF for name in names) == 3

        house.timer.advance(5 * SECOND)
        assert probe == house.notices.wait_for(notice.StormOver).probe
        house.settle()
        house.timer.advance(SECOND)
        for name in names:
            house.notices.wait_for(notice.ChildRestarted, name=name)
        assert not house.supervisor.supervision_status().is_storm


# Hanging.


def test_a_hung_child_is_replaced_and_its_zombie_ends_without_doing_more():
    diary, gate = Diary(), Gate()
    with House() as house:
        a = house.add(a_child("market:A", diary=diary))
        up(house, "market:A")
        a.tell(Do(gate))
        assert gate.reached.wait(PATIENCE_S)
        a.tell(Note("behind the hang"))

        watch(house, 6)

        hung = house.notices.wait_for(notice.ChildHung)
        assert (hung.incarnation, hung.busy_with) == (1, "Do")
        assert "__call__" in hung.stack
        house.timer.advance(SECOND)
        house.notices.wait_for(notice.ChildRestarted, incarnation=2)
        diary.wait_for("behind the hang", incarnation=2)
        assert house.supervisor.supervision_status().zombies == 1

        gate.open()
        wait_until_no_zombie(house)
        assert diary.of(1) == ["on_start"]
        assert (house.status("market:A").incarnation, house.status("market:A").state) == (2, ChildState.RUNNING)
        assert not house.notices.of(notice.ChildCrashed)


def test_a_zombie_that_ends_before_its_heir_starts_is_not_a_second_crash():
    gate = Gate()
    with House() as house:
        a = house.add(a_child("market:A"))
        up(house, "market:A")
        a.tell(Do(gate))
        assert gate.reached.wait(PATIENCE_S)
        watch(house, 6, until=notice.ChildHung)
        gate.open()
        wait_until_no_zombie(house)

        assert house.status("market:A").restarts_in_window == 1
        assert not house.notices.of(notice.ChildCrashed)


def test_a_child_hung_in_its_start_is_replaced():
    gate = Gate()
    with House() as house:
        house.add(a_child("market:A", at_start=lambda life: gate() if life == 1 else None))
        assert gate.reached.wait(PATIENCE_S)

        watch(house, 6)

        assert house.notices.wait_for(notice.ChildHung).busy_with == "on_start"
        house.timer.advance(SECOND)
        house.notices.wait_for(notice.ChildRestarted, incarnation=2)
        gate.open()
        wait_until_no_zombie(house)


def test_a_child_that_ended_without_a_word_is_found_by_its_unread_mail():
    class Vanishing(ObedientActor):
        def _report_death(self) -> None:
            if self.incarnation.number == 1:
                self.ended.set()
            else:
                super()._report_death()

    with House() as house:
        a = house.add(replace(a_child("market:A"), factory=Vanishing))
        up(house, "market:A")
        actor = house.child("market:A").actor
        a.tell(Do(raising(ValueError("nobody hears this"))))
        assert actor.ended.wait(PATIENCE_S)
        a.tell(Note("unread"))

        watch(house, 6)

        assert house.notices.wait_for(notice.ChildHung).busy_with == "leaving its inbox unread"


def test_a_busy_child_that_comes_back_in_time_is_left_alone():
    gate = Gate()
    with House() as house:
        a = house.add(a_child("market:A"))
        up(house, "market:A")
        a.tell(Do(gate))
        assert gate.reached.wait(PATIENCE_S)
        watch(house, 4)
        gate.open()

        assert [hung.busy_with for hung in house.notices.of(notice.ChildHung)] != ["Do"]
        assert house.status("market:A").incarnation == 1


def test_a_starved_watchdog_accuses_nobody():
    gate = Gate()
    with House() as house:
        a = house.add(a_child("market:A"))
        up(house, "market:A")
        a.tell(Do(gate))
        assert gate.reached.wait(PATIENCE_S)

        house.timer.advance(60 * SECOND)
        starved = house.notices.wait_for(notice.WatchdogStarved)

        assert starved.late_ns > 50 * SECOND
        assert not house.notices.of(notice.ChildHung)
        gate.open()


def test_too_many_zombies_are_escalated():
    gate = Gate()
    with House(limits=SupervisionLimits(zombies_max=0)) as house:
        a = house.add(a_child("market:A"))
        up(house, "market:A")
        a.tell(Do(gate))
        assert gate.reached.wait(PATIENCE_S)

        watch(house, 6)

        assert "1 abandoned threads" in house.notices.wait_for(notice.Escalated).reason
        gate.open()


def watch(house: House, seconds: int, until: type | None = None) -> None:
    """Let the watchdog make its rounds over this many seconds, or until the first such notice."""
    for _ in range(4 * seconds):
        house.settle()
        if until is not None and house.notices.of(until):
            return
        house.timer.advance(SECOND // 4)
    house.settle()


def wait_until_no_zombie(house: House) -> None:
    for thread in threading.enumerate():
        if thread.name == "market:A#1":
            thread.join(PATIENCE_S)
    house.settle()
    assert house.supervisor.supervision_status().zombies == 0


# Infrastructure.


def test_infrastructure_starts_in_order_each_after_the_one_before_is_ready():
    gate, diary = Gate(), Diary()
    with House(
        infrastructure=(
            a_child("exchange", kind=INFRASTRUCTURE, at_start=gate, diary=diary),
            a_child("risk", kind=INFRASTRUCTURE),
        )
    ) as house:
        a = house.add(a_child("market:A", diary=diary))
        house.settle()
        a.tell(Note("early mail"))
        assert gate.reached.wait(PATIENCE_S)
        house.settle()
        states = [child.state for child in house.supervisor.supervision_status().children]
        assert states == [ChildState.STARTING, ChildState.NEW, ChildState.NEW]

        gate.open()

        diary.wait_for("early mail")
        up(house, "market:A")
        milestones = notice.ChildStarted | notice.InfrastructureReady
        order = [getattr(event, "name", event) for event in house.notices.all if isinstance(event, milestones)]
        assert ["exchange", "risk", notice.InfrastructureReady(), "market:A"] == order


def test_the_table_takes_infrastructure_only_and_each_name_once():
    risk = a_child("risk", kind=INFRASTRUCTURE)
    for table in ((risk, risk), (a_child("market:A"),)):
        with pytest.raises(ValueError, match="must be infrastructure"):
            House(infrastructure=table)


# Adding and removing.


def test_a_removed_child_is_forgotten_and_its_numbers_continue_when_it_returns():
    diary = Diary()
    with House() as house:
        a = house.add(a_child("market:A", diary=diary))
        up(house, "market:A")

        house.tell(RemoveChild("market:A"))
        house.notices.wait_for(notice.ChildStopped, is_abandoned=False)
        assert diary.of(1) == ["on_start", "on_stop"]
        assert house.supervisor.supervision_status().children == ()
        assert not a.tell(Note("gone"))

        house.add(a_child("market:A"))
        assert house.notices.wait_for(notice.ChildStarted, count=2).incarnation == 2


def test_the_zombie_of_a_removed_child_still_counts():
    gate = Gate()
    with House() as house:
        a = house.add(a_child("market:A", shutdown_ns=SECOND))
        up(house, "market:A")
        a.tell(Do(gate))
        assert gate.reached.wait(PATIENCE_S)
        house.tell(RemoveChild("market:A"))
        house.settle()
        house.timer.advance(SECOND)
        house.notices.wait_for(notice.ChildStopped, is_abandoned=True)
        house.settle()

        assert house.supervisor.supervision_status().children == ()
        assert house.supervisor.supervision_status().zombies == 1
        gate.open()
        wait_until_no_zombie(house)


def test_numbers_begin_where_the_spec_says():
    with House() as house:
        house.add(a_child("market:A", first_incarnation=41))

        assert house.notices.wait_for(notice.ChildStarted).incarnation == 41


def test_a_child_in_backoff_can_be_removed_and_does_not_come_back():
    with House() as house:
        house.add(a_child("market:A", at_start=Hurdle(1)))
        house.notices.wait_for(notice.ChildCrashed)

        house.tell(RemoveChild("market:A"))
        house.notices.wait_for(notice.ChildStopped)
        house.timer.advance(60 * SECOND)
        house.settle()

        assert house.supervisor.supervision_status().children == ()


def test_a_name_is_added_once_and_infrastructure_never():
    with House() as house:
        house.add(a_child("market:A"))
        house.add(a_child("market:A"))
        house.add(a_child("risk", kind=INFRASTRUCTURE))

        house.notices.wait_for(notice.RequestRefused, name="market:A")
        house.notices.wait_for(notice.RequestRefused, name="risk")
        assert len(house.supervisor.supervision_status().children) == 1


# Stopping.


def test_everything_stops_in_reverse_start_order_markets_first():
    order = Diary()

    def goes(name: str):
        return lambda _: order.write(0, name)

    house = House(
        infrastructure=tuple(
            a_child(name, kind=INFRASTRUCTURE, at_stop=goes(name)) for name in ("telemetry", "exchange", "risk")
        )
    )
    with house:
        house.add(a_child("market:A", at_stop=goes("market")))
        house.add(a_child("market:B", at_stop=goes("market")))
        up(house, "market:A", "market:B")

    assert order.of(0) == ["market", "market", "risk", "exchange", "telemetry"]
    assert house.supervisor.obituary is not None
    assert house.supervisor.obituary.expected


def test_a_child_that_does_not_stop_in_time_is_abandoned_and_the_others_stop_properly():
    gate, diary = Gate(), Diary()
    house = House(infrastructure=(a_child("risk", kind=INFRASTRUCTURE, diary=diary),))
    with house:
        a = house.add(a_child("market:A", shutdown_ns=2 * SECOND))
        up(house, "market:A")
        a.tell(Do(gate))
        assert gate.reached.wait(PATIENCE_S)
        house.tell(Shutdown())
        house.settle()

        house.timer.advance(2 * SECOND)

        house.notices.wait_for(notice.ChildStopped, name="market:A", is_abandoned=True)
        house.notices.wait_for(notice.ChildStopped, name="risk", is_abandoned=False)
        assert diary.of(1) == ["on_start", "on_stop"]
    gate.open()


def test_nothing_is_restarted_once_stopping():
    gate = Gate()
    house = House()
    with house:
        a, b = house.add(a_child("market:A")), house.add(a_child("market:B", at_start=Hurdle(1)))
        up(house, "market:A")
        house.notices.wait_for(notice.ChildCrashed, name="market:B")
        a.tell(Do(gate))
        assert gate.reached.wait(PATIENCE_S)
        house.tell(Shutdown())
        house.settle()

        house.tell(RestartChild("market:A"))
        house.tell(StartChildren())
        house.timer.advance(SECOND)
        house.settle()
        assert ChildState.STOPPED is house.status("market:B").state
        gate.open()

    assert not house.notices.of(notice.ChildRestarted)
    assert not b.tell(Note("nobody"))


def test_a_child_that_crashes_while_it_stops_is_reported_and_does_not_hold_up_the_stop():
    house = House()
    with house:
        house.add(a_child("market:A", at_stop=Hurdle(1)))
        up(house, "market:A")

    assert house.notices.wait_for(notice.ChildCrashed).phase == "on_stop"
    house.notices.wait_for(notice.ChildStopped, name="market:A")


def test_a_restart_loop_still_obeys_a_stop():
    with House() as house:
        budget = RestartBudget(max_restarts=10**6, equal_signatures_max=10**6, backoff_base_ns=0)
        house.add(a_child("market:A", at_start=Hurdle(*range(1000)), budget=budget))
        for crash in range(1, 50):
            house.notices.wait_for(notice.ChildCrashed, count=crash)
            house.timer.advance(1)


def test_a_supervisor_that_was_never_told_to_start_still_stops():
    house = House(infrastructure=(a_child("risk", kind=INFRASTRUCTURE),))
    house.supervisor.launch()

    assert house.supervisor.shut_down(PATIENCE_S)


# Watching the supervisor.


def test_a_notice_board_that_raises_does_not_harm_the_children():
    diary = Diary()
    with House(notices=raising(OSError("disk full"))) as house:
        a = house.add(a_child("market:A", diary=diary))
        house.settle()
        a.tell(Note("hello"))

        diary.wait_for("hello")
        assert house.supervisor.supervision_status().notices_failed >= 1


def test_status_shows_depths_and_what_each_child_is_doing():
    gate = Gate()
    with House() as house:
        a = house.add(a_child("market:A"))
        up(house, "market:A")
        a.tell(Do(gate))
        assert gate.reached.wait(PATIENCE_S)
        for message in (Note("1"), Note("2"), Book("a", 1), Book("a", 2)):
            a.tell(message)
        house.clock.advance(SECOND)

        status = house.status("market:A")

        assert (status.busy_with, status.busy_ns) == ("Do", SECOND)
        assert (status.inbox.fifo, status.inbox.latest, status.inbox.conflated) == (2, 1, 1)
        assert status.inbox.oldest_waiting_ns == SECOND
        with pytest.raises(KeyError):
            house.status("market:unknown")
        gate.open()


def test_status_shows_what_is_left_of_the_budget_and_of_the_backoff_and_since_when():
    with House() as house:
        house.add(a_child("market:A", at_start=Hurdle(1, error=ValueError("two\nlines"))))
        house.notices.wait_for(notice.ChildCrashed)
        house.settle()
        down_ns = house.clock()
        house.clock.advance(SECOND // 10)

        status = house.status("market:A")

        assert (status.state, status.incarnation) == (ChildState.BACKOFF, 1)
        assert (status.restarts_in_window, status.restarts_max, status.window_ns) == (1, 5, 600 * SECOND)
        assert status.backoff_left_ns == SECOND // 2 - SECOND // 10
        assert (status.state_since_ns, status.state_for_ns) == (down_ns, SECOND // 10)
        assert status.last_crash == "ValueError: two lines"
        assert status.last_signature is not None
        assert status.last_signature.startswith("ValueError@__call__")


def test_a_supervisor_dying_of_its_own_defect_is_seen_from_outside():
    house = House()
    house.supervisor.launch()

    house.supervisor._carry_out = raising(ZeroDivisionError("a defect"))
    house.tell(Note("anything"))

    assert house.supervisor.ended.wait(PATIENCE_S)
    assert house.supervisor.obituary is not None
    assert "ZeroDivisionError" in house.supervisor.obituary.signature
