"""What a strategy wants of a market at this moment: quotes to rest, exits to send, alerts to raise.

A plan says nothing of what is already resting; `reconcile` closes the gap between the two.
"""

from dataclasses import dataclass

from edgelock.core.market import Side
from edgelock.core.order import CancelReason, Kind, Role, TimeInForce
from edgelock.core.telemetry import ExitBlocked, ExitRecord, MaeTrim, TimeAtRisk
from edgelock.core.units import Price, Size

Announcement = ExitRecord | MaeTrim
Alert = ExitBlocked | TimeAtRisk


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """An order we want to have. `announcement` is told right before it is placed for the first time."""

    side: Side
    price: Price
    size: Size
    role: Role
    kind: Kind
    time_in_force: TimeInForce
    post_only: bool
    announcement: Announcement | None = None

    @property
    def crosses(self) -> bool:
        """It takes what is there and does not wait."""
        return self.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one side may quote: a quote, or why none (the reason a resting one is then withdrawn for)."""

    quote: Quote | None
    withdraw_for: CancelReason = CancelReason.QUOTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Entries by side; exits in the order of their priority; alerts to raise now."""

    bid: Entry
    ask: Entry
    exits: tuple[Quote, ...] = ()
    alerts: tuple[Alert, ...] = ()

    def entry(self, side: Side) -> Entry:
        """The entry of one side."""
        return self.bid if side is Side.BID else self.ask


def resting_entry(side: Side, price: Price, size: Size) -> Quote:
    """An entry always waits, and never takes."""
    return Quote(
        side=side,
        price=price,
        size=size,
        role=Role.ENTRY,
        kind=Kind.QUOTE,
        time_in_force=TimeInForce.GOOD_TILL_CANCELED,
        post_only=True,
    )


def resting_exit(kind: Kind, side: Side, price: Price, size: Size, *, post_only: bool) -> Quote:
    """An exit that waits at its price."""
    return Quote(
        side=side,
        price=price,
        size=size,
        role=Role.EXIT,
        kind=kind,
        time_in_force=TimeInForce.GOOD_TILL_CANCELED,
        post_only=post_only,
    )


def crossing_exit(kind: Kind, side: Side, price: Price, size: Size) -> Quote:
    """An exit that takes what stands at its price or better, and lets the rest go."""
    return Quote(
        side=side,
        price=price,
        size=size,
        role=Role.EXIT,
        kind=kind,
        time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL,
        post_only=False,
    )
