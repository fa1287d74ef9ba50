"""One actor's inbox, with three lanes: control overtakes everything, FIFO loses nothing, LATEST keeps the newest.

pykka's own inbox is one unbounded queue, in which a stop or a halt waits behind every book that came before it.
Here a message class names its lane (`lane: ClassVar[Lane]`); one without a lane goes FIFO, pykka's own stop message
goes CONTROL. Lanes are served in strict order, so the actor can be told anything in the time of one handler.

A LATEST message has a `conflation_key`. Of two waiting messages of the same class and key only the newer is kept, in
the older one's place. If the class defines `merged_with(self, older) -> Self`, the result of that is kept instead:
that is how prints are gathered and never dropped. An ask is never conflated, because its asker waits for an answer.

Nothing here blocks a sender. Growth is not prevented, it is made visible: see `InboxCounters`.
"""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

from pykka import ActorDeadError
from pykka._envelope import Envelope
from pykka.messages import _ActorStop


class Lane(IntEnum):
    """Which queue a message waits in; the lower number is served first."""

    CONTROL = 0
    FIFO = 1
    LATEST = 2


def lane_of(message: object) -> Lane:
    """The lane a message's class declares; FIFO, which loses nothing, for a class that declares none."""
    if isinstance(message, _ActorStop):
        return Lane.CONTROL
    return getattr(type(message), "lane", Lane.FIFO)


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxCounters:
    """What an inbox looks like at one moment. Depths count messages, times are real (monotonic) nanoseconds."""

    control: int
    fifo: int
    latest: int
    conflated: int
    max_depth: int
    oldest_waiting_ns: int

    @property
    def depth(self) -> int:
        """Messages waiting in all three lanes."""
        return self.control + self.fifo + self.latest


class _Waiting(NamedTuple):
    since_ns: int
    envelope: Envelope[Any]


class LanedInbox:
    """pykka's inbox protocol (put, get, empty) over three lanes, for one incarnation of one actor.

    `monotonic_ns` is the real clock, used only to tell how long the oldest message has been waiting.
    """

    def __init__(self, monotonic_ns: Callable[[], int]) -> None:
        self._monotonic_ns = monotonic_ns
        self._changed = threading.Condition()
        self._control: deque[_Waiting] = deque()
        self._fifo: deque[_Waiting] = deque()
        self._latest: OrderedDict[Hashable, _Waiting] = OrderedDict()
        self._detached = False
        self._conflated = 0
        self._max_depth = 0
        self._served_ns = 0

    def put(self, envelope: Envelope[Any], /) -> None:
        """Queue one message. Never blocks. On a detached inbox an ask is refused and anything else is let go."""
        with self._changed:
            if self._detached:
                _refuse(envelope)
                return
            self._queue(_Waiting(self._monotonic_ns(), envelope))
            self._changed.notify()

    def get(self) -> Envelope[Any]:
        """The next message, highest lane first; waits for one. A detached inbox answers with pykka's stop."""
        with self._changed:
            while True:
                if self._detached:
                    return Envelope(_ActorStop())
                waiting = self._next()
                if waiting is not None:
                    self._served_ns = self._monotonic_ns()
                    return waiting.envelope
                self._changed.wait()

    def empty(self) -> bool:
        """Whether nothing is waiting."""
        with self._changed:
            return self._depth() == 0

    def detach(self) -> list[Envelope[Any]]:
        """Close this inbox for good and hand back what its successor should get, in the order it would be served.

        Asks are refused at once (their askers must not wait for somebody who may never come). Stops, and messages
        whose class says `dies_with_its_life`, are left out: they were meant for this incarnation. A zombie that
        comes back to `get` is told to stop.
        """
        with self._changed:
            left_over = []
            while (waiting := self._next()) is not None:
                if waiting.envelope.reply_to is not None:
                    _refuse(waiting.envelope)
                elif not _dies_with_its_life(waiting.envelope.message):
                    left_over.append(waiting.envelope)
            self._detached = True
            self._changed.notify_all()
            return left_over

    def counters(self) -> InboxCounters:
        """Depths, conflations and the age of the oldest waiting message, all at one moment."""
        with self._changed:
            oldest = self._oldest_ns()
            return InboxCounters(
                control=len(self._control),
                fifo=len(self._fifo),
                latest=len(self._latest),
                conflated=self._conflated,
                max_depth=self._max_depth,
                oldest_waiting_ns=0 if oldest is None else self._monotonic_ns() - oldest,
            )

    def fifo_depth(self) -> int:
        """Messages waiting that must not be lost; cheap enough to ask of every inbox at every round."""
        return len(self._fifo)

    def unserved_ns(self) -> int:
        """How long something has been waiting while nothing was taken out; 0 when empty.

        Unlike the age of the oldest message this stays small for an actor that is merely busy with a higher lane.
        """
        with self._changed:
            oldest = self._oldest_ns()
            return 0 if oldest is None else self._monotonic_ns() - max(oldest, self._served_ns)

    def _queue(self, waiting: _Waiting) -> None:
        message = waiting.envelope.message
        lane = lane_of(message)
        if lane is Lane.CONTROL:
            self._control.append(waiting)
        elif lane is Lane.FIFO or waiting.envelope.reply_to is not None:
            self._fifo.append(waiting)
        else:
            self._conflate((type(message), message.conflation_key), waiting)
        self._max_depth = max(self._max_depth, self._depth())

    def _conflate(self, key: Hashable, waiting: _Waiting) -> None:
        older = self._latest.get(key)
        if older is None:
            self._latest[key] = waiting
            return
        newest = waiting.envelope.message
        if hasattr(newest, "merged_with"):
            newest = newest.merged_with(older.envelope.message)
        self._latest[key] = _Waiting(older.since_ns, Envelope(newest))
        self._conflated += 1

    def _next(self) -> _Waiting | None:
        if self._control:
            return self._control.popleft()
        if self._fifo:
            return self._fifo.popleft()
        if self._latest:
            return self._latest.popitem(last=False)[1]
        return None

    def _depth(self) -> int:
        return len(self._control) + len(self._fifo) + len(self._latest)

    def _oldest_ns(self) -> int | None:
        heads = [lane[0].since_ns for lane in (self._control, self._fifo) if lane]
        if self._latest:
            heads.append(next(iter(self._latest.values())).since_ns)
        return min(heads, default=None)


def _dies_with_its_life(message: object) -> bool:
    return isinstance(message, _ActorStop) or getattr(type(message), "dies_with_its_life", False)


def _refuse(envelope: Envelope[Any]) -> None:
    if envelope.reply_to is not None:
        error = ActorDeadError("the actor is gone, the message was not handled")
        envelope.reply_to.set_exception((ActorDeadError, error, None))
