"""Points at which the bot is killed: a label, how often it has to be passed, and in which phase of a life.

A label says what is done and on which side of it the process dies:

    journal.record_fill.after            the row is committed, and nobody knows of it yet
    rest.create_order.sent               the request's bytes have left, and no answer was read
    private.FillSeen.before              a fill was read from the socket, and nobody has looked at it
    tell.market.FactNews(OrderFilled).after   a fact is in the inbox of a market
    handle.exchange.Submit.before        the door has taken a message out of its inbox
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Phase(StrEnum):
    """Where in a life: until it trades as before, while it trades, once it was asked to end."""

    RECOVERY = "recovery"
    TRADING = "trading"
    SHUTDOWN = "shutdown"


GROUPS = {
    "journal": "each writing method of the journal: before, and after its commit",
    "rest": "each call to the venue: before; sent, with the answer unread; answered, before anybody acts",
    "command": "a worker's command: before its last check, and after its outcome is told",
    "private": "what a private channel tells: before and after it is taken",
    "sweep": "a look at the venue's lists: before and after it is taken",
    "feed": "a frame of market data: before and after it is taken",
    "tell": "a message to an address: before and after it is in the inbox",
    "handle": "a message at its actor: before and after it is handled",
    "hand": "a job for the workers, an event for the run loop: before and after it is in the queue",
    "start": "the steps of a start: the lock, the journal",
}
"""The first word of a label, and what it is about."""


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """`occurrence` counts from 1, from the moment at which the phase began or the switch was armed in it."""

    phase: Phase
    label: str
    occurrence: int

    @property
    def group(self) -> str:
        """The first word of its label."""
        return self.label.split(".", 1)[0]

    def __str__(self) -> str:
        return f"{self.phase.value}:{self.label}:{self.occurrence}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Of `phase:label:occurrence`. Raises ValueError."""
        phase, _, rest = text.partition(":")
        label, _, occurrence = rest.rpartition(":")
        if not label or not occurrence.isdecimal() or int(occurrence) < 1:
            raise ValueError(f"{text!r} is not a point such as trading:journal.record_fill.after:1")
        if label.split(".", 1)[0] not in GROUPS:
            raise ValueError(f"{text!r} is in no group of labels; groups are {', '.join(GROUPS)}")
        return cls(Phase(phase), label, int(occurrence))
