"""What the parts of a supervisor share: the table, its deadlines, what is to be told, and how far the program is.

Here is the mechanics of a life's beginning and end; which child begins when is decided by those who use this. Not safe
to share between threads: the supervisor guards it.
"""

from collections.abc import Callable

from edgelock.actors import notices as notice
from edgelock.actors.address import Address
from edgelock.actors.base import signature_of, traceback_of
from edgelock.actors.cell import ABSENT, ALIVE, Cell, ChildState
from edgelock.actors.child_table import ChildTable
from edgelock.actors.lifecycle import Died, Phase
from edgelock.actors.notices import Notice
from edgelock.actors.supervisor_messages import InfrastructureDue, PolicyTimer, StopDeadline, WatchTick
from edgelock.actors.timer import Timer, TimerKey
from edgelock.actors.watchdog import Accusation


class SupervisionTree:
    """`is_ready`: all infrastructure is up. `escalated`: why the supervisor gave up."""

    def __init__(self, address: Address, timer: Timer, monotonic_ns: Callable[[], int]) -> None:
        self.children = ChildTable(address, monotonic_ns)
        self.now = monotonic_ns
        self.is_ready = False
        self.is_stopping = False
        self.escalated: str | None = None
        self._address = address
        self._timer = timer
        self._untold: list[Notice] = []

    @property
    def is_frozen(self) -> bool:
        """Nothing is started or restarted any more."""
        return self.is_stopping or self.escalated is not None

    def tell(self, news: Notice) -> None:
        """To the world, in this order, as soon as the present message is handled."""
        self._untold.append(news)

    def take_untold(self) -> list[Notice]:
        """What is to be told now."""
        untold, self._untold = self._untold, []
        return untold

    # Lives.

    def launch(self, cell: Cell) -> None:
        """Begin the next life. What its constructor or its thread's start raise is a death like any other."""
        try:
            self.children.launch(cell)
        except BaseException as error:  # noqa: BLE001 - firewall: a child's constructor runs in this thread
            # Told and not acted on here, so that a stop can get in between two attempts.
            self._address.tell(
                Died(
                    name=cell.spec.name,
                    incarnation=cell.incarnation,
                    reason_text=f"{type(error).__name__}: {error}",
                    signature=signature_of(error),
                    phase=Phase.LAUNCH,
                    traceback_text=traceback_of(error),
                    message="",
                    expected=False,
                )
            )

    def stop(self, cell: Cell) -> None:
        """Tell the present life to end, and give it its time."""
        self.children.tell_to_stop(cell)
        cell.down_since_ns = self.now()
        deadline = StopDeadline(cell.spec.name, cell.incarnation)
        self.after(f"stop {cell.spec.name}", cell.spec.shutdown_ns, deadline)

    def stop_or_close(self, cell: Cell) -> None:
        """Stop it if it lives; if nobody is there, nobody will come."""
        if cell.state in ALIVE:
            self.stop(cell)
        elif cell.state not in (ChildState.STOPPING, ChildState.STOPPED):
            self.children.close(cell)

    def record_crash(self, cell: Cell, reason: str, died: Died) -> None:
        """The present life ended unasked."""
        cell.fatal_messages += died.message != ""
        self.tell(
            notice.ChildCrashed(
                name=cell.spec.name,
                incarnation=cell.incarnation,
                reason=reason,
                signature=died.signature,
                phase=died.phase,
                message=died.message,
                traceback=died.traceback_text,
            )
        )
        self._note_end(cell, reason, died.signature)

    def record_hang(self, cell: Cell, accusation: Accusation, reason: str, signature: str) -> None:
        """The present life does not come back: give up on its thread."""
        self.tell(
            notice.ChildHung(
                name=cell.spec.name,
                incarnation=cell.incarnation,
                busy_with=accusation.doing,
                busy_ns=accusation.for_ns,
                stack=accusation.stack,
            )
        )
        self.children.abandon(cell)
        self._note_end(cell, reason, signature)

    def _note_end(self, cell: Cell, reason: str, signature: str) -> None:
        cell.last_signature, cell.last_crash = signature, " ".join(reason.split())
        cell.down_since_ns = self.now()
        self.bury(cell)

    def bury(self, cell: Cell) -> None:
        """What is left of a life that is over: its deadlines."""
        self.cancel(f"stop {cell.spec.name}")
        self.cancel(f"restart {cell.spec.name}")
        self._timer.retire(cell.spec.name, cell.incarnation)

    def escalate(self, name: str, reason: str) -> None:
        """Give up, once. Whoever is not there will not come, so that nobody waits for an answer from it."""
        if self.is_frozen:
            return
        self.escalated = f"{name}: {reason}"
        self.tell(notice.Escalated(name=name, reason=reason))
        for cell in self.children:
            if cell.state in ABSENT:
                self.children.close(cell)

    # Deadlines of the supervisor's own, one per purpose.

    def after(
        self, purpose: str, delay_ns: int, message: PolicyTimer | StopDeadline | InfrastructureDue | WatchTick
    ) -> None:
        """Be told `message` in `delay_ns`, instead of what was due for this purpose."""
        self._timer.schedule(self._key(purpose), self.now() + delay_ns, self._address, message)

    def cancel(self, purpose: str) -> None:
        """What was due for this purpose is not wanted any more."""
        self._timer.cancel(self._key(purpose))

    def retire_deadlines(self) -> None:
        """Nothing of ours will ever be due any more."""
        self._timer.retire(self._address.name, 1)

    def _key(self, purpose: str) -> TimerKey:
        return TimerKey(self._address.name, 1, purpose)
