"""The actor every actor of the program is: it cannot die unnoticed, and cannot take others with it.

pykka 4.5 gives threads, a queue and dead-actor errors. Left to it, an actor dies silently in `on_start`, in `on_stop`
and of any `BaseException`; lives on half-changed after a failing ask; and one `SystemExit` stops every actor in the
process. This class wraps pykka's loop so that every end of a life tells the supervisor exactly one `Died`.

A subclass implements `handle`, and `on_start` and `on_stop` where it needs them. Its constructor only assigns fields:
it runs in the supervisor's thread. Handlers never wait and never ask; `ask` from an actor's thread raises.
"""

import threading
import traceback
from types import TracebackType
from typing import Any, ClassVar, NamedTuple

import pykka
from pykka import ActorRegistry, Future, ThreadingActor, ThreadingFuture
from pykka._actor import ActorInbox
from pykka.messages import _ActorStop

from edgelock.actors.lifecycle import Died, Heartbeat, Incarnation, Phase, Started

TRACEBACK_CHARACTERS_MAX = 8_000
MESSAGE_CHARACTERS_MAX = 300

_this_thread = threading.local()


class AskInsideActor(RuntimeError):
    """An actor tried to wait for another one. Two that wait for each other never wake, so nobody may."""


class Firewalled(Exception):
    """Stands in for a `SystemExit`, `CancelledError` or the like, on which pykka would stop every actor."""


class BusyMark(NamedTuple):
    """What the actor is doing and since when (real, monotonic nanoseconds)."""

    since_ns: int
    doing: str


class SupervisedActor(ThreadingActor):
    """One actor on one daemon thread, for one incarnation. Only a supervisor (or the root's owner) launches it."""

    use_daemon_thread: ClassVar[bool] = True

    def __init__(self, incarnation: Incarnation) -> None:
        self.incarnation = incarnation
        self.thread: threading.Thread | None = None
        self.ended = threading.Event()
        self.obituary: Died | None = None
        self.busy: BusyMark | None = None
        self.handled_count = 0
        self.answered_ns: int | None = None
        self._phase = Phase.ON_START
        self._failure: tuple[str, str, str] | None = None
        self._fatal_message = ""
        self._abandoned = False
        super().__init__()

    def handle(self, message: Any) -> Any:
        """Do what the message asks. What is returned answers an ask from outside, and is ignored otherwise."""
        raise TypeError(f"{type(self).__name__} does not handle {type(message).__name__}")

    def launch(self) -> None:
        """Start the thread. Raises what `Thread.start` raises, and then leaves no ghost in pykka's registry."""
        ActorRegistry.register(self.actor_ref)
        try:
            self._start_actor_loop()
        except BaseException:
            ActorRegistry.unregister(self.actor_ref)
            self.actor_stopped.set()
            raise

    def abandon(self) -> None:
        """Give up on a thread that does not come back. It ends at its next message, without `on_stop`."""
        self._abandoned = True
        self.actor_stopped.set()

    def on_receive(self, message: Any) -> Any:
        """pykka's entry; subclasses implement `handle`."""
        return self.handle(message)

    # pykka declares the two factories static and calls them on the instance and on the class.
    def _create_actor_inbox(self) -> ActorInbox:  # type: ignore[override]
        return self.incarnation.inbox

    @staticmethod
    def _create_future() -> Future[Any]:
        if getattr(_this_thread, "is_actor", False):
            raise AskInsideActor("an actor must not ask; tell, and be told the answer")
        return ThreadingFuture()

    def _start_actor_loop(self) -> None:
        self.busy = BusyMark(self.incarnation.monotonic_ns(), "starting its thread")
        self.thread = threading.Thread(
            target=self._actor_loop,
            name=f"{self.incarnation.name}#{self.incarnation.number}",
            daemon=self.use_daemon_thread,
        )
        self.thread.start()

    def _actor_loop(self) -> None:
        _this_thread.is_actor = True
        try:
            super()._actor_loop()
        except BaseException as error:  # noqa: BLE001 - firewall: on_start, on_stop, on_failure and pykka itself
            self._note(error)
        finally:
            ActorRegistry.unregister(self.actor_ref)
            self.actor_stopped.set()
            self._report_death()

    def _actor_loop_setup(self) -> None:
        self.busy = BusyMark(self.incarnation.monotonic_ns(), Phase.ON_START)
        super()._actor_loop_setup()
        self.busy = None
        if not self.actor_stopped.is_set():
            self._phase = Phase.HANDLE
            self._tell_supervisor(Started(name=self.incarnation.name, incarnation=self.incarnation.number))

    def _actor_loop_teardown(self) -> None:
        """Nothing: the inbox belongs to the address, and what waits in it goes to the next incarnation."""

    def _handle_receive(self, message: Any) -> Any:
        if self._abandoned:
            self.actor_stopped.set()
            return None
        if isinstance(message, Heartbeat):
            self.answered_ns = message.sent_ns
            return None
        self.busy = BusyMark(self.incarnation.monotonic_ns(), type(message).__name__)
        if isinstance(message, _ActorStop):
            self._phase = Phase.ON_STOP
        try:
            return super()._handle_receive(message)
        except BaseException as error:
            if self._phase is Phase.HANDLE:
                self._fatal_message = _described(message)
            self._note(error)
            # Under an ask pykka would let the actor live on, with whatever the handler left half done.
            self.actor_stopped.set()
            if isinstance(error, Exception):
                raise
            raise Firewalled(f"{type(error).__name__} in {self.incarnation.name}") from None
        finally:
            self.handled_count += 1
            self.busy = None

    def _handle_failure(
        self,
        exception_type: type[BaseException] | None,  # noqa: ARG002 - pykka's signature
        exception_value: BaseException | None,
        traceback: TracebackType | None,  # noqa: ARG002 - pykka's signature
    ) -> None:
        """pykka calls this where it would log a traceback; the supervisor gets it as text instead."""
        if exception_value is not None:
            self._note(exception_value)
        ActorRegistry.unregister(self.actor_ref)
        self.actor_stopped.set()

    def _note(self, error: BaseException) -> None:
        if self._failure is None and not isinstance(error, Firewalled):
            self._failure = (_reason(error), signature_of(error), traceback_of(error))

    def _report_death(self) -> None:
        reason, signature, traceback_text = self._failure or ("ended normally", "ended@normally", "")
        self.obituary = Died(
            name=self.incarnation.name,
            incarnation=self.incarnation.number,
            reason_text=reason,
            signature=signature,
            phase=self._phase,
            traceback_text=traceback_text,
            message=self._fatal_message,
            expected=self._failure is None,
        )
        if self.incarnation.supervisor is None:
            self.incarnation.address.point_at(None)
        self._tell_supervisor(self.obituary)
        self.ended.set()

    def _tell_supervisor(self, message: Started | Died) -> None:
        if self.incarnation.supervisor is not None:
            self.incarnation.supervisor.tell(message)


def stop_message() -> pykka.messages._ActorStop:
    """pykka's own "end after this", which the inbox puts in front of everything but control."""
    return _ActorStop()


def signature_of(error: BaseException) -> str:
    """The defect's name: "Type@function:line" of the innermost frame. The same defect has the same signature."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].name}:{frames[-1].lineno}" if frames else "nowhere:0"
    return f"{type(error).__name__}@{where}"


def _described(message: object) -> str:
    """Type and contents, on one line."""
    try:
        text = " ".join(repr(message).split())
    except Exception:  # noqa: BLE001 - firewall: the message that kills may be one that cannot even be printed
        text = type(message).__name__
    return text[:MESSAGE_CHARACTERS_MAX]


def _reason(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(error)).strip()


def traceback_of(error: BaseException) -> str:
    """As Python prints it, its end when it is long."""
    return "".join(traceback.format_exception(error))[-TRACEBACK_CHARACTERS_MAX:]
