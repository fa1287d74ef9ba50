"""Honest stand-ins for the runtime's tests: a clock and a timer moved by hand, and actors that do as they are told."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from edgelock.actors.address import Address
from edgelock.actors.base import SupervisedActor
from edgelock.actors.cell import Cell
from edgelock.actors.child_spec import ChildKind, ChildSpec
from edgelock.actors.inbox import Lane, LanedInbox
from edgelock.actors.lifecycle import Incarnation
from edgelock.actors.notices import Notice
from edgelock.actors.restart_events import RestartBudget
from edgelock.actors.supervision_limits import SupervisionLimits
from edgelock.actors.supervisor import Supervisor
from edgelock.actors.supervisor_messages import AddChild, StartChildren
from edgelock.actors.timer import Delivery, TimerHeap, TimerKey

SECOND = 1_000_000_000
PATIENCE_S = 20


class ManualClock:
    """Monotonic time that moves only when told."""

    def __init__(self, start_ns: int = 1_000 * SECOND) -> None:
        self._now_ns = start_ns

    def __call__(self) -> int:
        return self._now_ns

    def advance(self, by_ns: int) -> None:
        self._now_ns += by_ns


class ManualTimer:
    """The timer without its thread: `advance` moves the clock, deadline by deadline, and delivers what is due."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._heap = TimerHeap()

    def schedule(self, key: TimerKey, due_monotonic_ns: int, address: Address, message: object) -> None:
        with self._lock:
            self._heap.schedule(key, due_monotonic_ns, Delivery(address, message))

    def cancel(self, key: TimerKey) -> None:
        with self._lock:
            self._heap.cancel(key)

    def retire(self, name: str, incarnation: int) -> None:
        with self._lock:
            self._heap.retire(name, incarnation)

    def advance(self, by_ns: int) -> None:
        self._clock.advance(by_ns)
        with self._lock:
            due = self._heap.pop_due(self._clock())
        for delivery in due:
            delivery.address.tell(delivery.message)


class NoticeBoard:
    """Collects notices and lets a test wait for one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.all: list[Notice] = []

    def __call__(self, notice: Notice) -> None:
        with self._changed:
            self.all.append(notice)
            self._changed.notify_all()

    def wait_for(self, kind: type, *, count: int = 1, **fields: object) -> Any:
        """The `count`-th notice of this kind with these fields; fails when it does not come."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._matching(kind, fields)) >= count, PATIENCE_S):
                raise AssertionError(f"no {kind.__name__} {fields} (number {count}) in {self.all}")
            return self._matching(kind, fields)[count - 1]

    def of(self, kind: type, **fields: object) -> list[Any]:
        with self._changed:
            return self._matching(kind, fields)

    def _matching(self, kind: type, fields: dict[str, object]) -> list[Notice]:
        return [
            notice
            for notice in self.all
            if isinstance(notice, kind) and all(getattr(notice, key) == value for key, value in fields.items())
        ]


@dataclass(frozen=True, slots=True)
class Do:
    """Run this in the actor's thread."""

    what: Callable[[], object]


@dataclass(frozen=True, slots=True)
class DoFirst:
    """Run this in the actor's thread, before anything that is not control."""

    lane: ClassVar[Lane] = Lane.CONTROL

    what: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Note:
    """Write this down; never dropped."""

    text: str


@dataclass(frozen=True, slots=True)
class Book:
    """A newest-wins message."""

    lane: ClassVar[Lane] = Lane.LATEST

    key: str
    value: int

    @property
    def conflation_key(self) -> str:
        return self.key


@dataclass(frozen=True, slots=True)
class Prints:
    """A newest-wins message that gathers what it replaces."""

    lane: ClassVar[Lane] = Lane.LATEST

    values: tuple[int, ...]
    conflation_key: ClassVar[str] = "prints"

    def merged_with(self, older: "Prints") -> "Prints":
        return Prints((*older.values, *self.values))


@dataclass(frozen=True, slots=True)
class Halt:
    """A control message."""

    lane: ClassVar[Lane] = Lane.CONTROL


class Diary:
    """What an obedient child has seen, over all its lives, for a test to wait on."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.lines: list[tuple[int, object]] = []

    def write(self, incarnation: int, line: object) -> None:
        with self._changed:
            self.lines.append((incarnation, line))
            self._changed.notify_all()

    def wait_for(self, line: object, incarnation: int | None = None) -> None:
        def is_there() -> bool:
            return any(text == line and incarnation in (None, life) for life, text in self.lines)

        with self._changed:
            if not self._changed.wait_for(is_there, PATIENCE_S):
                raise AssertionError(f"{line!r} did not come: {self.lines}")

    def of(self, incarnation: int) -> list[object]:
        with self._changed:
            return [line for life, line in self.lines if life == incarnation]


class ObedientActor(SupervisedActor):
    """Runs what it is told and writes down the rest."""

    def __init__(
        self,
        incarnation: Incarnation,
        diary: Diary | None = None,
        at_start: Callable[[int], object] | None = None,
        at_stop: Callable[[int], object] | None = None,
    ) -> None:
        super().__init__(incarnation)
        self.diary = diary or Diary()
        self._at_start = at_start
        self._at_stop = at_stop

    def on_start(self) -> None:
        if self._at_start is not None:
            self._at_start(self.incarnation.number)
        self.diary.write(self.incarnation.number, "on_start")

    def on_stop(self) -> None:
        self.diary.write(self.incarnation.number, "on_stop")
        if self._at_stop is not None:
            self._at_stop(self.incarnation.number)

    def handle(self, message: Any) -> Any:
        if isinstance(message, Do | DoFirst):
            return message.what()
        self.diary.write(self.incarnation.number, getattr(message, "text", message))
        return message


def raising(error: BaseException) -> Callable[..., object]:
    """A deed that fails."""

    def fail(*_: object) -> object:
        raise error

    return fail


def a_life(name: str = "child", number: int = 1, supervisor: Address | None = None) -> Incarnation:
    """One incarnation with its own address and inbox, and a clock that stands still."""
    clock = ManualClock()
    inbox = LanedInbox(clock)
    address = Address(name)
    address.point_at(inbox)
    return Incarnation(
        name=name, number=number, address=address, inbox=inbox, supervisor=supervisor, monotonic_ns=clock
    )


class House:
    """A supervisor with its hand-moved clock and timer, its notices, and a diary per child."""

    def __init__(
        self,
        *,
        infrastructure: tuple[ChildSpec, ...] = (),
        limits: SupervisionLimits | None = None,
        notices: Callable[[Notice], None] | None = None,
    ) -> None:
        self.clock = ManualClock()
        self.timer = ManualTimer(self.clock)
        self.notices = NoticeBoard()
        self.addresses: dict[str, Address] = {}
        self.supervisor = Supervisor(
            infrastructure=infrastructure,
            timer=self.timer,
            notices=notices or self.notices,
            monotonic_ns=self.clock,
            jitter=lambda: 0.0,
            limits=limits,
        )
        self.tell = self.supervisor.address.tell

    def __enter__(self) -> "House":
        self.supervisor.launch()
        self.tell(StartChildren())
        return self

    def __exit__(self, *_: object) -> None:
        assert self.supervisor.shut_down(PATIENCE_S), "the supervisor did not stop"

    def add(self, spec: ChildSpec) -> Address:
        self.addresses[spec.name] = spec.address
        self.tell(AddChild(spec))
        return spec.address

    def status(self, name: str) -> Any:
        return self.supervisor.supervision_status().child(name)

    def child(self, name: str) -> Cell:
        """The supervisor's own cell; for what only it may touch."""
        return self.supervisor._tree.children[name]

    def settle(self) -> None:
        """Wait until the supervisor has handled everything told so far."""
        self.supervisor.actor_ref.ask(Nothing(), timeout=PATIENCE_S)


@dataclass(frozen=True, slots=True)
class Nothing:
    """A message that no actor understands."""


def a_child(
    name: str = "market:A",
    *,
    diary: Diary | None = None,
    kind: ChildKind = ChildKind.ONE_FOR_ONE,
    budget: RestartBudget | None = None,
    at_start: Callable[[int], object] | None = None,
    at_stop: Callable[[int], object] | None = None,
    **fields: Any,
) -> ChildSpec:
    """A spec of an obedient child."""
    return ChildSpec(
        address=Address(name),
        factory=lambda incarnation: ObedientActor(incarnation, diary, at_start, at_stop),
        kind=kind,
        budget=budget or RestartBudget(),
        **fields,
    )
