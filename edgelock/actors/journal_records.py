"""What the journal hands out and takes in: frozen records, and the errors of its file."""

from dataclasses import dataclass
from typing import Literal

from edgelock.core.intents import PlaceOrder
from edgelock.core.market import Side
from edgelock.core.order import ClientOrderId
from edgelock.core.units import Money, Price, Size, Timestamp

LifeEvent = Literal["crash", "hung", "restart", "quarantine"]


class JournalError(Exception):
    """The journal cannot be read or written; the message is one line for people."""


class JournalDamaged(JournalError):
    """What is in the file is not what was written: it must not be believed, and not be written on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedIntent:
    """An order that was about to be sent. incarnation is that of the market that wanted it."""

    scope: str
    run: str
    ticker: str
    incarnation: int
    intent: PlaceOrder
    at: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedFill:
    """A fill of ours, as it was told."""

    run: str
    ticker: str
    client_order_id: ClientOrderId
    trade_id: str
    side: Side
    price: Price
    size: Size
    fee: Money
    is_taker: bool
    at: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSettlement:
    """The end of a market. value of one YES contract; net is what was held, signed; fee of the settlement itself."""

    run: str
    ticker: str
    value: Price
    net: Size
    fee: Money
    at: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Latch:
    """A switch that outlives the process: whether it is on, who last moved it, and when."""

    is_on: bool
    who: str
    at: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeNote:
    """Something that happened to an actor.

    detail      one line: what killed it, or what its successor recovered
    traceback   "" where there was none
    took_ns     how long the restart took, in real nanoseconds; 0 where that means nothing
    """

    run: str
    actor: str
    incarnation: int
    event: LifeEvent
    detail: str
    traceback: str
    took_ns: int
    at: Timestamp
