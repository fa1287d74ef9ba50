"""What an actor and its supervisor say to each other about the actor's life.

Text only: an exception object would keep the dead actor and every frame of its traceback in memory.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from edgelock.actors.address import Address
from edgelock.actors.inbox import Lane, LanedInbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Incarnation:
    """One life of one child, and all a factory needs to build the actor that will live it.

    name, number   who this is; orders carry both, so that an older life's orders can be refused. From 1 upwards
    address        where the child is told things; the same in every life
    inbox          this life's inbox; only the base class touches it
    supervisor     who is told of the start and of the death; None for the root, which nobody supervises
    monotonic_ns   the real clock, for the busy mark
    """

    name: str
    number: int
    address: Address
    inbox: LanedInbox
    supervisor: Address | None
    monotonic_ns: Callable[[], int]


class Phase(StrEnum):
    """The part of its life an actor was in when it ended; LAUNCH when it never had a thread."""

    LAUNCH = "launch"
    ON_START = "on_start"
    HANDLE = "handle"
    ON_STOP = "on_stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The child's `on_start` has returned, so it handles messages from now on."""

    lane: ClassVar[Lane] = Lane.CONTROL

    name: str
    incarnation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Died:
    """This life is over; told exactly once per life, whatever ended it.

    reason_text     "ValueError: ..." or, without an error, "ended normally"
    signature       "ValueError@function:line" of the innermost frame; equal signatures mean the same defect
    traceback_text  as Python prints it; empty without an error
    message         the message whose handler failed: type and contents, cut at 300 characters; empty when none did
    expected        no error: it was told to stop, or it stopped by itself
    """

    lane: ClassVar[Lane] = Lane.CONTROL

    name: str
    incarnation: int
    reason_text: str
    signature: str
    phase: Phase
    traceback_text: str
    message: str
    expected: bool


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The watchdog asks this life for a sign; the base class answers it. `sent_ns` is real, monotonic time.

    It goes in front: it asks whether messages are taken and handled, not how many there are. An actor that is
    behind would only hand its backlog on to its heir, so being behind is no reason to replace it.
    """

    lane: ClassVar[Lane] = Lane.CONTROL
    dies_with_its_life: ClassVar[bool] = True

    sent_ns: int
