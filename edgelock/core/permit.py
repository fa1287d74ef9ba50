"""What a market is allowed to do, as the risk side last said: an immutable verdict with a reason and an end."""

from dataclasses import dataclass
from enum import IntEnum

from edgelock.core.units import Timestamp


class Mode(IntEnum):
    """The ladder of permission; verdicts combine by `min`, so the strictest one holds."""

    HALTED = 0
    REDUCE_ONLY = 1
    OPEN = 2


class Brake(IntEnum):
    """Whether a circuit breaker holds this market: the soft tier slows entries, the hard tier stops them."""

    NONE = 0
    SOFT = 1
    HARD = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """The verdict for one market.

    mode     OPEN: everything. REDUCE_ONLY: no entries, exits and cancels go on. HALTED: cancels only
    brake    the circuit breaker in force, of the market or of the portfolio, whichever is higher
    reason   the strictest verdict's name, for people: "kill", "cb_hard", "loss_limit", "starting" …
    until    when that verdict ends by itself; None when an operator or an event must end it
    cancels_30  cancels caused by quoting in the last 30 s, as the breaker counts them
    """

    mode: Mode
    brake: Brake = Brake.NONE
    reason: str = ""
    until: Timestamp | None = None
    cancels_30: int = 0


KILL_REASON = "kill"
GROUP_REASON = "order_group"
"""The verdict of the operator's latch."""

CLOSED_AT_START = Permit(mode=Mode.REDUCE_ONLY, reason="starting")
"""Nobody trades before the risk side has spoken."""
