"""A house with the four infrastructure actors as stand-ins, and what its tests do again and again."""

import threading
from collections.abc import Callable

from edgelock.actors import notices as notice
from edgelock.actors.address import Address
from edgelock.actors.child_spec import ChildKind, ChildSpec
from edgelock.actors.supervision_limits import SupervisionLimits
from tests.actors.runtime_doubles import PATIENCE_S, SECOND, Diary, Do, House, a_child, raising

INFRASTRUCTURE = ("telemetry", "exchange", "risk", "feed")


class Gate:
    """Holds whoever calls it, from the moment `reached` until `open`."""

    def __init__(self, *lives: int) -> None:
        self.reached, self._open = threading.Event(), threading.Event()
        self._lives = lives

    def __call__(self, life: int = 0) -> None:
        if self._lives and life not in self._lives:
            return
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


class Doors:
    """What stand-ins do at their start and stop, by name; they write both into one diary."""

    def __init__(self) -> None:
        self.order = Diary()
        self.at_start: dict[str, Callable[[int], object]] = {}
        self.at_stop: dict[str, Callable[[int], object]] = {}

    def child(self, name: str, **fields: object) -> ChildSpec:
        kind = ChildKind.INFRASTRUCTURE if name in INFRASTRUCTURE else ChildKind.ONE_FOR_ONE

        def start(life: int) -> None:
            self.at_start.get(name, int)(life)
            self.order.write(life, f"{name} up")

        def stop(life: int) -> None:
            self.order.write(life, f"{name} down")
            self.at_stop.get(name, int)(life)

        return a_child(name, kind=kind, at_start=start, at_stop=stop, **fields)


class Household(House):
    """`doors` say what its stand-ins do; `markets` are added when the infrastructure is up."""

    def __init__(
        self,
        *,
        markets: tuple[str, ...] = ("market:A", "market:B"),
        doors: Doors | None = None,
        limits: SupervisionLimits | None = None,
    ) -> None:
        self.doors = doors or Doors()
        specs = tuple(self.doors.child(name) for name in INFRASTRUCTURE)
        super().__init__(infrastructure=specs, limits=limits)
        self.addresses |= {spec.name: spec.address for spec in specs}
        self._markets = markets

    def __enter__(self) -> "Household":
        super().__enter__()
        self.notices.wait_for(notice.InfrastructureReady)
        for name in self._markets:
            self.add(self.doors.child(name))
            self.notices.wait_for(notice.ChildStarted, name=name)
        return self

    def kill(self, name: str, error: BaseException | None = None) -> None:
        """Let the present life of this child die of an error, and wait until that is known."""
        known = len(self.notices.of(notice.ChildCrashed, name=name))
        self.addresses[name].tell(Do(raising(error or ValueError("bad"))))
        self.notices.wait_for(notice.ChildCrashed, name=name, count=known + 1)
        self.settle()

    def hold(self, name: str) -> Gate:
        """Keep this child in a handler until the gate is opened."""
        gate = Gate()
        self.addresses[name].tell(Do(gate))
        assert gate.reached.wait(PATIENCE_S)
        return gate

    def rise(self, count: int = 2) -> None:
        """Wait until everybody who is to stop has, let the back-off pass, and wait until everybody is up again."""
        for told in self.notices.of(notice.InfrastructureRestarting):
            for name in (name for name in told.stopped if self.state(name) != "backoff"):
                self.notices.wait_for(notice.ChildStopped, name=name, incarnation=self.status(name).incarnation)
        self.settle()
        self.timer.advance(2 * SECOND)
        self.notices.wait_for(notice.InfrastructureReady, count=count)

    def watch(self, rounds: int, *, sparing: tuple[Address, ...] = ()) -> None:
        """So many rounds of the watchdog; the spared answer before each, so that none is accused of our own speed."""
        for _ in range(rounds):
            for address in sparing:
                answered = threading.Event()
                address.tell(Do(answered.set))
                assert answered.wait(PATIENCE_S)
            self.settle()
            self.timer.advance(SECOND // 4)
        self.settle()

    def state(self, name: str) -> str:
        """The child's state, as a word."""
        return str(self.status(name).state)
