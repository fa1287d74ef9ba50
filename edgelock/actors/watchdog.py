"""Finding actors that live but do not come back, and inboxes that fill up. Waits for nobody.

Every running child is sent a `Heartbeat` from time to time, which `base` answers between two messages; never a second
one before the first is answered, so there is at most one per inbox; and a child that is only behind answers too.

Signs of hanging: one handler (or `on_start`) that has been running too long; a heartbeat that nobody took, which also
finds a thread that is stuck inside pykka or ended without a word; a heartbeat that was taken and not answered.
"""

import sys
import threading
import traceback
from collections.abc import Iterable
from typing import NamedTuple

from pykka._envelope import Envelope

from edgelock.actors.base import SupervisedActor
from edgelock.actors.cell import ALIVE, Cell, ChildState
from edgelock.actors.lifecycle import Heartbeat
from edgelock.actors.supervision_limits import SupervisionLimits

STACK_CHARACTERS_MAX = 8_000


class Accusation(NamedTuple):
    """What a hung actor was doing, and for how long (real nanoseconds)."""

    cell: Cell
    doing: str
    for_ns: int
    stack: str


class Watchdog:
    """Its rounds are made by the supervisor, in its thread."""

    def __init__(self, limits: SupervisionLimits) -> None:
        self._limits = limits
        self._counts_from_ns = 0

    def is_starved(self, late_ns: int, now_ns: int) -> bool:
        """Whether this round came so late that nobody ran; then everybody's time counts from now."""
        if late_ns <= self._limits.starved_after_ns:
            return False
        self._counts_from_ns = now_ns
        return True

    def accused(self, cells: Iterable[Cell], now_ns: int) -> list[Accusation]:
        """Those that hang; the others are sent a heartbeat when it is time."""
        found = []
        for cell in cells:
            accusation = self._accuse(cell, now_ns)
            if accusation is not None:
                found.append(accusation)
            elif cell.state is ChildState.RUNNING:
                _send_heartbeat(cell, now_ns, self._limits.beat_every_ns)
        return found

    def deep(self, cells: Iterable[Cell], now_ns: int) -> list[tuple[str, int]]:
        """Names and depths of the inboxes that are to be told of now."""
        found = []
        for cell in cells:
            depth = cell.inbox.fifo_depth() if cell.inbox is not None else 0
            is_new = cell.deep_told_ns is None or now_ns - cell.deep_told_ns >= self._limits.deep_again_ns
            if depth >= self._limits.deep_fifo and is_new:
                cell.deep_told_ns = now_ns
                found.append((cell.spec.name, depth))
        return found

    def _accuse(self, cell: Cell, now_ns: int) -> Accusation | None:
        actor = cell.actor
        if actor is None or cell.inbox is None or cell.state not in ALIVE:
            return None
        mark = actor.busy
        if mark is not None:
            doing, since_ns = mark.doing, mark.since_ns
        elif cell.beat_ns is not None and not _is_answered(actor, cell.beat_ns):
            is_unread = cell.inbox.unserved_ns() > cell.spec.hung_after_ns
            doing = "leaving its inbox unread" if is_unread else "taking its mail without handling it"
            since_ns = cell.beat_ns
        else:
            return None
        for_ns = now_ns - max(since_ns, self._counts_from_ns)
        return Accusation(cell, doing, for_ns, _stack_of(actor.thread)) if for_ns > cell.spec.hung_after_ns else None


def _send_heartbeat(cell: Cell, now_ns: int, beat_every_ns: int) -> None:
    if cell.actor is None or cell.inbox is None:
        return
    if cell.beat_ns is None or (_is_answered(cell.actor, cell.beat_ns) and now_ns - cell.beat_ns >= beat_every_ns):
        cell.beat_ns = now_ns
        cell.inbox.put(Envelope(Heartbeat(now_ns)))


def _is_answered(actor: SupervisedActor, beat_ns: int) -> bool:
    return actor.answered_ns is not None and actor.answered_ns >= beat_ns


def _stack_of(thread: threading.Thread | None) -> str:
    frame = sys._current_frames().get(thread.ident) if thread is not None and thread.ident is not None else None
    return "" if frame is None else "".join(traceback.format_stack(frame))[-STACK_CHARACTERS_MAX:]
