"""The supervisor's cells in start order, and the mechanics of putting a life into one and taking it out.

Not safe to share: the supervisor guards it. Here is no decision about when; that is the supervisor's.
"""

from collections.abc import Callable, Iterator

from pykka._envelope import Envelope

from edgelock.actors.address import Address
from edgelock.actors.base import SupervisedActor, stop_message
from edgelock.actors.cell import PRESENT, Cell, ChildState
from edgelock.actors.child_spec import ChildKind, ChildSpec
from edgelock.actors.inbox import LanedInbox
from edgelock.actors.lifecycle import Incarnation


class ChildTable:
    """All children of one supervisor, and the numbers of the lives of those that were forgotten."""

    def __init__(self, supervisor: Address, monotonic_ns: Callable[[], int]) -> None:
        self._supervisor = supervisor
        self._now = monotonic_ns
        self._cells: dict[str, Cell] = {}
        self._last_incarnations: dict[str, int] = {}
        self._orphans: list[SupervisedActor] = []

    def __iter__(self) -> Iterator[Cell]:
        return iter(tuple(self._cells.values()))

    def __getitem__(self, name: str) -> Cell:
        return self._cells[name]

    def __contains__(self, name: str) -> bool:
        return name in self._cells

    def get(self, name: str) -> Cell | None:
        """The child of that name, None when there is none."""
        return self._cells.get(name)

    def present(self, name: str, incarnation: int) -> Cell | None:
        """The cell whose present life this is; None for the lives before, which have no say any more."""
        cell = self._cells.get(name)
        return cell if cell is not None and cell.incarnation == incarnation and cell.state in PRESENT else None

    def infrastructure(self) -> tuple[Cell, ...]:
        """Infrastructure, in start order."""
        return tuple(cell for cell in self if cell.spec.kind is ChildKind.INFRASTRUCTURE)

    def others(self) -> tuple[Cell, ...]:
        """The one-for-one children, in the order they were added."""
        return tuple(cell for cell in self if cell.spec.kind is ChildKind.ONE_FOR_ONE)

    def zombies(self) -> int:
        """Abandoned threads that are still alive, those of forgotten children included."""
        self._orphans = [actor for actor in self._orphans if not actor.ended.is_set()]
        return len(self._orphans) + sum(cell.zombies() for cell in self)

    def take_in(self, spec: ChildSpec) -> Cell:
        """A new child. Its mail is kept from now on; its numbers continue those of a forgotten namesake."""
        before_first = max(spec.first_incarnation - 1, self._last_incarnations.get(spec.name, 0))
        cell = self._cells[spec.name] = Cell(spec=spec, incarnation=before_first, since_ns=self._now())
        self.expect(cell)
        return cell

    def forget(self, cell: Cell) -> None:
        """Take a stopped child out of the table."""
        self._orphans.extend(cell.abandoned)
        del self._cells[cell.spec.name]

    def launch(self, cell: Cell) -> None:
        """Put the next life into the cell. Raises what the child's constructor or `Thread.start` raise."""
        cell.incarnation += 1
        self._last_incarnations[cell.spec.name] = cell.incarnation
        cell.move_to(ChildState.STARTING, self._now())
        cell.beat_ns = None
        actor = cell.spec.factory(
            Incarnation(
                name=cell.spec.name,
                number=cell.incarnation,
                address=cell.spec.address,
                inbox=cell.inbox or self.expect(cell),
                supervisor=self._supervisor,
                monotonic_ns=self._now,
            )
        )
        actor.launch()
        cell.actor = actor

    def expect(self, cell: Cell) -> LanedInbox:
        """A new inbox for the next life, with the unread mail of the present one in front."""
        cell.inbox = LanedInbox(self._now)
        cell.spec.address.point_at(cell.inbox)
        return cell.inbox

    def tell_to_stop(self, cell: Cell) -> None:
        """Ask the present life to end after its present message."""
        cell.move_to(ChildState.STOPPING, self._now())
        if cell.inbox is not None:
            cell.inbox.put(Envelope(stop_message()))

    def abandon(self, cell: Cell) -> None:
        """Give up on the present life's thread; it counts as a zombie until it ends."""
        if cell.actor is not None:
            cell.actor.abandon()
            cell.abandoned.append(cell.actor)
            cell.actor = None

    def back_off(self, cell: Cell) -> None:
        """The present life is over; what it left unread, and what arrives, waits for the next."""
        cell.move_to(ChildState.BACKOFF, self._now())
        self.expect(cell)

    def wait(self, cell: Cell) -> None:
        """Another life is due, but not before infrastructure is up; its mail waits for it."""
        cell.move_to(ChildState.WAITING, self._now())
        self.expect(cell)

    def quarantine(self, cell: Cell) -> None:
        """Nobody is coming until a person says so: what waits and what arrives is counted as lost."""
        cell.move_to(ChildState.QUARANTINED, self._now())
        self._vacate(cell)

    def close(self, cell: Cell) -> None:
        """Nobody will ever come again."""
        cell.move_to(ChildState.STOPPED, self._now())
        self._vacate(cell)

    def _vacate(self, cell: Cell) -> None:
        cell.inbox = None
        cell.spec.address.point_at(None)
