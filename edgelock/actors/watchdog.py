"""Finding actors that live but do not come back. Reads marks, sends nothing, waits for nobody.

Two signs: one handler (or `on_start`) that has been running too long, and an inbox in which something waits while
nothing is taken out, which also finds a thread stuck inside pykka or ended without a word.
"""

import sys
import threading
import traceback
from typing import NamedTuple

from edgelock.actors.base import SupervisedActor
from edgelock.actors.cell import ALIVE, Cell

STACK_CHARACTERS_MAX = 8_000


class Accusation(NamedTuple):
    """What a hung actor was doing, and for how long (real nanoseconds)."""

    actor: SupervisedActor
    doing: str
    for_ns: int
    stack: str


def accuse(cell: Cell, now_ns: int) -> Accusation | None:
    """The case against this child's present life, None when there is none."""
    actor = cell.actor
    if actor is None or cell.inbox is None or cell.state not in ALIVE:
        return None
    mark = actor.busy
    if mark is not None:
        doing, for_ns = mark.doing, now_ns - mark.since_ns
    else:
        doing, for_ns = "leaving its inbox unread", cell.inbox.unserved_ns()
    if for_ns <= cell.spec.hung_after_ns:
        return None
    return Accusation(actor, doing, for_ns, _stack_of(actor.thread))


def _stack_of(thread: threading.Thread | None) -> str:
    frame = sys._current_frames().get(thread.ident) if thread is not None and thread.ident is not None else None
    return "" if frame is None else "".join(traceback.format_stack(frame))[-STACK_CHARACTERS_MAX:]
