"""What pykka does today and we count on, or guard against: a failure here means a seam of pykka has moved.

Each trap is shown on a plain pykka actor, so that the safeguard in `base.py` can be judged by what it prevents.
"""

import inspect
import threading
from importlib.metadata import version

import pykka
import pytest
from pykka import ActorDeadError, ActorRegistry, ThreadingActor
from pykka._envelope import Envelope
from pykka.messages import _ActorStop

from tests.actors.runtime_doubles import PATIENCE_S


class Plain(ThreadingActor):
    """A pykka actor without our safeguards, that records which hooks were called."""

    use_daemon_thread = True

    def __init__(self, fails_in: str = "", error: type[BaseException] = ValueError) -> None:
        super().__init__()
        self.fails_in, self.error = fails_in, error
        self.hooks: list[str] = []
        self.over = threading.Event()

    def _fail(self, where: str) -> None:
        self.hooks.append(where)
        if self.fails_in == where:
            raise self.error(where)

    def _actor_loop(self) -> None:
        try:
            super()._actor_loop()
        except BaseException:  # noqa: BLE001 - the test wants the thread to end quietly
            self.hooks.append("escaped")
        finally:
            self.over.set()

    def on_start(self) -> None:
        self._fail("on_start")

    def on_stop(self) -> None:
        self._fail("on_stop")

    def on_failure(self, *_: object) -> None:
        self._fail("on_failure")

    def on_receive(self, message: object) -> object:
        if callable(message):
            return message()
        self._fail("on_receive")
        return message


def started(**fields: object) -> tuple[pykka.ActorRef, Plain]:
    ref = Plain.start(**fields)
    actor = ref._actor_weakref()
    assert actor is not None
    return ref, actor


def over(actor: Plain) -> list[str]:
    assert actor.over.wait(PATIENCE_S)
    return actor.hooks


def test_the_version_is_the_one_whose_seams_we_read():
    assert version("pykka") == "4.5.0"


def test_the_seams_are_where_we_wrap_them():
    for seam in ("_actor_loop", "_actor_loop_setup", "_actor_loop_running", "_actor_loop_teardown"):
        assert list(inspect.signature(getattr(pykka.Actor, seam)).parameters) == ["self"]
    assert list(inspect.signature(pykka.Actor._handle_receive).parameters) == ["self", "message"]
    assert len(inspect.signature(pykka.Actor._handle_failure).parameters) == 4
    assert "self._create_actor_inbox()" in inspect.getsource(pykka.Actor.__init__)
    assert "self.actor_class._create_future()" in inspect.getsource(pykka.ActorRef.ask)
    assert tuple(Envelope.__slots__) == ("message", "reply_to")


def test_a_failing_start_calls_no_hook():
    _, actor = started(fails_in="on_start")

    assert over(actor) == ["on_start"]


def test_a_failing_stop_calls_no_failure_hook():
    ref, actor = started(fails_in="on_stop")
    ref.tell(_ActorStop())

    assert over(actor) == ["on_start", "on_stop"]


def test_a_failing_ask_leaves_the_actor_alive():
    ref, actor = started(fails_in="on_receive")

    with pytest.raises(ValueError, match="on_receive"):
        ref.ask("x", timeout=PATIENCE_S)

    assert ref.is_alive()
    ref.stop()
    over(actor)


def test_messages_behind_a_crash_are_dropped():
    ref, actor = started(fails_in="on_receive")
    gate = threading.Event()
    ref.tell(lambda: gate.wait(PATIENCE_S))
    for message in ("poison", "behind"):
        ref.tell(message)
    gate.set()

    assert over(actor) == ["on_start", "on_receive", "on_failure"]
    assert actor.actor_inbox.empty()


def test_telling_the_dead_raises_in_the_sender():
    ref, actor = started()
    ref.stop()
    over(actor)

    with pytest.raises(ActorDeadError):
        ref.tell("x")


def test_a_system_exit_stops_every_actor_and_calls_no_failure_hook():
    bystander, bystanding = started()
    ref, actor = started(fails_in="on_receive", error=SystemExit)
    ref.tell("x")

    assert over(actor) == ["on_start", "on_receive", "on_stop"]
    over(bystanding)
    assert not bystander.is_alive()


def test_a_stop_waits_behind_the_backlog():
    ref, actor = started()
    gate = threading.Event()
    ref.tell(lambda: gate.wait(PATIENCE_S))
    for _ in range(3):
        ref.tell("work")
    ref.stop(block=False)
    gate.set()

    assert over(actor) == ["on_start", "on_receive", "on_receive", "on_receive", "on_stop"]


def test_a_base_exception_in_the_failure_hook_escapes_the_loop():
    class DoublyFailing(Plain):
        def on_failure(self, *_: object) -> None:
            raise SystemExit(1)

    ref = DoublyFailing.start(fails_in="on_receive")
    actor = ref._actor_weakref()
    ref.tell("x")

    assert over(actor) == ["on_start", "on_receive", "escaped"]


def test_a_thread_that_cannot_start_leaves_a_ghost():
    class Threadless(Plain):
        def _start_actor_loop(self) -> None:
            raise RuntimeError("can't start new thread")

    with pytest.raises(RuntimeError):
        Threadless.start()

    (ghost,) = ActorRegistry.get_by_class(Threadless)
    assert ghost.is_alive()
    ActorRegistry.unregister(ghost)
