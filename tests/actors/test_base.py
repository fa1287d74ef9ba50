"""Every way an actor can end is told exactly once, and none takes others with it."""

import asyncio
import threading

import pytest
from pykka import ActorDeadError, ActorRegistry, ThreadingActor

from edgelock.actors.address import Address
from edgelock.actors.base import AskInsideActor, Firewalled, SupervisedActor, stop_message
from edgelock.actors.inbox import LanedInbox
from edgelock.actors.lifecycle import Died, Heartbeat, Phase, Started
from tests.actors.runtime_doubles import (
    PATIENCE_S,
    Diary,
    Do,
    ManualClock,
    Note,
    ObedientActor,
    a_life,
    raising,
)

FATAL = [
    ValueError("bad fact"),
    SystemExit(3),
    KeyboardInterrupt(),
    asyncio.CancelledError(),
    GeneratorExit(),
    pytest.fail.Exception("inside an actor"),
]


class Parent:
    """The supervisor's end of the line: an address whose mail the test reads."""

    def __init__(self) -> None:
        self.address = Address("parent")
        self.inbox = LanedInbox(ManualClock())
        self.address.point_at(self.inbox)

    def told(self, actor: SupervisedActor) -> list[object]:
        """Everything told by the time the actor's thread is over."""
        assert actor.thread is not None
        actor.thread.join(PATIENCE_S)
        assert not actor.thread.is_alive()
        messages = []
        while not self.inbox.empty():
            messages.append(self.inbox.get().message)
        return messages


def launched(parent: Parent, **fields: object) -> ObedientActor:
    actor = ObedientActor(a_life("market:A", 7, parent.address), **fields)
    actor.launch()
    return actor


def the_death(told: list[object]) -> Died:
    deaths = [message for message in told if isinstance(message, Died)]
    assert len(deaths) == 1, told
    return deaths[0]


@pytest.mark.parametrize("error", FATAL, ids=lambda error: type(error).__name__)
def test_a_failing_tell_is_one_death_with_its_reason_and_place(error):
    parent = Parent()
    actor = launched(parent)

    actor.incarnation.address.tell(Do(raising(error)))

    death = the_death(parent.told(actor))
    assert (death.name, death.incarnation, death.phase, death.expected) == ("market:A", 7, Phase.HANDLE, False)
    assert death.signature.startswith(f"{type(error).__name__}@fail:")
    assert death.reason_text.startswith((type(error).__name__, f"{type(error).__module__}."))
    assert "Traceback" in death.traceback_text


@pytest.mark.parametrize("error", FATAL, ids=lambda error: type(error).__name__)
def test_a_failing_ask_answers_the_asker_and_kills_the_actor(error):
    parent = Parent()
    actor = launched(parent)

    with pytest.raises(type(error) if isinstance(error, Exception) else Firewalled):
        actor.actor_ref.ask(Do(raising(error)), timeout=PATIENCE_S)

    assert type(error).__name__ in the_death(parent.told(actor)).signature


@pytest.mark.parametrize("error", FATAL, ids=lambda error: type(error).__name__)
def test_a_failing_start_is_one_death_and_no_start(error):
    parent = Parent()

    told = parent.told(launched(parent, at_start=raising(error)))

    assert Phase.ON_START is the_death(told).phase
    assert not [message for message in told if isinstance(message, Started)]


@pytest.mark.parametrize("error", FATAL, ids=lambda error: type(error).__name__)
def test_a_failing_stop_is_one_death_that_was_not_expected(error):
    parent = Parent()
    actor = launched(parent, at_stop=raising(error))

    actor.incarnation.address.tell(stop_message())

    death = the_death(parent.told(actor))
    assert (death.phase, death.expected) == (Phase.ON_STOP, False)


@pytest.mark.parametrize("error", FATAL, ids=lambda error: type(error).__name__)
def test_a_failing_failure_hook_is_still_one_death(error):
    class Clumsy(ObedientActor):
        def on_failure(self, *_: object) -> None:
            raise error

    parent = Parent()
    actor = Clumsy(a_life("market:A", 7, parent.address))
    actor.launch()

    actor.incarnation.address.tell(Do(raising(ArithmeticError("the cause"))))

    assert "ArithmeticError" in the_death(parent.told(actor)).signature


def test_a_normal_end_is_expected_and_told_after_the_start():
    parent = Parent()
    actor = launched(parent)

    actor.incarnation.address.tell(stop_message())

    started, died = parent.told(actor)
    assert Started(name="market:A", incarnation=7) == started
    assert (died.expected, died.reason_text, died.traceback_text) == (True, "ended normally", "")


def test_one_system_exit_leaves_every_other_actor_alone():
    parent, other = Parent(), Parent()
    bystander = launched(other)
    plain = ThreadingActor.start()
    actor = launched(parent)

    actor.incarnation.address.tell(Do(raising(SystemExit(1))))
    parent.told(actor)

    assert bystander.actor_ref.is_alive()
    assert plain.is_alive()
    assert bystander.actor_ref.ask(Do(lambda: "still here"), timeout=PATIENCE_S) == "still here"
    bystander.stop()
    other.told(bystander)
    plain.stop()


def test_messages_behind_the_fatal_one_wait_for_the_next_life():
    parent = Parent()
    actor = launched(parent)
    gate = threading.Event()
    address = actor.incarnation.address
    address.tell(Do(lambda: gate.wait(PATIENCE_S)))
    address.tell(Do(raising(ValueError("poison"))))
    address.tell(Note("behind"))
    asked = actor.actor_ref.ask(Do(lambda: "never"), block=False)
    gate.set()
    parent.told(actor)

    heir = LanedInbox(ManualClock())
    address.point_at(heir)

    assert Note("behind") == heir.get().message
    assert heir.empty()
    with pytest.raises(ActorDeadError):
        asked.get(timeout=PATIENCE_S)


def test_asking_from_an_actor_raises_instead_of_waiting():
    parent = Parent()
    actor, other = launched(parent), launched(Parent())

    with pytest.raises(AskInsideActor):
        actor.actor_ref.ask(Do(lambda: other.actor_ref.ask(Note("?"))), timeout=PATIENCE_S)

    assert "AskInsideActor" in the_death(parent.told(actor)).signature
    other.stop()


def test_the_busy_mark_names_the_message_and_its_moment():
    parent = Parent()
    actor = launched(parent)
    reached, gate = threading.Event(), threading.Event()
    actor.actor_ref.ask(Do(lambda: None), timeout=PATIENCE_S)

    def wait_here() -> None:
        reached.set()
        gate.wait(PATIENCE_S)

    actor.incarnation.address.tell(Do(wait_here))
    assert reached.wait(PATIENCE_S)
    assert (actor.incarnation.monotonic_ns(), "Do") == actor.busy
    gate.set()
    actor.stop()
    parent.told(actor)
    assert actor.busy is None


def test_a_starting_actor_is_busy_with_its_start():
    parent, reached, gate = Parent(), threading.Event(), threading.Event()

    def wait_here(_: int) -> None:
        reached.set()
        gate.wait(PATIENCE_S)

    actor = launched(parent, at_start=wait_here)
    assert reached.wait(PATIENCE_S)
    assert actor.busy is not None
    assert actor.busy.doing == "on_start"
    gate.set()
    actor.stop()
    parent.told(actor)


def test_an_abandoned_actor_ends_at_its_next_message_without_on_stop():
    parent, diary = Parent(), Diary()
    actor = launched(parent, diary=diary)
    diary.wait_for("on_start")

    actor.abandon()
    actor.incarnation.inbox.detach()

    the_death(parent.told(actor))
    assert diary.of(7) == ["on_start"]


def test_a_thread_that_cannot_start_leaves_no_ghost_in_the_registry():
    class Threadless(ObedientActor):
        def _start_actor_loop(self) -> None:
            raise RuntimeError("can't start new thread")

    actor = Threadless(a_life())

    with pytest.raises(RuntimeError, match="can't start new thread"):
        actor.launch()

    assert not ActorRegistry.get_all()
    assert not actor.actor_ref.is_alive()


def test_threads_are_daemons_named_after_child_and_incarnation():
    parent = Parent()
    actor = launched(parent)

    assert actor.thread is not None
    assert (actor.thread.name, actor.thread.daemon) == ("market:A#7", True)
    actor.stop()
    parent.told(actor)


def test_a_root_leaves_an_obituary_and_answers_nobody_any_more():
    actor = ObedientActor(a_life("root"))
    actor.launch()

    actor.incarnation.address.tell(Do(raising(ValueError("defect"))))

    assert actor.ended.wait(PATIENCE_S)
    assert actor.obituary is not None
    assert actor.obituary.reason_text == "ValueError: defect"
    assert not actor.incarnation.address.tell(Note("late"))


def test_an_actor_that_does_not_understand_dies_rather_than_ignore():
    class Mute(SupervisedActor):
        """Forgot to implement `handle`."""

    parent = Parent()
    actor = Mute(a_life("market:A", 7, parent.address))
    actor.launch()

    actor.incarnation.address.tell(Note("?"))

    assert "TypeError" in the_death(parent.told(actor)).signature


def test_the_message_that_killed_is_described_on_one_line_of_bounded_length():
    for message, text in (
        (Note("fill\nof 3"), "Note(text='fill\\nof 3')"),
        (Note("x" * 1_000), "Note(text='" + "x" * 289),
        (Unprintable(), "Unprintable"),
    ):
        parent = Parent()
        actor = choking(parent)
        actor.incarnation.address.tell(message)

        assert the_death(parent.told(actor)).message == text


def test_a_death_without_a_fatal_message_names_none():
    parent = Parent()
    actor = choking(parent)
    actor.incarnation.address.tell(stop_message())

    assert the_death(parent.told(actor)).message == ""


def test_a_heartbeat_is_answered_by_the_base_class_and_not_handled():
    parent = Parent()
    actor = choking(parent)
    actor.incarnation.address.tell(Heartbeat(41))
    actor.incarnation.address.tell(stop_message())

    assert the_death(parent.told(actor)).expected
    assert (actor.answered_ns, actor.handled_count) == (41, 1)


class Choking(SupervisedActor):
    """Dies of everything."""

    def handle(self, _message):
        raise ValueError("cannot stomach this")


def choking(parent: Parent) -> Choking:
    actor = Choking(a_life("market:A", 7, parent.address))
    actor.launch()
    return actor


class Unprintable:
    """A message without a text."""

    def __repr__(self) -> str:
        raise ValueError("no text")
